// What EXPLAIN says about foreign tables: the collection, the condition that the engine runs, and
// with ANALYZE how many documents were looked at. Called by the server, may raise.
#pragma once

struct ExplainState;
struct ForeignScanState;
struct List;
struct ModifyTableState;
struct ResultRelInfo;

namespace quire {

// Callbacks of FdwRoutine.
void ExplainForeignScan(ForeignScanState* node, ExplainState* explain);
void ExplainForeignModify(ModifyTableState* state, ResultRelInfo* relation, List* private_list,
                          int subplan, ExplainState* explain);
void ExplainDirectModify(ForeignScanState* node, ExplainState* explain);

}  // namespace quire
