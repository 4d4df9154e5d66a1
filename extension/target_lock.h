// Holding the documents that a statement is about to change, where row triggers look at them first:
// a trigger must not run on a state that another transaction has replaced (server.md, R7; without
// row triggers the write itself finds out). Used by the scan that feeds the UPDATE or DELETE.
//
// The server's side of the doors; functions may raise.
#pragma once

#include "engine/store/collection.h"
#include "extension/row_reader.h"

struct ExprState;
struct ForeignScanState;

namespace quire {

class TableWriter;

struct TargetLock {
  TableWriter* writer = nullptr;    // null when nothing has to be held
  ExprState* conditions = nullptr;  // of the server's, null when there are none
};

// What holds the rows that the scan meets: nothing, when the scan feeds no UPDATE or DELETE or the
// table has no row triggers for them. Lives as long as the query. Conditions must be known before a
// row is held, and some may be evaluated but once: the lock takes them over from the node.
TargetLock BeginTargetLock(ForeignScanState* node);

// Whether the row, which the slot of the node shows, meets the conditions and is now held. When
// another transaction has changed it, `row` and the slot become its newest version.
bool HoldTarget(ForeignScanState* node, const TargetLock& lock, RowReader* reader,
                DocumentRow* row);

}  // namespace quire
