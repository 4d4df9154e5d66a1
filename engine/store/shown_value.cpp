#include "engine/store/shown_value.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "engine/store/iso_time.h"
#include "engine/store/json_text.h"
#include "engine/store/scalar_text.h"

namespace quire {

namespace {

std::optional<int64_t> IntegerOf(std::string_view text) {
  // std::from_chars takes no plus sign and no blanks, and neither does the rule.
  int64_t integer = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return integer;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<double> DoubleOf(const Decimal& decimal) {
  const double nearest = decimal.ToDouble();
  if (decimal.finite() && std::isinf(nearest)) return std::nullopt;
  return nearest;
}

}  // namespace

std::optional<int64_t> ShowInt64(ValueView value) {
  switch (value.type()) {
    case ValueType::kInt64:
      return value.AsInt64();
    case ValueType::kFloat64:
    case ValueType::kDecimal:
      return value.AsDecimal().ToInt64();
    case ValueType::kString:
      return IntegerOf(value.AsString());
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
  switch (value.type()) {
    case ValueType::kInt64:
    case ValueType::kFloat64:
      return value.AsDouble();
    case ValueType::kDecimal:
      if (const double nearest = value.AsDouble(); std::isfinite(nearest)) return nearest;
      return DoubleOf(value.AsDecimal());
    case ValueType::kString:
      if (const auto decimal = Decimal::Parse(value.AsString())) return DoubleOf(*decimal);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<float> ShowFloat(ValueView value) {
  const auto nearest = ShowDouble(value);
  if (!nearest) return std::nullopt;
  const auto narrow = static_cast<float>(*nearest);
  if (std::isinf(narrow) && !std::isinf(*nearest)) return std::nullopt;
  return narrow;
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
  if (value.type() != ValueType::kString) return false;
  const std::string_view text = value.AsString();
  if (text.size() != 36) return false;
  size_t at = 0;
  for (int byte = 0; byte < 16; ++byte) {
    if (byte == 4 || byte == 6 || byte == 8 || byte == 10) {
      if (text[at++] != '-') return false;
    }
    const int high = HexDigit(text[at]);
    const int low = HexDigit(text[at + 1]);
    // Canonical is lower case: another spelling would not be shown by the text it was compared
    // with.
    if (high < 0 || low < 0 || (text[at] >= 'A' && text[at] <= 'F') ||
        (text[at + 1] >= 'A' && text[at + 1] <= 'F')) {
      return false;
    }
    out[byte] = static_cast<char>(high << 4 | low);
    at += 2;
  }
  return true;
}

std::optional<int64_t> ShowTimestampTz(ValueView value) {
  if (value.type() == ValueType::kTimestamp) return value.AsTimestamp();
  if (value.type() == ValueType::kString) return ParseTimestampTz(value.AsString());
  return std::nullopt;
}

std::optional<int64_t> ShowTimestamp(ValueView value) {
  if (value.type() == ValueType::kString) return ParseTimestamp(value.AsString());
  return std::nullopt;
}

std::optional<int32_t> ShowDate(ValueView value) {
  if (value.type() == ValueType::kString) return ParseDate(value.AsString());
  return std::nullopt;
}

std::optional<std::string_view> ShowBytes(ValueView value, std::string* buffer) {
  if (value.type() == ValueType::kBytes) return value.AsBytes();
  if (value.type() != ValueType::kString) return std::nullopt;
  const std::string_view text = value.AsString();
  if (!text.starts_with("\\x") || text.size() % 2 != 0) return std::nullopt;
  buffer->clear();
  for (size_t i = 2; i < text.size(); i += 2) {
    const int high = HexDigit(text[i]);
    const int low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    buffer->push_back(static_cast<char>(high << 4 | low));
  }
  return *buffer;
}

std::optional<std::string_view> ShowText(ValueView value, std::string* buffer) {
  if (value.is_null()) return std::nullopt;
  if (value.type() == ValueType::kString) return value.AsString();
  buffer->clear();
  if (value.is_container()) {
    AppendJsonText(value, buffer);
  } else {
    AppendScalarText(value, buffer);
  }
  return *buffer;
}

}  // namespace quire
