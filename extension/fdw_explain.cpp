#include "extension/fdw_explain.h"

#include "extension/fdw_direct_modify.h"
#include "extension/fdw_scan.h"
#include "extension/table_map.h"

extern "C" {
#include "postgres.h"

#include "commands/explain.h"
#include "nodes/execnodes.h"
#include "nodes/makefuncs.h"
#include "nodes/plannodes.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
}

namespace quire {

namespace {

void ExplainCollection(Relation relation, ExplainState* explain) {
  const CollectionName& name = GetTableMap(relation)->collection_name;
  ExplainPropertyText("Collection", psprintf("%s.%s", name.name_space, name.name), explain);
}

void ExplainConditions(const char* label, List* conditions, bool prefix, ForeignScanState* node,
                       ExplainState* explain) {
  if (conditions == NIL) return;
  List* context = set_deparse_context_plan(explain->deparse_cxt, node->ss.ps.plan, NIL);
  Node* all = reinterpret_cast<Node*>(make_ands_explicit(conditions));
  ExplainPropertyText(label, deparse_expression(all, context, prefix, false), explain);
}

// Whether names stand with their tables, as the server decides it for conditions of indexes.
bool NamesTables(const ExplainState* explain) {
  return list_length(explain->rtable) > 1 || explain->verbose;
}

void ExplainOrder(ScanOrder order, ExplainState* explain) {
  if (order == ScanOrder::kNone) return;
  ExplainPropertyText("Key Order", order == ScanOrder::kAscending ? "ascending" : "descending",
                      explain);
}

void ExplainScanOf(const ScanPlan& scan, List* recheck, ForeignScanState* node,
                   ExplainState* explain) {
  ExplainCollection(node->ss.ss_currentRelation, explain);
  ExplainConditions("Key", KeyClausesOf(scan, recheck), NamesTables(explain), node, explain);
  ExplainConditions("Engine Filter", FilterClausesOf(scan, recheck), explain->verbose, node,
                    explain);
}

void ExplainCount(const char* label, uint64_t count, ExplainState* explain) {
  ExplainPropertyInteger(label, nullptr, static_cast<int64>(count), explain);
}

void ExplainCounts(const ScanCounts& counts, ExplainState* explain) {
  if (!explain->analyze) return;
  ExplainCount("Documents Examined", counts.examined, explain);
  ExplainCount("Documents Returned", counts.returned, explain);
  ExplainCount("Versions Skipped", counts.versions_skipped, explain);
  ExplainCount("Datums Built", counts.datums_built, explain);
}

}  // namespace

void ExplainForeignScan(ForeignScanState* node, ExplainState* explain) {
  const auto* plan = reinterpret_cast<const ForeignScan*>(node->ss.ps.plan);
  const ScanPlan scan = FromPrivateList(plan->fdw_private);
  ExplainScanOf(scan, plan->fdw_recheck_quals, node, explain);
  ExplainOrder(scan.order, explain);
  ExplainCounts(CountsOfScan(node), explain);
}

void ExplainForeignModify(ModifyTableState*, ResultRelInfo* relation, List*, int,
                          ExplainState* explain) {
  ExplainCollection(relation->ri_RelationDesc, explain);
}

void ExplainDirectModify(ForeignScanState* node, ExplainState* explain) {
  const auto* plan = reinterpret_cast<const ForeignScan*>(node->ss.ps.plan);
  ExplainScanOf(DirectModifyScan(plan->fdw_private), DirectModifyRecheck(plan->fdw_exprs), node,
                explain);
  ExplainConditions("Filter", DirectModifyConditions(plan->fdw_exprs), explain->verbose, node,
                    explain);
  ExplainCounts(CountsOfDirectModify(node), explain);
}

}  // namespace quire
