// UPDATE and DELETE of one table without row triggers and joins: the scan itself changes the
// documents that it finds, so that only the columns which conditions and new values look at are
// made, never the whole row.
//
// Backends; called by the server, may raise.
#pragma once

#include <cstdint>

#include "extension/fdw_plan.h"
#include "extension/fdw_scan.h"
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

// Of a plan's fdw_private and fdw_exprs, for EXPLAIN: the scan, the conditions that the server
// evaluates, and those of the scan, as they would stand in fdw_recheck_quals.
ScanPlan DirectModifyScan(List* private_list);
List* DirectModifyConditions(List* expressions);
List* DirectModifyRecheck(List* expressions);
// Of a scan that has begun; zeros otherwise.
ScanCounts CountsOfDirectModify(ForeignScanState* node);

}  // namespace quire
