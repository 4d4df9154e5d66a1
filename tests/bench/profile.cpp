#include "tests/bench/profile.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace quire::bench {

namespace {

// Until perf has opened its counters.
constexpr useconds_t kStartUs = 300'000;

}  // namespace

Profile::Profile(const std::string& folder, const std::string& name, const std::vector<pid_t>& pids)
    : data_(folder + "/" + name + ".perf"), report_(folder + "/" + name + ".txt") {
  std::string list;
  for (const pid_t pid : pids) list += (list.empty() ? "" : ",") + std::to_string(pid);
  perf_ = fork();
  if (perf_ != 0) {
    usleep(kStartUs);
    return;
  }
  const int nowhere = open("/dev/null", O_RDWR);
  dup2(nowhere, 0);
  dup2(nowhere, 1);
  dup2(nowhere, 2);
  // Virtual machines often have no hardware counters; the processor's clock is always there.
  execlp("perf", "perf", "record", "-e", "cpu-clock", "-F", "4000", "-g", "-o", data_.c_str(), "-p",
         list.c_str(), static_cast<char*>(nullptr));
  _exit(127);
}

std::vector<std::string> Profile::Finish(size_t lines_max) {
  int status = 0;
  if (perf_ > 0) {
    kill(perf_, SIGINT);
    waitpid(perf_, &status, 0);
    perf_ = -1;
  }
  const std::string report = "perf report -i '" + data_ + "' --stdio -g none 2>/dev/null ";
  // Only perf's own columns: a report may be followed by empty ones.
  const std::string trim = "| sed -e '/^#/d' -e '/^$/d' -e 's/  *- *- *$//' -e 's/ *$//' ";
  const std::string command = "{ " + report + "--no-children --sort dso --percent-limit 2; " +
                              report + "--no-children --sort dso,symbol --percent-limit 0.4; } " +
                              trim + ">'" + report_ + "'; " + "{ echo '# with callees'; " + report +
                              "--children --sort symbol --percent-limit 2; } >>'" + report_ + "'";
  std::vector<std::string> lines;
  if (std::system(command.c_str()) == 0) {
    std::ifstream file(report_);
    std::string line;
    while (lines.size() < lines_max && std::getline(file, line) && line[0] != '#') {
      lines.push_back(line);
    }
  }
  if (lines.empty()) lines.push_back("(no profile: perf is not here, or not allowed)");
  return lines;
}

}  // namespace quire::bench
