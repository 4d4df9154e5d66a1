// Conditions of a query that the engine answers by looking keys up: `_id = expression` and
// `_id = ANY (array)`. Planner's side: which conditions are of that form. Backends; may raise.
#pragma once

#include <cstdint>

#include "extension/server_types.h"

struct Expr;
struct RelOptInfo;
struct RestrictInfo;

namespace quire {

struct TableMap;

struct KeyClause {
  Expr* operand = nullptr;  // the expression, or the array; names no column of the table
  bool is_array = false;
};

// Whether `clause` is such a condition on the key of `relation`, of the table `map` describes.
bool MatchKeyClause(const TableMap& map, const RelOptInfo* relation, Expr* clause,
                    KeyClause* result);
// The same for a condition as the planner holds it: also whether it may run before conditions that
// guard rows (security barriers).
bool MatchKeyRestriction(const TableMap& map, RelOptInfo* relation, RestrictInfo* restriction,
                         KeyClause* result);

// What conditions on keys have in common:

// Whether an expression is the key column of `relation`.
bool IsKeyColumn(const TableMap& map, const RelOptInfo* relation, Expr* expression);
// Whether an expression has one value during a scan of the relation.
bool IsFixedOperand(const RelOptInfo* relation, Expr* operand);
// Whether both operands of an operator are of the key's type, or of another type of integers.
bool HasKeyOperands(const TableMap& map, ServerOid operator_id);
// Whether keys are equal under a comparison's collation only if they are the same bytes. Of texts
// whose collation is not known, the server has to say so.
bool EqualsByBytes(const TableMap& map, ServerOid collation);

}  // namespace quire
