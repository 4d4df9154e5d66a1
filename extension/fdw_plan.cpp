#include "extension/fdw_plan.h"

#include <cmath>

#include "extension/condition_builder.h"
#include "extension/key_clause.h"
#include "extension/key_order.h"
#include "extension/key_statistics.h"
#include "extension/needed_columns.h"
#include "extension/range_clause.h"
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

// Of a table that was never analyzed: a new one, which will have more. A plan for it may be kept
// while it fills, and nothing would tell the server to make another one.
constexpr double kDocumentsAtLeast = 100;

// What planning remembers of a table, in RelOptInfo.fdw_private.
struct PlannedTable {
  const TableMap* map;
  double documents;
  List* ranges;              // conditions on ranges of keys, among baserestrictinfo
  double range_selectivity;  // of them
  QualCost rest_cost;        // of what a scan of the range still evaluates
};

PlannedTable* PlannedOf(RelOptInfo* relation) {
  return static_cast<PlannedTable*>(relation->fdw_private);
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
  double documents;  // that the scan meets
  Relids required_outer;
  List* pathkeys = NIL;
  ScanOrder order = ScanOrder::kNone;
};

// What the scan costs before it looks at a document.
Cost AccessCost(double documents, const PathShape& shape) {
  switch (shape.access) {
    case Access::kAll:
      break;
    case Access::kKey:
    case Access::kKeyList:
      return LookupCost(documents, shape.documents);
    case Access::kKeyRange:
      // One descent; documents lie in memory in another order than their keys.
      return LookupCost(documents, 1) + shape.documents * cpu_index_tuple_cost;
  }
  return 0;
}

void AddPath(PlannerInfo* root, RelOptInfo* relation, const PathShape& shape, double rows) {
  const double documents = PlannedOf(relation)->documents;
  Cost run_cost = AccessCost(documents, shape);
  const QualCost& conditions = shape.access == Access::kKeyRange ? PlannedOf(relation)->rest_cost
                                                                 : relation->baserestrictcost;
  run_cost += Min(shape.documents, documents) * (cpu_tuple_cost + conditions.per_tuple);
  run_cost += rows * relation->reltarget->cost.per_tuple;
  const Cost startup_cost = conditions.startup + relation->reltarget->cost.startup;
  List* private_list = list_make2(makeInteger(static_cast<int>(shape.access)),
                                  makeInteger(static_cast<int>(shape.order)));
  ForeignPath* path =
      create_foreignscan_path(root, relation, nullptr, rows, startup_cost, startup_cost + run_cost,
                              shape.pathkeys, shape.required_outer, nullptr, private_list);
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

// A path that looks up keys which rows of other tables give. Where the key and another column are
// to be equal to one value, the server may test the value with the other column alone: then the
// path's conditions have no key.
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
  List* conditions = list_concat_copy(info->ppi_clauses, relation->baserestrictinfo);
  if (BestKeyRestriction(relation, conditions, &clause) == nullptr) return;
  const double keys = KeysIn(clause);
  // Keys are unique, which the general estimate does not know.
  info->ppi_rows = Min(info->ppi_rows, clamp_row_est(keys));
  AddPath(root, relation,
          PathShape{.access = clause.is_array ? Access::kKeyList : Access::kKey,
                    .documents = keys,
                    .required_outer = required},
          info->ppi_rows);
}

// A path over a range that rows of other tables bound. `seen` holds the sets of tables, as Relids,
// for which there is one already.
void AddJoinRangePath(PlannerInfo* root, RelOptInfo* relation, RestrictInfo* restriction,
                      List** seen) {
  const TableMap& map = *PlannedOf(relation)->map;
  RangeClause clause;
  if (!join_clause_is_movable_to(restriction, relation) ||
      !MatchRangeRestriction(map, relation, restriction, &clause)) {
    return;
  }
  Relids required = bms_union(restriction->clause_relids, relation->lateral_relids);
  required = bms_del_member(required, static_cast<int>(relation->relid));
  if (bms_is_empty(required)) return;
  ListCell* cell;
  foreach (cell, *seen) {
    if (bms_equal(static_cast<Relids>(lfirst(cell)), required)) return;
  }
  *seen = lappend(*seen, required);
  ParamPathInfo* info = get_baserel_parampathinfo(root, relation, required);
  List* conditions = list_concat_copy(info->ppi_clauses, relation->baserestrictinfo);
  KeyClause equality;
  if (BestKeyRestriction(relation, conditions, &equality) != nullptr) return;
  const double documents =
      PlannedOf(relation)->documents *
      RangeSelectivity(root, relation, map, RangeRestrictions(map, relation, conditions));
  AddPath(
      root, relation,
      PathShape{.access = Access::kKeyRange, .documents = documents, .required_outer = required},
      info->ppi_rows);
}

// Paths over the keys that the conditions leave, in their order: where there are such conditions,
// and where the order is of use.
void AddRangePaths(PlannerInfo* root, RelOptInfo* relation) {
  const PlannedTable& planned = *PlannedOf(relation);
  PathShape shape{.access = Access::kKeyRange,
                  .documents = planned.documents * planned.range_selectivity,
                  .required_outer = relation->lateral_relids};
  const KeyOrder order = FindKeyOrder(root, relation, *planned.map);
  if (planned.ranges != NIL || order.forward != NIL) {
    shape.pathkeys = order.forward;
    if (order.forward != NIL) shape.order = ScanOrder::kAscending;
    AddPath(root, relation, shape, relation->rows);
  }
  if (order.backward != NIL) {
    shape.pathkeys = order.backward;
    shape.order = ScanOrder::kDescending;
    AddPath(root, relation, shape, relation->rows);
  }
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

// The conditions of a plan, taken apart.
struct KeyConditions {
  List* operands = NIL;  // of those on the key
  List* recheck = NIL;   // those on the key
  List* rest = NIL;      // RestrictInfos that are still to be evaluated
};

KeyConditions TakeKey(RelOptInfo* relation, List* clauses, ScanPlan* plan) {
  KeyClause clause;
  RestrictInfo* restriction = BestKeyRestriction(relation, clauses, &clause);
  if (restriction == nullptr) elog(ERROR, "the condition on the key is gone");
  plan->access = clause.is_array ? Access::kKeyList : Access::kKey;
  return KeyConditions{
      .operands = list_make1(clause.operand),
      .recheck = list_make1(KeyFirst(*PlannedOf(relation)->map, relation, restriction->clause)),
      .rest = list_delete_ptr(list_copy(clauses), restriction)};
}

KeyConditions TakeRange(RelOptInfo* relation, List* clauses, ScanPlan* plan) {
  const TableMap& map = *PlannedOf(relation)->map;
  KeyConditions result;
  ListCell* cell;
  foreach (cell, clauses) {
    auto* restriction = lfirst_node(RestrictInfo, cell);
    RangeClause clause;
    const bool matches = MatchRangeRestriction(map, relation, restriction, &clause);
    if (matches) {
      plan->bounds = lappend_int(plan->bounds, static_cast<int>(clause.kind));
      result.operands = lappend(result.operands, clause.operand);
      result.recheck = lappend(result.recheck, KeyFirst(map, relation, restriction->clause));
    }
    if (!matches || !clause.exact) result.rest = lappend(result.rest, restriction);
  }
  return result;
}

// Replaces what the server guesses of ranges of keys by what there is.
void EstimateRanges(PlannerInfo* root, RelOptInfo* relation) {
  PlannedTable* planned = PlannedOf(relation);
  planned->range_selectivity = 1;
  planned->ranges = RangeRestrictions(*planned->map, relation, relation->baserestrictinfo);
  List* others = list_difference_ptr(relation->baserestrictinfo, planned->ranges);
  cost_qual_eval(&planned->rest_cost, others, root);
  if (planned->ranges == NIL) return;
  planned->range_selectivity = RangeSelectivity(root, relation, *planned->map, planned->ranges);
  relation->rows = clamp_row_est(planned->documents * planned->range_selectivity *
                                 clauselist_selectivity(root, others, 0, JOIN_INNER, nullptr));
}

// Gives the conditions of a list of RestrictInfo to the engine or to the server.
void DivideClauses(const TableMap& map, RelOptInfo* relation, List* clauses, List** engine,
                   List** server) {
  ListCell* cell;
  foreach (cell, clauses) {
    auto* restriction = lfirst_node(RestrictInfo, cell);
    // Another node evaluates those that have no column.
    if (restriction->pseudoconstant) continue;
    List** side = IsEngineRestriction(map, relation, restriction) ? engine : server;
    *side = lappend(*side, restriction->clause);
  }
}

bool MatchesKey(PlannerInfo*, RelOptInfo* relation, EquivalenceClass*, EquivalenceMember* member,
                void*) {
  return IsKeyColumn(*PlannedOf(relation)->map, relation, member->em_expr);
}

}  // namespace

List* ToPrivateList(const ScanPlan& plan) {
  return list_make5(makeInteger(static_cast<int>(plan.access)), plan.columns, plan.bounds,
                    makeInteger(static_cast<int>(plan.order)), makeInteger(plan.key_clauses));
}

ScanPlan FromPrivateList(List* list) {
  return ScanPlan{.access = static_cast<Access>(intVal(linitial(list))),
                  .columns = static_cast<List*>(lsecond(list)),
                  .bounds = static_cast<List*>(lthird(list)),
                  .order = static_cast<ScanOrder>(intVal(lfourth(list))),
                  .key_clauses = intVal(list_nth(list, 4))};
}

List* KeyClausesOf(const ScanPlan& plan, List* recheck) {
  return list_truncate(list_copy(recheck), plan.key_clauses);
}

List* FilterClausesOf(const ScanPlan& plan, List* recheck) {
  return list_copy_tail(recheck, plan.key_clauses);
}

void GetForeignRelSize(PlannerInfo* root, RelOptInfo* relation, ServerOid table) {
  auto* planned = static_cast<PlannedTable*>(palloc0(sizeof(PlannedTable)));
  Relation opened = table_open(table, NoLock);
  planned->map = GetTableMap(opened);
  const bool analyzed = opened->rd_rel->reltuples >= 0;
  table_close(opened, NoLock);
  planned->documents = CountDocuments(*planned->map);
  if (!analyzed) planned->documents = Max(planned->documents, kDocumentsAtLeast);
  relation->fdw_private = planned;
  relation->tuples = planned->documents;
  set_baserel_size_estimates(root, relation);
  EstimateRanges(root, relation);
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
                      .documents = KeysIn(clause),
                      .required_outer = relation->lateral_relids},
            relation->rows);
  } else {
    AddPath(root, relation,
            PathShape{.access = Access::kAll,
                      .documents = PlannedOf(relation)->documents,
                      .required_outer = relation->lateral_relids},
            relation->rows);
    AddRangePaths(root, relation);
  }
  List* seen = NIL;
  ListCell* cell;
  foreach (cell, relation->joininfo) {
    AddJoinPath(root, relation, lfirst_node(RestrictInfo, cell));
    AddJoinRangePath(root, relation, lfirst_node(RestrictInfo, cell), &seen);
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
  plan.order = static_cast<ScanOrder>(intVal(lsecond(path->fdw_private)));
  KeyConditions key;
  if (plan.access == Access::kKeyRange) {
    key = TakeRange(relation, clauses, &plan);
  } else if (plan.access != Access::kAll) {
    key = TakeKey(relation, clauses, &plan);
  } else {
    key.rest = clauses;
  }
  plan.key_clauses = list_length(key.recheck);
  List* engine = key.recheck;
  List* local = NIL;
  DivideClauses(*PlannedOf(relation)->map, relation, key.rest, &engine, &local);
  Bitmapset* used = nullptr;
  pull_varattnos(reinterpret_cast<Node*>(relation->reltarget->exprs), relation->relid, &used);
  pull_varattnos(reinterpret_cast<Node*>(local), relation->relid, &used);
  plan.columns = NeededColumns(*PlannedOf(relation)->map, used);
  return make_foreignscan(target_list, local, relation->relid, list_make1(key.operands),
                          ToPrivateList(plan), NIL, engine, outer_plan);
}

}  // namespace quire
