// Reads one change back from the engine log by its location, for bodies that have left memory. Any
// process may have one, beside the writer, for positions before the writer's flushed_position();
// one thread each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/host/file_system.h"
#include "engine/log/change_record.h"
#include "engine/log/log_segment.h"

namespace quire {

class LogLookup {
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

  // Closes the files of removed segments.
  void ForgetBefore(uint64_t position);

 private:
  struct Segment {
    uint64_t start;
    uint64_t end;  // Start of the next, or the greatest number for the newest.
    std::unique_ptr<File> file;
  };

  absl::Status Refresh();
  absl::StatusOr<Segment*> Find(uint64_t position);

  FileSystem* const files_;
  const std::string directory_;
  std::vector<Segment> segments_;  // Ascending.
};

}  // namespace quire
