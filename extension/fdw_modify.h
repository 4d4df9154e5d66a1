// INSERT, COPY, UPDATE and DELETE row by row: the executor's callbacks. Statements that need
// neither triggers nor joins take the short way of fdw_direct_modify.h.
//
// Backends; called by the server, may raise.
#pragma once

#include "extension/server_types.h"

struct EState;
struct List;
struct ModifyTable;
struct ModifyTableState;
struct PlannerInfo;
struct RangeTblEntry;
struct ResultRelInfo;

namespace quire {

struct TableMap;

// Callbacks of FdwRoutine.
void AddForeignUpdateTargets(PlannerInfo* root, unsigned int range_table_index,
                             RangeTblEntry* entry, RelationData* relation);
List* PlanForeignModify(PlannerInfo* root, ModifyTable* plan, unsigned int range_table_index,
                        int subplan);
void BeginForeignModify(ModifyTableState* state, ResultRelInfo* relation, List* private_list,
                        int subplan, int flags);
void BeginForeignInsert(ModifyTableState* state, ResultRelInfo* relation);
TupleTableSlot* ExecForeignInsert(EState* state, ResultRelInfo* relation, TupleTableSlot* slot,
                                  TupleTableSlot* plan_slot);
TupleTableSlot* ExecForeignUpdate(EState* state, ResultRelInfo* relation, TupleTableSlot* slot,
                                  TupleTableSlot* plan_slot);
TupleTableSlot* ExecForeignDelete(EState* state, ResultRelInfo* relation, TupleTableSlot* slot,
                                  TupleTableSlot* plan_slot);
void EndForeignModify(EState* state, ResultRelInfo* relation);
void EndForeignInsert(EState* state, ResultRelInfo* relation);

// Raises 428C9 when an UPDATE assigns a column that the table itself gives. `position` from 0.
void CheckAssignable(const TableMap& map, int position);

}  // namespace quire
