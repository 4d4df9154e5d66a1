// The types that a column of a foreign table can have. Plain data; definitions only, except
// FindColumnType, which asks the server and may raise.
#pragma once

#include <cstdint>

#include "extension/server_types.h"

namespace quire {

enum class ScalarType : uint8_t {
  kInt2,
  kInt4,
  kInt8,
  kFloat4,
  kFloat8,
  kNumeric,
  kBool,
  kText,
  kVarchar,
  kChar,  // padded with blanks
  kBytea,
  kUuid,
  kDate,
  kTimestamp,
  kTimestamptz,
  kJson,
  kJsonb,
};

struct ColumnType {
  ScalarType scalar = ScalarType::kText;
  bool array = false;
  int32_t modifier = -1;  // the server's typmod, for an array that of its elements
  ServerOid type = 0;     // what a domain stands for, otherwise the type itself
  ServerOid element = 0;  // of an array: the type that its values say their elements have
};

// Sees through domains, also those of an array's elements. False for a type that no column can
// have.
bool FindColumnType(ServerOid type, int32_t modifier, ColumnType* result);

}  // namespace quire
