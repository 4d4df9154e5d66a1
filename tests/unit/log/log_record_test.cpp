#include "engine/log/log_record.h"

#include <string>

#include <gtest/gtest.h>

#include "engine/base/bytes.h"

namespace quire {
namespace {

constexpr LogChain kChain{0x1234, 0x5678};
constexpr std::string_view kPayload = "payload";

std::string Record() {
  LogRecordHeader header;
  header.length = kPayload.size();
  header.type = LogRecordType::kOutcome;
  header.position = 5000;
  header.synced = 4900;
  header.lsn = 0x1'0000'0000;
  header.timeline = 2;
  header.incarnation = 3;
  std::string bytes(kLogRecordHeaderBytes, '\0');
  EncodeLogRecordHeader(header, kChain, kPayload, bytes.data());
  return bytes.append(kPayload);
}

TEST(LogRecord, HeaderRoundTrip) {
  const std::string record = Record();
  LogRecordHeader header;
  ASSERT_TRUE(DecodeLogRecordHeader(record.data(), 5000, kChain.segment_seed, &header));
  EXPECT_EQ(header.length, kPayload.size());
  EXPECT_EQ(header.type, LogRecordType::kOutcome);
  EXPECT_EQ(header.position, 5000u);
  EXPECT_EQ(header.synced, 4900u);
  EXPECT_EQ(header.lsn, 0x1'0000'0000u);
  EXPECT_EQ(header.timeline, 2u);
  EXPECT_EQ(header.incarnation, 3u);
  EXPECT_TRUE(LogRecordChecksumHolds(record, kChain.predecessor_crc));
}

TEST(LogRecord, EveryByteCounts) {
  LogRecordHeader header;
  for (size_t i = 0; i < Record().size(); ++i) {
    std::string record = Record();
    record[i] ^= 0x40;
    EXPECT_FALSE(LogRecordChecksumHolds(record, kChain.predecessor_crc)) << i;
    // The chained checksum alone is not part of the header check.
    const bool of_header = i >= 4 && i < kLogRecordHeaderBytes;
    EXPECT_EQ(DecodeLogRecordHeader(record.data(), 5000, kChain.segment_seed, &header), !of_header)
        << i;
  }
}

TEST(LogRecord, BelongsToItsPositionSegmentAndPredecessor) {
  const std::string record = Record();
  LogRecordHeader header;
  EXPECT_FALSE(DecodeLogRecordHeader(record.data(), 5001, kChain.segment_seed, &header));
  EXPECT_FALSE(DecodeLogRecordHeader(record.data(), 5000, kChain.segment_seed + 1, &header));
  EXPECT_FALSE(LogRecordChecksumHolds(record, kChain.predecessor_crc + 1));
}

TEST(LogRecord, OutcomeRoundTripAndEveryCut) {
  LogOutcome outcome;
  outcome.committed = true;
  outcome.change_count = 12;
  outcome.xid = 0x2'0000'0001;
  outcome.first_seq = 1000;
  outcome.commit_time_us = -5;
  for (uint64_t i = 0; i < 20; ++i) outcome.subxids.push_back(outcome.xid + i);
  std::string bytes;
  AppendOutcome(outcome, &bytes);
  LogOutcome read;
  read.subxids.push_back(1);  // What was in it before does not stay.
  ASSERT_TRUE(DecodeOutcome(bytes, &read).ok());
  EXPECT_TRUE(read.committed);
  EXPECT_EQ(read.change_count, 12u);
  EXPECT_EQ(read.xid, outcome.xid);
  EXPECT_EQ(read.first_seq, 1000u);
  EXPECT_EQ(read.commit_time_us, -5);
  EXPECT_EQ(read.subxids, outcome.subxids);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(absl::IsDataLoss(DecodeOutcome(bytes.substr(0, size), &read))) << size;
  }
  EXPECT_TRUE(absl::IsDataLoss(DecodeOutcome(bytes + "x", &read)));
  bytes[0] = 2;
  EXPECT_TRUE(absl::IsDataLoss(DecodeOutcome(bytes, &read)));
  bytes[0] = 0;  // An abort that numbers changes.
  EXPECT_TRUE(absl::IsDataLoss(DecodeOutcome(bytes, &read)));
}

TEST(LogRecord, ACountBeyondThePayloadAllocatesNothing) {
  std::string bytes;
  AppendUndecidedAbort({}, &bytes);
  Store(&bytes[8], uint32_t{0xffffffff});
  UndecidedAbort abort;
  EXPECT_TRUE(absl::IsDataLoss(DecodeUndecidedAbort(bytes, &abort)));
  EXPECT_LE(abort.prepared.capacity(), 8u);
}

TEST(LogRecord, UndecidedAbortRoundTripAndEveryCut) {
  UndecidedAbort abort;
  abort.limit_xid = 99;
  abort.prepared = {7, 8, 9};
  std::string bytes;
  AppendUndecidedAbort(abort, &bytes);
  UndecidedAbort read;
  ASSERT_TRUE(DecodeUndecidedAbort(bytes, &read).ok());
  EXPECT_EQ(read.limit_xid, 99u);
  EXPECT_EQ(read.prepared, abort.prepared);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(absl::IsDataLoss(DecodeUndecidedAbort(bytes.substr(0, size), &read))) << size;
  }
}

}  // namespace
}  // namespace quire
