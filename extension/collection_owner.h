// Who owns collections when roles and tables change hands. The server knows nothing of collections'
// owners, so what it does for its own objects is done here, from the hooks of fdw_ddl.h.
//
// Everywhere: the owner of a table over a collection has the rights of the collection's owner.
// Backends of the server, inside a transaction; functions may raise.
#pragma once

#include "extension/collection_catalog.h"
#include "extension/server_types.h"

struct ReassignOwnedStmt;
struct DropOwnedStmt;

namespace quire {

// InvalidOid for a relation that is not there.
ServerOid OwnerOf(ServerOid relation);

// Raises 42501 unless the rule above holds for the table's owner.
void CheckTableOwner(const RelationData* table, const CollectionName& name,
                     const CollectionEntry& collection);

// The table has another owner: a collection of which all tables then belong to roles with the new
// owner's rights goes along. Raises 42501 when the rule cannot be kept.
void FollowTableOwner(const RelationData* table, const CollectionName& name,
                      const CollectionEntry& collection);

// Behind REASSIGN OWNED and DROP OWNED: the roles' collections of this database.
void ReassignCollections(const ReassignOwnedStmt* statement);
void DropOwnedCollections(const DropOwnedStmt* statement);

// Before a role goes. Raises 2BP01 when it owns a collection of this database.
void RefuseDropOfOwner(ServerOid role);

}  // namespace quire
