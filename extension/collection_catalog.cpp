#include "extension/collection_catalog.h"

#include <algorithm>

#include "engine/store/catalog.h"
#include "extension/backend.h"
#include "extension/door.h"
#include "extension/fdw_options.h"

extern "C" {
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(quire_engine_id);
PG_FUNCTION_INFO_V1(quire_collection_documents);
PG_FUNCTION_INFO_V1(quire_collection_versions);
PG_FUNCTION_INFO_V1(quire_collection_bytes);
}

namespace quire {

static_assert(kServerNameBytes == NAMEDATALEN);

namespace {

// Columns of quire.engine and quire.collection_catalog, as the script of the extension makes them.
enum EngineColumn : AttrNumber { kEngineNamespaceId = 1, kEngineDatabaseId, kEngineEngineId };
enum CatalogColumn : AttrNumber {
  kCatalogNumber = 1,
  kCatalogNamespace,
  kCatalogName,
  kCatalogOwner,
  kCatalogKeyType,
  kCatalogColumns = kCatalogKeyType,
};

Oid TableOf(const char* name) {
  const Oid schema = get_namespace_oid("quire", true);
  const Oid table = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
  if (!OidIsValid(table)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("table quire.%s does not exist", name),
                    errhint("It belongs to the extension: DROP EXTENSION quire CASCADE, then "
                            "CREATE EXTENSION quire.")));
  }
  return table;
}

Datum NotNullColumn(HeapTuple tuple, AttrNumber column, TupleDesc descriptor) {
  bool is_null = false;
  const Datum value = heap_getattr(tuple, column, descriptor, &is_null);
  if (is_null) elog(ERROR, "column %d of a catalog of quire is null", column);
  return value;
}

void ReadName(HeapTuple tuple, TupleDesc descriptor, CollectionName* name) {
  namestrcpy(reinterpret_cast<Name>(name->name_space),
             NameStr(*DatumGetName(NotNullColumn(tuple, kCatalogNamespace, descriptor))));
  namestrcpy(reinterpret_cast<Name>(name->name),
             NameStr(*DatumGetName(NotNullColumn(tuple, kCatalogName, descriptor))));
}

// What quire.engine says.
struct EngineRow {
  uint64_t name_space;
  Oid database;
  uint64_t engine_id;
};

bool ReadEngineRow(EngineRow* row) {
  Relation engine = table_open(TableOf("engine"), AccessShareLock);
  SysScanDesc scan = systable_beginscan(engine, InvalidOid, false, nullptr, 0, nullptr);
  HeapTuple tuple = systable_getnext(scan);
  const bool found = HeapTupleIsValid(tuple);
  if (found) {
    TupleDesc descriptor = RelationGetDescr(engine);
    row->name_space =
        static_cast<uint64_t>(DatumGetInt64(NotNullColumn(tuple, kEngineNamespaceId, descriptor)));
    row->database = DatumGetObjectId(NotNullColumn(tuple, kEngineDatabaseId, descriptor));
    row->engine_id =
        static_cast<uint64_t>(DatumGetInt64(NotNullColumn(tuple, kEngineEngineId, descriptor)));
  }
  systable_endscan(scan);
  table_close(engine, AccessShareLock);
  return found;
}

// The id of this database's collections, once database and engine are known to be the right ones.
uint64_t VerifiedNamespace() {
  EngineRow row;
  if (!ReadEngineRow(&row)) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("table quire.engine is empty, so this database's documents cannot be "
                           "found"),
                    errhint("It is filled by CREATE EXTENSION and belongs in no dump.")));
  }
  if (row.database != MyDatabaseId) {
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
             errmsg("this database was copied from another one, and documents are not copied"),
             errhint("DROP EXTENSION quire CASCADE, CREATE EXTENSION quire, declare the tables "
                     "again and copy the documents with INSERT or COPY.")));
  }
  if (row.engine_id != RequireBackend()->engine_id()) {
    ereport(
        ERROR,
        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
         errmsg("the documents of this database are in another engine than this server's"),
         errdetail("The database was made with engine %016llx; this server has engine %016llx.",
                   static_cast<unsigned long long>(row.engine_id),
                   static_cast<unsigned long long>(RequireBackend()->engine_id())),
         errhint("A restored data directory needs the folder quire/ of the same backup. pg_upgrade "
                 "leaves documents behind: copy them from the old server with COPY (SELECT …) TO, "
                 "after DROP EXTENSION quire CASCADE and CREATE EXTENSION quire here.")));
  }
  return row.name_space;
}

bool SameName(const CollectionName& a, const CollectionName& b) {
  return strcmp(a.name, b.name) == 0 && strcmp(a.name_space, b.name_space) == 0;
}

// `place`, when not null, gets the row's.
bool FindByName(Relation catalog, const CollectionName& name, CollectionEntry* entry,
                ItemPointer place = nullptr) {
  ScanKeyData keys[2];
  ScanKeyInit(&keys[0], kCatalogNamespace, BTEqualStrategyNumber, F_NAMEEQ,
              CStringGetDatum(name.name_space));
  ScanKeyInit(&keys[1], kCatalogName, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum(name.name));
  const Oid index = TableOf("collection_catalog_namespace_name_key");
  SysScanDesc scan = systable_beginscan(catalog, index, true, nullptr, 2, keys);
  HeapTuple tuple = systable_getnext(scan);
  const bool found = HeapTupleIsValid(tuple);
  if (found) {
    TupleDesc descriptor = RelationGetDescr(catalog);
    entry->id.number =
        static_cast<uint64_t>(DatumGetInt64(NotNullColumn(tuple, kCatalogNumber, descriptor)));
    entry->owner = DatumGetObjectId(NotNullColumn(tuple, kCatalogOwner, descriptor));
    entry->key_type = DatumGetObjectId(NotNullColumn(tuple, kCatalogKeyType, descriptor));
    if (place != nullptr) *place = tuple->t_self;
  }
  systable_endscan(scan);
  return found;
}

HeapTuple MakeRow(Relation catalog, const CollectionName& name, const CollectionEntry& entry) {
  Datum values[kCatalogColumns];
  bool nulls[kCatalogColumns] = {};
  values[kCatalogNumber - 1] = Int64GetDatum(static_cast<int64>(entry.id.number));
  values[kCatalogNamespace - 1] = CStringGetDatum(name.name_space);
  values[kCatalogName - 1] = CStringGetDatum(name.name);
  values[kCatalogOwner - 1] = ObjectIdGetDatum(entry.owner);
  values[kCatalogKeyType - 1] = ObjectIdGetDatum(entry.key_type);
  return heap_form_tuple(RelationGetDescr(catalog), values, nulls);
}

void Add(Relation catalog, const CollectionName& name, CollectionEntry* entry) {
  const Oid sequence = getIdentitySequence(RelationGetRelid(catalog), kCatalogNumber, false);
  entry->id.number = static_cast<uint64_t>(nextval_internal(sequence, false));
  HeapTuple tuple = MakeRow(catalog, name, *entry);
  CatalogTupleInsert(catalog, tuple);
  heap_freetuple(tuple);
  CommandCounterIncrement();
}

// Two sessions that declare one new collection would otherwise meet in the unique index, and the
// second would fail although nothing is wrong; and nobody declares a table over a collection that
// is being dropped. Names with one hash merely wait for each other.
void LockName(Relation catalog, const CollectionName& name) {
  const uint32 hash =
      hash_combine(hash_bytes(reinterpret_cast<const unsigned char*>(name.name),
                              static_cast<int>(strlen(name.name))),
                   hash_bytes(reinterpret_cast<const unsigned char*>(name.name_space),
                              static_cast<int>(strlen(name.name_space))));
  LockDatabaseObject(RelationGetRelid(catalog), hash, 0, ExclusiveLock);
}

void RequireOwner(const CollectionName& name, const CollectionEntry& entry, const char* detail) {
  if (has_privs_of_role(GetUserId(), entry.owner)) return;
  const char* owner = GetUserNameFromId(entry.owner, true);
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("permission denied for collection \"%s.%s\"", name.name_space, name.name),
                  errdetail(detail, owner == nullptr ? "(dropped)" : owner)));
}

// A superuser may use everybody's collections, and must not do so unawares: somebody may have taken
// the name first.
void TellOfOtherOwner(const CollectionName& name, const CollectionEntry& entry) {
  if (is_member_of_role_nosuper(GetUserId(), entry.owner)) return;
  const char* owner = GetUserNameFromId(entry.owner, true);
  ereport(NOTICE, (errmsg("collection \"%s.%s\" exists and belongs to role \"%s\"", name.name_space,
                          name.name, owner == nullptr ? "(dropped)" : owner)));
}

void RequireDroppable(Relation catalog, const CollectionName& name, CollectionEntry* entry,
                      ItemPointer place) {
  if (!FindByName(catalog, name, entry, place)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                    errmsg("collection \"%s.%s\" does not exist", name.name_space, name.name)));
  }
  RequireOwner(name, *entry, "It belongs to role \"%s\", whose members can drop it.");
}

}  // namespace

List* TablesOver(const CollectionName& name) {
  List* tables = NIL;
  Relation catalog = table_open(ForeignTableRelationId, AccessShareLock);
  SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, nullptr, 0, nullptr);
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
    const ServerOid table = reinterpret_cast<Form_pg_foreign_table>(GETSTRUCT(tuple))->ftrelid;
    if (IsQuireTable(table) && SameName(ReadTableOptions(table).collection, name)) {
      tables = lappend_oid(tables, table);
    }
  }
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
  return tables;
}

List* CollectionsOf(const List* roles) {
  List* collections = NIL;
  Relation catalog = table_open(TableOf("collection_catalog"), AccessShareLock);
  TupleDesc descriptor = RelationGetDescr(catalog);
  SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, nullptr, 0, nullptr);
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
    const Oid owner = DatumGetObjectId(NotNullColumn(tuple, kCatalogOwner, descriptor));
    if (!list_member_oid(roles, owner)) continue;
    auto* name = static_cast<CollectionName*>(palloc0(sizeof(CollectionName)));
    ReadName(tuple, descriptor, name);
    collections = lappend(collections, name);
  }
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
  return collections;
}

void ChangeOwner(const CollectionName& name, ServerOid owner) {
  Relation catalog = table_open(TableOf("collection_catalog"), RowExclusiveLock);
  LockName(catalog, name);
  CollectionEntry entry;
  ItemPointerData place;
  if (FindByName(catalog, name, &entry, &place)) {
    entry.owner = owner;
    CatalogTupleUpdate(catalog, &place, MakeRow(catalog, name, entry));
  }
  table_close(catalog, RowExclusiveLock);
}

bool MaySee(uint64_t number) {
  Relation catalog = table_open(TableOf("collection_catalog"), AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, kCatalogNumber, BTEqualStrategyNumber, F_INT8EQ,
              Int64GetDatum(static_cast<int64>(number)));
  SysScanDesc scan =
      systable_beginscan(catalog, TableOf("collection_catalog_pkey"), true, nullptr, 1, &key);
  HeapTuple tuple = systable_getnext(scan);
  CollectionName name = {};
  Oid owner = InvalidOid;
  const bool found = HeapTupleIsValid(tuple);
  if (found) {
    owner = DatumGetObjectId(NotNullColumn(tuple, kCatalogOwner, RelationGetDescr(catalog)));
    ReadName(tuple, RelationGetDescr(catalog), &name);
  }
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
  if (!found) return false;
  const Oid user = GetUserId();
  if (has_privs_of_role(user, owner) || has_privs_of_role(user, ROLE_PG_MONITOR)) return true;
  ListCell* cell;
  foreach (cell, TablesOver(name)) {
    const Oid table = lfirst_oid(cell);
    constexpr AclMode kColumns = ACL_SELECT | ACL_INSERT | ACL_UPDATE;
    if (pg_class_aclcheck(table, user, kColumns | ACL_DELETE) == ACLCHECK_OK ||
        pg_attribute_aclcheck_all(table, user, kColumns, ACLMASK_ANY) == ACLCHECK_OK) {
      return true;
    }
  }
  return false;
}

bool FindNamespace(uint64_t* name_space) {
  EngineRow row;
  if (!ReadEngineRow(&row) || row.database != MyDatabaseId ||
      row.engine_id != RequireBackend()->engine_id()) {
    return false;
  }
  *name_space = row.name_space;
  return true;
}

CollectionId RemoveCollection(const CollectionName& name) {
  CollectionEntry entry = {};
  entry.id.name_space = VerifiedNamespace();
  Relation catalog = table_open(TableOf("collection_catalog"), RowExclusiveLock);
  ItemPointerData place;
  // Whoever may not drop it must not lock it either.
  RequireDroppable(catalog, name, &entry, &place);
  LockName(catalog, name);
  RequireDroppable(catalog, name, &entry, &place);
  CatalogTupleDelete(catalog, &place);
  table_close(catalog, RowExclusiveLock);
  CommandCounterIncrement();
  return entry.id;
}

bool FindCollection(const CollectionName& name, CollectionEntry* entry) {
  entry->id.name_space = VerifiedNamespace();
  Relation catalog = table_open(TableOf("collection_catalog"), AccessShareLock);
  const bool found = FindByName(catalog, name, entry);
  table_close(catalog, AccessShareLock);
  return found;
}

CollectionEntry DeclareCollection(const CollectionName& name, Oid key_type, Oid table_owner) {
  CollectionEntry entry = {};
  entry.id.name_space = VerifiedNamespace();
  Relation catalog = table_open(TableOf("collection_catalog"), RowExclusiveLock);
  LockName(catalog, name);
  if (!FindByName(catalog, name, &entry)) {
    entry.owner = table_owner;
    entry.key_type = key_type;
    Add(catalog, name, &entry);
  } else {
    RequireOwner(name, entry,
                 "It belongs to role \"%s\"; a table over it can be declared by members of that "
                 "role.");
    TellOfOtherOwner(name, entry);
    CheckKeyType(name, entry, key_type);
  }
  table_close(catalog, RowExclusiveLock);
  return entry;
}

void CheckKeyType(const CollectionName& name, const CollectionEntry& entry, ServerOid key_type) {
  if (entry.key_type == key_type) return;
  ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                  errmsg("collection \"%s.%s\" has keys of type %s, not %s", name.name_space,
                         name.name, format_type_be(entry.key_type), format_type_be(key_type))));
}

}  // namespace quire

// Of the engine that runs here, for the script of the extension.
extern "C" Datum quire_engine_id(PG_FUNCTION_ARGS) {
  static_cast<void>(fcinfo);
  PG_RETURN_INT64(static_cast<int64>(quire::RequireBackend()->engine_id()));
}

namespace quire {

namespace {

// A figure of the collection whose number is the function's argument, null for who may not see it.
// 0 for one into which nothing was ever written.
Datum CollectionFigure(FunctionCallInfo call, std::atomic<int64_t> CollectionState::*figure) {
  CollectionId id;
  id.number = static_cast<uint64_t>(DatumGetInt64(call->args[0].value));
  call->isnull = !MaySee(id.number);
  if (call->isnull) return Datum{0};
  id.name_space = VerifiedNamespace();
  Backend* backend = RequireBackend();
  int64_t value = 0;
  CallEngine([&] {
    // No lock keeps the collection there.
    const Session::Pin pin(backend->session());
    const CollectionState* state = Catalog(backend->session()).Find(id);
    // Each is a sum of what sessions add, and may be seen below nothing in between.
    if (state != nullptr) value = std::max<int64_t>((state->*figure).load(), 0);
    return absl::OkStatus();
  });
  return Int64GetDatum(value);
}

}  // namespace

}  // namespace quire

extern "C" Datum quire_collection_documents(PG_FUNCTION_ARGS) {
  return quire::CollectionFigure(fcinfo, &quire::CollectionState::documents);
}

extern "C" Datum quire_collection_versions(PG_FUNCTION_ARGS) {
  return quire::CollectionFigure(fcinfo, &quire::CollectionState::versions);
}

extern "C" Datum quire_collection_bytes(PG_FUNCTION_ARGS) {
  return quire::CollectionFigure(fcinfo, &quire::CollectionState::bytes);
}
