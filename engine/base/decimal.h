// Arbitrary-precision decimals as the server's numeric knows them: finite values with a display
// scale, NaN and the infinities. Any thread; a plain value type.
//
// A finite value is sign * sum(digits[i] * 10000^(weight - i)); digits are base 10,000, without
// leading or trailing zeros, so equal numbers have equal (sign, weight, digits). Zero has no
// digits, weight 0 and is not negative. The display scale (digits shown after the point, 0 to
// 16,383) is no part of equality.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"

namespace quire {

class Decimal {
 public:
  enum class Kind : uint8_t { kFinite, kNaN, kPositiveInfinity, kNegativeInfinity };
  using Digits = absl::InlinedVector<uint16_t, 16>;

  static constexpr int kDisplayScaleMax = 16383;
  static constexpr int kWeightMax = 32767;

  Decimal() = default;
  static Decimal FromInt64(int64_t value);
  // The shortest decimal that reads back as `value`, as the server prints a float8; NaN and
  // infinities keep their kind.
  static Decimal FromDouble(double value);
  // Exactly the number that the bits of `value` say: up to 767 digits.
  static Decimal FromDoubleExact(double value);
  // coefficient * 10^exponent. The display scale is raised to what the digits need.
  // REQUIRES (here and below): the value and its digits after the point are in the numeric range.
  static Decimal FromCoefficient(int64_t coefficient, int exponent, int display_scale);
  // Digits as described above; leading and trailing zeros are stripped here.
  static Decimal FromDigits(bool negative, int weight, int display_scale,
                            absl::Span<const uint16_t> digits);
  static Decimal NotFinite(Kind kind);
  // Reads a plain or scientific decimal literal ("-1.50", "1e400"), or exactly NaN, Infinity,
  // -Infinity. No blanks, no plus sign alone, no underscores. Empty when `text` is anything else or
  // beyond the server's numeric range (131,072 digits before the point, 16,383 after it).
  static std::optional<Decimal> Parse(std::string_view text);

  // As the server prints a numeric: all digits before the point, display_scale digits after it.
  std::string ToString() const;
  // The value when it is integral and in range.
  std::optional<int64_t> ToInt64() const;
  // The nearest double (overflow gives an infinity).
  double ToDouble() const;
  // The double nearest to coefficient * 10^exponent, without a Decimal in between.
  static double CoefficientToDouble(int64_t coefficient, int exponent);
  // coefficient * 10^exponent with the coefficient free of trailing zeros, when it fits an int64.
  bool ToCoefficient(int64_t* coefficient, int* exponent) const;

  // Order of values: numbers by value; NaN equals NaN and is above everything, as in the server.
  static int Compare(const Decimal& a, const Decimal& b);

  Kind kind() const { return kind_; }
  bool finite() const { return kind_ == Kind::kFinite; }
  bool negative() const { return negative_; }
  int weight() const { return weight_; }
  int display_scale() const { return display_scale_; }
  absl::Span<const uint16_t> digits() const { return digits_; }

 private:
  Kind kind_ = Kind::kFinite;
  bool negative_ = false;
  int weight_ = 0;
  int display_scale_ = 0;
  Digits digits_;
};

}  // namespace quire
