#include "extension/replication_slot.h"

#include "extension/lsn_text.h"

extern "C" {
#include "postgres.h"

#include "access/xlog.h"
#include "miscadmin.h"
#include "replication/slot.h"
#include "storage/lwlock.h"
#include "storage/spin.h"
#include "utils/memutils.h"
}

namespace quire {

namespace {

// Whether MakeSlot would find room, without the error that it raises when it does not.
bool ServerHasRoomForSlot() {
  if (max_replication_slots == 0 || wal_level < WAL_LEVEL_REPLICA) return false;
  bool room = false;
  LWLockAcquire(ReplicationSlotControlLock, LW_SHARED);
  for (int i = 0; i < max_replication_slots && !room; ++i) {
    room = !ReplicationSlotCtl->replication_slots[i].in_use;
  }
  LWLockRelease(ReplicationSlotControlLock);
  return room;
}

bool SlotExists() {
  return SearchNamedReplicationSlot(kSlotName, true) != nullptr;
}

// Leaves the slot acquired.
void MakeSlot() {
  ReplicationSlotCreate(kSlotName, false, RS_PERSISTENT, false);
  ReplicationSlotReserveWal();
  ReplicationSlotMarkDirty();
  ReplicationSlotSave();
  ereport(LOG, (errmsg("replication slot \"%s\" keeps the server's log from %s on", kSlotName,
                       LsnText(MyReplicationSlot->data.restart_lsn).text)));
}

}  // namespace

void MakeSlotBeforeRedo() {
  if (!IsUnderPostmaster || IsBinaryUpgrade || SlotExists()) return;
  if (!ServerHasRoomForSlot()) {
    ereport(LOG,
            (errmsg("no room for replication slot \"%s\" before recovery", kSlotName),
             errhint("Raise max_replication_slots, and set wal_level to replica or logical.")));
    return;
  }
  const MemoryContext context = CurrentMemoryContext;
  PG_TRY();
  {
    MakeSlot();
    ReplicationSlotRelease();
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    EmitErrorReport();
    FlushErrorState();
    LWLockReleaseAll();
    if (MyReplicationSlot != nullptr) ReplicationSlotRelease();
  }
  PG_END_TRY();
}

void AcquireSlot() {
  CheckSlotRequirements();
  if (SlotExists()) {
    ReplicationSlotAcquire(kSlotName, true);
    if (MyReplicationSlot->data.database == InvalidOid &&
        !XLogRecPtrIsInvalid(MyReplicationSlot->data.restart_lsn)) {
      return;
    }
    ereport(LOG, (errmsg("replication slot \"%s\" was given up by the server and is made anew",
                         kSlotName)));
    ReplicationSlotRelease();
    ReplicationSlotDrop(kSlotName, true);
  }
  MakeSlot();
}

uint64_t KeptFrom() {
  ReplicationSlot* slot = SearchNamedReplicationSlot(kSlotName, true);
  if (slot == nullptr) return 0;
  SpinLockAcquire(&slot->mutex);
  const XLogRecPtr position = slot->data.restart_lsn;
  SpinLockRelease(&slot->mutex);
  return position;
}

uint64_t SlotPosition() {
  if (MyReplicationSlot == nullptr) return 0;
  SpinLockAcquire(&MyReplicationSlot->mutex);
  const XLogRecPtr position = MyReplicationSlot->data.restart_lsn;
  SpinLockRelease(&MyReplicationSlot->mutex);
  return position;
}

void MoveSlot(uint64_t lsn) {
  ReplicationSlot* slot = MyReplicationSlot;
  SpinLockAcquire(&slot->mutex);
  const bool moves = slot->data.restart_lsn < lsn && slot->data.restart_lsn != InvalidXLogRecPtr;
  if (moves) slot->data.restart_lsn = lsn;
  SpinLockRelease(&slot->mutex);
  if (!moves) return;
  ReplicationSlotMarkDirty();
  ReplicationSlotSave();
  ReplicationSlotsComputeRequiredLSN();
}

}  // namespace quire
