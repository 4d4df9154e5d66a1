#include "extension/log_worker.h"

#include <algorithm>
#include <cstring>

#include "engine/base/status.h"
#include "engine/store/engine_state.h"
#include "extension/checkpoint_hold.h"
#include "extension/engine_start.h"
#include "extension/horizon.h"
#include "extension/log_feed.h"
#include "extension/lsn_text.h"
#include "extension/replication_slot.h"
#include "extension/restart_progress.h"
#include "extension/retained_wal.h"
#include "extension/settings.h"
#include "extension/shared_region.h"

extern "C" {
#include "postgres.h"

#include "access/xlog.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

PGDLLEXPORT void quire_log_worker_main(Datum);
}

namespace quire {

namespace {

// Within a round the worker looks neither at the clock nor at its own log's sync.
constexpr uint64_t kRoundBytesMax = 4 << 20;
constexpr int64_t kHorizonIntervalUs = 100'000;
// The slot follows in steps of a segment, since each costs two syncs, but not of a giant one.
constexpr uint64_t kSlotStepBytesMax = 16 << 20;
// After so many rounds that found nothing the worker sleeps until somebody commits, but no longer
// than a checkpoint may be made to wait.
constexpr int kIdleRoundsMax = 50;
constexpr int64_t kLongSleepMs = 100;
constexpr int64_t kGivenUpSleepMs = 60'000;
constexpr int64_t kStartPollMs = 10;

LogWorker* log_worker = nullptr;

// What the loop remembers from round to round.
struct RoundState {
  bool ready = false;
  ProgressTimer progress;
  uint64_t target = 0;  // ready when this is read; 0 while the server recovers
  uint64_t begin = 0;
  uint64_t marked = 0;  // the engine log's file says that it reaches here
  int idle_rounds = 0;
  int64_t horizon_at_us = 0;
  RetainedWalWarning retained;
};

void LeaveEngine(int, Datum) {
  SharedWorkerWords()->latch.store(nullptr, std::memory_order_release);
  SharedWorkerWords()->pid.store(0, std::memory_order_relaxed);
  SharedWorkerWords()->sleeps.store(0, std::memory_order_relaxed);
  // Only memory and the session's slot: whatever must be durable is so by now.
  log_worker->follower.reset();
  log_worker->session.reset();
}

void SetPhase(EnginePhase phase) {
  SharedEngineState()->phase.store(phase, std::memory_order_release);
}

// A predecessor that ended while it loaded left a half; nobody else has seen it.
void BeginWithWholeRegion() {
  if (SharedWorkerWords()->was_ready.load() != 0) return;
  if (SharedEngineState()->phase.load() != EnginePhase::kStarting) EmptySharedRegion();
  SetPhase(EnginePhase::kReplayingLog);
}

// The server reads its slots from disk before it begins to recover. Settings that allow no slot do
// not change by themselves.
void TakeSlot() {
  while (CurrentWalLimit().lsn == 0) PauseWorker(kStartPollMs);
  WorkerCall([] {
    absl::Status status = CallServer([] { AcquireSlot(); });
    Report report;
    if (status.ok()) return status;
    FillReport(status, &report);
    const int sqlstate = report.server_error == nullptr ? 0 : report.server_error->sqlerrcode;
    if (sqlstate != ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE &&
        sqlstate != ERRCODE_CONFIGURATION_LIMIT_EXCEEDED) {
      return status;
    }
    return absl::FailedPreconditionError(report.server_error->message);
  });
}

void Start(LogWorker* worker) {
  BeginWithWholeRegion();
  worker->source = NewWalSource();
  WorkerCall([&]() -> absl::Status {
    QUIRE_ASSIGN_OR_RETURN(worker->session,
                           Session::Open(SharedRegion(), static_cast<uint64_t>(MyProcPid)));
    return absl::OkStatus();
  });
  const bool has_identity = ReadIdentity(worker);
  // Beside the server's own recovery.
  if (has_identity) OpenEngineLog(worker);
  TakeSlot();
  if (!has_identity) {
    MakeOrFindIdentity(worker);
    OpenEngineLog(worker);
  }
  const uint64_t begin =
      worker->follower->log_is_empty() ? worker->identity.begin_lsn : worker->follower->end().lsn;
  BeginWal(worker->source, begin);
  if (SharedWorkerWords()->was_ready.load() == 0) SetPhase(EnginePhase::kFollowing);
  ereport(LOG, (errmsg("quire reads the server's log from %s on", LsnText(begin).text)));
}

// An engine log that knows more than the server's log would take what comes next for known.
void CheckNotAhead(const LogWorker& worker, const WalLimit& limit) {
  const uint64_t end = WalPosition(worker.source);
  if (end <= limit.lsn) return;
  char message[kFailureBytesMax];
  snprintf(message, sizeof(message),
           "the engine log reaches to %s, the server's log ends at %s: the data directory and its "
           "folder \"quire\" are not of the same moment; restore both from one backup",
           LsnText(end).text, LsnText(limit.lsn).text);
  GiveUp(absl::StatusCode::kFailedPrecondition, message);
}

// Reads what there is, but no more than a round's share. Returns whether there may be more.
bool ReadRound(LogWorker* worker, const WalLimit& limit) {
  WalSource* source = worker->source;
  SetWalLimit(source, limit);
  const uint64_t stop = WalPosition(source) + kRoundBytesMax;
  WalRead read = WalRead::kRecord;
  while (WalPosition(source) < stop && !ShutdownRequestPending) {
    read = ReadWal(source);
    if (read != WalRead::kRecord) break;
    FeedRecord(worker);
  }
  if (read == WalRead::kMissing) GiveUpOnMissingWal(*worker);
  if (read == WalRead::kInvalid) {
    ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
                    errmsg("could not read the server's log behind %s: %s",
                           LsnText(WalPosition(source)).text, WalProblem(source))));
  }
  return read == WalRead::kRecord;
}

void NoteProgress(LogWorker* worker, bool progressed) {
  const uint64_t end = WalPosition(worker->source);
  const ServerPosition at{.lsn = end, .timeline = WalTimelineBefore(worker->source, end)};
  WorkerCall([&] {
    worker->follower->Advance(at);
    // What was appended can be read, and copied by a base backup, at once.
    // Who wants memory waits for it.
    const bool at_once = progressed || worker->follower->BindingsAreWanted();
    return at_once ? worker->follower->Sync(false) : worker->follower->SyncIfDue();
  });
  SharedWorkerWords()->read_lsn.store(end, std::memory_order_relaxed);
  AnnounceProgress();
}

void MarkPlace(LogWorker* worker) {
  WorkerCall([&] { return worker->follower->Mark(); });
  MoveSlot(worker->follower->durable().lsn);
}

// Sees to it that the engine log says of itself that it reaches the redo position of the last
// checkpoint, since that is where the server's log of a base backup begins.
void MindCheckpoint(LogWorker* worker, const WalLimit& limit, RoundState* state) {
  if (!limit.in_recovery) HoldCheckpoints();
  const uint64_t redo = RedoPosition();
  const uint64_t end = WalPosition(worker->source);
  if (end < redo) {
    // The checkpoint that waits would be the next to flush.
    if (!limit.in_recovery && limit.lsn < redo) XLogFlush(redo);
    return;
  }
  if (state->marked < redo) {
    MarkPlace(worker);
    state->marked = end;
  }
  if (!limit.in_recovery) LetCheckpointPass();
}

void MindSlot(LogWorker* worker, const WalLimit& limit, RoundState* state) {
  const uint64_t slot = SlotPosition();
  const uint64_t step = std::min(kSlotStepBytesMax, static_cast<uint64_t>(wal_segment_size));
  if (slot != 0 && worker->follower->end().lsn >= slot + step) MarkPlace(worker);
  const uint64_t now = SlotPosition();
  SharedWorkerWords()->slot_lsn.store(now, std::memory_order_relaxed);
  state->retained.Look(limit.lsn, WalPosition(worker->source));
}

void MindHorizon(LogWorker* worker, const WalLimit& limit, RoundState* state) {
  const int64_t now_us = worker->clock.MonotonicTimeUs();
  if (limit.in_recovery || now_us - state->horizon_at_us < kHorizonIntervalUs) return;
  state->horizon_at_us = now_us;
  PublishHorizon();
}

void MindReadiness(LogWorker* worker, const WalLimit& limit, RoundState* state) {
  if (state->ready) return;
  EngineState* engine = SharedEngineState();
  const uint64_t end = WalPosition(worker->source);
  if (state->begin == 0) state->begin = end;
  engine->progress_done.store(end - std::min(end, state->begin), std::memory_order_relaxed);
  engine->progress_total.store(limit.lsn - std::min(limit.lsn, state->begin),
                               std::memory_order_relaxed);
  if (limit.in_recovery) return;
  LogRestartProgress(&state->progress);
  if (state->target == 0) {
    state->target = limit.lsn;
    CheckNotAhead(*worker, limit);
  }
  if (end < state->target) return;
  state->ready = true;
  SharedWorkerWords()->was_ready.store(1);
  worker->follower->SetReady();
  ereport(LOG, (errmsg("quire is ready at %s", LsnText(end).text)));
}

void Sleep(int64_t timeout_ms) {
  WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, static_cast<long>(timeout_ms),
            PG_WAIT_EXTENSION);
  ResetLatch(MyLatch);
  CHECK_FOR_INTERRUPTS();
  if (ConfigReloadPending) {
    ConfigReloadPending = false;
    ProcessConfigFile(PGC_SIGHUP);
  }
}

void Rest(const WalLimit& limit, bool progressed, RoundState* state) {
  state->idle_rounds = progressed ? 0 : state->idle_rounds + 1;
  if (state->idle_rounds <= kIdleRoundsMax) {
    Sleep(WorkerDelayMs());
    return;
  }
  std::atomic<uint32_t>& sleeps = SharedWorkerWords()->sleeps;
  sleeps.store(1, std::memory_order_seq_cst);
  if (CurrentWalLimit().lsn == limit.lsn) Sleep(kLongSleepMs);
  sleeps.store(0, std::memory_order_relaxed);
}

void Run(LogWorker* worker) {
  RoundState state;
  state.marked = worker->follower->end().lsn;
  while (!ShutdownRequestPending) {
    worker->follower->Configure(LogSegmentBytes(), LogSyncIntervalUs());
    const uint64_t before = WalPosition(worker->source);
    const WalLimit limit = CurrentWalLimit();
    const bool more = ReadRound(worker, limit);
    const bool progressed = WalPosition(worker->source) != before;
    NoteProgress(worker, progressed);
    const bool frees = worker->follower->FreeDropped();
    MindReadiness(worker, limit, &state);
    MindHorizon(worker, limit, &state);
    MindCheckpoint(worker, limit, &state);
    MindSlot(worker, limit, &state);
    if (!more) Rest(limit, progressed || frees, &state);
  }
  MarkPlace(worker);
}

}  // namespace

void EndWorker() {
  proc_exit(1);
}

void GiveUp(absl::StatusCode code, const char* message) {
  StopHoldingCheckpoints();
  EngineState* engine = SharedEngineState();
  strlcpy(engine->failure, message, sizeof(engine->failure));
  engine->failure_code.store(static_cast<uint32_t>(code));
  SetPhase(EnginePhase::kFailed);
  ereport(LOG, (errmsg("quire cannot be used: %s", message)));
  RetainedWalWarning retained;
  for (;;) {
    retained.Look(CurrentWalLimit().lsn, engine->applied_lsn.load());
    PauseWorker(kGivenUpSleepMs);
  }
}

void GiveUpOnMissingWal(const LogWorker& worker) {
  char message[kFailureBytesMax];
  snprintf(
      message, sizeof(message),
      "the server's log is needed from %s on, but file \"%s\" is not there; put it and all that "
      "follow it back from the archive and restart the server, or restore another backup",
      LsnText(WalPosition(worker.source)).text, WalProblem(worker.source));
  GiveUp(absl::StatusCode::kFailedPrecondition, message);
}

void PauseWorker(int64_t timeout_ms) {
  Sleep(timeout_ms);
  if (ShutdownRequestPending) EndWorker();
}

void RegisterLogWorker() {
  BackgroundWorker worker = {};
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS;
  worker.bgw_start_time = BgWorkerStart_PostmasterStart;
  worker.bgw_restart_time = 1;
  strlcpy(worker.bgw_library_name, "quire", sizeof(worker.bgw_library_name));
  strlcpy(worker.bgw_function_name, "quire_log_worker_main", sizeof(worker.bgw_function_name));
  strlcpy(worker.bgw_name, "quire log worker", sizeof(worker.bgw_name));
  strlcpy(worker.bgw_type, "quire log worker", sizeof(worker.bgw_type));
  RegisterBackgroundWorker(&worker);
}

}  // namespace quire

void quire_log_worker_main(Datum) {
  using namespace quire;
  pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  BackgroundWorkerUnblockSignals();
  MemoryContextSwitchTo(
      AllocSetContextCreate(TopMemoryContext, "quire log worker", ALLOCSET_DEFAULT_SIZES));
  log_worker = new LogWorker;
  on_shmem_exit(LeaveEngine, 0);
  SharedWorkerWords()->latch.store(MyLatch, std::memory_order_release);
  SharedWorkerWords()->pid.store(MyProcPid, std::memory_order_relaxed);
  JoinCheckpoints();
  Start(log_worker);
  Run(log_worker);
  EndWorker();
}
