#include "extension/fdw_direct_modify.h"

#include "extension/door.h"
#include "extension/fdw_modify.h"
#include "extension/fdw_plan.h"
#include "extension/fdw_scan.h"
#include "extension/needed_columns.h"
#include "extension/table_writer.h"

extern "C" {
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"
#include "optimizer/appendinfo.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/rel.h"
}

namespace quire {

namespace {

// What a plan says, in fdw_private beside the scan's own list, and in fdw_exprs: the keys'
// operands, the conditions that the server evaluates, the new values, and the other conditions.
struct DirectPlan {
  ScanPlan scan;
  List* assigned = nullptr;  // positions that UPDATE assigns, as the new values are ordered
  List* returned = nullptr;  // positions that RETURNING looks at
  bool returns = false;
  bool counts = false;  // whether the rows are those that the statement reports
};

List* ToList(const DirectPlan& plan) {
  return list_make5(ToPrivateList(plan.scan), plan.assigned, plan.returned,
                    makeInteger(plan.returns ? 1 : 0), makeInteger(plan.counts ? 1 : 0));
}

DirectPlan FromList(List* list) {
  return DirectPlan{.scan = FromPrivateList(static_cast<List*>(linitial(list))),
                    .assigned = static_cast<List*>(lsecond(list)),
                    .returned = static_cast<List*>(lthird(list)),
                    .returns = intVal(lfourth(list)) != 0,
                    .counts = intVal(list_nth(list, 4)) != 0};
}

struct DirectState {
  DocumentSource source;
  TableWriter writer;
  RowReader reader;
  RowReader latest;  // the same and what the other conditions need, for rows that others changed
  RowReader returning;
  bool deletes = false;
  bool returns = false;
  bool counts = false;
  ExprState* condition = nullptr;
  // For a newer version than the statement's: prepared when there is one.
  bool latest_known = false;
  ExprState* recheck = nullptr;
  List* new_values = nullptr;  // ExprState, as `assigned` orders them
  // The same columns twice: in the order of new_values, and ascending.
  int* targets = nullptr;
  int* assigned = nullptr;
  size_t assigned_count = 0;
  PlainValue* values = nullptr;
  uint64_t changed = 0;
};

DirectState* StateOf(ForeignScanState* node) {
  return static_cast<DirectState*>(node->fdw_state);
}

// The scan of the table under a ModifyTable, when it is one and nothing stands between.
ForeignScan* FindScan(ModifyTable* plan, Index range_table_index, int subplan) {
  Plan* below = outerPlan(plan);
  if (IsA(below, Result) && outerPlan(below) != nullptr) below = outerPlan(below);
  if (IsA(below, Append)) {
    List* children = reinterpret_cast<Append*>(below)->appendplans;
    if (subplan >= list_length(children)) return nullptr;
    below = static_cast<Plan*>(list_nth(children, subplan));
  }
  if (!IsA(below, ForeignScan)) return nullptr;
  auto* scan = reinterpret_cast<ForeignScan*>(below);
  return scan->scan.scanrelid == range_table_index ? scan : nullptr;
}

// What UPDATE assigns. False when it cannot be done here.
bool PlanAssignments(PlannerInfo* root, Index range_table_index, const TableMap& map,
                     List** expressions, List** positions) {
  // SET (a, b) = (SELECT …) hands its values over through the row that the scan returns.
  if (root->multiexpr_params != NIL) return false;
  List* targets = NIL;
  List* attributes = NIL;
  get_translated_update_targetlist(root, range_table_index, &targets, &attributes);
  ListCell* target_cell;
  ListCell* attribute_cell;
  forboth(target_cell, targets, attribute_cell, attributes) {
    const auto* target = lfirst_node(TargetEntry, target_cell);
    const int position = lfirst_int(attribute_cell) - 1;
    CheckAssignable(map, position);
    *expressions = lappend(*expressions, target->expr);
    *positions = lappend_int(*positions, position);
  }
  return true;
}

// What the executor looks for in the list of the scan right below it: the server insists on the old
// row of an UPDATE. The rest would be prepared anew in every execution and never be computed.
List* WithoutUnused(List* targets) {
  List* kept = NIL;
  ListCell* cell;
  foreach (cell, targets) {
    auto* target = lfirst_node(TargetEntry, cell);
    if (!target->resjunk || strcmp(target->resname, "ctid") == 0) continue;
    kept = lappend(kept, target);
    target->resno = static_cast<ServerColumn>(list_length(kept));
  }
  return kept;
}

// Nobody looks at the new values and the old row in what the scan returns; computed there once
// more, a sequence would move twice. What identifies the row and its table stays.
void EmptyTargetList(List* targets) {
  ListCell* cell;
  foreach (cell, targets) {
    auto* target = lfirst_node(TargetEntry, cell);
    Node* expression = reinterpret_cast<Node*>(target->expr);
    if (IsA(expression, Var) && reinterpret_cast<Var*>(expression)->varattno < 0) continue;
    target->expr = reinterpret_cast<Expr*>(
        makeNullConst(exprType(expression), exprTypmod(expression), exprCollation(expression)));
  }
}

List* NeededOf(const TableMap& map, Index range_table_index, List* expressions) {
  Bitmapset* used = nullptr;
  pull_varattnos(reinterpret_cast<Node*>(expressions), range_table_index, &used);
  return NeededColumns(map, used);
}

int ComparePositions(const void* a, const void* b) {
  return *static_cast<const int*>(a) - *static_cast<const int*>(b);
}

void BeginNewValues(ForeignScanState* node, DirectState* state, List* positions, List* values) {
  const auto columns = static_cast<Size>(RelationGetDescr(node->ss.ss_currentRelation)->natts);
  const auto count = static_cast<size_t>(list_length(positions));
  state->new_values = ExecInitExprList(values, &node->ss.ps);
  state->values = static_cast<PlainValue*>(palloc0(sizeof(PlainValue) * (columns + 1)));
  state->targets = static_cast<int*>(palloc(sizeof(int) * (count + 1)));
  state->assigned = static_cast<int*>(palloc(sizeof(int) * (count + 1)));
  state->assigned_count = count;
  for (size_t i = 0; i < count; ++i) {
    state->targets[i] = state->assigned[i] = list_nth_int(positions, static_cast<int>(i));
  }
  qsort(state->assigned, count, sizeof(int), ComparePositions);
}

void EvaluateNewValues(DirectState* state, ExprContext* context) {
  size_t i = 0;
  ListCell* cell;
  foreach (cell, state->new_values) {
    const int position = state->targets[i++];
    bool is_null;
    const Datum datum = ExecEvalExpr(static_cast<ExprState*>(lfirst(cell)), context, &is_null);
    PlainValue* value = &state->values[position];
    *value = PlainValue();
    if (is_null) continue;
    ReadValue(datum, state->writer.map()->columns[static_cast<size_t>(position)].type, value);
  }
}

// Whether the document, which the slot of the node shows, meets the conditions; it is then changed
// or removed.
Written ChangeShown(ForeignScanState* node, DirectState* state, const DocumentRow& row) {
  ExprContext* context = node->ss.ps.ps_ExprContext;
  context->ecxt_scantuple = node->ss.ss_ScanTupleSlot;
  if (!ExecQual(state->condition, context)) {
    InstrCountFiltered1(node, 1);
    return Written::kSkipped;
  }
  if (state->deletes) return state->writer.Delete(row);
  const MemoryContext previous = MemoryContextSwitchTo(context->ecxt_per_tuple_memory);
  EvaluateNewValues(state, context);
  const Written written = state->writer.Update(
      row, absl::MakeConstSpan(state->assigned, state->assigned_count), state->values);
  MemoryContextSwitchTo(previous);
  return written;
}

// Few statements meet a newer version: what they need then is not prepared in every execution.
void PrepareLatest(ForeignScanState* node, DirectState* state) {
  if (state->latest_known) return;
  const auto* plan = reinterpret_cast<const ForeignScan*>(node->ss.ps.plan);
  const MemoryContext previous = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
  List* conditions = DirectModifyRecheck(plan->fdw_exprs);
  state->recheck = ExecInitQual(conditions, &node->ss.ps);
  List* columns =
      list_concat_unique_int(NeededOf(*state->source.map(), plan->scan.scanrelid, conditions),
                             FromList(plan->fdw_private).scan.columns);
  CallEngine([&] {
    state->latest.Init(state->source.map(), columns);
    return absl::OkStatus();
  });
  state->latest_known = true;
  MemoryContextSwitchTo(previous);
}

// Changes the document, or passes it by. When another transaction has changed it meanwhile, `row`
// becomes its newest version, and everything is done anew, the conditions that chose it included.
bool ChangeDocument(ForeignScanState* node, DirectState* state, DocumentRow* row) {
  ExprContext* context = node->ss.ps.ps_ExprContext;
  ResetExprContext(context);
  // Also when no column is needed: conditions may ask for ctid and tableoid.
  StoreRow(*row, &state->reader, node->ss.ss_ScanTupleSlot);
  Written written = ChangeShown(node, state, *row);
  while (written == Written::kChanged && state->writer.FindLatest(row)) {
    PrepareLatest(node, state);
    ResetExprContext(context);
    StoreRow(*row, &state->latest, node->ss.ss_ScanTupleSlot);
    context->ecxt_scantuple = node->ss.ss_ScanTupleSlot;
    if (!ExecQual(state->recheck, context)) return false;
    written = ChangeShown(node, state, *row);
  }
  return written == Written::kDone;
}

// Hands the row to RETURNING.
TupleTableSlot* Return(ForeignScanState* node, DirectState* state, const DocumentRow& row) {
  TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
  StoreRow(state->deletes ? row : state->writer.written(), &state->returning, slot);
  node->resultRelInfo->ri_projectReturning->pi_exprContext->ecxt_scantuple = slot;
  return slot;
}

}  // namespace

bool PlanDirectModify(PlannerInfo* root, ModifyTable* plan, Index range_table_index, int subplan) {
  ForeignScan* scan = FindScan(plan, range_table_index, subplan);
  if (scan == nullptr || (plan->operation != CMD_UPDATE && plan->operation != CMD_DELETE)) {
    return false;
  }
  Relation relation =
      table_open(planner_rt_fetch(static_cast<int>(range_table_index), root)->relid, NoLock);
  const TableMap& map = *GetTableMap(relation);
  table_close(relation, NoLock);

  DirectPlan direct;
  List* new_values = NIL;
  if (plan->operation == CMD_UPDATE &&
      !PlanAssignments(root, range_table_index, map, &new_values, &direct.assigned)) {
    return false;
  }
  direct.scan = FromPrivateList(scan->fdw_private);
  direct.scan.columns =
      NeededOf(map, range_table_index, list_make2(scan->scan.plan.qual, new_values));
  direct.counts = plan->canSetTag;
  if (plan->returningLists != NIL) {
    direct.returns = true;
    direct.returned = NeededOf(map, range_table_index,
                               static_cast<List*>(list_nth(plan->returningLists, subplan)));
  }
  scan->fdw_exprs = list_make4(linitial(scan->fdw_exprs), scan->scan.plan.qual, new_values,
                               scan->fdw_recheck_quals);
  // Versions that came meanwhile are looked at here, not by the executor.
  scan->fdw_recheck_quals = NIL;
  scan->fdw_private = ToList(direct);
  scan->scan.plan.qual = NIL;
  scan->operation = plan->operation;
  scan->resultRelation = range_table_index;
  EmptyTargetList(scan->scan.plan.targetlist);
  Plan* below = outerPlan(plan);
  if (&scan->scan.plan == below && !direct.returns) {
    scan->scan.plan.targetlist = WithoutUnused(scan->scan.plan.targetlist);
  }
  // A condition that no row has a part in stands above the scan, and hands on what the scan has.
  if (IsA(below, Result) && outerPlan(below) == &scan->scan.plan)
    EmptyTargetList(below->targetlist);
  return true;
}

void BeginDirectModify(ForeignScanState* node, int flags) {
  auto* plan = reinterpret_cast<ForeignScan*>(node->ss.ps.plan);
  if ((flags & EXEC_FLAG_EXPLAIN_ONLY) != 0) return;
  const DirectPlan direct = FromList(plan->fdw_private);
  EState* executor = node->ss.ps.state;
  auto* state = NewInContext<DirectState>(executor->es_query_cxt);
  node->fdw_state = state;
  state->source.Begin(node, direct.scan, static_cast<List*>(linitial(plan->fdw_exprs)),
                      FilterClausesOf(direct.scan, DirectModifyRecheck(plan->fdw_exprs)));
  state->writer.Begin(executor, node->resultRelInfo);
  state->deletes = plan->operation == CMD_DELETE;
  state->returns = direct.returns;
  state->counts = direct.counts;
  state->condition = ExecInitQual(static_cast<List*>(lsecond(plan->fdw_exprs)), &node->ss.ps);
  BeginNewValues(node, state, direct.assigned, static_cast<List*>(lthird(plan->fdw_exprs)));
  CallEngine([&] {
    state->reader.Init(state->source.map(), direct.scan.columns);
    state->returning.Init(state->source.map(), direct.returned);
    return absl::OkStatus();
  });
  PrepareScanSlot(node);
}

TupleTableSlot* IterateDirectModify(ForeignScanState* node) {
  DirectState* state = StateOf(node);
  EState* executor = node->ss.ps.state;
  DocumentRow row;
  while (state->source.Next(&row)) {
    if (!ChangeDocument(node, state, &row)) continue;
    ++state->changed;
    if (!state->returns) continue;
    if (state->counts) ++executor->es_processed;
    return Return(node, state, row);
  }
  if (!state->returns) {
    if (state->counts) executor->es_processed += state->changed;
    // The node returns no rows, so EXPLAIN ANALYZE would count none.
    if (node->ss.ps.instrument != nullptr) {
      node->ss.ps.instrument->tuplecount += static_cast<double>(state->changed);
    }
    state->changed = 0;
  }
  return ExecClearTuple(node->ss.ss_ScanTupleSlot);
}

void EndDirectModify(ForeignScanState*) {
  // What the statement holds goes with the memory of its query.
}

List* DirectModifyConditions(List* expressions) {
  return static_cast<List*>(lsecond(expressions));
}

List* DirectModifyRecheck(List* expressions) {
  return static_cast<List*>(lfourth(expressions));
}

ScanPlan DirectModifyScan(List* private_list) {
  return FromList(private_list).scan;
}

ScanCounts CountsOfDirectModify(ForeignScanState* node) {
  if (node->fdw_state == nullptr) return {};
  const DirectState* state = StateOf(node);
  ScanCounts counts = state->source.counts();
  counts.datums_built = state->reader.datums_built() + state->returning.datums_built();
  return counts;
}

}  // namespace quire
