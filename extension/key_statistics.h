// What the engine knows, while a query is planned, about how many documents there are: counted, not
// guessed. Backends; may raise.
#pragma once

struct List;
struct PlannerInfo;
struct RelOptInfo;

namespace quire {

struct TableMap;

// The documents of a collection. What running transactions wrote is not counted, except what this
// one has loaded into a collection that had little.
double CountDocuments(const TableMap& map);

// Of a list of RestrictInfo, all of them conditions on ranges of keys (range_clause.h): which part
// of the documents meets them. Bounds that are known now are looked up in the tree, others
// estimated as the server does.
double RangeSelectivity(PlannerInfo* root, RelOptInfo* relation, const TableMap& map,
                        List* conditions);

}  // namespace quire
