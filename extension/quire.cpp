// Where the server meets the library: what happens when it is loaded. Called by the server, in any
// of its processes.

#include "extension/collector_worker.h"
#include "extension/fdw_ddl.h"
#include "extension/fdw_unique.h"
#include "extension/log_worker.h"
#include "extension/resource_manager.h"
#include "extension/settings.h"
#include "extension/shared_region.h"
#include "extension/transaction_callbacks.h"

extern "C" {
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);
}

void _PG_init(void) {
  using namespace quire;
  const bool preloaded = process_shared_preload_libraries_in_progress;
  DefineSettings(preloaded);
  // An upgrade restores definitions that were checked when they were made, and their collections
  // are in a table that it copies.
  if (!IsBinaryUpgrade) InstallDdlHooks();
  InstallUniqueKeys();
  // A library that is loaded later has no memory, and every entry says so (readiness.h).
  if (!preloaded) return;
  RegisterResourceManager();
  // The new cluster of an upgrade has no documents yet, and its server is not to have any.
  if (IsBinaryUpgrade) return;
  InstallSharedRegion();
  InstallTransactionCallbacks();
  RegisterLogWorker();
  RegisterCollector();
}
