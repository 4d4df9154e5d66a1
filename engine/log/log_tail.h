// Brings the end of the engine log in order after a start, before a writer continues it. The log
// worker only, with no other user of the log.
//
//   1 LogReader: read to the end          → LogEnd
//   2 TruncateLogTo(end)                  what is behind the end is gone, durably
//   3 RewriteLogTail(from, &end)          what is before the end is durable
//   4 LogWriter::Open(end)
//
// Step 3 is there because a sync may have failed before the restart: then the kernel's cache shows
// bytes that the disk never got, and a further sync would say OK without writing them. Written
// anew, they are dirty again, and the sync counts.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "engine/host/file_system.h"
#include "engine/log/log_segment.h"

namespace quire {

// Removes segments behind `end`, newest first, and cuts its segment there.
[[nodiscard]] absl::Status TruncateLogTo(FileSystem& files, const std::string& directory,
                                         const LogEnd& end);

// Writes the bytes from min(from, end->synced) to the end anew, syncs them, and checks that the log
// still ends there (kDataLoss when it does not: the cache gave way in between; start again). Then
// end->synced is end->position. REQUIRES: TruncateLogTo(*end) has returned OK.
[[nodiscard]] absl::Status RewriteLogTail(FileSystem& files, const std::string& directory,
                                          uint64_t from, LogEnd* end);

}  // namespace quire
