// A value of the server, taken apart: what the engine's side needs of a Datum, without the server.
// Read on the server's side of a door, put into a document on the engine's side.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "engine/store/document_builder.h"
#include "engine/store/json_reader.h"
#include "extension/column_type.h"
#include "extension/server_types.h"

namespace quire {

// Trivially destructible; its bytes are the server's memory.
struct PlainValue {
  enum class Kind : uint8_t {
    kNull,
    kBool,       // integer
    kInteger,    // integer
    kReal,       // real, finite or not
    kString,     // data, size
    kBytes,      // data, size
    kUuid,       // data, 16 bytes
    kTimestamp,  // integer: microseconds since 2000-01-01 UTC
    kNumeric,    // data, size: the server's numeric as it stands in a jsonb, with its container
    kJson,       // data, size: a jsonb without its length word
    kJsonTree,   // tree: JSON text that was read without the server's jsonb
    kArray,      // elements, size
  };
  Kind kind = Kind::kNull;
  uint32_t size = 0;
  union {
    int64_t integer = 0;
    double real;
    const char* data;
    const PlainValue* elements;
    const JsonTree* tree;
  };
};

// Takes apart a value that is not NULL; what it needs is allocated in the current context. Raises:
// 22023 for an array of more than one dimension.
void ReadValue(ServerDatum datum, const ColumnType& type, PlainValue* value);

// Adds the value as the next one of `builder`: not-finite numbers as strings, the rest as sql.md's
// "Writing" says. Limits are errors of the builder.
absl::Status AppendValue(const PlainValue& value, const DocumentLimits& limits,
                         DocumentBuilder* builder);

}  // namespace quire
