#include <algorithm>

#include "engine/base/status.h"
#include "engine/local/local_engine.h"
#include "engine/mvcc/visibility.h"

namespace quire {

namespace {

// The share of memory that a write makes free, where it can, when memory is full.
constexpr uint64_t kRoomDivisor = 16;

absl::Status Conflict() {
  return absl::AbortedError("a document changed since the transaction began; begin it anew");
}

}  // namespace

LocalSession::LocalSession(LocalEngine* engine, std::unique_ptr<Session> session, uint64_t index)
    : engine_(engine),
      session_(std::move(session)),
      bodies_(engine->files_, engine->options_.directory),
      index_(index),
      writer_(session_.get(), this, this, engine->clock_, WriterOptions{}) {
  session_->set_bodies(&bodies_);
}

LocalSession::~LocalSession() {
  if (active_) Rollback();
}

absl::Status LocalSession::RequireTransaction() const {
  if (active_) return absl::OkStatus();
  return absl::FailedPreconditionError("no transaction is open");
}

absl::Status LocalSession::Begin() {
  if (active_) return absl::FailedPreconditionError("a transaction is open already");
  std::atomic<uint64_t>& floor = engine_->snapshot_floors_[index_];
  // Announced low first: a horizon computed between the two steps cannot pass this snapshot.
  floor.store(1, std::memory_order_seq_cst);
  engine_->commits_->TakeSnapshot(&snapshot_, &in_progress_);
  floor.store(snapshot_.xmin, std::memory_order_release);
  snapshot_.own_xid = kNoXid;
  command_ = 1;
  active_ = true;
  return absl::OkStatus();
}

absl::StatusOr<TransactionState> LocalSession::StateOf(uint64_t xid) {
  return engine_->commits_->StateOf(xid);
}

bool LocalSession::IsCurrent(uint64_t xid) {
  return std::binary_search(xids_.begin(), xids_.end(), xid);
}

absl::Status LocalSession::AppendChanges(std::string_view batch) {
  logged_ = true;
  return engine_->LogChanges(batch);
}

WriteContext LocalSession::NextWrite() {
  if (xids_.empty() || new_xid_) xids_.push_back(engine_->commits_->Begin());
  new_xid_ = false;
  snapshot_.own_xid = xids_.front();
  return WriteContext{.xid = xids_.back(), .command = command_++};
}

absl::StatusOr<CollectionState*> LocalSession::Open(const CollectionId& id) {
  QUIRE_RETURN_IF_ERROR(RequireTransaction());
  if (last_collection_ == nullptr || !(last_collection_->id == id)) {
    QUIRE_ASSIGN_OR_RETURN(last_collection_, Catalog(session_.get()).FindOrCreate(id));
  }
  snapshot_.command = command_;
  return last_collection_;
}

void LocalSession::RememberRead(CollectionState* collection, const DocumentRow& row) {
  // Own versions need no validation, and may be gone after a rollback to a savepoint.
  if (std::binary_search(own_stamps_.begin(), own_stamps_.end(), row.hlc)) return;
  reads_.push_back(Read{.collection = collection, .hlc = row.hlc, .number = row.number, .key = {}});
}

absl::StatusOr<bool> LocalSession::Look(CollectionState* collection, std::string_view key,
                                        RowBatch* batch) {
  const size_t before = batch->size();
  QUIRE_ASSIGN_OR_RETURN(const bool found,
                         Collection(session_.get(), this, collection).Get(key, snapshot_, batch));
  if (found) {
    RememberRead(collection, (*batch)[before]);
  } else {
    reads_.push_back(
        Read{.collection = collection, .hlc = 0, .number = 0, .key = std::string(key)});
  }
  return found;
}

absl::StatusOr<bool> LocalSession::Get(const CollectionId& collection, std::string_view key,
                                       RowBatch* batch) {
  QUIRE_ASSIGN_OR_RETURN(CollectionState * state, Open(collection));
  return Look(state, key, batch);
}

absl::StatusOr<ScanCursor> LocalSession::BeginScan(const CollectionId& collection) {
  QUIRE_ASSIGN_OR_RETURN(CollectionState * state, Open(collection));
  return Collection(session_.get(), this, state).BeginScan();
}

absl::StatusOr<bool> LocalSession::NextBatch(const CollectionId& collection, size_t rows_max,
                                             ScanCursor* cursor, RowBatch* batch) {
  constexpr uint64_t kBatchBytes = 256 << 10;
  QUIRE_ASSIGN_OR_RETURN(CollectionState * state, Open(collection));
  QUIRE_ASSIGN_OR_RETURN(const bool more,
                         Collection(session_.get(), this, state)
                             .NextBatch(snapshot_, rows_max, kBatchBytes, cursor, batch));
  for (size_t i = 0; i < batch->size(); ++i) {
    RememberRead(state, (*batch)[i]);
  }
  return more;
}

absl::StatusOr<bool> LocalSession::NextBatchInRange(const CollectionId& collection, size_t rows_max,
                                                    RangeCursor* cursor, RowBatch* batch) {
  constexpr uint64_t kBatchBytes = 256 << 10;
  QUIRE_ASSIGN_OR_RETURN(CollectionState * state, Open(collection));
  const BatchLimit limit{.rows_max = rows_max, .bytes_max = kBatchBytes};
  QUIRE_ASSIGN_OR_RETURN(
      const bool more,
      Collection(session_.get(), this, state).NextBatchInRange(snapshot_, limit, cursor, batch));
  for (size_t i = 0; i < batch->size(); ++i) {
    RememberRead(state, (*batch)[i]);
  }
  return more;
}

absl::Status LocalSession::Conclude(const absl::StatusOr<WriteResult>& result) {
  QUIRE_RETURN_IF_ERROR(result.status());
  switch (result->outcome) {
    case WriteOutcome::kDone:
      own_stamps_.push_back(result->hlc);
      return absl::OkStatus();
    case WriteOutcome::kDuplicate:
      return absl::AlreadyExistsError("a document of that key exists");
    case WriteOutcome::kWait:
    case WriteOutcome::kConflict:
    case WriteOutcome::kDeleted:
    case WriteOutcome::kSelfModified:
    case WriteOutcome::kAbsent:
      return Conflict();
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> LocalSession::Evict(uint64_t bytes) {
  QUIRE_RETURN_IF_ERROR(writer_.Flush());
  QUIRE_RETURN_IF_ERROR(engine_->FlushLog());
  Evictor evictor(session_.get());
  return evictor.Sweep(evictor.slots_of_two_rounds(), bytes).bytes;
}

template <typename Call>
absl::StatusOr<WriteResult> LocalSession::Write(Call write) {
  absl::StatusOr<WriteResult> result = write();
  if (absl::IsResourceExhausted(result.status())) {
    QUIRE_ASSIGN_OR_RETURN(const uint64_t gained, Evict(session_->region().bytes() / kRoomDivisor));
    if (gained != 0) result = write();
  }
  // Nobody holds the document whose holder has ended: what he left is cleared away bit by bit.
  while (result.ok() && result->outcome == WriteOutcome::kWait &&
         engine_->commits_->StateOf(result->wait_for) != TransactionState::kInProgress) {
    result = write();
  }
  return result;
}

absl::Status LocalSession::Insert(const CollectionId& collection, std::string_view key,
                                  std::string_view document) {
  QUIRE_ASSIGN_OR_RETURN(CollectionState * state, Open(collection));
  return Conclude(Write([&] { return writer_.Insert(state, key, document, NextWrite()); }));
}

absl::Status LocalSession::Put(const CollectionId& collection, std::string_view key,
                               std::string_view document) {
  QUIRE_ASSIGN_OR_RETURN(CollectionState * state, Open(collection));
  const auto inserted = Write([&] { return writer_.Insert(state, key, document, NextWrite()); });
  QUIRE_RETURN_IF_ERROR(inserted.status());
  if (inserted->outcome != WriteOutcome::kDuplicate) return Conclude(inserted);
  scratch_.Clear();
  snapshot_.command = command_;
  QUIRE_ASSIGN_OR_RETURN(const bool found, Look(state, key, &scratch_));
  if (!found) return Conflict();
  return Conclude(Write(
      [&] { return writer_.Update(state, scratch_[0].number, document, snapshot_, NextWrite()); }));
}

absl::StatusOr<bool> LocalSession::Delete(const CollectionId& collection, std::string_view key) {
  QUIRE_ASSIGN_OR_RETURN(CollectionState * state, Open(collection));
  scratch_.Clear();
  QUIRE_ASSIGN_OR_RETURN(const bool found, Look(state, key, &scratch_));
  if (!found) return false;
  QUIRE_RETURN_IF_ERROR(Conclude(
      Write([&] { return writer_.Delete(state, scratch_[0].number, snapshot_, NextWrite()); })));
  return true;
}

LocalSession::SavepointMark LocalSession::Savepoint() {
  new_xid_ = true;
  return SavepointMark{.writer = writer_.MarkHere(), .xids = xids_.size()};
}

absl::Status LocalSession::RollbackTo(const SavepointMark& mark) {
  QUIRE_RETURN_IF_ERROR(RequireTransaction());
  writer_.RollbackTo(mark.writer);
  const std::vector<uint64_t> undone(xids_.begin() + static_cast<ptrdiff_t>(mark.xids),
                                     xids_.end());
  xids_.resize(mark.xids);
  new_xid_ = true;
  if (undone.empty()) return absl::OkStatus();
  if (logged_) {
    const MutexLock lock(&engine_->commit_mutex_);
    QUIRE_RETURN_IF_ERROR(engine_->LogOutcome(undone, /*committed=*/false));
  }
  engine_->commits_->End(undone, TransactionState::kAborted);
  return absl::OkStatus();
}

absl::StatusOr<bool> LocalSession::StillAsRead(const Read& read) {
  const Region& region = session_->region();
  const Session::Pin pin(session_.get());
  uint64_t number = read.number;
  if (!read.key.empty() &&
      !Tree(session_.get(), &read.collection->primary).Find(read.key, &number)) {
    return true;
  }
  VersionLink link = DocumentTable(session_.get(), &read.collection->table)
                         .Slot(static_cast<uint32_t>(number))
                         ->link();
  while (link.kind() == VersionLink::Kind::kRegion) {
    auto* version = region.At<Version>(link.block());
    // What the transaction itself wrote, it wrote on top of what it had read.
    if (version->hlc == read.hlc || IsCurrent(version->xid())) return true;
    QUIRE_ASSIGN_OR_RETURN(const TransactionState state, CreatorState(version, this));
    if (state == TransactionState::kCommitted) return read.hlc == 0 && version->tombstone();
    link = version->older_link();
  }
  return read.hlc == 0;
}

absl::Status LocalSession::Validate() {
  for (const Read& read : reads_) {
    QUIRE_ASSIGN_OR_RETURN(const bool same, StillAsRead(read));
    if (!same) return Conflict();
  }
  return absl::OkStatus();
}

void LocalSession::EndTransaction(TransactionState state) {
  if (!xids_.empty()) engine_->commits_->End(xids_, state);
  if (state == TransactionState::kCommitted) {
    writer_.Committed();
  } else {
    writer_.Aborted();
  }
  engine_->snapshot_floors_[index_].store(0, std::memory_order_release);
  xids_.clear();
  reads_.clear();
  own_stamps_.clear();
  new_xid_ = logged_ = active_ = false;
  if (session_->MayReclaim()) session_->Reclaim();
}

absl::Status LocalSession::Commit() {
  QUIRE_RETURN_IF_ERROR(RequireTransaction());
  if (xids_.empty()) {
    EndTransaction(TransactionState::kCommitted);
    return absl::OkStatus();
  }
  absl::Status status = writer_.Flush();
  if (status.ok()) {
    const MutexLock lock(&engine_->commit_mutex_);
    status = Validate();
    if (status.ok()) status = engine_->LogOutcome(xids_, /*committed=*/true);
    if (status.ok()) {
      // Under the mutex, so that the next to be validated sees this commit.
      EndTransaction(TransactionState::kCommitted);
      return absl::OkStatus();
    }
  }
  Rollback();
  return status;
}

void LocalSession::Rollback() {
  if (!active_) return;
  if (logged_ && !xids_.empty()) {
    const MutexLock lock(&engine_->commit_mutex_);
    // A log that cannot be written any more ends every transaction without an outcome all the same.
    engine_->LogOutcome(xids_, /*committed=*/false).IgnoreError();
  }
  EndTransaction(TransactionState::kAborted);
}

}  // namespace quire
