// quire.get, quire.put, quire.patch and quire.delete: single documents by their keys. Called by the
// server, in sessions.
//
// The foreign table says which collection is meant, and its privileges decide, for the current
// user: inside a view that is whoever queries the view, inside a SECURITY DEFINER function its
// owner. A write is a command of its own, as a statement in a volatile function is.

#include "engine/base/status.h"
#include "engine/store/catalog.h"
#include "engine/store/document.h"
#include "extension/document_id.h"
#include "extension/door.h"
#include "extension/fdw_options.h"
#include "extension/keyed_writer.h"
#include "extension/shown_datum.h"

extern "C" {
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(quire_get_text);
PG_FUNCTION_INFO_V1(quire_get_bigint);
PG_FUNCTION_INFO_V1(quire_get_uuid);
PG_FUNCTION_INFO_V1(quire_get_jsonb);
PG_FUNCTION_INFO_V1(quire_put_text);
PG_FUNCTION_INFO_V1(quire_put_bigint);
PG_FUNCTION_INFO_V1(quire_put_uuid);
PG_FUNCTION_INFO_V1(quire_put_jsonb);
PG_FUNCTION_INFO_V1(quire_patch_text);
PG_FUNCTION_INFO_V1(quire_patch_bigint);
PG_FUNCTION_INFO_V1(quire_patch_uuid);
PG_FUNCTION_INFO_V1(quire_patch_jsonb);
PG_FUNCTION_INFO_V1(quire_delete_text);
PG_FUNCTION_INFO_V1(quire_delete_bigint);
PG_FUNCTION_INFO_V1(quire_delete_uuid);
PG_FUNCTION_INFO_V1(quire_delete_jsonb);
}

namespace quire {

namespace {

// The arguments of all these functions begin with the table and the id.
enum Argument : int { kTable = 0, kId, kContent };

void RequireArgument(FunctionCallInfo call, Argument argument, const char* name) {
  if (!call->args[argument].isnull) return;
  ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                  errmsg("argument \"%s\" must not be null", name)));
}

void RequirePrivilege(Oid relation, AclMode privilege) {
  // Of something that is not there: 42P01.
  const AclResult result = pg_class_aclcheck(relation, GetUserId(), privilege);
  if (result == ACLCHECK_OK) return;
  aclcheck_error(result, get_relkind_objtype(get_rel_relkind(relation)), get_rel_name(relation));
}

// The table, locked until the transaction ends. Privileges come first: who has none locks nothing.
Relation OpenTable(Oid relation, std::initializer_list<AclMode> privileges, LOCKMODE lock) {
  for (const AclMode privilege : privileges) RequirePrivilege(relation, privilege);
  Relation table = try_relation_open(relation, lock);
  if (table == nullptr) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("relation with OID %u does not exist", relation)));
  }
  if (!IsQuireTable(relation)) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("\"%s\" is not a foreign table of the server quire",
                           RelationGetRelationName(table))));
  }
  return table;
}

// What they would have to do is not done here, so such tables are left to INSERT, UPDATE, DELETE.
void RefuseTriggersAndGenerated(Relation table, const TableMap& map) {
  const TriggerDesc* triggers = table->trigdesc;
  const char* what = map.has_generated ? "generated columns" : nullptr;
  for (int i = 0; triggers != nullptr && i < triggers->numtriggers; ++i) {
    const Trigger& trigger = triggers->triggers[i];
    const bool of_rows = !TRIGGER_FOR_TRUNCATE(trigger.tgtype);
    if (of_rows && trigger.tgenabled != TRIGGER_DISABLED) what = "triggers";
  }
  if (what == nullptr) return;
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("foreign table \"%s\" has %s, which functions for single documents do not "
                         "serve",
                         RelationGetRelationName(table), what),
                  errhint("Use INSERT, UPDATE or DELETE.")));
}

void ReadArgument(FunctionCallInfo call, Argument argument, Oid type, PlainValue* value) {
  ColumnType column_type;
  if (!FindColumnType(type, -1, &column_type)) elog(ERROR, "type %u cannot be an argument", type);
  ReadValue(call->args[argument].value, column_type, value);
}

// Kept from call to call of a statement.
struct GetState {
  DocumentId id;
  RowBatch found;
  DatumMemory memory;
};

Datum Get(FunctionCallInfo call, Oid id_type) {
  Relation table =
      OpenTable(DatumGetObjectId(call->args[kTable].value), {ACL_SELECT}, AccessShareLock);
  const TableMap* map = GetTableMap(table);
  Backend* backend = RequireBackend();
  PlainValue id;
  ReadArgument(call, kId, id_type, &id);
  Snapshot snapshot;
  FillSnapshot(GetActiveSnapshot(), GetActiveSnapshot()->curcid, &snapshot);
  auto* state = static_cast<GetState*>(call->flinfo->fn_extra);
  if (state == nullptr) {
    state = NewInContext<GetState>(call->flinfo->fn_mcxt);
    call->flinfo->fn_extra = state;
  }
  const char* shown = nullptr;
  CallEngine([&] {
    QUIRE_RETURN_IF_ERROR(state->id.Set(id, *map));
    if (map->state == nullptr) map->state = Catalog(backend->session()).Find(map->collection_id);
    if (map->state == nullptr) return absl::OkStatus();
    Collection collection(backend->session(), backend->host(), map->state);
    state->found.Clear();
    QUIRE_ASSIGN_OR_RETURN(const bool found,
                           collection.Get(state->id.key(), snapshot, &state->found));
    if (!found) return absl::OkStatus();
    state->memory.Clear();
    QUIRE_ASSIGN_OR_RETURN(const ShownDatum json, ShowJson(RootOf(state->found[0].document),
                                                           ScalarType::kJsonb, &state->memory));
    shown = state->memory.At(json.offset);
    return absl::OkStatus();
  });
  relation_close(table, NoLock);
  if (shown == nullptr) {
    call->isnull = true;
    return Datum{0};
  }
  // The state's memory serves the next call.
  void* copy = palloc(VARSIZE(shown));
  memcpy(copy, shown, VARSIZE(shown));
  return PointerGetDatum(copy);
}

// A table that is open for one write, with what the executor keeps for one.
struct OpenedTable {
  Relation table;
  EState* state;
  KeyedWriter* writer;
};

OpenedTable BeginWrite(FunctionCallInfo call, const char* name,
                       std::initializer_list<AclMode> privileges) {
  PreventCommandIfReadOnly(name);
  PreventCommandIfParallelMode(name);
  CommandCounterIncrement();
  OpenedTable opened;
  opened.table =
      OpenTable(DatumGetObjectId(call->args[kTable].value), privileges, RowExclusiveLock);
  RefuseTriggersAndGenerated(opened.table, *GetTableMap(opened.table));
  opened.state = CreateExecutorState();
  MemoryContextSwitchTo(opened.state->es_query_cxt);
  auto* relation = makeNode(ResultRelInfo);
  InitResultRelInfo(relation, opened.table, 0, nullptr, 0);
  opened.state->es_snapshot = GetActiveSnapshot();
  opened.state->es_output_cid = GetCurrentCommandId(true);
  opened.writer = NewInContext<KeyedWriter>(opened.state->es_query_cxt);
  opened.writer->Begin(opened.state, relation);
  return opened;
}

void EndWrite(const OpenedTable& opened) {
  ExecResetTupleTable(opened.state->es_tupleTable, false);
  FreeExecutorState(opened.state);
  relation_close(opened.table, NoLock);
}

Datum Put(FunctionCallInfo call, Oid id_type) {
  RequireArgument(call, kTable, "rel");
  RequireArgument(call, kId, "id");
  RequireArgument(call, kContent, "doc");
  const MemoryContext context = CurrentMemoryContext;
  const OpenedTable opened = BeginWrite(call, "quire.put()", {ACL_INSERT, ACL_UPDATE});
  PlainValue id;
  PlainValue document;
  ReadArgument(call, kId, id_type, &id);
  ReadArgument(call, kContent, JSONBOID, &document);
  const int64 version = opened.writer->Put(id, document);
  MemoryContextSwitchTo(context);
  EndWrite(opened);
  return Int64GetDatum(version);
}

Datum Patch(FunctionCallInfo call, Oid id_type) {
  RequireArgument(call, kTable, "rel");
  RequireArgument(call, kId, "id");
  RequireArgument(call, kContent, "patch");
  const MemoryContext context = CurrentMemoryContext;
  const OpenedTable opened = BeginWrite(call, "quire.patch()", {ACL_UPDATE});
  PlainValue id;
  PlainValue patch;
  ReadArgument(call, kId, id_type, &id);
  ReadArgument(call, kContent, JSONBOID, &patch);
  const int64 version = opened.writer->Patch(id, patch);
  MemoryContextSwitchTo(context);
  EndWrite(opened);
  call->isnull = version == 0;
  return Int64GetDatum(version);
}

Datum Delete(FunctionCallInfo call, Oid id_type) {
  RequireArgument(call, kTable, "rel");
  RequireArgument(call, kId, "id");
  const MemoryContext context = CurrentMemoryContext;
  const OpenedTable opened = BeginWrite(call, "quire.delete()", {ACL_DELETE});
  PlainValue id;
  ReadArgument(call, kId, id_type, &id);
  const bool deleted = opened.writer->Delete(id);
  MemoryContextSwitchTo(context);
  EndWrite(opened);
  return BoolGetDatum(deleted);
}

}  // namespace

}  // namespace quire

Datum quire_get_text(PG_FUNCTION_ARGS) {
  return quire::Get(fcinfo, TEXTOID);
}
Datum quire_get_bigint(PG_FUNCTION_ARGS) {
  return quire::Get(fcinfo, INT8OID);
}
Datum quire_get_uuid(PG_FUNCTION_ARGS) {
  return quire::Get(fcinfo, UUIDOID);
}
Datum quire_get_jsonb(PG_FUNCTION_ARGS) {
  return quire::Get(fcinfo, JSONBOID);
}

Datum quire_put_text(PG_FUNCTION_ARGS) {
  return quire::Put(fcinfo, TEXTOID);
}
Datum quire_put_bigint(PG_FUNCTION_ARGS) {
  return quire::Put(fcinfo, INT8OID);
}
Datum quire_put_uuid(PG_FUNCTION_ARGS) {
  return quire::Put(fcinfo, UUIDOID);
}
Datum quire_put_jsonb(PG_FUNCTION_ARGS) {
  return quire::Put(fcinfo, JSONBOID);
}

Datum quire_patch_text(PG_FUNCTION_ARGS) {
  return quire::Patch(fcinfo, TEXTOID);
}
Datum quire_patch_bigint(PG_FUNCTION_ARGS) {
  return quire::Patch(fcinfo, INT8OID);
}
Datum quire_patch_uuid(PG_FUNCTION_ARGS) {
  return quire::Patch(fcinfo, UUIDOID);
}
Datum quire_patch_jsonb(PG_FUNCTION_ARGS) {
  return quire::Patch(fcinfo, JSONBOID);
}

Datum quire_delete_text(PG_FUNCTION_ARGS) {
  return quire::Delete(fcinfo, TEXTOID);
}
Datum quire_delete_bigint(PG_FUNCTION_ARGS) {
  return quire::Delete(fcinfo, INT8OID);
}
Datum quire_delete_uuid(PG_FUNCTION_ARGS) {
  return quire::Delete(fcinfo, UUIDOID);
}
Datum quire_delete_jsonb(PG_FUNCTION_ARGS) {
  return quire::Delete(fcinfo, JSONBOID);
}
