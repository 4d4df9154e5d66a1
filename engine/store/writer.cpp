#include "engine/store/writer.h"

#include <sched.h>

#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/mvcc/standing.h"
#include "engine/mvcc/visibility.h"
#include "engine/store/catalog.h"
#include "engine/store/document_removal.h"

namespace quire {

namespace {

// A commit settles the verdicts of at most so many of its versions itself; readers settle the rest
// as they meet them, as a heap's hint bits are set.
constexpr size_t kSettledAtCommitMax = 4096;
// Every so many versions of one document the writer walks its chain for a tail that nobody needs.
constexpr uint32_t kVersionsPerWalk = 64;
// And not further down than this, under one pin: the collector walks on.
constexpr uint32_t kWalkStepsMax = 4096;
// Rolled-back versions that a write takes out of the way under one pin: each retires a block. With
// what is left the caller comes again, after a wait for a transaction that has ended.
constexpr uint32_t kUnlinkedPerPin = 16;
// Memory that an idle writer keeps for the next transaction.
constexpr size_t kIdleBufferBytes = 1 << 20;
constexpr size_t kIdleWriteSetEntries = 65536;

absl::Status MemoryFull(uint64_t bytes) {
  return absl::ResourceExhaustedError(
      absl::StrCat("no memory for a document of ", bytes, " bytes"));
}

// What keeps a write from replacing the version with this stamp; kDone when nothing does.
WriteResult ObstacleOf(const Standing& standing, uint64_t hlc) {
  if (standing.end != nullptr) {
    return WriteResult{.outcome = standing.end->moved_to().empty() ? WriteOutcome::kDeleted
                                                                   : WriteOutcome::kConflict};
  }
  if (!standing.found) return WriteResult{.outcome = WriteOutcome::kDeleted};
  if (standing.newest != nullptr && standing.newest->hlc != hlc) {
    return WriteResult{.outcome = WriteOutcome::kConflict};
  }
  if (standing.own != nullptr) {
    return WriteResult{.outcome = WriteOutcome::kSelfModified, .command = standing.own->command};
  }
  if (standing.pending != kNoXid) {
    return WriteResult{.outcome = WriteOutcome::kWait, .wait_for = standing.pending};
  }
  return WriteResult{};
}

}  // namespace

Writer::Writer(Session* session, TransactionHost* host, ChangeSink* sink, Clock* clock,
               const WriterOptions& options)
    : session_(session),
      host_(host),
      sink_(sink),
      clock_(clock),
      options_(options),
      engine_(GetEngineState(session->region())) {}

uint64_t Writer::WallTimeMs() const {
  return static_cast<uint64_t>(clock_->WallTimeUs()) / 1000;
}

uint64_t Writer::Stamp(uint64_t after) {
  return NextHlc(engine_, wall_ms_ != 0 ? wall_ms_ : WallTimeMs(), after);
}

void Writer::CutTail(CollectionState* collection, Version* newest) {
  const uint64_t horizon = engine_->horizon.load(std::memory_order_acquire);
  const Region& region = session_->region();
  const uint32_t steps_max = newest->version % kVersionsPerWalk == 0 ? kWalkStepsMax : 1;
  VersionLink link = newest->older_link();
  for (uint32_t step = 0; step < steps_max && link.kind() == VersionLink::Kind::kRegion; ++step) {
    auto* version = region.At<Version>(link.block());
    if (version->verdict() == Verdict::kCommitted && version->xid() < horizon && !version->lock()) {
      // Every snapshot sees this version or a newer one.
      CutBehind(session_, collection, version);
      return;
    }
    link = version->older_link();
  }
}

void Writer::ReserveWriteSet() {
  if (write_set_.size() == write_set_.capacity()) {
    write_set_.reserve(std::max<size_t>(64, 2 * write_set_.capacity()));
  }
}

void Writer::Remember(const CollectionState* collection, uint32_t number, const Version& version,
                      int16_t documents) {
  write_set_.push_back(
      WriteSetEntry{.collection = session_->region().RefOf(collection).offset,
                    .xid = version.xid(),
                    .number = number,
                    .documents = documents,
                    .lock = version.lock(),
                    .garbage = version.tombstone() || !version.older_link().empty()});
}

void Writer::Record(const CollectionState& collection, const WriteResult& result,
                    const VersionContent& content) {
  buffer_.Append(Change{.kind = content.tombstone ? ChangeKind::kDelete : ChangeKind::kPut,
                        .document_number_valid = true,
                        .document_number = result.number,
                        .ordinal = content.ordinal,
                        .version = result.version,
                        .origin = content.origin,
                        .xid = content.xid,
                        .hlc = result.hlc,
                        .namespace_id = collection.id.name_space,
                        .collection_id = collection.id.number,
                        .key = content.key,
                        .document = content.document});
}

absl::StatusOr<WriteResult> Writer::InsertAt(CollectionState* collection, uint32_t number,
                                             Version* version) {
  const Region& region = session_->region();
  DocumentSlot* slot = DocumentTable(session_, &collection->table).Slot(number);
  const VersionLink self = VersionLink::ToBlock(region.RefOf(version).offset);
  version->version = 1;
  for (uint32_t unlinked = 0;;) {
    const VersionLink head = slot->link();
    if (head.kind() == VersionLink::Kind::kRemoved) {
      return WriteResult{.outcome = WriteOutcome::kAbsent};
    }
    version->older.store(head.word(), std::memory_order_relaxed);
    if (!head.empty()) {
      auto* current = region.At<Version>(head.block());
      QUIRE_ASSIGN_OR_RETURN(const TransactionState state, CreatorState(current, host_));
      const bool aborted = state == TransactionState::kAborted;
      if (aborted && unlinked < kUnlinkedPerPin) {
        UnlinkHead(session_, collection, number, current);
        ++unlinked;
        continue;
      }
      if (aborted ||
          (state == TransactionState::kInProgress && !host_->IsCurrent(current->xid()))) {
        return WriteResult{.outcome = WriteOutcome::kWait, .wait_for = current->xid()};
      }
      if (!current->tombstone()) return WriteResult{.outcome = WriteOutcome::kDuplicate};
      version->hlc = Stamp(current->hlc);
    } else {
      version->hlc = Stamp(0);
    }
    if (slot->Replace(head, self)) {
      CountVersion(collection, *version, 1);
      CutTail(collection, version);
      return WriteResult{.version = version->version, .hlc = version->hlc};
    }
  }
}

absl::StatusOr<WriteResult> Writer::InsertByKey(CollectionState* collection, std::string_view key,
                                                Version* version) {
  Tree tree(session_, &collection->primary);
  DocumentTable table(session_, &collection->table);
  const uint64_t hint = session_->region().RefOf(version).offset / kVersionHintGranule;
  for (;;) {
    // Most inserts bring a new key: one descent then does both, looking for it and entering it.
    QUIRE_ASSIGN_OR_RETURN(const uint32_t fresh, table.TakeNumber());
    const auto entry = tree.InsertIfAbsent(key, fresh | hint << 32);
    if (!entry.ok() || !entry->inserted) table.ReturnNumber(fresh);
    QUIRE_RETURN_IF_ERROR(entry.status());
    const auto number = static_cast<uint32_t>(entry->payload);
    QUIRE_ASSIGN_OR_RETURN(WriteResult result, InsertAt(collection, number, version));
    result.number = number;
    if (result.outcome != WriteOutcome::kAbsent) return result;
    // Somebody is taking a deleted document out of use; nobody waits for him.
    FinishRemoval(session_, collection, number, key);
  }
}

absl::StatusOr<WriteResult> Writer::Insert(CollectionState* collection, std::string_view key,
                                           std::string_view document, const WriteContext& context) {
  const VersionContent content{.xid = context.xid,
                               .command = context.command,
                               .ordinal = ordinal_,
                               .origin = options_.origin,
                               .key = key,
                               .document = document};
  WriteResult result;
  {
    const Session::Pin pin(session_);
    Version* version = NewVersion(session_, content);
    if (version == nullptr) return MemoryFull(document.size());
    const uint64_t block = session_->region().RefOf(version).offset;
    absl::Cleanup free_version = [&] { session_->FreeNow(block, Purpose::kDocuments); };

    ReserveWriteSet();
    QUIRE_ASSIGN_OR_RETURN(result, InsertByKey(collection, key, version));
    if (result.outcome != WriteOutcome::kDone) return result;
    std::move(free_version).Cancel();
    Remember(collection, result.number, *version, 1);
    ++ordinal_;
    Record(*collection, result, content);
  }
  QUIRE_RETURN_IF_ERROR(FlushIfDue());
  return result;
}

absl::StatusOr<WriteResult> Writer::Replace(CollectionState* collection, const WriteTarget& target,
                                            const Replacement& replacement,
                                            const WriteContext& context) {
  const Region& region = session_->region();
  WriteResult result{.number = target.number};
  const bool locks = replacement.intent == Intent::kLock;
  {
    const Session::Pin pin(session_);
    DocumentSlot* slot = DocumentTable(session_, &collection->table).Slot(target.number);
    Version* version = nullptr;
    absl::Cleanup free_version = [&] {
      if (version != nullptr) session_->FreeNow(region.RefOf(version).offset, Purpose::kDocuments);
    };
    VersionContent content = ContentOf(replacement, context);
    for (uint32_t unlinked = 0;;) {
      const VersionLink head = slot->link();
      if (head.kind() != VersionLink::Kind::kRegion) {
        return WriteResult{.outcome = WriteOutcome::kAbsent};
      }
      auto* current = region.At<Version>(head.block());
      QUIRE_ASSIGN_OR_RETURN(const TransactionState state, CreatorState(current, host_));
      if (state == TransactionState::kAborted) {
        if (unlinked == kUnlinkedPerPin) {
          return WriteResult{.outcome = WriteOutcome::kWait, .wait_for = current->xid()};
        }
        UnlinkHead(session_, collection, target.number, current);
        ++unlinked;
        continue;
      }
      QUIRE_ASSIGN_OR_RETURN(const Standing standing, StandingOf(region, head, target.hlc, host_));
      const WriteResult obstacle = ObstacleOf(standing, target.hlc);
      if (obstacle.outcome != WriteOutcome::kDone) return obstacle;
      if (current->tombstone()) return WriteResult{.outcome = WriteOutcome::kAbsent};
      if (locks && state == TransactionState::kInProgress) return result;  // it is held already
      if (version == nullptr) {
        content.key = current->key();
        // A full region must be able to get smaller; a lock is as large as the document.
        version = NewVersion(
            session_, content,
            content.tombstone ? Allocator::Access::kReserve : Allocator::Access::kNormal);
        if (version == nullptr) return MemoryFull(content.document.size());
        ReserveWriteSet();
      }
      version->version = current->version + (locks ? 0 : 1);
      version->hlc = locks ? current->hlc : Stamp(current->hlc);
      version->older.store(head.word(), std::memory_order_relaxed);
      const VersionLink self = VersionLink::ToBlock(region.RefOf(version).offset);
      if (slot->Replace(head, self)) break;
    }
    result.version = version->version;
    result.hlc = version->hlc;
    std::move(free_version).Cancel();
    CountVersion(collection, *version, 1);
    Remember(collection, target.number, *version, content.tombstone ? -1 : 0);
    if (locks) {
      ++locks_;
      return result;
    }
    CutTail(collection, version);
    ++ordinal_;
    Record(*collection, result, content);
  }
  QUIRE_RETURN_IF_ERROR(FlushIfDue());
  return result;
}

VersionContent Writer::ContentOf(const Replacement& replacement,
                                 const WriteContext& context) const {
  const bool deletes = replacement.intent == Intent::kDelete;
  const bool locks = replacement.intent == Intent::kLock;
  return VersionContent{.xid = context.xid,
                        .command = context.command,
                        .ordinal = locks ? UINT32_MAX - locks_ : ordinal_,
                        .origin = options_.origin,
                        .tombstone = deletes,
                        .lock = locks,
                        .document = deletes ? std::string_view() : replacement.bytes,
                        .moved_to = deletes ? replacement.bytes : std::string_view()};
}

absl::StatusOr<WriteResult> Writer::ReplaceSeen(CollectionState* collection, uint32_t number,
                                                const Replacement& replacement,
                                                const Snapshot& snapshot,
                                                const WriteContext& context) {
  WriteTarget target{.number = number};
  {
    // Not longer: the write that follows may go to the log.
    const Session::Pin pin(session_);
    const DocumentTable table(session_, &collection->table);
    QUIRE_ASSIGN_OR_RETURN(
        const Version* seen,
        VisibleVersion(session_->region(), table.Slot(number)->link(), snapshot, host_));
    if (seen == nullptr) return WriteResult{.outcome = WriteOutcome::kAbsent};
    target.hlc = seen->hlc;
  }
  return Replace(collection, target, replacement, context);
}

absl::StatusOr<WriteResult> Writer::Update(CollectionState* collection, uint32_t number,
                                           std::string_view document, const Snapshot& snapshot,
                                           const WriteContext& context) {
  return ReplaceSeen(collection, number, {.intent = Intent::kUpdate, .bytes = document}, snapshot,
                     context);
}

absl::StatusOr<WriteResult> Writer::Delete(CollectionState* collection, uint32_t number,
                                           const Snapshot& snapshot, const WriteContext& context) {
  return ReplaceSeen(collection, number, {.intent = Intent::kDelete, .bytes = {}}, snapshot,
                     context);
}

absl::StatusOr<WriteResult> Writer::Update(CollectionState* collection, const WriteTarget& target,
                                           std::string_view document, const WriteContext& context) {
  return Replace(collection, target, {.intent = Intent::kUpdate, .bytes = document}, context);
}

absl::StatusOr<WriteResult> Writer::Delete(CollectionState* collection, const WriteTarget& target,
                                           std::string_view moved_to, const WriteContext& context) {
  return Replace(collection, target, {.intent = Intent::kDelete, .bytes = moved_to}, context);
}

absl::StatusOr<WriteResult> Writer::Lock(CollectionState* collection, const WriteTarget& target,
                                         std::string_view document, const WriteContext& context) {
  return Replace(collection, target, {.intent = Intent::kLock, .bytes = document}, context);
}

absl::Status Writer::DropCollection(const CollectionId& id, const WriteContext& context) {
  {
    const Session::Pin pin(session_);
    const auto hold = [&](CollectionState* collection) {
      held_.push_back(session_->region().RefOf(collection).offset);
      collection->holders.fetch_add(1, std::memory_order_acq_rel);
    };
    Catalog catalog(session_);
    if (id.number != kWholeNamespace) {
      CollectionState* collection = catalog.Find(id);
      if (collection != nullptr) hold(collection);
    } else {
      catalog.ForEach([&](CollectionState* collection) {
        if (collection->id.name_space == id.name_space) hold(collection);
      });
    }
  }
  buffer_.Append(Change{.kind = ChangeKind::kDropCollection,
                        .ordinal = ordinal_,
                        .origin = options_.origin,
                        .xid = context.xid,
                        .hlc = Stamp(0),
                        .namespace_id = id.name_space,
                        .collection_id = id.number});
  ++ordinal_;
  return FlushIfDue();
}

bool Writer::has_unlogged_changes() const {
  return !buffer_.empty();
}

absl::Status Writer::Flush() {
  if (buffer_.empty()) return absl::OkStatus();
  QUIRE_RETURN_IF_ERROR(
      sink_->AppendChanges(buffer_.Finish(session_->region().header().incarnation)));
  buffer_.Clear();
  return absl::OkStatus();
}

absl::Status Writer::FlushIfDue() {
  if (eager_ || buffer_.size() >= options_.buffer_bytes) return Flush();
  return absl::OkStatus();
}

Writer::Mark Writer::MarkHere() const {
  return Mark{.write_set = write_set_.size(), .held = held_.size(), .buffer = buffer_.mark()};
}

void Writer::UndoEntry(const WriteSetEntry& entry) {
  const Session::Pin pin(session_);
  const Region& region = session_->region();
  auto* collection = region.At<CollectionState>(entry.collection);
  const VersionLink head = DocumentTable(session_, &collection->table).Slot(entry.number)->link();
  if (head.kind() != VersionLink::Kind::kRegion) return;
  auto* version = region.At<Version>(head.block());
  // Another visitor may have taken it away already.
  if (version->xid() == entry.xid) UnlinkHead(session_, collection, entry.number, version);
}

void Writer::RollbackTo(const Mark& mark) {
  while (write_set_.size() > mark.write_set) {
    UndoEntry(write_set_.back());
    write_set_.pop_back();
  }
  ReleaseHeld(mark.held);
  buffer_.CutBack(mark.buffer);
}

// After it, what the transaction did in these collections may be freed.
void Writer::ReleaseHeld(size_t keep) {
  while (held_.size() > keep) {
    session_->region()
        .At<CollectionState>(held_.back())
        ->holders.fetch_sub(1, std::memory_order_acq_rel);
    held_.pop_back();
  }
}

bool Writer::TrySettleEntry(const WriteSetEntry& entry) {
  const Session::Pin pin(session_);
  const Region& region = session_->region();
  auto* collection = region.At<CollectionState>(entry.collection);
  VersionLink link = DocumentTable(session_, &collection->table).Slot(entry.number)->link();
  // Newer versions of others may stand on top already; a version that was cut off needs no verdict.
  bool met = false;
  while (link.kind() == VersionLink::Kind::kRegion) {
    auto* version = region.At<Version>(link.block());
    const bool own = version->xid() == entry.xid;
    const bool settled = version->verdict() == Verdict::kCommitted;
    if (own && !settled) version->Settle(Verdict::kCommitted);
    if (own && version->moving()) return false;
    // Behind what the transaction wrote stands what it replaced.
    if (settled && (own || met)) return true;
    met |= own;
    link = version->older_link();
  }
  return true;
}

// A copy is of no use any more where nothing was written on top of it.
bool Writer::DropLock(const WriteSetEntry& entry) {
  const Session::Pin pin(session_);
  const Region& region = session_->region();
  auto* collection = region.At<CollectionState>(entry.collection);
  const VersionLink head = DocumentTable(session_, &collection->table).Slot(entry.number)->link();
  if (head.kind() != VersionLink::Kind::kRegion) return false;
  auto* version = region.At<Version>(head.block());
  if (!version->lock() || version->xid() != entry.xid) return false;
  return UnlinkHead(session_, collection, entry.number, version);
}

void Writer::NoteGarbage(bool settled) {
  const Region& region = session_->region();
  for (size_t i = 0; i < write_set_.size();) {
    const WriteSetEntry& first = write_set_[i];
    const uint32_t chunk = first.number / kSlotsPerChunk;
    GarbageNote note{.count = 0, .xid = first.xid};
    int64_t documents = 0;
    // Changes come in runs.
    for (; i < write_set_.size(); ++i) {
      const WriteSetEntry& entry = write_set_[i];
      if (entry.collection != first.collection || entry.number / kSlotsPerChunk != chunk) break;
      documents += entry.documents;
      if (!entry.garbage && settled) continue;
      ++note.count;
      note.xid = std::min(note.xid, entry.xid);
    }
    auto* collection = region.At<CollectionState>(first.collection);
    if (documents != 0) collection->documents.fetch_add(documents, std::memory_order_relaxed);
    if (note.count == 0) continue;
    left_garbage_ = true;
    DocumentTable table(session_, &collection->table);
    collection->garbage.fetch_add(table.AddGarbage(first.number, note), std::memory_order_relaxed);
  }
}

void Writer::Committed() {
  left_garbage_ = !held_.empty();
  const bool settled = write_set_.size() <= kSettledAtCommitMax;
  if (settled) {
    for (const WriteSetEntry& entry : write_set_) {
      while (!TrySettleEntry(entry)) sched_yield();
    }
  }
  for (WriteSetEntry& entry : write_set_) {
    if (entry.lock && DropLock(entry)) entry.garbage = false;
  }
  NoteGarbage(settled);
  ReleaseHeld(0);
  EndTransaction();
}

void Writer::Aborted() {
  left_garbage_ = true;
  RollbackTo(Mark{});
  EndTransaction();
}

void Writer::EndTransaction() {
  buffer_.Clear();
  buffer_.Shrink(kIdleBufferBytes);
  write_set_.clear();
  if (write_set_.capacity() > kIdleWriteSetEntries) write_set_.shrink_to_fit();
  ordinal_ = 0;
  locks_ = 0;
  eager_ = false;
}

}  // namespace quire
