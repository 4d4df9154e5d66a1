// The options of foreign tables and of their columns: what may be said, and what was said. The
// validator that the server calls for each list is here too; what needs the whole table at once is
// checked in table_map.h.
//
// Backends, inside a transaction. Every function may raise.
#pragma once

#include "extension/collection_catalog.h"
#include "extension/server_types.h"

namespace quire {

struct TableOptions {
  CollectionName collection;  // defaults filled in: the table's name and schema
  bool collection_named;      // whether the table has the option `collection`
  bool name_space_named;      // whether it has the option `namespace`
  bool strict;
};

// Of a foreign table of ours.
TableOptions ReadTableOptions(ServerOid table);

// The option `path` of a column, null when it has none. The server's memory, current context.
const char* ReadColumnPath(ServerOid table, ServerColumn column);

// Whether this is a foreign table of the extension's wrapper. Cheap for other relations.
bool IsQuireTable(ServerOid relation);

// Give a table, or a column, an option that it does not have yet.
void AddTableOption(ServerOid table, const char* name, const char* value);
void AddColumnPath(ServerOid table, ServerColumn column, const char* path);

}  // namespace quire
