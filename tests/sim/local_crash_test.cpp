// The server-less engine on a disk that forgets: seeded scripts of transactions, cut at every file
// operation under every policy for what was not synced, recovered, cut again at every operation of
// the recovery, and compared with a model that is a map. Bodies leave memory now and then, and are
// read back from the log.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/local/local_engine.h"
#include "tests/support/manual_clock.h"
#include "tests/support/setting.h"
#include "tests/support/simulated_file_system.h"

namespace quire {
namespace {

using Model = std::map<std::string, std::string>;

constexpr CollectionId kCollection = {.name_space = 7, .number = 1};
constexpr uint64_t kOperationsMin = 50;

LocalOptions Options(SyncPolicy sync) {
  return LocalOptions{.directory = "/log",
                      .memory_bytes = 8 << 20,
                      .sessions_max = 2,
                      .sync = sync,
                      .segment_bytes = 6000};
}

// What a run of a script has told its user so far.
struct Account {
  std::vector<Model> states{
      Model{}};        // after each commit that was asked for, the last perhaps in vain
  size_t durable = 0;  // states before this index may no longer be what is found
  bool cut = false;
};

class Script {
 public:
  Script(uint64_t seed, SyncPolicy sync) : seed_(seed), sync_(sync) {}

  // Plays the script on the disk until it ends or the machine stops.
  Account Play(SimulatedFileSystem* disk) {
    Account account;
    random_.seed(seed_);
    ManualClock clock;
    auto engine = LocalEngine::Open(disk, &clock, Options(sync_));
    if (!engine.ok()) {
      account.cut = true;
      return account;
    }
    auto session = (*engine)->OpenSession();
    EXPECT_TRUE(session.ok());
    for (int transaction = 0; transaction < 40 && !account.cut; ++transaction) {
      clock.Advance(1000);
      PlayTransaction(engine->get(), session->get(), &account);
    }
    session->reset();
    return account;
  }

 private:
  uint64_t Draw(uint64_t below) { return random_() % below; }

  void PlayTransaction(LocalEngine* engine, LocalSession* session, Account* account) {
    Model model = account->states.back();
    EXPECT_TRUE(session->Begin().ok());
    const uint64_t changes = 1 + Draw(4);
    bool ok = true;
    for (uint64_t i = 0; i < changes && ok; ++i) {
      if (Draw(5) == 0) {
        const auto mark = session->Savepoint();
        Model undone = model;
        ok = Change(session, &undone) && session->RollbackTo(mark).ok();
      } else {
        ok = Change(session, &model);
      }
      if (ok && Draw(16) == 0) ok = ReadBack(session, model);
    }
    if (!ok) {
      account->cut = true;
      return;
    }
    if (Draw(6) == 0) {
      session->Rollback();
      return;
    }
    account->states.push_back(std::move(model));
    if (!session->Commit().ok()) {
      account->cut = true;
      return;
    }
    if (sync_ == SyncPolicy::kAlways) account->durable = account->states.size() - 1;
    if (sync_ == SyncPolicy::kNone && Draw(3) == 0) {
      if (engine->Sync().ok()) {
        account->durable = account->states.size() - 1;
      } else {
        account->cut = true;
      }
    }
  }

  // Reads everything from the log. False when the machine has stopped.
  static bool ReadBack(LocalSession* session, const Model& model) {
    if (!session->Evict(UINT64_MAX).ok()) return false;
    for (const auto& [key, document] : model) {
      RowBatch batch;
      const auto there = session->Get(kCollection, key, &batch);
      EXPECT_TRUE(there.ok()) << there.status();
      EXPECT_EQ(batch[0].document, document);
    }
    return true;
  }

  bool Change(LocalSession* session, Model* model) {
    const std::string key = absl::StrCat("key", Draw(12));
    if (Draw(4) == 0) {
      model->erase(key);
      return session->Delete(kCollection, key).ok();
    }
    const uint64_t bytes = Draw(20) == 0 ? 9000 : Draw(300);
    const std::string document = absl::StrCat(random_(), std::string(bytes, 'x'));
    (*model)[key] = document;
    return session->Put(kCollection, key, document).ok();
  }

  const uint64_t seed_;
  const SyncPolicy sync_;
  std::mt19937_64 random_;
};

absl::StatusOr<Model> Recover(SimulatedFileSystem* disk, SyncPolicy sync, bool from_log = false) {
  ManualClock clock;
  auto engine = LocalEngine::Open(disk, &clock, Options(sync));
  if (!engine.ok()) return engine.status();
  auto session = (*engine)->OpenSession();
  if (!session.ok()) return session.status();
  EXPECT_TRUE((*session)->Begin().ok());
  Model found;
  // By key, and the scan, which may read from the log, must agree with it.
  RowBatch batch;
  for (int i = 0; i < 12; ++i) {
    batch.Clear();
    const std::string key = absl::StrCat("key", i);
    const auto there = (*session)->Get(kCollection, key, &batch);
    EXPECT_TRUE(there.ok()) << there.status();
    if (*there) found[key] = std::string(batch[0].document);
  }
  if (from_log) {
    const auto evicted = (*session)->Evict(UINT64_MAX);
    if (!evicted.ok()) return evicted.status();
  }
  auto cursor = (*session)->BeginScan(kCollection);
  std::multiset<std::string> scanned;
  for (;;) {
    const auto more = (*session)->NextBatch(kCollection, 100, &*cursor, &batch);
    EXPECT_TRUE(more.ok()) << more.status();
    for (size_t i = 0; i < batch.size(); ++i) scanned.emplace(batch[i].document);
    if (!*more) break;
  }
  std::multiset<std::string> by_key;
  for (const auto& [key, document] : found) by_key.insert(document);
  EXPECT_EQ(by_key, scanned);
  EXPECT_TRUE((*session)->Commit().ok());
  session->reset();
  return found;
}

::testing::AssertionResult IsOneOf(const Account& account, const Model& found) {
  for (size_t i = account.durable; i < account.states.size(); ++i) {
    if (account.states[i] == found) return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "the recovered state is none of the states "
                                       << account.durable << " to " << account.states.size() - 1;
}

CrashPolicy PolicyOf(int data, uint64_t seed) {
  constexpr CrashPolicy::Data kData[] = {CrashPolicy::Data::kDropped, CrashPolicy::Data::kKept,
                                         CrashPolicy::Data::kTorn};
  constexpr CrashPolicy::Names kNames[] = {CrashPolicy::Names::kDropped, CrashPolicy::Names::kKept,
                                           CrashPolicy::Names::kMixed};
  return {.data = kData[data], .names = kNames[seed % 3]};
}

// Recovers from the disk, and from every cut of that recovery.
uint64_t CheckRecovery(const SimulatedFileSystem& cut, SyncPolicy sync, const Account& account,
                       const CrashPolicy& policy, uint64_t seed) {
  auto disk = cut.AfterPowerCut(policy, seed);
  const auto found = Recover(disk.get(), sync, /*from_log=*/true);
  EXPECT_TRUE(found.ok()) << found.status();
  if (!found.ok()) return 0;
  EXPECT_TRUE(IsOneOf(account, *found));
  uint64_t recoveries = 1;
  const uint64_t operations = disk->operations();
  for (uint64_t operation = 1; operation <= operations; ++operation) {
    auto again = cut.AfterPowerCut(policy, seed);
    again->CrashAt(operation);
    Recover(again.get(), sync).IgnoreError();
    auto after = again->AfterPowerCut(policy, seed + operation);
    const auto second = Recover(after.get(), sync);
    EXPECT_TRUE(second.ok()) << second.status();
    if (!second.ok()) return recoveries;
    EXPECT_TRUE(IsOneOf(account, *second)) << "recovery cut at operation " << operation;
    ++recoveries;
  }
  return recoveries;
}

TEST(LocalCrash, EveryCutOfEveryScriptRecoversToACommit) {
  const uint64_t first = Setting("QUIRE_SIM_SEED", 1);
  const uint64_t scripts = Setting("QUIRE_SIM_SCRIPTS", 20);
  uint64_t cuts = 0;
  uint64_t recoveries = 0;
  for (uint64_t seed = first; seed < first + scripts; ++seed) {
    SCOPED_TRACE(absl::StrCat("QUIRE_SIM_SEED=", seed, " QUIRE_SIM_SCRIPTS=1"));
    const SyncPolicy sync = seed % 2 == 0 ? SyncPolicy::kAlways : SyncPolicy::kNone;
    SimulatedFileSystem whole;
    const Account complete = Script(seed, sync).Play(&whole);
    ASSERT_FALSE(complete.cut);
    const uint64_t operations = whole.operations();
    ASSERT_GE(operations, kOperationsMin);
    for (uint64_t operation = 1; operation <= operations; ++operation) {
      SimulatedFileSystem disk;
      disk.CrashAt(operation);
      const Account account = Script(seed, sync).Play(&disk);
      for (int data = 0; data < 3; ++data) {
        SCOPED_TRACE(absl::StrCat("operation ", operation, ", data policy ", data));
        recoveries += CheckRecovery(disk, sync, account, PolicyOf(data, operation), seed);
        if (HasFailure()) return;
      }
      ++cuts;
    }
  }
  std::printf("%lu scripts, %lu cuts, %lu recoveries\n", scripts, cuts, recoveries);
}

}  // namespace
}  // namespace quire
