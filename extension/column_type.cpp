#include "extension/column_type.h"

extern "C" {
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
}

namespace quire {

namespace {

bool FindScalar(Oid type, ScalarType* result) {
  switch (type) {
    case INT2OID:
      *result = ScalarType::kInt2;
      return true;
    case INT4OID:
      *result = ScalarType::kInt4;
      return true;
    case INT8OID:
      *result = ScalarType::kInt8;
      return true;
    case FLOAT4OID:
      *result = ScalarType::kFloat4;
      return true;
    case FLOAT8OID:
      *result = ScalarType::kFloat8;
      return true;
    case NUMERICOID:
      *result = ScalarType::kNumeric;
      return true;
    case BOOLOID:
      *result = ScalarType::kBool;
      return true;
    case TEXTOID:
      *result = ScalarType::kText;
      return true;
    case VARCHAROID:
      *result = ScalarType::kVarchar;
      return true;
    case BPCHAROID:
      *result = ScalarType::kChar;
      return true;
    case BYTEAOID:
      *result = ScalarType::kBytea;
      return true;
    case UUIDOID:
      *result = ScalarType::kUuid;
      return true;
    case DATEOID:
      *result = ScalarType::kDate;
      return true;
    case TIMESTAMPOID:
      *result = ScalarType::kTimestamp;
      return true;
    case TIMESTAMPTZOID:
      *result = ScalarType::kTimestamptz;
      return true;
    case JSONOID:
      *result = ScalarType::kJson;
      return true;
    case JSONBOID:
      *result = ScalarType::kJsonb;
      return true;
    default:
      return false;
  }
}

}  // namespace

bool FindColumnType(ServerOid type, int32_t modifier, ColumnType* result) {
  *result = {};
  result->modifier = modifier;
  result->type = getBaseTypeAndTypmod(type, &result->modifier);
  if (FindScalar(result->type, &result->scalar)) return true;
  result->element = get_element_type(result->type);
  // int2vector and its like are arrays of another form.
  if (!OidIsValid(result->element) || get_array_type(result->element) != result->type) return false;
  result->array = true;
  const Oid element = getBaseTypeAndTypmod(result->element, &result->modifier);
  return FindScalar(element, &result->scalar);
}

}  // namespace quire
