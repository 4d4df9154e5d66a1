// One session of a random history: transactions that move amounts between documents and rows, count
// up, lose races and try again, and keep a heap twin of every document in step. It remembers what
// the server has acknowledged. Belongs to one thread, but for what is marked.
//
// Every operation changes documents first, under whatever the engine thinks of concurrent writers,
// and then exactly the same keys of the twin: what it did to the documents is right if, in every
// snapshot, the twins are equal, no amount was made or lost, none is negative, and the counters are
// what the journal says.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/client/connection.h"
#include "tests/client/random.h"

namespace quire::differential {

inline constexpr int kAccounts = 12;
inline constexpr int kLedgerRows = 3;
inline constexpr int kAmount = 100;

// What must hold in every snapshot, also in the middle of a transaction, between its operations: a
// query of one row, in which each number but 0 is a finding with one of the names.
std::string HistoryInvariants();
inline constexpr const char* kHistoryInvariantNames[] = {
    "an amount was made or lost", "there are more or fewer documents", "a balance is negative",
    "documents and twins differ", "a lookup does not find what the scan found"};

// Makes the tables in the session's database: accounts (the documents), twin, ledger (rows of their
// own), journal (a row for each session).
absl::Status MakeHistoryTables(Connection* connection, int sessions);

// What happened, for the record.
struct HistoryTally {
  uint64_t committed = 0;
  uint64_t rolled_back = 0;
  uint64_t taken_back = 0;  // savepoints
  uint64_t conflicts = 0;   // 40001
  uint64_t deadlocks = 0;
  uint64_t lost = 0;  // connections
  uint64_t kept = 0;  // of the transactions whose COMMIT nobody answered
};

class HistorySession {
 public:
  HistorySession(std::string conninfo, int number, uint64_t seed)
      : conninfo_(std::move(conninfo)), number_(number), random_(seed) {}

  // Runs transactions until `stop`, through lost connections. Fails with a finding.
  absl::Status Run(const std::atomic<bool>* stop);

  // Any thread: its process on the server, or 0.
  int backend_pid() const { return backend_pid_; }
  const HistoryTally& tally() const { return tally_; }
  // Acknowledged.
  int64_t increments() const { return increments_; }

 private:
  absl::Status Connect();
  // After a connection was lost: what the server has of the last transaction.
  absl::Status Resolve();
  absl::Status Transaction();
  absl::Status Step();
  absl::Status Operation();
  absl::Status Increment();
  absl::Status IncrementRange();
  absl::Status Transfer();
  absl::Status TransferToRow();
  absl::Status SetByVersion();
  absl::Status Replace();
  absl::Status Patch();
  absl::Status Audit();

  // Adds to the balance of a document, when its own is enough. Whether it was.
  absl::StatusOr<bool> Add(int id, int amount);
  // Runs an UPDATE of documents that returns keys, and the same assignment on the twin.
  absl::StatusOr<int> ChangeBoth(const std::string& assignment, const std::string& condition);
  absl::StatusOr<Result> Send(const std::string& sql);
  int RandomId() { return static_cast<int>(random_.Between(1, kAccounts)); }

  const std::string conninfo_;
  const int number_;
  Random random_;
  std::optional<Connection> connection_;
  std::atomic<int> backend_pid_{0};
  HistoryTally tally_;
  bool repeatable_read_ = false;
  bool committing_ = false;
  bool replacing_ = false;  // a duplicate key may be met
  int64_t sequence_ = 0;    // of the last acknowledged transaction
  int64_t increments_ = 0;
  int64_t pending_ = 0;  // increments of the transaction in progress
};

}  // namespace quire::differential
