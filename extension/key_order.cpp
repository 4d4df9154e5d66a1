#include "extension/key_order.h"

#include "extension/key_clause.h"
#include "extension/range_clause.h"
#include "extension/table_map.h"

extern "C" {
#include "postgres.h"

#include "access/stratnum.h"
#include "nodes/pathnodes.h"
#include "optimizer/paths.h"
#include "utils/typcache.h"
}

namespace quire {

namespace {

bool HoldsKey(const TableMap& map, const RelOptInfo* relation,
              const EquivalenceClass* expressions) {
  ListCell* cell;
  foreach (cell, expressions->ec_members) {
    const auto* member = lfirst_node(EquivalenceMember, cell);
    if (bms_equal(member->em_relids, relation->relids) &&
        IsKeyColumn(map, relation, member->em_expr)) {
      return true;
    }
  }
  return false;
}

}  // namespace

KeyOrder FindKeyOrder(PlannerInfo* root, RelOptInfo* relation, const TableMap& map) {
  KeyOrder order;
  if (bms_is_member(static_cast<int>(relation->relid), root->all_result_relids)) return order;
  const Column& key = map.columns[static_cast<size_t>(map.key)];
  const Oid family = lookup_type_cache(key.type.type, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
  // What the query itself asks for. Keys are never NULL: where NULLs would go does not matter.
  PathKey* wanted = nullptr;
  if (root->query_pathkeys != NIL) wanted = linitial_node(PathKey, root->query_pathkeys);
  ListCell* cell;
  foreach (cell, root->eq_classes) {
    auto* expressions = lfirst_node(EquivalenceClass, cell);
    if (expressions->ec_has_volatile || !list_member_oid(expressions->ec_opfamilies, family) ||
        !KeysAreOrderedBy(map, family, expressions->ec_collation) ||
        !HoldsKey(map, relation, expressions)) {
      continue;
    }
    if (wanted != nullptr && wanted->pk_eclass == expressions && wanted->pk_opfamily == family) {
      List** direction =
          wanted->pk_strategy == BTLessStrategyNumber ? &order.forward : &order.backward;
      *direction = list_make1(wanted);
      if (order.forward != NIL) return order;
    }
    // A merge join needs one, too.
    if (order.forward != NIL) continue;
    List* ascending =
        list_make1(make_canonical_pathkey(root, expressions, family, BTLessStrategyNumber, false));
    if (has_useful_pathkeys(root, relation)) {
      order.forward = truncate_useless_pathkeys(root, relation, ascending);
    }
  }
  return order;
}

}  // namespace quire
