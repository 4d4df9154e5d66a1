#include "engine/memory/latch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace quire {
namespace {

// These take and leave latches out of the order that the compiler could follow.

bool IsFree(Latch* latch) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const bool taken = latch->TryLockExclusive();
  if (taken) latch->UnlockExclusive();
  return taken;
}
void Share(Latch* latch) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  latch->LockShared();
}
void Unshare(Latch* latch) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  latch->UnlockShared();
}

TEST(LatchTest, ExclusiveExcludes) {
  Latch latch = {};
  {
    const ExclusiveGuard guard(&latch);
    EXPECT_FALSE(IsFree(&latch));
  }
  EXPECT_TRUE(IsFree(&latch));
}

TEST(LatchTest, SharersExcludeOnlyTheExclusive) {
  Latch latch = {};
  Share(&latch);
  Share(&latch);
  EXPECT_FALSE(IsFree(&latch));
  Unshare(&latch);
  EXPECT_FALSE(IsFree(&latch));
  Unshare(&latch);
  EXPECT_TRUE(IsFree(&latch));
}

// More threads than cores, so that waiters pass the spinning and sleep. Two plain numbers that
// change together; ThreadSanitizer watches them too.
TEST(LatchTest, GuardsWhatItGuards) {
  constexpr int kThreads = 8;
  constexpr uint64_t kRounds = 20'000;
  Latch latch = {};
  uint64_t first = 0;
  uint64_t second = 0;
  std::atomic<uint64_t> unequal = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (uint64_t round = 0; round < kRounds; ++round) {
        if ((round + i) % 4 == 0) {
          const ExclusiveGuard guard(&latch);
          ++first;
          if (round % 1'000 == 0) std::this_thread::yield();
          ++second;
        } else {
          Share(&latch);
          if (first != second) ++unequal;
          Unshare(&latch);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(first, kThreads * kRounds / 4);
  EXPECT_EQ(second, first);
  EXPECT_EQ(unequal, 0u);
  EXPECT_TRUE(IsFree(&latch)) << "nobody is left inside";
}

TEST(FutexTest, WaitReturnsWhenTheWordDiffers) {
  std::atomic<uint32_t> word = 1;
  FutexWait(&word, 2);
  std::thread waiter([&] {
    while (word == 1) FutexWait(&word, 1);
  });
  word = 2;
  FutexWakeAll(&word);
  waiter.join();
  EXPECT_EQ(word, 2u);
}

}  // namespace
}  // namespace quire
