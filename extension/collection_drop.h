// Dropping collections: quire.drop_collection, and what DROP EXTENSION takes with it.
//
// A drop is transactional. It locks every foreign table over the collection as DROP TABLE would, so
// nobody else reads or writes documents there until the transaction ends, and afterwards these
// tables have no collection (42704). Backends of the server; functions may raise.
#pragma once

#include "extension/collection_catalog.h"

namespace quire {

// Raises: 42704 when there is no such collection; 42501 for anyone but its owner; 55006 when the
// session itself is using a table over it.
void DropCollection(const CollectionName& name);

// Drops all collections of this database. To be called while the catalog of collections is still
// there. A database whose documents are elsewhere (another engine, the database it was copied from)
// has nothing to drop; an engine that cannot be used is left as it is, with a warning.
void DropAllCollections();

// The same for another database, which is being dropped, so that nobody is connected to it. Waits
// until the engine is ready.
void DropCollectionsOfDatabase(ServerOid database);

}  // namespace quire
