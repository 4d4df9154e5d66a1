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
#include "tests/support/setting.h"

namespace quire::bench {

namespace {

// What one row gave: microseconds of an operation, per round. By side: heap, collection, floor.
struct Result {
  Series wall[3];
  // Processor time of the sessions, and of the server's other processes (log worker, WAL writer,
  // …).
  Series session[3];
  Series background[3];
  bool equal = true;
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
  void RunSide(const Row& row, int side, Result* result, uint64_t* sum);
  void ProfileRow(const Row& row, uint64_t first);
  bool Report(const Row& row, const Result& result);
  void PrintMemory() const;

  const ServerBenchOptions options_;
  const std::string words_;
  ServerRows rows_;
  ServerProcesses processes_;
  std::vector<Finding> findings_;
  Table times_{{"row", "heap us", "collection us", "floor us", "ratio", "bar", "", "equal"}};
  Table processor_{
      {"row", "heap", "collection", "floor", "ratio", "others: heap", "others: collection"}};
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

// One slice on one side: adds to the last value of each of the side's series.
void ServerBench::RunSide(const Row& row, int side, Result* result, uint64_t* sum) {
  std::set<pid_t> sessions;
  for (const Connection* connection : row.connections) sessions.insert(connection->backend_pid());
  const double others = processes_.SecondsOfOthers(sessions);
  const double own = ServerProcesses::SecondsOf(sessions);
  const Stopwatch watch;
  *sum = row.run(static_cast<Side>(side));
  result->wall[side].values.back() += watch.Seconds();
  result->session[side].values.back() += ServerProcesses::SecondsOf(sessions) - own;
  if (static_cast<Side>(side) == Side::kFloor || options_.brief) return;
  processes_.Settle(sessions);
  result->background[side].values.back() += processes_.SecondsOfOthers(sessions) - others;
}

Result ServerBench::Measure(const Row& row) {
  Result result;
  const auto slices = static_cast<uint64_t>(row.slices);
  const double operations = static_cast<double>(row.operations * slices);
  // Round 0 warms up and is forgotten; a short run has nothing to forget.
  for (int round = options_.brief ? 1 : 0; round <= options_.rounds; ++round) {
    for (Series* series : {result.wall, result.session, result.background}) {
      for (int side = 0; side < 3; ++side) series[side].values.push_back(0);
    }
    row.begin_round();
    for (uint64_t slice = 0; slice < slices; ++slice) {
      row.prepare((static_cast<uint64_t>(round) * slices + slice) * row.operations);
      uint64_t sums[3] = {};
      for (int i = 0; i < 3; ++i) {
        // Forwards and backwards in turn, so that nobody always comes after the same neighbour.
        const bool forwards = (slice + static_cast<uint64_t>(round)) % 2 == 0;
        const int side = forwards ? i : 2 - i;
        RunSide(row, side, &result, &sums[side]);
      }
      if (sums[0] != sums[1]) result.equal = false;
    }
    row.end_round();
    for (Series* series : {result.wall, result.session, result.background}) {
      for (int side = 0; side < 3; ++side) {
        if (round == 0) {
          series[side].values.clear();
        } else {
          series[side].values.back() *= 1e6 / operations;
        }
      }
    }
  }
  if (!row.verify()) result.equal = false;
  return result;
}

// Some more slices, on both sides, under the eyes of a profiler.
void ServerBench::ProfileRow(const Row& row, uint64_t first) {
  const char* folder = std::getenv("BENCH_FOLDER");
  std::vector<pid_t> pids;
  for (const Connection* connection : row.connections) pids.push_back(connection->backend_pid());
  constexpr double kSeconds = 2;
  uint64_t slices = 0;
  row.begin_round();
  for (const Side side : {Side::kHeap, Side::kCollection}) {
    std::string name = row.name + (side == Side::kHeap ? ", heap" : ", collection");
    for (char& c : name) {
      if (c == ' ' || c == ',') c = '_';
    }
    Profile profile(folder == nullptr ? "." : folder, name, pids);
    // The second side does as much as the first did in its time: both must hold the same
    // afterwards.
    const Stopwatch watch;
    uint64_t slice = 0;
    do {
      row.prepare(first + slice * row.operations);
      row.run(side);
      ++slice;
    } while (side == Side::kHeap ? row.slices > 1 && watch.Seconds() < kSeconds : slice < slices);
    slices = slice;
    findings_.push_back({name, profile.Finish(side == Side::kHeap ? 12 : 30)});
  }
  row.end_round();
}

// Adds a measured row to the tables. Returns whether it missed its bar.
bool ServerBench::Report(const Row& row, const Result& result) {
  const auto median = [](const Series& series) { return Number(series.Median(), 2); };
  const Series ratio = result.wall[0].Over(result.wall[1]);
  const std::string verdict = Verdict(ratio.Median(), row.bar);
  times_.Add({row.name, median(result.wall[0]), median(result.wall[1]), median(result.wall[2]),
              WithSpread(ratio), row.bar == 0 ? "-" : Number(row.bar, 2), verdict,
              result.equal ? "yes" : "NO"});
  processor_.Add({row.name, median(result.session[0]), median(result.session[1]),
                  median(result.session[2]), WithSpread(result.session[0].Over(result.session[1])),
                  median(result.background[0]), median(result.background[1])});
  std::printf("  %s: %s\n    %s\n", row.name.c_str(), WithSpread(ratio).c_str(),
              row.statement.c_str());
  std::fflush(stdout);
  return verdict == "MISSED";
}

void ServerBench::PrintMemory() const {
  if (rows_.memory().empty()) return;
  std::printf("\nMemory of the engine against heap and primary key on disk after COPY, MB.\n\n");
  Table table({"", "heap", "engine", "ratio", "at most", ""});
  for (const MemoryRow& row : rows_.memory()) {
    const double ratio = row.region_bytes / row.heap_bytes;
    table.Add({row.name, Number(row.heap_bytes / 1e6, 1), Number(row.region_bytes / 1e6, 1),
               Number(ratio, 3), Number(row.bar, 2), ratio <= row.bar ? "reached" : "MISSED"});
  }
  table.Print();
}

bool ServerBench::Run() {
  rows_.Drop();
  rows_.Load();
  if (!options_.brief) PrintSettings();
  bool equal = true;
  for (const Row& row : rows_.Rows()) {
    if (!Chosen(row)) continue;
    if (row.one_core && !options_.brief) processes_.PinTo(LastCore());
    const Result result = Measure(row);
    equal = equal && result.equal;
    if (options_.brief) {
      std::printf("%s %s: equal results\n", result.equal ? "ok" : "not ok", row.name.c_str());
      continue;
    }
    const bool missed = Report(row, result);
    if (missed || Setting("BENCH_PROFILE", 0) != 0) {
      ProfileRow(row, (static_cast<uint64_t>(options_.rounds) + 1) *
                          static_cast<uint64_t>(row.slices) * row.operations);
    }
    processes_.Unpin();
  }
  rows_.Drop();
  if (options_.brief) return equal;

  std::printf(
      "\nMicroseconds of an operation, as the client sees it: medians of %d rounds; ratio: heap / "
      "collection, median (lowest to highest round).\n\n",
      options_.rounds);
  times_.Print();
  std::printf(
      "\nMicroseconds of the server's processors for an operation: sessions, and everybody else "
      "(log worker, WAL writer, ...).\n\n");
  processor_.Print();
  PrintMemory();
  for (const Finding& finding : findings_) {
    std::printf("\nWhere the time goes: %s\n", finding.name.c_str());
    for (const std::string& line : finding.lines) std::printf("  %s\n", line.c_str());
  }
  return equal;
}

}  // namespace

}  // namespace quire::bench

int main(int argc, char** argv) {
  using quire::Setting;
  using quire::bench::Die;
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
