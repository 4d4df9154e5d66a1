#include "engine/store/type_modifier.h"

#include <string>

#include "engine/store/shown_value.h"

namespace quire {

namespace {

// The server's varlena header, which it adds to most modifiers.
constexpr int32_t kModifierOffset = 4;

// Adds one to a number in decimal digits.
void Increment(std::string* digits) {
  for (size_t i = digits->size(); i-- > 0;) {
    if ((*digits)[i] != '9') {
      ++(*digits)[i];
      return;
    }
    (*digits)[i] = '0';
  }
  digits->insert(digits->begin(), '1');
}

}  // namespace

std::optional<NumericModifier> NumericModifierOf(int32_t modifier) {
  if (modifier < kModifierOffset) return std::nullopt;
  const int32_t packed = modifier - kModifierOffset;
  // Eleven bits hold the scale, from -1024 to 1023.
  return NumericModifier{.precision = packed >> 16 & 0xffff,
                         .scale = ((packed & 0x7ff) ^ 1024) - 1024};
}

std::optional<Decimal> RoundedTo(const Decimal& value, const NumericModifier& modifier) {
  if (value.kind() == Decimal::Kind::kNaN) return value;
  if (!value.finite()) return std::nullopt;
  std::string digits = value.ToString();
  const bool negative = digits[0] == '-';
  if (negative) digits.erase(0, 1);
  size_t point = digits.find('.');
  if (point == std::string::npos) {
    point = digits.size();
  } else {
    digits.erase(point, 1);
  }
  // The digits that stay count from the first one.
  const int64_t kept = static_cast<int64_t>(point) + modifier.scale;
  if (kept < 0) {
    digits = "0";
  } else if (kept < static_cast<int64_t>(digits.size())) {
    const bool up = digits[static_cast<size_t>(kept)] >= '5';
    digits.resize(static_cast<size_t>(kept));
    if (up) Increment(&digits);
  } else {
    digits.append(static_cast<size_t>(kept) - digits.size(), '0');
  }
  digits.erase(0, digits.find_first_not_of('0'));
  if (digits.size() > static_cast<size_t>(modifier.precision)) return std::nullopt;
  if (digits.empty()) digits = "0";
  std::string text = negative ? "-" : "";
  if (modifier.scale <= 0) {
    text += digits;
    if (digits != "0") text.append(static_cast<size_t>(-modifier.scale), '0');
  } else {
    const auto scale = static_cast<size_t>(modifier.scale);
    if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
    text += digits.substr(0, digits.size() - scale) + "." + digits.substr(digits.size() - scale);
  }
  return Decimal::Parse(text);
}

int64_t RoundedMoment(int64_t microseconds, int32_t modifier) {
  if (modifier < 0 || modifier >= 6 || microseconds == kTimestampInfinity ||
      microseconds == kTimestampMinusInfinity) {
    return microseconds;
  }
  int64_t unit = 1;
  for (int32_t i = modifier; i < 6; ++i) unit *= 10;
  // The server's own way: half a unit away from zero, then cut.
  const int64_t half = microseconds >= 0 ? unit / 2 : -(unit / 2);
  return (microseconds + half) / unit * unit;
}

}  // namespace quire
