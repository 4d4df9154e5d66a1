// Reads the engine log from a position to its end, checking everything. Used at start (recovery)
// and by tests. One thread; no writer may be at work on the same log.
//
// The log ends at the first invalid record P when that is a torn tail: nothing behind P proves that
// P was once durable. Proof is a later segment file, or a header whose `synced` is greater than P
// (log_record.h). With proof it is damage: kDataLoss with file, offset, expected and found, and
// nothing is cut. The exception is a log that was copied while it grew (restore of a base backup,
// pg_rewind): `after_restore` takes the first invalid record as the end whatever follows; its
// caller checks that the server's WAL still has that position.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/host/file_system.h"
#include "engine/log/log_record.h"
#include "engine/log/log_segment.h"

namespace quire {

struct LogReaderOptions {
  LogIdentity identity;
  // Records before this position are checked, not returned. Must lie in the log: 0 asks for a log
  // that still has its first segment.
  uint64_t from = 0;
  bool after_restore = false;
  size_t buffer_bytes = size_t{1} << 20;
};

class LogReader {
 public:
  // kFailedPrecondition when the log is another server's or engine's; kDataLoss when `from` is not
  // in the log.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<LogReader>> Open(
      FileSystem* files, std::string directory, const LogReaderOptions& options);

  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  // True: the next record, valid until the next call. False: the log's end, now in end().
  [[nodiscard]] absl::StatusOr<bool> Next(LogRecordView* record);

  // The end of what was read so far; after Next() returned false, of the log.
  [[nodiscard]] const LogEnd& end() const { return end_; }
  // Of the segments read so far; engine_id 0 in a log without segments.
  [[nodiscard]] const LogIdentity& identity() const { return identity_; }
  // Bytes behind the end that TruncateLogTo will cut away (in the end's segment); for a line in the
  // server's log.
  [[nodiscard]] uint64_t torn_bytes() const { return torn_bytes_; }

 private:
  LogReader(FileSystem* files, std::string directory, const LogReaderOptions& options);

  enum class Step { kRecord, kSegmentEnd, kLogEnd };

  absl::Status ChooseFirstSegment();
  absl::StatusOr<bool> OpenSegment();
  absl::StatusOr<Step> ReadRecord(LogRecordView* record);
  absl::StatusOr<bool> NextSegment();
  absl::Status CheckContent(const LogRecordHeader& header) const;
  // Makes `n` bytes at `position` available at *bytes; false where the file is shorter.
  absl::StatusOr<bool> Fetch(uint64_t position, size_t n, const char** bytes);
  absl::StatusOr<Step> Invalid(const std::string& expected, const std::string& found);
  absl::StatusOr<uint64_t> DurableHeaderBehind(uint64_t position);
  absl::Status DataLoss(uint64_t position, const std::string& expected,
                        const std::string& found) const;

  // Constant after construction.
  FileSystem* const files_;
  const std::string directory_;
  const LogReaderOptions options_;

  LogIdentity identity_;
  std::vector<uint64_t> segments_;  // Start positions, from the one that holds options_.from.
  size_t segment_ = 0;              // Index of the one being read.
  std::unique_ptr<File> file_;
  uint64_t file_bytes_ = 0;

  std::string buffer_;
  uint64_t buffer_position_ = 0;  // Of buffer_'s first byte.
  size_t buffer_bytes_ = 0;       // Valid in buffer_.

  LogEnd end_;
  uint64_t torn_bytes_ = 0;
  bool ended_ = false;
};

}  // namespace quire
