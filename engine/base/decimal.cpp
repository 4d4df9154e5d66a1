#include "engine/base/decimal.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "engine/base/check.h"

namespace quire {
namespace {

constexpr int kBase = 10'000;
constexpr int kBaseDigits = 4;
constexpr int kPowersOfTen[kBaseDigits] = {1, 10, 100, 1000};

int FloorDivide(int a, int b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

// Decimals after the point that a number with this lowest digit needs to be shown in full.
int DecimalsNeeded(int lowest_weight, uint16_t lowest_digit) {
  if (lowest_weight >= 0) return 0;
  int decimals = -lowest_weight * kBaseDigits;
  for (; lowest_digit % 10 == 0; lowest_digit /= 10) --decimals;
  return decimals;
}

struct Literal {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  int exponent = 0;
};

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view TakeDigits(std::string_view* text) {
  size_t n = 0;
  while (n < text->size() && IsDigit((*text)[n])) ++n;
  const std::string_view digits = text->substr(0, n);
  text->remove_prefix(n);
  return digits;
}

bool TakeSign(std::string_view* text) {
  if (text->empty() || ((*text)[0] != '-' && (*text)[0] != '+')) return false;
  const bool negative = (*text)[0] == '-';
  text->remove_prefix(1);
  return negative;
}

bool ReadLiteral(std::string_view text, Literal* literal) {
  literal->negative = TakeSign(&text);
  literal->whole = TakeDigits(&text);
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    literal->fraction = TakeDigits(&text);
  }
  if (literal->whole.empty() && literal->fraction.empty()) return false;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  const bool negative = TakeSign(&text);
  const std::string_view digits = TakeDigits(&text);
  if (digits.empty() || !text.empty()) return false;
  int exponent = 0;
  // As the server: half of what an int holds, so that sums with lengths cannot overflow.
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (error != std::errc() || exponent > std::numeric_limits<int>::max() / 2) return false;
  literal->exponent = negative ? -exponent : exponent;
  return true;
}

// Whether `decimal` lies exactly in the middle between `value`, which it reads back as, and one of
// its neighbours. With value = mantissa * 2^power the middles are odd * 2^(power - 1), or, below a
// power of two, odd * 2^(power - 2). A coefficient of at most 17 digits reaches them only for power
// from 0 to 80.
bool IsHalfway(const Decimal& decimal, double value) {
  int power;
  const auto mantissa = static_cast<uint64_t>(std::ldexp(std::frexp(std::fabs(value), &power), 53));
  power -= 53;
  int64_t coefficient;
  int exponent;
  if (power < 0 || power > 80 || !decimal.ToCoefficient(&coefficient, &exponent)) return false;
  if (exponent < -1 || exponent > 27) return false;
  const auto magnitude = static_cast<uint64_t>(coefficient < 0 ? -coefficient : coefficient);
  const int twos = std::countr_zero(magnitude);
  unsigned __int128 odd = magnitude >> twos;
  unsigned __int128 fives = 1;
  for (int i = 0; i < exponent; ++i) odd *= 5;
  if (exponent < 0) fives = 5;
  const int power_of_two = twos + exponent;
  const bool below_power_of_two = mantissa == uint64_t{1} << 52;
  if (power_of_two == power - 2) return below_power_of_two && odd == fives * (4 * mantissa - 1);
  if (power_of_two != power - 1) return false;
  return odd == fives * (2 * mantissa + 1) ||
         (!below_power_of_two && odd == fives * (2 * mantissa - 1));
}

}  // namespace

Decimal Decimal::FromInt64(int64_t value) {
  return FromCoefficient(value, 0, 0);
}

Decimal Decimal::FromDouble(double value) {
  if (std::isnan(value)) return NotFinite(Kind::kNaN);
  if (std::isinf(value)) {
    return NotFinite(value > 0 ? Kind::kPositiveInfinity : Kind::kNegativeInfinity);
  }
  char text[32];
  // Scientific, because the plain form shows large integers with digits that no reader needs.
  char* end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  Decimal result = Parse({text, static_cast<size_t>(end - text)}).value_or(Decimal());
  // The server never prints the middle between two doubles, but one digit more; 17 are enough.
  for (int digits = 2; digits <= 17 && IsHalfway(result, value); ++digits) {
    end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, digits - 1)
              .ptr;
    Decimal longer = Parse({text, static_cast<size_t>(end - text)}).value_or(Decimal());
    if (longer.ToDouble() == value) result = std::move(longer);
  }
  return FromDigits(result.negative_, result.weight_, 0, result.digits_);
}

Decimal Decimal::FromDoubleExact(double value) {
  if (!std::isfinite(value)) return FromDouble(value);
  // 767 digits are the most that any double has; 20 more for point, signs and exponent.
  char text[800];
  const auto [end, error] =
      std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, 766);
  QUIRE_ASSERT(error == std::errc());
  const Decimal result = Parse({text, static_cast<size_t>(end - text)}).value_or(Decimal());
  return FromDigits(result.negative_, result.weight_, 0, result.digits_);
}

Decimal Decimal::FromCoefficient(int64_t coefficient, int exponent, int display_scale) {
  const int lowest_weight = FloorDivide(exponent, kBaseDigits);
  unsigned __int128 rest = coefficient < 0 ? -static_cast<unsigned __int128>(coefficient)
                                           : static_cast<unsigned __int128>(coefficient);
  rest *= static_cast<unsigned>(kPowersOfTen[exponent - lowest_weight * kBaseDigits]);
  uint16_t reversed[8];
  int n = 0;
  for (; rest != 0; rest /= kBase) reversed[n++] = static_cast<uint16_t>(rest % kBase);
  std::reverse(reversed, reversed + n);
  return FromDigits(coefficient < 0, lowest_weight + n - 1, display_scale,
                    absl::MakeConstSpan(reversed, static_cast<size_t>(n)));
}

Decimal Decimal::FromDigits(bool negative, int weight, int display_scale,
                            absl::Span<const uint16_t> digits) {
  while (!digits.empty() && digits.front() == 0) {
    digits.remove_prefix(1);
    --weight;
  }
  while (!digits.empty() && digits.back() == 0) digits.remove_suffix(1);
  Decimal result;
  result.display_scale_ = display_scale;
  if (digits.empty()) return result;
  result.negative_ = negative;
  result.weight_ = weight;
  const int lowest_weight = weight - static_cast<int>(digits.size()) + 1;
  result.display_scale_ = std::max(display_scale, DecimalsNeeded(lowest_weight, digits.back()));
  result.digits_.assign(digits.begin(), digits.end());
  return result;
}

Decimal Decimal::NotFinite(Kind kind) {
  QUIRE_ASSERT(kind != Kind::kFinite);
  Decimal result;
  result.kind_ = kind;
  return result;
}

std::optional<Decimal> Decimal::Parse(std::string_view text) {
  if (text == "NaN") return NotFinite(Kind::kNaN);
  if (text == "Infinity") return NotFinite(Kind::kPositiveInfinity);
  if (text == "-Infinity") return NotFinite(Kind::kNegativeInfinity);
  // Longer than any value in range can be written without idle zeros; bounds all sums below.
  if (text.size() > (uint64_t{1} << 30)) return std::nullopt;
  Literal literal;
  if (!ReadLiteral(text, &literal)) return std::nullopt;

  const int64_t display_scale =
      std::max<int64_t>(0, static_cast<int64_t>(literal.fraction.size()) - literal.exponent);
  if (display_scale > kDisplayScaleMax) return std::nullopt;

  // The power of ten of the next digit.
  int64_t power = static_cast<int64_t>(literal.whole.size()) + literal.exponent - 1;
  Decimal result;
  result.display_scale_ = static_cast<int>(display_scale);
  for (const std::string_view part : {literal.whole, literal.fraction}) {
    for (const char c : part) {
      const int64_t at = power--;
      if (c == '0' && result.digits_.empty()) continue;
      const int64_t weight = at >= 0 ? at / kBaseDigits : -((-at + kBaseDigits - 1) / kBaseDigits);
      if (result.digits_.empty()) {
        if (weight > kWeightMax) return std::nullopt;
        result.weight_ = static_cast<int>(weight);
        result.negative_ = literal.negative;
      }
      const size_t index = static_cast<size_t>(result.weight_ - weight);
      if (index == result.digits_.size()) result.digits_.push_back(0);
      const int64_t within = at - weight * kBaseDigits;
      result.digits_[index] =
          static_cast<uint16_t>(result.digits_[index] + (c - '0') * kPowersOfTen[within]);
    }
  }
  while (!result.digits_.empty() && result.digits_.back() == 0) result.digits_.pop_back();
  return result;
}

std::string Decimal::ToString() const {
  switch (kind_) {
    case Kind::kNaN:
      return "NaN";
    case Kind::kPositiveInfinity:
      return "Infinity";
    case Kind::kNegativeInfinity:
      return "-Infinity";
    case Kind::kFinite:
      break;
  }
  std::string text;
  if (negative_) text.push_back('-');
  // Four digits of base-10,000 position `weight`, zero where there is no digit.
  auto append = [&](int weight) {
    const int index = weight_ - weight;
    const bool inside = index >= 0 && index < static_cast<int>(digits_.size());
    int digit = inside ? digits_[static_cast<size_t>(index)] : 0;
    char group[kBaseDigits];
    for (int i = kBaseDigits - 1; i >= 0; --i, digit /= 10) {
      group[i] = static_cast<char>('0' + digit % 10);
    }
    text.append(group, kBaseDigits);
  };
  if (digits_.empty() || weight_ < 0) {
    text.push_back('0');
  } else {
    const size_t begin = text.size();
    for (int weight = weight_; weight >= 0; --weight) append(weight);
    text.erase(begin, text.find_first_not_of('0', begin) - begin);
  }
  if (display_scale_ > 0) {
    text.push_back('.');
    const size_t end = text.size() + static_cast<size_t>(display_scale_);
    for (int weight = -1; text.size() < end; --weight) append(weight);
    text.resize(end);
  }
  return text;
}

std::optional<int64_t> Decimal::ToInt64() const {
  int64_t coefficient;
  int exponent;
  if (!ToCoefficient(&coefficient, &exponent) || exponent < 0) return std::nullopt;
  if (exponent > 18 && coefficient != 0) return std::nullopt;
  for (; exponent > 0; --exponent) {
    if (__builtin_mul_overflow(coefficient, 10, &coefficient)) return std::nullopt;
  }
  return coefficient;
}

double Decimal::ToDouble() const {
  switch (kind_) {
    case Kind::kNaN:
      return std::numeric_limits<double>::quiet_NaN();
    case Kind::kPositiveInfinity:
      return std::numeric_limits<double>::infinity();
    case Kind::kNegativeInfinity:
      return -std::numeric_limits<double>::infinity();
    case Kind::kFinite:
      break;
  }
  int64_t coefficient;
  int exponent;
  if (ToCoefficient(&coefficient, &exponent)) return CoefficientToDouble(coefficient, exponent);
  std::string text;
  text.reserve(digits_.size() * kBaseDigits + 16);
  if (negative_) text.push_back('-');
  for (const uint16_t digit : digits_) {
    for (int i = kBaseDigits - 1; i >= 0; --i) {
      text.push_back(static_cast<char>('0' + digit / kPowersOfTen[i] % 10));
    }
  }
  text.push_back('e');
  text.append(std::to_string(kBaseDigits * (weight_ - static_cast<int>(digits_.size()) + 1)));
  double value = 0;
  const bool read = absl::SimpleAtod(text, &value);
  QUIRE_ASSERT(read);
  static_cast<void>(read);
  return value;
}

double Decimal::CoefficientToDouble(int64_t coefficient, int exponent) {
  static constexpr double kExactPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                            1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                            1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  // Both factors are exact doubles, so the one operation rounds correctly.
  if (exponent >= -22 && exponent <= 22 && coefficient <= (int64_t{1} << 53) &&
      coefficient >= -(int64_t{1} << 53)) {
    const double value = static_cast<double>(coefficient);
    return exponent < 0 ? value / kExactPowers[-exponent] : value * kExactPowers[exponent];
  }
  const std::string text = std::to_string(coefficient) + "e" + std::to_string(exponent);
  double value = 0;
  const bool read = absl::SimpleAtod(text, &value);
  QUIRE_ASSERT(read);
  static_cast<void>(read);
  return value;
}

bool Decimal::ToCoefficient(int64_t* coefficient, int* exponent) const {
  if (kind_ != Kind::kFinite) return false;
  // An int64 has at most 19 digits, which lie in at most 6 of base 10,000; 24 digits fit 128 bits.
  if (digits_.size() > 6) return false;
  if (digits_.empty()) {
    *coefficient = 0;
    *exponent = 0;
    return true;
  }
  unsigned __int128 value = 0;
  for (const uint16_t digit : digits_) value = value * kBase + digit;
  int power = kBaseDigits * (weight_ - static_cast<int>(digits_.size()) + 1);
  for (; value % 10 == 0; value /= 10) ++power;
  const auto limit = static_cast<unsigned __int128>(std::numeric_limits<int64_t>::max());
  if (value > limit + (negative_ ? 1 : 0)) return false;
  const auto low = static_cast<uint64_t>(value);
  *coefficient = static_cast<int64_t>(negative_ ? 0 - low : low);
  *exponent = power;
  return true;
}

int Decimal::Compare(const Decimal& a, const Decimal& b) {
  auto rank = [](Kind kind) {
    switch (kind) {
      case Kind::kNegativeInfinity:
        return 0;
      case Kind::kFinite:
        return 1;
      case Kind::kPositiveInfinity:
        return 2;
      case Kind::kNaN:
        break;
    }
    return 3;
  };
  if (!a.finite() || !b.finite()) return rank(a.kind_) - rank(b.kind_);
  auto sign = [](const Decimal& x) { return x.digits_.empty() ? 0 : x.negative_ ? -1 : 1; };
  if (sign(a) != sign(b)) return sign(a) < sign(b) ? -1 : 1;
  if (sign(a) == 0) return 0;
  if (a.weight_ != b.weight_) return (a.weight_ < b.weight_) == a.negative_ ? 1 : -1;
  const size_t n = std::min(a.digits_.size(), b.digits_.size());
  for (size_t i = 0; i < n; ++i) {
    if (a.digits_[i] != b.digits_[i]) return (a.digits_[i] < b.digits_[i]) == a.negative_ ? 1 : -1;
  }
  if (a.digits_.size() == b.digits_.size()) return 0;
  return (a.digits_.size() < b.digits_.size()) == a.negative_ ? 1 : -1;
}

}  // namespace quire
