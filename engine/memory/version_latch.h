// A latch whose readers take nothing: they note its version, read, and look again (V. Leis et al.,
// "The ART of practical synchronization", 2016). Works between processes; eight bytes, zero is
// free.
//
// Any thread or process that maps the region. An OptimisticRead sees bytes that may be changing: it
// reads them as relaxed atomic words, clamps every offset and length before use, and believes
// nothing before Valid() has said yes. A writer starts as a reader and upgrades, which fails when
// anything has changed since. Nobody waits while he holds a VersionHold; whoever meets a held latch
// spins a bounded time, then sleeps on the futex.
//
// Under ThreadSanitizer, which cannot know that racing reads are thrown away, a reader holds the
// latch shared instead; the calls are the same, only Upgrade fails more often.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "engine/base/check.h"

#if defined(__SANITIZE_THREAD__)
#define QUIRE_SHARED_READS 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QUIRE_SHARED_READS 1
#endif
#endif

namespace quire {

class VersionLatch {
 private:
  friend class OptimisticRead;
  friend class VersionHold;

  static constexpr uint64_t kExclusive = 1;
  static constexpr uint64_t kWaiters = 2;  // somebody sleeps; only beside kExclusive
  static constexpr uint64_t kStep = 4;     // one version; with shared reads: one reader

  // The word, once it is not exclusively held.
  uint64_t LoadFree() const {
    const uint64_t word = word_.load(std::memory_order_acquire);
    if ((word & kExclusive) != 0) [[unlikely]] {
      return WaitUntilFree();
    }
    return word;
  }
  uint64_t WaitUntilFree() const;
  void WakeAll() const;

  // kExclusive, kWaiters, and above them the version (61 bits do not wrap).
  mutable std::atomic<uint64_t> word_;
};
static_assert(sizeof(VersionLatch) == 8);

// The right to change what the latch guards. Once something may have changed the holder says
// MarkDirty and then must come to Release; unwinding from half a change stops the process.
class VersionHold {
 public:
  VersionHold() = default;
  ~VersionHold() { ReleaseUnchanged(); }
  VersionHold(VersionHold&& from) noexcept { *this = std::move(from); }
  VersionHold& operator=(VersionHold&& from) noexcept {
    QUIRE_ASSERT(latch_ == nullptr);
    latch_ = std::exchange(from.latch_, nullptr);
    dirty_ = std::exchange(from.dirty_, false);
    return *this;
  }

  bool held() const { return latch_ != nullptr; }
  // Before the first store. From here to Release nothing may fail.
  void MarkDirty() {
    dirty_ = true;
#if !defined(QUIRE_SHARED_READS)
    // Whoever sees a store that follows also sees the latch held.
    std::atomic_thread_fence(std::memory_order_release);
#endif
  }
  // Ends the hold with a new version, so that readers who overlapped it start again.
  void Release() {
    Unlock(VersionLatch::kStep);
  }
  // Ends it where nothing was changed: readers never notice.
  void ReleaseUnchanged() {
    if (latch_ == nullptr) return;
    QUIRE_CHECK(!dirty_);
    Unlock(0);
  }

 private:
  friend class OptimisticRead;
  explicit VersionHold(VersionLatch* latch) : latch_(latch) {}

  void Unlock(uint64_t step) {
    constexpr uint64_t kBits = VersionLatch::kExclusive | VersionLatch::kWaiters;
#if defined(QUIRE_SHARED_READS)
    step = 0;  // the word counts readers, and there are none
#endif
    const uint64_t version = latch_->word_.load(std::memory_order_relaxed) & ~kBits;
    const uint64_t before = latch_->word_.exchange(version + step, std::memory_order_release);
    if ((before & VersionLatch::kWaiters) != 0) latch_->WakeAll();
    latch_ = nullptr;
    dirty_ = false;
  }

  VersionLatch* latch_ = nullptr;
  bool dirty_ = false;
};

#if !defined(QUIRE_SHARED_READS)

class OptimisticRead {
 public:
  // Reads nothing yet.
  OptimisticRead() = default;
  // Waits while the latch is exclusively held.
  explicit OptimisticRead(VersionLatch* latch) : latch_(latch), version_(latch->LoadFree()) {}

  // Whether all that was read since the begin is one unchanged state.
  [[nodiscard]] bool Valid() const {
    std::atomic_thread_fence(std::memory_order_acquire);
    return latch_->word_.load(std::memory_order_relaxed) == version_;
  }
  // Turns the read into a hold, if nothing has changed since its begin. Ends the read either way.
  [[nodiscard]] bool Upgrade(VersionHold* hold) {
    uint64_t version = version_;
    if (!latch_->word_.compare_exchange_strong(version, version | VersionLatch::kExclusive,
                                               std::memory_order_acquire)) {
      return false;
    }
    *hold = VersionHold(latch_);
    return true;
  }

 private:
  VersionLatch* latch_ = nullptr;
  uint64_t version_ = 0;
};

#else

class OptimisticRead {
 public:
  OptimisticRead() = default;
  explicit OptimisticRead(VersionLatch* latch) : latch_(latch) {
    uint64_t word = latch_->LoadFree();
    while (!latch_->word_.compare_exchange_weak(word, word + VersionLatch::kStep,
                                                std::memory_order_acquire)) {
      word = latch_->LoadFree();
    }
  }
  ~OptimisticRead() { Leave(); }
  OptimisticRead(OptimisticRead&& from) noexcept : latch_(std::exchange(from.latch_, nullptr)) {}
  OptimisticRead& operator=(OptimisticRead&& from) noexcept {
    Leave();
    latch_ = std::exchange(from.latch_, nullptr);
    return *this;
  }

  [[nodiscard]] bool Valid() const { return true; }
  // Fails whenever another reader is there: two that wait for each other would wait for ever.
  [[nodiscard]] bool Upgrade(VersionHold* hold);

 private:
  void Leave() {
    if (latch_ == nullptr) return;
    latch_->word_.fetch_sub(VersionLatch::kStep, std::memory_order_release);
    latch_ = nullptr;
  }

  VersionLatch* latch_ = nullptr;
};

#endif

}  // namespace quire
