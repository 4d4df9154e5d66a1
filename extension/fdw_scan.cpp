#include "extension/fdw_scan.h"

#include "engine/base/status.h"
#include "engine/store/catalog.h"
#include "extension/door.h"
#include "extension/pending_rows.h"
#include "extension/table_writer.h"
#include "extension/target_lock.h"

extern "C" {
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace quire {

namespace {

// A batch begins small, for queries that want a few rows, and grows while the scan goes on.
constexpr size_t kRowsFirst = 32;
constexpr size_t kRowsMax = 512;
constexpr uint64_t kBatchBytesMax = 256 << 10;

struct ScanState {
  DocumentSource source;
  RowReader reader;
  TargetLock lock;
};

ScanState* StateOf(ForeignScanState* node) {
  return static_cast<ScanState*>(node->fdw_state);
}

}  // namespace

void DocumentSource::Begin(ForeignScanState* node, const ScanPlan& plan, List* operands,
                           List* conditions) {
  node_ = node;
  map_ = GetTableMap(node->ss.ss_currentRelation);
  backend_ = RequireBackend();
  access_ = plan.access;
  operands_ = ExecInitExprList(operands, &node->ss.ps);
  bounds_ = plan.bounds;
  order_ = plan.order;
  const EState* state = node->ss.ps.state;
  FillSnapshot(state->es_snapshot, state->es_snapshot->curcid, &snapshot_);
  rows_max_ = kRowsFirst;
  const auto* scan = reinterpret_cast<const ForeignScan*>(node->ss.ps.plan);
  engine_filter_.Begin(&node->ss.ps, *map_, scan->scan.scanrelid, conditions);
  filter_.condition = engine_filter_.condition();
}

void DocumentSource::Rewind() {
  begun_ = false;
  at_end_ = false;
  next_row_ = 0;
  next_key_ = 0;
  batch_.Clear();
}

void DocumentSource::FillBounds() {
  ExprContext* context = node_->ss.ps.ps_ExprContext;
  const MemoryContext previous = MemoryContextSwitchTo(context->ecxt_per_tuple_memory);
  const auto count = static_cast<size_t>(list_length(operands_));
  auto* operands = static_cast<RangeOperand*>(palloc0(sizeof(RangeOperand) * (count + 1)));
  for (size_t i = 0; i < count; ++i) {
    auto* operand = static_cast<ExprState*>(list_nth(operands_, static_cast<int>(i)));
    operands[i].kind = static_cast<BoundKind>(list_nth_int(bounds_, static_cast<int>(i)));
    bool is_null = false;
    const Datum datum = ExecEvalExpr(operand, context, &is_null);
    if (is_null) continue;
    const Oid type = exprType(reinterpret_cast<Node*>(operand->expr));
    ColumnType column_type;
    // The planner took only operators whose operands are such types.
    if (!FindColumnType(type, -1, &column_type)) elog(ERROR, "type %u cannot be a key", type);
    ReadValue(datum, column_type, &operands[i].value);
  }
  MemoryContextSwitchTo(previous);
  CallEngine([&] {
    range_.Clear();
    for (size_t i = 0; i < count; ++i) range_.Add(operands[i], map_->key_type);
    return absl::OkStatus();
  });
}

void DocumentSource::FillKeys() {
  ExprContext* context = node_->ss.ps.ps_ExprContext;
  const MemoryContext previous = MemoryContextSwitchTo(context->ecxt_per_tuple_memory);
  auto* expression = static_cast<ExprState*>(linitial(operands_));
  bool is_null = false;
  const Datum datum = ExecEvalExpr(expression, context, &is_null);
  KeyOperand operand;
  if (!is_null) {
    const Oid type = exprType(reinterpret_cast<Node*>(expression->expr));
    const bool is_array = access_ == Access::kKeyList;
    operand = ReadKeyOperand(datum, is_array ? get_base_element_type(type) : type, is_array);
  }
  MemoryContextSwitchTo(previous);
  CallEngine([&] { return keys_.Fill(operand, map_->key_type); });
}

absl::Status DocumentSource::NextBatchOfAll() {
  Collection collection(backend_->session(), backend_->host(), map_->state);
  if (!begun_) cursor_ = collection.BeginScan();
  QUIRE_ASSIGN_OR_RETURN(const bool more, collection.NextBatch(snapshot_, rows_max_, kBatchBytesMax,
                                                               &cursor_, &batch_, &filter_));
  at_end_ = !more;
  return absl::OkStatus();
}

absl::Status DocumentSource::NextBatchOfKeys() {
  Collection collection(backend_->session(), backend_->host(), map_->state);
  batch_.Clear();
  while (next_key_ < keys_.size() && batch_.size() < rows_max_ && batch_.bytes() < kBatchBytesMax) {
    QUIRE_RETURN_IF_ERROR(collection.Get(keys_[next_key_], snapshot_, &batch_, &filter_).status());
    ++next_key_;
  }
  at_end_ = next_key_ == keys_.size();
  return absl::OkStatus();
}

absl::Status DocumentSource::NextBatchOfRange() {
  Collection collection(backend_->session(), backend_->host(), map_->state);
  if (!begun_) {
    if (range_.empty()) {
      at_end_ = true;
      return absl::OkStatus();
    }
    range_cursor_.Begin(range_.range(), order_ == ScanOrder::kDescending);
  }
  const BatchLimit limit{.rows_max = rows_max_, .bytes_max = kBatchBytesMax};
  QUIRE_ASSIGN_OR_RETURN(const bool more, collection.NextBatchInRange(
                                              snapshot_, limit, &range_cursor_, &batch_, &filter_));
  at_end_ = !more;
  return absl::OkStatus();
}

absl::Status DocumentSource::NextBatch() {
  switch (access_) {
    case Access::kAll:
      return NextBatchOfAll();
    case Access::kKey:
    case Access::kKeyList:
      return NextBatchOfKeys();
    case Access::kKeyRange:
      return NextBatchOfRange();
  }
  return absl::OkStatus();
}

void DocumentSource::FillOperands() {
  if (access_ == Access::kAll) return;
  if (access_ == Access::kKeyRange) {
    FillBounds();
  } else {
    FillKeys();
  }
}

void DocumentSource::FillBatch() {
  CHECK_FOR_INTERRUPTS();
  if (!begun_) {
    FillOperands();
    engine_filter_.Refresh();
  }
  WritePendingRows();
  next_row_ = 0;
  CallEngine([&] {
    if (map_->state == nullptr) {
      map_->state = Catalog(backend_->session()).Find(map_->collection_id);
    }
    if (map_->state == nullptr) {
      at_end_ = true;
      return absl::OkStatus();
    }
    return NextBatch();
  });
  if (begun_) rows_max_ = Min(2 * rows_max_, kRowsMax);
  begun_ = true;
}

bool DocumentSource::Next(DocumentRow* row) {
  while (next_row_ >= batch_.size()) {
    if (at_end_) return false;
    FillBatch();
  }
  batch_.Read(next_row_++, row);
  ++returned_;
  return true;
}

void PrepareScanSlot(ForeignScanState* node) {
  TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
  memset(slot->tts_isnull, true, static_cast<size_t>(slot->tts_tupleDescriptor->natts));
  slot->tts_tableOid = RelationGetRelid(node->ss.ss_currentRelation);
}

void StoreRow(const DocumentRow& row, RowReader* reader, TupleTableSlot* slot) {
  ExecClearTuple(slot);
  const RowTarget target{.values = slot->tts_values, .nulls = slot->tts_isnull};
  if (!reader->empty()) CallEngine([&] { return reader->Read(row, target); });
  ItemPointerSet(&slot->tts_tid, row.number, 1);
  ExecStoreVirtualTuple(slot);
}

void BeginForeignScan(ForeignScanState* node, int flags) {
  auto* plan = reinterpret_cast<ForeignScan*>(node->ss.ps.plan);
  if ((flags & EXEC_FLAG_EXPLAIN_ONLY) != 0) return;
  const ScanPlan scan = FromPrivateList(plan->fdw_private);
  auto* state = NewInContext<ScanState>(node->ss.ps.state->es_query_cxt);
  node->fdw_state = state;
  state->lock = BeginTargetLock(node);
  state->source.Begin(node, scan, static_cast<List*>(linitial(plan->fdw_exprs)),
                      FilterClausesOf(scan, plan->fdw_recheck_quals));
  CallEngine([&] {
    state->reader.Init(state->source.map(), scan.columns);
    // Who holds a row may come to read a newer version of it, as a whole.
    if (state->lock.writer == nullptr) state->source.NarrowFor(&state->reader);
    return absl::OkStatus();
  });
  PrepareScanSlot(node);
}

TupleTableSlot* IterateForeignScan(ForeignScanState* node) {
  ScanState* state = StateOf(node);
  TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
  DocumentRow row;
  while (state->source.Next(&row)) {
    StoreRow(row, &state->reader, slot);
    if (state->lock.writer == nullptr || HoldTarget(node, state->lock, &state->reader, &row)) {
      return slot;
    }
    ResetExprContext(node->ss.ps.ps_ExprContext);
  }
  return ExecClearTuple(slot);
}

void ReScanForeignScan(ForeignScanState* node) {
  StateOf(node)->source.Rewind();
}

void EndForeignScan(ForeignScanState*) {
  // What the scan holds goes with the memory of its query.
}

ScanCounts CountsOfScan(ForeignScanState* node) {
  if (node->fdw_state == nullptr) return {};
  ScanCounts counts = StateOf(node)->source.counts();
  counts.datums_built = StateOf(node)->reader.datums_built();
  return counts;
}

}  // namespace quire
