#include "engine/store/value.h"

#include "absl/container/inlined_vector.h"
#include "engine/store/document_form.h"

namespace quire {
namespace {

Decimal LoadLargeDecimal(std::string_view payload) {
  absl::InlinedVector<uint16_t, 32> digits((payload.size() - kLargeDecimalHeaderSize) / 2);
  if (!digits.empty()) {
    std::memcpy(digits.data(), payload.data() + kLargeDecimalHeaderSize, digits.size() * 2);
  }
  return Decimal::FromDigits(payload[0] != 0, Load<int16_t>(payload.data() + 1),
                             Load<uint16_t>(payload.data() + 3), digits);
}

}  // namespace

std::string_view TypeName(ValueType type) {
  switch (type) {
    case ValueType::kNull:
      return "null";
    case ValueType::kBool:
      return "boolean";
    case ValueType::kInt64:
    case ValueType::kFloat64:
    case ValueType::kDecimal:
      return "number";
    case ValueType::kString:
      return "string";
    case ValueType::kBytes:
      return "bytes";
    case ValueType::kTimestamp:
      return "timestamp";
    case ValueType::kUuid:
      return "uuid";
    case ValueType::kId:
      return "id";
    case ValueType::kArray:
      return "array";
    case ValueType::kObject:
      break;
  }
  return "object";
}

double ValueView::AsDouble() const {
  QUIRE_ASSERT(is_number());
  switch (tag()) {
    case ValueTag::kInt64:
      return static_cast<double>(AsInt64());
    case ValueTag::kFloat64:
      return Load<double>(payload_);
    case ValueTag::kDecimal:
      return Decimal::CoefficientToDouble(DecimalCoefficient(), DecimalExponent());
    default:
      return LoadLargeDecimal(payload()).ToDouble();
  }
}

Decimal ValueView::AsDecimal() const {
  QUIRE_ASSERT(is_number());
  switch (tag()) {
    case ValueTag::kInt64:
      return Decimal::FromInt64(AsInt64());
    case ValueTag::kFloat64:
      return Decimal::FromDouble(Load<double>(payload_));
    case ValueTag::kDecimal:
      return Decimal::FromCoefficient(DecimalCoefficient(), DecimalExponent(),
                                      DecimalDisplayScale());
    default:
      return LoadLargeDecimal(payload());
  }
}

bool ValueView::Search(std::string_view name, ValueView* out, uint32_t* slot_hint) const {
  const Fields fields(*this);
  if (slot_hint != nullptr) {
    // Absent, if the name belongs between the two that stand there.
    const uint32_t slot = *slot_hint;
    if (slot <= fields.count &&
        (slot == fields.count || CompareNames(name, fields.Name(slot)) < 0) &&
        (slot == 0 || CompareNames(fields.Name(slot - 1), name) < 0)) {
      return false;
    }
  }
  uint32_t begin = 0;
  uint32_t end = fields.count;
  while (begin < end) {
    const uint32_t middle = begin + (end - begin) / 2;
    const int order = CompareNames(fields.Name(middle), name);
    if (order == 0) {
      if (slot_hint != nullptr) *slot_hint = middle;
      *out = fields.Value(middle);
      return true;
    }
    if (order < 0) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  if (slot_hint != nullptr) *slot_hint = begin;
  return false;
}

}  // namespace quire
