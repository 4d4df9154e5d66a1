// Conditions of a query that the engine evaluates: from the server's expressions to the engine's
// program. Taken is only what has exactly the server's meaning there and cannot fail, so that it
// may run before conditions that could and tells nobody anything about rows that they hide.
//
// Backends, on the server's side of a door; may raise.
#pragma once

#include <cstdint>

#include "engine/store/condition_program.h"
#include "extension/server_types.h"

struct Expr;
struct List;
struct RelOptInfo;
struct RestrictInfo;

namespace quire {

struct TableMap;

// Whether the engine can evaluate a condition on the table at `relation` (its index in the range
// table).
bool IsEngineCondition(const TableMap& map, uint32_t relation, Expr* clause);
// The same for a condition as the planner holds it: also whether it may run before conditions that
// guard rows (security barriers).
bool IsEngineRestriction(const TableMap& map, RelOptInfo* relation, RestrictInfo* restriction);

// What the values of a program's constant or list come from: an expression that has one value
// during a scan.
struct ConditionOperand {
  Expr* expression;
  Comparable kind;
  uint32_t index;  // of the constant, or of the list
  bool is_list;
  bool is_known;  // once computed: it is the same whenever the scan starts anew
};

// Made of the server's memory, except for paths, which are the map's.
struct BuiltCondition {
  ConditionProgram program;
  ConditionOperand* operands;
  uint32_t operand_count;
};

// The program of conditions joined by AND. REQUIRES: there is at least one, and all are such
// conditions.
BuiltCondition BuildCondition(const TableMap& map, uint32_t relation, const List* clauses);

}  // namespace quire
