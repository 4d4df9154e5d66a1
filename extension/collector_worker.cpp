#include "extension/collector_worker.h"

#include <memory>

#include "engine/base/status.h"
#include "engine/host/system_clock.h"
#include "engine/store/collector.h"
#include "extension/door.h"
#include "extension/horizon.h"
#include "extension/settings.h"
#include "extension/shared_region.h"
#include "extension/transaction_host.h"

extern "C" {
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

PGDLLEXPORT void quire_collector_main(Datum);
}

namespace quire {

namespace {

// A turn is a millisecond or two of work.
constexpr uint32_t kChunksPerTurn = 16;
// Chunks with little garbage wait so long for more of it.
constexpr int64_t kThoroughIntervalUs = 1'000'000;
// Garbage that cannot go yet is looked at again after this; without any the collector sleeps until
// somebody commits a write.
constexpr int64_t kHorizonPauseMs = 100;
constexpr int64_t kLongSleepMs = 10'000;
constexpr int64_t kStartPollMs = 100;
constexpr int kRestartSeconds = 5;
// Readers pin what is retired for microseconds, unless they have lost the processor.
constexpr int kReclaimsMax = 100;
constexpr int64_t kReclaimPauseMs = 1;

// Lives as long as the process.
struct CollectorProcess {
  std::unique_ptr<Session> session;
  ServerTransactions transactions;
  std::unique_ptr<Collector> collector;
  SystemClock clock;
};
CollectorProcess* process = nullptr;

void LeaveEngine(int, Datum) {
  WorkerWords* words = SharedWorkerWords();
  words->collector_latch.store(nullptr, std::memory_order_release);
  words->collector_sleeps.store(0, std::memory_order_relaxed);
  // Who waits for a pass must see that none will come.
  words->collector_pid.store(0, std::memory_order_release);
  process->collector.reset();
  process->session.reset();
}

void Pause(int64_t timeout_ms) {
  if (timeout_ms > 0) {
    WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
              static_cast<long>(timeout_ms), PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
  }
  CHECK_FOR_INTERRUPTS();
  if (ShutdownRequestPending) proc_exit(1);
  if (ConfigReloadPending) {
    ConfigReloadPending = false;
    ProcessConfigFile(PGC_SIGHUP);
  }
}

void Start() {
  while (SharedEngineState()->phase.load(std::memory_order_acquire) != EnginePhase::kReady) {
    Pause(kStartPollMs);
  }
  CallEngine([]() -> absl::Status {
    QUIRE_ASSIGN_OR_RETURN(process->session,
                           Session::Open(SharedRegion(), static_cast<uint64_t>(MyProcPid)));
    process->collector =
        std::make_unique<Collector>(process->session.get(), &process->transactions);
    return absl::OkStatus();
  });
}

// Frees what the pass has retired. When memory is short somebody may wait for just that: then not
// before all readers of the time have gone on, and without keeping a stock.
void GiveBack() {
  for (int tries = 0; tries < kReclaimsMax; ++tries) {
    bool waits = false;
    CallEngine([&] {
      waits = process->session->Reclaim() > 0;
      return absl::OkStatus();
    });
    if (!process->collector->MemoryIsShort()) return;
    if (!waits) break;
    Pause(kReclaimPauseMs);
  }
  CallEngine([] {
    process->collector->Rest();
    return absl::OkStatus();
  });
}

// Returns whether there is garbage at all.
bool RunPass(uint32_t garbage_min) {
  WorkerWords* words = SharedWorkerWords();
  Collector* collector = process->collector.get();
  // Who asks for a pass from here on means the next one.
  words->passes_begun.fetch_add(1, std::memory_order_seq_cst);
  PublishHorizon();
  bool any = false;
  bool done = false;
  CallEngine([&] {
    any = collector->BeginPass(garbage_min);
    return absl::OkStatus();
  });
  for (;;) {
    CallEngine([&]() -> absl::Status {
      QUIRE_ASSIGN_OR_RETURN(done, collector->Turn(kChunksPerTurn));
      return absl::OkStatus();
    });
    if (done) break;
    Pause(collector->MemoryIsShort() ? 0 : WorkerDelayMs());
  }
  GiveBack();
  words->versions_freed.fetch_add(collector->pass().versions, std::memory_order_relaxed);
  words->passes_ended.store(words->passes_begun.load(std::memory_order_relaxed),
                            std::memory_order_release);
  AnnounceProgress();
  return any;
}

void Rest(bool any_garbage) {
  CallEngine([] {
    process->collector->Rest();
    return absl::OkStatus();
  });
  if (any_garbage) {
    Pause(kHorizonPauseMs);
    return;
  }
  std::atomic<uint32_t>& sleeps = SharedWorkerWords()->collector_sleeps;
  sleeps.store(1, std::memory_order_seq_cst);
  bool any = false;
  CallEngine([&] {
    any = process->collector->BeginPass(1);
    return absl::OkStatus();
  });
  if (!any) Pause(kLongSleepMs);
  sleeps.store(0, std::memory_order_relaxed);
}

[[noreturn]] void Run() {
  int64_t thorough_at_us = 0;
  for (;;) {
    const int64_t now_us = process->clock.MonotonicTimeUs();
    const bool thorough = process->collector->MemoryIsShort() || now_us >= thorough_at_us ||
                          SharedWorkerWords()->pass_wanted.exchange(0) != 0;
    if (thorough) thorough_at_us = now_us + kThoroughIntervalUs;
    const bool any = RunPass(thorough ? 1 : Collector::kGarbageWorthwhile);
    if (process->collector->pass().chunks == 0) {
      Rest(any);
    } else {
      Pause(WorkerDelayMs());
    }
  }
}

}  // namespace

void RegisterCollector() {
  BackgroundWorker worker = {};
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
  worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
  worker.bgw_restart_time = kRestartSeconds;
  strlcpy(worker.bgw_library_name, "quire", sizeof(worker.bgw_library_name));
  strlcpy(worker.bgw_function_name, "quire_collector_main", sizeof(worker.bgw_function_name));
  strlcpy(worker.bgw_name, "quire collector", sizeof(worker.bgw_name));
  strlcpy(worker.bgw_type, "quire collector", sizeof(worker.bgw_type));
  RegisterBackgroundWorker(&worker);
}

}  // namespace quire

void quire_collector_main(Datum) {
  using namespace quire;
  pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  BackgroundWorkerUnblockSignals();
  // Joins the server's array of processes. A process that is not in it is told that transactions
  // do not run which do: asked for them, the server leaves out the place of who asks.
  BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
  MemoryContextSwitchTo(
      AllocSetContextCreate(TopMemoryContext, "quire collector", ALLOCSET_DEFAULT_SIZES));
  process = new CollectorProcess;
  on_shmem_exit(LeaveEngine, 0);
  SharedWorkerWords()->collector_latch.store(MyLatch, std::memory_order_release);
  SharedWorkerWords()->collector_pid.store(MyProcPid, std::memory_order_release);
  Start();
  Run();
}
