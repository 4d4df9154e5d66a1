#include "engine/durability/log_follower.h"

#include <sched.h>

#include <algorithm>

#include "engine/base/status.h"
#include "engine/index/tree.h"
#include "engine/log/change_record.h"
#include "engine/log/log_reader.h"
#include "engine/log/log_tail.h"
#include "engine/mvcc/version.h"
#include "engine/store/document_removal.h"
#include "engine/store/version_chain.h"

namespace quire {

namespace {

constexpr uint64_t kBytesPerProgress = 4 << 20;
// How many documents are looked at for a body to evict, for each change that may be in a batch.
constexpr uint64_t kSlotsPerChange = 4;
// A version further down its chain was replaced so long ago that nobody asks for its place any
// more.
constexpr uint32_t kChainStepsMax = 64;

absl::Status DoNotFit() {
  return absl::ResourceExhaustedError(
      "the documents do not fit the engine's memory; raise quire.memory and restart the server");
}

// Of a document that is gone.
constexpr uint32_t kNoNumber = UINT32_MAX;

bool Precedes(uint32_t xid, uint32_t other) {
  return static_cast<int32_t>(xid - other) < 0;
}

}  // namespace

LogFollower::LogFollower(Session* session, FileSystem* files, Clock* clock,
                         LogFollowerOptions options)
    : session_(session),
      files_(files),
      clock_(clock),
      options_(std::move(options)),
      engine_(GetEngineState(session->region())),
      catalog_(session),
      evictor_(session),
      remover_(session) {
  session_->UseReserve();
}

LogFollower::~LogFollower() = default;

absl::StatusOr<std::unique_ptr<LogFollower>> LogFollower::Open(Session* session, FileSystem* files,
                                                               Clock* clock,
                                                               const LogFollowerOptions& options) {
  std::unique_ptr<LogFollower> follower(new LogFollower(session, files, clock, options));
  QUIRE_RETURN_IF_ERROR(follower->ReadEngineLog());
  return follower;
}

absl::Status LogFollower::ReadEngineLog() {
  loaded_lsn_ = engine_->applied_lsn.load(std::memory_order_acquire);
  QUIRE_ASSIGN_OR_RETURN(
      const auto reader,
      LogReader::Open(files_, options_.directory,
                      LogReaderOptions{.identity = options_.identity,
                                       .after_restore = options_.after_restore}));
  LogEnd end;
  uint64_t next_progress = 0;
  LogRecordView record;
  for (;;) {
    QUIRE_ASSIGN_OR_RETURN(const bool found, reader->Next(&record));
    if (!found) {
      end = reader->end();
      break;
    }
    if (options_.in_history && !options_.in_history(record.lsn, record.timeline)) break;
    QUIRE_RETURN_IF_ERROR(ApplyRecord(record));
    end = reader->end();
    if (end.position < next_progress) continue;
    next_progress = end.position + kBytesPerProgress;
    engine_->progress_done.store(end.position, std::memory_order_relaxed);
    if (options_.progress) QUIRE_RETURN_IF_ERROR(options_.progress());
  }
  if (end.has_segment()) {
    QUIRE_RETURN_IF_ERROR(TruncateLogTo(*files_, options_.directory, end));
    QUIRE_RETURN_IF_ERROR(RewriteLogTail(*files_, options_.directory, end.position, &end));
  }
  QUIRE_ASSIGN_OR_RETURN(writer_,
                         LogWriter::Open(files_, options_.directory,
                                         LogWriterOptions{.identity = options_.identity,
                                                          .segment_bytes = options_.segment_bytes},
                                         end));
  end_ = durable_ = ServerPosition{.lsn = end.lsn, .timeline = end.timeline};
  last_sync_us_ = clock_->MonotonicTimeUs();
  Publish();
  return absl::OkStatus();
}

absl::Status LogFollower::ApplyRecord(const LogRecordView& record) {
  switch (record.type) {
    case LogRecordType::kChanges:
      return ApplyBatch(record.payload_position(), record.lsn <= loaded_lsn_, record.payload);
    case LogRecordType::kOutcome: {
      LogOutcome outcome;
      QUIRE_RETURN_IF_ERROR(DecodeOutcome(record.payload, &outcome));
      ApplyOutcome(outcome, record.lsn <= loaded_lsn_);
      return absl::OkStatus();
    }
    case LogRecordType::kIncarnation:
    case LogRecordType::kAbortBelow: {
      UndecidedAbort abort;
      QUIRE_RETURN_IF_ERROR(DecodeUndecidedAbort(record.payload, &abort));
      ApplyUndecidedAbort(abort, record.lsn <= loaded_lsn_);
      return absl::OkStatus();
    }
    case LogRecordType::kPosition:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status LogFollower::ApplyBatch(uint64_t payload_position, bool loaded,
                                     std::string_view batch) {
  ChangeBatchReader reader(batch);
  const bool same_region = reader.region_incarnation() == session_->region().header().incarnation;
  if (!same_region && !loaded && evictor_.MemoryIsScarce()) {
    MakeRoom(writer_ == nullptr ? payload_position : writer_->flushed_position(), batch.size());
  }
  Change change;
  PendingList* list = nullptr;
  uint64_t list_xid = kNoXid;
  while (reader.Next(&change)) {
    const uint64_t location = payload_position + reader.change_offset();
    QUIRE_ASSIGN_OR_RETURN(
        const Pending pending,
        ApplyChange(location, loaded, same_region && change.document_number_valid, change));
    if (list == nullptr || list_xid != change.xid) {
      list = &undecided_[static_cast<uint32_t>(change.xid)];
      xid_max_ = std::max(xid_max_, change.xid);
      list_xid = change.xid;
    }
    list->changes.push_back(pending);
  }
  return reader.status();
}

void LogFollower::MakeRoom(uint64_t readable_end, size_t batch_bytes) {
  evictor_.set_readable_end(readable_end);
  evictor_.Sweep(kSlotsPerChange * (1 + batch_bytes / kChangeHeaderBytes), batch_bytes);
}

absl::StatusOr<uint32_t> LogFollower::NumberOf(CollectionState* collection, std::string_view key) {
  Tree tree(session_, &collection->primary);
  uint64_t payload = 0;
  if (tree.Find(key, &payload)) return static_cast<uint32_t>(payload);
  DocumentTable table(session_, &collection->table);
  QUIRE_ASSIGN_OR_RETURN(const uint32_t fresh, table.TakeNumber());
  auto entry = tree.InsertIfAbsent(key, fresh);
  if (!entry.ok() || !entry->inserted) table.ReturnNumber(fresh);
  QUIRE_RETURN_IF_ERROR(entry.status());
  return static_cast<uint32_t>(entry->payload);
}

absl::Status LogFollower::Link(CollectionState* collection, const Change& change,
                               const Pending& pending) {
  VersionContent content{.xid = change.xid,
                         .ordinal = change.ordinal,
                         .hlc = change.hlc,
                         .origin = change.origin,
                         .tombstone = pending.tombstone,
                         .body_in_log = !pending.tombstone && evictor_.MemoryIsScarce(),
                         .key = change.key,
                         .document = change.document};
  Version* version = NewVersion(session_, content);
  if (version == nullptr && !content.tombstone) {
    // A large document may find no room where there is much.
    content.body_in_log = true;
    version = NewVersion(session_, content);
  }
  if (version == nullptr) return DoNotFit();
  version->version = change.version;
  version->location.store(pending.location, std::memory_order_relaxed);
  DocumentSlot* slot = DocumentTable(session_, &collection->table).Slot(pending.number);
  const VersionLink self = VersionLink::ToBlock(session_->region().RefOf(version).offset);
  for (;;) {
    const VersionLink head = slot->link();
    version->older.store(head.word(), std::memory_order_relaxed);
    if (slot->Replace(head, self)) break;
  }
  CountVersion(collection, *version, 1);
  if (version->body_in_log()) engine_->bodies_evicted.fetch_add(1, std::memory_order_relaxed);
  return absl::OkStatus();
}

Version* LogFollower::FindVersion(const DocumentSlot* slot, const Pending& pending) const {
  VersionLink link = slot->link();
  // A tombstone stays until it has its number in the order of commits.
  const uint32_t steps_max = pending.tombstone ? UINT32_MAX : kChainStepsMax;
  for (uint32_t step = 0; step < steps_max && link.kind() == VersionLink::Kind::kRegion; ++step) {
    auto* version = session_->region().At<Version>(link.block());
    if (version->ordinal == pending.ordinal && version->xid() == pending.xid) return version;
    link = version->older_link();
  }
  return nullptr;
}

Version* LogFollower::Note(DocumentSlot* slot, const Pending& pending, uint64_t seq) const {
  for (;;) {
    Version* version = FindVersion(slot, pending);
    if (version == nullptr) return nullptr;
    version->location.store(pending.location, std::memory_order_seq_cst);
    if (seq != 0) {
      // The slot first: once the version has its number the slot may serve another document.
      slot->seq.store(seq, std::memory_order_relaxed);
      version->seq.store(seq, std::memory_order_seq_cst);
    }
    if (!version->moving()) return version;
    // Somebody may have copied it before (GiveBodyUp), which takes a moment.
    sched_yield();
  }
}

void LogFollower::BindUndecided() {
  const Region& region = session_->region();
  for (auto& [xid, list] : undecided_) {
    for (; list.bound < list.changes.size(); ++list.bound) {
      const Pending& pending = list.changes[list.bound];
      if (!pending.live || pending.drop) continue;
      const Session::Pin pin(session_);
      auto* collection = region.At<CollectionState>(pending.collection);
      Note(DocumentTable(session_, &collection->table).Slot(pending.number), pending, 0);
    }
  }
}

absl::StatusOr<LogFollower::Pending> LogFollower::ApplyChange(uint64_t location, bool loaded,
                                                              bool live, const Change& change) {
  if (change.kind == ChangeKind::kDropCollection) {
    drops_[location] = CollectionId{change.namespace_id, change.collection_id};
    NextHlc(engine_, 0, change.hlc);
    return Pending{.collection = 0,
                   .location = location,
                   .xid = change.xid,
                   .number = 0,
                   .ordinal = change.ordinal,
                   .live = live,
                   .tombstone = false,
                   .drop = true};
  }
  if (change.kind != ChangeKind::kPut && change.kind != ChangeKind::kDelete) {
    return absl::UnimplementedError(
        "the log has a change of a kind that this version of quire "
        "does not know; use the version that wrote it");
  }
  const Session::Pin pin(session_);
  QUIRE_ASSIGN_OR_RETURN(
      CollectionState * collection,
      catalog_.FindOrCreate(CollectionId{change.namespace_id, change.collection_id}));
  Pending pending{.collection = session_->region().RefOf(collection).offset,
                  .location = location,
                  .xid = change.xid,
                  .number = change.document_number,
                  .ordinal = change.ordinal,
                  .live = live,
                  .tombstone = change.kind == ChangeKind::kDelete,
                  .drop = false};
  if (live) return pending;
  NextHlc(engine_, 0, change.hlc);
  if (loaded) {
    // The document may be gone since.
    uint64_t payload = 0;
    const bool found = Tree(session_, &collection->primary).Find(change.key, &payload);
    pending.number = found ? static_cast<uint32_t>(payload) : kNoNumber;
    return pending;
  }
  const auto number = NumberOf(collection, change.key);
  if (absl::IsResourceExhausted(number.status())) return DoNotFit();
  QUIRE_ASSIGN_OR_RETURN(pending.number, number);
  // A worker that was stopped by an error may have linked more than it said.
  if (loaded_lsn_ != 0 &&
      FindVersion(DocumentTable(session_, &collection->table).Slot(pending.number), pending) !=
          nullptr) {
    return pending;
  }
  QUIRE_RETURN_IF_ERROR(Link(collection, change, pending));
  return pending;
}

std::vector<LogFollower::Pending> LogFollower::Take(uint64_t xid,
                                                    absl::Span<const uint64_t> subxids) {
  std::vector<Pending> taken;
  const auto take = [&](uint64_t id) {
    const auto found = undecided_.find(static_cast<uint32_t>(id));
    if (found == undecided_.end()) return;
    std::vector<Pending>& changes = found->second.changes;
    if (taken.empty()) {
      taken = std::move(changes);
    } else {
      taken.insert(taken.end(), changes.begin(), changes.end());
    }
    undecided_.erase(found);
  };
  take(xid);
  for (const uint64_t subxid : subxids) take(subxid);
  if (!subxids.empty()) {
    std::sort(taken.begin(), taken.end(),
              [](const Pending& a, const Pending& b) { return a.location < b.location; });
  }
  return taken;
}

void LogFollower::ApplyOutcome(const LogOutcome& outcome, bool loaded) {
  const std::vector<Pending> changes = Take(outcome.xid, outcome.subxids);
  if (outcome.change_count > 0) seq_ = outcome.first_seq + outcome.change_count - 1;
  if (loaded) {
    // All but drops: a worker that was stopped by an error may have left them half done.
  } else if (!outcome.committed) {
    // The newest first: each is then the head of its chain.
    for (auto change = changes.rbegin(); change != changes.rend(); ++change) Abort(*change);
  } else {
    uint64_t seq = outcome.first_seq;
    for (const Pending& change : changes) Commit(change, seq++);
  }
  for (const Pending& change : changes) {
    if (change.drop) EndDrop(change, outcome.committed);
  }
}

void LogFollower::EndDrop(const Pending& pending, bool committed) {
  const auto found = drops_.find(pending.location);
  if (committed) remover_.Drop(found->second);
  drops_.erase(found);
  // As long as no session is there its memory may be needed for what comes next.
  if (committed && engine_->phase.load(std::memory_order_relaxed) != EnginePhase::kReady) {
    remover_.Finish();
  }
}

void LogFollower::Commit(const Pending& pending, uint64_t seq) {
  if (pending.drop || pending.number == kNoNumber) return;
  const Session::Pin pin(session_);
  const Region& region = session_->region();
  auto* collection = region.At<CollectionState>(pending.collection);
  DocumentSlot* slot = DocumentTable(session_, &collection->table).Slot(pending.number);
  Version* version = Note(slot, pending, seq);
  if (version == nullptr) return;  // replaced long ago
  if (pending.live || version->verdict() == Verdict::kCommitted) return;
  version->Settle(Verdict::kCommitted);
  int64_t documents = version->tombstone() ? 0 : 1;
  const VersionLink older = version->older_link();
  if (older.kind() == VersionLink::Kind::kRegion) {
    documents -= region.At<Version>(older.block())->tombstone() ? 0 : 1;
  }
  collection->documents.fetch_add(documents, std::memory_order_relaxed);
  // No session reads before the engine is ready, and then none has an older snapshot than this
  // commit: what it replaced is of no use, and a document that was deleted either.
  if (engine_->phase.load(std::memory_order_relaxed) != EnginePhase::kReady) {
    CutBehind(session_, collection, version);
    if (version->tombstone()) RemoveDocument(session_, collection, pending.number, version);
    return;
  }
  DocumentTable table(session_, &collection->table);
  collection->garbage.fetch_add(
      table.AddGarbage(pending.number, {.count = 1, .xid = version->xid()}),
      std::memory_order_relaxed);
}

void LogFollower::Abort(const Pending& pending) {
  if (pending.live || pending.drop || pending.number == kNoNumber) return;
  const Session::Pin pin(session_);
  const Region& region = session_->region();
  auto* collection = region.At<CollectionState>(pending.collection);
  const VersionLink head = DocumentTable(session_, &collection->table).Slot(pending.number)->link();
  if (head.kind() != VersionLink::Kind::kRegion) return;
  auto* version = region.At<Version>(head.block());
  if (version->ordinal != pending.ordinal || version->xid() != pending.xid) return;
  UnlinkHead(session_, collection, pending.number, version);
}

uint64_t LogFollower::FullXid(uint32_t xid) const {
  const auto found = undecided_.find(xid);
  return found == undecided_.end() ? kNoXid : found->second.changes.front().xid;
}

absl::StatusOr<uint64_t> LogFollower::Append(LogRecordType type, const ServerPosition& at,
                                             std::string_view payload) {
  return writer_->Append(type, LogWriter::Source{.lsn = at.lsn, .timeline = at.timeline}, payload);
}

absl::Status LogFollower::Changes(const ServerPosition& at, std::string_view batch) {
  if (at.lsn <= end_.lsn) return absl::OkStatus();
  QUIRE_ASSIGN_OR_RETURN(const uint64_t position, Append(LogRecordType::kChanges, at, batch));
  QUIRE_RETURN_IF_ERROR(ApplyBatch(position, at.lsn <= loaded_lsn_, batch));
  end_ = at;
  return absl::OkStatus();
}

absl::Status LogFollower::Outcome(const ServerPosition& at, const ServerOutcome& outcome) {
  if (at.lsn <= end_.lsn) return absl::OkStatus();
  LogOutcome decided{.committed = outcome.committed, .commit_time_us = outcome.commit_time_us};
  decided.xid = FullXid(outcome.xid);
  for (const uint32_t subxid : outcome.subxids) {
    const uint64_t full = FullXid(subxid);
    if (full == kNoXid) continue;
    decided.subxids.push_back(full);
    // A parent's id is lower than its children's.
    if (decided.xid == kNoXid) {
      decided.xid = full - static_cast<uint32_t>(static_cast<uint32_t>(full) - outcome.xid);
    }
  }
  if (decided.xid != kNoXid) {
    if (decided.committed) {
      size_t changes = 0;
      const auto count = [&](uint64_t id) {
        const auto found = undecided_.find(static_cast<uint32_t>(id));
        if (found != undecided_.end()) changes += found->second.changes.size();
      };
      count(decided.xid);
      for (const uint64_t subxid : decided.subxids) count(subxid);
      decided.change_count = static_cast<uint32_t>(changes);
      decided.first_seq = seq_ + 1;
    }
    payload_.clear();
    AppendOutcome(decided, &payload_);
    QUIRE_RETURN_IF_ERROR(Append(LogRecordType::kOutcome, at, payload_).status());
    ApplyOutcome(decided, at.lsn <= loaded_lsn_);
  }
  end_ = at;
  return absl::OkStatus();
}

absl::Status LogFollower::AbortUndecided(LogRecordType type, const ServerPosition& at,
                                         const UndecidedAbort& abort) {
  payload_.clear();
  AppendUndecidedAbort(abort, &payload_);
  QUIRE_RETURN_IF_ERROR(Append(type, at, payload_).status());
  ApplyUndecidedAbort(abort, at.lsn <= loaded_lsn_);
  return absl::OkStatus();
}

void LogFollower::ApplyUndecidedAbort(const UndecidedAbort& abort, bool loaded) {
  std::vector<Pending> changes;
  absl::erase_if(undecided_, [&](const auto& entry) {
    const std::vector<Pending>& own = entry.second.changes;
    const uint64_t xid = own.front().xid;
    if (abort.limit_xid != 0 && xid >= abort.limit_xid) return false;
    if (std::find(abort.prepared.begin(), abort.prepared.end(), xid) != abort.prepared.end()) {
      return false;
    }
    changes.insert(changes.end(), own.begin(), own.end());
    return true;
  });
  for (const Pending& change : changes) {
    if (change.drop) EndDrop(change, false);
  }
  if (loaded) return;
  std::sort(changes.begin(), changes.end(),
            [](const Pending& a, const Pending& b) { return a.location > b.location; });
  for (const Pending& change : changes) Abort(change);
}

absl::Status LogFollower::Incarnation(const ServerPosition& at,
                                      absl::Span<const uint32_t> prepared) {
  if (at.lsn <= end_.lsn) return absl::OkStatus();
  if (!undecided_.empty()) {
    UndecidedAbort abort;
    for (const uint32_t xid : prepared) abort.prepared.push_back(FullXid(xid));
    QUIRE_RETURN_IF_ERROR(AbortUndecided(LogRecordType::kIncarnation, at, abort));
  }
  end_ = at;
  return absl::OkStatus();
}

absl::Status LogFollower::AbortBelow(const ServerPosition& at, uint32_t oldest_running,
                                     absl::Span<const uint32_t> prepared) {
  if (at.lsn <= end_.lsn) return absl::OkStatus();
  uint64_t limit = 0;
  for (const auto& [xid, list] : undecided_) {
    if (Precedes(xid, oldest_running)) limit = std::max(limit, list.changes.front().xid + 1);
  }
  if (limit != 0) {
    UndecidedAbort abort{.limit_xid = limit};
    for (const uint32_t xid : prepared) abort.prepared.push_back(FullXid(xid));
    QUIRE_RETURN_IF_ERROR(AbortUndecided(LogRecordType::kAbortBelow, at, abort));
  }
  end_ = at;
  return absl::OkStatus();
}

void LogFollower::Advance(const ServerPosition& at) {
  if (at.lsn > end_.lsn) end_ = at;
}

bool LogFollower::BindingsAreWanted() const {
  return engine_->bindings_wanted.load(std::memory_order_acquire) !=
         engine_->bindings_made.load(std::memory_order_relaxed);
}

void LogFollower::Configure(uint64_t segment_bytes, int64_t sync_interval_us) {
  options_.segment_bytes = segment_bytes;
  options_.sync_interval_us = sync_interval_us;
  writer_->set_segment_bytes(segment_bytes);
}

bool LogFollower::SyncIsDue() const {
  return writer_->unsynced_bytes() >= options_.sync_bytes ||
         clock_->MonotonicTimeUs() - last_sync_us_ >= options_.sync_interval_us;
}

absl::Status LogFollower::SyncIfDue() {
  return SyncIsDue() ? Sync(/*now=*/true) : absl::OkStatus();
}

absl::Status LogFollower::Sync(bool now) {
  QUIRE_RETURN_IF_ERROR(writer_->Flush());
  if (now || SyncIsDue()) {
    last_sync_us_ = clock_->MonotonicTimeUs();
    QUIRE_RETURN_IF_ERROR(writer_->Sync());
    // While memory holds every body nobody reads the log before a restart. Its pages then serve the
    // next part of it, instead of crowding out what others read.
    if (engine_->bodies_evicted.load(std::memory_order_relaxed) == 0) writer_->ForgetSynced();
    durable_ = ServerPosition{.lsn = writer_->end().lsn, .timeline = writer_->end().timeline};
  }
  const uint64_t wanted = engine_->bindings_wanted.load(std::memory_order_acquire);
  const bool binds = BindingsAreWanted();
  if (binds) BindUndecided();
  Publish();
  if (binds) engine_->bindings_made.store(wanted, std::memory_order_release);
  session_->Reclaim();
  return absl::OkStatus();
}

absl::Status LogFollower::Mark() {
  if (end_.lsn > writer_->end().lsn) {
    QUIRE_RETURN_IF_ERROR(Append(LogRecordType::kPosition, end_, {}).status());
  }
  return Sync(true);
}

bool LogFollower::FreeDropped() {
  remover_.Step();
  return !remover_.idle();
}

void LogFollower::SetReady() {
  engine_->phase.store(EnginePhase::kReady, std::memory_order_release);
}

void LogFollower::Publish() {
  const LogEnd& end = writer_->end();
  engine_->applied_position.store(end.position, std::memory_order_release);
  engine_->applied_lsn.store(end_.lsn, std::memory_order_release);
  engine_->synced_position.store(end.synced, std::memory_order_relaxed);
  engine_->synced_lsn.store(durable_.lsn, std::memory_order_relaxed);
  engine_->seq.store(seq_, std::memory_order_release);
}

}  // namespace quire
