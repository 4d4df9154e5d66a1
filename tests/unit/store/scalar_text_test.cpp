#include "engine/store/scalar_text.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <limits>
#include <string>

#include "tests/unit/store/document_text.h"

namespace quire {
namespace {

std::string ScalarText(const char* document) {
  const std::string bytes = DocumentOf(document);
  std::string text = "<";
  AppendScalarText(RootOf(bytes), &text);
  return text.substr(1);
}

TEST(ScalarText, ShowsScalars) {
  EXPECT_EQ(ScalarText("true"), "true");
  EXPECT_EQ(ScalarText("false"), "false");
  EXPECT_EQ(ScalarText("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(ScalarText("1.50"), "1.50");
  EXPECT_EQ(ScalarText("1e20"), "100000000000000000000");
  EXPECT_EQ(ScalarText("2.5f"), "2.5");
  EXPECT_EQ(ScalarText("NaN"), "NaN");
  EXPECT_EQ(ScalarText("1e999f"), "Infinity");
  EXPECT_EQ(ScalarText("-1e999f"), "-Infinity");
  EXPECT_EQ(ScalarText("\"a \\\"b\\\"\""), "a \"b\"");
  EXPECT_EQ(ScalarText("x'00ff10'"), "\\x00ff10");
  EXPECT_EQ(ScalarText("u'00112233445566778899aabbccddeeff'"),
            "00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_EQ(ScalarText("t'0'"), "2000-01-01T00:00:00Z");
}

TEST(ScalarText, ShowsTimestampsAsTheServerDoes) {
  // As to_jsonb(timestamptz) in UTC, with Z for its +00:00.
  const std::pair<int64_t, const char*> cases[] = {
      {762'525'000'500'000, "2024-02-29T12:30:00.5Z"},
      {1, "2000-01-01T00:00:00.000001Z"},
      {-1, "1999-12-31T23:59:59.999999Z"},
      {-3'150'576'000'000'000, "1900-03-01T00:00:00Z"},
      {-3'150'576'000'000'001, "1900-02-28T23:59:59.999999Z"},
      {-64'464'508'800'000'000, "0044-03-15T00:00:00Z BC"},
      {-211'810'204'800'000'000, "4713-01-01T00:00:00Z BC"},
      {9'223'371'331'199'999'999, "294276-12-31T23:59:59.999999Z"},
      {std::numeric_limits<int64_t>::max(), "infinity"},
      {std::numeric_limits<int64_t>::min(), "-infinity"},
  };
  for (const auto& [microseconds, expected] : cases) {
    std::string text;
    AppendTimestampText(microseconds, &text);
    EXPECT_EQ(text, expected);
  }
}

TEST(ScalarText, CountsDaysThroughFourCenturies) {
  // Every day of 400 years follows the one before it.
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int year = 2000;
  int month = 1;
  int day = 1;
  for (int64_t n = 0; n <= 146'097; ++n) {
    std::string text;
    AppendTimestampText(n * 86'400'000'000, &text);
    char expected[64];
    std::snprintf(expected, sizeof expected, "%04d-%02d-%02dT00:00:00Z", year, month, day);
    ASSERT_EQ(text, expected);
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (++day > kDays[month - 1] + (leap && month == 2 ? 1 : 0)) {
      day = 1;
      if (++month > 12) {
        month = 1;
        ++year;
      }
    }
  }
  EXPECT_EQ(year, 2400);
}

}  // namespace
}  // namespace quire
