#include "extension/fdw_modify.h"

#include "extension/door.h"
#include "extension/needed_columns.h"
#include "extension/table_writer.h"

extern "C" {
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "nodes/execnodes.h"
#include "nodes/makefuncs.h"
#include "nodes/plannodes.h"
#include "optimizer/appendinfo.h"
#include "optimizer/optimizer.h"
#include "utils/datum.h"
#include "utils/rel.h"
}

namespace quire {

namespace {

// What a statement that writes keeps for each table it writes to.
struct ModifyState {
  TableWriter writer;
  ModifyTableState* node = nullptr;  // of UPDATE and DELETE
  RowReader latest;                  // of all columns, for rows that others changed meanwhile
  bool latest_known = false;
  RowReader returning;
  TupleTableSlot* returning_slot = nullptr;
  bool returning_known = false;
  bool routed = false;  // rows come through a partitioned table, or from COPY
  bool skip_duplicates = false;
  bool updates = false;           // rows are moved here by UPDATE
  bool joins = false;             // rows of INSERT are written several at a time
  bool begun = false;             // a row was inserted
  ServerColumn row_identity = 0;  // the junk column with the document's number
  int* assigned = nullptr;        // positions that UPDATE assigns, ascending
  size_t assigned_count = 0;
  PlainValue* values = nullptr;  // of all columns, of the row at hand
};

ModifyState* StateOf(const ResultRelInfo* relation) {
  return static_cast<ModifyState*>(relation->ri_FdwState);
}

int ColumnsOf(const ResultRelInfo* relation) {
  return RelationGetDescr(relation->ri_RelationDesc)->natts;
}

ModifyState* NewState(EState* state, ResultRelInfo* relation) {
  auto* modify = NewInContext<ModifyState>(state->es_query_cxt);
  relation->ri_FdwState = modify;
  modify->writer.Begin(state, relation);
  const auto columns = static_cast<Size>(ColumnsOf(relation));
  modify->values = static_cast<PlainValue*>(palloc0(sizeof(PlainValue) * (columns + 1)));
  modify->assigned = static_cast<int*>(palloc(sizeof(int) * (columns + 1)));
  return modify;
}

// The columns of the stored row that somebody will look at after it was written.
List* ReturnedColumns(const ResultRelInfo* relation, const ModifyState& modify) {
  const TableMap& map = *modify.writer.map();
  const TriggerDesc* triggers = relation->ri_TrigDesc;
  const bool has_after_triggers =
      triggers != nullptr && (triggers->trig_insert_after_row || triggers->trig_update_after_row ||
                              triggers->trig_insert_new_table || triggers->trig_update_new_table);
  const bool returns = relation->ri_projectReturning != nullptr;
  if (has_after_triggers || relation->ri_WithCheckOptions != NIL || (returns && modify.routed)) {
    return AllColumns(map);
  }
  if (!returns) return NIL;
  Bitmapset* used = nullptr;
  pull_varattnos(reinterpret_cast<Node*>(relation->ri_returningList), relation->ri_RangeTableIndex,
                 &used);
  return NeededColumns(map, used);
}

void PrepareReturning(EState* state, ResultRelInfo* relation, ModifyState* modify) {
  if (modify->returning_known) [[likely]] {
    return;
  }
  const MemoryContext previous = MemoryContextSwitchTo(state->es_query_cxt);
  List* columns = ReturnedColumns(relation, *modify);
  CallEngine([&] {
    modify->returning.Init(modify->writer.map(), columns);
    return absl::OkStatus();
  });
  if (!modify->returning.empty()) {
    modify->returning_slot =
        ExecInitExtraTupleSlot(state, RelationGetDescr(relation->ri_RelationDesc), &TTSOpsVirtual);
  }
  modify->returning_known = true;
  MemoryContextSwitchTo(previous);
}

// Whether rows that are inserted may be written a little later. Nobody asks what became of each,
// and no trigger of the table, or of the partitioned table that it belongs to, looks for them;
// everybody else who looks has them written first.
bool MayJoinRows(const ResultRelInfo* relation, const ModifyState& modify) {
  const ResultRelInfo* root = relation->ri_RootResultRelInfo;
  return !modify.skip_duplicates && !modify.updates && modify.returning.empty() &&
         relation->ri_TrigDesc == nullptr && (root == nullptr || root->ri_TrigDesc == nullptr);
}

void FillSlot(const DocumentRow& row, RowReader* reader, TupleTableSlot* slot) {
  ExecClearTuple(slot);
  memset(slot->tts_isnull, true, static_cast<size_t>(slot->tts_tupleDescriptor->natts));
  const RowTarget target{.values = slot->tts_values, .nulls = slot->tts_isnull};
  CallEngine([&] { return reader->Read(row, target); });
  ExecStoreVirtualTuple(slot);
}

// The row as it was stored, when somebody looks at it; otherwise the one that came in will do.
TupleTableSlot* StoredRow(EState* state, ResultRelInfo* relation, TupleTableSlot* slot) {
  ModifyState* modify = StateOf(relation);
  PrepareReturning(state, relation, modify);
  if (!modify->returning.empty()) {
    slot = modify->returning_slot;
    FillSlot(modify->writer.written(), &modify->returning, slot);
  }
  ItemPointerSet(&slot->tts_tid, modify->writer.written().number, 1);
  return slot;
}

bool IsWritten(ColumnRole role) {
  return role == ColumnRole::kPath || role == ColumnRole::kKey || role == ColumnRole::kDocument;
}

void ReadColumn(const ModifyState& modify, const TupleTableSlot* slot, int position) {
  PlainValue* value = &modify.values[position];
  *value = PlainValue();
  if (slot->tts_isnull[position]) return;
  const Column& column = modify.writer.map()->columns[static_cast<size_t>(position)];
  if (IsWritten(column.role)) ReadValue(slot->tts_values[position], column.type, value);
}

uint32_t ScannedNumber(const ModifyState& modify, TupleTableSlot* plan_slot) {
  bool is_null;
  const Datum datum = ExecGetJunkAttribute(plan_slot, modify.row_identity, &is_null);
  if (is_null) elog(ERROR, "the identity of a document is null");
  return ItemPointerGetBlockNumberNoCheck(reinterpret_cast<ItemPointer>(DatumGetPointer(datum)));
}

// Notes the columns that UPDATE assigns, and the generated ones, which may follow from them.
void FindAssigned(EState* state, ResultRelInfo* relation, ModifyState* modify) {
  const TableMap& map = *modify->writer.map();
  const Bitmapset* updated = ExecGetUpdatedCols(relation, state);
  for (int i = 0; i < ColumnsOf(relation); ++i) {
    const bool assigned = bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber, updated);
    if (assigned) CheckAssignable(map, i);
    if (assigned || map.columns[static_cast<size_t>(i)].generated) {
      modify->assigned[modify->assigned_count++] = i;
    }
  }
}

// Reads what UPDATE assigned and what a BEFORE trigger changed besides. Returns how many positions
// are in `positions`.
size_t ReadChanges(ResultRelInfo* relation, TupleTableSlot* slot, int* positions) {
  const ModifyState& modify = *StateOf(relation);
  slot_getallattrs(slot);
  const TriggerDesc* triggers = relation->ri_TrigDesc;
  TupleTableSlot* old = nullptr;
  if (triggers != nullptr && triggers->trig_update_before_row) {
    old = relation->ri_oldTupleSlot;
    slot_getallattrs(old);
  }
  size_t next_assigned = 0;
  size_t count = 0;
  for (int i = 0; i < ColumnsOf(relation); ++i) {
    bool changed = false;
    if (next_assigned < modify.assigned_count && modify.assigned[next_assigned] == i) {
      ++next_assigned;
      changed = true;
    } else if (old != nullptr &&
               IsWritten(modify.writer.map()->columns[static_cast<size_t>(i)].role)) {
      const FormData_pg_attribute* attribute =
          TupleDescAttr(RelationGetDescr(relation->ri_RelationDesc), i);
      changed = slot->tts_isnull[i] != old->tts_isnull[i] ||
                (!slot->tts_isnull[i] && !datum_image_eq(slot->tts_values[i], old->tts_values[i],
                                                         attribute->attbyval, attribute->attlen));
    }
    if (!changed) continue;
    ReadColumn(modify, slot, i);
    positions[count++] = i;
  }
  return count;
}

// Tests the newest version of a row, which another transaction has changed, against the statement's
// conditions once more. Returns what the plan below makes of it, or null when it is to be skipped;
// it lies in ri_oldTupleSlot, too.
TupleTableSlot* Reevaluate(ResultRelInfo* relation, DocumentRow* row) {
  ModifyState* modify = StateOf(relation);
  if (!modify->writer.FindLatest(row)) return nullptr;
  EPQState* epq = &modify->node->mt_epqstate;
  const MemoryContext previous = MemoryContextSwitchTo(modify->node->ps.state->es_query_cxt);
  if (!modify->latest_known) {
    List* all = AllColumns(*modify->writer.map());
    CallEngine([&] {
      modify->latest.Init(modify->writer.map(), all);
      return absl::OkStatus();
    });
    modify->latest_known = true;
  }
  EvalPlanQualBegin(epq);
  TupleTableSlot* slot =
      EvalPlanQualSlot(epq, relation->ri_RelationDesc, relation->ri_RangeTableIndex);
  FillSlot(*row, &modify->latest, slot);
  slot->tts_tableOid = RelationGetRelid(relation->ri_RelationDesc);
  ItemPointerSet(&slot->tts_tid, row->number, 1);
  if (relation->ri_oldTupleSlot != nullptr) ExecCopySlot(relation->ri_oldTupleSlot, slot);
  TupleTableSlot* result =
      EvalPlanQual(epq, relation->ri_RelationDesc, relation->ri_RangeTableIndex, slot);
  MemoryContextSwitchTo(previous);
  return TupIsNull(result) ? nullptr : result;
}

// The new row that the statement makes of a row that others changed; null when it is skipped.
TupleTableSlot* NewRowOfLatest(EState* state, ResultRelInfo* relation, DocumentRow* row) {
  TupleTableSlot* planned = Reevaluate(relation, row);
  if (planned == nullptr) return nullptr;
  TupleTableSlot* slot = ExecGetUpdateNewTuple(relation, planned, relation->ri_oldTupleSlot);
  slot->tts_tableOid = RelationGetRelid(relation->ri_RelationDesc);
  const TupleConstr* constraints = RelationGetDescr(relation->ri_RelationDesc)->constr;
  if (constraints != nullptr && constraints->has_generated_stored) {
    ExecComputeStoredGenerated(relation, state, slot, CMD_UPDATE);
  }
  return slot;
}

}  // namespace

void CheckAssignable(const TableMap& map, int position) {
  const Column& column = map.columns[static_cast<size_t>(position)];
  if (column.role != ColumnRole::kVersion && column.role != ColumnRole::kModified) return;
  ereport(ERROR, (errcode(ERRCODE_GENERATED_ALWAYS),
                  errmsg("column \"%s\" cannot be updated", column.name.c_str()),
                  errdetail("Every write of a document sets it.")));
}

void AddForeignUpdateTargets(PlannerInfo* root, Index range_table_index, RangeTblEntry*,
                             RelationData*) {
  // A document's number within its collection travels as the block number of a row's place.
  Var* variable = makeVar(static_cast<int>(range_table_index), SelfItemPointerAttributeNumber,
                          TIDOID, -1, InvalidOid, 0);
  add_row_identity_var(root, variable, range_table_index, "ctid");
}

List* PlanForeignModify(PlannerInfo*, ModifyTable* plan, Index, int) {
  // ON CONFLICT with a target does not come here: the server finds no index that it could name.
  return list_make1(makeInteger(plan->onConflictAction == ONCONFLICT_NOTHING ? 1 : 0));
}

void BeginForeignModify(ModifyTableState* state, ResultRelInfo* relation, List* private_list, int,
                        int flags) {
  if ((flags & EXEC_FLAG_EXPLAIN_ONLY) != 0) return;
  EState* executor = state->ps.state;
  ModifyState* modify = NewState(executor, relation);
  modify->skip_duplicates = intVal(linitial(private_list)) != 0;
  if (state->operation == CMD_INSERT) return;
  modify->node = state;
  modify->row_identity =
      ExecFindJunkAttributeInTlist(outerPlanState(state)->plan->targetlist, "ctid");
  if (!AttributeNumberIsValid(modify->row_identity)) {
    elog(ERROR, "could not find the identity of a document");
  }
  if (state->operation == CMD_UPDATE) FindAssigned(executor, relation, modify);
}

void BeginForeignInsert(ModifyTableState* state, ResultRelInfo* relation) {
  // An UPDATE may move rows into a partition that it also updates: one state serves both.
  if (relation->ri_FdwState != nullptr) return;
  ModifyState* modify = NewState(state->ps.state, relation);
  modify->routed = true;
  modify->updates = state->operation != CMD_INSERT;
  const auto* plan = reinterpret_cast<const ModifyTable*>(state->ps.plan);
  modify->skip_duplicates = plan != nullptr && plan->onConflictAction == ONCONFLICT_NOTHING;
}

TupleTableSlot* ExecForeignInsert(EState* state, ResultRelInfo* relation, TupleTableSlot* slot,
                                  TupleTableSlot*) {
  ModifyState* modify = StateOf(relation);
  // Most statements insert one row, for which joining would only be a detour.
  const bool later = modify->joins && modify->begun;
  if (!modify->begun) {
    PrepareReturning(state, relation, modify);
    modify->joins = MayJoinRows(relation, *modify);
    modify->begun = true;
  }
  const MemoryContext previous = MemoryContextSwitchTo(GetPerTupleMemoryContext(state));
  slot_getallattrs(slot);
  for (int i = 0; i < ColumnsOf(relation); ++i) ReadColumn(*modify, slot, i);
  if (later) {
    modify->writer.InsertLater(modify->values);
    MemoryContextSwitchTo(previous);
    return slot;
  }
  const Written written = modify->writer.Insert(modify->values, modify->skip_duplicates);
  MemoryContextSwitchTo(previous);
  return written == Written::kDone ? StoredRow(state, relation, slot) : nullptr;
}

TupleTableSlot* ExecForeignUpdate(EState* state, ResultRelInfo* relation, TupleTableSlot* slot,
                                  TupleTableSlot* plan_slot) {
  ModifyState* modify = StateOf(relation);
  const MemoryContext previous = MemoryContextSwitchTo(GetPerTupleMemoryContext(state));
  auto* positions =
      static_cast<int*>(palloc(sizeof(int) * static_cast<Size>(ColumnsOf(relation) + 1)));
  DocumentRow row;
  Written written = Written::kSkipped;
  if (modify->writer.Find(ScannedNumber(*modify, plan_slot), &row)) {
    do {
      const size_t count = ReadChanges(relation, slot, positions);
      written = modify->writer.Update(row, absl::MakeConstSpan(positions, count), modify->values);
    } while (written == Written::kChanged &&
             (slot = NewRowOfLatest(state, relation, &row)) != nullptr);
  }
  MemoryContextSwitchTo(previous);
  return written == Written::kDone ? StoredRow(state, relation, slot) : nullptr;
}

TupleTableSlot* ExecForeignDelete(EState* state, ResultRelInfo* relation, TupleTableSlot* slot,
                                  TupleTableSlot* plan_slot) {
  ModifyState* modify = StateOf(relation);
  PrepareReturning(state, relation, modify);
  DocumentRow row;
  if (!modify->writer.Find(ScannedNumber(*modify, plan_slot), &row)) return nullptr;
  Written written;
  do {
    written = modify->writer.Delete(row);
  } while (written == Written::kChanged && Reevaluate(relation, &row) != nullptr);
  if (written != Written::kDone) return nullptr;
  if (!modify->returning.empty()) FillSlot(row, &modify->returning, slot);
  ItemPointerSet(&slot->tts_tid, row.number, 1);
  return slot;
}

void EndForeignModify(EState*, ResultRelInfo* relation) {
  // What the statement holds goes with the memory of its query.
  if (relation->ri_FdwState != nullptr) StateOf(relation)->writer.WritePending();
}

void EndForeignInsert(EState* state, ResultRelInfo* relation) {
  EndForeignModify(state, relation);
}

}  // namespace quire
