// Ranges of keys read, forward and backward, while other threads enter and remove keys in them:
// every scan sees what its snapshot sees, in order. Documents that stay are met each time; those
// that come and go do so in pairs, in one transaction, and are met both or not at all.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_format.h"
#include "engine/host/system_clock.h"
#include "engine/local/local_engine.h"
#include "tests/concurrency/stress_options.h"
#include "tests/support/simulated_file_system.h"

namespace quire {
namespace {

constexpr CollectionId kCollection = {.name_space = 1, .number = 1};
constexpr uint32_t kPlaces = 4000;  // where keys may be; every fourth stays
constexpr int kWriters = 2;
constexpr int kReaders = 2;
constexpr int kScans = 500;

std::string KeyOf(uint32_t place) {
  return absl::StrFormat("key%06d", place);
}

class RangeStress {
 public:
  RangeStress(LocalEngine* engine, uint64_t seed) : engine_(engine), seed_(seed) {}

  void Load() {
    auto session = engine_->OpenSession();
    ASSERT_TRUE(session.ok());
    ASSERT_TRUE((*session)->Begin().ok());
    for (uint32_t place = 0; place < kPlaces; place += 4) {
      ASSERT_TRUE((*session)->Insert(kCollection, KeyOf(place), KeyOf(place)).ok());
    }
    ASSERT_TRUE((*session)->Commit().ok());
  }

  // Enters or removes the two documents of a pair: at a place and at its mirror image. Each writer
  // has places of its own.
  void Write(uint32_t index) {
    auto session = engine_->OpenSession();
    ASSERT_TRUE(session.ok());
    std::mt19937_64 random(seed_ + index);
    std::vector<bool> there(kPlaces);
    while (readers_.load() > 0) {
      const auto place = static_cast<uint32_t>(random() % (kPlaces / 8)) * 4 + 1 + index;
      ASSERT_TRUE((*session)->Begin().ok());
      for (const uint32_t at : {place, kPlaces - 4 - (place - place % 4) + place % 4}) {
        if (there[place]) {
          const auto deleted = (*session)->Delete(kCollection, KeyOf(at));
          ASSERT_TRUE(deleted.ok() && *deleted) << deleted.status();
        } else {
          const absl::Status inserted = (*session)->Insert(kCollection, KeyOf(at), KeyOf(at));
          ASSERT_TRUE(inserted.ok()) << inserted;
        }
      }
      ASSERT_TRUE((*session)->Commit().ok());
      there[place] = !there[place];
    }
  }

  void Read(uint32_t index) {
    // However it ends: the writers go on as long as somebody reads.
    const absl::Cleanup ended = [this] { readers_.fetch_sub(1); };
    auto session = engine_->OpenSession();
    ASSERT_TRUE(session.ok());
    std::mt19937_64 random(seed_ * 7 + index);
    for (int i = 0; i < kScans && !testing::Test::HasFailure(); ++i) {
      const auto low = static_cast<uint32_t>(random() % (kPlaces / 2));
      ScanOnce(session->get(), low, kPlaces - low, random() % 2 == 0);
    }
  }

 private:
  void ScanOnce(LocalSession* session, uint32_t low, uint32_t high, bool backward) {
    ASSERT_TRUE(session->Begin().ok());
    const std::string lower = KeyOf(low);
    const std::string upper = KeyOf(high);
    RangeCursor cursor;
    cursor.Begin({.lower = lower, .upper = upper}, backward);
    RowBatch batch;
    std::vector<std::string> keys;
    for (bool more = true; more;) {
      const auto next = session->NextBatchInRange(kCollection, 50, &cursor, &batch);
      ASSERT_TRUE(next.ok()) << next.status();
      more = *next;
      for (size_t i = 0; i < batch.size(); ++i) keys.emplace_back(batch[i].document);
    }
    session->Rollback();
    if (backward) std::reverse(keys.begin(), keys.end());
    ASSERT_TRUE(std::is_sorted(keys.begin(), keys.end()));
    ASSERT_EQ(std::adjacent_find(keys.begin(), keys.end()), keys.end());
    std::vector<bool> met(kPlaces);
    for (const std::string& key : keys) {
      ASSERT_TRUE(key >= lower && key < upper);
      met[std::stoul(key.substr(3))] = true;
    }
    for (uint32_t place = low; place < high; ++place) {
      const uint32_t image = kPlaces - 4 - (place - place % 4) + place % 4;
      if (place % 4 == 0) {
        ASSERT_TRUE(met[place]) << place;
      } else if (image >= low && image < high) {
        ASSERT_EQ(met[place], met[image]) << place << " and " << image;
      }
    }
  }

  LocalEngine* const engine_;
  const uint64_t seed_;
  std::atomic<int> readers_{kReaders};
};

TEST(RangeStressTest, ScansSeeTheirSnapshotInOrder) {
  const uint64_t seed = StressSeed();
  SimulatedFileSystem disk;
  SystemClock clock;
  auto engine = LocalEngine::Open(&disk, &clock, StressOptions());
  ASSERT_TRUE(engine.ok()) << engine.status();
  RangeStress stress(engine->get(), seed);
  stress.Load();
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kWriters; ++i) threads.emplace_back([&stress, i] { stress.Write(i); });
  for (uint32_t i = 0; i < kReaders; ++i) threads.emplace_back([&stress, i] { stress.Read(i); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace quire
