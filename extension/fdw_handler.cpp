// The table of functions by which the server reads and writes foreign tables, and what it must not
// do with them yet. Called by the server.
#include "extension/fdw_analyze.h"
#include "extension/fdw_direct_modify.h"
#include "extension/fdw_explain.h"
#include "extension/fdw_modify.h"
#include "extension/fdw_plan.h"
#include "extension/fdw_scan.h"
#include "extension/fdw_truncate.h"

extern "C" {
#include "postgres.h"

#include "fmgr.h"
#include "foreign/fdwapi.h"
#include "nodes/makefuncs.h"

PG_FUNCTION_INFO_V1(quire_fdw_handler);
}

namespace quire {

namespace {

// SELECT … FOR UPDATE and its like would otherwise lock nothing.
RowMarkType GetForeignRowMarkType(RangeTblEntry*, LockClauseStrength strength) {
  if (strength != LCS_NONE) {
    ereport(
        ERROR,
        (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("documents cannot be locked by SELECT yet"),
         errhint("UPDATE locks what it changes; to lock only the other tables of a query, name "
                 "them: FOR UPDATE OF …")));
  }
  return ROW_MARK_COPY;
}

}  // namespace

}  // namespace quire

extern "C" Datum quire_fdw_handler(PG_FUNCTION_ARGS) {
  static_cast<void>(fcinfo);
  FdwRoutine* routine = makeNode(FdwRoutine);

  routine->GetForeignRelSize = quire::GetForeignRelSize;
  routine->GetForeignPaths = quire::GetForeignPaths;
  routine->GetForeignPlan = quire::GetForeignPlan;
  routine->BeginForeignScan = quire::BeginForeignScan;
  routine->IterateForeignScan = quire::IterateForeignScan;
  routine->ReScanForeignScan = quire::ReScanForeignScan;
  routine->EndForeignScan = quire::EndForeignScan;

  routine->AddForeignUpdateTargets = quire::AddForeignUpdateTargets;
  routine->PlanForeignModify = quire::PlanForeignModify;
  routine->BeginForeignModify = quire::BeginForeignModify;
  routine->ExecForeignInsert = quire::ExecForeignInsert;
  routine->ExecForeignUpdate = quire::ExecForeignUpdate;
  routine->ExecForeignDelete = quire::ExecForeignDelete;
  routine->EndForeignModify = quire::EndForeignModify;
  routine->BeginForeignInsert = quire::BeginForeignInsert;
  routine->EndForeignInsert = quire::EndForeignInsert;
  routine->ExecForeignTruncate = [](List* tables, DropBehavior behavior, bool restart_sequences) {
    quire::ExecForeignTruncate(tables, behavior, restart_sequences);
  };

  routine->PlanDirectModify = quire::PlanDirectModify;
  routine->BeginDirectModify = quire::BeginDirectModify;
  routine->IterateDirectModify = quire::IterateDirectModify;
  routine->EndDirectModify = quire::EndDirectModify;

  routine->AnalyzeForeignTable = quire::AnalyzeForeignTable;

  routine->GetForeignRowMarkType = quire::GetForeignRowMarkType;

  routine->ExplainForeignScan = quire::ExplainForeignScan;
  routine->ExplainForeignModify = quire::ExplainForeignModify;
  routine->ExplainDirectModify = quire::ExplainDirectModify;

  PG_RETURN_POINTER(routine);
}
