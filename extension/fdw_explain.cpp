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

void ExplainConditions(const char* label, List* conditions, ForeignScanState* node,
                       ExplainState* explain) {
  if (conditions == NIL) return;
  List* context = set_deparse_context_plan(explain->deparse_cxt, node->ss.ps.plan, NIL);
  const bool prefix = list_length(explain->rtable) > 1 || explain->verbose;
  Node* all = reinterpret_cast<Node*>(make_ands_explicit(conditions));
  ExplainPropertyText(label, deparse_expression(all, context, prefix, false), explain);
}

void ExplainScanOf(ForeignScanState* node, List* key_conditions, ExplainState* explain) {
  ExplainCollection(node->ss.ss_currentRelation, explain);
  ExplainConditions("Key", key_conditions, node, explain);
}

void ExplainOrder(ScanOrder order, ExplainState* explain) {
  if (order == ScanOrder::kNone) return;
  ExplainPropertyText("Key Order", order == ScanOrder::kAscending ? "ascending" : "descending",
                      explain);
}

void ExplainExamined(uint64_t documents, ExplainState* explain) {
  if (!explain->analyze) return;
  ExplainPropertyInteger("Documents Examined", nullptr, static_cast<int64>(documents), explain);
}

}  // namespace

void ExplainForeignScan(ForeignScanState* node, ExplainState* explain) {
  const auto* plan = reinterpret_cast<const ForeignScan*>(node->ss.ps.plan);
  ExplainScanOf(node, plan->fdw_recheck_quals, explain);
  ExplainOrder(FromPrivateList(plan->fdw_private).order, explain);
  ExplainExamined(DocumentsExamined(node), explain);
}

void ExplainForeignModify(ModifyTableState*, ResultRelInfo* relation, List*, int,
                          ExplainState* explain) {
  ExplainCollection(relation->ri_RelationDesc, explain);
}

void ExplainDirectModify(ForeignScanState* node, ExplainState* explain) {
  const auto* plan = reinterpret_cast<const ForeignScan*>(node->ss.ps.plan);
  ExplainScanOf(node, DirectModifyKeyConditions(plan->fdw_exprs), explain);
  ExplainConditions("Filter", DirectModifyConditions(plan->fdw_exprs), node, explain);
  ExplainExamined(DirectModifyExamined(node), explain);
}

}  // namespace quire
