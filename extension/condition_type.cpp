#include "extension/condition_type.h"

extern "C" {
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/lsyscache.h"
}

namespace quire {

namespace {

bool FindShown(const Column& column, ConditionColumn* result) {
  switch (column.type.scalar) {
    case ScalarType::kInt2:
      result->shown = ShownAs::kInt2;
      return true;
    case ScalarType::kInt4:
      result->shown = ShownAs::kInt4;
      return true;
    case ScalarType::kInt8:
      result->shown = ShownAs::kInt8;
      return true;
    case ScalarType::kFloat4:
      result->shown = ShownAs::kFloat4;
      return true;
    case ScalarType::kFloat8:
      result->shown = ShownAs::kFloat8;
      return true;
    case ScalarType::kNumeric:
      result->shown = ShownAs::kNumeric;
      result->modifier = column.type.modifier;
      return true;
    case ScalarType::kBool:
      result->shown = ShownAs::kBool;
      return true;
    case ScalarType::kText:
      result->shown = ShownAs::kText;
      return true;
    case ScalarType::kVarchar:
      result->shown = ShownAs::kText;
      if (column.type.modifier < static_cast<int32>(VARHDRSZ)) return true;
      result->characters_max = column.type.modifier - static_cast<int32>(VARHDRSZ);
      result->multibyte = GetDatabaseEncoding() == PG_UTF8;
      // What a character is in the other encodings, the server knows.
      return result->multibyte || pg_database_encoding_max_length() == 1;
    case ScalarType::kChar:
      // Blanks at its end count here and there, and here not.
      return false;
    case ScalarType::kBytea:
      result->shown = ShownAs::kBytes;
      return true;
    case ScalarType::kUuid:
      result->shown = ShownAs::kUuid;
      return true;
    case ScalarType::kDate:
      result->shown = ShownAs::kDate;
      return true;
    case ScalarType::kTimestamp:
      result->shown = ShownAs::kTimestamp;
      result->modifier = column.type.modifier;
      return true;
    case ScalarType::kTimestamptz:
      result->shown = ShownAs::kTimestamptz;
      result->modifier = column.type.modifier;
      return true;
    case ScalarType::kJson:
    case ScalarType::kJsonb:
      result->shown = ShownAs::kAnything;
      return true;
  }
  return false;
}

}  // namespace

ConditionType ConditionTypeOf(ServerOid type) {
  const Oid base = getBaseType(type);
  switch (base) {
    case INT2OID:
    case INT4OID:
    case INT8OID:
      return {INT8OID, Comparable::kInteger};
    case FLOAT4OID:
    case FLOAT8OID:
      return {FLOAT8OID, Comparable::kReal};
    case NUMERICOID:
      return {base, Comparable::kNumber};
    case BOOLOID:
    case DATEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      return {base, Comparable::kInteger};
    case TEXTOID:
    case VARCHAROID:
      return {TEXTOID, Comparable::kBytes};
    case BYTEAOID:
    case UUIDOID:
      return {base, Comparable::kBytes};
    default:
      return {};
  }
}

bool FindConditionColumn(const Column& column, ConditionColumn* result) {
  *result = {};
  switch (column.role) {
    case ColumnRole::kVersion:
      result->shown = ShownAs::kVersion;
      return true;
    case ColumnRole::kModified:
      result->shown = ShownAs::kModified;
      return true;
    case ColumnRole::kDocument:
      // The root, to which the empty path leads.
      return false;
    case ColumnRole::kPath:
    case ColumnRole::kKey:
      result->path = &column.path;
      return !column.type.array && FindShown(column, result);
    case ColumnRole::kDropped:
      break;
  }
  return false;
}

}  // namespace quire
