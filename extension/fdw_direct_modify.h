// UPDATE and DELETE of one table without row triggers and joins: the scan itself changes the
// documents that it finds, so that only the columns which conditions and new values look at are
// made, never the whole row.
//
// Backends; called by the server, may raise.
#pragma once

#include <cstdint>

#include "extension/server_types.h"

struct ForeignScanState;
struct List;
struct ModifyTable;
struct PlannerInfo;

namespace quire {

// Callbacks of FdwRoutine.
bool PlanDirectModify(PlannerInfo* root, ModifyTable* plan, unsigned int range_table_index,
                      int subplan);
void BeginDirectModify(ForeignScanState* node, int flags);
TupleTableSlot* IterateDirectModify(ForeignScanState* node);
void EndDirectModify(ForeignScanState* node);

// Of a plan's fdw_exprs, for EXPLAIN: the conditions that are not on the key, and those that are.
List* DirectModifyConditions(List* expressions);
List* DirectModifyKeyConditions(List* expressions);
// Documents that were looked at so far.
uint64_t DirectModifyExamined(ForeignScanState* node);

}  // namespace quire
