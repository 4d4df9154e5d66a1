#include "extension/fdw_options.h"

#include <cstring>

#include "engine/store/path.h"
#include "extension/door.h"

extern "C" {
#include "postgres.h"

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "foreign/fdwapi.h"
#include "foreign/foreign.h"
#include "nodes/makefuncs.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(quire_fdw_validator);
}

namespace quire {

namespace {

void CheckName(const DefElem* option) {
  const char* value = defGetString(const_cast<DefElem*>(option));
  const size_t bytes = strlen(value);
  if (bytes == 0 || bytes >= NAMEDATALEN) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("invalid value for option \"%s\": \"%s\"", option->defname, value),
                    errdetail("It takes 1 to %d bytes, this is %zu.", NAMEDATALEN - 1, bytes)));
  }
}

void CheckPath(const DefElem* option) {
  const char* text = defGetString(const_cast<DefElem*>(option));
  CallEngine([&] { return Path::Parse(text).status(); });
}

void CheckTableOption(const DefElem* option) {
  if (strcmp(option->defname, "collection") == 0 || strcmp(option->defname, "namespace") == 0) {
    CheckName(option);
  } else if (strcmp(option->defname, "strict") == 0) {
    defGetBoolean(const_cast<DefElem*>(option));
  } else {
    ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
                    errmsg("invalid option \"%s\"", option->defname),
                    errhint("Options of a table: collection, namespace, strict.")));
  }
}

void CheckColumnOption(const DefElem* option) {
  if (strcmp(option->defname, "path") == 0) {
    CheckPath(option);
  } else {
    ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
                    errmsg("invalid option \"%s\"", option->defname),
                    errhint("Options of a column: path.")));
  }
}

void CopyName(char (&to)[kServerNameBytes], const char* from) {
  // What is too long was refused by the validator.
  memset(to, 0, sizeof(to));
  strncpy(to, from, sizeof(to) - 1);
}

ServerOid WrapperOf(ServerOid table) {
  return GetForeignServer(GetForeignServerIdByRelId(table))->fdwid;
}

// The options with one more; the wrapper's validator sees them.
Datum WithOption(ServerOid catalog, Datum options, const char* name, const char* value,
                 ServerOid table) {
  DefElem* option = makeDefElemExtended(
      nullptr, pstrdup(name), reinterpret_cast<Node*>(makeString(pstrdup(value))), DEFELEM_ADD, -1);
  return transformGenericOptions(catalog, options, list_make1(option),
                                 GetForeignDataWrapper(WrapperOf(table))->fdwvalidator);
}

// Replaces the options, column `attribute` of a catalog's row.
void ReplaceOptions(Relation catalog, HeapTuple tuple, AttrNumber attribute, Datum options) {
  const int columns = RelationGetDescr(catalog)->natts;
  auto* values = static_cast<Datum*>(palloc0(sizeof(Datum) * columns));
  auto* nulls = static_cast<bool*>(palloc0(sizeof(bool) * columns));
  auto* replaced = static_cast<bool*>(palloc0(sizeof(bool) * columns));
  values[attribute - 1] = options;
  replaced[attribute - 1] = true;
  HeapTuple changed = heap_modify_tuple(tuple, RelationGetDescr(catalog), values, nulls, replaced);
  CatalogTupleUpdate(catalog, &changed->t_self, changed);
}

}  // namespace

TableOptions ReadTableOptions(ServerOid table) {
  TableOptions result = {};
  const ForeignTable* foreign = GetForeignTable(table);
  ListCell* cell;
  foreach (cell, foreign->options) {
    auto* option = lfirst_node(DefElem, cell);
    if (strcmp(option->defname, "collection") == 0) {
      CopyName(result.collection.name, defGetString(option));
      result.collection_named = true;
    } else if (strcmp(option->defname, "namespace") == 0) {
      CopyName(result.collection.name_space, defGetString(option));
      result.name_space_named = true;
    } else if (strcmp(option->defname, "strict") == 0) {
      result.strict = defGetBoolean(option);
    }
  }
  if (!result.collection_named) CopyName(result.collection.name, get_rel_name(table));
  if (!result.name_space_named) {
    CopyName(result.collection.name_space, get_namespace_name(get_rel_namespace(table)));
  }
  return result;
}

const char* ReadColumnPath(ServerOid table, ServerColumn column) {
  ListCell* cell;
  foreach (cell, GetForeignColumnOptions(table, column)) {
    auto* option = lfirst_node(DefElem, cell);
    if (strcmp(option->defname, "path") == 0) return defGetString(option);
  }
  return nullptr;
}

bool IsQuireTable(ServerOid relation) {
  if (get_rel_relkind(relation) != RELKIND_FOREIGN_TABLE) return false;
  const ServerOid extension = get_extension_oid("quire", true);
  return OidIsValid(extension) &&
         getExtensionOfObject(ForeignDataWrapperRelationId, WrapperOf(relation)) == extension;
}

void AddTableOption(ServerOid table, const char* name, const char* value) {
  Relation catalog = table_open(ForeignTableRelationId, RowExclusiveLock);
  HeapTuple tuple = SearchSysCacheCopy1(FOREIGNTABLEREL, ObjectIdGetDatum(table));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for foreign table %u", table);
  bool is_null;
  Datum options =
      SysCacheGetAttr(FOREIGNTABLEREL, tuple, Anum_pg_foreign_table_ftoptions, &is_null);
  options = WithOption(ForeignTableRelationId, is_null ? PointerGetDatum(nullptr) : options, name,
                       value, table);
  ReplaceOptions(catalog, tuple, Anum_pg_foreign_table_ftoptions, options);
  table_close(catalog, RowExclusiveLock);
  CacheInvalidateRelcacheByRelid(table);
  CommandCounterIncrement();
}

void AddColumnPath(ServerOid table, ServerColumn column, const char* path) {
  Relation catalog = table_open(AttributeRelationId, RowExclusiveLock);
  HeapTuple tuple = SearchSysCacheCopy2(ATTNUM, ObjectIdGetDatum(table), Int16GetDatum(column));
  if (!HeapTupleIsValid(tuple)) {
    elog(ERROR, "cache lookup failed for attribute %d of relation %u", column, table);
  }
  bool is_null;
  Datum options = SysCacheGetAttr(ATTNUM, tuple, Anum_pg_attribute_attfdwoptions, &is_null);
  options = WithOption(AttributeRelationId, is_null ? PointerGetDatum(nullptr) : options, "path",
                       path, table);
  ReplaceOptions(catalog, tuple, Anum_pg_attribute_attfdwoptions, options);
  table_close(catalog, RowExclusiveLock);
  CommandCounterIncrement();
}

}  // namespace quire

// Called by the server with the options of one object and the catalog that the object belongs to.
extern "C" Datum quire_fdw_validator(PG_FUNCTION_ARGS) {
  ListCell* cell;
  foreach (cell, untransformRelOptions(PG_GETARG_DATUM(0))) {
    const auto* option = lfirst_node(DefElem, cell);
    switch (PG_GETARG_OID(1)) {
      case ForeignTableRelationId:
        quire::CheckTableOption(option);
        break;
      case AttributeRelationId:
        quire::CheckColumnOption(option);
        break;
      default:
        ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
                        errmsg("invalid option \"%s\"", option->defname),
                        errhint("Only foreign tables and their columns have options.")));
    }
  }
  PG_RETURN_VOID();
}
