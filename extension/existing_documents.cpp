#include "extension/existing_documents.h"

#include "engine/base/status.h"
#include "engine/store/catalog.h"
#include "extension/backend.h"
#include "extension/door.h"
#include "extension/fdw_options.h"
#include "extension/needed_columns.h"
#include "extension/row_reader.h"
#include "extension/table_map.h"

extern "C" {
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/parsenodes.h"
#include "nodes/readfuncs.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

namespace quire {

namespace {

constexpr size_t kRowsPerBatch = 256;
constexpr uint64_t kBytesPerBatch = 256 << 10;

struct Scan {
  RowReader reader;
  RowBatch batch;
  ScanCursor cursor;
  bool begun = false;
};

// The CHECK constraints that are to hold for all rows, in their order; null for one that is NOT
// VALID.
ExprState** PrepareChecks(const TupleConstr* constraints, EState* state) {
  auto** checks =
      static_cast<ExprState**>(palloc0(sizeof(ExprState*) * (constraints->num_check + 1u)));
  for (int i = 0; i < constraints->num_check; ++i) {
    const ConstrCheck& check = constraints->check[i];
    if (!check.ccvalid) continue;
    checks[i] = ExecPrepareExpr(static_cast<Expr*>(stringToNode(check.ccbin)), state);
  }
  return checks;
}

void CheckColumns(const Relation table, const TupleTableSlot* slot) {
  const TupleDesc descriptor = RelationGetDescr(table);
  for (int i = 0; i < descriptor->natts; ++i) {
    const FormData_pg_attribute* attribute = TupleDescAttr(descriptor, i);
    if (!attribute->attnotnull || attribute->attisdropped || !slot->tts_isnull[i]) continue;
    ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
                    errmsg("column \"%s\" of relation \"%s\" contains null values",
                           NameStr(attribute->attname), RelationGetRelationName(table)),
                    errtablecol(table, i + 1)));
  }
}

void CheckRow(EState* state, ResultRelInfo* relation, ExprState** checks, TupleTableSlot* slot) {
  Relation table = relation->ri_RelationDesc;
  const TupleConstr* constraints = RelationGetDescr(table)->constr;
  CheckColumns(table, slot);
  ExprContext* context = GetPerTupleExprContext(state);
  context->ecxt_scantuple = slot;
  for (int i = 0; constraints != nullptr && i < constraints->num_check; ++i) {
    if (checks[i] == nullptr || ExecCheck(checks[i], context)) continue;
    ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION),
                    errmsg("check constraint \"%s\" of relation \"%s\" is violated by some row",
                           constraints->check[i].ccname, RelationGetRelationName(table)),
                    errtableconstraint(table, constraints->check[i].ccname)));
  }
  if (table->rd_rel->relispartition && !ExecPartitionCheck(relation, slot, state, false)) {
    ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION),
                    errmsg("partition constraint of relation \"%s\" is violated by some row",
                           RelationGetRelationName(table)),
                    errtable(table)));
  }
  ResetPerTupleExprContext(state);
}

// Makes the slot's row out of the i-th document of the batch.
void Show(Scan* scan, size_t i, TupleTableSlot* slot) {
  ExecClearTuple(slot);
  memset(slot->tts_isnull, true, static_cast<size_t>(slot->tts_tupleDescriptor->natts));
  const RowTarget target{.values = slot->tts_values, .nulls = slot->tts_isnull};
  CallEngine([&] { return scan->reader.Read(scan->batch[i], target); });
  ExecStoreVirtualTuple(slot);
}

// Whether there may be any.
bool HasDocuments(const TableMap* map) {
  Backend* backend = RequireBackend();
  CallEngine([&] {
    if (map->state == nullptr) map->state = Catalog(backend->session()).Find(map->collection_id);
    return absl::OkStatus();
  });
  return map->state != nullptr;
}

// REQUIRES: HasDocuments(map).
void ScanTable(Relation table, const TableMap* map, const Snapshot& snapshot, EState* state) {
  auto* relation = makeNode(ResultRelInfo);
  InitResultRelInfo(relation, table, 0, nullptr, 0);
  TupleTableSlot* slot = ExecInitExtraTupleSlot(state, RelationGetDescr(table), &TTSOpsVirtual);
  slot->tts_tableOid = RelationGetRelid(table);
  auto* scan = NewInContext<Scan>(state->es_query_cxt);
  const TupleConstr* constraints = RelationGetDescr(table)->constr;
  ExprState** checks = constraints == nullptr ? nullptr : PrepareChecks(constraints, state);
  Backend* backend = RequireBackend();
  List* all = AllColumns(*map);
  for (bool more = true; more;) {
    CHECK_FOR_INTERRUPTS();
    CallEngine([&] {
      Collection collection(backend->session(), backend->host(), map->state);
      if (!scan->begun) {
        scan->reader.Init(map, all);
        scan->cursor = collection.BeginScan();
        scan->begun = true;
      }
      QUIRE_ASSIGN_OR_RETURN(more, collection.NextBatch(snapshot, kRowsPerBatch, kBytesPerBatch,
                                                        &scan->cursor, &scan->batch));
      return absl::OkStatus();
    });
    for (size_t i = 0; i < scan->batch.size(); ++i) {
      Show(scan, i, slot);
      CheckRow(state, relation, checks, slot);
    }
  }
}

void CheckTree(ServerOid root) {
  ListCell* cell;
  // The command does not hold all of their locks.
  foreach (cell, find_all_inheritors(root, AccessShareLock, nullptr)) {
    const ServerOid table = lfirst_oid(cell);
    if (IsQuireTable(table)) CheckExistingDocumentsOf(table);
  }
}

// What a partition of the parent takes for itself must not be in the default partition.
void CheckDefaultPartition(ServerOid parent) {
  const ServerOid partition = get_default_partition_oid(parent);
  if (OidIsValid(partition)) CheckTree(partition);
}

bool IsCheck(ServerOid table, const char* constraint) {
  const ServerOid id = get_relation_constraint_oid(table, constraint, true);
  HeapTuple tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(id));
  if (!HeapTupleIsValid(tuple)) return false;
  const char type = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple))->contype;
  ReleaseSysCache(tuple);
  return type == CONSTRAINT_CHECK;
}

// The types that are no types: the server makes an integer that is NOT NULL out of each.
bool IsSerial(const struct TypeName* type) {
  if (list_length(type->names) != 1) return false;
  const char* name = strVal(linitial(type->names));
  for (const char* serial :
       {"smallserial", "serial2", "serial", "serial4", "bigserial", "serial8"}) {
    if (strcmp(name, serial) == 0) return true;
  }
  return false;
}

bool AddsConstraint(ServerOid table, const AlterTableCmd* command) {
  switch (command->subtype) {
    case AT_SetNotNull:
      return true;
    case AT_ValidateConstraint:
      return IsCheck(table, command->name);
    case AT_AddConstraint: {
      const auto* constraint = reinterpret_cast<const Constraint*>(command->def);
      return constraint->contype == CONSTR_CHECK && !constraint->skip_validation;
    }
    case AT_AddColumn: {
      const auto* column = reinterpret_cast<const ColumnDef*>(command->def);
      return column->constraints != NIL || IsSerial(column->typeName);
    }
    default:
      return false;
  }
}

}  // namespace

void CheckExistingDocuments(const AlterTableStmt* statement) {
  // What the command did can be seen from here on.
  CommandCounterIncrement();
  // ALTER TABLE IF EXISTS may have found nothing.
  const ServerOid relation = RangeVarGetRelid(statement->relation, NoLock, true);
  if (!OidIsValid(relation)) return;
  bool adds = false;
  ListCell* cell;
  foreach (cell, statement->cmds) {
    const auto* command = lfirst_node(AlterTableCmd, cell);
    if (command->subtype == AT_AttachPartition) {
      const auto* partition = reinterpret_cast<const PartitionCmd*>(command->def);
      CheckTree(RangeVarGetRelid(partition->name, NoLock, false));
      CheckDefaultPartition(relation);
    }
    adds |= AddsConstraint(relation, command);
  }
  if (adds) CheckTree(relation);
}

void CheckDefaultPartitionBeside(const CreateStmt* statement) {
  if (statement->partbound == nullptr) return;
  CommandCounterIncrement();
  const auto* parent = linitial_node(RangeVar, statement->inhRelations);
  CheckDefaultPartition(RangeVarGetRelid(parent, NoLock, false));
}

void CheckExistingDocumentsOf(ServerOid id) {
  Relation table = table_open(id, NoLock);
  const TableMap* map = GetTableMap(table);
  if (map->has_constraints && HasDocuments(map)) {
    SnapshotData* server_snapshot = RegisterSnapshot(GetLatestSnapshot());
    PushActiveSnapshot(server_snapshot);
    Snapshot snapshot;
    FillSnapshot(server_snapshot, UINT32_MAX, &snapshot);
    EState* state = CreateExecutorState();
    const MemoryContext previous = MemoryContextSwitchTo(state->es_query_cxt);
    ScanTable(table, map, snapshot, state);
    MemoryContextSwitchTo(previous);
    ExecResetTupleTable(state->es_tupleTable, false);
    FreeExecutorState(state);
    PopActiveSnapshot();
    UnregisterSnapshot(server_snapshot);
  }
  table_close(table, NoLock);
}

}  // namespace quire
