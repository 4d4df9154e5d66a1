#include "extension/key_clause.h"

#include <utility>

#include "extension/table_map.h"

extern "C" {
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
}

namespace quire {

namespace {

Expr* WithoutRelabels(Expr* expression) {
  while (expression != nullptr && IsA(expression, RelabelType)) {
    expression = reinterpret_cast<RelabelType*>(expression)->arg;
  }
  return expression;
}

bool IsInteger(ScalarType type) {
  return type == ScalarType::kInt2 || type == ScalarType::kInt4 || type == ScalarType::kInt8;
}

// Whether the operator is the equality by which keys of this type are equal, with an operand that
// can be made a key.
bool IsKeyEquality(const TableMap& map, Oid operator_id, Oid collation) {
  const Column& key = map.columns[static_cast<size_t>(map.key)];
  const TypeCacheEntry* cache = lookup_type_cache(key.type.type, TYPECACHE_BTREE_OPFAMILY);
  if (get_op_opfamily_strategy(operator_id, cache->btree_opf) != BTEqualStrategyNumber) {
    return false;
  }
  // Keys are looked up by bytes.
  return EqualsByBytes(map, collation) && HasKeyOperands(map, operator_id);
}

bool MatchOperator(const TableMap& map, const RelOptInfo* relation, OpExpr* clause,
                   KeyClause* result) {
  if (list_length(clause->args) != 2 || !IsKeyEquality(map, clause->opno, clause->inputcollid)) {
    return false;
  }
  auto* left = static_cast<Expr*>(linitial(clause->args));
  auto* right = static_cast<Expr*>(lsecond(clause->args));
  if (IsKeyColumn(map, relation, right)) std::swap(left, right);
  if (!IsKeyColumn(map, relation, left) || !IsFixedOperand(relation, right)) return false;
  *result = KeyClause{.operand = right, .is_array = false};
  return true;
}

}  // namespace

bool IsKeyColumn(const TableMap& map, const RelOptInfo* relation, Expr* expression) {
  const Expr* bare = WithoutRelabels(expression);
  if (bare == nullptr || !IsA(bare, Var)) return false;
  const auto* variable = reinterpret_cast<const Var*>(bare);
  return variable->varno == static_cast<int>(relation->relid) &&
         variable->varattno == map.key + 1 && variable->varlevelsup == 0;
}

bool IsFixedOperand(const RelOptInfo* relation, Expr* operand) {
  Bitmapset* used = nullptr;
  pull_varattnos(reinterpret_cast<Node*>(operand), relation->relid, &used);
  return bms_is_empty(used) && !contain_volatile_functions(reinterpret_cast<Node*>(operand));
}

bool HasKeyOperands(const TableMap& map, ServerOid operator_id) {
  const ScalarType key = map.columns[static_cast<size_t>(map.key)].type.scalar;
  Oid left;
  Oid right;
  op_input_types(operator_id, &left, &right);
  for (const Oid type : {left, right}) {
    ColumnType operand;
    if (!FindColumnType(type, -1, &operand) || operand.array) return false;
    if (operand.scalar != key && !(IsInteger(operand.scalar) && IsInteger(key))) return false;
  }
  return true;
}

bool EqualsByBytes(const TableMap& map, ServerOid collation) {
  if (map.key_type != ScalarType::kText) return true;
  return OidIsValid(collation) && get_collation_isdeterministic(collation);
}

bool MatchKeyClause(const TableMap& map, const RelOptInfo* relation, Expr* clause,
                    KeyClause* result) {
  if (IsA(clause, OpExpr)) {
    return MatchOperator(map, relation, reinterpret_cast<OpExpr*>(clause), result);
  }
  if (!IsA(clause, ScalarArrayOpExpr)) return false;
  auto* any = reinterpret_cast<ScalarArrayOpExpr*>(clause);
  auto* array = static_cast<Expr*>(lsecond(any->args));
  if (!any->useOr || !IsKeyColumn(map, relation, static_cast<Expr*>(linitial(any->args))) ||
      !IsKeyEquality(map, any->opno, any->inputcollid) || !IsFixedOperand(relation, array)) {
    return false;
  }
  *result = KeyClause{.operand = array, .is_array = true};
  return true;
}

bool MatchKeyRestriction(const TableMap& map, RelOptInfo* relation, RestrictInfo* restriction,
                         KeyClause* result) {
  return !restriction->pseudoconstant &&
         restriction_is_securely_promotable(restriction, relation) &&
         MatchKeyClause(map, relation, restriction->clause, result);
}

}  // namespace quire
