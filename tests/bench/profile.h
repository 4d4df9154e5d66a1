// Where the time of some processes goes, by sampling (perf). Works where the `perf` program is and
// the system lets us use it; elsewhere the profile says so.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace quire::bench {

class Profile {
 public:
  // Begins to sample. `name` becomes the name of the report: <folder>/<name>.txt.
  Profile(const std::string& folder, const std::string& name, const std::vector<pid_t>& pids);
  // Ends it, writes the report and returns its first lines.
  std::vector<std::string> Finish(size_t lines_max);

 private:
  std::string data_;
  std::string report_;
  pid_t perf_ = -1;
};

}  // namespace quire::bench
