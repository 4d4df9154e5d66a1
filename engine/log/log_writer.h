// Appends records to the engine log. Belongs to the log worker: one writer per log, one thread.
//
// Appends are collected in a buffer and written when it is full; only Sync makes them durable. An
// error of a write or a sync is final: every later call returns it, and the process has to start
// anew, which brings the tail in order (log_tail.h). A record can be read through the file once
// flushed_position() is behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/host/file_system.h"
#include "engine/log/log_record.h"
#include "engine/log/log_segment.h"

namespace quire {

struct LogWriterOptions {
  LogIdentity identity;
  uint64_t segment_bytes = uint64_t{64} << 20;
  size_t buffer_bytes = size_t{1} << 20;
};

class LogWriter {
 public:
  // Continues the log in `directory` (made when absent; its parent must exist) at `end`, which a
  // LogReader has returned and behind which TruncateLogTo has left nothing; a default LogEnd begins
  // a new log.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<LogWriter>> Open(
      FileSystem* files, std::string directory, const LogWriterOptions& options, const LogEnd& end);

  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // What a record came from.
  struct Source {
    uint64_t lsn = 0;
    uint32_t timeline = 0;
  };
  // Appends a record and returns the position of its payload. kOutOfRange for a payload above
  // kLogPayloadBytesMax (nothing has happened then).
  [[nodiscard]] absl::StatusOr<uint64_t> Append(LogRecordType type, const Source& source,
                                                std::string_view payload);
  // Writes the buffer to the file: readable, not durable.
  [[nodiscard]] absl::Status Flush();
  // Makes every appended record durable. Cheap when nothing was appended since the last time.
  [[nodiscard]] absl::Status Sync();
  // For segments that are begun from here on.
  void set_segment_bytes(uint64_t bytes) { options_.segment_bytes = bytes; }
  // Says that nobody will read soon what Sync has made durable.
  void ForgetSynced();

  // The end of what was appended. `synced` in it is what is durable.
  [[nodiscard]] const LogEnd& end() const { return end_; }
  [[nodiscard]] uint64_t flushed_position() const { return end_.position - buffered_; }
  [[nodiscard]] uint64_t unsynced_bytes() const { return end_.position - end_.synced; }
  [[nodiscard]] const absl::Status& status() const { return status_; }

 private:
  LogWriter(FileSystem* files, std::string directory, const LogWriterOptions& options,
            const LogEnd& end);

  absl::Status StartSegment();
  absl::Status WriteAtEnd(std::string_view bytes);
  absl::Status Fail(absl::Status status);

  // Constant after construction.
  FileSystem* const files_;
  const std::string directory_;
  LogWriterOptions options_;

  std::unique_ptr<char[]> buffer_;
  size_t buffered_ = 0;         // The last bytes before end_.position that are in buffer_ only.
  std::unique_ptr<File> file_;  // The segment at end_.segment_start; empty before the first.
  LogEnd end_;
  absl::Status status_;
};

}  // namespace quire
