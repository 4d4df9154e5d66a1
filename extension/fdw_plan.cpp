#include "extension/fdw_plan.h"

#include <cmath>

#include "engine/store/catalog.h"
#include "extension/backend.h"
#include "extension/door.h"
#include "extension/key_clause.h"
#include "extension/needed_columns.h"
#include "extension/table_map.h"

extern "C" {
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "nodes/makefuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"
}

namespace quire {

namespace {

// Keys that an array is assumed to have when its length is not known, as the server assumes.
constexpr double kUnknownArrayLength = 10;

// What planning remembers of a table, in RelOptInfo.fdw_private.
struct PlannedTable {
  const TableMap* map;
  double documents;
};

PlannedTable* PlannedOf(RelOptInfo* relation) {
  return static_cast<PlannedTable*>(relation->fdw_private);
}

double CountDocuments(const TableMap& map) {
  Backend* backend = RequireBackend();
  double documents = 0;
  CallEngine([&] {
    if (map.state == nullptr) map.state = Catalog(backend->session()).Find(map.collection_id);
    if (map.state == nullptr) return absl::OkStatus();
    const Collection collection(backend->session(), backend->host(), map.state);
    documents = static_cast<double>(collection.documents());
    // What a running transaction wrote is not in the count yet.
    if (documents < 1) documents = collection.numbers();
    return absl::OkStatus();
  });
  return documents;
}

double KeysIn(const KeyClause& clause) {
  if (!clause.is_array) return 1;
  const int length = estimate_array_length(reinterpret_cast<Node*>(clause.operand));
  return length > 0 ? length : kUnknownArrayLength;
}

// Looking a key up is a descent in memory, without a page to be fetched.
Cost LookupCost(double documents, double keys) {
  return keys * (cpu_index_tuple_cost + cpu_operator_cost * std::log2(documents + 2));
}

struct PathShape {
  Access access;
  double keys;  // looked up, when it is by key
  Relids required_outer;
};

void AddPath(PlannerInfo* root, RelOptInfo* relation, const PathShape& shape, double rows) {
  const double documents = PlannedOf(relation)->documents;
  const double candidates = shape.access == Access::kAll ? documents : Min(shape.keys, documents);
  Cost run_cost = shape.access == Access::kAll ? 0 : LookupCost(documents, shape.keys);
  run_cost += candidates * (cpu_tuple_cost + relation->baserestrictcost.per_tuple);
  run_cost += rows * relation->reltarget->cost.per_tuple;
  const Cost startup_cost = relation->baserestrictcost.startup + relation->reltarget->cost.startup;
  List* private_list = list_make1(makeInteger(static_cast<int>(shape.access)));
  ForeignPath* path =
      create_foreignscan_path(root, relation, nullptr, rows, startup_cost, startup_cost + run_cost,
                              NIL, shape.required_outer, nullptr, private_list);
  add_path(relation, reinterpret_cast<::Path*>(path));
}

// The best condition on the key in a list of RestrictInfo: equality before arrays.
RestrictInfo* BestKeyRestriction(RelOptInfo* relation, List* restrictions, KeyClause* best) {
  RestrictInfo* result = nullptr;
  ListCell* cell;
  foreach (cell, restrictions) {
    auto* restriction = lfirst_node(RestrictInfo, cell);
    KeyClause clause;
    if (!MatchKeyRestriction(*PlannedOf(relation)->map, relation, restriction, &clause)) continue;
    if (result != nullptr && clause.is_array) continue;
    result = restriction;
    *best = clause;
    if (!clause.is_array) break;
  }
  return result;
}

// A path that looks up keys which rows of other tables give.
void AddJoinPath(PlannerInfo* root, RelOptInfo* relation, RestrictInfo* restriction) {
  KeyClause clause;
  if (!join_clause_is_movable_to(restriction, relation) ||
      !MatchKeyRestriction(*PlannedOf(relation)->map, relation, restriction, &clause)) {
    return;
  }
  Relids required = bms_union(restriction->clause_relids, relation->lateral_relids);
  required = bms_del_member(required, static_cast<int>(relation->relid));
  if (bms_is_empty(required)) return;
  ParamPathInfo* info = get_baserel_parampathinfo(root, relation, required);
  const double keys = KeysIn(clause);
  // Keys are unique, which the general estimate does not know.
  info->ppi_rows = Min(info->ppi_rows, clamp_row_est(keys));
  AddPath(root, relation,
          PathShape{.access = clause.is_array ? Access::kKeyList : Access::kKey,
                    .keys = keys,
                    .required_outer = required},
          info->ppi_rows);
}

// The condition with the key on the left, as EXPLAIN shows it.
Expr* KeyFirst(const TableMap& map, const RelOptInfo* relation, Expr* clause) {
  if (!IsA(clause, OpExpr)) return clause;
  auto* operation = reinterpret_cast<OpExpr*>(clause);
  if (IsKeyColumn(map, relation, static_cast<Expr*>(linitial(operation->args)))) return clause;
  auto* commuted = static_cast<OpExpr*>(copyObjectImpl(operation));
  CommuteOpExpr(commuted);
  return reinterpret_cast<Expr*>(commuted);
}

bool MatchesKey(PlannerInfo*, RelOptInfo* relation, EquivalenceClass*, EquivalenceMember* member,
                void*) {
  return IsKeyColumn(*PlannedOf(relation)->map, relation, member->em_expr);
}

}  // namespace

List* ToPrivateList(const ScanPlan& plan) {
  return list_make2(makeInteger(static_cast<int>(plan.access)), plan.columns);
}

ScanPlan FromPrivateList(List* list) {
  return ScanPlan{.access = static_cast<Access>(intVal(linitial(list))),
                  .columns = static_cast<List*>(lsecond(list))};
}

void GetForeignRelSize(PlannerInfo* root, RelOptInfo* relation, ServerOid table) {
  auto* planned = static_cast<PlannedTable*>(palloc0(sizeof(PlannedTable)));
  Relation opened = table_open(table, NoLock);
  planned->map = GetTableMap(opened);
  table_close(opened, NoLock);
  planned->documents = CountDocuments(*planned->map);
  relation->fdw_private = planned;
  relation->tuples = planned->documents;
  set_baserel_size_estimates(root, relation);
  KeyClause clause;
  if (BestKeyRestriction(relation, relation->baserestrictinfo, &clause) != nullptr) {
    relation->rows = Min(relation->rows, clamp_row_est(KeysIn(clause)));
  }
}

void GetForeignPaths(PlannerInfo* root, RelOptInfo* relation, ServerOid) {
  KeyClause clause;
  if (BestKeyRestriction(relation, relation->baserestrictinfo, &clause) != nullptr) {
    AddPath(root, relation,
            PathShape{.access = clause.is_array ? Access::kKeyList : Access::kKey,
                      .keys = KeysIn(clause),
                      .required_outer = relation->lateral_relids},
            relation->rows);
  } else {
    AddPath(
        root, relation,
        PathShape{.access = Access::kAll, .keys = 0, .required_outer = relation->lateral_relids},
        relation->rows);
  }
  ListCell* cell;
  foreach (cell, relation->joininfo) {
    AddJoinPath(root, relation, lfirst_node(RestrictInfo, cell));
  }
  if (!relation->has_eclass_joins) return;
  List* implied = generate_implied_equalities_for_column(root, relation, MatchesKey, nullptr,
                                                         relation->lateral_referencers);
  foreach (cell, implied) {
    AddJoinPath(root, relation, lfirst_node(RestrictInfo, cell));
  }
}

ForeignScan* GetForeignPlan(PlannerInfo*, RelOptInfo* relation, ServerOid, ForeignPath* path,
                            List* target_list, List* clauses, Plan* outer_plan) {
  ScanPlan plan;
  plan.access = static_cast<Access>(intVal(linitial(path->fdw_private)));
  List* expressions = NIL;
  List* recheck = NIL;
  if (plan.access != Access::kAll) {
    KeyClause clause;
    RestrictInfo* restriction = BestKeyRestriction(relation, clauses, &clause);
    if (restriction == nullptr) elog(ERROR, "the condition on the key is gone");
    plan.access = clause.is_array ? Access::kKeyList : Access::kKey;
    expressions = list_make1(clause.operand);
    recheck = list_make1(KeyFirst(*PlannedOf(relation)->map, relation, restriction->clause));
    clauses = list_delete_ptr(list_copy(clauses), restriction);
  }
  List* local = extract_actual_clauses(clauses, false);
  Bitmapset* used = nullptr;
  pull_varattnos(reinterpret_cast<Node*>(relation->reltarget->exprs), relation->relid, &used);
  pull_varattnos(reinterpret_cast<Node*>(local), relation->relid, &used);
  plan.columns = NeededColumns(*PlannedOf(relation)->map, used);
  return make_foreignscan(target_list, local, relation->relid, expressions, ToPrivateList(plan),
                          NIL, recheck, outer_plan);
}

}  // namespace quire
