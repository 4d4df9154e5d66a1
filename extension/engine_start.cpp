#include "extension/engine_start.h"

#include <unistd.h>

#include <algorithm>

#include "engine/base/status.h"
#include "engine/log/log_reader.h"
#include "engine/store/engine_state.h"
#include "extension/log_worker.h"
#include "extension/lsn_text.h"
#include "extension/paths.h"
#include "extension/replication_slot.h"
#include "extension/resource_manager.h"
#include "extension/restart_progress.h"
#include "extension/restored_marker.h"
#include "extension/settings.h"
#include "extension/shared_region.h"

extern "C" {
#include "postgres.h"

#include "access/xlog.h"
#include "access/xlogreader.h"
#include "access/xlogrecovery.h"
#include "catalog/pg_control.h"
#include "common/controldata_utils.h"
#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "storage/lwlock.h"
}

namespace quire {

namespace {

constexpr int64_t kRecoveryPollMs = 100;

void PublishIdentity(const LogWorker& worker) {
  SharedWorkerWords()->engine_id.store(worker.identity.engine_id, std::memory_order_release);
}

uint64_t NewEngineId() {
  uint64_t id = 0;
  while (id == 0) {
    if (!pg_strong_random(&id, sizeof(id))) {
      ereport(ERROR, (errmsg("could not generate a random number")));
    }
  }
  return id;
}

void SaveIdentity(LogWorker* worker, const EngineIdentity& identity) {
  WorkerCall([&] { return WriteEngineIdentity(&worker->files, identity); });
  worker->identity = identity;
}

// The record comes after the file: who finds the record on a standby may rely on the primary
// having the file.
void MakeIdentity(LogWorker* worker) {
  EngineIdentity identity;
  identity.system_id = GetSystemIdentifier();
  identity.engine_id = NewEngineId();
  identity.begin_lsn = GetXLogInsertRecPtr();
  identity.begin_timeline = GetWALInsertionTimeLine();
  SaveIdentity(worker, identity);
  LogEngine(identity.engine_id);
  ereport(LOG, (errmsg("quire has begun an empty engine, from %s on",
                       LsnText(identity.begin_lsn).text)));
}

// Takes over the engine of a primary from its record. Returns whether the record was one.
bool TakeOverIdentity(LogWorker* worker) {
  XLogReaderState* reader = WalReader(worker->source);
  if (XLogRecGetRmid(reader) != kResourceManagerId) return false;
  const auto kind = static_cast<WalRecordKind>(XLogRecGetInfo(reader) & ~XLR_INFO_MASK);
  if (kind != WalRecordKind::kEngine || XLogRecGetDataLen(reader) != sizeof(uint64_t)) {
    GiveUp(
        absl::StatusCode::kFailedPrecondition,
        "the server's log holds documents of an engine whose folder \"quire\" is not in the data "
        "directory; put it back, or restore a backup that has it");
  }
  EngineIdentity identity;
  identity.system_id = GetSystemIdentifier();
  memcpy(&identity.engine_id, XLogRecGetData(reader), sizeof(identity.engine_id));
  identity.begin_lsn = WalPosition(worker->source);
  identity.begin_timeline = WalTimelineBefore(worker->source, identity.begin_lsn);
  SaveIdentity(worker, identity);
  ereport(LOG, (errmsg("quire follows the primary's engine from %s on",
                       LsnText(identity.begin_lsn).text)));
  return true;
}

bool ArchiveIsRecovered() {
  return GetRecoveryState() == RECOVERY_STATE_ARCHIVE || access(STANDBY_SIGNAL_FILE, F_OK) == 0 ||
         access(RECOVERY_SIGNAL_FILE, F_OK) == 0;
}

LogIdentity IdentityOfLog(const LogWorker& worker) {
  return {.system_id = worker.identity.system_id, .engine_id = worker.identity.engine_id};
}

// Where the engine log ends, without believing more of it than its checksums.
uint64_t LsnOfLogEnd(LogWorker* worker, bool restored) {
  uint64_t lsn = 0;
  WorkerCall([&]() -> absl::Status {
    QUIRE_ASSIGN_OR_RETURN(const auto reader,
                           LogReader::Open(&worker->files, kLogFolder,
                                           LogReaderOptions{.identity = IdentityOfLog(*worker),
                                                            .after_restore = restored}));
    LogRecordView record;
    for (bool found = true; found;) {
      QUIRE_ASSIGN_OR_RETURN(found, reader->Next(&record));
      if (ShutdownRequestPending) return absl::CancelledError("the server stops");
    }
    lsn = reader->end().lsn;
    return absl::OkStatus();
  });
  return lsn;
}

// Makes the source know the history that the engine log must belong to.
void LearnHistory(LogWorker* worker, bool restored) {
  if (ArchiveIsRecovered()) {
    const uint64_t end = LsnOfLogEnd(worker, restored);
    WalLimit limit = CurrentWalLimit();
    while (limit.in_recovery && (limit.lsn == 0 || limit.lsn < end)) {
      PauseWorker(kRecoveryPollMs);
      limit = CurrentWalLimit();
    }
    SetWalLimit(worker->source, limit);
    return;
  }
  // The server's own recovery ends on the timeline that its control file names.
  bool intact = false;
  LWLockAcquire(ControlFileLock, LW_SHARED);
  ControlFileData* control = get_controlfile(DataDir, &intact);
  LWLockRelease(ControlFileLock);
  if (!intact) ereport(ERROR, (errmsg("the checksum of the server's control file is wrong")));
  WalLimit limit;
  limit.timeline = std::max(control->checkPointCopy.ThisTimeLineID, control->minRecoveryPointTLI);
  SetWalLimit(worker->source, limit);
  pfree(control);
}

// Bytes of the engine log, for progress.
absl::Status NoteLogBytes(LogWorker* worker) {
  QUIRE_ASSIGN_OR_RETURN(const auto segments, ListLogSegments(worker->files, kLogFolder));
  if (segments.empty()) return absl::OkStatus();
  QUIRE_ASSIGN_OR_RETURN(const auto last,
                         worker->files.OpenForRead(LogSegmentPath(kLogFolder, segments.back())));
  QUIRE_ASSIGN_OR_RETURN(const uint64_t bytes, last->Size());
  EngineState* engine = SharedEngineState();
  engine->progress_total.store(segments.back() + bytes, std::memory_order_relaxed);
  engine->log_first_position.store(segments.front(), std::memory_order_relaxed);
  return absl::OkStatus();
}

absl::Status Open(LogWorker* worker, bool restored) {
  QUIRE_RETURN_IF_ERROR(NoteLogBytes(worker));
  LogFollowerOptions options;
  options.directory = kLogFolder;
  options.identity = IdentityOfLog(*worker);
  options.segment_bytes = LogSegmentBytes();
  options.sync_interval_us = LogSyncIntervalUs();
  options.after_restore = restored;
  options.in_history = [source = worker->source](uint64_t lsn, uint32_t timeline) {
    return WalHistoryHolds(source, lsn, timeline);
  };
  options.progress = [timer = ProgressTimer()]() mutable {
    if (ShutdownRequestPending) return absl::CancelledError("the server stops");
    return CallServer([&] { LogRestartProgress(&timer); });
  };
  QUIRE_ASSIGN_OR_RETURN(worker->follower, LogFollower::Open(worker->session.get(), &worker->files,
                                                             &worker->clock, options));
  return absl::OkStatus();
}

}  // namespace

bool ReadIdentity(LogWorker* worker) {
  bool found = false;
  WorkerCall([&]() -> absl::Status {
    QUIRE_ASSIGN_OR_RETURN(const auto identity,
                           ReadEngineIdentity(&worker->files, GetSystemIdentifier()));
    found = identity.has_value();
    if (found) worker->identity = *identity;
    return absl::OkStatus();
  });
  if (found) PublishIdentity(*worker);
  return found;
}

void MakeOrFindIdentity(LogWorker* worker) {
  WalSource* source = worker->source;
  BeginWal(source, SlotPosition());
  for (;;) {
    const WalLimit limit = CurrentWalLimit();
    SetWalLimit(source, limit);
    WalRead read = WalRead::kEnd;
    while ((read = ReadWal(source)) == WalRead::kRecord) {
      if (!TakeOverIdentity(worker)) continue;
      PublishIdentity(*worker);
      return;
    }
    if (read == WalRead::kMissing) GiveUpOnMissingWal(*worker);
    if (read == WalRead::kInvalid) ereport(ERROR, (errmsg("%s", WalProblem(source))));
    if (!limit.in_recovery) break;
    // Nothing of ours is behind.
    MoveSlot(WalPosition(source));
    PauseWorker(kRecoveryPollMs);
  }
  MakeIdentity(worker);
  PublishIdentity(*worker);
}

void OpenEngineLog(LogWorker* worker) {
  const bool restored = FilesWereRestored();
  LearnHistory(worker, restored);
  WorkerCall([&] { return Open(worker, restored); });
  ForgetRestoredFiles();
}

}  // namespace quire
