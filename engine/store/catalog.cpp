#include "engine/store/catalog.h"

#include <cstring>

#include "engine/base/check.h"

namespace quire {

namespace {

uint32_t BucketOf(const CollectionId& id) {
  // Mixes both words (the finalizer of MurmurHash3); ids may be small consecutive numbers.
  uint64_t mixed = id.name_space ^ (id.number * 0x9E3779B97F4A7C15);
  mixed ^= mixed >> 33;
  mixed *= 0xFF51AFD7ED558CCD;
  mixed ^= mixed >> 33;
  return static_cast<uint32_t>(mixed % kCatalogBuckets);
}

}  // namespace

Catalog::Catalog(Session* session)
    : session_(session),
      state_(session->region().At<CatalogState>(session->region().root(RegionRoot::kCatalog))) {}

absl::Status Catalog::Format(Session* session) {
  const uint64_t block = session->Allocate(sizeof(CatalogState), Purpose::kCatalog);
  if (block == 0) return absl::ResourceExhaustedError("no memory for the catalog of collections");
  std::memset(session->region().base() + block, 0, sizeof(CatalogState));
  session->region().set_root(RegionRoot::kCatalog, block);
  return absl::OkStatus();
}

CollectionState* Catalog::Find(const CollectionId& id) const {
  const Session::Pin pin(session_);
  const Region& region = session_->region();
  uint64_t at = state_->buckets[BucketOf(id)].load(std::memory_order_acquire);
  while (at != 0) {
    auto* collection = region.At<CollectionState>(at);
    if (collection->id == id) return collection;
    at = collection->next.load(std::memory_order_acquire);
  }
  return nullptr;
}

absl::StatusOr<CollectionState*> Catalog::FindOrCreate(const CollectionId& id) {
  CollectionState* found = Find(id);
  if (found != nullptr) return found;
  const uint64_t block = session_->Allocate(sizeof(CollectionState), Purpose::kCatalog);
  if (block == 0) return absl::ResourceExhaustedError("no memory for a new collection");
  auto* collection = session_->region().At<CollectionState>(block);
  std::memset(static_cast<void*>(collection), 0, sizeof(CollectionState));
  collection->id = id;

  ExclusiveGuard guard(&state_->latch);
  found = Find(id);
  if (found != nullptr) {
    session_->FreeNow(block, Purpose::kCatalog);
    return found;
  }
  std::atomic<uint64_t>& bucket = state_->buckets[BucketOf(id)];
  collection->next.store(bucket.load(std::memory_order_relaxed), std::memory_order_relaxed);
  bucket.store(block, std::memory_order_release);
  state_->count.fetch_add(1, std::memory_order_relaxed);
  return collection;
}

// A place is a bucket and, in the low half, how far down its list.
CollectionState* Catalog::AtPlace(uint64_t place) const {
  const Region& region = session_->region();
  uint64_t at = state_->buckets[(place >> 32) % kCatalogBuckets].load(std::memory_order_acquire);
  for (uint64_t step = place & UINT32_MAX; at != 0 && step > 0; --step) {
    at = region.At<CollectionState>(at)->next.load(std::memory_order_acquire);
  }
  return at == 0 ? nullptr : region.At<CollectionState>(at);
}

uint64_t Catalog::PlaceAfter(uint64_t place) const {
  if (AtPlace(place + 1) != nullptr) return place + 1;
  // The next bucket that holds something; this one again when there is no other.
  uint64_t bucket = (place >> 32) % kCatalogBuckets;
  for (uint32_t step = 0; step < kCatalogBuckets; ++step) {
    bucket = (bucket + 1) % kCatalogBuckets;
    if (state_->buckets[bucket].load(std::memory_order_acquire) != 0) break;
  }
  return bucket << 32;
}

void Catalog::Remove(CollectionState* collection) {
  const uint64_t block = session_->region().RefOf(collection).offset;
  {
    ExclusiveGuard guard(&state_->latch);
    std::atomic<uint64_t>* link = &state_->buckets[BucketOf(collection->id)];
    while (link->load(std::memory_order_relaxed) != block) {
      link = &session_->region().At<CollectionState>(link->load(std::memory_order_relaxed))->next;
    }
    // Who stands on it walks on from there: the link out of it stays.
    link->store(collection->next.load(std::memory_order_relaxed), std::memory_order_release);
    state_->count.fetch_sub(1, std::memory_order_relaxed);
  }
  session_->Retire(block, Purpose::kCatalog);
}

}  // namespace quire
