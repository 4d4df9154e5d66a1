// Reads one change back from the engine log by its location, for bodies that have left memory. Any
// process may have one, beside the writer, for positions before the writer's flushed_position();
// one thread each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/host/body_reader.h"
#include "engine/host/file_system.h"
#include "engine/log/change_record.h"
#include "engine/log/log_segment.h"

namespace quire {

class LogLookup final : public BodyReader {
 public:
  LogLookup(FileSystem* files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}

  LogLookup(const LogLookup&) = delete;
  LogLookup& operator=(const LogLookup&) = delete;

  // Reads the change whose first byte is at `position` (payload position of its record plus
  // ChangeBatchReader::change_offset). `change` points into `*bytes`, which is overwritten. Checks
  // the change's own checksum: kDataLoss with file, offset, expected and found; kNotFound when no
  // segment holds the position.
  [[nodiscard]] absl::Status ReadChange(uint64_t position, std::string* bytes, Change* change);

  // BodyReader. Changes that follow each other in the log come with one read.
  absl::StatusOr<std::string_view> ReadBody(const BodyPlace& place) override;

  // Closes the files of removed segments.
  void ForgetBefore(uint64_t position);

 private:
  struct Segment {
    uint64_t start;
    uint64_t end;  // Start of the next, or the greatest number for the newest.
    std::unique_ptr<File> file;
    uint64_t bytes_known = 0;  // the file has at least so many
    uint64_t last_use = 0;
  };

  absl::Status Refresh();
  absl::StatusOr<Segment*> Find(uint64_t position);
  absl::Status OpenFile(Segment* segment);
  // ReadChange that reads `ahead` bytes at first; `*got` is how many there are at `position` now.
  absl::Status ReadAhead(uint64_t position, size_t ahead, std::string* bytes, size_t* got,
                         Change* change);
  bool FindInWindow(uint64_t position, Change* change) const;

  FileSystem* const files_;
  const std::string directory_;
  std::vector<Segment> segments_;  // Ascending.
  uint64_t uses_ = 0;

  // What ReadBody read last, and where the change that it returned last ends.
  std::string window_;
  uint64_t window_start_ = 0;
  size_t window_bytes_ = 0;
  uint64_t last_end_ = 0;
};

}  // namespace quire
