#include "extension/range_bounds.h"

namespace quire {

void RangeBounds::Clear() {
  lower_.clear();
  upper_.clear();
  lower_inclusive_ = true;
  upper_inclusive_ = false;
  bounded_ = false;
  nothing_ = false;
}

void RangeBounds::Add(const RangeOperand& operand, ScalarType key_type) {
  key_.Clear();
  const PlainValue& value = operand.value;
  switch (value.kind) {
    case PlainValue::Kind::kInteger:
      // Whatever its own type: a bound beyond all keys has its place among them, too.
      key_.Int64(value.integer);
      break;
    case PlainValue::Kind::kUuid:
      key_.Uuid({value.data, 16});
      break;
    case PlainValue::Kind::kString:
      key_.String({value.data, value.size});
      break;
    default:
      nothing_ = true;
      return;
  }
  QUIRE_ASSERT(key_type == ScalarType::kText || operand.kind != BoundKind::kPrefix);
  static_cast<void>(key_type);
  // No key is longer than the limit, and none is the beginning of another: of a bound that is
  // longer, the bytes up to the limit say on which side of it a key is.
  const std::string_view key = key_.view();
  switch (operand.kind) {
    case BoundKind::kLess:
      return CutUpper(key, false);
    case BoundKind::kLessEqual:
      return CutUpper(key, true);
    case BoundKind::kGreaterEqual:
      return RaiseLower(key, true);
    case BoundKind::kGreater:
      return RaiseLower(key, false);
    case BoundKind::kPrefix:
      break;
  }
  // Without the byte that ends a string; then as far as keys that begin with the same bytes go.
  std::string prefix(key.substr(0, key_.fits() ? key.size() - 1 : key.size()));
  RaiseLower(prefix, true);
  while (prefix.back() == '\xff') prefix.pop_back();  // the type byte stays
  prefix.back() = static_cast<char>(static_cast<uint8_t>(prefix.back()) + 1);
  CutUpper(prefix, false);
}

bool RangeBounds::empty() const {
  if (nothing_) return true;
  if (!bounded_ || lower_ < upper_) return false;
  return lower_ > upper_ || !lower_inclusive_ || !upper_inclusive_;
}

KeyRange RangeBounds::range() const {
  KeyRange range{.lower = lower_,
                 .lower_inclusive = lower_inclusive_,
                 .upper = {},
                 .upper_inclusive = upper_inclusive_};
  if (bounded_) range.upper = upper_;
  return range;
}

void RangeBounds::RaiseLower(std::string_view key, bool inclusive) {
  if (key < lower_) return;
  lower_inclusive_ = inclusive && (key != lower_ || lower_inclusive_);
  lower_ = key;
}

void RangeBounds::CutUpper(std::string_view key, bool inclusive) {
  if (bounded_ && key > upper_) return;
  upper_inclusive_ = inclusive && (!bounded_ || key != upper_ || upper_inclusive_);
  upper_ = key;
  bounded_ = true;
}

}  // namespace quire
