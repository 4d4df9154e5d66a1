#include "extension/readiness.h"

#include "engine/store/engine_state.h"
#include "extension/door.h"
#include "extension/restart_progress.h"
#include "extension/shared_region.h"

extern "C" {
#include "postgres.h"

#include "access/xlog.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/ps_status.h"
#include "utils/varlena.h"
#include "utils/wait_event.h"
}

namespace quire {

namespace {

constexpr long kWaitStepMs = 20;

// The statement that preloads quire beside what is preloaded now.
const char* PreloadStatement() {
  StringInfoData text;
  initStringInfo(&text);
  appendStringInfoString(&text, "ALTER SYSTEM SET shared_preload_libraries = ");
  char* current = pstrdup(GetConfigOption("shared_preload_libraries", false, false));
  List* libraries = NIL;
  if (SplitDirectoriesString(current, ',', &libraries)) {
    ListCell* cell = nullptr;
    foreach (cell, libraries) {
      appendStringInfo(&text, "%s, ", quote_literal_cstr(static_cast<char*>(lfirst(cell))));
    }
  }
  appendStringInfoString(&text, "'quire'");
  return text.data;
}

void RequireWorker() {
  if (IsBinaryUpgrade) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("quire cannot be used during a binary upgrade")));
  }
  RequirePreload();
  if (!IsUnderPostmaster) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("quire cannot be used in single-user mode"),
                    errdetail("Its log worker does not run there.")));
  }
}

[[noreturn]] void RaiseFailure(const EngineState& engine) {
  const auto code = static_cast<absl::StatusCode>(engine.failure_code.load());
  Report report;
  TryEngine(&report, [&] {
    return WithDetail(absl::Status(code, "quire's engine cannot be used"), engine.failure);
  });
  RaiseReport(report);
}

void RaiseOnStandby() {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("reading collections during recovery is not supported yet"),
                  errhint("The collections can be read once this server has been promoted.")));
}

// A cancelled wait says what it waited for.
void CheckInterruptsWhileWaiting(const EngineState& engine) {
  const MemoryContext context = CurrentMemoryContext;
  PG_TRY();
  { CHECK_FOR_INTERRUPTS(); }
  PG_CATCH();
  {
    if (geterrcode() != ERRCODE_QUERY_CANCELED) PG_RE_THROW();
    MemoryContextSwitchTo(context);
    const ErrorData* cancelled = CopyErrorData();
    FlushErrorState();
    ereport(ERROR, (errcode(ERRCODE_CANNOT_CONNECT_NOW),
                    errmsg("quire's engine is not ready yet: %s", RestartProgress(engine)),
                    errdetail_internal("%s", cancelled->message)));
  }
  PG_END_TRY();
}

void Wait(const EngineState& engine, ProgressTimer* timer) {
  WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kWaitStepMs,
            PG_WAIT_EXTENSION);
  ResetLatch(MyLatch);
  CheckInterruptsWhileWaiting(engine);
  if (timer->Due()) {
    ereport(NOTICE, (errmsg("waiting for quire's engine: %s", RestartProgress(engine))));
  }
}

}  // namespace

void RequirePreload() {
  if (HasSharedRegion()) return;
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("quire is not preloaded"),
           errhint("Run `%s;` and restart the server.", PreloadStatement())));
}

void WaitUntilReady() {
  RequireWorker();
  const EngineState& engine = *SharedEngineState();
  ProgressTimer timer;
  for (;;) {
    switch (engine.phase.load(std::memory_order_acquire)) {
      case EnginePhase::kReady:
        return;
      case EnginePhase::kFailed:
        RaiseFailure(engine);
      default:
        break;
    }
    if (RecoveryInProgress()) RaiseOnStandby();
    Wait(engine, &timer);
  }
}

}  // namespace quire
