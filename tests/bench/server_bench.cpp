// A heap table with a jsonb column against a collection, in one server: the same documents, the
// same client, the same answers. scripts/bench starts the server and this program.
//
//   server_bench [--short] [--control] [--rows=WORD,…]
//
//   --short     tiny sizes and one round: only whether everything runs and the answers are equal
//   --control   a second heap table plays the collection; its ratios show the noise of the method
//   --rows      only the rows whose name holds one of the words
//
// Environment: PGHOST and the like; BENCH_DOCUMENTS, BENCH_ROUNDS, BENCH_FOLDER (for profiles);
// BENCH_PROFILE=1 profiles every row, not only those that miss their bar.
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/measure.h"
#include "tests/bench/processes.h"
#include "tests/bench/profile.h"
#include "tests/bench/server_rows.h"

namespace quire::bench {

namespace {

// What one row gave: microseconds of an operation, per round.
struct Result {
  Series heap;
  Series collection;
  Series floor;
  // Processor time of other processes than the sessions (log worker, WAL writer, …).
  Series heap_background;
  Series collection_background;
  bool equal = true;

  Series* Of(Side side) {
    return side == Side::kHeap ? &heap : side == Side::kCollection ? &collection : &floor;
  }
};

class ServerBench {
 public:
  ServerBench(const ServerBenchOptions& options, std::string words)
      : options_(options), words_(std::move(words)), rows_(options), processes_(Postmaster()) {}

  bool Run();

 private:
  struct Finding {
    std::string name;
    std::vector<std::string> lines;
  };

  pid_t Postmaster() {
    return std::atoi(
        rows_.control_connection()->Value("SELECT pg_read_file('postmaster.pid')").c_str());
  }
  bool Chosen(const Row& row) const;
  void PrintSettings();
  Result Measure(const Row& row);
  double RunSide(const Row& row, Side side, Result* round, uint64_t* sum);
  void ProfileRow(const Row& row, uint64_t first);

  const ServerBenchOptions options_;
  const std::string words_;
  ServerRows rows_;
  ServerProcesses processes_;
  std::vector<Finding> findings_;
};

bool ServerBench::Chosen(const Row& row) const {
  if (words_.empty()) return true;
  size_t begin = 0;
  while (begin <= words_.size()) {
    size_t end = words_.find(',', begin);
    if (end == std::string::npos) end = words_.size();
    if (row.name.find(words_.substr(begin, end - begin)) != std::string::npos) return true;
    begin = end + 1;
  }
  return false;
}

void ServerBench::PrintSettings() {
  Connection* connection = rows_.control_connection();
  std::printf("%s\n", connection->Value("SELECT version()").c_str());
  for (const std::string& line : connection->Rows(
           "SELECT name, current_setting(name) FROM pg_settings WHERE source NOT IN ('default', "
           "'client') AND name !~ '^(lc_|log_|unix_|port|listen|DateStyle|TimeZone|default_text|"
           "config_file|data_dir|hba_|ident_|transaction_)' OR name IN ('fsync', "
           "'synchronous_commit', 'full_page_writes', 'wal_level', 'wal_compression', "
           "'plan_cache_mode', 'huge_pages', 'quire.memory') ORDER BY name")) {
    std::printf("  %s\n", line.c_str());
  }
  for (const std::string& line : rows_.Sizes()) std::printf("%s\n", line.c_str());
}

// Returns the seconds of one slice on one side.
double ServerBench::RunSide(const Row& row, Side side, Result* round, uint64_t* sum) {
  std::set<pid_t> sessions;
  for (const Connection* connection : row.connections) sessions.insert(connection->backend_pid());
  const double before = processes_.SecondsOfOthers(sessions);
  const Stopwatch watch;
  *sum = row.run(side);
  const double seconds = watch.Seconds();
  if (side != Side::kFloor) {
    if (!options_.brief) processes_.Settle(sessions);
    Series& background =
        side == Side::kHeap ? round->heap_background : round->collection_background;
    background.values.back() += processes_.SecondsOfOthers(sessions) - before;
  }
  return seconds;
}

Result ServerBench::Measure(const Row& row) {
  Result result;
  const auto slices = static_cast<uint64_t>(row.slices);
  const double operations = static_cast<double>(row.operations * slices);
  // Round 0 warms up and is forgotten; a short run has nothing to forget.
  for (int round = options_.brief ? 1 : 0; round <= options_.rounds; ++round) {
    double seconds[3] = {};
    result.heap_background.values.push_back(0);
    result.collection_background.values.push_back(0);
    row.begin_round();
    for (uint64_t slice = 0; slice < slices; ++slice) {
      row.prepare((static_cast<uint64_t>(round) * slices + slice) * row.operations);
      uint64_t sums[3] = {};
      for (int i = 0; i < 3; ++i) {
        // Forwards and backwards in turn, so that nobody always comes after the same neighbour.
        const bool forwards = (slice + static_cast<uint64_t>(round)) % 2 == 0;
        const int side = forwards ? i : 2 - i;
        seconds[side] += RunSide(row, static_cast<Side>(side), &result, &sums[side]);
      }
      if (sums[0] != sums[1]) result.equal = false;
    }
    row.end_round();
    if (round == 0) {
      result.heap_background.values.clear();
      result.collection_background.values.clear();
      continue;
    }
    for (int side = 0; side < 3; ++side) {
      result.Of(static_cast<Side>(side))->values.push_back(seconds[side] / operations * 1e6);
    }
    result.heap_background.values.back() *= 1e6 / operations;
    result.collection_background.values.back() *= 1e6 / operations;
  }
  if (!row.verify()) result.equal = false;
  return result;
}

// Some more slices, on both sides, under the eyes of a profiler.
void ServerBench::ProfileRow(const Row& row, uint64_t first) {
  const char* folder = std::getenv("BENCH_FOLDER");
  std::vector<pid_t> pids;
  for (const Connection* connection : row.connections) pids.push_back(connection->backend_pid());
  row.begin_round();
  for (const Side side : {Side::kHeap, Side::kCollection}) {
    std::string name = row.name + (side == Side::kHeap ? ", heap" : ", collection");
    for (char& c : name) {
      if (c == ' ' || c == ',') c = '_';
    }
    Profile profile(folder == nullptr ? "." : folder, name, pids);
    for (int slice = 0; slice < row.slices; ++slice) {
      row.prepare(first + static_cast<uint64_t>(slice) * row.operations);
      row.run(side);
    }
    findings_.push_back({name, profile.Finish(side == Side::kHeap ? 12 : 30)});
  }
  row.end_round();
}

bool ServerBench::Run() {
  rows_.Drop();
  rows_.Load();
  if (!options_.brief) PrintSettings();

  Table table({"row", "heap us", "collection us", "floor us", "ratio", "bar", "", "equal",
               "background us: heap", "collection"});
  bool equal = true;
  for (const Row& row : rows_.Rows()) {
    if (!Chosen(row)) continue;
    if (row.one_core && !options_.brief) processes_.PinTo(LastCore());
    Result result = Measure(row);
    equal = equal && result.equal;
    if (options_.brief) {
      std::printf("%s %s: equal results\n", result.equal ? "ok" : "not ok", row.name.c_str());
      continue;
    }
    const Series ratio = result.heap.Over(result.collection);
    const std::string verdict = Verdict(ratio.Median(), row.bar);
    table.Add({row.name, Number(result.heap.Median(), 2), Number(result.collection.Median(), 2),
               Number(result.floor.Median(), 2), WithSpread(ratio), Number(row.bar, 2), verdict,
               result.equal ? "yes" : "NO", Number(result.heap_background.Median(), 2),
               Number(result.collection_background.Median(), 2)});
    std::printf("  %s: %s\n", row.name.c_str(), WithSpread(ratio).c_str());
    std::fflush(stdout);
    if (verdict == "MISSED" || Setting("BENCH_PROFILE", 0) != 0) {
      ProfileRow(row, (static_cast<uint64_t>(options_.rounds) + 1) *
                          static_cast<uint64_t>(row.slices) * row.operations);
    }
    processes_.Unpin();
  }
  rows_.Drop();
  if (options_.brief) return equal;

  std::printf(
      "\nMicroseconds of an operation: medians of %d rounds; ratio: heap / collection, "
      "median (lowest to highest round).\n\n",
      options_.rounds);
  table.Print();
  for (const Finding& finding : findings_) {
    std::printf("\nWhere the time goes: %s\n", finding.name.c_str());
    for (const std::string& line : finding.lines) std::printf("  %s\n", line.c_str());
  }
  return equal;
}

}  // namespace

}  // namespace quire::bench

int main(int argc, char** argv) {
  using quire::bench::Die;
  using quire::bench::Setting;
  quire::bench::ServerBenchOptions options;
  std::string words;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--short") {
      options.brief = true;
    } else if (argument == "--control") {
      options.control = true;
    } else if (argument.starts_with("--rows=")) {
      words = argument.substr(7);
    } else {
      Die("no such argument: " + std::string(argument));
    }
  }
  options.documents = Setting("BENCH_DOCUMENTS", options.brief ? 2'000 : 1'000'000);
  options.rounds = static_cast<int>(Setting("BENCH_ROUNDS", options.brief ? 1 : 7));
  if (options.documents == 0 || options.rounds == 0) Die("nothing to do");
  return quire::bench::ServerBench(options, words).Run() ? 0 : 1;
}
