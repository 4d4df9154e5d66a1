#include "engine/store/condition_value.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "engine/store/document.h"
#include "engine/store/hlc_time.h"
#include "engine/store/shown_value.h"
#include "engine/store/type_modifier.h"

namespace quire {

namespace {

// Differences of exponents that 128 bits bridge: a coefficient has 63 bits, 10^18 has 60.
constexpr int kScaleMax = 18;
constexpr int64_t kPowersOfTen[kScaleMax + 1] = {1,
                                                 10,
                                                 100,
                                                 1'000,
                                                 10'000,
                                                 100'000,
                                                 1'000'000,
                                                 10'000'000,
                                                 100'000'000,
                                                 1'000'000'000,
                                                 10'000'000'000,
                                                 100'000'000'000,
                                                 1'000'000'000'000,
                                                 10'000'000'000'000,
                                                 100'000'000'000'000,
                                                 1'000'000'000'000'000,
                                                 10'000'000'000'000'000,
                                                 100'000'000'000'000'000,
                                                 1'000'000'000'000'000'000};
// Integral doubles up to here are their own shortest decimal.
constexpr double kExactIntegers = 9007199254740992.0;

Decimal DecimalOf(const ComparableValue& value) {
  return value.large != nullptr ? *value.large
                                : Decimal::FromCoefficient(value.integer, value.exponent, 0);
}

// Whether coefficient * 10^exponent is shown as it is under numeric(precision, scale).
bool Fits(int64_t coefficient, int exponent, const NumericModifier& modifier) {
  if (exponent < -modifier.scale) return false;
  const int digits = modifier.precision - modifier.scale - exponent;
  if (digits < 0) return false;
  if (digits > kScaleMax) return true;
  return coefficient > -kPowersOfTen[digits] && coefficient < kPowersOfTen[digits];
}

int64_t CountCharacters(std::string_view utf8) {
  int64_t characters = 0;
  for (const char c : utf8) characters += (static_cast<uint8_t>(c) & 0xc0) != 0x80;
  return characters;
}

}  // namespace

int CompareReals(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return Order(std::isnan(a), std::isnan(b));
  return Order(a, b);
}

int CompareNumbers(const ComparableValue& a, const ComparableValue& b) {
  if (a.large == nullptr && b.large == nullptr) {
    const int scale = a.exponent - b.exponent;
    if (scale == 0) return Order(a.integer, b.integer);
    if (std::abs(scale) <= kScaleMax) {
      __int128 left = a.integer;
      __int128 right = b.integer;
      (scale > 0 ? left : right) *= kPowersOfTen[std::abs(scale)];
      return Order(left, right);
    }
  }
  return Decimal::Compare(DecimalOf(a), DecimalOf(b));
}

int CompareBytes(std::string_view a, std::string_view b) {
  const size_t shared = a.size() < b.size() ? a.size() : b.size();
  const int order = shared == 0 ? 0 : std::memcmp(a.data(), b.data(), shared);
  return order != 0 ? order : Order(a.size(), b.size());
}

void SetNumber(const Decimal& decimal, Decimal* large, ComparableValue* value) {
  int exponent = 0;
  value->large = nullptr;
  if (decimal.finite() && decimal.ToCoefficient(&value->integer, &exponent)) {
    value->exponent = exponent;
    return;
  }
  *large = decimal;
  value->large = large;
}

void ColumnReader::Read(const DocumentRow& row, ComparableValue* value) {
  switch (column_.shown) {
    case ShownAs::kVersion:
      value->integer = row.version;
      value->is_null = false;
      break;
    case ShownAs::kModified:
      value->integer = TimestampOfHlc(row.hlc);
      value->is_null = false;
      break;
    default: {
      ValueView shown;
      value->is_null =
          !Lookup(RootOf(row.document), *column_.path, &hints_, &shown) || !ReadShown(shown, value);
      break;
    }
  }
  switch (column_.conversion) {
    case Conversion::kNone:
      break;
    case Conversion::kToFloat4:
      value->real = static_cast<float>(value->integer);
      break;
    case Conversion::kToFloat8:
      value->real = static_cast<double>(value->integer);
      break;
    case Conversion::kToNumber:
      value->exponent = 0;
      value->large = nullptr;
      break;
  }
}

bool ColumnReader::ReadShown(ValueView shown, ComparableValue* value) {
  switch (column_.shown) {
    case ShownAs::kInt2:
      return ReadInteger(shown, INT16_MIN, INT16_MAX, value);
    case ShownAs::kInt4:
      return ReadInteger(shown, INT32_MIN, INT32_MAX, value);
    case ShownAs::kInt8:
      return ReadInteger(shown, INT64_MIN, INT64_MAX, value);
    case ShownAs::kFloat4: {
      const std::optional<float> real = ShowFloat(shown);
      if (real) value->real = *real;
      return real.has_value();
    }
    case ShownAs::kFloat8: {
      const std::optional<double> real = ShowDouble(shown);
      if (real) value->real = *real;
      return real.has_value();
    }
    case ShownAs::kNumeric:
      return ReadNumber(shown, value);
    case ShownAs::kBool: {
      const std::optional<bool> truth = ShowBool(shown);
      if (truth) value->integer = *truth ? 1 : 0;
      return truth.has_value();
    }
    case ShownAs::kText:
      return ReadText(shown, value);
    case ShownAs::kBytes: {
      const std::optional<std::string_view> bytes = ShowBytes(shown, &memory_);
      if (bytes) value->bytes = *bytes;
      return bytes.has_value();
    }
    case ShownAs::kUuid:
      memory_.resize(16);
      value->bytes = memory_;
      return ShowUuid(shown, memory_.data());
    case ShownAs::kDate: {
      const std::optional<int32_t> days = ShowDate(shown);
      if (days) value->integer = *days;
      return days.has_value();
    }
    case ShownAs::kTimestamp:
      return ReadMoment(ShowTimestamp(shown), value);
    case ShownAs::kTimestamptz:
      return ReadMoment(ShowTimestampTz(shown), value);
    case ShownAs::kAnything:
    case ShownAs::kVersion:
    case ShownAs::kModified:
      break;
  }
  return true;
}

bool ColumnReader::ReadInteger(ValueView shown, int64_t min, int64_t max, ComparableValue* value) {
  if (shown.tag() == ValueTag::kInt64) [[likely]] {
    value->integer = shown.AsInt64();
  } else {
    const std::optional<int64_t> integer = ShowInt64(shown);
    if (!integer) return false;
    value->integer = *integer;
  }
  return value->integer >= min && value->integer <= max;
}

bool ColumnReader::ReadNumber(ValueView shown, ComparableValue* value) {
  const std::optional<NumericModifier> modifier = NumericModifierOf(column_.modifier);
  bool small = true;
  value->large = nullptr;
  value->exponent = 0;
  if (shown.tag() == ValueTag::kInt64) {
    value->integer = shown.AsInt64();
  } else if (shown.tag() == ValueTag::kDecimal) {
    value->integer = shown.DecimalCoefficient();
    value->exponent = shown.DecimalExponent();
  } else if (shown.tag() == ValueTag::kFloat64 && std::fabs(shown.AsDouble()) < kExactIntegers &&
             std::trunc(shown.AsDouble()) == shown.AsDouble()) {
    value->integer = static_cast<int64_t>(shown.AsDouble());
  } else {
    small = false;
  }
  if (small && (!modifier || Fits(value->integer, value->exponent, *modifier))) return true;
  std::optional<Decimal> decimal = ShowDecimal(shown);
  if (decimal && modifier) decimal = RoundedTo(*decimal, *modifier);
  if (!decimal) return false;
  if (large_ == nullptr) large_ = std::make_unique<Decimal>();
  SetNumber(*decimal, large_.get(), value);
  return true;
}

bool ColumnReader::ReadText(ValueView shown, ComparableValue* value) {
  if (shown.tag() == ValueTag::kString) [[likely]] {
    value->bytes = shown.AsString();
  } else {
    const std::optional<std::string_view> text = ShowText(shown, &memory_);
    if (!text) return false;
    value->bytes = *text;
  }
  if (column_.characters_max < 0) return true;
  const auto bytes = static_cast<int64_t>(value->bytes.size());
  if (bytes <= column_.characters_max) return true;
  return column_.multibyte && CountCharacters(value->bytes) <= column_.characters_max;
}

bool ColumnReader::ReadMoment(std::optional<int64_t> microseconds, ComparableValue* value) const {
  if (microseconds) value->integer = RoundedMoment(*microseconds, column_.modifier);
  return microseconds.has_value();
}

}  // namespace quire
