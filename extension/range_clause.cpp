#include "extension/range_clause.h"

#include <utility>

#include "extension/key_clause.h"
#include "extension/table_map.h"

extern "C" {
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/restrictinfo.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/pg_locale.h"
#include "utils/typcache.h"
}

namespace quire {

namespace {

// False for a strategy that bounds nothing.
bool BoundOfStrategy(int strategy, BoundKind* kind) {
  switch (strategy) {
    case BTLessStrategyNumber:
      *kind = BoundKind::kLess;
      return true;
    case BTLessEqualStrategyNumber:
      *kind = BoundKind::kLessEqual;
      return true;
    case BTGreaterEqualStrategyNumber:
      *kind = BoundKind::kGreaterEqual;
      return true;
    case BTGreaterStrategyNumber:
      *kind = BoundKind::kGreater;
      return true;
    default:
      return false;
  }
}

Oid KeyOperatorFamily(const TableMap& map) {
  const Column& key = map.columns[static_cast<size_t>(map.key)];
  return lookup_type_cache(key.type.type, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
}

bool MatchComparison(const TableMap& map, const RelOptInfo* relation, OpExpr* clause,
                     RangeClause* result) {
  auto* left = static_cast<Expr*>(linitial(clause->args));
  auto* right = static_cast<Expr*>(lsecond(clause->args));
  Oid operator_id = clause->opno;
  if (IsKeyColumn(map, relation, right)) {
    std::swap(left, right);
    operator_id = get_commutator(operator_id);
    if (!OidIsValid(operator_id)) return false;
  }
  const Oid family = KeyOperatorFamily(map);
  if (!IsKeyColumn(map, relation, left) || !IsFixedOperand(relation, right) ||
      !BoundOfStrategy(get_op_opfamily_strategy(operator_id, family), &result->kind) ||
      !KeysAreOrderedBy(map, family, clause->inputcollid) || !HasKeyOperands(map, operator_id)) {
    return false;
  }
  result->operand = right;
  result->exact = true;
  return true;
}

// What every string that a pattern of LIKE matches begins with; null when that is nothing.
Const* PrefixOfPattern(Expr* pattern) {
  if (!IsA(pattern, Const) || reinterpret_cast<Const*>(pattern)->constisnull) return nullptr;
  const char* rest = TextDatumGetCString(reinterpret_cast<Const*>(pattern)->constvalue);
  auto* prefix = static_cast<char*>(palloc(strlen(rest) + 1));
  size_t size = 0;
  for (; *rest != '\0' && *rest != '%' && *rest != '_'; ++rest) {
    if (*rest == '\\' && *++rest == '\0') break;
    prefix[size++] = *rest;
  }
  if (size == 0) return nullptr;
  prefix[size] = '\0';
  return makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1, CStringGetTextDatum(prefix), false,
                   false);
}

// Bytes decide in all of them, whatever the collation's order is.
bool MatchPrefix(const TableMap& map, const RelOptInfo* relation, Oid function, List* arguments,
                 RangeClause* result) {
  if (map.key_type != ScalarType::kText || list_length(arguments) != 2 ||
      (function != F_TEXTLIKE && function != F_STARTS_WITH) ||
      !IsKeyColumn(map, relation, static_cast<Expr*>(linitial(arguments)))) {
    return false;
  }
  auto* operand = static_cast<Expr*>(lsecond(arguments));
  if (function == F_TEXTLIKE) operand = reinterpret_cast<Expr*>(PrefixOfPattern(operand));
  if (operand == nullptr || !IsFixedOperand(relation, operand)) return false;
  *result = RangeClause{.operand = operand, .kind = BoundKind::kPrefix, .exact = false};
  return true;
}

bool MatchRangeClause(const TableMap& map, const RelOptInfo* relation, Expr* clause,
                      RangeClause* result) {
  if (IsA(clause, FuncExpr)) {
    auto* call = reinterpret_cast<FuncExpr*>(clause);
    return EqualsByBytes(map, call->inputcollid) &&
           MatchPrefix(map, relation, call->funcid, call->args, result);
  }
  if (!IsA(clause, OpExpr)) return false;
  auto* operation = reinterpret_cast<OpExpr*>(clause);
  if (list_length(operation->args) != 2 || !EqualsByBytes(map, operation->inputcollid))
    return false;
  return MatchComparison(map, relation, operation, result) ||
         MatchPrefix(map, relation, get_opcode(operation->opno), operation->args, result);
}

}  // namespace

bool MatchRangeRestriction(const TableMap& map, RelOptInfo* relation, RestrictInfo* restriction,
                           RangeClause* result) {
  return !restriction->pseudoconstant &&
         restriction_is_securely_promotable(restriction, relation) &&
         MatchRangeClause(map, relation, restriction->clause, result);
}

List* RangeRestrictions(const TableMap& map, RelOptInfo* relation, List* restrictions) {
  List* result = NIL;
  ListCell* cell;
  foreach (cell, restrictions) {
    auto* restriction = lfirst_node(RestrictInfo, cell);
    RangeClause clause;
    if (MatchRangeRestriction(map, relation, restriction, &clause)) {
      result = lappend(result, restriction);
    }
  }
  return result;
}

bool KeysAreOrderedBy(const TableMap& map, ServerOid operator_family, ServerOid collation) {
  switch (map.key_type) {
    case ScalarType::kInt2:
    case ScalarType::kInt4:
    case ScalarType::kInt8:
    case ScalarType::kUuid:
      break;
    case ScalarType::kText:
      if (!OidIsValid(collation) || !lc_collate_is_c(collation)) return false;
      break;
    default:
      return false;
  }
  return operator_family == KeyOperatorFamily(map);
}

}  // namespace quire
