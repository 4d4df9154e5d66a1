#include "extension/fdw_truncate.h"

#include "engine/base/status.h"
#include "engine/store/catalog.h"
#include "extension/backend.h"
#include "extension/door.h"
#include "extension/memory_pressure.h"
#include "extension/table_map.h"

extern "C" {
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace quire {

namespace {

// For a snapshot that sees all changes of its own transaction.
constexpr uint32_t kEveryCommand = UINT32_MAX;
// Documents deleted or passed by between two looks at interrupts.
constexpr uint32_t kNumbersPerCall = 1024;

// What a pass over a collection does, and where it stands.
struct Truncation {
  Backend* backend;
  CollectionState* collection;
  WriteContext context;
  Snapshot snapshot;
  uint32_t next = 0;  // document number
  uint32_t end = 0;
  uint64_t wait_for = kNoXid;
  bool overtaken = false;  // a document was changed after the snapshot was taken
};

// Inside a door. Goes on until somebody must be waited for, or for a while.
absl::Status DeleteSome(Truncation* pass) {
  pass->wait_for = kNoXid;
  for (uint32_t steps = 0; pass->next < pass->end && steps < kNumbersPerCall; ++steps) {
    QUIRE_ASSIGN_OR_RETURN(const WriteResult result,
                           pass->backend->writer()->Delete(pass->collection, pass->next,
                                                           pass->snapshot, pass->context));
    switch (result.outcome) {
      case WriteOutcome::kWait:
        pass->wait_for = result.wait_for;
        return absl::OkStatus();
      case WriteOutcome::kConflict:
      case WriteOutcome::kDeleted:
        pass->overtaken = true;
        break;
      case WriteOutcome::kDone:
      case WriteOutcome::kDuplicate:
      case WriteOutcome::kSelfModified:
      case WriteOutcome::kAbsent:
        break;
    }
    ++pass->next;
  }
  return absl::OkStatus();
}

// Deletes what a fresh snapshot sees. False when there may be more: others changed documents after
// the snapshot was taken.
bool DeleteVisible(Backend* backend, CollectionState* collection) {
  // Also under REPEATABLE READ: TRUNCATE empties the table as it is.
  const ::Snapshot fresh = RegisterSnapshot(GetLatestSnapshot());
  Truncation pass{.backend = backend,
                  .collection = collection,
                  .context = CurrentWriteContext(GetCurrentCommandId(true)),
                  .snapshot = {}};
  FillSnapshot(fresh, kEveryCommand, &pass.snapshot);
  CallEngine([&] {
    pass.end = Collection(backend->session(), backend->host(), collection).numbers();
    return absl::OkStatus();
  });
  while (pass.next < pass.end) {
    CHECK_FOR_INTERRUPTS();
    CallWriter(backend, [&] { return DeleteSome(&pass); });
    if (pass.wait_for != kNoXid) WaitForTransaction(pass.wait_for);
  }
  UnregisterSnapshot(fresh);
  return !pass.overtaken;
}

}  // namespace

void ExecForeignTruncate(List* tables, int, bool) {
  Backend* backend = RequireBackend();
  ListCell* cell;
  foreach (cell, tables) {
    const TableMap* map = GetTableMap(static_cast<Relation>(lfirst(cell)));
    CallEngine([&] {
      if (map->state == nullptr) map->state = Catalog(backend->session()).Find(map->collection_id);
      return absl::OkStatus();
    });
    if (map->state == nullptr) continue;
    while (!DeleteVisible(backend, map->state)) {
    }
  }
}

}  // namespace quire
