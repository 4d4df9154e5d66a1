#include "tests/differential/histories.h"

#include <signal.h>

#include <atomic>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/base/status.h"
#include "tests/client/connection.h"
#include "tests/client/random.h"

namespace quire::differential {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

using Sessions = std::vector<std::unique_ptr<HistorySession>>;

void WaitUntil(absl::Time time, const std::atomic<bool>& stop) {
  while (absl::Now() < time && !stop) absl::SleepFor(absl::Milliseconds(20));
}

// The same, and what holds between transactions only.
std::string Invariants() {
  return absl::StrCat(HistoryInvariants(),
                      ", (SELECT sum(n) FROM accounts) - (SELECT sum(increments) FROM journal)");
}

absl::Status Check(Connection* connection, HistoryReport* report) {
  QUIRE_ASSIGN_OR_RETURN(const Result result, connection->Run(Invariants().c_str()));
  ++report->checks;
  for (int i = 0; i < result.columns(); ++i) {
    if (result.Get(0, i) == "0") continue;
    const bool last = i + 1 == result.columns();
    report->findings.push_back(absl::StrCat(
        last ? "the counters are not what the journal says" : kHistoryInvariantNames[i], " (by ",
        result.Get(0, i), ")"));
  }
  return absl::OkStatus();
}

// Somebody's kill, or the server that starts anew after it.
bool IsLost(const absl::Status& status) {
  return absl::IsUnavailable(status) || SqlState(status) == "57P03";
}

// Checks again and again; a lost connection is somebody else's doing.
void RunChecker(const HistoryOptions& options, const std::atomic<bool>* stop,
                HistoryReport* report) {
  while (!*stop) {
    auto connection = Connection::Open(options.conninfo, kPatience);
    absl::Status status = connection.status();
    while (status.ok() && !*stop && report->findings.empty()) {
      status = Check(&*connection, report);
      WaitUntil(absl::Now() + absl::Milliseconds(20), *stop);
    }
    if (!report->findings.empty()) return;
    if (!status.ok() && !IsLost(status)) {
      report->findings.push_back(absl::StrCat("the checker: ", status.message()));
      return;
    }
  }
}

// Ends sessions, in order and with SIGKILL, after which the whole server starts anew.
void RunKiller(const HistoryOptions& options, const Sessions& sessions,
               const std::atomic<bool>* stop, HistoryReport* report) {
  Random random(options.seed + 1000);
  for (uint64_t round = 1; !*stop; ++round) {
    WaitUntil(absl::Now() + absl::Milliseconds(random.Between(500, 1500)), *stop);
    const int pid = sessions[random.Below(sessions.size())]->backend_pid();
    if (*stop || pid == 0) continue;
    if (round % 6 == 0) {
      report->killed += kill(pid, SIGKILL) == 0 ? 1 : 0;
      continue;
    }
    auto connection = Connection::Open(options.conninfo, kPatience);
    if (!connection.ok()) continue;
    const std::string sql = absl::StrCat("SELECT pg_terminate_backend(", pid, ")");
    report->terminated += connection->Run(sql.c_str()).ok() ? 1 : 0;
  }
}

// What must hold once all sessions have ended.
absl::Status CheckOnceMore(const HistoryOptions& options, int64_t increments,
                           HistoryReport* report) {
  QUIRE_ASSIGN_OR_RETURN(Connection connection, Connection::Open(options.conninfo, kPatience));
  QUIRE_ASSIGN_OR_RETURN(const Result counted, connection.Run("SELECT sum(n) FROM accounts"));
  QUIRE_RETURN_IF_ERROR(Check(&connection, report));
  if (counted.Get(0, 0) != absl::StrCat(increments)) {
    report->findings.push_back(
        absl::StrCat("acknowledged ", increments, " increments, there are ", counted.Get(0, 0)));
  }
  return absl::OkStatus();
}

void Add(const HistoryTally& from, HistoryTally* to) {
  to->committed += from.committed;
  to->rolled_back += from.rolled_back;
  to->taken_back += from.taken_back;
  to->conflicts += from.conflicts;
  to->deadlocks += from.deadlocks;
  to->lost += from.lost;
  to->kept += from.kept;
}

}  // namespace

absl::StatusOr<HistoryReport> RunHistories(const HistoryOptions& options) {
  QUIRE_ASSIGN_OR_RETURN(Connection connection, Connection::Open(options.conninfo, kPatience));
  QUIRE_RETURN_IF_ERROR(MakeHistoryTables(&connection, options.sessions));
  Sessions sessions;
  std::vector<absl::Status> results(static_cast<size_t>(options.sessions));
  std::vector<std::thread> threads;
  std::atomic<bool> stop{false};
  HistoryReport checked, killed;
  for (int i = 0; i < options.sessions; ++i) {
    sessions.push_back(std::make_unique<HistorySession>(options.conninfo, i + 1,
                                                        options.seed + static_cast<uint64_t>(i)));
  }
  for (size_t i = 0; i < sessions.size(); ++i) {
    threads.emplace_back([&, i] {
      results[i] = sessions[i]->Run(&stop);
      // After a finding the rest would only be its consequence.
      if (!results[i].ok()) stop = true;
    });
  }
  threads.emplace_back([&] {
    RunChecker(options, &stop, &checked);
    if (!checked.findings.empty()) stop = true;
  });
  threads.emplace_back([&] { RunKiller(options, sessions, &stop, &killed); });
  WaitUntil(absl::Now() + options.duration, stop);
  stop = true;
  for (std::thread& thread : threads) thread.join();

  HistoryReport report = checked;
  report.terminated = killed.terminated;
  report.killed = killed.killed;
  int64_t increments = 0;
  for (size_t i = 0; i < sessions.size(); ++i) {
    Add(sessions[i]->tally(), &report.tally);
    increments += sessions[i]->increments();
    if (!results[i].ok()) report.findings.push_back(std::string(results[i].message()));
  }
  if (!report.findings.empty()) return report;
  // The server may notice the last kill only now, and then ends this session, too.
  const absl::Time deadline = absl::Now() + kPatience;
  absl::Status status;
  do {
    status = CheckOnceMore(options, increments, &report);
  } while (IsLost(status) && absl::Now() < deadline);
  QUIRE_RETURN_IF_ERROR(status);
  return report;
}

}  // namespace quire::differential
