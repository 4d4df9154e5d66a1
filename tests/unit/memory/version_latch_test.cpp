#include "engine/memory/version_latch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace quire {
namespace {

TEST(VersionLatchTest, AChangeInvalidatesReaders) {
  VersionLatch latch = {};
#if !defined(QUIRE_SHARED_READS)
  const OptimisticRead reader(&latch);
  EXPECT_TRUE(reader.Valid());
#endif
  {
    OptimisticRead writer(&latch);
    VersionHold hold;
    ASSERT_TRUE(writer.Upgrade(&hold));
    EXPECT_TRUE(hold.held());
#if !defined(QUIRE_SHARED_READS)
    EXPECT_FALSE(reader.Valid());
#endif
    hold.MarkDirty();
    hold.Release();
    EXPECT_FALSE(hold.held());
  }
#if !defined(QUIRE_SHARED_READS)
  EXPECT_FALSE(reader.Valid());
#endif
  EXPECT_TRUE(OptimisticRead(&latch).Valid());
}

TEST(VersionLatchTest, AHoldWithoutChangeGoesUnnoticed) {
  VersionLatch latch = {};
#if !defined(QUIRE_SHARED_READS)
  const OptimisticRead reader(&latch);
#endif
  {
    OptimisticRead writer(&latch);
    VersionHold hold;
    ASSERT_TRUE(writer.Upgrade(&hold));
  }
#if !defined(QUIRE_SHARED_READS)
  EXPECT_TRUE(reader.Valid());
#endif
  OptimisticRead again(&latch);
  VersionHold hold;
  EXPECT_TRUE(again.Upgrade(&hold));
}

TEST(VersionLatchTest, OnlyOneOfTwoReadersUpgrades) {
  VersionLatch latch = {};
  OptimisticRead first(&latch);
  OptimisticRead second(&latch);
  VersionHold hold;
  VersionHold other;
#if defined(QUIRE_SHARED_READS)
  EXPECT_FALSE(first.Upgrade(&hold)) << "another reader is there";
  EXPECT_TRUE(second.Upgrade(&other));
#else
  EXPECT_TRUE(first.Upgrade(&hold));
  EXPECT_FALSE(second.Upgrade(&other));
  hold.MarkDirty();
  hold.Release();
  EXPECT_FALSE(second.Upgrade(&other)) << "the version has moved on";
#endif
}

TEST(VersionLatchDeathTest, UnwindingHalfAChangeStopsTheProcess) {
  EXPECT_DEATH(
      {
        VersionLatch latch = {};
        OptimisticRead read(&latch);
        VersionHold hold;
        if (read.Upgrade(&hold)) hold.MarkDirty();
      },
      "broken invariant");
}

TEST(VersionLatchTest, ReadersBelieveOnlyWholeStates) {
  constexpr int kWriters = 3;
  constexpr uint64_t kRounds = 20'000;
  VersionLatch latch = {};
  std::atomic<uint64_t> first = 0;
  std::atomic<uint64_t> second = 0;
  std::atomic<int> writing = kWriters;
  std::atomic<uint64_t> unequal = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kWriters; ++i) {
    threads.emplace_back([&] {
      for (uint64_t round = 0; round < kRounds;) {
        OptimisticRead read(&latch);
        VersionHold hold;
        if (!read.Upgrade(&hold)) continue;
        hold.MarkDirty();
        first.store(first.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        // Long enough now and then for the others to fall asleep.
        if (round % 500 == 0) std::this_thread::yield();
        second.store(second.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        hold.Release();
        ++round;
      }
      --writing;
    });
  }
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (writing > 0) {
        const OptimisticRead read(&latch);
        const uint64_t a = first.load(std::memory_order_relaxed);
        const uint64_t b = second.load(std::memory_order_relaxed);
        if (read.Valid() && a != b) ++unequal;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(first, kWriters * kRounds);
  EXPECT_EQ(second, first);
  EXPECT_EQ(unequal, 0u);
}

}  // namespace
}  // namespace quire
