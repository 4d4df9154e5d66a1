#include "engine/mvcc/standing.h"

#include "engine/base/status.h"
#include "engine/mvcc/visibility.h"

namespace quire {

absl::StatusOr<Standing> StandingOf(const Region& region, VersionLink head, uint64_t hlc,
                                    TransactionHost* host) {
  Standing standing;
  for (VersionLink link = head; link.kind() == VersionLink::Kind::kRegion;) {
    auto* version = region.At<Version>(link.block());
    link = version->older_link();
    QUIRE_ASSIGN_OR_RETURN(const TransactionState state, CreatorState(version, host));
    if (state == TransactionState::kAborted) continue;
    const bool named = version->hlc == hlc;
    const bool running = state == TransactionState::kInProgress;
    if (running && !host->IsCurrent(version->xid())) {
      standing.pending = version->xid();
    } else if (running && !named && !version->lock()) {
      if (standing.own == nullptr) standing.own = version;
    } else if (!running && !named && version->tombstone()) {
      standing.end = version;
    } else if (standing.newest == nullptr && (named || !running)) {
      standing.newest = version;
    }
    if (named) {
      standing.found = true;
      break;
    }
  }
  return standing;
}

}  // namespace quire
