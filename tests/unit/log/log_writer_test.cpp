#include "engine/log/log_writer.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/unit/log/log_helpers.h"

namespace quire {
namespace {

TEST(LogWriter, BeginsAnEmptyLog) {
  SimulatedFileSystem files;
  auto writer = LogWriter::Open(&files, kLogFolder, SmallLog(), LogEnd{}).value();
  EXPECT_EQ(writer->end().position, kLogSegmentHeaderBytes);
  EXPECT_EQ(writer->unsynced_bytes(), 0u);
  auto content = ReadLog(files);
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_TRUE(content->payloads.empty());
  EXPECT_EQ(content->end.position, kLogSegmentHeaderBytes);
}

TEST(LogWriter, PositionsAreWhereThePayloadsStand) {
  SimulatedFileSystem files;
  auto writer = LogWriter::Open(&files, kLogFolder, SmallLog(), LogEnd{}).value();
  const uint64_t position = writer->Append(LogRecordType::kChanges, {5, 1}, "payload").value();
  EXPECT_EQ(writer->flushed_position(), kLogSegmentHeaderBytes);
  ASSERT_TRUE(writer->Flush().ok());
  EXPECT_EQ(writer->flushed_position(), writer->end().position);
  EXPECT_EQ(writer->unsynced_bytes(), kLogRecordHeaderBytes + 7);
  const std::string file = files.Content(LogSegmentPath(kLogFolder, 0));
  EXPECT_EQ(file.substr(position, 7), "payload");
  EXPECT_EQ(writer->end().lsn, 5u);
  EXPECT_EQ(writer->end().timeline, 1u);
}

TEST(LogWriter, GoesOnInANewSegment) {
  SimulatedFileSystem files;
  const LogContent written = WriteSyncedLog(files, 30);
  auto starts = ListLogSegments(files, kLogFolder).value();
  ASSERT_GT(starts.size(), 3u);
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t bytes = files.Content(LogSegmentPath(kLogFolder, starts[i])).size();
    EXPECT_LE(bytes, SmallLog().segment_bytes);
    EXPECT_EQ(starts[i] + bytes, i + 1 < starts.size() ? starts[i + 1] : written.end.position);
  }
  auto content = ReadLog(files);
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->payloads, written.payloads);
  EXPECT_EQ(content->positions, written.positions);
  EXPECT_EQ(content->end.crc, written.end.crc);
}

TEST(LogWriter, ARecordLargerThanBufferAndSegmentHasItsOwn) {
  SimulatedFileSystem files;
  auto writer = LogWriter::Open(&files, kLogFolder, SmallLog(), LogEnd{}).value();
  const std::string large(20'000, 'L');
  ASSERT_TRUE(writer->Append(LogRecordType::kChanges, {1, 1}, large).ok());  // The first of all.
  ASSERT_TRUE(writer->Append(LogRecordType::kChanges, {2, 1}, "small").ok());
  ASSERT_TRUE(writer->Append(LogRecordType::kChanges, {3, 1}, large).ok());
  ASSERT_TRUE(writer->Append(LogRecordType::kChanges, {4, 1}, "last").ok());
  ASSERT_TRUE(writer->Sync().ok());
  EXPECT_EQ(ListLogSegments(files, kLogFolder)->size(), 4u);
  auto content = ReadLog(files);
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->payloads, (std::vector<std::string>{large, "small", large, "last"}));
}

TEST(LogWriter, RefusesARecordAboveTheLimit) {
  SimulatedFileSystem files;
  auto writer = LogWriter::Open(&files, kLogFolder, SmallLog(), LogEnd{}).value();
  // Only its size is looked at.
  const std::string_view huge("x", kLogPayloadBytesMax + 1);
  EXPECT_TRUE(absl::IsOutOfRange(writer->Append(LogRecordType::kChanges, {1, 1}, huge).status()));
  EXPECT_TRUE(writer->Append(LogRecordType::kChanges, {1, 1}, "x").ok());
}

TEST(LogWriter, SyncOfNothingTouchesNoFile) {
  SimulatedFileSystem files;
  auto writer = LogWriter::Open(&files, kLogFolder, SmallLog(), LogEnd{}).value();
  ASSERT_TRUE(writer->Append(LogRecordType::kPosition, {1, 1}, "").ok());
  ASSERT_TRUE(writer->Sync().ok());
  const uint64_t operations = files.operations();
  ASSERT_TRUE(writer->Sync().ok());
  EXPECT_EQ(files.operations(), operations);
}

TEST(LogWriter, AnErrorIsFinal) {
  // Write, sync, and every step of a new segment.
  SimulatedFileSystem counting;
  WriteSyncedLog(counting, 10);
  int failures = 0;
  for (uint64_t at = 1; at <= counting.operations(); ++at) {
    SimulatedFileSystem files;
    files.FailAt(at);
    auto writer = LogWriter::Open(&files, kLogFolder, SmallLog(), LogEnd{});
    if (!writer.ok()) continue;
    absl::Status first;
    for (int i = 0; i < 10; ++i) {
      auto appended = (*writer)->Append(LogRecordType::kChanges, {1, 1}, std::string(180, 'x'));
      absl::Status status = appended.ok() ? (*writer)->Sync() : appended.status();
      if (first.ok()) first = status;
      EXPECT_EQ(status, first) << "operation " << at << ", record " << i;
    }
    EXPECT_TRUE(absl::IsUnavailable(first)) << "operation " << at << ": " << first;
    EXPECT_EQ((*writer)->status(), first);
    EXPECT_EQ((*writer)->Flush(), first);
    ++failures;
  }
  EXPECT_GT(failures, 15);
}

TEST(LogWriter, RefusesToContinueWhereTheFileDoesNotEnd) {
  SimulatedFileSystem files;
  LogEnd end = WriteSyncedLog(files, 3).end;
  end.position -= 1;
  EXPECT_FALSE(LogWriter::Open(&files, kLogFolder, SmallLog(), end).ok());
}

TEST(LogWriter, ContinuesWithAHigherIncarnation) {
  SimulatedFileSystem files;
  const LogContent written = WriteSyncedLog(files, 12);
  LogContent found;
  auto writer = Recover(files, &found);
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_EQ(found.payloads, written.payloads);
  EXPECT_EQ((*writer)->end().incarnation, written.end.incarnation + 1);
  ASSERT_TRUE((*writer)->Append(LogRecordType::kChanges, {9, 1}, "more").ok());
  ASSERT_TRUE((*writer)->Sync().ok());
  auto content = ReadLog(files);
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->payloads.size(), 13u);
  EXPECT_EQ(content->end.incarnation, written.end.incarnation + 1);
}

}  // namespace
}  // namespace quire
