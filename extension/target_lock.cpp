#include "extension/target_lock.h"

#include "extension/door.h"
#include "extension/fdw_scan.h"
#include "extension/table_writer.h"

extern "C" {
#include "postgres.h"

#include "executor/executor.h"
#include "executor/instrument.h"
#include "nodes/execnodes.h"
#include "nodes/plannodes.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"
}

namespace quire {

TargetLock BeginTargetLock(ForeignScanState* node) {
  EState* state = node->ss.ps.state;
  const TriggerDesc* triggers = node->ss.ss_currentRelation->trigdesc;
  if (triggers == nullptr ||
      !(triggers->trig_update_before_row || triggers->trig_update_after_row ||
        triggers->trig_delete_before_row || triggers->trig_delete_after_row)) {
    return {};
  }
  const Index scanned = reinterpret_cast<Scan*>(node->ss.ps.plan)->scanrelid;
  if (state->es_epq_active != nullptr || !ExecRelationIsTargetRelation(state, scanned)) {
    return {};
  }
  ResultRelInfo* relation = state->es_result_relations[scanned - 1];
  if (relation == nullptr) elog(ERROR, "a scan for a change of rows has no table to change");
  auto* writer = NewInContext<TableWriter>(state->es_query_cxt);
  writer->Begin(state, relation);
  const TargetLock lock{.writer = writer, .conditions = node->ss.ps.qual};
  node->ss.ps.qual = nullptr;
  return lock;
}

bool HoldTarget(ForeignScanState* node, const TargetLock& lock, RowReader* reader,
                DocumentRow* row) {
  ExprContext* context = node->ss.ps.ps_ExprContext;
  TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
  context->ecxt_scantuple = slot;
  if (!ExecQual(lock.conditions, context)) {
    InstrCountFiltered1(node, 1);
    return false;
  }
  Written held;
  while ((held = lock.writer->Lock(*row)) == Written::kChanged) {
    if (!lock.writer->FindLatest(row)) return false;
    StoreRow(*row, reader, slot);
    if (!ExecQual(node->fdw_recheck_quals, context) || !ExecQual(lock.conditions, context)) {
      return false;
    }
  }
  return held == Written::kDone;
}

}  // namespace quire
