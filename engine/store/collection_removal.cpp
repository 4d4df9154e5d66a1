#include "engine/store/collection_removal.h"

#include <algorithm>

#include "engine/index/tree.h"
#include "engine/mvcc/version.h"
#include "engine/store/document_table.h"

namespace quire {

namespace {

// In one step: some ten milliseconds of work, which the log can wait.
constexpr uint32_t kChunksPerStep = 64;

void FreeChain(Session* session, VersionLink link) {
  while (link.kind() == VersionLink::Kind::kRegion) {
    const VersionLink older = session->region().At<Version>(link.block())->older_link();
    session->FreeNow(link.block(), Purpose::kDocuments);
    link = older;
  }
}

}  // namespace

void CollectionRemover::Drop(const CollectionId& id) {
  const Session::Pin pin(session_);
  if (id.number != kWholeNamespace) {
    CollectionState* collection = catalog_.Find(id);
    if (collection != nullptr) Mark(collection);
    return;
  }
  catalog_.ForEach([&](CollectionState* collection) {
    if (collection->id.name_space == id.name_space) Mark(collection);
  });
}

void CollectionRemover::Mark(CollectionState* collection) {
  for (const Dropped& dropped : queue_) {
    if (dropped.collection == collection) return;
  }
  collection->dropped.store(1, std::memory_order_seq_cst);
  queue_.push_back(
      Dropped{.collection = collection, .epoch = session_->EpochOfRetirement(), .number = 0});
}

bool CollectionRemover::FreeDocuments(Dropped* dropped, uint32_t chunks_max) {
  DocumentTable table(session_, &dropped->collection->table);
  const uint32_t end = table.end();
  for (uint32_t chunk = 0; chunk < chunks_max && dropped->number < end; ++chunk) {
    const uint32_t chunk_end = std::min(end, dropped->number + kSlotsPerChunk);
    if (!table.HasChunk(dropped->number)) {
      // A worker that was stopped half-way had come past it.
      dropped->number = chunk_end;
      continue;
    }
    const DocumentSlot* slot = table.Slot(dropped->number);
    for (; dropped->number < chunk_end; ++dropped->number, ++slot)
      FreeChain(session_, slot->link());
    table.FreeChunk(chunk_end - 1);
  }
  return dropped->number >= end;
}

void CollectionRemover::FreeRest(CollectionState* collection) {
  DocumentTable(session_, &collection->table).FreeAll();
  Tree(session_, &collection->primary).FreeAll();
  const Session::Pin pin(session_);
  catalog_.Remove(collection);
}

void CollectionRemover::Step() {
  if (queue_.empty()) return;
  const uint64_t reusable = session_->ReusableBelow();
  for (size_t i = 0; i < queue_.size(); ++i) {
    Dropped* dropped = &queue_[i];
    if (dropped->epoch >= reusable ||
        dropped->collection->holders.load(std::memory_order_acquire) != 0) {
      continue;
    }
    if (!FreeDocuments(dropped, kChunksPerStep)) return;
    FreeRest(dropped->collection);
    queue_.erase(queue_.begin() + static_cast<ptrdiff_t>(i));
    return;
  }
}

void CollectionRemover::Finish() {
  for (Dropped& dropped : queue_) {
    FreeDocuments(&dropped, UINT32_MAX);
    FreeRest(dropped.collection);
  }
  queue_.clear();
}

}  // namespace quire
