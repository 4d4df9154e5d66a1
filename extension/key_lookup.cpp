#include "extension/key_lookup.h"

#include <algorithm>

#include "engine/base/status.h"
#include "engine/store/document.h"
#include "extension/array_elements.h"
#include "extension/collection_key.h"

extern "C" {
#include "postgres.h"
}

namespace quire {

KeyOperand ReadKeyOperand(ServerDatum datum, ServerOid type, bool is_array) {
  ColumnType column_type;
  // The planner took only operators whose operands are such types.
  if (!FindColumnType(type, -1, &column_type)) elog(ERROR, "type %u cannot be a key", type);
  auto* value = static_cast<PlainValue*>(palloc0(sizeof(PlainValue)));
  if (!is_array) {
    ReadValue(datum, column_type, value);
    return KeyOperand{.values = value, .count = 1};
  }
  const ArrayElements elements = TakeApart(datum);
  value = static_cast<PlainValue*>(palloc0(sizeof(PlainValue) * (elements.count + 1)));
  for (uint32_t i = 0; i < elements.count; ++i) {
    if (!elements.nulls[i]) ReadValue(elements.values[i], column_type, &value[i]);
  }
  return KeyOperand{.values = value, .count = elements.count};
}

void KeyList::Clear() {
  bytes_.Clear();
  keys_.clear();
}

absl::Status KeyList::Fill(const KeyOperand& operand, ScalarType key_type) {
  Clear();
  for (uint32_t i = 0; i < operand.count; ++i) {
    if (operand.values[i].kind == PlainValue::Kind::kNull) continue;
    const absl::StatusOr<std::string_view> key = encoder_.Encode(operand.values[i], key_type);
    // What is too long for a key is no document's.
    if (absl::IsOutOfRange(key.status())) continue;
    QUIRE_RETURN_IF_ERROR(key.status());
    if (key->empty()) continue;
    keys_.push_back(Place{.offset = bytes_.size(), .size = key->size()});
    bytes_.Append(*key);
  }
  if (keys_.size() < 2) return absl::OkStatus();
  const auto bytes_of = [this](const Place& place) {
    return std::string_view(bytes_.data() + place.offset, place.size);
  };
  std::sort(keys_.begin(), keys_.end(),
            [&](const Place& a, const Place& b) { return bytes_of(a) < bytes_of(b); });
  keys_.erase(
      std::unique(keys_.begin(), keys_.end(),
                  [&](const Place& a, const Place& b) { return bytes_of(a) == bytes_of(b); }),
      keys_.end());
  return absl::OkStatus();
}

}  // namespace quire
