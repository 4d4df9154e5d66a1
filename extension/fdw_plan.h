// Planning a scan of a foreign table: how many rows there are, which paths lead to them, and the
// plan that is made of the chosen one. Called by the server's planner; may raise.
#pragma once

#include "extension/server_types.h"

struct ForeignPath;
struct ForeignScan;
struct List;
struct Plan;
struct PlannerInfo;
struct RelOptInfo;

namespace quire {

// How a scan finds its documents.
enum class Access : int {
  kAll,       // one after the other
  kKey,       // by one key
  kKeyList,   // by the keys in an array
  kKeyRange,  // those in a range of keys, in the keys' order
};

// The order of keys that the rest of a plan counts on.
enum class ScanOrder : int { kNone, kAscending, kDescending };

// What a plan hands to the executor, in fdw_private and fdw_exprs. Both are copied and stored by
// the server, so they are made of its nodes. The first of fdw_exprs is the list of the operands of
// the conditions on the key: one for a key or an array, one for each bound.
struct ScanPlan {
  Access access = Access::kAll;
  // Positions (from 0) of the columns that somebody looks at.
  List* columns = nullptr;
  // Of kKeyRange: how keys relate to the operands, as integers (BoundKind).
  List* bounds = nullptr;
  ScanOrder order = ScanOrder::kNone;
  // How many of the plan's fdw_recheck_quals, the first ones, are on the key. The engine evaluates
  // the others (engine_filter.h).
  int key_clauses = 0;
};
List* ToPrivateList(const ScanPlan& plan);
ScanPlan FromPrivateList(List* list);
// Parts of a plan's fdw_recheck_quals.
List* KeyClausesOf(const ScanPlan& plan, List* recheck);
List* FilterClausesOf(const ScanPlan& plan, List* recheck);

// Callbacks of FdwRoutine.
void GetForeignRelSize(PlannerInfo* root, RelOptInfo* relation, ServerOid table);
void GetForeignPaths(PlannerInfo* root, RelOptInfo* relation, ServerOid table);
ForeignScan* GetForeignPlan(PlannerInfo* root, RelOptInfo* relation, ServerOid table,
                            ForeignPath* path, List* target_list, List* clauses, Plan* outer_plan);

}  // namespace quire
