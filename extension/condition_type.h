// Types of the server as conditions in the engine see them. Backends.
#pragma once

#include "engine/store/condition_program.h"
#include "extension/column_type.h"
#include "extension/server_types.h"
#include "extension/table_map.h"

namespace quire {

// How values of a type are compared. Types that the server compares with each other by value,
// without a cast, have the same `family`; 0: the engine does not compare them.
struct ConditionType {
  ServerOid family = 0;
  Comparable kind = Comparable::kInteger;
};
// Sees through domains; may raise.
ConditionType ConditionTypeOf(ServerOid type);

// What a column shows, for a condition. False when the engine does not know it well enough to ask
// whether it is there; then, and when its type has no family, it is not compared.
bool FindConditionColumn(const Column& column, ConditionColumn* result);

}  // namespace quire
