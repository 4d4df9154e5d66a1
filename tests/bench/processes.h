// The server's processes as the operating system sees them: which ones there are, on which cores
// they may run, and how much time they have used. Linux; needs the rights to look at them (their
// user's, or root's).
#pragma once

#include <sys/types.h>

#include <set>
#include <vector>

namespace quire::bench {

class ServerProcesses {
 public:
  explicit ServerProcesses(pid_t postmaster) : postmaster_(postmaster) {}

  // The postmaster and its children.
  std::vector<pid_t> All() const;
  // Binds all of them, what they will start, and the caller to one core, or lets all run
  // everywhere.
  void PinTo(int core) const;
  void Unpin() const;

  // Seconds of processor time that these processes have used.
  static double SecondsOf(const std::set<pid_t>& pids);
  // The same of all processes but these.
  double SecondsOfOthers(const std::set<pid_t>& except) const;
  // Returns when nobody but these has had work for a while: what a statement left to be done in
  // the background must not be paid by the next one.
  void Settle(const std::set<pid_t>& except) const;

 private:
  pid_t postmaster_;
};

// The last core the caller may run on.
int LastCore();

}  // namespace quire::bench
