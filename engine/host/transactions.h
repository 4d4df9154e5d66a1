// What the engine asks its host about transactions. Ids are full 64-bit (sub)transaction ids that
// are never handed out twice within one history; the host's commit log alone decides what happened
// to one.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace quire {

// No transaction, and the largest id: the top bits of a version's id hold its verdict.
constexpr uint64_t kNoXid = 0;
constexpr uint64_t kXidMax = (uint64_t{1} << 62) - 1;

enum class TransactionState : uint8_t { kInProgress, kCommitted, kAborted };

// Asked by sessions, also while they are pinned in an epoch: answers must come without waiting for
// another transaction.
class TransactionHost {
 public:
  virtual ~TransactionHost() = default;

  // The state of a (sub)transaction. Whether it still runs is judged before whether it committed,
  // so that "committed" is final and already visible to every new snapshot.
  virtual absl::StatusOr<TransactionState> StateOf(uint64_t xid) = 0;
  // True when `xid` is the caller's own running transaction or one of its subtransactions that was
  // not rolled back.
  virtual bool IsCurrent(uint64_t xid) = 0;
  // The top-level transaction of `xid`; asked only for snapshots that do not list all
  // subtransactions.
  virtual absl::StatusOr<uint64_t> TopmostOf(uint64_t xid) = 0;
};

// Where a session's change batches go: the log that decides.
class ChangeSink {
 public:
  virtual ~ChangeSink() = default;

  // Appends one change batch (engine/log/change_record.h) to the log, under the running
  // transaction.
  virtual absl::Status AppendChanges(std::string_view batch) = 0;
};

}  // namespace quire
