#include "tests/bench/processes.h"

#include <dirent.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/bench/measure.h"

namespace quire::bench {

namespace {

cpu_set_t AllCores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  const long count = sysconf(_SC_NPROCESSORS_CONF);
  for (long core = 0; core < count; ++core) CPU_SET(core, &cores);
  return cores;
}

pid_t ParentOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  // The name, in brackets, may hold anything; the state and the parent come after it.
  const size_t bracket = line.rfind(')');
  if (bracket == std::string::npos || bracket + 4 > line.size()) return 0;
  return static_cast<pid_t>(std::atoi(line.c_str() + bracket + 4));
}

double SecondsOfOne(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/schedstat");
  double nanoseconds = 0;
  file >> nanoseconds;
  return nanoseconds / 1e9;
}

void SetCores(const std::vector<pid_t>& pids, const cpu_set_t& cores) {
  // A process that has just ended cannot be bound, and need not be.
  for (const pid_t pid : pids) sched_setaffinity(pid, sizeof cores, &cores);
  if (sched_setaffinity(0, sizeof cores, &cores) != 0) Die("cannot bind to a core");
}

}  // namespace

std::vector<pid_t> ServerProcesses::All() const {
  std::vector<pid_t> pids = {postmaster_};
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return pids;
  while (const dirent* entry = readdir(folder)) {
    const auto pid = static_cast<pid_t>(std::atoi(entry->d_name));
    if (pid > 0 && ParentOf(pid) == postmaster_) pids.push_back(pid);
  }
  closedir(folder);
  return pids;
}

void ServerProcesses::PinTo(int core) const {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  SetCores(All(), cores);
}

void ServerProcesses::Unpin() const {
  SetCores(All(), AllCores());
}

double ServerProcesses::SecondsOf(const std::set<pid_t>& pids) {
  double seconds = 0;
  for (const pid_t pid : pids) seconds += SecondsOfOne(pid);
  return seconds;
}

double ServerProcesses::SecondsOfOthers(const std::set<pid_t>& except) const {
  double seconds = 0;
  for (const pid_t pid : All()) {
    if (!except.contains(pid)) seconds += SecondsOfOne(pid);
  }
  return seconds;
}

void ServerProcesses::Settle(const std::set<pid_t>& except) const {
  constexpr useconds_t kPauseUs = 60'000;
  constexpr double kIdleSeconds = 0.0015;  // idle processes wake up now and then
  constexpr int kPausesMax = 500;
  double before = SecondsOfOthers(except);
  for (int i = 0; i < kPausesMax; ++i) {
    usleep(kPauseUs);
    const double now = SecondsOfOthers(except);
    if (now - before < kIdleSeconds) return;
    before = now;
  }
}

int LastCore() {
  const cpu_set_t all = AllCores();
  cpu_set_t cores = all;
  sched_getaffinity(0, sizeof cores, &cores);
  for (int core = CPU_SETSIZE - 1; core >= 0; --core) {
    if (CPU_ISSET(core, &cores)) return core;
  }
  return 0;
}

}  // namespace quire::bench
