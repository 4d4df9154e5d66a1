// What became of each transaction of a server-less engine, and which ones run.
//
// Any thread. States are read without a lock; beginnings and ends take the table's mutex, so that a
// snapshot is a point in the order of commits. Process-local: the engine log, not this table,
// survives.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"

#include "absl/types/span.h"
#include "engine/host/transactions.h"
#include "engine/local/mutex.h"
#include "engine/mvcc/snapshot.h"

namespace quire {

class CommitTable {
 public:
  // Transactions below `first` are decided; ids begin there.
  explicit CommitTable(uint64_t first);
  ~CommitTable();

  // A new running transaction's id.
  uint64_t Begin();
  // Ends a transaction together with its subtransactions, at one point in the order of snapshots.
  void End(absl::Span<const uint64_t> xids, TransactionState state);
  TransactionState StateOf(uint64_t xid) const;

  // Fills a snapshot; `in_progress` is its memory.
  void TakeSnapshot(Snapshot* snapshot, std::vector<uint64_t>* in_progress) const;
  // The lowest running id, or the next one to be given.
  uint64_t OldestRunning() const;

 private:
  static constexpr uint64_t kStatesPerChunk = uint64_t{1} << 16;
  static constexpr uint64_t kChunksMax = uint64_t{1} << 16;
  using Chunk = std::atomic<uint8_t>;  // [kStatesPerChunk]

  std::atomic<uint8_t>* StateWord(uint64_t xid) const;

  const uint64_t first_;
  std::unique_ptr<std::atomic<Chunk*>[]> chunks_;

  mutable Mutex mutex_;
  uint64_t next_ ABSL_GUARDED_BY(mutex_);
  std::vector<uint64_t> running_ ABSL_GUARDED_BY(mutex_);  // ascending
};

}  // namespace quire
