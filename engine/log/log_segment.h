// The files of the engine log: `<16 hex digits of the start position>.qlog` in one folder. Free
// functions; any thread, but creating and removing belong to the log worker alone.
//
// A segment begins with a header of 4,096 bytes; its first record follows. A byte's position is the
// segment's start plus its offset in the file, so headers take up positions too, and no record has
// position 0.
//    0  u64  magic "QUIRELOG"
//    8  u32  format version (1)
//   12  u32  CRC-32C of this header with this field zero
//   16  u64  system identifier of the server
//   24  u64  engine id
//   32  u64  start position
//   40  u32  seed: the chained CRC of the predecessor's last record; in the first segment
//            a checksum of the ids
//   44       zero up to 4,096
// A segment is made thus: sync the predecessor whole; create the file; write the header; sync the
// file; sync the folder; only then write a record. Hence, of a segment that exists:
//  - everything before its start was durable: an invalid record there is damage;
//  - a bad header is a creation cut short if the file is the last and not longer than its header;
//    else it is damage.
// A record lies in one segment. One that is larger than segment_bytes has a segment that grows
// for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/host/file_system.h"

namespace quire {

inline constexpr size_t kLogSegmentHeaderBytes = 4096;

// Whose log it is. A log with another identity is refused.
struct LogIdentity {
  uint64_t system_id = 0;
  uint64_t engine_id = 0;  // 0: a reader accepts any
};

// Where a log ends, as the reader found it and as the writer continues it.
struct LogEnd {
  uint64_t position = 0;  // behind the last valid record; 0 for a log without segments
  uint64_t synced = 0;    // everything before it is known to be durable; doubtful from here on
  uint64_t lsn = 0;       // of the last record
  uint32_t timeline = 0;
  uint32_t crc = 0;  // chained CRC of the last record, or the segment's seed
  uint32_t incarnation = 0;
  uint32_t segment_seed = 0;
  uint64_t segment_start = 0;

  [[nodiscard]] bool has_segment() const { return position != 0; }
};

struct LogSegmentHeader {
  LogIdentity identity;
  uint64_t start = 0;
  uint32_t seed = 0;
};

[[nodiscard]] std::string LogSegmentName(uint64_t start);
// The start position, when `name` is a segment's name.
[[nodiscard]] std::optional<uint64_t> ParseLogSegmentName(std::string_view name);
[[nodiscard]] std::string LogSegmentPath(const std::string& directory, uint64_t start);

// The start positions of the segments in the folder, ascending; empty when there is no such folder.
[[nodiscard]] absl::StatusOr<std::vector<uint64_t>> ListLogSegments(FileSystem& files,
                                                                    const std::string& directory);

// The seed of a log's very first segment.
[[nodiscard]] uint32_t FirstLogSegmentSeed(const LogIdentity& identity);
[[nodiscard]] std::string EncodeLogSegmentHeader(const LogSegmentHeader& header);
// Empty when the bytes are no valid header for a segment that starts at `start`. A valid header of
// an unknown format version is kDataLoss. `path` is for messages.
[[nodiscard]] absl::StatusOr<std::optional<LogSegmentHeader>> DecodeLogSegmentHeader(
    std::string_view bytes, uint64_t start, const std::string& path);

// Makes a segment durable, empty of records, as the protocol above says; a left-over of the same
// name is replaced.
[[nodiscard]] absl::StatusOr<std::unique_ptr<File>> CreateLogSegment(
    FileSystem& files, const std::string& directory, const LogSegmentHeader& header);

// Removes the segments that hold nothing at or behind `position`, oldest first; the last one stays.
// Returns how many went.
// REQUIRES: nothing needs them any more (restart, peer, standby, running base backup).
[[nodiscard]] absl::StatusOr<int> RemoveLogSegmentsBefore(FileSystem& files,
                                                          const std::string& directory,
                                                          uint64_t position);

}  // namespace quire
