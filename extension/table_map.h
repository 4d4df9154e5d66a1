// How a foreign table's columns lie over a collection's documents: made from the table's definition
// at first use, kept by the process until the definition changes.
//
// Backends, inside a transaction. A TableMap does not change, and lives until the transaction that
// asked for it ends, even when it was replaced meanwhile. Functions may raise.
#pragma once

#include <string>
#include <vector>

#include "engine/store/collection.h"
#include "engine/store/path.h"
#include "extension/collection_catalog.h"
#include "extension/column_type.h"
#include "extension/server_types.h"

namespace quire {

enum class ColumnRole : uint8_t {
  kDropped,
  kPath,      // a path into the document
  kKey,       // `_id`
  kDocument,  // `_doc`, the whole document
  kVersion,   // `_version`
  kModified,  // `_modified`
};

struct Column {
  ColumnRole role = ColumnRole::kDropped;
  bool generated = false;
  bool not_null = false;
  ColumnType type;
  std::string name;
  Path path;  // of the roles kPath and kKey
};

struct TableMap {
  ServerOid relation = 0;
  CollectionName collection_name = {};
  CollectionId collection_id;
  bool strict = false;
  bool has_generated = false;
  // Whether a row that is written must be looked at as a whole: a CHECK constraint, a NOT NULL on a
  // column that can be NULL, or a partition's bounds.
  bool has_constraints = false;
  ScalarType key_type = ScalarType::kText;
  // Positions from 0, -1 when the table has no such column.
  int key = -1;
  int document = -1;
  int version = -1;
  int modified = -1;
  std::vector<Column> columns;  // by position, dropped ones included
  // The engine's collection; null while nothing was ever written to it.
  mutable CollectionState* state = nullptr;
};

// REQUIRES: a foreign table of ours. Raises, besides what CheckTableDefinition does: 42704 when the
// collection does not exist; 42501 when the table's owner has not the rights of its owner; 42804
// when its keys have another type.
const TableMap* GetTableMap(RelationData* relation);

// Checks everything about a table that needs no collection, and returns the type of its key.
// Raises: 0A000 for a type of a column that cannot be shown, 42601 for a reserved name, 42804 for a
// reserved path with another type, 42P16 for two columns on one path and for a missing key.
ServerOid CheckTableDefinition(RelationData* relation);

// The option that a column of this name without an option amounts to. The server's memory.
const char* PathOfColumnName(const char* name);

}  // namespace quire
