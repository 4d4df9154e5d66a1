#include "tests/torture/verify.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/base/status.h"
#include "tests/torture/tables.h"

namespace quire::torture {
namespace {

constexpr size_t kProblemsMax = 20;
constexpr size_t kLookups = 50;
// Stands for a block that is there in part, or with several values: no transaction leaves that.
constexpr int64_t kTornBlock = -1;

void AddProblem(VerifyReport* report, std::string problem) {
  if (report->problems.size() < kProblemsMax) {
    report->problems.push_back(std::move(problem));
  }
}

struct Block {
  int rows = 0;
  int64_t value_min = 0;
  int64_t value_max = 0;
};

void AddToBlock(int64_t value, Block* block) {
  block->value_min = block->rows == 0 ? value : std::min(block->value_min, value);
  block->value_max = block->rows == 0 ? value : std::max(block->value_max, value);
  ++block->rows;
}

// What each client finds in the collection.
absl::StatusOr<std::vector<State>> ReadStates(Connection* connection, size_t clients,
                                              VerifyReport* report) {
  QUIRE_ASSIGN_OR_RETURN(const Result result, connection->Run("SELECT _id, v FROM docs"));
  std::vector<State> states(clients);
  std::vector<Block> blocks(clients);
  std::set<absl::string_view> keys;
  for (int row = 0; row < result.rows(); ++row) {
    const absl::string_view key = result.Get(row, 0);
    if (!keys.insert(key).second) {
      AddProblem(report, absl::StrCat("the scan gives ", key, " twice"));
    }
    // Who wrote a hot key last is nowhere written down; its twin is all there is to compare with.
    if (IsHotKey(key)) {
      continue;
    }
    bool in_block = false;
    int64_t value = kAbsent;
    const int client = OwnerOf(key, &in_block);
    if (client < 0 || client >= static_cast<int>(clients) ||
        !absl::SimpleAtoi(result.Get(row, 1), &value)) {
      AddProblem(report, absl::StrCat("a document that nobody wrote: ", key, ", value ",
                                      result.Get(row, 1)));
    } else if (in_block) {
      AddToBlock(value, &blocks[client]);
    } else {
      states[client][std::string(key)] = value;
    }
  }
  for (size_t client = 0; client < clients; ++client) {
    const Block& block = blocks[client];
    if (block.rows == 0) {
      continue;
    }
    const bool whole = block.rows == kBlockKeys && block.value_min == block.value_max;
    states[client][BlockName(static_cast<int>(client))] = whole ? block.value_min : kTornBlock;
    if (!whole) {
      AddProblem(report,
                 absl::StrCat("client ", client, ": half a transaction, block of ", block.rows,
                              " documents with values ", block.value_min, " to ", block.value_max));
    }
  }
  report->documents = static_cast<size_t>(result.rows());
  return states;
}

// How many keys of two states differ, kept up to date while one of them moves on.
class Difference {
 public:
  Difference(const State& actual, State expected)
      : actual_(actual), expected_(std::move(expected)) {
    for (const auto& [key, value] : actual_) {
      different_ += ValueOf(expected_, key) != value ? 1 : 0;
    }
    for (const auto& [key, value] : expected_) {
      different_ += value != kAbsent && actual_.count(key) == 0 ? 1 : 0;
    }
  }
  void Apply(const State& changes) {
    for (const auto& [key, value] : changes) {
      const int64_t actual = ValueOf(actual_, key);
      different_ -= ValueOf(expected_, key) != actual ? 1 : 0;
      expected_[key] = value;
      different_ += value != actual ? 1 : 0;
    }
  }
  bool none() const { return different_ == 0; }

 private:
  const State& actual_;
  State expected_;
  int64_t different_ = 0;
};

// The longest prefix of the transactions that explains what is there.
std::optional<size_t> ExplainingPrefix(const History& history, const State& actual) {
  std::optional<size_t> found;
  Difference difference(actual, history.base);
  for (size_t count = 0;; ++count) {
    if (difference.none()) {
      found = count;
    }
    if (count == history.transactions.size()) {
      return found;
    }
    difference.Apply(history.transactions[count]);
  }
}

// Which keys differ from what was acknowledged, for a human.
void DescribeDifference(int client, const History& history, const State& actual,
                        VerifyReport* report) {
  const State acknowledged = history.After(history.acknowledged);
  const State all = history.After(history.transactions.size());
  std::set<std::string> keys;
  for (const State* state : {&actual, &acknowledged}) {
    for (const auto& [key, value] : *state) {
      keys.insert(key);
    }
  }
  for (const std::string& key : keys) {
    const int64_t found = ValueOf(actual, key), promised = ValueOf(acknowledged, key);
    if (found != promised) {
      AddProblem(report,
                 absl::StrCat("client ", client, ": ", key, " has ", found, ", acknowledged was ",
                              promised, ", in flight ", ValueOf(all, key), " (0: absent)"));
    }
  }
}

void CheckClient(int client, const History& history, const State& actual, bool lossy,
                 VerifyReport* report) {
  report->acknowledged += history.acknowledged;
  const std::optional<size_t> prefix = ExplainingPrefix(history, actual);
  if (prefix && (lossy || *prefix >= history.acknowledged)) {
    report->lost += history.acknowledged - std::min(*prefix, history.acknowledged);
    report->kept_in_flight += *prefix > history.acknowledged ? 1 : 0;
    return;
  }
  if (prefix) {
    AddProblem(report,
               absl::StrCat("client ", client, ": the last ", history.acknowledged - *prefix,
                            " acknowledged transactions are missing"));
  } else {
    AddProblem(report, absl::StrCat("client ", client,
                                    ": no prefix of its transactions explains what is there"));
  }
  DescribeDifference(client, history, actual, report);
}

}  // namespace

absl::Status CheckTwins(Connection* connection, VerifyReport* report) {
  QUIRE_ASSIGN_OR_RETURN(const Result result, connection->Run(R"(
    SELECT _id, d._id IS NULL, t._id IS NULL, count(*) OVER ()
      FROM docs d FULL JOIN twin t USING (_id)
     WHERE d._doc IS DISTINCT FROM t._doc OR d._version <> t.version ORDER BY _id LIMIT 10)"));
  for (int row = 0; row < result.rows(); ++row) {
    const bool no_document = result.Get(row, 1) == "t", no_twin = result.Get(row, 2) == "t";
    AddProblem(report,
               absl::StrCat("twins differ in ", result.Get(row, 3), " keys: ", result.Get(row, 0),
                            no_document ? " has no document"
                            : no_twin   ? " has no twin"
                                        : " has another content or version"));
  }
  return absl::OkStatus();
}

// The engine's own count is exact while nobody writes. A heap table has none.
absl::Status CheckCount(Connection* connection, VerifyReport* report) {
  QUIRE_ASSIGN_OR_RETURN(
      const Result result,
      connection->Run("SELECT documents FROM quire.collections WHERE collection = 'docs'"));
  if (result.rows() == 1 && result.Get(0, 0) != absl::StrCat(report->documents)) {
    AddProblem(report, absl::StrCat("the engine counts ", result.Get(0, 0), " documents, a scan ",
                                    report->documents));
  }
  return absl::OkStatus();
}

namespace {

// The access by key must see the same documents as the scan, and no others.
absl::Status CheckLookups(Connection* connection, int client, const State& actual,
                          VerifyReport* report) {
  for (size_t i = 0; i < kLookups; ++i) {
    const std::string key =
        SingleKey(client, static_cast<int>(i * (kSingleKeys / kLookups) + report->documents % 4));
    QUIRE_ASSIGN_OR_RETURN(const Result result,
                           connection->Run("lookup", "SELECT v FROM docs WHERE _id = $1", {key}));
    const int64_t expected = ValueOf(actual, key);
    const bool same = expected == kAbsent
                          ? result.rows() == 0
                          : result.rows() == 1 && result.Get(0, 0) == absl::StrCat(expected);
    if (!same) {
      AddProblem(report, absl::StrCat("the lookup of ", key, " gives ", result.rows(),
                                      " rows, the scan gave value ", expected));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<VerifyReport> Verify(Connection* connection, const VerifyOptions& options) {
  VerifyReport report;
  const size_t clients = options.journal_files.size();
  // One snapshot for all of it: background transactions of the server itself change nothing here.
  QUIRE_RETURN_IF_ERROR(connection->Run("BEGIN ISOLATION LEVEL REPEATABLE READ").status());
  QUIRE_ASSIGN_OR_RETURN(report.states, ReadStates(connection, clients, &report));
  for (size_t client = 0; client < clients; ++client) {
    const int number = static_cast<int>(client);
    QUIRE_ASSIGN_OR_RETURN(const History history, Journal::Read(options.journal_files[client]));
    CheckClient(number, history, report.states[client], options.lossy, &report);
    QUIRE_RETURN_IF_ERROR(CheckLookups(connection, number, report.states[client], &report));
  }
  QUIRE_RETURN_IF_ERROR(CheckTwins(connection, &report));
  QUIRE_RETURN_IF_ERROR(CheckCount(connection, &report));
  QUIRE_RETURN_IF_ERROR(connection->Run("COMMIT").status());
  return report;
}

}  // namespace quire::torture
