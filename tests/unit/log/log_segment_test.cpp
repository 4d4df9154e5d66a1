#include "engine/log/log_segment.h"

#include <string>

#include <gtest/gtest.h>

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "tests/unit/log/log_helpers.h"

namespace quire {
namespace {

TEST(LogSegment, Names) {
  EXPECT_EQ(LogSegmentName(0), "0000000000000000.qlog");
  EXPECT_EQ(LogSegmentName(0x0123456789abcdef), "0123456789abcdef.qlog");
  EXPECT_EQ(ParseLogSegmentName("0123456789abcdef.qlog"), 0x0123456789abcdefu);
  for (const char* name : {"", "0123456789abcdef", "0123456789ABCDEF.qlog", "123.qlog",
                           "0123456789abcdef.qlog.new", "0123456789abcdeg.qlog"}) {
    EXPECT_FALSE(ParseLogSegmentName(name).has_value()) << name;
  }
}

TEST(LogSegment, HeaderRoundTripAndEveryByte) {
  const LogSegmentHeader header{{1, 2}, 0x5000, 77};
  const std::string bytes = EncodeLogSegmentHeader(header);
  ASSERT_EQ(bytes.size(), kLogSegmentHeaderBytes);
  auto read = DecodeLogSegmentHeader(bytes, 0x5000, "f").value();
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->identity.system_id, 1u);
  EXPECT_EQ(read->identity.engine_id, 2u);
  EXPECT_EQ(read->start, 0x5000u);
  EXPECT_EQ(read->seed, 77u);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string wrong = bytes;
    wrong[i] ^= 0x10;
    EXPECT_FALSE(DecodeLogSegmentHeader(wrong, 0x5000, "f").value().has_value()) << i;
  }
  // Under another name, and cut short.
  EXPECT_FALSE(DecodeLogSegmentHeader(bytes, 0x5001, "f").value().has_value());
  EXPECT_FALSE(DecodeLogSegmentHeader(bytes.substr(1), 0x5000, "f").value().has_value());
}

TEST(LogSegment, RefusesAVersionItDoesNotKnow) {
  std::string bytes = EncodeLogSegmentHeader({{1, 2}, 0x5000, 77});
  Store(&bytes[8], uint32_t{2});
  Store(&bytes[12], uint32_t{0});
  Store(&bytes[12], Crc32c(0, bytes));
  absl::Status status = DecodeLogSegmentHeader(bytes, 0x5000, "the file").status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_NE(status.message().find("the file"), absl::string_view::npos) << status;
}

TEST(LogSegment, RemovesOnlyWhatLiesWhollyBefore) {
  SimulatedFileSystem files;
  const LogContent written = WriteSyncedLog(files, 40);
  const auto starts = ListLogSegments(files, kLogFolder).value();
  ASSERT_GT(starts.size(), 4u);
  EXPECT_EQ(RemoveLogSegmentsBefore(files, kLogFolder, starts[2] - 1).value(), 1);
  EXPECT_EQ(RemoveLogSegmentsBefore(files, kLogFolder, starts[2]).value(), 1);
  EXPECT_EQ(RemoveLogSegmentsBefore(files, kLogFolder, starts[2]).value(), 0);
  // The log can be read from there, and no longer from its beginning.
  for (uint64_t from : {starts[2], starts[2] + 1, starts[3], written.positions.back()}) {
    auto content = ReadLog(files, ReadFrom(from));
    ASSERT_TRUE(content.ok()) << content.status();
    ASSERT_FALSE(content->positions.empty());
    EXPECT_GE(content->positions.front(), from);
    EXPECT_LT(content->positions.front(), from + kLogSegmentHeaderBytes + 1);
    EXPECT_EQ(content->payloads.back(), written.payloads.back());
    EXPECT_EQ(content->end.crc, written.end.crc);
  }
  EXPECT_TRUE(absl::IsDataLoss(ReadLog(files, ReadFrom(starts[2] - 1)).status()));
  EXPECT_TRUE(absl::IsDataLoss(ReadLog(files, ReadFrom(0)).status()));
  // However far the position: the last one stays.
  EXPECT_EQ(RemoveLogSegmentsBefore(files, kLogFolder, ~uint64_t{0}).value(),
            static_cast<int>(starts.size()) - 3);
  EXPECT_EQ(ListLogSegments(files, kLogFolder)->size(), 1u);
}

TEST(LogSegment, ACutRemovalLeavesNoHole) {
  SimulatedFileSystem counting;
  WriteSyncedLog(counting, 40);
  const uint64_t written = counting.operations();
  const auto starts = ListLogSegments(counting, kLogFolder).value();
  ASSERT_EQ(RemoveLogSegmentsBefore(counting, kLogFolder, starts[3]).value(), 3);
  for (uint64_t at = written + 1; at <= counting.operations(); ++at) {
    SimulatedFileSystem files;
    WriteSyncedLog(files, 40);
    files.CrashAt(at);
    EXPECT_FALSE(RemoveLogSegmentsBefore(files, kLogFolder, starts[3]).ok());
    for (uint64_t seed = 0; seed < 10; ++seed) {
      auto cut = files.AfterPowerCut({CrashPolicy::Data::kKept, CrashPolicy::Names::kMixed}, seed);
      const auto left = ListLogSegments(*cut, kLogFolder).value();
      auto content = ReadLog(*cut, ReadFrom(left.front()));
      EXPECT_TRUE(content.ok()) << "operation " << at << " seed " << seed << ": "
                                << content.status();
    }
  }
}

}  // namespace
}  // namespace quire
