#include "engine/memory/latch.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <climits>

namespace quire {

void FutexWait(std::atomic<uint32_t>* word, uint32_t expected) {
  const timespec limit = {0, 10'000'000};
  syscall(SYS_futex, word, FUTEX_WAIT, expected, &limit, nullptr, 0);
}

void FutexWakeAll(std::atomic<uint32_t>* word) {
  syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void Latch::LockExclusiveSlow() {
  for (int spins = 0;; ++spins) {
    uint32_t word = word_.load(std::memory_order_relaxed);
    if ((word & ~kWaiters) == 0) {
      // Keeps the waiters' bit: whoever else sleeps is woken by our own unlock.
      if (word_.compare_exchange_weak(word, word | kExclusive, std::memory_order_acquire)) return;
      continue;
    }
    if (spins < kSpinsMax) {
      CpuRelax();
      continue;
    }
    if ((word & kWaiters) == 0 &&
        !word_.compare_exchange_weak(word, word | kWaiters, std::memory_order_relaxed)) {
      continue;
    }
    FutexWait(&word_, word | kWaiters);
  }
}

void Latch::LockSharedSlow() {
  for (int spins = 0;; ++spins) {
    uint32_t word = word_.load(std::memory_order_relaxed);
    // New sharers queue behind a sleeping writer, so that a stream of readers cannot starve it.
    if ((word & kExclusive) == 0 && ((word & kWaiters) == 0 || spins > kSpinsMax)) {
      if (word_.compare_exchange_weak(word, word + 1, std::memory_order_acquire)) return;
      continue;
    }
    if (spins < kSpinsMax) {
      CpuRelax();
      continue;
    }
    if ((word & kExclusive) == 0) continue;
    if ((word & kWaiters) == 0 &&
        !word_.compare_exchange_weak(word, word | kWaiters, std::memory_order_relaxed)) {
      continue;
    }
    FutexWait(&word_, word | kWaiters);
  }
}

void Latch::UnlockShared() {
  uint32_t word = word_.load(std::memory_order_relaxed);
  uint32_t after = 0;
  do {
    after = (word & ~kWaiters) == 1 ? 0 : word - 1;
  } while (!word_.compare_exchange_weak(word, after, std::memory_order_release));
  if (after == 0 && (word & kWaiters) != 0) WakeAll();
}

void Latch::WakeAll() {
  FutexWakeAll(&word_);
}

}  // namespace quire
