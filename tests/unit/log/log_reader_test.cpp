#include "engine/log/log_reader.h"

#include <string>

#include <gtest/gtest.h>

#include "engine/base/bytes.h"
#include "tests/unit/log/log_helpers.h"

namespace quire {
namespace {

TEST(LogReader, AnAbsentLogIsEmpty) {
  SimulatedFileSystem files;
  auto content = ReadLog(files);
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_FALSE(content->end.has_segment());
  // But not when something was to be in it.
  EXPECT_TRUE(absl::IsDataLoss(ReadLog(files, ReadFrom(1)).status()));
}

TEST(LogReader, ReturnsRecordsAsTheyWereAppended) {
  SimulatedFileSystem files;
  auto writer = LogWriter::Open(&files, kLogFolder, SmallLog(), LogEnd{}).value();
  ASSERT_TRUE(writer->Append(LogRecordType::kOutcome, {0x1'0000'0000, 7}, "outcome").ok());
  ASSERT_TRUE(writer->Append(LogRecordType::kPosition, {0x1'0000'0010, 8}, "").ok());
  ASSERT_TRUE(writer->Sync().ok());
  auto reader = LogReader::Open(&files, kLogFolder, ReadFrom(0)).value();
  LogRecordView record;
  ASSERT_TRUE(reader->Next(&record).value());
  EXPECT_EQ(record.type, LogRecordType::kOutcome);
  EXPECT_EQ(record.lsn, 0x1'0000'0000u);
  EXPECT_EQ(record.timeline, 7u);
  EXPECT_EQ(record.payload, "outcome");
  EXPECT_EQ(record.position, kLogSegmentHeaderBytes);
  const uint64_t next = record.end_position();
  ASSERT_TRUE(reader->Next(&record).value());
  EXPECT_EQ(record.type, LogRecordType::kPosition);
  EXPECT_EQ(record.position, next);
  EXPECT_FALSE(reader->Next(&record).value());
  EXPECT_FALSE(reader->Next(&record).value());
  EXPECT_EQ(reader->end().lsn, 0x1'0000'0010u);
  EXPECT_EQ(reader->end().timeline, 8u);
  EXPECT_EQ(reader->end().position, writer->end().position);
  EXPECT_EQ(reader->identity().engine_id, 22u);
  EXPECT_EQ(reader->torn_bytes(), 0u);
}

TEST(LogReader, BeginsAtAnyRecord) {
  SimulatedFileSystem files;
  const LogContent written = WriteSyncedLog(files, 25);
  for (size_t i = 0; i < written.positions.size(); ++i) {
    auto content = ReadLog(files, ReadFrom(written.positions[i]));
    ASSERT_TRUE(content.ok()) << content.status();
    ASSERT_EQ(content->positions.front(), written.positions[i]);
    EXPECT_EQ(content->payloads.size(), written.payloads.size() - i);
  }
  auto at_end = ReadLog(files, ReadFrom(written.end.position));
  ASSERT_TRUE(at_end.ok()) << at_end.status();
  EXPECT_TRUE(at_end->payloads.empty());
  EXPECT_TRUE(absl::IsDataLoss(ReadLog(files, ReadFrom(written.end.position + 1)).status()));
}

TEST(LogReader, RefusesAnotherServersLog) {
  SimulatedFileSystem files;
  WriteSyncedLog(files, 3);
  LogReaderOptions options = ReadFrom(0);
  options.identity = {12, 22};
  EXPECT_TRUE(absl::IsFailedPrecondition(ReadLog(files, options).status()));
  options.identity = {11, 23};
  EXPECT_TRUE(absl::IsFailedPrecondition(ReadLog(files, options).status()));
  options.identity = {11, 0};
  EXPECT_TRUE(ReadLog(files, options).ok());
}

// Every byte of a log of which each record was synced: damage is told from a torn tail.
TEST(LogReader, EveryByteFlipped) {
  SimulatedFileSystem files;
  const LogContent written = WriteSyncedLog(files, 10);
  const auto starts = ListLogSegments(files, kLogFolder).value();
  ASSERT_EQ(starts.size(), 2u);
  // Some damage has a later segment behind it, some only records.
  ASSERT_LT(starts.back(), written.positions[written.positions.size() - 3]);
  int torn = 0;
  int damaged = 0;
  for (uint64_t start : starts) {
    const std::string path = LogSegmentPath(kLogFolder, start);
    const std::string good = files.Content(path);
    for (size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] ^= static_cast<char>(1 << (i % 8));
      files.SetContent(path, bad);
      auto content = ReadLog(files);
      if (start + i >= written.positions.back()) {
        ASSERT_TRUE(content.ok()) << path << " byte " << i << ": " << content.status();
        ASSERT_EQ(content->payloads.size(), written.payloads.size() - 1);
        ASSERT_EQ(content->end.position, written.positions.back());
        ASSERT_EQ(content->torn_bytes, written.end.position - written.positions.back());
        ++torn;
      } else {
        ASSERT_TRUE(absl::IsDataLoss(content.status())) << path << " byte " << i;
        const std::string message(content.status().message());
        for (const char* word : {path.c_str(), "offset", "expected", "found"}) {
          ASSERT_NE(message.find(word), std::string::npos) << message;
        }
        ++damaged;
      }
    }
    files.SetContent(path, good);
  }
  EXPECT_GT(torn, 150);
  EXPECT_GT(damaged, 10'000);
  EXPECT_TRUE(ReadLog(files).ok());
}

// Several records behind one sync may be lost in any subset: none of this is damage.
TEST(LogReader, WhatWasNotSyncedIsATornTailWhateverFollows) {
  SimulatedFileSystem files;
  auto writer = LogWriter::Open(&files, kLogFolder, SmallLog(5000), LogEnd{}).value();
  ASSERT_TRUE(writer->Append(LogRecordType::kChanges, {1, 1}, "synced").ok());
  ASSERT_TRUE(writer->Sync().ok());
  const uint64_t synced = writer->end().position;
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(writer->Append(LogRecordType::kChanges, {2, 1}, std::string(100, 'u')).ok());
  }
  ASSERT_TRUE(writer->Flush().ok());
  const std::string path = LogSegmentPath(kLogFolder, 0);
  const std::string good = files.Content(path);
  for (size_t i = synced; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 0x20;
    files.SetContent(path, bad);
    auto content = ReadLog(files);
    ASSERT_TRUE(content.ok()) << "byte " << i << ": " << content.status();
    ASSERT_EQ(content->end.position, synced + (i - synced) / 148 * 148);
  }
  // Before it, it is: the records behind say that they were written after a sync.
  std::string bad = good;
  bad[synced - 1] ^= 0x20;
  files.SetContent(path, bad);
  EXPECT_TRUE(absl::IsDataLoss(ReadLog(files).status()));
}

TEST(LogReader, CutAtEveryLength) {
  SimulatedFileSystem files;
  const LogContent written = WriteSyncedLog(files, 12);
  const auto starts = ListLogSegments(files, kLogFolder).value();
  for (uint64_t start : starts) {
    const std::string path = LogSegmentPath(kLogFolder, start);
    const std::string good = files.Content(path);
    for (size_t size = 0; size < good.size(); ++size) {
      files.SetContent(path, good.substr(0, size));
      auto content = ReadLog(files);
      if (start != starts.back()) {
        ASSERT_TRUE(absl::IsDataLoss(content.status())) << path << " size " << size;
        continue;
      }
      ASSERT_TRUE(content.ok()) << path << " size " << size << ": " << content.status();
      size_t whole = 0;
      for (size_t i = 0; i < written.positions.size(); ++i) {
        const uint64_t end =
            written.positions[i] + kLogRecordHeaderBytes + written.payloads[i].size();
        if (end <= start + size) whole = i + 1;
      }
      ASSERT_EQ(content->payloads.size(), whole) << "size " << size;
    }
    files.SetContent(path, good);
  }
}

TEST(LogReader, AMissingSegmentIsDamage) {
  SimulatedFileSystem files;
  WriteSyncedLog(files, 40);
  const auto starts = ListLogSegments(files, kLogFolder).value();
  ASSERT_TRUE(files.Remove(LogSegmentPath(kLogFolder, starts[2])).ok());
  absl::Status status = ReadLog(files).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  // A log that was copied while it grew is cut there; its caller asks the server's WAL for the
  // rest.
  auto content = ReadLog(files, ReadFrom(0, true));
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->end.position, starts[2]);
}

TEST(LogReader, ASegmentOfAnotherHistoryIsDamage) {
  SimulatedFileSystem files;
  SimulatedFileSystem other;
  WriteSyncedLog(files, 10);
  auto writer = LogWriter::Open(&other, kLogFolder, SmallLog(), LogEnd{}).value();
  for (int i = 0; i < 10; ++i) {  // The same lengths, so that the segments have the same names.
    const std::string payload(150 + i * 7 % 100, '#');
    ASSERT_TRUE(writer->Append(LogRecordType::kChanges, {1, 1}, payload).ok());
    ASSERT_TRUE(writer->Sync().ok());
  }
  const uint64_t start = ListLogSegments(files, kLogFolder)->back();
  const std::string path = LogSegmentPath(kLogFolder, start);
  files.SetContent(path, other.Content(path));
  EXPECT_TRUE(absl::IsDataLoss(ReadLog(files).status()));
  auto content = ReadLog(files, ReadFrom(0, true));
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->end.position, start);
}

TEST(LogReader, AfterARestoreTheFirstInvalidRecordIsTheEnd) {
  SimulatedFileSystem files;
  const LogContent written = WriteSyncedLog(files, 12);
  const std::string path = LogSegmentPath(kLogFolder, 0);
  std::string bytes = files.Content(path);
  bytes[written.positions[2] + 60] ^= 1;
  files.SetContent(path, bytes);
  EXPECT_TRUE(absl::IsDataLoss(ReadLog(files).status()));
  LogContent content;
  auto writer = Recover(files, &content, true);
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_EQ(content.payloads.size(), 2u);
  EXPECT_EQ(ListLogSegments(files, kLogFolder)->size(), 1u);
  ASSERT_TRUE((*writer)->Append(LogRecordType::kChanges, {9, 1}, "anew").ok());
  ASSERT_TRUE((*writer)->Sync().ok());
  auto again = ReadLog(files);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->payloads.back(), "anew");
}

TEST(LogReader, AUsersBytesDoNotPoseAsARecord) {
  // A torn record whose payload is a whole, valid-looking log of another seed.
  SimulatedFileSystem other;
  LogWriterOptions options = SmallLog(5000);
  options.identity.engine_id = 99;
  WriteSyncedLog(other, 6, options);
  const std::string imitation = other.Content(LogSegmentPath(kLogFolder, 0));

  SimulatedFileSystem files;
  auto writer = LogWriter::Open(&files, kLogFolder, SmallLog(20'000), LogEnd{}).value();
  // The imitation's records stand at the very positions they claim.
  ASSERT_TRUE(writer
                  ->Append(LogRecordType::kChanges, {1, 1},
                           imitation.substr(kLogSegmentHeaderBytes + kLogRecordHeaderBytes))
                  .ok());
  ASSERT_TRUE(writer->Sync().ok());
  const std::string path = LogSegmentPath(kLogFolder, 0);
  std::string bytes = files.Content(path);
  bytes[kLogSegmentHeaderBytes] ^= 1;
  files.SetContent(path, bytes);
  auto content = ReadLog(files);
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_TRUE(content->payloads.empty());
}

TEST(LogReader, AnUnknownTypeIsNoTornTail) {
  SimulatedFileSystem files;
  auto writer = LogWriter::Open(&files, kLogFolder, SmallLog(), LogEnd{}).value();
  ASSERT_TRUE(writer->Append(static_cast<LogRecordType>(77), {1, 1}, "x").ok());
  ASSERT_TRUE(writer->Sync().ok());
  absl::Status status = ReadLog(files).status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_NE(status.message().find("77"), absl::string_view::npos) << status;
}

}  // namespace
}  // namespace quire
