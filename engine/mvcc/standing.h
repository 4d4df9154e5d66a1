// What came after a version that somebody has read: what a writer must know before it replaces
// that version. Called by sessions under an epoch pin, without a latch.
//
// A version is named by its stamp (hlc), which no two changes of a region have in common; only the
// copy that locks a document has that of what it copies.
#pragma once

#include "absl/status/statusor.h"
#include "engine/host/transactions.h"
#include "engine/mvcc/version.h"

namespace quire {

struct Standing {
  bool found = false;         // false when the chain does not lead to the version any more
  Version* end = nullptr;     // the first committed tombstone after it: there the document ended
  Version* newest = nullptr;  // the newest committed version that is none; the named one itself
                              // when nothing newer is committed
  Version* own = nullptr;     // the newest change after it by the caller's own transaction
  uint64_t pending = kNoXid;  // another transaction that holds the document now
};

// Locks of the caller's own transaction, and those of transactions that ended, do not count.
// REQUIRES: `head` was read under the current pin.
absl::StatusOr<Standing> StandingOf(const Region& region, VersionLink head, uint64_t hlc,
                                    TransactionHost* host);

}  // namespace quire
