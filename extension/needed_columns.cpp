#include "extension/needed_columns.h"

#include "extension/table_map.h"

extern "C" {
#include "postgres.h"

#include "access/attnum.h"
#include "access/sysattr.h"
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"
}

namespace quire {

List* NeededColumns(const TableMap& map, Bitmapset* attributes) {
  if (bms_is_member(InvalidAttrNumber - FirstLowInvalidHeapAttributeNumber, attributes)) {
    return AllColumns(map);
  }
  List* result = NIL;
  for (size_t i = 0; i < map.columns.size(); ++i) {
    const int attribute = static_cast<int>(i) + 1;
    if (map.columns[i].role != ColumnRole::kDropped &&
        bms_is_member(attribute - FirstLowInvalidHeapAttributeNumber, attributes)) {
      result = lappend_int(result, attribute - 1);
    }
  }
  return result;
}

List* AllColumns(const TableMap& map) {
  List* result = NIL;
  for (size_t i = 0; i < map.columns.size(); ++i) {
    if (map.columns[i].role != ColumnRole::kDropped) {
      result = lappend_int(result, static_cast<int>(i));
    }
  }
  return result;
}

}  // namespace quire
