#include "engine/store/evictor.h"

#include <algorithm>

#include "engine/memory/size_class.h"
#include "engine/store/version_chain.h"

namespace quire {

namespace {

// Memory is scarce when less than this share of its pages is free, but not on account of more than
// 64 MiB: eviction then runs ahead of a few sessions that write large documents.
constexpr uint64_t kScarceDivisor = 16;
constexpr uint64_t kScarcePagesMax = (uint64_t{64} << 20) / kPageBytes;
// Documents looked at under one pin, and versions of one of them: what stands further down its
// chain waits for the writer that cuts it off.
constexpr uint32_t kSlotsPerPin = 64;
constexpr uint32_t kVersionsPerDocument = 16;
constexpr uint32_t kPrefetchDistance = 8;

}  // namespace

Evictor::Evictor(Session* session)
    : session_(session),
      engine_(GetEngineState(session->region())),
      catalog_(session),
      scarce_pages_(
          std::min(session->allocator().pages_total() / kScarceDivisor, kScarcePagesMax)) {}

bool Evictor::TryEvict(CollectionState* collection, std::atomic<uint64_t>* place, Version* version,
                       Swept* swept) {
  if (version->body_in_log() || version->tombstone() || version->lock()) return false;
  const uint64_t location = version->location.load(std::memory_order_acquire);
  const uint64_t readable =
      std::max(readable_end_, engine_->applied_position.load(std::memory_order_acquire));
  if (location == 0 || location >= readable) {
    swept->unlocated = true;
    return false;
  }
  // A small document may not be worth the copy.
  const uint64_t without = sizeof(Version) + version->key_bytes;
  if (version->block_bytes() <= kBlockBytesMax &&
      ClassOf(static_cast<uint32_t>(version->block_bytes())) ==
          ClassOf(static_cast<uint32_t>(without))) {
    return false;
  }
  const auto body = int64_t{version->document_bytes};
  const uint64_t gained = GiveBodyUp(session_, place, version);
  if (gained == 0) return false;
  swept->bytes += gained;
  ++swept->bodies;
  collection->bytes.fetch_sub(static_cast<int64_t>(gained), std::memory_order_relaxed);
  collection->bytes_in_log.fetch_add(body, std::memory_order_relaxed);
  engine_->bodies_evicted.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void Evictor::SweepChain(CollectionState* collection, uint32_t number, Swept* swept) {
  const Region& region = session_->region();
  DocumentSlot* slot = DocumentTable(session_, &collection->table).Slot(number);
  std::atomic<uint64_t>* place = &slot->head;
  for (uint32_t step = 0; step < kVersionsPerDocument; ++step) {
    const VersionLink link(place->load(std::memory_order_acquire) & ~kVersionBusy);
    if (link.kind() != VersionLink::Kind::kRegion) return;
    auto* version = region.At<Version>(link.block());
    const bool newest = step == 0;
    if (newest && version->touched.load(std::memory_order_relaxed) != 0) {
      version->touched.store(0, std::memory_order_relaxed);
    } else if (TryEvict(collection, place, version, swept)) {
      // The copy has the same link; it is found again from where it is referred to.
      const VersionLink copy(place->load(std::memory_order_acquire) & ~kVersionBusy);
      if (copy.kind() != VersionLink::Kind::kRegion) return;
      version = region.At<Version>(copy.block());
    }
    place = &version->older;
  }
}

uint32_t Evictor::SweepStretch(CollectionState* collection, uint32_t first, uint32_t end,
                               Swept* swept) {
  const Region& region = session_->region();
  const DocumentTable table(session_, &collection->table);
  const uint64_t bodies_max = swept->bodies + Session::kRetiredPerPin - kVersionsPerDocument;
  const auto prefetch = [&](uint32_t number) {
    const VersionLink head = table.Slot(number)->link();
    if (head.kind() == VersionLink::Kind::kRegion) __builtin_prefetch(region.base() + head.block());
  };
  for (uint32_t number = first; number < std::min(first + kPrefetchDistance, end); ++number) {
    prefetch(number);
  }
  uint32_t number = first;
  for (; number < end && swept->bodies < bodies_max; ++number) {
    if (number + kPrefetchDistance < end) prefetch(number + kPrefetchDistance);
    const bool unlocated = std::exchange(swept->unlocated, false);
    SweepChain(collection, number, swept);
    if (swept->unlocated) {
      uint32_t none = 0;
      collection->eviction.unlocated.compare_exchange_strong(none, number + 1,
                                                             std::memory_order_relaxed);
    }
    swept->unlocated |= unlocated;
  }
  return number - first;
}

void Evictor::TurnHand(CollectionState* collection) {
  EvictionState& state = collection->eviction;
  // What was not in the log when the hand passed stands, in a bulk load, at the end. It is met
  // again without all that went before it, unless that is where the last round began already.
  const uint32_t unlocated = state.unlocated.exchange(0, std::memory_order_relaxed);
  const bool resume = unlocated != 0 && unlocated != state.resumed.load(std::memory_order_relaxed);
  state.resumed.store(resume ? unlocated : 0, std::memory_order_relaxed);
  state.hand.store(resume ? unlocated - 1 : 0, std::memory_order_relaxed);
}

Evictor::Swept Evictor::Sweep(uint64_t slots_max, uint64_t bytes_wanted) {
  Swept swept;
  while (swept.slots < slots_max && swept.bytes < bytes_wanted) {
    if (session_->MayReclaim()) session_->Reclaim();
    // A collection may be dropped at any moment, but goes only when nobody is at it.
    const Session::Pin pin(session_);
    const uint64_t place = engine_->evict_place.load(std::memory_order_relaxed);
    CollectionState* collection = catalog_.AtPlace(place);
    const bool absent =
        collection == nullptr || collection->dropped.load(std::memory_order_seq_cst) != 0;
    const uint32_t end = absent ? 0 : DocumentTable(session_, &collection->table).end();
    const uint32_t first = end == 0 ? 0 : collection->eviction.hand.load(std::memory_order_relaxed);
    if (first >= end) {
      if (end != 0) TurnHand(collection);
      engine_->evict_place.store(catalog_.PlaceAfter(place), std::memory_order_relaxed);
      ++swept.slots;
      continue;
    }
    collection->eviction.notes_look_ups.store(1, std::memory_order_relaxed);
    const uint32_t looked =
        SweepStretch(collection, first, std::min(end, first + kSlotsPerPin), &swept);
    collection->eviction.hand.store(first + looked, std::memory_order_relaxed);
    swept.slots += looked;
  }
  session_->Reclaim();
  return swept;
}

uint64_t Evictor::slots_of_two_rounds() const {
  const Session::Pin pin(session_);
  // A collection's end counts as a document, and so does a place where nothing is any more.
  uint64_t slots = 1;
  catalog_.ForEach([&](CollectionState* collection) {
    slots += 1 + DocumentTable(session_, &collection->table).end();
  });
  return 2 * slots;
}

}  // namespace quire
