#include "extension/key_statistics.h"

#include <algorithm>

#include "engine/base/status.h"
#include "engine/store/catalog.h"
#include "extension/backend.h"
#include "extension/door.h"
#include "extension/range_bounds.h"
#include "extension/range_clause.h"
#include "extension/table_map.h"

extern "C" {
#include "postgres.h"

#include "nodes/pathnodes.h"
#include "optimizer/optimizer.h"
#include "utils/snapmgr.h"
}

namespace quire {

namespace {

// Numbers looked at to tell what a transaction sees of its own changes: some 20 µs.
constexpr uint32_t kNumbersSampled = 64;

// Whether the operand's value is known while planning.
bool ReadKnownOperand(PlannerInfo* root, const RangeClause& clause, RangeOperand* operand) {
  Node* value = estimate_expression_value(root, reinterpret_cast<Node*>(clause.operand));
  if (!IsA(value, Const)) return false;
  const auto* constant = reinterpret_cast<const Const*>(value);
  *operand = RangeOperand{.kind = clause.kind, .value = {}};
  if (constant->constisnull) return true;
  ColumnType type;
  if (!FindColumnType(constant->consttype, constant->consttypmod, &type)) return false;
  ReadValue(constant->constvalue, type, &operand->value);
  return true;
}

// The part of the keys that is within the bounds.
double FractionWithin(const TableMap& map, const RangeOperand* operands, size_t count) {
  Backend* backend = RequireBackend();
  double fraction = 0;
  CallEngine([&] {
    if (map.state == nullptr) map.state = Catalog(backend->session()).Find(map.collection_id);
    if (map.state == nullptr) return absl::OkStatus();
    RangeBounds bounds;
    for (size_t i = 0; i < count; ++i) bounds.Add(operands[i], map.key_type);
    if (bounds.empty()) return absl::OkStatus();
    const Collection collection(backend->session(), backend->host(), map.state);
    fraction = collection.FractionInRange(bounds.range());
    return absl::OkStatus();
  });
  return fraction;
}

}  // namespace

double CountDocuments(const TableMap& map) {
  Backend* backend = RequireBackend();
  double documents = 0;
  double numbers = 0;
  CallEngine([&] {
    if (map.state == nullptr) map.state = Catalog(backend->session()).Find(map.collection_id);
    if (map.state == nullptr) return absl::OkStatus();
    const Collection collection(backend->session(), backend->host(), map.state);
    documents = static_cast<double>(collection.documents());
    numbers = collection.numbers();
    return absl::OkStatus();
  });
  // Most numbers have no document that counts: they were deleted, or this transaction has just
  // loaded them.
  if (documents < numbers / 2 && backend->writer()->has_changes() && ActiveSnapshotSet()) {
    const ::Snapshot server_snapshot = GetActiveSnapshot();
    Snapshot snapshot;
    FillSnapshot(server_snapshot, server_snapshot->curcid, &snapshot);
    CallEngine([&] {
      const Collection collection(backend->session(), backend->host(), map.state);
      QUIRE_ASSIGN_OR_RETURN(const double visible,
                             collection.EstimateVisible(snapshot, kNumbersSampled));
      documents = std::max(documents, visible);
      return absl::OkStatus();
    });
  }
  return documents;
}

double RangeSelectivity(PlannerInfo* root, RelOptInfo* relation, const TableMap& map,
                        List* conditions) {
  const auto count = static_cast<size_t>(list_length(conditions));
  auto* operands = static_cast<RangeOperand*>(palloc0(sizeof(RangeOperand) * (count + 1)));
  size_t known = 0;
  List* others = NIL;
  ListCell* cell;
  foreach (cell, conditions) {
    auto* restriction = lfirst_node(RestrictInfo, cell);
    RangeClause clause;
    if (MatchRangeRestriction(map, relation, restriction, &clause) &&
        ReadKnownOperand(root, clause, &operands[known])) {
      ++known;
    } else {
      others = lappend(others, restriction);
    }
  }
  double selectivity = clauselist_selectivity(root, others, 0, JOIN_INNER, nullptr);
  if (known > 0) selectivity *= FractionWithin(map, operands, known);
  return selectivity;
}

}  // namespace quire
