// The engine without a server: a small transaction manager whose commit log is the engine log
// itself. It is what tests, fuzzers, simulations and benchmarks run, and an embedded document store
// of its own.
//
// Threads are sessions. Transactions are optimistic: they read one snapshot, never wait, and are
// validated when they commit (Kung and Robinson, "On optimistic methods for concurrency control",
// 1981): every document read must still be in the state that was read. A conflict is kAborted; the
// caller begins anew. Documents that a scan did not see are not validated (phantoms).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"

#include "engine/durability/log_follower.h"
#include "engine/local/commit_table.h"
#include "engine/local/mutex.h"
#include "engine/log/log_lookup.h"
#include "engine/quire.h"

namespace quire {

enum class SyncPolicy : uint8_t {
  kAlways,    // a commit returns when it is durable
  kInterval,  // the log is synced by the first commit after each interval
  kNone,      // the log is synced when the engine closes
};

struct LocalOptions {
  std::string directory;  // of the log's segments; its parent exists
  uint64_t memory_bytes = uint64_t{1} << 30;
  uint32_t sessions_max = 64;
  SyncPolicy sync = SyncPolicy::kAlways;
  int64_t sync_interval_us = 1'000'000;
  uint64_t segment_bytes = uint64_t{64} << 20;
};

class LocalSession;

class LocalEngine {
 public:
  // Opens the log in the directory, or begins one. `files` and `clock` outlive the engine.
  static absl::StatusOr<std::unique_ptr<LocalEngine>> Open(FileSystem* files, Clock* clock,
                                                           const LocalOptions& options);
  // Syncs what was committed, unless a write or sync has failed before. REQUIRES: no sessions.
  ~LocalEngine();
  LocalEngine(const LocalEngine&) = delete;
  LocalEngine& operator=(const LocalEngine&) = delete;

  absl::StatusOr<std::unique_ptr<LocalSession>> OpenSession();

  // Makes all commits so far durable.
  absl::Status Sync();
  // One pass of the collector (store/collector.h) over all garbage. Any thread, one at a time.
  absl::Status Collect();
  const Region& region() const { return region_; }

 private:
  friend class LocalSession;

  LocalEngine(FileSystem* files, Clock* clock, const LocalOptions& options);
  absl::Status Load();
  absl::Status LogChanges(std::string_view batch);
  // Makes what was logged readable, so that its bodies may leave memory.
  absl::Status FlushLog();
  // Writes the outcome of a transaction and, when it committed, syncs as the policy says.
  absl::Status LogOutcome(absl::Span<const uint64_t> xids, bool committed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(commit_mutex_);
  void PublishHorizon();

  FileSystem* const files_;
  Clock* const clock_;
  const LocalOptions options_;
  void* memory_ = nullptr;
  Region region_;
  EngineState* engine_ = nullptr;
  std::unique_ptr<CommitTable> commits_;

  // Per slot: the oldest id that the session's snapshot may have to look at, 0 while it has none.
  std::unique_ptr<std::atomic<uint64_t>[]> snapshot_floors_;
  std::atomic<uint64_t> next_owner_{2};

  Mutex commit_mutex_;
  std::unique_ptr<Session> log_session_ ABSL_GUARDED_BY(commit_mutex_);
  std::unique_ptr<LogFollower> follower_ ABSL_GUARDED_BY(commit_mutex_);
  uint64_t next_lsn_ ABSL_GUARDED_BY(commit_mutex_) = 1;
  uint64_t commit_count_ ABSL_GUARDED_BY(commit_mutex_) = 0;
};

// One thread's access. At most one transaction at a time.
class LocalSession final : private TransactionHost, private ChangeSink {
 public:
  ~LocalSession() override;

  absl::Status Begin();
  // kAborted: a document that was read or written changed meanwhile; the transaction is rolled
  // back.
  absl::Status Commit();
  void Rollback();

  // Appends the document to the batch if there is one; returns whether there is.
  absl::StatusOr<bool> Get(const CollectionId& collection, std::string_view key, RowBatch* batch);
  // Calls for all documents, in batches; `cursor` begins as BeginScan gave it.
  absl::StatusOr<ScanCursor> BeginScan(const CollectionId& collection);
  absl::StatusOr<bool> NextBatch(const CollectionId& collection, size_t rows_max,
                                 ScanCursor* cursor, RowBatch* batch);
  // The same for the documents of a range of keys, in the cursor's order. What enters the range
  // later is not validated.
  absl::StatusOr<bool> NextBatchInRange(const CollectionId& collection, size_t rows_max,
                                        RangeCursor* cursor, RowBatch* batch);

  // kAlreadyExists when there is a document of that key; kAborted on a conflict.
  absl::Status Insert(const CollectionId& collection, std::string_view key,
                      std::string_view document);
  // Inserts or replaces.
  absl::Status Put(const CollectionId& collection, std::string_view key, std::string_view document);
  // Returns whether there was a document.
  absl::StatusOr<bool> Delete(const CollectionId& collection, std::string_view key);

  // Savepoints nest; rolling back to one undoes what came after it.
  struct SavepointMark {
    Writer::Mark writer;
    size_t xids = 0;
  };
  SavepointMark Savepoint();
  absl::Status RollbackTo(const SavepointMark& mark);

  Session* session() { return session_.get(); }

  // Lets bodies of documents leave memory, all that can or until `bytes` are gained; they are read
  // back from the log. Writes do so themselves when memory is full. Returns the bytes gained.
  absl::StatusOr<uint64_t> Evict(uint64_t bytes);

 private:
  friend class LocalEngine;
  // What a transaction saw of a document: the stamp of the version, 0 for none.
  struct Read {
    CollectionState* collection;
    uint64_t hlc;
    uint32_t number;
    std::string key;  // when the document has no number
  };

  LocalSession(LocalEngine* engine, std::unique_ptr<Session> session, uint64_t index);

  // TransactionHost
  absl::StatusOr<TransactionState> StateOf(uint64_t xid) override;
  bool IsCurrent(uint64_t xid) override;
  absl::StatusOr<uint64_t> TopmostOf(uint64_t xid) override { return xid; }
  // ChangeSink: keeps the batch until the commit.
  absl::Status AppendChanges(std::string_view batch) override;

  absl::Status RequireTransaction() const;
  WriteContext NextWrite();
  void EndTransaction(TransactionState state);
  absl::Status Validate();
  absl::StatusOr<bool> StillAsRead(const Read& read);
  absl::StatusOr<CollectionState*> Open(const CollectionId& id);
  // The row as the transaction sees it, remembered for validation; false when it sees none.
  void RememberRead(CollectionState* collection, const DocumentRow& row);
  absl::StatusOr<bool> Look(CollectionState* collection, std::string_view key, RowBatch* batch);
  absl::Status Conclude(const absl::StatusOr<WriteResult>& result);
  // Calls `write`, and once more after making room when memory was full.
  template <typename Call>
  absl::StatusOr<WriteResult> Write(Call write);

  LocalEngine* const engine_;
  const std::unique_ptr<Session> session_;
  LogLookup bodies_;
  const uint64_t index_;  // of the session's snapshot floor
  Writer writer_;

  bool active_ = false;
  bool logged_ = false;         // changes went to the log ahead of the commit
  bool new_xid_ = false;        // a savepoint was set: the next write is a subtransaction's
  std::vector<uint64_t> xids_;  // of the transaction, then of its subtransactions; ascending
  uint32_t command_ = 1;
  Snapshot snapshot_;
  std::vector<uint64_t> in_progress_;
  std::vector<Read> reads_;
  std::vector<uint64_t> own_stamps_;  // of the versions written here; ascending
  RowBatch scratch_;
  CollectionState* last_collection_ = nullptr;  // collections live as long as the engine
};

}  // namespace quire
