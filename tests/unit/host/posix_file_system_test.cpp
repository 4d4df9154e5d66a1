#include "engine/host/posix_file_system.h"

#include <stdlib.h>

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace quire {
namespace {

class PosixFileSystemTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "quire_posix_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_;
  PosixFileSystem files_;
};

TEST_F(PosixFileSystemTest, WritesReadsAndCuts) {
  auto file = files_.OpenForWrite(Path("a"), FileSystem::WriteMode::kCreate);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->WriteAt(3, "hello").ok());
  ASSERT_TRUE((*file)->Sync().ok());
  EXPECT_EQ((*file)->Size().value(), 8u);
  char bytes[16];
  EXPECT_EQ((*file)->ReadAt(0, bytes, sizeof(bytes)).value(), 8u);
  EXPECT_EQ(std::string(bytes, 8), std::string("\0\0\0hello", 8));
  EXPECT_EQ((*file)->ReadAt(100, bytes, sizeof(bytes)).value(), 0u);
  ASSERT_TRUE((*file)->Truncate(4).ok());
  EXPECT_EQ((*file)->Size().value(), 4u);
  EXPECT_EQ((*file)->path(), Path("a"));
}

TEST_F(PosixFileSystemTest, WriteModes) {
  EXPECT_TRUE(
      absl::IsNotFound(files_.OpenForWrite(Path("a"), FileSystem::WriteMode::kExisting).status()));
  {
    auto file = files_.OpenForWrite(Path("a"), FileSystem::WriteMode::kCreate);
    ASSERT_TRUE(file.ok() && (*file)->WriteAt(0, "x").ok());
  }
  EXPECT_EQ(files_.OpenForWrite(Path("a"), FileSystem::WriteMode::kCreate).value()->Size().value(),
            1u);
  EXPECT_EQ(
      files_.OpenForWrite(Path("a"), FileSystem::WriteMode::kCreateEmpty).value()->Size().value(),
      0u);
  // A file of documents is nobody else's to read.
  EXPECT_EQ(std::filesystem::status(Path("a")).permissions() & std::filesystem::perms(0077),
            std::filesystem::perms::none);
}

TEST_F(PosixFileSystemTest, NamesAndFolders) {
  ASSERT_TRUE(CreateDirectoryDurably(files_, Path("d")).ok());
  EXPECT_TRUE(files_.CreateDirectory(Path("d")).ok());
  ASSERT_TRUE(files_.OpenForWrite(Path("d/b"), FileSystem::WriteMode::kCreate).ok());
  ASSERT_TRUE(files_.OpenForWrite(Path("d/a"), FileSystem::WriteMode::kCreate).ok());
  EXPECT_EQ(files_.List(Path("d")).value(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(files_.Rename(Path("d/a"), Path("d/c")).ok());
  EXPECT_TRUE(files_.Remove(Path("d/b")).ok());
  EXPECT_TRUE(files_.SyncDirectory(Path("d")).ok());
  EXPECT_EQ(files_.List(Path("d")).value(), (std::vector<std::string>{"c"}));
  EXPECT_TRUE(absl::IsNotFound(files_.List(Path("absent")).status()));
  EXPECT_TRUE(absl::IsNotFound(files_.Remove(Path("absent"))));
  // A file is no folder, although the name exists.
  EXPECT_TRUE(absl::IsUnavailable(files_.CreateDirectory(Path("d/c"))));
}

TEST_F(PosixFileSystemTest, ErrorsNameTheFileAndTheReason) {
  absl::Status status = files_.OpenForRead(Path("absent")).status();
  EXPECT_NE(status.message().find(Path("absent")), absl::string_view::npos) << status;
  EXPECT_NE(status.message().find("No such file"), absl::string_view::npos) << status;
  // A device that is always full.
  auto full = files_.OpenForWrite("/dev/full", FileSystem::WriteMode::kExisting);
  ASSERT_TRUE(full.ok()) << full.status();
  absl::Status written = (*full)->WriteAt(0, "x");
  EXPECT_TRUE(absl::IsUnavailable(written)) << written;
  EXPECT_NE(written.message().find("/dev/full"), absl::string_view::npos) << written;
  EXPECT_NE(written.message().find("No space left"), absl::string_view::npos) << written;
}

TEST(ParentDirectory, OfEveryShapeOfPath) {
  EXPECT_EQ(ParentDirectory("a/b/c"), "a/b");
  EXPECT_EQ(ParentDirectory("c"), ".");
  EXPECT_EQ(ParentDirectory("/c"), "/");
}

}  // namespace
}  // namespace quire
