// Reading a foreign table: the executor's callbacks, and what they share with direct updates
// (fdw_direct_modify.h): where the documents of a scan come from.
//
// Backends. Functions may raise, except those that say they run inside a door.
#pragma once

#include <memory>

#include "engine/mvcc/snapshot.h"
#include "engine/store/collection.h"
#include "extension/backend.h"
#include "extension/engine_filter.h"
#include "extension/fdw_plan.h"
#include "extension/key_lookup.h"
#include "extension/range_bounds.h"
#include "extension/row_reader.h"
#include "extension/table_map.h"

struct ForeignScanState;
struct List;

namespace quire {

// What a scan did, for EXPLAIN.
struct ScanCounts {
  uint64_t examined = 0;  // documents that the snapshot sees
  uint64_t returned = 0;  // of them, those that met the engine's conditions
  uint64_t versions_skipped = 0;
  uint64_t datums_built = 0;
};

// The documents that a scan meets and the engine's conditions hold for, in bounded batches.
class DocumentSource {
 public:
  DocumentSource() = default;

  // The server's side. Fixes what the whole scan sees: `state` has its snapshot.
  // `operands` are those of the conditions on the key (fdw_plan.h), `conditions` those that the
  // engine evaluates.
  void Begin(ForeignScanState* node, const ScanPlan& plan, List* operands, List* conditions);
  // Inside a door. Rows are for this reader only: of documents, keep what it needs.
  void NarrowFor(RowReader* reader) { reader->NarrowRows(&filter_); }
  // From the start again, with keys from parameters as they are now.
  void Rewind();
  // The next document, valid until the next call; false at the end.
  bool Next(DocumentRow* row);

  const TableMap* map() const { return map_; }
  Backend* backend() const { return backend_; }
  const Snapshot& snapshot() const { return snapshot_; }
  // All but the datums.
  ScanCounts counts() const {
    return {.examined = filter_.examined,
            .returned = returned_,
            .versions_skipped = filter_.versions_skipped};
  }

 private:
  // Evaluates the operands.
  void FillOperands();
  void FillKeys();
  void FillBounds();
  void FillBatch();
  // Inside a door.
  absl::Status NextBatch();
  absl::Status NextBatchOfAll();
  absl::Status NextBatchOfKeys();
  absl::Status NextBatchOfRange();

  // Constant after Begin.
  ForeignScanState* node_ = nullptr;
  const TableMap* map_ = nullptr;
  Backend* backend_ = nullptr;
  Snapshot snapshot_;
  Access access_ = Access::kAll;
  List* operands_ = nullptr;  // ExprState
  List* bounds_ = nullptr;    // BoundKind of each, when it is by range
  ScanOrder order_ = ScanOrder::kNone;

  // Where the scan stands.
  bool begun_ = false;
  bool at_end_ = false;
  ScanCursor cursor_;
  KeyList keys_;
  size_t next_key_ = 0;
  RangeBounds range_;
  RangeCursor range_cursor_;
  size_t rows_max_ = 0;
  RowBatch batch_;
  size_t next_row_ = 0;
  EngineFilter engine_filter_;
  ScanFilter filter_;
  uint64_t returned_ = 0;
};

// Callbacks of FdwRoutine.
void BeginForeignScan(ForeignScanState* node, int flags);
TupleTableSlot* IterateForeignScan(ForeignScanState* node);
void ReScanForeignScan(ForeignScanState* node);
void EndForeignScan(ForeignScanState* node);

// Of a scan that has begun; zeros otherwise.
ScanCounts CountsOfScan(ForeignScanState* node);

// Once for each scan: columns that nobody looks at stay NULL, and rows know their table.
void PrepareScanSlot(ForeignScanState* node);
// Makes the current row of a scan out of a document: the slot of the node, with the document's
// number as its place.
void StoreRow(const DocumentRow& row, RowReader* reader, TupleTableSlot* slot);

}  // namespace quire
