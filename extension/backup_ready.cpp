// quire.backup_ready(): waits until a copy of the data directory that begins now can be opened.
// Called by the server, in sessions.

#include "engine/store/engine_state.h"
#include "extension/checkpoint_hold.h"
#include "extension/readiness.h"
#include "extension/shared_region.h"

extern "C" {
#include "postgres.h"

#include "access/xlog.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/wait_event.h"

PG_FUNCTION_INFO_V1(quire_backup_ready);
}

// The engine log must reach the redo position of the checkpoint that the backup began with. Online
// checkpoints wait for that by themselves (checkpoint_hold.h); this is for everything else that
// copies files, after pg_backup_start().
Datum quire_backup_ready(PG_FUNCTION_ARGS) {
  static_cast<void>(fcinfo);
  quire::WaitUntilReady();
  const uint64_t redo = quire::RedoPosition();
  while (quire::SharedEngineState()->synced_lsn.load(std::memory_order_acquire) < redo) {
    quire::WakeWorker();
    WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 10, PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
  }
  PG_RETURN_VOID();
}
