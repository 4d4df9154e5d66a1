#include "extension/collection_key.h"

#include <optional>

#include "engine/base/status.h"
#include "engine/store/document.h"
#include "engine/store/document_key.h"
#include "engine/store/shown_value.h"

namespace quire {

namespace {

bool WriteInteger(ValueView value, int64_t min, int64_t max, KeyWriter* key) {
  const std::optional<int64_t> integer = ShowInt64(value);
  if (!integer || *integer < min || *integer > max) return false;
  key->Int64(*integer);
  return true;
}

// False when the type does not show the value.
bool WriteKey(ValueView value, ScalarType key_type, std::string* text, KeyWriter* key) {
  switch (key_type) {
    case ScalarType::kInt2:
      return WriteInteger(value, INT16_MIN, INT16_MAX, key);
    case ScalarType::kInt4:
      return WriteInteger(value, INT32_MIN, INT32_MAX, key);
    case ScalarType::kInt8:
      return WriteInteger(value, INT64_MIN, INT64_MAX, key);
    case ScalarType::kUuid: {
      char uuid[16];
      if (!ShowUuid(value, uuid)) return false;
      key->Uuid({uuid, sizeof(uuid)});
      return true;
    }
    case ScalarType::kJsonb:
      AppendKey(value, key);
      return true;
    default: {
      const std::optional<std::string_view> shown = ShowText(value, text);
      if (!shown) return false;
      key->String(*shown);
      return true;
    }
  }
}

}  // namespace

absl::StatusOr<std::string_view> KeyEncoder::Encode(ValueView value, ScalarType key_type) {
  key_.Clear();
  if (!WriteKey(value, key_type, &text_, &key_)) return std::string_view();
  QUIRE_RETURN_IF_ERROR(CheckIdKey(key_));
  return key_.view();
}

absl::StatusOr<std::string_view> KeyEncoder::Encode(const PlainValue& value, ScalarType key_type) {
  // The common keys need no document in between.
  key_.Clear();
  if (value.kind == PlainValue::Kind::kString && key_type == ScalarType::kText) {
    key_.String({value.data, value.size});
  } else if (value.kind == PlainValue::Kind::kInteger && key_type == ScalarType::kInt8) {
    key_.Int64(value.integer);
  } else if (value.kind == PlainValue::Kind::kUuid && key_type == ScalarType::kUuid) {
    key_.Uuid({value.data, value.size});
  } else {
    builder_.Clear();
    QUIRE_RETURN_IF_ERROR(AppendValue(value, DocumentLimits::Hard(), &builder_));
    QUIRE_ASSIGN_OR_RETURN(const std::string_view bytes, builder_.Finish());
    return Encode(RootOf(bytes), key_type);
  }
  QUIRE_RETURN_IF_ERROR(CheckIdKey(key_));
  return key_.view();
}

}  // namespace quire
