// One client of the torture test: transactions without end, each of which writes documents and
// their heap twins, until the server is gone or it is told to stop.
//
// Runs in a thread of its own; what others read while it runs is atomic.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/client/connection.h"
#include "tests/torture/journal.h"

namespace quire::torture {

struct WorkloadOptions {
  std::string conninfo;
  std::string journal_file;
  int client = 0;
  uint64_t seed = 0;
  bool asynchronous = false;  // synchronous_commit = off
  // The disk may go away under the server: its errors that say so count as a lost connection.
  bool disk_fails = false;
};

// For the watcher.
struct WorkloadProgress {
  std::atomic<uint64_t> statements{0};
  std::atomic<uint64_t> committed{0};
  std::atomic<uint64_t> rolled_back{0};
  std::atomic<uint64_t> blocks{0};          // transactions that wrote a whole block
  std::atomic<uint64_t> conflicts{0};       // transactions that gave way to another one
  std::atomic<const char*> doing{"start"};  // the statement that was sent last
  std::atomic<bool> finished{false};
  // When the connection was lost: a transaction had sent a write and had no answer to its end.
  std::atomic<bool> in_flight{false};
};

class Workload {
 public:
  // `stop` and `progress` outlive it.
  Workload(WorkloadOptions options, const std::atomic<bool>* stop, WorkloadProgress* progress);

  // OK when it was told to stop or the connection was lost; everything else is a finding.
  absl::Status Run();

 private:
  // What the open transaction leaves behind, and where it stands.
  struct Transaction {
    State changes;
    int writes = 0;
    bool block = false;
  };

  absl::Status RunUntilLost();
  absl::Status RunTransaction();
  absl::Status Operations(int depth);
  absl::Status Savepoint(int depth);
  absl::Status Operation(size_t padding_min);
  absl::Status Insert(const std::string& key, size_t padding);
  absl::Status Update(const std::string& key, size_t padding);
  absl::Status Delete(const std::string& key);
  absl::Status InsertDuplicate();
  absl::Status BlockOperation();
  absl::Status InsertBlock(int64_t value);
  absl::Status Commit();

  // Keys that all clients write (hot_keys.cpp).
  absl::Status RunHotTransaction();
  absl::Status HotOperations(bool snapshot);
  absl::Status HotOperation(const std::string& key, bool snapshot);

  // Sends the same change to both tables, in either order; both must change `rows` rows.
  struct TwoChanges {
    const char* name;
    std::string collection;
    std::string twin;
    std::vector<std::string> parameters;
  };
  absl::Status Both(const TwoChanges& change, int64_t rows);
  absl::Status Send(const char* name, const std::string& sql,
                    const std::vector<std::string>& parameters, int64_t rows);
  // The same; says how many rows it has changed.
  absl::StatusOr<int64_t> Change(const char* name, const std::string& sql,
                                 const std::vector<std::string>& parameters);
  absl::Status Send(const char* sql);

  int64_t Value(const std::string& key) const;
  size_t RandomPadding();
  uint64_t Random(uint64_t below) { return random_() % below; }
  bool Chance(double probability) {
    return static_cast<double>(random_() >> 11) * 0x1p-53 < probability;
  }

  const WorkloadOptions options_;
  const std::atomic<bool>* const stop_;
  WorkloadProgress* const progress_;

  std::mt19937_64 random_;
  Connection* connection_ = nullptr;
  Journal* journal_ = nullptr;
  State state_;  // acknowledged
  Transaction transaction_;
  int64_t next_value_ = 1;
};

}  // namespace quire::torture
