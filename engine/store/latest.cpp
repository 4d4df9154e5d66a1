#include "engine/store/latest.h"

#include "engine/base/status.h"
#include "engine/mvcc/standing.h"

namespace quire {

namespace {

// The stamp of the version by which a document that was moved went on: its transaction made it
// right after the tombstone. 0 when it is not there any more.
uint64_t StampAfterMove(const Region& region, VersionLink head, const Version& tombstone) {
  for (VersionLink link = head; link.kind() == VersionLink::Kind::kRegion;) {
    const auto* version = region.At<Version>(link.block());
    if (version->xid() == tombstone.xid() && version->ordinal == tombstone.ordinal + 1) {
      return version->hlc;
    }
    link = version->older_link();
  }
  return 0;
}

// FindLatest without a body that is not in memory. Called under a pin.
absl::StatusOr<Latest> Look(Session* session, TransactionHost* host, CollectionState* collection,
                            uint32_t number, uint64_t hlc, RowBatch* batch) {
  const Region& region = session->region();
  const DocumentTable table(session, &collection->table);
  const Tree tree(session, &collection->primary);
  while (number < table.end() && hlc != 0) {
    QUIRE_ASSIGN_OR_RETURN(const Standing standing,
                           StandingOf(region, table.Slot(number)->link(), hlc, host));
    if (standing.end != nullptr) {
      uint64_t payload = 0;
      const std::string_view moved_to = standing.end->moved_to();
      if (moved_to.empty() || !tree.Find(moved_to, &payload)) break;
      number = static_cast<uint32_t>(payload);
      hlc = StampAfterMove(region, table.Slot(number)->link(), *standing.end);
      continue;
    }
    if (!standing.found) break;
    if (standing.own != nullptr) {
      return Latest{.outcome = Latest::Outcome::kSelfModified, .command = standing.own->command};
    }
    if (standing.pending != kNoXid) {
      return Latest{.outcome = Latest::Outcome::kWait, .wait_for = standing.pending};
    }
    batch->AppendVersion(number, *standing.newest);
    return Latest{};
  }
  return Latest{.outcome = Latest::Outcome::kGone};
}

}  // namespace

absl::StatusOr<Latest> FindLatest(Session* session, TransactionHost* host,
                                  CollectionState* collection, uint32_t number, uint64_t hlc,
                                  RowBatch* batch) {
  Latest latest;
  {
    const Session::Pin pin(session);
    QUIRE_ASSIGN_OR_RETURN(latest, Look(session, host, collection, number, hlc, batch));
  }
  QUIRE_RETURN_IF_ERROR(batch->ReadAbsent(session));
  return latest;
}

absl::StatusOr<bool> FindLocked(Session* session, TransactionHost* host,
                                CollectionState* collection, uint32_t number, RowBatch* batch) {
  const DocumentTable table(session, &collection->table);
  if (number >= table.end()) return false;
  const Session::Pin pin(session);
  const VersionLink head = table.Slot(number)->link();
  if (head.kind() != VersionLink::Kind::kRegion) return false;
  const auto* version = session->region().At<Version>(head.block());
  if (!version->lock() || !host->IsCurrent(version->xid())) return false;
  batch->AppendVersion(number, *version);
  return true;
}

}  // namespace quire
