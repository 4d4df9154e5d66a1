#include "extension/fdw_ddl.h"

#include <cstring>

#include "extension/collection_catalog.h"
#include "extension/collection_drop.h"
#include "extension/collection_owner.h"
#include "extension/existing_documents.h"
#include "extension/fdw_options.h"
#include "extension/table_map.h"

extern "C" {
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_namespace.h"
#include "tcop/utility.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
}

namespace quire {

namespace {

// Something that a running utility command created or altered.
struct Noted {
  ServerOid catalog;  // pg_class or pg_namespace
  ServerOid object;
  ServerColumn column;  // 0: the relation itself
  bool declares;        // the table is new, or its options changed
  // As they were before; empty for what is new.
  char name[kServerNameBytes];
  char name_space[kServerNameBytes];
  ServerOid owner;  // of a relation that is altered as a whole
};

object_access_hook_type next_object_access = nullptr;
ProcessUtility_hook_type next_process_utility = nullptr;

// Utility commands nest; each looks at what was noted since it began.
int utility_depth = 0;
Noted* noted = nullptr;
size_t noted_count = 0;
size_t noted_capacity = 0;

void CopyName(char (&to)[kServerNameBytes], const char* from) {
  memset(to, 0, sizeof(to));
  if (from != nullptr) strncpy(to, from, sizeof(to) - 1);
}

Noted* Note(ServerOid catalog, ServerOid object) {
  if (noted_count == noted_capacity) {
    const size_t capacity = noted_capacity == 0 ? 16 : 2 * noted_capacity;
    const Size bytes = capacity * sizeof(Noted);
    noted = static_cast<Noted*>(noted == nullptr ? MemoryContextAlloc(TopMemoryContext, bytes)
                                                 : repalloc(noted, bytes));
    noted_capacity = capacity;
  }
  Noted* entry = &noted[noted_count++];
  memset(entry, 0, sizeof(*entry));
  entry->catalog = catalog;
  entry->object = object;
  return entry;
}

// The catalogs still show the object as it was.
void NoteAltered(ServerOid catalog, ServerOid object, ServerColumn column) {
  if (catalog == NamespaceRelationId) {
    CopyName(Note(catalog, object)->name, get_namespace_name(object));
    return;
  }
  const bool options = catalog == ForeignTableRelationId;
  if (!options && get_rel_relkind(object) != RELKIND_FOREIGN_TABLE) return;
  Noted* entry = Note(RelationRelationId, object);
  entry->column = column;
  entry->declares = options;
  CopyName(entry->name_space, get_namespace_name(get_rel_namespace(object)));
  if (column == 0) entry->owner = OwnerOf(object);
  CopyName(entry->name, column == 0 ? get_rel_name(object) : get_attname(object, column, true));
}

// Whether this is one of the two tables that lead to the collections, and the other is still there:
// the tables of the extension are dropped one by one.
bool IsCatalogOfCollections(ServerOid relation) {
  const ServerOid schema = get_namespace_oid("quire", true);
  if (!OidIsValid(schema) || get_rel_namespace(relation) != schema) return false;
  const ServerOid engine = get_relname_relid("engine", schema);
  const ServerOid collections = get_relname_relid("collection_catalog", schema);
  return OidIsValid(engine) && OidIsValid(collections) &&
         (relation == engine || relation == collections);
}

void ObjectAccess(ObjectAccessType access, Oid catalog, Oid object, int sub_object,
                  void* argument) {
  if (next_object_access != nullptr) {
    next_object_access(access, catalog, object, sub_object, argument);
  }
  if (utility_depth == 0) return;
  const auto column = static_cast<ServerColumn>(sub_object);
  const bool is_relation = catalog == RelationRelationId;
  if (access == OAT_POST_CREATE && is_relation) {
    Noted* entry = Note(catalog, object);
    entry->column = column;
    entry->declares = column == 0;
  } else if (access == OAT_POST_ALTER &&
             (is_relation || catalog == NamespaceRelationId || catalog == ForeignTableRelationId)) {
    NoteAltered(catalog, object, column);
  } else if (access == OAT_DROP && catalog == AuthIdRelationId) {
    RefuseDropOfOwner(object);
  } else if (access == OAT_DROP && is_relation) {
    if (column == 0) {
      // The first of the extension's tables to go; with either of them the collections end.
      if (IsCatalogOfCollections(object)) DropAllCollections();
    } else if (get_rel_relkind(object) == RELKIND_FOREIGN_TABLE) {
      Note(catalog, object);
    }
  } else if (access == OAT_DROP && catalog == DatabaseRelationId) {
    DropCollectionsOfDatabase(object);
  }
}

bool Renamed(const char* old_name, const char* new_name) {
  return old_name[0] != '\0' && new_name != nullptr && strcmp(old_name, new_name) != 0;
}

// What was a default under the old name becomes an option.
void KeepNames(const Noted& entry) {
  if (entry.column != 0) {
    const char* name = get_attname(entry.object, entry.column, true);
    if (Renamed(entry.name, name) && ReadColumnPath(entry.object, entry.column) == nullptr) {
      AddColumnPath(entry.object, entry.column, PathOfColumnName(entry.name));
    }
    return;
  }
  const TableOptions options = ReadTableOptions(entry.object);
  if (!options.collection_named && Renamed(entry.name, get_rel_name(entry.object))) {
    AddTableOption(entry.object, "collection", entry.name);
  }
  const char* name_space = get_namespace_name(get_rel_namespace(entry.object));
  if (!options.name_space_named && Renamed(entry.name_space, name_space)) {
    AddTableOption(entry.object, "namespace", entry.name_space);
  }
}

// A collection stays when its table goes with the session, and the next session of the same
// temporary schema would meet it.
void RefuseTemporary(Relation table) {
  if (!isTempNamespace(RelationGetNamespace(table))) return;
  ereport(ERROR,
          (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("a collection cannot be temporary"),
           errhint("A temporary foreign table over a collection that stays names its schema "
                   "with the option \"namespace\".")));
}

void LookAtTable(const Noted& entry) {
  KeepNames(entry);
  Relation table = relation_open(entry.object, NoLock);
  const ServerOid key_type = CheckTableDefinition(table);
  const TableOptions options = ReadTableOptions(entry.object);
  const CollectionName& name = options.collection;
  CollectionEntry collection;
  if (entry.declares) {
    if (!options.name_space_named) RefuseTemporary(table);
    collection = DeclareCollection(name, key_type, table->rd_rel->relowner);
    CheckTableOwner(table, name, collection);
  } else if (FindCollection(name, &collection)) {
    CheckKeyType(name, collection, key_type);
    if (OidIsValid(entry.owner) && entry.owner != table->rd_rel->relowner) {
      FollowTableOwner(table, name, collection);
    }
  }
  const bool shows_partition = entry.declares && table->rd_rel->relispartition;
  relation_close(table, NoLock);
  // The collection may have been there before.
  if (shows_partition) CheckExistingDocumentsOf(entry.object);
}

// A schema has another name: the tables in it go on showing the collections of the old one.
void LookAtSchema(const Noted& entry) {
  if (!Renamed(entry.name, get_namespace_name(entry.object))) return;
  Relation catalog = table_open(ForeignTableRelationId, AccessShareLock);
  SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, nullptr, 0, nullptr);
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(scan))) {
    const ServerOid table = reinterpret_cast<Form_pg_foreign_table>(GETSTRUCT(tuple))->ftrelid;
    if (get_rel_namespace(table) == entry.object && IsQuireTable(table) &&
        !ReadTableOptions(table).name_space_named) {
      AddTableOption(table, "namespace", entry.name);
    }
  }
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
}

void LookAtNoted(size_t begin) {
  if (noted_count == begin) return;
  CommandCounterIncrement();
  // What is looked at may note more: options that are added are changes too.
  const size_t end = noted_count;
  for (size_t i = begin; i < end; ++i) {
    const Noted entry = noted[i];
    if (entry.catalog == NamespaceRelationId) {
      LookAtSchema(entry);
    } else if (IsQuireTable(entry.object)) {
      LookAtTable(entry);
    }
  }
}

void UtilityCommand(PlannedStmt* statement, const char* query_string, bool read_only_tree,
                    ProcessUtilityContext context, ParamListInfo parameters,
                    QueryEnvironment* environment, DestReceiver* destination,
                    QueryCompletion* completion) {
  if (utility_depth == 0) noted_count = 0;
  const size_t begin = noted_count;
  ++utility_depth;
  PG_TRY();
  {
    (next_process_utility != nullptr ? next_process_utility : standard_ProcessUtility)(
        statement, query_string, read_only_tree, context, parameters, environment, destination,
        completion);
    const Node* command = statement->utilityStmt;
    if (IsA(command, ReassignOwnedStmt)) {
      ReassignCollections(reinterpret_cast<const ReassignOwnedStmt*>(command));
    } else if (IsA(command, DropOwnedStmt)) {
      DropOwnedCollections(reinterpret_cast<const DropOwnedStmt*>(command));
    }
    LookAtNoted(begin);
    if (IsA(command, AlterTableStmt)) {
      CheckExistingDocuments(reinterpret_cast<const AlterTableStmt*>(command));
    } else if (IsA(command, CreateStmt) || IsA(command, CreateForeignTableStmt)) {
      CheckDefaultPartitionBeside(reinterpret_cast<const CreateStmt*>(command));
    }
  }
  PG_FINALLY();
  {
    --utility_depth;
    noted_count = begin;
  }
  PG_END_TRY();
}

}  // namespace

void InstallDdlHooks() {
  next_object_access = object_access_hook;
  object_access_hook = ObjectAccess;
  next_process_utility = ProcessUtility_hook;
  ProcessUtility_hook = UtilityCommand;
}

}  // namespace quire
