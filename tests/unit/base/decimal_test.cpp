#include "engine/base/decimal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

namespace quire {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

Decimal Read(std::string_view text) {
  const std::optional<Decimal> decimal = Decimal::Parse(text);
  EXPECT_TRUE(decimal.has_value()) << text;
  return decimal.has_value() ? *decimal : Decimal::NotFinite(Decimal::Kind::kNaN);
}

TEST(Decimal, ReadsAndPrintsAsTheServerDoes) {
  // Literal, and what `SELECT literal::numeric` prints.
  const std::pair<const char*, std::string> cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"0.00", "0.00"},
      {"-0.0", "0.0"},
      {"007", "7"},
      {"+1.5", "1.5"},
      {"1.", "1"},
      {".5", "0.5"},
      {"-12345.6700", "-12345.6700"},
      {"10000", "10000"},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"0.0001", "0.0001"},
      {"0.00001", "0.00001"},
      {"-0.000000000000000000012", "-0.000000000000000000012"},
      {"1e5", "100000"},
      {"1.50e1", "15.0"},
      {"1.50E+3", "1500"},
      {"12e-3", "0.012"},
      {"1e-10", "0.0000000001"},
      {"0e-3", "0.000"},
      {"1e400", "1" + std::string(400, '0')},
      {"NaN", "NaN"},
      {"Infinity", "Infinity"},
      {"-Infinity", "-Infinity"},
  };
  for (const auto& [literal, printed] : cases) EXPECT_EQ(Read(literal).ToString(), printed);
}

TEST(Decimal, RefusesWhatIsNoLiteral) {
  for (const char* text :
       {"",   " ",     "-",   "+",     ".",   "e5",  "1e",      "1e+",  "--1",           "1 ",
        " 1", "1_000", "0x1", "1.2.3", "nan", "inf", "Infinit", "1e5x", "1e99999999999", "-."}) {
    EXPECT_FALSE(Decimal::Parse(text).has_value()) << "'" << text << "'";
  }
}

TEST(Decimal, KnowsTheServersRange) {
  EXPECT_TRUE(Decimal::Parse("1e131071").has_value());
  EXPECT_FALSE(Decimal::Parse("1e131072").has_value());
  EXPECT_TRUE(Decimal::Parse("1e-16383").has_value());
  EXPECT_FALSE(Decimal::Parse("1e-16384").has_value());
  EXPECT_FALSE(Decimal::Parse("0e-16384").has_value());
  EXPECT_EQ(Read(std::string(200'000, '0') + "1").ToString(), "1");
}

TEST(Decimal, KeepsDigitsWithoutZerosAtTheEnds) {
  const Decimal decimal = Read("1230000.00450");
  EXPECT_EQ(decimal.weight(), 1);
  EXPECT_EQ(decimal.display_scale(), 5);
  ASSERT_EQ(decimal.digits().size(), 3u);
  EXPECT_EQ(decimal.digits()[0], 123);
  EXPECT_EQ(decimal.digits()[1], 0);
  EXPECT_EQ(decimal.digits()[2], 45);
  const uint16_t zeros[] = {0, 0, 7, 0};
  const Decimal seven = Decimal::FromDigits(true, 3, 0, zeros);
  EXPECT_EQ(seven.weight(), 1);
  EXPECT_EQ(seven.ToString(), "-70000");
  EXPECT_FALSE(Decimal::FromDigits(true, 3, 2, absl::MakeConstSpan(zeros, 2)).negative());
}

TEST(Decimal, RaisesTheDisplayScaleToCoverTheDigits) {
  EXPECT_EQ(Decimal::FromCoefficient(15, -1, 0).ToString(), "1.5");
  EXPECT_EQ(Decimal::FromCoefficient(15, -1, 3).ToString(), "1.500");
  EXPECT_EQ(Decimal::FromCoefficient(12345, -7, 0).ToString(), "0.0012345");
  EXPECT_EQ(Decimal::FromCoefficient(-3, 6, 0).ToString(), "-3000000");
  EXPECT_EQ(Decimal::FromCoefficient(kMin, 3, 0).ToString(), "-9223372036854775808000");
  EXPECT_EQ(Decimal::FromCoefficient(0, -5, 0).ToString(), "0");
}

TEST(Decimal, GivesIntegersWhenTheyFit) {
  EXPECT_EQ(Decimal::FromInt64(kMin).ToInt64(), kMin);
  EXPECT_EQ(Decimal::FromInt64(kMax).ToInt64(), kMax);
  EXPECT_EQ(Read("9223372036854775807.000").ToInt64(), kMax);
  EXPECT_EQ(Read("1e18").ToInt64(), 1'000'000'000'000'000'000);
  EXPECT_EQ(Read("0.000").ToInt64(), 0);
  for (const char* text : {"9223372036854775808", "-9223372036854775809", "1e19", "0.5", "1e400",
                           "NaN", "Infinity", "92233720368547758070"}) {
    EXPECT_EQ(Read(text).ToInt64(), std::nullopt) << text;
  }
}

TEST(Decimal, GivesTheNearestDouble) {
  for (const char* text :
       {"0", "0.1", "-0.3", "1e22", "1e23", "123456789012345678", "9007199254740993", "1.7e308",
        "4e-320", "2.2250738585072011e-308", "0.000000000000000000000000012345678901234567",
        "123456789012345678901234567890.5", "1e-400"}) {
    EXPECT_EQ(Read(text).ToDouble(), std::strtod(text, nullptr)) << text;
  }
  EXPECT_EQ(Read("1e400").ToDouble(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(Read("-1e4000").ToDouble(), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(Read("-Infinity").ToDouble(), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(Read("Infinity").ToDouble(), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(Read("NaN").ToDouble()));
}

TEST(Decimal, ComesFromDoublesAsTheServerPrintsThem) {
  // Double, and what `SELECT to_jsonb(x::float8)` prints. The fourth and fifth lie half-way between
  // two doubles in their shortest form, which the server avoids.
  const std::pair<double, const char*> cases[] = {
      {0.1, "0.1"},
      {-0.0, "0"},
      {1e20, "100000000000000000000"},
      {1e23, "99999999999999990000000"},
      {49401590833132976.0, "49401590833132976"},
      {547742521451836672.0, "547742521451836700"},
      {123456.789, "123456.789"},
      {9007199254740993.0, "9007199254740992"},
      {9.5367431640625e-07, "0.00000095367431640625"},
      {0.5, "0.5"},
  };
  for (const auto& [value, printed] : cases) {
    EXPECT_EQ(Decimal::FromDouble(value).ToString(), printed);
  }
  EXPECT_EQ(Decimal::FromDouble(std::nan("")).kind(), Decimal::Kind::kNaN);
  EXPECT_EQ(Decimal::FromDouble(-HUGE_VAL).kind(), Decimal::Kind::kNegativeInfinity);
  EXPECT_EQ(Decimal::FromDouble(HUGE_VAL).kind(), Decimal::Kind::kPositiveInfinity);
}

TEST(Decimal, ExpandsDoublesExactly) {
  EXPECT_EQ(Decimal::FromDoubleExact(0.1).ToString(),
            "0.1000000000000000055511151231257827021181583404541015625");
  EXPECT_EQ(Decimal::FromDoubleExact(1e23).ToString(), "99999999999999991611392");
  const Decimal least = Decimal::FromDoubleExact(std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(least.display_scale(), 1074);
  // The last digits of 5^1074.
  EXPECT_EQ(least.ToString().substr(1071), "65625");
  EXPECT_EQ(Decimal::FromDoubleExact(HUGE_VAL).kind(), Decimal::Kind::kPositiveInfinity);
}

TEST(Decimal, RandomDoublesReadBack) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    double value;
    uint64_t bits = random();
    if (i % 2 == 0) bits = (bits & 0x800fffffffffffff) | (1000 + random() % 200) << 52;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    EXPECT_EQ(Decimal::FromDouble(value).ToDouble(), value);
    EXPECT_EQ(Decimal::FromDoubleExact(value).ToDouble(), value);
    EXPECT_LE(Decimal::FromDouble(value).digits().size(), 6u);
  }
}

TEST(Decimal, RandomCoefficientsSurvive) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    int64_t coefficient = static_cast<int64_t>(random()) >> (random() % 63);
    const int exponent = static_cast<int>(random() % 400) - 200;
    while (coefficient != 0 && coefficient % 10 == 0) coefficient /= 10;
    const Decimal decimal = Decimal::FromCoefficient(coefficient, exponent, 0);
    int64_t found_coefficient;
    int found_exponent;
    ASSERT_TRUE(decimal.ToCoefficient(&found_coefficient, &found_exponent));
    EXPECT_EQ(found_coefficient, coefficient);
    EXPECT_EQ(found_exponent, coefficient == 0 ? 0 : exponent);
    const std::string text = decimal.ToString();
    EXPECT_EQ(Decimal::Compare(Read(text), decimal), 0) << text;
    EXPECT_EQ(decimal.ToDouble(),
              std::strtod((std::to_string(coefficient) + "e" + std::to_string(exponent)).c_str(),
                          nullptr));
  }
}

TEST(Decimal, ComparesByValue) {
  const char* rising[] = {"-Infinity", "-1e400",   "-10000.5", "-10000",  "-2",
                          "-1.5",      "-0.00001", "0",        "0.00001", "0.1",
                          "1",         "1.5",      "9999",     "10000",   "10000.0001",
                          "1e30",      "1e400",    "Infinity", "NaN"};
  for (size_t i = 0; i < std::size(rising); ++i) {
    for (size_t j = 0; j < std::size(rising); ++j) {
      const int order = Decimal::Compare(Read(rising[i]), Read(rising[j]));
      EXPECT_EQ(order < 0, i < j) << rising[i] << " " << rising[j];
      EXPECT_EQ(order > 0, i > j) << rising[i] << " " << rising[j];
    }
  }
  EXPECT_EQ(Decimal::Compare(Read("1.50"), Read("1.5")), 0);
  EXPECT_EQ(Decimal::Compare(Read("0.00"), Read("-0")), 0);
}

TEST(Decimal, RandomComparisonsAgreeWithIntegers) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const int64_t a = static_cast<int64_t>(random()) >> (random() % 63);
    const int64_t b = random() % 4 == 0 ? a + static_cast<int64_t>(random() % 3) - 1
                                        : static_cast<int64_t>(random()) >> (random() % 63);
    const int exponent = static_cast<int>(random() % 12) - 6;
    const int order = Decimal::Compare(Decimal::FromCoefficient(a, exponent, 0),
                                       Decimal::FromCoefficient(b, exponent, 0));
    EXPECT_EQ(order < 0, a < b) << a << " " << b;
    EXPECT_EQ(order > 0, a > b) << a << " " << b;
  }
}

}  // namespace
}  // namespace quire
