// Threads as sessions on the server-less engine, meant for the thread sanitizer: transfers between
// accounts keep their sum in every snapshot, documents come and go, savepoints are rolled back, the
// collector takes away behind them, and what each thread was told is what is there at the end. Once
// with all in memory, once while other threads take bodies out of memory all the time. Runs for
// QUIRE_STRESS_SECONDS in all.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/local/local_engine.h"
#include "engine/host/system_clock.h"
#include "tests/concurrency/stress_options.h"
#include "tests/support/setting.h"
#include "tests/support/simulated_file_system.h"

namespace quire {
namespace {

constexpr CollectionId kAccounts = {.name_space = 1, .number = 1};
constexpr CollectionId kVisitors = {.name_space = 1, .number = 2};
constexpr int kAccountCount = 20;
constexpr int64_t kBalance = 1000;
constexpr int kThreads = 4;

std::string AccountKey(uint64_t i) {
  return absl::StrCat("account", i);
}

// A balance, padded so that versions come in several sizes.
std::string Document(int64_t balance, uint64_t padding) {
  return absl::StrCat(balance, " ", std::string(padding % 500, 'p'));
}

int64_t BalanceOf(std::string_view document) {
  return std::stoll(std::string(document.substr(0, document.find(' '))));
}

class Stress {
 public:
  Stress(LocalEngine* engine, uint64_t seed) : engine_(engine), seed_(seed) {}

  void Worker(int index) {
    auto opened = engine_->OpenSession();
    ASSERT_TRUE(opened.ok());
    LocalSession& session = **opened;
    std::mt19937_64 random(seed_ * 100 + static_cast<uint64_t>(index));
    while (!stop_.load(std::memory_order_relaxed)) {
      switch (random() % 8) {
        case 0:
          Audit(&session);
          break;
        case 1:
          Visit(&session, index, random());
          break;
        default:
          Transfer(&session, &random);
          break;
      }
    }
  }

  void Evict() {
    auto session = engine_->OpenSession();
    ASSERT_TRUE(session.ok());
    while (!stop_.load(std::memory_order_relaxed)) {
      const auto gained = (*session)->Evict(UINT64_MAX);
      ASSERT_TRUE(gained.ok()) << gained.status();
    }
  }

  void Collect() {
    while (!stop_.load(std::memory_order_relaxed)) {
      const absl::Status status = engine_->Collect();
      ASSERT_TRUE(status.ok()) << status;
      ++passes_;
    }
  }

  // REQUIRES: the threads have ended. Everything that is gone has left nothing behind.
  void ExpectNoGarbage() {
    // The first pass settles and cuts, the second has nothing left to wait for.
    for (int pass = 0; pass < 2; ++pass) ASSERT_TRUE(engine_->Collect().ok());
    auto session = Session::Open(engine_->region(), 1'000'000);
    ASSERT_TRUE(session.ok());
    int64_t bytes = 0;
    Catalog(session->get()).ForEach([&](CollectionState* collection) {
      EXPECT_EQ(collection->garbage.load(), 0);
      EXPECT_EQ(collection->versions.load(), collection->documents.load());
      EXPECT_EQ(collection->primary.entries.load(),
                static_cast<uint64_t>(collection->documents.load()));
      bytes += collection->bytes.load();
    });
    // What a thread retired last waits in its slot.
    EXPECT_GE(UsedBytes(engine_->region(), Purpose::kDocuments), bytes);
  }

  void Stop() { stop_.store(true); }
  uint64_t passes() const { return passes_; }
  uint64_t transfers() const { return transfers_; }
  uint64_t conflicts() const { return conflicts_; }
  uint64_t audits() const { return audits_; }

  void Audit(LocalSession* session) {
    ASSERT_TRUE(session->Begin().ok());
    auto cursor = session->BeginScan(kAccounts);
    ASSERT_TRUE(cursor.ok());
    RowBatch batch;
    int64_t sum = 0;
    int accounts = 0;
    for (bool more = true; more;) {
      const auto result = session->NextBatch(kAccounts, 7, &*cursor, &batch);
      ASSERT_TRUE(result.ok()) << result.status();
      more = *result;
      for (size_t i = 0; i < batch.size(); ++i) {
        sum += BalanceOf(batch[i].document);
        ++accounts;
      }
    }
    EXPECT_EQ(accounts, kAccountCount);
    EXPECT_EQ(sum, kAccountCount * kBalance);
    EXPECT_TRUE(session->Commit().ok());
    ++audits_;
  }

 private:
  // Moves money between two accounts, sometimes by way of a savepoint that is undone.
  void Transfer(LocalSession* session, std::mt19937_64* random) {
    const uint64_t from = (*random)() % kAccountCount;
    const uint64_t to = (from + 1 + (*random)() % (kAccountCount - 1)) % kAccountCount;
    const auto amount = static_cast<int64_t>((*random)() % 100);
    ASSERT_TRUE(session->Begin().ok());
    absl::Status status = Move(session, from, -amount, (*random)());
    if (status.ok() && (*random)() % 4 == 0) {
      const auto mark = session->Savepoint();
      status = Move(session, to, amount * 2, (*random)());
      if (status.ok()) status = session->RollbackTo(mark);
    }
    if (status.ok()) status = Move(session, to, amount, (*random)());
    if (status.ok() && (*random)() % 8 != 0) {
      status = session->Commit();
      if (status.ok()) ++transfers_;
    } else {
      session->Rollback();
    }
    if (!status.ok()) {
      EXPECT_EQ(status.code(), absl::StatusCode::kAborted) << status;
      ++conflicts_;
    }
  }

  static absl::Status Move(LocalSession* session, uint64_t account, int64_t amount,
                           uint64_t padding) {
    RowBatch batch;
    const auto found = session->Get(kAccounts, AccountKey(account), &batch);
    if (!found.ok()) return found.status();
    EXPECT_TRUE(*found);
    return session->Put(kAccounts, AccountKey(account),
                        Document(BalanceOf(batch[0].document) + amount, padding));
  }

  // A document that comes and goes: the thread's own, of which it knows everything, or one that all
  // fight for.
  static void Visit(LocalSession* session, int index, uint64_t choice) {
    const bool own = choice % 2 == 0;
    const std::string key =
        own ? absl::StrCat("visitor", index, "-", choice % 50) : absl::StrCat("guest", choice % 5);
    ASSERT_TRUE(session->Begin().ok());
    RowBatch batch;
    const auto there = session->Get(kVisitors, key, &batch);
    ASSERT_TRUE(there.ok());
    absl::Status status;
    if (*there) {
      EXPECT_EQ(batch[0].document, key);
      const auto deleted = session->Delete(kVisitors, key);
      status = deleted.status();
      if (deleted.ok()) {
        EXPECT_TRUE(*deleted);
      }
    } else {
      status = session->Insert(kVisitors, key, key);
    }
    if (status.ok() && choice % 7 != 0) {
      status = session->Commit();
    } else {
      session->Rollback();
    }
    EXPECT_TRUE(status.ok() || (!own && (absl::IsAborted(status) || absl::IsAlreadyExists(status))))
        << status;
  }

  LocalEngine* const engine_;
  const uint64_t seed_;
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> transfers_{0};
  std::atomic<uint64_t> conflicts_{0};
  std::atomic<uint64_t> audits_{0};
  std::atomic<uint64_t> passes_{0};
};

class LocalStress : public testing::TestWithParam<int> {};

TEST_P(LocalStress, SumsHoldInEverySnapshot) {
  const int evictors = GetParam();
  const uint64_t seed = StressSeed();
  SimulatedFileSystem disk;
  SystemClock clock;
  auto engine = LocalEngine::Open(&disk, &clock, StressOptions());
  ASSERT_TRUE(engine.ok()) << engine.status();
  {
    auto session = (*engine)->OpenSession();
    ASSERT_TRUE((*session)->Begin().ok());
    for (int i = 0; i < kAccountCount; ++i) {
      ASSERT_TRUE((*session)
                      ->Insert(kAccounts, AccountKey(static_cast<uint64_t>(i)),
                               Document(kBalance, static_cast<uint64_t>(i)))
                      .ok());
    }
    ASSERT_TRUE((*session)->Commit().ok());
  }
  Stress stress(engine->get(), seed);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([&, i] { stress.Worker(i); });
  threads.emplace_back([&] { stress.Collect(); });
  for (int i = 0; i < evictors; ++i) threads.emplace_back([&] { stress.Evict(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(Setting("QUIRE_STRESS_SECONDS", 5) * 500));
  stress.Stop();
  for (std::thread& thread : threads) thread.join();
  auto session = (*engine)->OpenSession();
  stress.Audit(session->get());
  stress.ExpectNoGarbage();
  EXPECT_GT(stress.transfers(), 0u);
  EXPECT_GT(stress.passes(), 0u);
  const EngineState& state = *GetEngineState((*engine)->region());
  EXPECT_EQ(state.bodies_evicted.load() > 0, evictors > 0);
  // Old versions go while the threads run: what is left is little more than one version a document.
  EXPECT_LT(UsedBytes((*engine)->region(), Purpose::kDocuments), 8 << 20);
  std::printf("%lu transfers, %lu conflicts, %lu audits, %lu passes, %lu bodies evicted\n",
              stress.transfers(), stress.conflicts(), stress.audits(), stress.passes(),
              state.bodies_evicted.load());
}

INSTANTIATE_TEST_SUITE_P(Evictors, LocalStress, testing::Values(0, 2));

}  // namespace
}  // namespace quire
