// A record of the engine log: what it may say, and its bytes.
// Pure functions and values; any thread.
//
// Positions are offsets in the endless log, which is cut into segment files (log_segment.h).
// Record, all numbers little-endian, nothing aligned:
//    0  u32  chained CRC-32C over bytes 4 … end of payload, continued from the predecessor's
//            (the first record of a segment continues from the segment's seed)
//    4  u32  header check: CRC-32C over bytes 8 … 47, continued from the segment's seed
//    8  u32  payload length
//   12  u8   type
//   13  u8×3 zero
//   16  u64  position of this record's first byte
//   24  u64  synced: everything before this position was durable when the record was written
//   32  u64  lsn: where in the server's WAL the record that this one came from ends
//   40  u32  timeline of that lsn
//   44  u32  incarnation: raised each time a writer opens the log; never goes down
//   48       payload
// The header check is not chained, so that a header can be recognised behind damage. A header found
// behind an invalid record at P proves damage only when its `synced` is greater than P: what was
// not synced may be lost in any subset, and is a torn tail. The seed keeps a user's bytes from
// posing as a header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"

namespace quire {

enum class LogRecordType : uint8_t {
  kChanges = 1,      // a change batch (change_record.h), undecided until an outcome names its xids
  kOutcome = 2,      // a transaction's end
  kPosition = 3,     // no payload: all of the server's WAL before `lsn` is in the log
  kIncarnation = 4,  // UndecidedAbort: the server began anew; limit 0 stands for "all"
  kAbortBelow = 5,   // UndecidedAbort: what is older than any running transaction
};
inline constexpr uint8_t kLogRecordTypeMax = 5;

inline constexpr size_t kLogRecordHeaderBytes = 48;
inline constexpr size_t kLogPayloadBytesMax = size_t{1} << 30;

struct LogRecordHeader {
  uint32_t crc = 0;
  uint32_t length = 0;
  LogRecordType type = LogRecordType::kPosition;
  uint64_t position = 0;
  uint64_t synced = 0;
  uint64_t lsn = 0;
  uint32_t timeline = 0;
  uint32_t incarnation = 0;
};

// A record as a reader returns it. `payload` is valid until the reader's next call.
struct LogRecordView {
  LogRecordType type = LogRecordType::kPosition;
  uint64_t position = 0;
  uint64_t lsn = 0;
  uint32_t timeline = 0;
  uint32_t incarnation = 0;
  std::string_view payload;

  [[nodiscard]] uint64_t payload_position() const { return position + kLogRecordHeaderBytes; }
  [[nodiscard]] uint64_t end_position() const { return payload_position() + payload.size(); }
};

// What a record's checksums continue from.
struct LogChain {
  uint32_t segment_seed = 0;
  uint32_t predecessor_crc = 0;
};
// Fills `to` (kLogRecordHeaderBytes) and returns the chained CRC, which is the next record's
// `predecessor_crc`. `header.crc` is not read. REQUIRES: header.length == payload.size().
uint32_t EncodeLogRecordHeader(const LogRecordHeader& header, const LogChain& chain,
                               std::string_view payload, char* to);
// Whether the 48 bytes at `from` are a header written at `position` of a segment with
// `segment_seed`. Says nothing of the payload. `header` is filled when it is; its type may be
// unknown.
[[nodiscard]] bool DecodeLogRecordHeader(const char* from, uint64_t position, uint32_t segment_seed,
                                         LogRecordHeader* header);
// Whether the chained CRC of `record` (header and payload) holds.
[[nodiscard]] bool LogRecordChecksumHolds(std::string_view record, uint32_t predecessor_crc);

// kOutcome, payload: u8 1 = committed, 0 = aborted; u8×3 zero; u32 numbered changes; u64 xid;
// u64 first seq; i64 commit time; u32 n; u64 × n subxids. The numbered changes have the sequences
// first_seq, first_seq + 1, … in the order in which they stand in the log.
struct LogOutcome {
  bool committed = false;
  uint32_t change_count = 0;  // of the transaction and the subtransactions that committed with it
  uint64_t xid = 0;
  uint64_t first_seq = 0;      // 0 when nothing is numbered
  int64_t commit_time_us = 0;  // since 1970-01-01 UTC
  absl::InlinedVector<uint64_t, 8> subxids;
};
void AppendOutcome(const LogOutcome& outcome, std::string* to);
[[nodiscard]] absl::Status DecodeOutcome(std::string_view payload, LogOutcome* outcome);

// kIncarnation and kAbortBelow, payload: u64 limit; u32 n; u64 × n prepared. All undecided
// transactions with xid < limit (all there are when limit is 0) that are not listed as prepared are
// aborted.
struct UndecidedAbort {
  uint64_t limit_xid = 0;
  absl::InlinedVector<uint64_t, 8> prepared;
};
void AppendUndecidedAbort(const UndecidedAbort& abort, std::string* to);
[[nodiscard]] absl::Status DecodeUndecidedAbort(std::string_view payload, UndecidedAbort* abort);

}  // namespace quire
