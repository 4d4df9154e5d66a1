// Conditions of a query that keep the keys of a scan within a range: comparisons of `_id` with one
// value (`<`, `<=`, `>=`, `>`, and so BETWEEN), and `_id LIKE 'prefix…'`, `_id ^@ prefix`.
// Planner's side: which conditions are of that form, and when keys in the order of their bytes are
// in the order of their type: integers and uuid always, text where its collation is C or POSIX.
// Backends; may raise.
#pragma once

#include "extension/server_types.h"

struct Expr;
struct List;
struct RelOptInfo;
struct RestrictInfo;

namespace quire {

struct TableMap;

// How a key relates to the operand. Stored in plans.
enum class BoundKind : int {
  kLess,
  kLessEqual,
  kGreaterEqual,
  kGreater,
  kPrefix,  // begins with it
};

struct RangeClause {
  Expr* operand = nullptr;  // names no column of the table
  BoundKind kind = BoundKind::kLess;
  // False: the condition says more than the range and must be evaluated as well.
  bool exact = true;
};

// Whether `restriction` is such a condition on the key of `relation`, of the table `map` describes,
// and may run before conditions that guard rows (security barriers).
bool MatchRangeRestriction(const TableMap& map, RelOptInfo* relation, RestrictInfo* restriction,
                           RangeClause* result);
// Those among a list of RestrictInfo, as a new list.
List* RangeRestrictions(const TableMap& map, RelOptInfo* relation, List* restrictions);

// Whether the order of keys' bytes is that of an operator family under a collation.
bool KeysAreOrderedBy(const TableMap& map, ServerOid operator_family, ServerOid collation);

}  // namespace quire
