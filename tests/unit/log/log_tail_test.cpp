#include "engine/log/log_tail.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/unit/log/log_helpers.h"

namespace quire {
namespace {

TEST(LogTail, CutsAwayATornTail) {
  SimulatedFileSystem files;
  const LogContent written = WriteSyncedLog(files, 5);
  const std::string path = LogSegmentPath(kLogFolder, written.end.segment_start);
  files.SetContent(path, files.Content(path) + std::string(100, '\xee'));
  LogContent content;
  auto writer = Recover(files, &content);
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_EQ(content.torn_bytes, 100u);
  EXPECT_EQ(content.payloads, written.payloads);
  EXPECT_EQ(files.Content(path).size(), written.end.position - written.end.segment_start);
}

TEST(LogTail, TheCutIsDurable) {
  SimulatedFileSystem files;
  const LogContent written = WriteSyncedLog(files, 5);
  LogEnd end = written.end;
  end.position = written.positions[3];
  ASSERT_TRUE(TruncateLogTo(files, kLogFolder, end).ok());
  auto cut = files.AfterPowerCut({CrashPolicy::Data::kDropped, CrashPolicy::Names::kDropped}, 1);
  EXPECT_EQ(cut->Content(LogSegmentPath(kLogFolder, 0)).size(), written.positions[3]);
}

TEST(LogTail, ACutRemovalOfLaterSegmentsLeavesNoHole) {
  SimulatedFileSystem counting;
  const LogContent written = WriteSyncedLog(counting, 40);
  const uint64_t before = counting.operations();
  const auto starts = ListLogSegments(counting, kLogFolder).value();
  ASSERT_GT(starts.size(), 4u);
  LogEnd end;
  end.segment_start = starts[0];
  end.position = starts[1];
  ASSERT_TRUE(TruncateLogTo(counting, kLogFolder, end).ok());
  EXPECT_EQ(ListLogSegments(counting, kLogFolder)->size(), 1u);
  for (uint64_t at = before + 1; at <= counting.operations(); ++at) {
    SimulatedFileSystem files;
    WriteSyncedLog(files, 40);
    files.CrashAt(at);
    EXPECT_FALSE(TruncateLogTo(files, kLogFolder, end).ok());
    for (uint64_t seed = 0; seed < 10; ++seed) {
      auto cut = files.AfterPowerCut({CrashPolicy::Data::kKept, CrashPolicy::Names::kMixed}, seed);
      auto content = ReadLog(*cut);
      EXPECT_TRUE(content.ok()) << "operation " << at << " seed " << seed << ": "
                                << content.status();
    }
  }
}

TEST(LogTail, RemovesASegmentWhoseCreationWasCutShort) {
  for (size_t size : {size_t{0}, size_t{100}, kLogSegmentHeaderBytes}) {
    SimulatedFileSystem files;
    const LogContent written = WriteSyncedLog(files, 5);
    files.SetContent(LogSegmentPath(kLogFolder, written.end.position), std::string(size, '\0'));
    LogContent content;
    auto writer = Recover(files, &content);
    ASSERT_TRUE(writer.ok()) << writer.status();
    EXPECT_EQ(content.payloads, written.payloads);
    EXPECT_EQ(ListLogSegments(files, kLogFolder)->back(), written.end.segment_start);
  }
}

TEST(LogTail, TheFirstSegmentMayBeCutShortToo) {
  SimulatedFileSystem files;
  ASSERT_TRUE(files.CreateDirectory(kLogFolder).ok());
  files.SetContent(LogSegmentPath(kLogFolder, 0), "half a header");
  LogContent content;
  auto writer = Recover(files, &content);
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_FALSE(content.end.has_segment());
  EXPECT_EQ((*writer)->end().position, kLogSegmentHeaderBytes);
}

// A sync fails, the process dies, and the next one sees in the cache what the disk never got.
TEST(LogTail, MakesDurableWhatAFailedSyncLeftInTheCache) {
  // At which operation the last sync of the script fails; also that of a new segment's header and
  // folder.
  for (int records : {5, 7, 8}) {
    SimulatedFileSystem counting;
    WriteSyncedLog(counting, records);
    for (uint64_t back = 0; back < 6; ++back) {
      SimulatedFileSystem files;
      files.FailAt(counting.operations() - back);
      auto opened = LogWriter::Open(&files, kLogFolder, SmallLog(), LogEnd{});
      ASSERT_TRUE(opened.ok());
      for (int i = 0; i < records; ++i) {
        const std::string payload(150 + i * 7 % 100, static_cast<char>('a' + i));
        if (!(*opened)->Append(LogRecordType::kChanges, {1, 1}, payload).ok()) break;
        if (!(*opened)->Sync().ok()) break;
      }
      ASSERT_FALSE((*opened)->status().ok());

      auto restarted = files.AfterProcessCrash();
      LogContent content;
      auto writer = Recover(*restarted, &content);
      ASSERT_TRUE(writer.ok()) << writer.status();
      EXPECT_EQ((*writer)->unsynced_bytes(), 0u);
      // Whoever acts on what was read must find it after the power is cut.
      auto cut =
          restarted->AfterPowerCut({CrashPolicy::Data::kDropped, CrashPolicy::Names::kDropped}, 1);
      auto found = ReadLog(*cut);
      ASSERT_TRUE(found.ok()) << found.status();
      EXPECT_EQ(found->payloads, content.payloads) << records << " records, " << back << " back";
      EXPECT_EQ(found->end.position, content.end.position);
    }
  }
}

TEST(LogTail, SaysSoWhenTheCacheGivesWay) {
  SimulatedFileSystem files;
  LogEnd end = WriteSyncedLog(files, 5).end;
  const std::string path = LogSegmentPath(kLogFolder, end.segment_start);
  std::string bytes = files.Content(path);
  bytes.back() ^= 1;  // As if the page had been dropped and read again from the disk.
  files.SetContent(path, bytes);
  const uint64_t synced = end.synced = 4096;
  EXPECT_TRUE(absl::IsDataLoss(RewriteLogTail(files, kLogFolder, 0, &end)));
  EXPECT_EQ(end.synced, synced);
}

}  // namespace
}  // namespace quire
