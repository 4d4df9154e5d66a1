// Sessions as threads on one tree: every kind of call at once, against what each thread knows for
// sure. Runs under ThreadSanitizer too.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/index/tree.h"
#include "tests/concurrency/stress_options.h"
#include "tests/support/plain_region.h"

namespace quire {
namespace {

constexpr uint32_t kThreads = 8;

std::string Key(uint64_t n, bool wide) {
  std::string key(8, '\0');
  StoreBigEndian64(key.data(), n * 0x9e3779b97f4a7c15);
  return wide ? std::string(150, 'w') + key : key;
}

// Each thread owns the numbers that are equal to it modulo the thread count: of those it knows what
// the tree must say. It reads those of the others as well, whose payload must at least belong to
// the key.
class Worker {
 public:
  Worker(const PlainRegion& memory, TreeRoot* root, uint32_t index, uint64_t seed)
      : session_(memory.Open(index + 1)),
        tree_(session_.get(), root),
        index_(index),
        random_(seed + index) {}

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) Step();
  }
  const std::map<std::string, uint64_t>& model() const { return model_; }

 private:
  static constexpr uint64_t kNumbers = 2'000;

  void Step() {
    const Session::Pin pin(session_.get());
    const uint64_t n = random_() % kNumbers * kThreads + index_;
    const std::string key = Key(n, n % 3 == 0);
    const auto known = model_.find(key);
    uint64_t payload = 0;
    switch (random_() % 8) {
      case 0:
      case 1:
        ASSERT_EQ(tree_.Erase(key), known != model_.end());
        if (known != model_.end()) model_.erase(known);
        return;
      case 2:
        ASSERT_EQ(tree_.Find(key, &payload), known != model_.end());
        if (known != model_.end()) {
          ASSERT_EQ(payload, known->second);
        }
        return;
      case 3:
        if (known == model_.end()) return;
        payload = n | random_() << 32;
        ASSERT_TRUE(tree_.UpdatePayload(key, known->second, payload));
        known->second = payload;
        return;
      case 4: {
        const uint64_t other = random_() % (kNumbers * kThreads);
        if (tree_.Find(Key(other, other % 3 == 0), &payload)) {
          ASSERT_EQ(static_cast<uint32_t>(payload), other);
        }
        return;
      }
      case 5:
        CheckScan(key);
        CheckScanBackward(key);
        // Whatever the others do, it is a number.
        ASSERT_GE(tree_.EstimateEntries({.lower = key}), 0);
        return;
      default: {
        payload = n | random_() << 32;
        const auto result = tree_.InsertIfAbsent(key, payload);
        ASSERT_TRUE(result.ok());
        const auto [entry, inserted] = model_.emplace(key, payload);
        ASSERT_EQ(result->inserted, inserted);
        ASSERT_EQ(result->payload, entry->second);
        return;
      }
    }
  }

  // In order, each key with its own payload, and of the thread's own keys all and no other.
  void CheckScan(const std::string& lower) {
    TreeScanBatch batch(50);
    tree_.Scan({.lower = lower}, &batch);
    std::map<std::string, uint64_t> own;
    for (size_t i = 0; i < batch.size(); ++i) {
      const auto number = static_cast<uint32_t>(batch.payload(i));
      ASSERT_EQ(batch.key(i), Key(number, number % 3 == 0));
      if (i == 0) {
        ASSERT_GE(batch.key(i), lower);
      } else {
        ASSERT_GT(batch.key(i), batch.key(i - 1));
      }
      if (number % kThreads == index_) own.emplace(batch.key(i), batch.payload(i));
    }
    const auto end = batch.at_end() ? model_.end() : model_.lower_bound(batch.next_lower());
    const std::map<std::string, uint64_t> expected(model_.lower_bound(lower), end);
    ASSERT_EQ(own, expected);
  }

  void CheckScanBackward(const std::string& upper) {
    TreeScanBatch batch(50);
    tree_.ScanBackward({.upper = upper}, &batch);
    std::map<std::string, uint64_t> own;
    for (size_t i = 0; i < batch.size(); ++i) {
      const auto number = static_cast<uint32_t>(batch.payload(i));
      ASSERT_EQ(batch.key(i), Key(number, number % 3 == 0));
      ASSERT_LT(batch.key(i), i == 0 ? std::string_view(upper) : batch.key(i - 1));
      if (number % kThreads == index_) own.emplace(batch.key(i), batch.payload(i));
    }
    const auto begin = batch.at_end() ? model_.begin() : model_.lower_bound(batch.next_upper());
    const std::map<std::string, uint64_t> expected(begin, model_.lower_bound(upper));
    ASSERT_EQ(own, expected);
  }

  std::unique_ptr<Session> session_;
  Tree tree_;
  const uint32_t index_;
  std::mt19937_64 random_;
  std::map<std::string, uint64_t> model_;
};

TEST(TreeStressTest, ThreadsSeeTheirOwnKeysExactly) {
  const uint64_t seed = StressSeed();
  const PlainRegion memory(uint64_t{64} << 20);
  TreeRoot root = {};
  std::vector<std::unique_ptr<Worker>> workers;
  for (uint32_t i = 0; i < kThreads; ++i) {
    workers.push_back(std::make_unique<Worker>(memory, &root, i, seed));
  }
  std::vector<std::thread> threads;
  for (auto& worker : workers) threads.emplace_back([&worker] { worker->Run(20'000); });
  for (std::thread& thread : threads) thread.join();

  std::map<std::string, uint64_t> expected;
  for (const auto& worker : workers)
    expected.insert(worker->model().begin(), worker->model().end());
  const auto session = memory.Open(100);
  Tree tree(session.get(), &root);
  EXPECT_EQ(tree.statistics().entries, expected.size());
  std::map<std::string, uint64_t> found;
  TreeScanBatch batch(100);
  std::string lower;
  do {
    const Session::Pin pin(session.get());
    tree.Scan({.lower = lower}, &batch);
    for (size_t i = 0; i < batch.size(); ++i) found.emplace(batch.key(i), batch.payload(i));
    lower = batch.next_lower();
  } while (!batch.at_end());
  EXPECT_EQ(found, expected);
  workers.clear();
  tree.FreeAll();
  EXPECT_EQ(UsedBytes(memory.region(), Purpose::kIndexes), 0);
}

// Keys so long that every few insertions split a node, on every level; keys that were there before
// are found all the time, and with their own payload.
TEST(TreeStressTest, ReadersMissNothingWhileNodesSplit) {
  constexpr uint64_t kOld = 2'000;
  constexpr uint64_t kNew = 60'000;
  constexpr int kWriters = 2;
  const auto key_of = [](uint64_t n) {
    std::string key(8, '\0');
    StoreBigEndian64(key.data(), n * 0x9e3779b97f4a7c15);
    return key + std::string(n % 2 == 0 ? 8 : 900, 'x');
  };
  const PlainRegion memory(uint64_t{512} << 20);
  TreeRoot root = {};
  {
    const auto session = memory.Open(1);
    Tree tree(session.get(), &root);
    for (uint64_t n = 0; n < kOld; ++n) {
      const Session::Pin pin(session.get());
      ASSERT_TRUE(tree.InsertIfAbsent(key_of(n), n).ok());
    }
  }
  std::atomic<int> writing = kWriters;
  std::atomic<uint64_t> wrong = 0;
  std::vector<std::thread> threads;
  for (uint64_t writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      const auto session = memory.Open(writer + 1);
      Tree tree(session.get(), &root);
      for (uint64_t n = kOld + writer; n < kOld + kNew; n += kWriters) {
        const Session::Pin pin(session.get());
        if (!tree.InsertIfAbsent(key_of(n), n).ok()) ++wrong;
        // Entries that come and go move the others about.
        if (n % 3 == 0 && !tree.Erase(key_of(n))) ++wrong;
      }
      --writing;
    });
  }
  for (uint64_t reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&, reader] {
      const auto session = memory.Open(kWriters + reader + 1);
      const Tree tree(session.get(), &root);
      std::vector<std::string> keys;
      for (uint64_t n = 0; n < kOld; ++n) keys.push_back(key_of(n));
      for (uint64_t n = reader; writing > 0; n = (n + 7) % kOld) {
        const Session::Pin pin(session.get());
        uint64_t payload = 0;
        if (!tree.Find(keys[n], &payload) || payload != n) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0u);
}

// All threads enter the same keys: exactly one of them is told that it did.
TEST(TreeStressTest, OneInserterWins) {
  constexpr uint64_t kKeys = 20'000;
  const PlainRegion memory(uint64_t{64} << 20);
  TreeRoot root = {};
  std::atomic<uint64_t> inserted = 0;
  std::atomic<uint64_t> wrong = 0;
  std::vector<std::vector<uint64_t>> seen(kThreads, std::vector<uint64_t>(kKeys));
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      const auto session = memory.Open(thread + 1);
      Tree tree(session.get(), &root);
      for (uint64_t i = 0; i < kKeys; ++i) {
        const Session::Pin pin(session.get());
        const auto result = tree.InsertIfAbsent(Key(i, false), i << 8 | thread);
        if (!result.ok()) {
          ++wrong;
          continue;
        }
        if (result->inserted) ++inserted;
        seen[thread][i] = result->payload;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(inserted, kKeys);
  for (const auto& payloads : seen) EXPECT_EQ(payloads, seen[0]);
}

}  // namespace
}  // namespace quire
