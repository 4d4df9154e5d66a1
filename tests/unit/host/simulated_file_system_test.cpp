#include "tests/support/simulated_file_system.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace quire {
namespace {

using Data = CrashPolicy::Data;
using Names = CrashPolicy::Names;
using WriteMode = FileSystem::WriteMode;

std::unique_ptr<File> Create(SimulatedFileSystem& files, const std::string& path) {
  return files.OpenForWrite(path, WriteMode::kCreate).value();
}

TEST(SimulatedFileSystem, KeepsWhatWasSynced) {
  SimulatedFileSystem files;
  auto file = Create(files, "a");
  ASSERT_TRUE(file->WriteAt(0, "synced").ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(files.SyncDirectory(".").ok());
  ASSERT_TRUE(file->WriteAt(6, " not").ok());
  EXPECT_EQ(files.AfterPowerCut({Data::kDropped, Names::kDropped}, 1)->Content("a"), "synced");
  EXPECT_EQ(files.AfterPowerCut({Data::kKept, Names::kDropped}, 1)->Content("a"), "synced not");
  EXPECT_EQ(files.AfterProcessCrash()->Content("a"), "synced not");
}

TEST(SimulatedFileSystem, ForgetsNamesThatTheFolderWasNotSyncedFor) {
  SimulatedFileSystem files;
  ASSERT_TRUE(CreateDirectoryDurably(files, "d").ok());
  ASSERT_TRUE(Create(files, "d/a")->Sync().ok());
  EXPECT_TRUE(files.AfterPowerCut({Data::kKept, Names::kDropped}, 1)->List("d")->empty());
  ASSERT_TRUE(files.SyncDirectory("d").ok());
  ASSERT_TRUE(files.Rename("d/a", "d/b").ok());
  using List = std::vector<std::string>;
  EXPECT_EQ(files.AfterPowerCut({Data::kKept, Names::kDropped}, 1)->List("d").value(), List{"a"});
  EXPECT_EQ(files.AfterPowerCut({Data::kKept, Names::kKept}, 1)->List("d").value(), List{"b"});
  ASSERT_TRUE(files.CreateDirectory("d/e").ok());
  ASSERT_TRUE(Create(files, "d/e/x")->Sync().ok());
  ASSERT_TRUE(files.SyncDirectory("d/e").ok());
  // The folder itself has no durable name, so what is in it is lost with it.
  auto cut = files.AfterPowerCut({Data::kKept, Names::kDropped}, 1);
  EXPECT_TRUE(absl::IsNotFound(cut->List("d/e").status()));
}

TEST(SimulatedFileSystem, TearsBySectorsAndSizes) {
  SimulatedFileSystem files;
  auto file = Create(files, "a");
  ASSERT_TRUE(files.SyncDirectory(".").ok());
  ASSERT_TRUE(file->WriteAt(0, std::string(2048, 'o')).ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->WriteAt(0, std::string(4096, 'n')).ok());
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    std::string content = files.AfterPowerCut({Data::kTorn, Names::kKept}, seed)->Content("a");
    ASSERT_GE(content.size(), 2048u);
    ASSERT_LE(content.size(), 4096u);
    for (size_t at = 0; at < content.size(); at += 512) {
      const std::string sector = content.substr(at, 512);
      ASSERT_EQ(sector, std::string(sector.size(), sector[0])) << "seed " << seed << " at " << at;
      ASSERT_TRUE(sector[0] == 'n' || sector[0] == (at < 2048 ? 'o' : '\0')) << "seed " << seed;
    }
    ASSERT_EQ(content, files.AfterPowerCut({Data::kTorn, Names::kKept}, seed)->Content("a"));
    seen.insert(content);
  }
  EXPECT_GT(seen.size(), 100u);
}

TEST(SimulatedFileSystem, StopsInTheMiddleOfTheChosenOperation) {
  for (uint64_t at = 1; at <= 4; ++at) {
    SimulatedFileSystem files;
    files.CrashAt(at);
    auto file = files.OpenForWrite("a", WriteMode::kCreate);
    EXPECT_EQ(file.ok(), at > 1);
    if (file.ok()) {
      EXPECT_EQ((*file)->WriteAt(0, "x").ok(), at > 2);
      EXPECT_EQ((*file)->Sync().ok(), at > 3);
      EXPECT_FALSE(files.SyncDirectory(".").ok());
    }
    EXPECT_TRUE(files.crashed());
    EXPECT_FALSE(files.OpenForRead("a").ok());
    EXPECT_EQ(files.operations(), at);
    // What was under way may have happened.
    auto cut = files.AfterPowerCut({Data::kKept, Names::kKept}, 1);
    EXPECT_EQ(cut->Content("a"), at == 1 ? "" : "x");
    auto dropped = files.AfterPowerCut({Data::kDropped, Names::kKept}, 1);
    EXPECT_EQ(dropped->Content("a"), at == 4 ? "x" : "");
  }
}

TEST(SimulatedFileSystem, AFailedSyncLosesItsBytesForGood) {
  SimulatedFileSystem files;
  auto file = Create(files, "a");
  ASSERT_TRUE(files.SyncDirectory(".").ok());
  ASSERT_TRUE(file->WriteAt(0, "lost").ok());
  files.FailAt(4);
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_EQ(files.Content("a"), "lost");  // In the cache.
  EXPECT_EQ(files.AfterPowerCut({Data::kKept, Names::kKept}, 1)->Content("a"), "");
  auto restarted = files.AfterProcessCrash();
  EXPECT_EQ(restarted->Content("a"), "lost");
  EXPECT_EQ(restarted->AfterPowerCut({Data::kKept, Names::kKept}, 1)->Content("a"), "");
  ASSERT_TRUE(file->WriteAt(0, "lost").ok());
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_EQ(files.AfterPowerCut({Data::kDropped, Names::kDropped}, 1)->Content("a"), "lost");
}

TEST(SimulatedFileSystem, FailsOnceOrForEver) {
  SimulatedFileSystem files;
  auto file = Create(files, "a");
  files.FailAt(2);
  EXPECT_TRUE(absl::IsUnavailable(file->WriteAt(0, "abcd")));
  EXPECT_EQ(files.Content("a"), "ab");
  EXPECT_TRUE(file->WriteAt(0, "abcd").ok());
  files.FailFrom(4);
  EXPECT_FALSE(file->WriteAt(4, "x").ok());
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_FALSE(files.Remove("a").ok());
  EXPECT_FALSE(files.crashed());
}

}  // namespace
}  // namespace quire
