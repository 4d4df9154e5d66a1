#include "engine/mvcc/visibility.h"

#include <algorithm>

#include "engine/base/status.h"

namespace quire {

namespace {

// Whether the transaction was still running (or not yet begun) when the snapshot was taken.
absl::StatusOr<bool> WasRunning(uint64_t xid, const Snapshot& snapshot, TransactionHost* host) {
  if (snapshot.overflowed) {
    QUIRE_ASSIGN_OR_RETURN(xid, host->TopmostOf(xid));
    if (xid < snapshot.xmin) return false;
    if (xid >= snapshot.xmax) return true;
  }
  return std::binary_search(snapshot.in_progress.begin(), snapshot.in_progress.end(), xid);
}

}  // namespace

absl::StatusOr<TransactionState> CreatorState(Version* version, TransactionHost* host) {
  switch (version->verdict()) {
    case Verdict::kCommitted:
      return TransactionState::kCommitted;
    case Verdict::kAborted:
      return TransactionState::kAborted;
    case Verdict::kUnknown:
      break;
  }
  QUIRE_ASSIGN_OR_RETURN(const TransactionState state, host->StateOf(version->xid()));
  if (state == TransactionState::kCommitted) version->Settle(Verdict::kCommitted);
  if (state == TransactionState::kAborted) version->Settle(Verdict::kAborted);
  return state;
}

absl::StatusOr<bool> IsVisible(Version* version, const Snapshot& snapshot, TransactionHost* host) {
  const uint64_t word = version->xid_and_verdict.load(std::memory_order_acquire);
  const uint64_t xid = word & ~kVerdictMask;
  const auto verdict = static_cast<Verdict>(word & kVerdictMask);
  if (verdict == Verdict::kAborted) return false;
  if (verdict == Verdict::kCommitted && xid < snapshot.xmin) return true;
  if (verdict == Verdict::kUnknown && snapshot.own_xid != kNoXid && xid >= snapshot.own_xid &&
      host->IsCurrent(xid)) {
    return version->command < snapshot.command;
  }
  if (xid >= snapshot.xmax) return false;
  if (xid >= snapshot.xmin) {
    QUIRE_ASSIGN_OR_RETURN(const bool running, WasRunning(xid, snapshot, host));
    if (running) return false;
  }
  if (verdict == Verdict::kCommitted) return true;
  QUIRE_ASSIGN_OR_RETURN(const TransactionState state, CreatorState(version, host));
  return state == TransactionState::kCommitted;
}

absl::StatusOr<Version*> VisibleVersion(const Region& region, VersionLink head,
                                        const Snapshot& snapshot, TransactionHost* host,
                                        uint64_t* skipped) {
  for (VersionLink link = head; link.kind() == VersionLink::Kind::kRegion;) {
    auto* version = region.At<Version>(link.block());
    QUIRE_ASSIGN_OR_RETURN(const bool visible, IsVisible(version, snapshot, host));
    if (visible) return version;
    if (skipped != nullptr) ++*skipped;
    link = version->older_link();
  }
  return nullptr;
}

}  // namespace quire
