#include "engine/local/commit_table.h"

#include <algorithm>

#include "engine/base/check.h"

namespace quire {

CommitTable::CommitTable(uint64_t first)
    : first_(first), chunks_(new std::atomic<Chunk*>[kChunksMax]()), next_(first) {}

CommitTable::~CommitTable() {
  for (uint64_t i = 0; i < kChunksMax; ++i) delete[] chunks_[i].load(std::memory_order_relaxed);
}

std::atomic<uint8_t>* CommitTable::StateWord(uint64_t xid) const {
  const uint64_t index = xid - first_;
  Chunk* chunk = chunks_[index / kStatesPerChunk].load(std::memory_order_acquire);
  return chunk + index % kStatesPerChunk;
}

uint64_t CommitTable::Begin() {
  const MutexLock lock(&mutex_);
  const uint64_t xid = next_;
  const uint64_t chunk = (xid - first_) / kStatesPerChunk;
  QUIRE_CHECK(chunk < kChunksMax);
  if (chunks_[chunk].load(std::memory_order_relaxed) == nullptr) {
    chunks_[chunk].store(new Chunk[kStatesPerChunk](), std::memory_order_release);
  }
  ++next_;
  running_.push_back(xid);
  return xid;
}

void CommitTable::End(absl::Span<const uint64_t> xids, TransactionState state) {
  const MutexLock lock(&mutex_);
  for (const uint64_t xid : xids) {
    StateWord(xid)->store(static_cast<uint8_t>(state), std::memory_order_release);
    running_.erase(std::lower_bound(running_.begin(), running_.end(), xid));
  }
}

TransactionState CommitTable::StateOf(uint64_t xid) const {
  // What lies before this process began is decided by the log; what it left in memory is committed.
  if (xid < first_) return TransactionState::kCommitted;
  return static_cast<TransactionState>(StateWord(xid)->load(std::memory_order_acquire));
}

void CommitTable::TakeSnapshot(Snapshot* snapshot, std::vector<uint64_t>* in_progress) const {
  const MutexLock lock(&mutex_);
  in_progress->assign(running_.begin(), running_.end());
  snapshot->xmax = next_;
  snapshot->xmin = running_.empty() ? next_ : running_.front();
  snapshot->in_progress = *in_progress;
}

uint64_t CommitTable::OldestRunning() const {
  const MutexLock lock(&mutex_);
  return running_.empty() ? next_ : running_.front();
}

}  // namespace quire
