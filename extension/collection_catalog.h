// The catalog of collections: which there are in this database, under which names, and as what the
// engine knows them. It is an ordinary table of the schema quire, so it is transactional, and
// dumps, standbys and backups have it; users have no privileges on it, these functions need none.
//
// Backends of the server, inside a transaction. Every function may raise.
#pragma once

#include "engine/store/collection.h"
#include "extension/server_types.h"

struct List;

namespace quire {

// What users call a collection: two values of the server's type name, zero-filled.
struct CollectionName {
  char name_space[kServerNameBytes];
  char name[kServerNameBytes];
};

struct CollectionEntry {
  CollectionId id;
  ServerOid owner;
  ServerOid key_type;
};

// The collection of that name. Returns false when there is none.
// Raises: 55000 when the database's documents are in another engine, or were left behind in another
// database; 57P03 and others of RequireBackend (backend.h).
bool FindCollection(const CollectionName& name, CollectionEntry* entry);

// The collection of that name, made when it is new, for a table of `table_owner`, who then owns it.
// Raises, besides the above: 42501 for an existing collection whose owner's role the current user
// is no member of; 42804 for one whose keys are of another type.
CollectionEntry DeclareCollection(const CollectionName& name, ServerOid key_type,
                                  ServerOid table_owner);

// The id of this database's collections. False when its documents are not in this server's engine,
// or were left behind in another database. Raises what RequireBackend does.
bool FindNamespace(uint64_t* name_space);

// Takes a collection out of the catalog. Until the transaction ends nobody else finds or declares
// it. Raises, besides what FindCollection does: 42704 when there is none; 42501 unless the current
// user is a member of its owner's role.
CollectionId RemoveCollection(const CollectionName& name);

// The collections that belong to one of the roles (a server's list of oids), as a server's list of
// CollectionName, whatever engine has their documents.
List* CollectionsOf(const List* roles);

// Gives a collection that exists to another role. Raises nothing of its own.
void ChangeOwner(const CollectionName& name, ServerOid owner);

// The foreign tables over a collection, as far as this command can see them: a list of oids.
List* TablesOver(const CollectionName& name);

// Whether the current user may know of the collection: he has the rights of its owner or of
// pg_monitor, or some privilege on a table over it or on a column of one.
bool MaySee(uint64_t number);

// Raises 42804 unless the collection's keys are of that type.
void CheckKeyType(const CollectionName& name, const CollectionEntry& entry, ServerOid key_type);

}  // namespace quire
