// The keys under which the engine finds documents: what a collection's key type shows of a
// document's `_id`, encoded. One owner, in a backend, inside a door.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/index/key.h"
#include "engine/store/document_builder.h"
#include "engine/store/value.h"
#include "extension/plain_value.h"

namespace quire {

class KeyEncoder {
 public:
  KeyEncoder() noexcept : builder_(DocumentLimits::Hard(), DocumentBuilder::AtClear()) {}

  // The key of an `_id`, or of a value that one is compared with; empty when the key type does not
  // show the value. Valid until the next call. kOutOfRange for a key that is too long.
  absl::StatusOr<std::string_view> Encode(ValueView value, ScalarType key_type);
  absl::StatusOr<std::string_view> Encode(const PlainValue& value, ScalarType key_type);

 private:
  DocumentBuilder builder_;
  std::string text_;
  KeyWriter key_;
};

}  // namespace quire
