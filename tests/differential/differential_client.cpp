// Random statements and histories on collections and on their heap twins.
//
//   differential_client statements --conn=… --rule=FOLDER [--seed=N] [--count=2000]
//       Both sides must answer the same. FOLDER has what makes the twins (sql/twin of the project).
//       The seed repeats everything.
//   differential_client histories --conn=… [--seed=N] [--seconds=20] [--sessions=2]
//       Sessions that write at once, are ended and killed, and keep their sums (histories.h). Who
//       runs this may kill the server's processes. The seed repeats the draws, not the races.
//
// Makes the database quire_differential anew on the server. Prints TAP.
//
// Exit code 0: all is well. 1: a finding, printed. 2: wrong use.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "engine/base/status.h"
#include "tests/client/connection.h"
#include "tests/client/random.h"
#include "tests/differential/comparison.h"
#include "tests/differential/data.h"
#include "tests/differential/histories.h"
#include "tests/differential/statements.h"
#include "tests/differential/tables.h"

namespace quire::differential {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);
// A part of the statements that finds nothing tests little.
constexpr double kNotEmptyMin = 0.6;
// After so many differences the rest would drown them.
constexpr uint64_t kDifferencesMax = 10;
// The documents are made anew after so many statements.
constexpr uint64_t kRoundLength = 2000;

struct Arguments {
  std::string command;
  std::string conninfo;
  std::string rule;
  uint64_t seed = std::random_device()();
  uint64_t count = 2000;
  int64_t seconds = 20;
  int sessions = 2;
};

bool ParseArgument(absl::string_view text, Arguments* arguments) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos) return false;
  const absl::string_view name = text.substr(0, equals);
  const absl::string_view value = text.substr(equals + 1);
  if (name == "--seed") return absl::SimpleAtoi(value, &arguments->seed);
  if (name == "--count") return absl::SimpleAtoi(value, &arguments->count);
  if (name == "--seconds") return absl::SimpleAtoi(value, &arguments->seconds);
  if (name == "--sessions") return absl::SimpleAtoi(value, &arguments->sessions);
  std::string* target = nullptr;
  if (name == "--conn") target = &arguments->conninfo;
  if (name == "--rule") target = &arguments->rule;
  if (target == nullptr) return false;
  *target = std::string(value);
  return true;
}

int tests = 0;
bool all_well = true;

void Report(bool well, const std::string& name) {
  absl::PrintF("%s %d - %s\n", well ? "ok" : "not ok", ++tests, name);
  all_well = all_well && well;
}

std::string InDatabase(const Arguments& arguments) {
  return absl::StrCat(arguments.conninfo, " dbname=quire_differential");
}

// RESET ALL comes back to the options of a connection.
absl::StatusOr<Connection> OpenSide(const Arguments& arguments, absl::string_view path) {
  return Connection::Open(absl::StrCat(InDatabase(arguments), " options='-c search_path=", path,
                                       " -c timezone=UTC -c jit=off'"),
                          kPatience);
}

absl::StatusOr<Connection> MakeDatabase(const Arguments& arguments) {
  QUIRE_ASSIGN_OR_RETURN(
      Connection server,
      Connection::Open(absl::StrCat(arguments.conninfo, " dbname=postgres"), kPatience));
  QUIRE_RETURN_IF_ERROR(
      server.Run("DROP DATABASE IF EXISTS quire_differential WITH (FORCE)").status());
  QUIRE_RETURN_IF_ERROR(server.Run("CREATE DATABASE quire_differential").status());
  QUIRE_ASSIGN_OR_RETURN(Connection connection, Connection::Open(InDatabase(arguments), kPatience));
  QUIRE_RETURN_IF_ERROR(connection.Run("CREATE EXTENSION quire").status());
  return connection;
}

// The database with the tables of the statements, and the rule by which the twins read.
absl::Status MakeTwins(const Arguments& arguments) {
  QUIRE_ASSIGN_OR_RETURN(Connection connection, MakeDatabase(arguments));
  for (const char* name : {"/shown_value.sql", "/table.sql", "/functions.sql"}) {
    std::ifstream file(arguments.rule + name);
    std::stringstream sql;
    sql << file.rdbuf();
    if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", arguments.rule, name));
    QUIRE_RETURN_IF_ERROR(connection.Run(sql.str().c_str()).status());
  }
  return MakeTables(&connection);
}

void PrintCounts(const char* of, const Counts& counts) {
  std::string line;
  for (const auto& [name, count] : counts) absl::StrAppend(&line, " ", name, "=", count, ",");
  absl::PrintF("# %s:%s\n", of, line);
}

// Adds what one round has compared.
void Add(const Tally& round, Tally* all) {
  all->statements += round.statements;
  all->not_empty += round.not_empty;
  all->different += round.different;
  for (const auto& [name, count] : round.kinds) all->kinds[name] += count;
  for (const auto& [name, count] : round.failures) all->failures[name] += count;
}

// Statements on one set of documents.
absl::Status RunRound(const Arguments& arguments, uint64_t count, Random* random, Counts* operators,
                      Tally* all) {
  QUIRE_RETURN_IF_ERROR(MakeTwins(arguments));
  QUIRE_ASSIGN_OR_RETURN(Connection collections, OpenSide(arguments, kCollectionPath));
  QUIRE_ASSIGN_OR_RETURN(Connection twins, OpenSide(arguments, kTwinPath));
  QUIRE_RETURN_IF_ERROR(FillTables(&collections, &twins, random));
  QUIRE_ASSIGN_OR_RETURN(const Data data, Data::Load(&twins));
  Comparison comparison(&collections, &twins, &data, random);
  Statements statements(&data, random, operators);
  QUIRE_RETURN_IF_ERROR(comparison.CompareTables());
  while (comparison.tally().statements < count &&
         all->different + comparison.tally().different < kDifferencesMax) {
    QUIRE_RETURN_IF_ERROR(comparison.Compare(statements.Make()));
  }
  Add(comparison.tally(), all);
  return absl::OkStatus();
}

int RunStatements(const Arguments& arguments) {
  absl::PrintF("# seed %d: --seed=%d --count=%d repeats these statements\n", arguments.seed,
               arguments.seed, arguments.count);
  Random random(arguments.seed);
  Counts operators;
  Tally tally;
  const absl::Time begin = absl::Now();
  while (tally.statements < arguments.count && tally.different < kDifferencesMax) {
    const uint64_t count = std::min(kRoundLength, arguments.count - tally.statements);
    const absl::Status status = RunRound(arguments, count, &random, &operators, &tally);
    if (arguments.count > kRoundLength) absl::PrintF("# %d statements\n", tally.statements);
    if (!status.ok()) {
      absl::PrintF("# %s\n", status.message());
      Report(false, "the server answers");
      break;
    }
  }
  const double share = static_cast<double>(tally.not_empty) /
                       static_cast<double>(std::max<uint64_t>(1, tally.statements));
  PrintCounts("operators", operators);
  PrintCounts("statements", tally.kinds);
  PrintCounts("fail alike, by SQLSTATE", tally.failures);
  absl::PrintF("# %.0f %% with results; %.1f s\n", 100 * share,
               absl::ToDoubleSeconds(absl::Now() - begin));
  Report(
      tally.different == 0,
      absl::StrCat("collections answer like their heap twins: ", tally.statements, " statements"));
  Report(share >= kNotEmptyMin, "at least 60 % of the statements have results");
  // A generator that makes statements which the server does not understand tests nothing.
  const bool understood = std::none_of(tally.failures.begin(), tally.failures.end(),
                                       [](const auto& f) { return f.first.starts_with("42"); });
  Report(understood, "the server understands every statement");
  absl::PrintF("1..%d\n", tests);
  return all_well ? 0 : 1;
}

int RunHistories(const Arguments& arguments) {
  absl::PrintF("# seed %d: --seed=%d\n", arguments.seed, arguments.seed);
  HistoryOptions options;
  options.conninfo = InDatabase(arguments);
  options.sessions = arguments.sessions;
  options.seed = arguments.seed;
  options.duration = absl::Seconds(arguments.seconds);
  auto report = [&]() -> absl::StatusOr<HistoryReport> {
    QUIRE_RETURN_IF_ERROR(MakeDatabase(arguments).status());
    return RunHistories(options);
  }();
  if (!report.ok()) {
    absl::PrintF("# %s\n", report.status().message());
    Report(false, "the histories run");
    return 1;
  }
  for (const std::string& finding : report->findings) absl::PrintF("# FINDING: %s\n", finding);
  const HistoryTally& tally = report->tally;
  absl::PrintF(
      "# committed=%d rolled_back=%d savepoints=%d conflicts=%d deadlocks=%d lost=%d kept=%d "
      "terminated=%d killed=%d checks=%d\n",
      tally.committed, tally.rolled_back, tally.taken_back, tally.conflicts, tally.deadlocks,
      tally.lost, tally.kept, report->terminated, report->killed, report->checks);
  Report(report->findings.empty(), "histories of sessions that write at once keep their sums");
  Report(tally.committed > 100 && report->terminated > 0 &&
             (report->killed > 0 || arguments.seconds < 10),
         "sessions committed, were ended and were killed");
  absl::PrintF("1..%d\n", tests);
  return all_well ? 0 : 1;
}

int Main(int argc, char** argv) {
  // Whoever watches a long run sees each line when it is written.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  Arguments arguments;
  if (argc > 1) arguments.command = argv[1];
  for (int i = 2; i < argc; ++i) {
    if (!ParseArgument(argv[i], &arguments)) arguments.command.clear();
  }
  if (arguments.command == "statements" && !arguments.rule.empty()) return RunStatements(arguments);
  if (arguments.command == "histories") return RunHistories(arguments);
  std::fputs("see the head of tests/differential/differential_client.cpp\n", stderr);
  return 2;
}

}  // namespace
}  // namespace quire::differential

int main(int argc, char** argv) {
  return quire::differential::Main(argc, argv);
}
