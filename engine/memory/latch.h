// A shared/exclusive latch of eight bytes that works between processes.
//
// Any thread or process that maps the region. A waiter spins a bounded time, then sleeps on a
// futex: with more clients than cores the holder may have been preempted. Latches are not
// recursive. A holder that is killed leaves the latch held; the host then restarts all its
// processes and empties the region. Ranks: a latch may be taken only while all latches held have a
// lower rank (see LatchRank).
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"

namespace quire {

// The order in which latches nest, outermost first.
enum class LatchRank : uint32_t {
  kCatalog = 1,
  kTable,
  kTreeNode,
  kSizeClass,
  kPageHeap,
};

class ABSL_LOCKABLE Latch {
 public:
  void LockExclusive() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    uint32_t free = 0;
    if (!word_.compare_exchange_strong(free, kExclusive, std::memory_order_acquire)) {
      LockExclusiveSlow();
    }
  }
  bool TryLockExclusive() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    uint32_t free = 0;
    return word_.compare_exchange_strong(free, kExclusive, std::memory_order_acquire);
  }
  void UnlockExclusive() ABSL_UNLOCK_FUNCTION() {
    const uint32_t before = word_.exchange(0, std::memory_order_release);
    if ((before & kWaiters) != 0) WakeAll();
  }
  void LockShared() ABSL_SHARED_LOCK_FUNCTION() {
    uint32_t word = word_.load(std::memory_order_relaxed);
    if ((word & (kExclusive | kWaiters)) != 0 ||
        !word_.compare_exchange_strong(word, word + 1, std::memory_order_acquire)) {
      LockSharedSlow();
    }
  }
  void UnlockShared() ABSL_UNLOCK_FUNCTION();

 private:
  static constexpr uint32_t kExclusive = 1u << 31;
  static constexpr uint32_t kWaiters = 1u << 30;

  void LockExclusiveSlow();
  void LockSharedSlow();
  void WakeAll();

  // kExclusive, or the number of sharers; kWaiters when somebody sleeps.
  std::atomic<uint32_t> word_;
  [[maybe_unused]] uint32_t reserved_;
};
static_assert(sizeof(Latch) == 8);

class ABSL_SCOPED_LOCKABLE ExclusiveGuard {
 public:
  explicit ExclusiveGuard(Latch* latch) ABSL_EXCLUSIVE_LOCK_FUNCTION(latch) : latch_(latch) {
    latch_->LockExclusive();
  }
  ~ExclusiveGuard() ABSL_UNLOCK_FUNCTION() { latch_->UnlockExclusive(); }
  ExclusiveGuard(const ExclusiveGuard&) = delete;
  ExclusiveGuard& operator=(const ExclusiveGuard&) = delete;

 private:
  Latch* const latch_;
};

// Sleeping and waking on a word that processes share; also used by the tree's latches.
// Sleeps while *word == expected, or until woken, or for at most 10 ms (a lost wake-up costs no
// more).
void FutexWait(std::atomic<uint32_t>* word, uint32_t expected);
void FutexWakeAll(std::atomic<uint32_t>* word);

// One step of a bounded spin.
inline void CpuRelax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::atomic_signal_fence(std::memory_order_seq_cst);
#endif
}
constexpr int kSpinsMax = 200;

}  // namespace quire
