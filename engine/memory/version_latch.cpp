#include "engine/memory/version_latch.h"

#include <sched.h>

#include "engine/memory/latch.h"

namespace quire {

namespace {

// The half of the word in which the bits are: what the kernel compares.
std::atomic<uint32_t>* FutexWord(std::atomic<uint64_t>* word) {
  return reinterpret_cast<std::atomic<uint32_t>*>(word);
}

}  // namespace

uint64_t VersionLatch::WaitUntilFree() const {
  for (int spins = 0;; ++spins) {
    uint64_t word = word_.load(std::memory_order_acquire);
    if ((word & kExclusive) == 0) return word;
    if (spins < kSpinsMax) {
      CpuRelax();
      continue;
    }
    if ((word & kWaiters) == 0 &&
        !word_.compare_exchange_weak(word, word | kWaiters, std::memory_order_relaxed)) {
      continue;
    }
    FutexWait(FutexWord(&word_), static_cast<uint32_t>(word | kWaiters));
  }
}

void VersionLatch::WakeAll() const {
  FutexWakeAll(FutexWord(&word_));
}

#if defined(QUIRE_SHARED_READS)

bool OptimisticRead::Upgrade(VersionHold* hold) {
  uint64_t alone = VersionLatch::kStep;
  if (latch_->word_.compare_exchange_strong(alone, VersionLatch::kExclusive,
                                            std::memory_order_acquire)) {
    *hold = VersionHold(std::exchange(latch_, nullptr));
    return true;
  }
  Leave();
  // The other reader may be after the same: he gets the processor, or both fail for ever.
  sched_yield();
  return false;
}

#endif

}  // namespace quire
