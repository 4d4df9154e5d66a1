#include "extension/row_reader.h"

#include "engine/base/status.h"
#include "engine/store/document.h"
#include "engine/store/engine_state.h"
#include "engine/store/hlc_time.h"

extern "C" {
#include "postgres.h"

#include "nodes/pg_list.h"
}

namespace quire {

void RowReader::Init(const TableMap* map, const List* columns) {
  map_ = map;
  columns_.clear();
  columns_.reserve(static_cast<size_t>(list_length(columns)));
  const ListCell* cell;
  foreach (cell, columns) {
    const int position = lfirst_int(cell);
    columns_.push_back(Reading{.position = position,
                               .column = &map->columns[static_cast<size_t>(position)],
                               .projected = 0,
                               .hints = {}});
  }
}

void RowReader::NarrowRows(ScanFilter* filter) {
  uint32_t paths = 0;
  for (Reading& reading : columns_) {
    if (reading.column->role == ColumnRole::kDocument) return;
    if (reading.column->role != ColumnRole::kPath && reading.column->role != ColumnRole::kKey) {
      continue;
    }
    reading.projected = paths++;
    projection_.AddPath(&reading.column->path);
  }
  narrowed_ = true;
  filter->keeps_documents = paths > 0;
  filter->projection = paths > 0 ? &projection_ : nullptr;
}

inline bool RowReader::FindValue(const DocumentRow& row, Reading* reading, ValueView* value) const {
  return narrowed_ ? Projection::Find(row.document, reading->projected, value)
                   : Lookup(RootOf(row.document), reading->column->path, &reading->hints, value);
}

// Shows a text where it lies, with the server's header in the room in front of it.
inline bool RowReader::ShowInPlace(ValueView value, const ColumnType& type,
                                   ShownDatum* shown) const {
  if (!narrowed_ || value.tag() != ValueTag::kString || type.scalar != ScalarType::kText ||
      type.array) {
    return false;
  }
  static_assert(Projection::kRoom == VARHDRSZ);
  char* text = Projection::RoomBefore(value);
  SET_VARSIZE(text, VARHDRSZ + value.payload().size());
  shown->form = ShownDatum::Form::kByValue;
  shown->datum = PointerGetDatum(text);
  return true;
}

absl::Status RowReader::ReadColumn(const DocumentRow& row, Reading* reading,
                                   const RowTarget& target) {
  const Column& column = *reading->column;
  const int position = reading->position;
  ServerDatum* datum = &target.values[position];
  target.nulls[position] = false;
  ShownDatum shown;
  switch (column.role) {
    case ColumnRole::kVersion:
      ++datums_built_;
      *datum = Int64GetDatum(row.version);
      return absl::OkStatus();
    case ColumnRole::kModified:
      ++datums_built_;
      *datum = Int64GetDatum(TimestampOfHlc(row.hlc));
      return absl::OkStatus();
    case ColumnRole::kDocument: {
      QUIRE_ASSIGN_OR_RETURN(shown, ShowJson(RootOf(row.document), column.type.scalar, &memory_));
      break;
    }
    case ColumnRole::kKey:
    case ColumnRole::kPath: {
      ValueView value;
      if (FindValue(row, reading, &value) && !ShowInPlace(value, column.type, &shown) &&
          !ShowPlain(value, column.type, &memory_, &shown)) {
        QUIRE_ASSIGN_OR_RETURN(shown, ShowDatum(value, column.type, &memory_));
      }
      break;
    }
    case ColumnRole::kDropped:
      break;
  }
  switch (shown.form) {
    case ShownDatum::Form::kNull:
      target.nulls[position] = true;
      *datum = 0;
      return absl::OkStatus();
    case ShownDatum::Form::kByValue:
      *datum = shown.datum;
      break;
    case ShownDatum::Form::kPlaced:
      placed_.push_back(Placed{.position = position, .offset = shown.offset});
      break;
  }
  ++datums_built_;
  return absl::OkStatus();
}

absl::Status RowReader::Read(const DocumentRow& row, const RowTarget& target) {
  memory_.Clear();
  placed_.clear();
  for (Reading& reading : columns_) {
    QUIRE_RETURN_IF_ERROR(ReadColumn(row, &reading, target));
  }
  for (const Placed& placed : placed_) {
    target.values[placed.position] = PointerGetDatum(memory_.At(placed.offset));
  }
  return absl::OkStatus();
}

const Column* RowReader::FirstUnshown(ValueView document, ValueView* value) {
  for (const Column& column : map_->columns) {
    if (column.role != ColumnRole::kPath || !Lookup(document, column.path, nullptr, value) ||
        value->is_null()) {
      continue;
    }
    memory_.Clear();
    const absl::StatusOr<ShownDatum> shown = ShowDatum(*value, column.type, &memory_);
    if (!shown.ok() || shown->form == ShownDatum::Form::kNull) return &column;
  }
  return nullptr;
}

}  // namespace quire
