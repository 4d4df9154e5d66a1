// Random histories of sessions that write the same few documents at once, while somebody else ends
// sessions and kills server processes, and a checker looks at every sum.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/differential/history_session.h"

namespace quire::differential {

struct HistoryOptions {
  std::string conninfo;  // of a database with the extension and without the history's tables
  int sessions = 2;
  uint64_t seed = 0;
  absl::Duration duration = absl::Seconds(20);
};

struct HistoryReport {
  std::vector<std::string> findings;  // none when all is well
  HistoryTally tally;
  uint64_t checks = 0;
  uint64_t terminated = 0;
  uint64_t killed = 0;
};

// Errors are those of the set-up.
absl::StatusOr<HistoryReport> RunHistories(const HistoryOptions& options);

}  // namespace quire::differential
