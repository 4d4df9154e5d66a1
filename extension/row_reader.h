// Makes rows of a foreign table from documents: for each column that somebody looks at, the value
// that its path leads to, as far as its type can show it.
//
// One owner, in a backend, inside a door. What a row's values point to is the reader's memory,
// valid until the next Read, or the bytes of a row that a scan has narrowed, which must live as
// long.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "engine/store/collection.h"
#include "engine/store/path.h"
#include "engine/store/projection.h"
#include "extension/server_types.h"
#include "extension/shown_datum.h"
#include "extension/table_map.h"

struct List;

namespace quire {

// Where a row goes: arrays of all columns of the table, of which a reader sets its own.
struct RowTarget {
  ServerDatum* values;
  bool* nulls;
};

class RowReader {
 public:
  RowReader() = default;
  RowReader(const RowReader&) = delete;
  RowReader& operator=(const RowReader&) = delete;

  // `columns`: positions from 0, a server's list of integers. The map outlives the reader.
  void Init(const TableMap* map, const List* columns);
  bool empty() const { return columns_.empty(); }
  // From now on reads rows of which a scan keeps only what the columns need, and says so to the
  // scan.
  void NarrowRows(ScanFilter* filter);
  // Values that were made, by all calls of Read; NULLs are none.
  uint64_t datums_built() const { return datums_built_; }

  absl::Status Read(const DocumentRow& row, const RowTarget& target);

  // The first column, other than those that the table itself gives, whose value is there and not
  // null, but is not shown by the column's type. Null when there is none. Any document; no row is
  // touched.
  const Column* FirstUnshown(ValueView document, ValueView* value);

 private:
  struct Reading {
    int position;
    const Column* column;
    uint32_t projected;  // its place in narrowed rows
    PathHints hints;
  };
  bool FindValue(const DocumentRow& row, Reading* reading, ValueView* value) const;
  bool ShowInPlace(ValueView value, const ColumnType& type, ShownDatum* shown) const;
  // A value in memory_, whose place may change while the row is read.
  struct Placed {
    int position;
    size_t offset;
  };

  absl::Status ReadColumn(const DocumentRow& row, Reading* reading, const RowTarget& target);

  const TableMap* map_ = nullptr;
  std::vector<Reading> columns_;
  Projection projection_;
  bool narrowed_ = false;
  std::vector<Placed> placed_;
  uint64_t datums_built_ = 0;
  DatumMemory memory_;
};

}  // namespace quire
