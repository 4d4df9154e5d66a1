#include "extension/shared_region.h"

#include <sys/mman.h>

#include "engine/base/bytes.h"
#include "engine/quire.h"
#include "extension/door.h"
#include "extension/restored_marker.h"
#include "extension/settings.h"

extern "C" {
#include "postgres.h"

#include "miscadmin.h"
#include "storage/condition_variable.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/wait_event.h"
}

namespace quire {

namespace {

constexpr uint64_t kAlignment = 64 << 10;
constexpr uint64_t kHugePageBytes = 2 << 20;
// Beside the server's own count: sessions that end while their successors begin.
constexpr uint32_t kSpareSessions = 16;
constexpr long kProgressTimeoutMs = 100;

shmem_request_hook_type previous_request_hook = nullptr;
shmem_startup_hook_type previous_startup_hook = nullptr;

std::byte* region_base = nullptr;
uint64_t region_bytes = 0;
EngineState* engine_state = nullptr;
WorkerWords* worker_words = nullptr;

ConditionVariable* ProgressVariable() {
  static_assert(sizeof(ConditionVariable) <= sizeof(WorkerWords::progress));
  return reinterpret_cast<ConditionVariable*>(worker_words->progress);
}

void* MapBytes(uint64_t bytes, int flags) {
  void* mapped =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | flags, -1, 0);
  return mapped == MAP_FAILED ? nullptr : mapped;
}

void RaiseMapFailed(uint64_t bytes) {
  ereport(FATAL, (errmsg("could not map %llu MB of shared memory for quire: %m",
                         static_cast<unsigned long long>(bytes >> 20)),
                  errhint("Lower quire.memory, or let the system give more.")));
}

// Huge pages are taken from a pool at once, since a process that finds the pool empty at a later
// touch would be killed.
std::byte* MapHugePages(uint64_t bytes) {
  if (HugePagesWanted() == HugePages::kOff || bytes % kHugePageBytes != 0) return nullptr;
  return static_cast<std::byte*>(MapBytes(bytes, MAP_HUGETLB));
}

std::byte* MapRegion(uint64_t bytes) {
  std::byte* base = MapHugePages(bytes);
  if (base == nullptr && HugePagesWanted() == HugePages::kOn) RaiseMapFailed(bytes);
  if (base == nullptr) {
    // Room for the alignment, given back below: what stays mapped is exactly quire.memory.
    auto* mapped = static_cast<std::byte*>(MapBytes(bytes + kAlignment, MAP_NORESERVE));
    if (mapped == nullptr) RaiseMapFailed(bytes);
    const uint64_t begin = AlignUp(reinterpret_cast<uint64_t>(mapped), kAlignment);
    base = reinterpret_cast<std::byte*>(begin);
    if (base > mapped) munmap(mapped, static_cast<size_t>(base - mapped));
    const auto tail = static_cast<size_t>(mapped + kAlignment - base);
    if (tail > 0) munmap(base + bytes, tail);
  }
  // A core file with all documents in it serves nobody.
  madvise(base, bytes, MADV_DONTDUMP);
  return base;
}

uint64_t NewIncarnation() {
  uint64_t incarnation = 0;
  while (incarnation == 0) {
    if (!pg_strong_random(&incarnation, sizeof(incarnation))) {
      ereport(FATAL, (errmsg("could not generate a random number")));
    }
  }
  return incarnation;
}

void GiveBackPages() {
  if (madvise(region_base, region_bytes, MADV_REMOVE) != 0) {
    ereport(FATAL, (errmsg("could not empty the shared memory of quire: %m")));
  }
}

void FormatRegionAnew() {
  RegionOptions options;
  options.session_count = static_cast<uint32_t>(MaxBackends) + kSpareSessions;
  options.incarnation = NewIncarnation();
  Report report;
  if (!TryEngine(&report, [&] { return FormatEngine(region_base, region_bytes, options); })) {
    ereport(FATAL, (errmsg("quire: %s", report.message), errhint("Raise quire.memory.")));
  }
  engine_state = GetEngineState(Region(region_base, region_bytes));
}

void Request() {
  if (previous_request_hook != nullptr) previous_request_hook();
  RequestAddinShmemSpace(sizeof(WorkerWords));
}

// Called by the postmaster when the server starts, and again at each crash restart.
void Startup() {
  if (previous_startup_hook != nullptr) previous_startup_hook();
  bool found = false;
  LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
  worker_words = static_cast<WorkerWords*>(ShmemInitStruct("quire", sizeof(WorkerWords), &found));
  if (!found) {
    memset(static_cast<void*>(worker_words), 0, sizeof(WorkerWords));
    ConditionVariableInit(ProgressVariable());
  }
  LWLockRelease(AddinShmemInitLock);

  if (region_base == nullptr) {
    region_bytes = MemoryBytes();
    region_base = MapRegion(region_bytes);
  } else {
    GiveBackPages();
  }
  FormatRegionAnew();
  NoteRestoredFiles();
}

}  // namespace

void InstallSharedRegion() {
  previous_request_hook = shmem_request_hook;
  shmem_request_hook = Request;
  previous_startup_hook = shmem_startup_hook;
  shmem_startup_hook = Startup;
}

bool HasSharedRegion() {
  return engine_state != nullptr;
}

Region SharedRegion() {
  return Region(region_base, region_bytes);
}

EngineState* SharedEngineState() {
  return engine_state;
}

WorkerWords* SharedWorkerWords() {
  return worker_words;
}

void EmptySharedRegion() {
  GiveBackPages();
  FormatRegionAnew();
}

void WakeWorkerNow() {
  ::Latch* latch = worker_words->latch.load(std::memory_order_acquire);
  if (latch != nullptr) SetLatch(latch);
}

void AnnounceProgress() {
  ConditionVariableBroadcast(ProgressVariable());
}

void BeginAwaitingProgress() {
  ConditionVariablePrepareToSleep(ProgressVariable());
}

void AwaitProgress() {
  ConditionVariableTimedSleep(ProgressVariable(), kProgressTimeoutMs, PG_WAIT_EXTENSION);
}

void EndAwaitingProgress() {
  ConditionVariableCancelSleep();
}

void WakeWorker() {
  if (worker_words->sleeps.load(std::memory_order_relaxed) == 0) return;
  worker_words->sleeps.store(0, std::memory_order_relaxed);
  ::Latch* latch = worker_words->latch.load(std::memory_order_acquire);
  if (latch != nullptr) SetLatch(latch);
}

void WakeCollector() {
  if (worker_words->collector_sleeps.load(std::memory_order_relaxed) == 0) return;
  worker_words->collector_sleeps.store(0, std::memory_order_relaxed);
  ::Latch* latch = worker_words->collector_latch.load(std::memory_order_acquire);
  if (latch != nullptr) SetLatch(latch);
}

void WakeCollectorNow() {
  worker_words->pass_wanted.store(1, std::memory_order_seq_cst);
  ::Latch* latch = worker_words->collector_latch.load(std::memory_order_acquire);
  if (latch != nullptr) SetLatch(latch);
}

}  // namespace quire
