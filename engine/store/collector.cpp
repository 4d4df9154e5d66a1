#include "engine/store/collector.h"

#include <algorithm>

#include "engine/base/status.h"
#include "engine/mvcc/visibility.h"
#include "engine/store/document_removal.h"

namespace quire {

namespace {

// Under one pin, so that nobody else's memory waits for long, and what is retired stays far below
// Session::kRetiredPerPin.
constexpr uint32_t kSlotsPerPin = 16;
constexpr uint32_t kRetiredPerVisit = 8;
// Rolled-back versions of one document, and versions on the way to the one that all snapshots see:
// what is left over remains noted.
constexpr uint32_t kUnlinkedPerDocument = 8;
constexpr uint32_t kChainStepsMax = 10'000;
// Notes are not left for longer than so many transactions, however small: the server keeps the
// outcomes of two thousand million.
constexpr uint64_t kNoteAgeMax = 1'000'000;
// Memory is short when less than this share of it is free.
constexpr uint64_t kShortDivisor = 8;

}  // namespace

// A chunk that is being visited, and what is left of its garbage.
struct Collector::Visit {
  CollectionId id;
  uint32_t first;
  uint64_t horizon;
  GarbageNote left = {.count = 0, .xid = UINT64_MAX};
  CollectionState* collection = nullptr;  // valid under the pin under which it was found

  void Leave(const Version& version) {
    ++left.count;
    left.xid = std::min(left.xid, version.xid());
  }
};

Collector::Collector(Session* session, TransactionHost* host)
    : session_(session),
      host_(host),
      engine_(GetEngineState(session->region())),
      catalog_(session) {}

bool Collector::MemoryIsShort() const {
  const Allocator& allocator = session_->allocator();
  return allocator.pages_free() < allocator.pages_total() / kShortDivisor;
}

void Collector::Rest() {
  session_->Reclaim();
  session_->allocator().DrainMagazines(session_->slot());
}

bool Collector::BeginPass(uint32_t garbage_min) {
  garbage_min_ = garbage_min;
  pass_ = Figures();
  next_ = 0;
  collections_.clear();
  const Session::Pin pin(session_);
  catalog_.ForEach([this](CollectionState* collection) {
    if (collection->garbage.load(std::memory_order_relaxed) <= 0) return;
    collections_.push_back(collection->id);
  });
  return !collections_.empty();
}

bool Collector::Eligible(const GarbageNote& note, uint64_t horizon) const {
  if (note.count == 0 || note.xid >= horizon) return false;
  return note.count >= garbage_min_ || horizon - note.xid > kNoteAgeMax;
}

CollectionState* Collector::Find(const CollectionId& id) const {
  CollectionState* collection = catalog_.Find(id);
  if (collection == nullptr || collection->dropped.load(std::memory_order_seq_cst) != 0) {
    return nullptr;
  }
  return collection;
}

bool Collector::FindChunk(const CollectionId& id, uint64_t* looks) {
  const Session::Pin pin(session_);
  const uint64_t horizon = engine_->horizon.load(std::memory_order_acquire);
  CollectionState* collection = Find(id);
  if (collection == nullptr) return false;
  const DocumentTable table(session_, &collection->table);
  const uint32_t end = table.end();
  for (; next_ < end; next_ += kSlotsPerChunk) {
    if (*looks == 0) return true;
    --*looks;
    if (Eligible(table.PeekGarbage(next_), horizon)) return true;
  }
  return false;
}

absl::StatusOr<bool> Collector::Turn(uint32_t chunks_max) {
  // A note costs next to nothing to look at.
  uint64_t looks = uint64_t{chunks_max} * kSlotsPerChunk;
  while (!collections_.empty()) {
    const CollectionId id = collections_.back();
    if (!FindChunk(id, &looks)) {
      collections_.pop_back();
      next_ = 0;
      continue;
    }
    if (looks == 0 || chunks_max-- == 0) return false;
    QUIRE_RETURN_IF_ERROR(VisitChunk(id, next_));
    next_ += kSlotsPerChunk;
  }
  return true;
}

absl::Status Collector::VisitChunk(const CollectionId& id, uint32_t first) {
  Visit visit{
      .id = id, .first = first, .horizon = engine_->horizon.load(std::memory_order_acquire)};
  GarbageNote taken;
  {
    const Session::Pin pin(session_);
    CollectionState* collection = Find(id);
    if (collection == nullptr) return absl::OkStatus();
    taken = DocumentTable(session_, &collection->table).TakeGarbage(first);
  }
  absl::Status status = VisitSlots(&visit);
  if (!status.ok()) visit.left = taken;
  ++pass_.chunks;
  // Raises the epoch, so that the pin that follows does not hold back the numbers that were
  // retired.
  session_->Reclaim();
  const Session::Pin pin(session_);
  CollectionState* collection = Find(id);
  if (collection == nullptr) return status;
  DocumentTable table(session_, &collection->table);
  int64_t change = -int64_t{taken.count};
  if (visit.left.count > 0) change += table.AddGarbage(first, visit.left);
  collection->garbage.fetch_add(change, std::memory_order_relaxed);
  table.ReclaimNumbers();
  return status;
}

absl::Status Collector::VisitSlots(Visit* visit) {
  const Region& region = session_->region();
  for (uint32_t number = visit->first;;) {
    if (session_->MayReclaim()) session_->Reclaim();
    const Session::Pin pin(session_);
    visit->collection = Find(visit->id);
    if (visit->collection == nullptr) return absl::OkStatus();
    const DocumentTable table(session_, &visit->collection->table);
    const uint32_t end = std::min(table.end() - visit->first, kSlotsPerChunk) + visit->first;
    if (number >= end) return absl::OkStatus();
    const uint32_t pin_end = std::min(end, number + kSlotsPerPin);
    for (uint32_t ahead = number; ahead < pin_end; ++ahead) {
      const VersionLink head = table.Slot(ahead)->link();
      if (head.kind() == VersionLink::Kind::kRegion) {
        __builtin_prefetch(region.base() + head.block());
      }
    }
    const uint32_t retired_max = session_->retired() + kRetiredPerVisit;
    for (; number < pin_end && session_->retired() < retired_max; ++number) {
      QUIRE_RETURN_IF_ERROR(VisitDocument(visit, number));
    }
  }
}

absl::Status Collector::VisitDocument(Visit* visit, uint32_t number) {
  CollectionState* collection = visit->collection;
  DocumentSlot* slot = DocumentTable(session_, &collection->table).Slot(number);
  VersionLink head = slot->link();
  VersionLink link = head;
  const Version* above = nullptr;
  uint32_t unlinked = 0;
  for (uint32_t step = 0; link.kind() == VersionLink::Kind::kRegion; ++step) {
    auto* version = session_->region().At<Version>(link.block());
    QUIRE_ASSIGN_OR_RETURN(const TransactionState state, CreatorState(version, host_));
    // The copy of a version that moves may lack the verdict (Version::verdict).
    if (step == kChainStepsMax || unlinked == kUnlinkedPerDocument || version->moving()) {
      visit->Leave(*version);
      return absl::OkStatus();
    }
    // A lock says nothing that the version below does not say.
    const bool over = state == TransactionState::kAborted ||
                      (state == TransactionState::kCommitted && version->lock());
    if (over && link == head) {
      if (UnlinkHead(session_, collection, number, version)) ++pass_.versions;
      ++unlinked;
      link = head = slot->link();
      continue;
    }
    if (state != TransactionState::kCommitted || version->xid() >= visit->horizon ||
        version->lock()) {
      // The end of a running transaction will be noted by itself.
      const bool hides = version->tombstone() || !version->older_link().empty();
      if (state == TransactionState::kCommitted && hides) visit->Leave(*version);
      above = version;
      link = version->older_link();
      continue;
    }
    // Every snapshot sees this version or a newer one.
    pass_.versions += CutBehind(session_, collection, version);
    const bool is_last = version->older_link().empty();  // else its body is just being moved out
    if (above != nullptr && version->tombstone()) {
      // The transaction that goes on with the document may roll back, which leaves no note.
      visit->Leave(*above);
      return absl::OkStatus();
    }
    // The log worker still looks for a version that it has not numbered.
    if (version->tombstone() && is_last && version->seq.load(std::memory_order_acquire) != 0 &&
        RemoveDocument(session_, collection, number, version)) {
      ++pass_.versions;
      ++pass_.documents;
    } else if (version->tombstone() || !is_last) {
      visit->Leave(*version);
    }
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

}  // namespace quire
