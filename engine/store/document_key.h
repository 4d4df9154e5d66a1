// Between values of documents and keys: the order of memcmp on keys is that of CompareValues.
// Any thread.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "engine/index/key.h"
#include "engine/store/document_builder.h"
#include "engine/store/value.h"

namespace quire {

// Appends a value with everything in it.
void AppendKey(ValueView value, KeyWriter* key);

// kOutOfRange with the key's length and the limit when the key of an `_id` is longer than keys may
// be.
[[nodiscard]] absl::Status CheckIdKey(const KeyWriter& key);

// Adds the first value of the key to `builder` and, unless it is null, sets `rest` to what follows.
// Numbers come back in their shortest form (int64 where integral and in range), not as they were
// written. kDataLoss when the bytes are no key; the builder must then be cleared.
[[nodiscard]] absl::Status KeyToDocument(std::string_view key, DocumentBuilder* builder,
                                         std::string_view* rest = nullptr);

}  // namespace quire
