// Holds what the server has after a fault against what the clients' journals say it promised.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/client/connection.h"
#include "tests/torture/journal.h"

namespace quire::torture {

struct VerifyOptions {
  std::vector<std::string> journal_files;  // of client 0, 1, …
  // Acknowledged transactions may be missing, but only the last ones of a client, and whole:
  // synchronous_commit = off, and copies of the server that stopped earlier.
  bool lossy = false;
};

struct VerifyReport {
  std::vector<std::string> problems;  // none when all is well
  size_t documents = 0;
  size_t acknowledged = 0;  // transactions since the last verification
  size_t lost = 0;          // of them, where that is allowed
  size_t kept_in_flight = 0;
  std::vector<State> states;  // each client's, from which its next journal starts
};

// Whether the twins are equal, in one statement and therefore one snapshot: also while clients
// write. Adds what it finds to the report's problems.
absl::Status CheckTwins(Connection* connection, VerifyReport* report);

// Checks that
//   (a) every client finds the state after a prefix of its transactions, and none that it was
//       promised is missing from that prefix; so no transaction is there in part, either,
//   (b) the collection and the heap twin are equal, down to the number of each document's version,
//   (c) a lookup by key finds what the scan found, and the engine counts as many documents.
// Errors are those of the connection; what is wrong with the data is in the report.
absl::StatusOr<VerifyReport> Verify(Connection* connection, const VerifyOptions& options);

}  // namespace quire::torture
