// Which version of a document a snapshot sees. Called by sessions under an epoch pin, without a
// latch.
//
// The rule is the server's own (a heap tuple's xmin against an MVCC snapshot), applied to a chain
// whose order is the order of the writes: the first version that the snapshot sees is the
// document's state.
#pragma once

#include "absl/status/statusor.h"
#include "engine/host/transactions.h"
#include "engine/mvcc/snapshot.h"
#include "engine/mvcc/version.h"

namespace quire {

// Whether the snapshot sees the version's creator. Settles the verdict when the host knows one.
absl::StatusOr<bool> IsVisible(Version* version, const Snapshot& snapshot, TransactionHost* host);

// Whether that is plain from what is settled, as it is for most versions: a scan asks this first.
inline bool IsPlainlyVisible(const Version& version, const Snapshot& snapshot) {
  // A word with another verdict is no id below xmin, seen as committed.
  const uint64_t word = version.xid_and_verdict.load(std::memory_order_acquire);
  return (word ^ static_cast<uint64_t>(Verdict::kCommitted)) < snapshot.xmin;
}

// The newest version that the snapshot sees (it may be a tombstone), or null. `skipped`, if given,
// counts the versions before it. REQUIRES: `head` was read under the current pin.
absl::StatusOr<Version*> VisibleVersion(const Region& region, VersionLink head,
                                        const Snapshot& snapshot, TransactionHost* host,
                                        uint64_t* skipped = nullptr);

// The state of the version's creator now, from the verdict if it is settled, else from the host.
absl::StatusOr<TransactionState> CreatorState(Version* version, TransactionHost* host);

}  // namespace quire
