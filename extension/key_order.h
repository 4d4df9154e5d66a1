// Orders that a scan by keys gives without sorting. Planner's side; backends, may raise.
#pragma once

struct List;
struct PlannerInfo;
struct RelOptInfo;

namespace quire {

struct TableMap;

// What the order of keys is to the planner, as lists of PathKey; null where it is of no use to the
// query. A scan of a table whose rows the statement changes has no order to offer: it may wait for
// a row, and read it again when it has another place.
struct KeyOrder {
  List* forward = nullptr;
  List* backward = nullptr;
};
KeyOrder FindKeyOrder(PlannerInfo* root, RelOptInfo* relation, const TableMap& map);

}  // namespace quire
