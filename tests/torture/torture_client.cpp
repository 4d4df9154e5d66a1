// Clients that write documents and heap twins while the server is killed, and the verifier of what
// is there afterwards. Who kills, and how, is the business of the caller.
//
//   torture_client setup  --conn=… [--heap]
//       makes the tables (tables.h)
//   torture_client load   --conn=… --state=DIR --clients=N --seed=N [--seconds=N] [--lossy]
//                         [--disk-fails]
//       Runs N clients. Makes the file DIR/running when each has committed something. Ends when all
//       have lost their connections (or after so many seconds, or at SIGTERM, with whole
//       transactions) and prints a line. `lossy` sets synchronous_commit = off.
//   torture_client verify --conn=… --state=DIR --clients=N [--lossy] [--keep]
//       Waits for the server and checks it against the journals in DIR (verify.h); then starts the
//       journals anew from what is there, unless they are to be kept.
//
// Exit code 0: all is well. 1: a finding, printed. 2: wrong use. 3: the server hangs.
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "tests/client/connection.h"
#include "tests/torture/journal.h"
#include "tests/torture/tables.h"
#include "tests/torture/verify.h"
#include "tests/torture/workload.h"

namespace quire::torture {
namespace {

// No statement of the workload takes longer on any machine on which the checks make sense.
constexpr absl::Duration kHang = absl::Seconds(90);
constexpr absl::Duration kPatience = absl::Seconds(60);

struct Arguments {
  std::string command;
  std::string conninfo;
  std::string state = ".";
  int clients = 5;
  uint64_t seed = 1;
  double seconds = 1e9;
  bool heap = false;
  bool lossy = false;
  bool disk_fails = false;
  bool keep = false;
};

bool ParseArgument(absl::string_view text, Arguments* arguments) {
  const size_t equals = text.find('=');
  const absl::string_view name = text.substr(0, equals);
  const absl::string_view value =
      equals == absl::string_view::npos ? absl::string_view() : text.substr(equals + 1);
  if (name == "--conn") {
    arguments->conninfo = std::string(value);
  } else if (name == "--state") {
    arguments->state = std::string(value);
  } else if (name == "--clients") {
    return absl::SimpleAtoi(value, &arguments->clients) && arguments->clients > 0;
  } else if (name == "--seed") {
    return absl::SimpleAtoi(value, &arguments->seed);
  } else if (name == "--seconds") {
    return absl::SimpleAtod(value, &arguments->seconds);
  } else if (name == "--heap") {
    arguments->heap = true;
  } else if (name == "--lossy") {
    arguments->lossy = true;
  } else if (name == "--disk-fails") {
    arguments->disk_fails = true;
  } else if (name == "--keep") {
    arguments->keep = true;
  } else {
    return false;
  }
  return true;
}

std::string JournalFile(const Arguments& arguments, int client) {
  return absl::StrCat(arguments.state, "/journal.", client);
}

int Finding(const absl::Status& status) {
  std::printf("FINDING: %s\n", std::string(status.message()).c_str());
  return 1;
}

int Setup(const Arguments& arguments) {
  auto connection = Connection::Open(arguments.conninfo, kPatience);
  if (!connection.ok()) {
    return Finding(connection.status());
  }
  const absl::Status status =
      MakeTables(&*connection, arguments.heap ? TwinKind::kHeap : TwinKind::kCollection);
  return status.ok() ? 0 : Finding(status);
}

// Set by SIGTERM.
std::atomic<bool> stop_requested{false};

struct Client {
  WorkloadProgress progress;
  absl::Status status;
  std::thread thread;
};
using Clients = std::vector<std::unique_ptr<Client>>;

void StartClients(const Arguments& arguments, Clients* clients) {
  for (int number = 0; number < arguments.clients; ++number) {
    clients->push_back(std::make_unique<Client>());
    WorkloadOptions options;
    options.conninfo = arguments.conninfo;
    options.journal_file = JournalFile(arguments, number);
    options.client = number;
    options.seed = arguments.seed;
    options.asynchronous = arguments.lossy;
    options.disk_fails = arguments.disk_fails;
    clients->back()->thread = std::thread([options, client = clients->back().get()] {
      client->status = Workload(options, &stop_requested, &client->progress).Run();
    });
  }
}

// What goes on beside the clients, at random moments: checkpoints, so that the server's log behind
// them goes away; and a look at the twins, which every snapshot must find equal.
struct Companion {
  uint64_t checks = 0;
  std::vector<std::string> problems;
};

void RunCompanion(const std::string& conninfo, uint64_t seed, const std::atomic<bool>* over,
                  Companion* companion) {
  auto connection = Connection::Open(conninfo, kPatience);
  std::mt19937_64 random(seed);
  while (connection.ok() && !*over) {
    const absl::Time next = absl::Now() + absl::Milliseconds(30 + random() % 200);
    while (absl::Now() < next && !*over) {
      absl::SleepFor(absl::Milliseconds(10));
    }
    absl::Status status;
    if (random() % 2 == 0) {
      status = connection->Run("CHECKPOINT").status();
    } else {
      VerifyReport report;
      status = CheckTwins(&*connection, &report);
      companion->problems = report.problems;
      companion->checks += status.ok() ? 1 : 0;
    }
    // Of errors the clients tell.
    if (!status.ok() || !companion->problems.empty()) {
      return;
    }
  }
}

// Watches until all clients have finished. False: one of them hangs.
bool Watch(const Arguments& arguments, const Clients& clients) {
  const std::string running_file = arguments.state + "/running";
  const absl::Time end = absl::Now() + absl::Seconds(arguments.seconds);
  bool running = false;
  std::vector<uint64_t> statements(clients.size());
  std::vector<absl::Time> moved(clients.size(), absl::Now());
  for (;;) {
    bool all_finished = true, all_committed = true;
    for (size_t i = 0; i < clients.size(); ++i) {
      const WorkloadProgress& progress = clients[i]->progress;
      const bool finished = progress.finished;
      all_finished = all_finished && finished;
      all_committed = all_committed && progress.committed > 0;
      if (finished || progress.statements != statements[i]) {
        statements[i] = progress.statements;
        moved[i] = absl::Now();
      } else if (absl::Now() - moved[i] > kHang) {
        std::printf("FINDING: client %zu hangs in: %s\n", i, progress.doing.load());
        return false;
      }
    }
    if (all_committed && !running) {
      running = true;
      std::fclose(std::fopen(running_file.c_str(), "w"));
    }
    if (all_finished) {
      return true;
    }
    if (absl::Now() > end) {
      stop_requested = true;
    }
    absl::SleepFor(absl::Milliseconds(5));
  }
}

int Load(const Arguments& arguments) {
  std::remove((arguments.state + "/running").c_str());
  std::signal(SIGTERM, [](int) { stop_requested = true; });
  std::signal(SIGPIPE, SIG_IGN);
  Clients clients;
  std::atomic<bool> over{false};
  StartClients(arguments, &clients);
  Companion companion;
  std::thread beside(RunCompanion, arguments.conninfo, arguments.seed, &over, &companion);
  if (!Watch(arguments, clients)) {
    std::fflush(stdout);
    _exit(3);
  }
  over = true;
  beside.join();
  for (const std::string& problem : companion.problems) {
    absl::PrintF("FINDING: while clients write: %s\n", problem);
  }
  int code = companion.problems.empty() ? 0 : 1, in_flight = 0;
  uint64_t committed = 0, rolled_back = 0, blocks = 0, conflicts = 0;
  for (size_t i = 0; i < clients.size(); ++i) {
    Client& client = *clients[i];
    client.thread.join();
    committed += client.progress.committed;
    rolled_back += client.progress.rolled_back;
    blocks += client.progress.blocks;
    conflicts += client.progress.conflicts;
    in_flight += client.progress.in_flight ? 1 : 0;
    if (!client.status.ok()) {
      std::printf("FINDING: client %zu, %s: %s\n", i, client.progress.doing.load(),
                  std::string(client.status.message()).c_str());
      code = 1;
    }
  }
  absl::PrintF("load: committed=%d rolled_back=%d blocks=%d conflicts=%d checks=%d in_flight=%d\n",
               committed, rolled_back, blocks, conflicts, companion.checks, in_flight);
  return code;
}

int RunVerify(const Arguments& arguments) {
  auto connection = Connection::Open(arguments.conninfo, kPatience);
  if (!connection.ok()) {
    return Finding(connection.status());
  }
  VerifyOptions options;
  options.lossy = arguments.lossy;
  for (int client = 0; client < arguments.clients; ++client) {
    options.journal_files.push_back(JournalFile(arguments, client));
  }
  const auto report = Verify(&*connection, options);
  if (!report.ok()) {
    return Finding(report.status());
  }
  for (const std::string& problem : report->problems) {
    std::printf("FINDING: %s\n", problem.c_str());
  }
  std::printf("verify: documents=%zu acknowledged=%zu lost=%zu kept_in_flight=%zu problems=%zu\n",
              report->documents, report->acknowledged, report->lost, report->kept_in_flight,
              report->problems.size());
  if (!report->problems.empty()) {
    return 1;
  }
  for (int client = 0; client < arguments.clients && !arguments.keep; ++client) {
    const absl::Status status =
        Journal::Restart(JournalFile(arguments, client), report->states[client]);
    if (!status.ok()) {
      return Finding(status);
    }
  }
  return 0;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  arguments.command = argc > 1 ? argv[1] : "";
  for (int i = 2; i < argc; ++i) {
    if (!ParseArgument(argv[i], &arguments)) {
      std::fprintf(stderr, "torture_client: not an argument: %s\n", argv[i]);
      return 2;
    }
  }
  if (arguments.command == "setup") {
    return Setup(arguments);
  }
  if (arguments.command == "load") {
    return Load(arguments);
  }
  if (arguments.command == "verify") {
    return RunVerify(arguments);
  }
  std::fprintf(stderr, "usage: torture_client setup|load|verify --conn=… (see the source)\n");
  return 2;
}

}  // namespace
}  // namespace quire::torture

int main(int argc, char** argv) {
  return quire::torture::Main(argc, argv);
}
