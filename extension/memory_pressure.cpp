#include "extension/memory_pressure.h"

#include <algorithm>

#include "extension/readiness.h"
#include "extension/settings.h"
#include "extension/shared_region.h"

extern "C" {
#include "postgres.h"

#include "access/xlog.h"
#include "miscadmin.h"
}

namespace quire {

namespace {

// A write that finds memory scarce looks at so many documents, and is content with so many bytes:
// it shares the work with the writes that follow.
constexpr uint64_t kSlotsPerWrite = 4096;
constexpr uint64_t kBytesPerWrite = 64 << 10;
// Between two chances to be cancelled.
constexpr uint64_t kSlotsPerTurn = 16384;
// After a round in vain the next one waits until the engine log has grown by so much for each
// document looked at: a fraction of what writing it costs.
constexpr uint64_t kLogBytesPerSlot = 64;
constexpr uint64_t kLogBytesPerRoundMin = 1 << 20;
// Bodies begin to leave when less than this share of quire.cache_size is left.
constexpr uint64_t kCacheScarceDivisor = 8;

}  // namespace

int64_t MemoryPressure::CacheExcess(uint64_t kept) const {
  const uint64_t limit = CacheBytes();
  if (limit == UINT64_MAX) return 0;
  return UsedBytes(session_->region(), Purpose::kDocuments) - static_cast<int64_t>(limit - kept);
}

bool MemoryPressure::CacheIsScarce() const {
  return CacheExcess(CacheBytes() / kCacheScarceDivisor) > 0;
}

bool MemoryPressure::CacheIsFull() const {
  return CacheExcess(0) > 0;
}

bool MemoryPressure::IsRelieved() const {
  return evictor_.MemoryIsAmple() && !CacheIsScarce();
}

Evictor::Swept MemoryPressure::Sweep(uint64_t slots_max, uint64_t bytes_wanted) {
  Evictor::Swept swept;
  CallEngine([&] {
    swept = evictor_.Sweep(slots_max, bytes_wanted);
    return absl::OkStatus();
  });
  return swept;
}

uint64_t MemoryPressure::SweepAll(bool* unlocated) {
  uint64_t gained = 0;
  const uint64_t slots = evictor_.slots_of_two_rounds();
  for (uint64_t looked_at = 0; looked_at < slots && !IsRelieved();) {
    CHECK_FOR_INTERRUPTS();
    const Evictor::Swept swept = Sweep(kSlotsPerTurn, kBytesPerWrite);
    looked_at += swept.slots;
    gained += swept.bytes;
    *unlocated |= swept.unlocated;
  }
  const uint64_t pause = std::max(slots / 2 * kLogBytesPerSlot, kLogBytesPerRoundMin);
  idle_until_ = gained >= kBytesPerWrite
                    ? 0
                    : engine_->applied_position.load(std::memory_order_relaxed) + pause;
  return gained;
}

void MemoryPressure::Relieve() {
  // More than what was added, so that memory that is scarce becomes less so.
  RelieveBy(std::max(kBytesPerWrite, 2 * static_cast<uint64_t>(Growth())));
  seen_ = session_->used_bytes(Purpose::kDocuments);
}

void MemoryPressure::RelieveBy(uint64_t bytes) {
  if (!evictor_.MemoryIsScarce() && !CacheIsScarce()) return;
  const bool must = evictor_.MemoryIsShort() || CacheIsFull();
  const uint64_t position = engine_->applied_position.load(std::memory_order_relaxed);
  if (position < (must ? idle_until_ : std::max(idle_until_, asked_until_))) return;
  const Evictor::Swept swept = Sweep(kSlotsPerWrite, bytes);
  if (swept.bytes >= bytes) return;
  if (!must) {
    // Nothing new can be evicted before the log worker has come further.
    if (swept.unlocated) {
      engine_->bindings_wanted.fetch_add(1, std::memory_order_acq_rel);
      asked_until_ = position + 1;
    }
    return;
  }
  bool unlocated = swept.unlocated;
  if (SweepAll(&unlocated) >= bytes || !unlocated) return;
  WaitForLogWorker();
  SweepAll(&unlocated);
}

bool MemoryPressure::AfterFullMemory() {
  session_->Reclaim();
  bool unlocated = false;
  if (SweepAll(&unlocated) >= kBytesPerWrite) return true;
  // The collector, too, leaves alone what the engine log does not have yet.
  WaitForLogWorker();
  if (unlocated && SweepAll(&unlocated) >= kBytesPerWrite) return true;
  return WaitForCollector();
}

bool MemoryPressure::WaitForCollector() {
  WorkerWords* words = SharedWorkerWords();
  const uint64_t freed_before = words->versions_freed.load(std::memory_order_relaxed);
  const uint64_t pass = words->passes_begun.load(std::memory_order_seq_cst) + 1;
  BeginAwaitingProgress();
  while (words->collector_pid.load(std::memory_order_acquire) != 0 &&
         words->passes_ended.load(std::memory_order_acquire) < pass) {
    if (words->passes_begun.load(std::memory_order_seq_cst) < pass) WakeCollectorNow();
    AwaitProgress();
  }
  EndAwaitingProgress();
  return words->versions_freed.load(std::memory_order_relaxed) > freed_before;
}

void MemoryPressure::WaitForLogWorker() {
  CallEngine([this] { return writer_->Flush(); });
  // The worker reads what is flushed. What other sessions have not flushed is for them to wait for.
  const uint64_t target = std::max(XactLastRecEnd, XactLastCommitEnd);
  if (target != 0) XLogFlush(target);
  uint64_t ticket = 0;
  BeginAwaitingProgress();
  for (;;) {
    // Raises when the engine has failed meanwhile.
    WaitUntilReady();
    if (engine_->applied_lsn.load(std::memory_order_acquire) >= target) {
      if (ticket == 0) {
        ticket = engine_->bindings_wanted.fetch_add(1, std::memory_order_acq_rel) + 1;
      }
      if (engine_->bindings_made.load(std::memory_order_acquire) >= ticket) break;
    }
    WakeWorkerNow();
    AwaitProgress();
  }
  EndAwaitingProgress();
}

}  // namespace quire
