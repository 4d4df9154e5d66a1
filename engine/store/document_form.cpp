#include "engine/store/document_form.h"

namespace quire {

ValueTag EncodeDecimal(const Decimal& value, char* out, uint32_t* size) {
  QUIRE_ASSERT(value.finite() && value.display_scale() <= Decimal::kDisplayScaleMax);
  int64_t coefficient;
  int exponent;
  const int display_scale = value.display_scale();
  if (value.ToCoefficient(&coefficient, &exponent)) {
    int64_t integer;
    if (display_scale == 0 && ScaleToInt64(coefficient, exponent, &integer)) {
      return EncodeInt64(integer, out, size);
    }
    if (FitsSmallDecimal(exponent, display_scale)) {
      return EncodeSmallDecimal(coefficient, exponent, display_scale, out, size);
    }
  }
  const absl::Span<const uint16_t> digits = value.digits();
  out[0] = value.negative() ? 1 : 0;
  Store(out + 1, static_cast<int16_t>(value.weight()));
  Store(out + 3, static_cast<uint16_t>(display_scale));
  if (!digits.empty()) std::memcpy(out + kLargeDecimalHeaderSize, digits.data(), digits.size() * 2);
  *size = kLargeDecimalHeaderSize + static_cast<uint32_t>(digits.size()) * 2;
  return ValueTag::kLargeDecimal;
}

}  // namespace quire
