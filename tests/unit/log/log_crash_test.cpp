// The engine log over a disk that forgets: scripts of appends and syncs, cut at every file
// operation, recovery cut at every operation again. The model: what is found is a prefix of what
// was appended, and holds at least what was synced; damage is never reported.
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/log/log_helpers.h"

namespace quire {
namespace {

struct Model {
  std::vector<std::string> appended;
  size_t synced = 0;
};

// Runs the script until its end or the crash.
void RunScript(LogWriter& writer, uint64_t seed, int steps, Model* model) {
  std::mt19937_64 random(seed);
  for (int step = 0; step < steps; ++step) {
    const uint64_t kind = random() % 8;
    if (kind < 5) {
      const size_t size = kind == 0 && random() % 6 == 0 ? 3000 : random() % 400;
      std::string payload(size, static_cast<char>(random()));
      for (size_t i = 0; i < payload.size(); i += 50) payload[i] = static_cast<char>(random());
      // May be in the file even when the answer is an error.
      model->appended.push_back(payload);
      if (!writer.Append(LogRecordType::kChanges, {random(), 1}, payload).ok()) return;
    } else if (kind < 7) {
      if (!writer.Sync().ok()) return;
      model->synced = model->appended.size();
    } else if (!writer.Flush().ok()) {
      return;
    }
  }
}

void ExpectPrefix(const std::vector<std::string>& found, const Model& model,
                  const std::string& at) {
  ASSERT_GE(found.size(), model.synced) << at;
  ASSERT_LE(found.size(), model.appended.size()) << at;
  for (size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], model.appended[i]) << at;
}

CrashPolicy Policy(uint64_t n) {
  return {static_cast<CrashPolicy::Data>(n % 4), static_cast<CrashPolicy::Names>(n / 4 % 3)};
}
constexpr uint64_t kPolicies = 12;

// Recovery of `disk`, cut at each of its operations, then whole, then continued.
void RecoverAtEveryCut(const SimulatedFileSystem& disk, const Model& model, uint64_t seed,
                       const std::string& at) {
  for (uint64_t cut = 1;; ++cut) {
    auto files = disk.AfterProcessCrash();
    files->CrashAt(cut);
    LogContent content;
    auto writer = Recover(*files, &content);
    if (!files->crashed()) {
      ASSERT_TRUE(writer.ok()) << at << ": " << writer.status();
      ExpectPrefix(content.payloads, model, at);
      if (testing::Test::HasFatalFailure()) return;
      // What recovery has read it has made durable, and the log goes on behind it.
      Model next;
      next.appended = content.payloads;
      next.synced = content.payloads.size();
      RunScript(**writer, seed + cut, 8, &next);
      auto again = files->AfterPowerCut(Policy(seed + cut), seed);
      LogContent found;
      auto recovered = Recover(*again, &found);
      ASSERT_TRUE(recovered.ok()) << at << ", continued: " << recovered.status();
      ExpectPrefix(found.payloads, next, at + ", continued");
      return;
    }
    ASSERT_FALSE(writer.ok()) << at;
    auto again = files->AfterPowerCut(Policy(seed + cut), seed);
    LogContent found;
    auto recovered = Recover(*again, &found);
    const std::string where = at + ", recovery cut at " + std::to_string(cut);
    ASSERT_TRUE(recovered.ok()) << where << ": " << recovered.status();
    ExpectPrefix(found.payloads, model, where);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(LogCrash, EveryOperationUnderEveryPolicy) {
  const uint64_t first_seed = 1000;
  uint64_t operations = 0;
  for (uint64_t seed = first_seed; seed < first_seed + 5; ++seed) {
    for (uint64_t cut = 1;; ++cut) {
      SimulatedFileSystem files;
      files.CrashAt(cut);
      Model model;
      auto writer = LogWriter::Open(&files, kLogFolder, SmallLog(), LogEnd{});
      if (writer.ok()) RunScript(**writer, seed, 60, &model);
      for (uint64_t policy = 0; policy < kPolicies; ++policy) {
        auto disk = files.AfterPowerCut(Policy(policy), seed + policy);
        const std::string at = "seed " + std::to_string(seed) + ", cut at " + std::to_string(cut) +
                               ", policy " + std::to_string(policy);
        RecoverAtEveryCut(*disk, model, seed + policy, at);
        ASSERT_FALSE(HasFatalFailure());
      }
      ++operations;
      if (!files.crashed()) break;
    }
  }
  EXPECT_GE(operations, 5 * 50u);  // Scripts of at least 50 operations.
}

TEST(LogCrash, EveryFailureThenARestart) {
  const uint64_t first_seed = 2000;
  for (uint64_t seed = first_seed; seed < first_seed + 5; ++seed) {
    bool failed = true;
    for (uint64_t at = 1; failed; ++at) {
      SimulatedFileSystem files;
      files.FailAt(at);
      Model model;
      auto writer = LogWriter::Open(&files, kLogFolder, SmallLog(), LogEnd{});
      failed = !writer.ok();
      if (writer.ok()) {
        RunScript(**writer, seed, 60, &model);
        failed = !(*writer)->status().ok();
      }
      const std::string where =
          "seed " + std::to_string(seed) + ", failure at " + std::to_string(at);
      // The process alone, and the machine: a failed sync shows itself only in the second.
      RecoverAtEveryCut(*files.AfterProcessCrash(), model, seed + at, where);
      ASSERT_FALSE(HasFatalFailure());
      auto cut = files.AfterPowerCut(Policy(seed + at), seed);
      RecoverAtEveryCut(*cut, model, seed + at, where + ", power cut");
      ASSERT_FALSE(HasFatalFailure());
    }
  }
}

}  // namespace
}  // namespace quire
