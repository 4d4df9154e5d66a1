#include "extension/collection_owner.h"

#include "extension/collection_drop.h"

extern "C" {
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "commands/user.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/varlena.h"
}

namespace quire {

namespace {

const char* RoleName(ServerOid role) {
  const char* name = GetUserNameFromId(role, true);
  return name == nullptr ? "(dropped)" : name;
}

[[noreturn]] void Refuse(const RelationData* table, const CollectionName& name,
                         const CollectionEntry& collection) {
  ereport(ERROR,
          (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
           errmsg("permission denied for collection \"%s.%s\"", name.name_space, name.name),
           errdetail("It belongs to role \"%s\", of which \"%s\", the owner of foreign table "
                     "\"%s\", is no member.",
                     RoleName(collection.owner), RoleName(table->rd_rel->relowner),
                     NameStr(table->rd_rel->relname))));
  pg_unreachable();
}

// Gives a collection to a role and lets all forget what they knew of its tables.
void GiveTo(const CollectionName& name, ServerOid owner) {
  ChangeOwner(name, owner);
  ListCell* cell;
  foreach (cell, TablesOver(name)) CacheInvalidateRelcacheByRelid(lfirst_oid(cell));
  CommandCounterIncrement();
}

// Whether this database has collections at all.
bool HasExtension() {
  return OidIsValid(get_extension_oid("quire", true));
}

}  // namespace

ServerOid OwnerOf(ServerOid relation) {
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
  if (!HeapTupleIsValid(tuple)) return InvalidOid;
  const ServerOid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
  ReleaseSysCache(tuple);
  return owner;
}

void CheckTableOwner(const RelationData* table, const CollectionName& name,
                     const CollectionEntry& collection) {
  if (!has_privs_of_role(table->rd_rel->relowner, collection.owner)) {
    Refuse(table, name, collection);
  }
}

void FollowTableOwner(const RelationData* table, const CollectionName& name,
                      const CollectionEntry& collection) {
  const ServerOid owner = table->rd_rel->relowner;
  if (has_privs_of_role(owner, collection.owner)) return;
  // Who may not drop it must not give it away.
  if (!has_privs_of_role(GetUserId(), collection.owner)) Refuse(table, name, collection);
  ListCell* cell;
  foreach (cell, TablesOver(name)) {
    if (!has_privs_of_role(OwnerOf(lfirst_oid(cell)), owner)) Refuse(table, name, collection);
  }
  GiveTo(name, owner);
}

void ReassignCollections(const ReassignOwnedStmt* statement) {
  if (!HasExtension()) return;
  const ServerOid owner = get_rolespec_oid(statement->newrole, false);
  ListCell* cell;
  foreach (cell, CollectionsOf(roleSpecsToIds(statement->roles))) {
    GiveTo(*static_cast<const CollectionName*>(lfirst(cell)), owner);
  }
}

void DropOwnedCollections(const DropOwnedStmt* statement) {
  if (!HasExtension()) return;
  ListCell* cell;
  foreach (cell, CollectionsOf(roleSpecsToIds(statement->roles))) {
    DropCollection(*static_cast<const CollectionName*>(lfirst(cell)));
  }
}

void RefuseDropOfOwner(ServerOid role) {
  if (!HasExtension()) return;
  List* collections = CollectionsOf(list_make1_oid(role));
  if (collections == NIL) return;
  const auto* first = static_cast<const CollectionName*>(linitial(collections));
  ereport(ERROR, (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
                  errmsg("role \"%s\" cannot be dropped because some objects depend on it",
                         RoleName(role)),
                  errdetail("It owns %d collections of this database, among them \"%s.%s\".",
                            list_length(collections), first->name_space, first->name),
                  errhint("Use REASSIGN OWNED or DROP OWNED, or quire.drop_collection.")));
}

}  // namespace quire
