// The tables of the generator: collections that show the same paths under different keys, their
// heap twins of the same names, and an ordinary table that both sides share. Which side a session
// is on is a matter of its search path.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "tests/client/connection.h"
#include "tests/client/random.h"

namespace quire::differential {

enum class Kind { kInteger, kNumber, kBool, kText, kUuid, kMoment, kBytes, kJson, kArray };

struct Column {
  std::string name;
  std::string type;  // of constants, without modifiers and collations
  Kind kind;
  std::string path;      // as in the option; empty: a field of that name
  std::string modifier;  // what follows the type in the declaration
};

// What every collection shows beside its key, document and version.
const std::vector<Column>& Columns();
const Column& ColumnNamed(std::string_view name);

struct Table {
  std::string name;
  std::string key_type;
  int documents;
};
const std::vector<Table>& Tables();
// The column _id of a table.
Column KeyColumn(const Table& table);

// The names of the two sides.
inline constexpr char kCollectionPath[] = "differential";
inline constexpr char kTwinPath[] = "differential_twin,differential";

// Makes the tables anew. REQUIRES: the session has the schema twin with its functions.
absl::Status MakeTables(Connection* connection);
// Writes the same random documents to both sides, changes some through columns, deletes some.
// REQUIRES: both sides are empty.
absl::Status FillTables(Connection* collections, Connection* twins, Random* random);

}  // namespace quire::differential
