// CompareValues of document.h: the order of all values.
#include <cmath>

#include "engine/store/document.h"

namespace quire {
namespace {

template <typename T>
int Order(T a, T b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

int CompareStrings(std::string_view a, std::string_view b) {
  return a.compare(b);
}

// A double of any kind against an exact decimal. The nearest double of a decimal lies on the same
// side of `a` as the decimal does, or on `a` itself; only then must the digits speak.
int CompareDoubleToDecimal(double a, ValueView b) {
  if (std::isnan(a)) return 1;
  const double nearest = b.AsDouble();
  if (a != nearest) return a < nearest ? -1 : 1;
  if (std::isinf(a)) return a > 0 ? 1 : -1;
  return Decimal::Compare(Decimal::FromDoubleExact(a), b.AsDecimal());
}

int CompareDoubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return Order(std::isnan(a), std::isnan(b));
  return Order(a, b);
}

int CompareIntToDouble(int64_t a, double b) {
  if (std::isnan(b)) return -1;
  // 2^63 is a double; below it the cast is in range and cuts decimals off towards zero.
  constexpr double kLimit = 9223372036854775808.0;
  if (b >= kLimit) return -1;
  if (b < -kLimit) return 1;
  const auto whole = static_cast<int64_t>(b);
  if (a != whole) return a < whole ? -1 : 1;
  return Order(static_cast<double>(whole), b);
}

int CompareNumbers(ValueView a, ValueView b) {
  const bool a_float = a.tag() == ValueTag::kFloat64;
  const bool b_float = b.tag() == ValueTag::kFloat64;
  if (a.tag() == ValueTag::kInt64 && b.tag() == ValueTag::kInt64) {
    return Order(a.AsInt64(), b.AsInt64());
  }
  if (a_float && b_float) return CompareDoubles(a.AsDouble(), b.AsDouble());
  if (a_float) {
    return b.tag() == ValueTag::kInt64 ? -CompareIntToDouble(b.AsInt64(), a.AsDouble())
                                       : CompareDoubleToDecimal(a.AsDouble(), b);
  }
  if (b_float) {
    return a.tag() == ValueTag::kInt64 ? CompareIntToDouble(a.AsInt64(), b.AsDouble())
                                       : -CompareDoubleToDecimal(b.AsDouble(), a);
  }
  if (a.tag() == ValueTag::kDecimal && b.tag() == ValueTag::kDecimal &&
      a.DecimalExponent() == b.DecimalExponent()) {
    return Order(a.DecimalCoefficient(), b.DecimalCoefficient());
  }
  return Decimal::Compare(a.AsDecimal(), b.AsDecimal());
}

// The number types share one place.
int Rank(ValueView value) {
  return static_cast<int>(value.is_number() ? ValueType::kInt64 : value.type());
}

int CompareItems(ValueView a, ValueView b) {
  const uint32_t a_count = a.count();
  const uint32_t b_count = b.count();
  for (uint32_t i = 0; i < a_count && i < b_count; ++i) {
    const int order = CompareValues(a.ItemAt(i), b.ItemAt(i));
    if (order != 0) return order;
  }
  return Order(a_count, b_count);
}

int CompareObjects(ValueView a, ValueView b) {
  const ValueView::Fields a_fields(a);
  const ValueView::Fields b_fields(b);
  for (uint32_t i = 0; i < a_fields.count && i < b_fields.count; ++i) {
    int order = CompareStrings(a_fields.Name(i), b_fields.Name(i));
    if (order == 0) order = CompareValues(a_fields.Value(i), b_fields.Value(i));
    if (order != 0) return order;
  }
  return Order(a_fields.count, b_fields.count);
}

}  // namespace

int CompareValues(ValueView a, ValueView b) {
  if (Rank(a) != Rank(b)) return Order(Rank(a), Rank(b));
  switch (a.type()) {
    case ValueType::kNull:
      return 0;
    case ValueType::kBool:
      return Order(a.AsBool(), b.AsBool());
    case ValueType::kInt64:
    case ValueType::kFloat64:
    case ValueType::kDecimal:
      return CompareNumbers(a, b);
    case ValueType::kString:
    case ValueType::kBytes:
    case ValueType::kUuid:
      return CompareStrings(a.payload(), b.payload());
    case ValueType::kTimestamp:
      return Order(a.AsTimestamp(), b.AsTimestamp());
    case ValueType::kId:
    case ValueType::kArray:
      return CompareItems(a, b);
    case ValueType::kObject:
      break;
  }
  return CompareObjects(a, b);
}

}  // namespace quire
