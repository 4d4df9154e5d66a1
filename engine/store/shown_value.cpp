#include "engine/store/shown_value.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "engine/store/json_text.h"
#include "engine/store/scalar_text.h"

namespace quire {

namespace {

constexpr double kInt64Limit = 9223372036854775808.0;

std::optional<int64_t> ReadInteger(std::string_view text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  // Takes a minus, but neither plus nor blanks.
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end) return std::nullopt;
  return value;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte of two hexadecimal digits, or -1.
int HexByte(const char* digits) {
  const int high = HexDigit(digits[0]);
  const int low = HexDigit(digits[1]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

// The float nearest to a decimal, whose nearest double is given. Rounding twice is wrong only where
// the double lies in the middle of two floats and the decimal beside it.
float NearestFloat(const Decimal& decimal, double nearest) {
  const auto once = static_cast<float>(nearest);
  if (!std::isfinite(nearest) || !std::isfinite(once) || once == nearest) return once;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float other = std::nextafter(once, nearest > once ? kInfinity : -kInfinity);
  if (std::fabs(nearest - once) != std::fabs(nearest - other)) return once;
  const int order = Decimal::Compare(decimal, Decimal::FromDoubleExact(nearest));
  if (order == 0) return once;
  return order > 0 ? std::fmax(once, other) : std::fmin(once, other);
}

}  // namespace

std::optional<int64_t> ShowInt64(ValueView value) {
  switch (value.tag()) {
    case ValueTag::kInt64:
      return value.AsInt64();
    case ValueTag::kFloat64: {
      const double number = value.AsDouble();
      if (!(number >= -kInt64Limit && number < kInt64Limit)) return std::nullopt;
      if (number != std::trunc(number)) return std::nullopt;
      return static_cast<int64_t>(number);
    }
    case ValueTag::kDecimal:
      // No zeros at the end: with decimals it is not integral.
      if (value.DecimalExponent() < 0) return std::nullopt;
      return value.AsDecimal().ToInt64();
    case ValueTag::kLargeDecimal:
      return value.AsDecimal().ToInt64();
    case ValueTag::kString:
      return ReadInteger(value.AsString());
    default:
      return std::nullopt;
  }
}

std::optional<Decimal> ShowDecimal(ValueView value) {
  if (value.is_number()) return value.AsDecimal();
  if (value.type() == ValueType::kString) return Decimal::Parse(value.AsString());
  return std::nullopt;
}

std::optional<double> ShowDouble(ValueView value) {
  if (value.tag() == ValueTag::kFloat64 || value.tag() == ValueTag::kInt64) {
    return value.AsDouble();
  }
  if (value.is_number()) {
    const double nearest = value.AsDouble();
    // A decimal in a document is finite.
    return std::isinf(nearest) ? std::nullopt : std::optional<double>(nearest);
  }
  if (value.type() != ValueType::kString) return std::nullopt;
  const std::optional<Decimal> decimal = Decimal::Parse(value.AsString());
  if (!decimal.has_value()) return std::nullopt;
  const double nearest = decimal->ToDouble();
  if (decimal->finite() && std::isinf(nearest)) return std::nullopt;
  return nearest;
}

std::optional<float> ShowFloat(ValueView value) {
  if (value.tag() == ValueTag::kInt64) return static_cast<float>(value.AsInt64());
  const std::optional<double> number = ShowDouble(value);
  if (!number.has_value()) return std::nullopt;
  float nearest = static_cast<float>(*number);
  if (value.tag() != ValueTag::kFloat64) {
    const std::optional<Decimal> decimal = ShowDecimal(value);
    if (decimal.has_value() && decimal->finite()) nearest = NearestFloat(*decimal, *number);
  }
  if (std::isinf(nearest) && !std::isinf(*number)) return std::nullopt;
  return nearest;
}

std::optional<bool> ShowBool(ValueView value) {
  if (value.type() == ValueType::kBool) return value.AsBool();
  if (value.type() != ValueType::kString) return std::nullopt;
  if (value.AsString() == "true") return true;
  if (value.AsString() == "false") return false;
  return std::nullopt;
}

bool ShowUuid(ValueView value, char* out) {
  if (value.type() == ValueType::kUuid) {
    std::memcpy(out, value.AsUuid().data(), 16);
    return true;
  }
  constexpr size_t kTextSize = 36;
  if (value.type() != ValueType::kString || value.AsString().size() != kTextSize) return false;
  const char* text = value.AsString().data();
  size_t n = 0;
  for (size_t i = 0; i < kTextSize;) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i++] != '-') return false;
      continue;
    }
    const int byte = HexByte(text + i);
    if (byte < 0) return false;
    out[n++] = static_cast<char>(byte);
    i += 2;
  }
  return true;
}

std::optional<std::string_view> ShowBytes(ValueView value, std::string* buffer) {
  if (value.type() == ValueType::kBytes) return value.AsBytes();
  if (value.type() != ValueType::kString) return std::nullopt;
  const std::string_view text = value.AsString();
  if (text.size() % 2 != 0 || text.substr(0, 2) != "\\x") return std::nullopt;
  buffer->clear();
  buffer->reserve(text.size() / 2);
  for (size_t i = 2; i < text.size(); i += 2) {
    const int byte = HexByte(text.data() + i);
    if (byte < 0) return std::nullopt;
    buffer->push_back(static_cast<char>(byte));
  }
  return *buffer;
}

std::optional<std::string_view> ShowText(ValueView value, std::string* buffer) {
  if (value.type() == ValueType::kString) return value.AsString();
  if (value.is_null()) return std::nullopt;
  buffer->clear();
  if (value.is_container()) {
    AppendJsonText(value, buffer);
  } else {
    AppendScalarText(value, buffer);
  }
  return *buffer;
}

}  // namespace quire
