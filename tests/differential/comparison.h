// Runs a statement on both sides and holds the outcomes against each other.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/client/connection.h"
#include "tests/client/random.h"
#include "tests/differential/data.h"
#include "tests/differential/statements.h"

namespace quire::differential {

struct Outcome {
  std::string state = "00000";
  std::string message;
  std::vector<std::string> rows;  // NULL is written \N
};

// What has been compared so far.
struct Tally {
  uint64_t statements = 0;
  uint64_t not_empty = 0;
  uint64_t different = 0;
  Counts kinds;     // of statements
  Counts failures;  // by SQLSTATE, the same on both sides
};

class Comparison {
 public:
  // The sessions' search paths lead to the collections and to their twins.
  Comparison(Connection* collections, Connection* twins, const Data* data, Random* random)
      : collections_(*collections), twins_(*twins), data_(*data), random_(*random) {}

  // Prints what differs. A statement with parameters is executed several times, and each counts.
  // Fails when a connection is lost.
  absl::Status Compare(const Statement& statement);
  // Whether the tables are equal, to the text and version of each document.
  absl::Status CompareTables();

  const Tally& tally() const { return tally_; }

 private:
  struct Outcomes {
    Outcome collection;
    Outcome twin;
  };
  absl::StatusOr<Outcomes> RunBoth(const std::string& sql);
  absl::Status Session(const std::string& sql);
  absl::Status CompareOne(const Statement& statement, const std::string& sql);
  absl::Status ComparePrepared(const Statement& statement);
  absl::Status CompareWritten(const Statement& statement);
  void Report(const Statement& statement, const std::string& sql, const Outcomes& outcomes);
  absl::Status ReportLeaves(const Statement& statement);

  Connection& collections_;
  Connection& twins_;
  const Data& data_;
  Random& random_;
  Tally tally_;
};

}  // namespace quire::differential
