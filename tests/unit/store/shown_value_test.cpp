#include "engine/store/shown_value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

#include "engine/store/document.h"
#include "engine/store/document_builder.h"

namespace quire {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kHour = 3600 * kSecond;
constexpr int64_t kDay = 24 * kHour;

// A document of one value.
class One {
 public:
  template <typename Build>
  explicit One(Build build) {
    build(&builder_);
    document_ = builder_.Finish().value();
  }
  ValueView value() const { return RootOf(document_); }

 private:
  DocumentBuilder builder_;
  std::string_view document_;
};

One Int(int64_t v) {
  return One([v](DocumentBuilder* b) { b->Int64(v); });
}
One Float(double v) {
  return One([v](DocumentBuilder* b) { b->Double(v); });
}
One Number(std::string_view text) {
  return One([text](DocumentBuilder* b) { b->Decimal(Decimal::Parse(text).value()); });
}
One Str(std::string_view text) {
  return One([text](DocumentBuilder* b) { b->String(text); });
}
One Null() {
  return One([](DocumentBuilder* b) { b->Null(); });
}
One True() {
  return One([](DocumentBuilder* b) { b->Bool(true); });
}

TEST(ShownValueTest, Integers) {
  EXPECT_EQ(ShowInt64(Int(INT64_MIN).value()), INT64_MIN);
  EXPECT_EQ(ShowInt64(Float(-3).value()), -3);
  EXPECT_EQ(ShowInt64(Float(0x1p62).value()), int64_t{1} << 62);
  EXPECT_EQ(ShowInt64(Number("4.00").value()), 4);
  EXPECT_EQ(ShowInt64(Number("1e18").value()), 1'000'000'000'000'000'000);
  EXPECT_EQ(ShowInt64(Str("-042").value()), -42);
  EXPECT_EQ(ShowInt64(Str("9223372036854775807").value()), INT64_MAX);
  for (const double v : {0.5, 0x1p63, -0x1.1p63, double{NAN}, double{INFINITY}}) {
    EXPECT_EQ(ShowInt64(Float(v).value()), std::nullopt) << v;
  }
  for (const char* text : {"4.01", "1e19", "1e400", "1e-400"}) {
    EXPECT_EQ(ShowInt64(Number(text).value()), std::nullopt) << text;
  }
  for (const char* text : {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "9223372036854775808"}) {
    EXPECT_EQ(ShowInt64(Str(text).value()), std::nullopt) << text;
  }
  EXPECT_EQ(ShowInt64(True().value()), std::nullopt);
  EXPECT_EQ(ShowInt64(Null().value()), std::nullopt);
}

TEST(ShownValueTest, Decimals) {
  EXPECT_EQ(ShowDecimal(Int(7).value())->ToString(), "7");
  EXPECT_EQ(ShowDecimal(Number("1.50").value())->ToString(), "1.50");
  EXPECT_EQ(ShowDecimal(Float(0.1).value())->ToString(), "0.1");
  EXPECT_EQ(ShowDecimal(Str("-1.5e3").value())->ToString(), "-1500");
  EXPECT_EQ(ShowDecimal(Str("NaN").value())->kind(), Decimal::Kind::kNaN);
  EXPECT_EQ(ShowDecimal(Float(-INFINITY).value())->kind(), Decimal::Kind::kNegativeInfinity);
  EXPECT_FALSE(ShowDecimal(Str("nan").value()).has_value());
  EXPECT_FALSE(ShowDecimal(Str("1 ").value()).has_value());
  EXPECT_FALSE(ShowDecimal(True().value()).has_value());
}

TEST(ShownValueTest, Doubles) {
  EXPECT_EQ(ShowDouble(Int(INT64_MAX).value()), 0x1p63);
  EXPECT_EQ(ShowDouble(Number("0.1").value()), 0.1);
  EXPECT_EQ(ShowDouble(Str("1e-400").value()), 0.0);
  EXPECT_EQ(ShowDouble(Str("-Infinity").value()), -INFINITY);
  EXPECT_TRUE(std::isnan(*ShowDouble(Str("NaN").value())));
  EXPECT_EQ(ShowDouble(Number("1e400").value()), std::nullopt);
  EXPECT_EQ(ShowDouble(Str("1e400").value()), std::nullopt);
  EXPECT_EQ(ShowDouble(Str("inf").value()), std::nullopt);
}

TEST(ShownValueTest, FloatsAreRoundedOnce) {
  EXPECT_EQ(ShowFloat(Float(0.1).value()), 0.1f);
  EXPECT_EQ(ShowFloat(Int(16'777'217).value()), 16'777'216.0f);
  // In the middle of two floats, and a trace above and below it, which a double cannot tell.
  EXPECT_EQ(ShowFloat(Number("16777217").value()), 16'777'216.0f);
  EXPECT_EQ(ShowFloat(Number("16777217.000000000000000001").value()), 16'777'218.0f);
  EXPECT_EQ(ShowFloat(Number("16777218.999999999999999999").value()), 16'777'218.0f);
  EXPECT_EQ(ShowFloat(Str("-16777217.000000000000000001").value()), -16'777'218.0f);
  EXPECT_EQ(ShowFloat(Float(1e300).value()), std::nullopt);
  EXPECT_EQ(ShowFloat(Float(INFINITY).value()), INFINITY);
}

TEST(ShownValueTest, Booleans) {
  EXPECT_EQ(ShowBool(True().value()), true);
  EXPECT_EQ(ShowBool(Str("false").value()), false);
  EXPECT_EQ(ShowBool(Str("True").value()), std::nullopt);
  EXPECT_EQ(ShowBool(Int(1).value()), std::nullopt);
}

TEST(ShownValueTest, Uuids) {
  char bytes[16];
  ASSERT_TRUE(ShowUuid(Str("00010203-0405-0607-0809-0A0b0C0d0E0f").value(), bytes));
  for (int i = 0; i < 16; ++i) EXPECT_EQ(bytes[i], i);
  for (const char* text :
       {"", "00010203040506070809-0a0b0c0d0e0f", "00010203-0405-0607-0809-0a0b0c0d0e0g",
        "0001020-30405-0607-0809-0a0b0c0d0e0f", "{00010203-0405-0607-0809-0a0b0c0d0e0f}"}) {
    EXPECT_FALSE(ShowUuid(Str(text).value(), bytes)) << text;
  }
}

TEST(ShownValueTest, MomentsWithZone) {
  const auto shown = [](std::string_view text) { return ShowTimestampTz(Str(text).value()); };
  EXPECT_EQ(ShowTimestampTz(One([](DocumentBuilder* b) { b->Timestamp(-5); }).value()), -5);
  EXPECT_EQ(shown("2000-01-01T00:00:00Z"), 0);
  EXPECT_EQ(shown("2000-01-02 01:02:03.5z"), kDay + kHour + 123 * kSecond + kSecond / 2);
  EXPECT_EQ(shown("2000-01-01t00:00Z"), 0);
  for (const char* text :
       {"2000-01-01T02:30:00+02:30", "2000-01-01T02:30:00+0230", "1999-12-31T19:00:00-05",
        "2000-01-01T00:00:30+00:00:30", "1999-12-31T24:00:00Z"}) {
    EXPECT_EQ(shown(text), 0) << text;
  }
  EXPECT_EQ(shown("2000-01-01T00:00:00.123456789Z"), 123'457);
  EXPECT_EQ(shown("2000-01-01T00:00:00.9999999Z"), kSecond);
  EXPECT_EQ(shown("infinity"), kTimestampInfinity);
  EXPECT_EQ(shown("4714-11-24T00:00:00Z BC"), -211'813'488'000'000'000);
  EXPECT_EQ(shown("294276-12-31T23:59:59.999999Z"), 9'223'371'331'199'999'999);
  for (const char* text : {"",
                           "2000-01-01",
                           "2000-01-01T00:00:00",
                           "2000-01-01Z",
                           "2000-1-1T00:00:00Z",
                           "2000-02-30T00:00:00Z",
                           "2000-13-01T00:00:00Z",
                           "2000-01-01T25:00:00Z",
                           "2000-01-01T24:00:01Z",
                           "2000-01-01T00:60:00Z",
                           "2000-01-01T00:00:60Z",
                           "2000-01-01T00:00:00.Z",
                           "2000-01-01T00:00:00.0000000001Z",
                           "2000-01-01T00:00:00 Z",
                           "2000-01-01T00:00:00ZZ",
                           "2000-01-01T00:00:00+16",
                           "2000-01-01T00:00:00+1",
                           "2000-01-01T00:00:00+01:60",
                           "2000-01-01T00Z",
                           "0000-01-01T00:00:00Z",
                           "200-01-01T00:00:00Z",
                           "294277-01-01T00:00:00Z",
                           "4714-11-23T23:59:59Z BC",
                           "2000-01-01T00:00:00Z AD",
                           "2000-01-01T00:00:00Z BC ",
                           "now",
                           "12345678-01-01T00:00:00Z",
                           "5874897-01-01T00:00:00Z"}) {
    EXPECT_EQ(shown(text), std::nullopt) << text;
  }
}

TEST(ShownValueTest, MomentsAndDatesWithoutZone) {
  EXPECT_EQ(ShowTimestamp(Str("2000-01-01T00:00:01").value()), kSecond);
  EXPECT_EQ(ShowTimestamp(Str("2000-01-02").value()), kDay);
  EXPECT_EQ(ShowTimestamp(Str("2000-01-01T00:00:01Z").value()), std::nullopt);
  EXPECT_EQ(ShowTimestamp(One([](DocumentBuilder* b) { b->Timestamp(0); }).value()), std::nullopt);
  EXPECT_EQ(ShowDate(Str("2000-03-01").value()), 60);
  EXPECT_EQ(ShowDate(Str("1999-12-31T00:00").value()), -1);
  EXPECT_EQ(ShowDate(Str("2000-03-01T00:00:01").value()), std::nullopt);
  EXPECT_EQ(ShowDate(Str("2000-03-01T00:00:00Z").value()), std::nullopt);
  EXPECT_EQ(ShowDate(Str("0001-12-31 BC").value()), -730'120);
  EXPECT_EQ(ShowDate(Str("5874897-12-31").value()), 2'145'031'948);
  EXPECT_EQ(ShowDate(Str("5874898-01-01").value()), std::nullopt);
  EXPECT_EQ(ShowDate(Str("4714-11-24 BC").value()), -2'451'545);
  EXPECT_EQ(ShowDate(Str("4714-11-23 BC").value()), std::nullopt);
}

TEST(ShownValueTest, WrittenTimesShowTheSame) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  const auto check = [](int64_t moment, int32_t day) {
    std::string text;
    AppendTimestampWithoutZone(moment, &text);
    ASSERT_EQ(ShowTimestamp(Str(text).value()), moment) << text;
    text.clear();
    AppendDate(day, &text);
    ASSERT_EQ(ShowDate(Str(text).value()), day) << text;
  };
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t moment =
        random() % (uint64_t{9'223'371'331'200'000'000} + 211'813'488'000'000'000);
    const uint64_t day = random() % (2'145'031'949 + 2'451'545);
    check(static_cast<int64_t>(moment - 211'813'488'000'000'000),
          static_cast<int32_t>(static_cast<int64_t>(day) - 2'451'545));
  }
  check(-211'813'488'000'000'000, -2'451'545);
  check(kTimestampInfinity, kDateInfinity);
  check(kTimestampMinusInfinity, kDateMinusInfinity);
  std::string text;
  AppendTimestampWithoutZone(kDay + 500'000, &text);
  EXPECT_EQ(text, "2000-01-02T00:00:00.5");
}

TEST(ShownValueTest, Bytes) {
  std::string buffer;
  EXPECT_EQ(ShowBytes(One([](DocumentBuilder* b) { b->Bytes("ab"); }).value(), &buffer), "ab");
  EXPECT_EQ(ShowBytes(Str("\\x00fF").value(), &buffer), std::string_view("\0\xff", 2));
  EXPECT_EQ(ShowBytes(Str("\\x").value(), &buffer), "");
  for (const char* text : {"", "x00", "\\x0", "\\x0g", "\\X00", "\\\\x00"}) {
    EXPECT_EQ(ShowBytes(Str(text).value(), &buffer), std::nullopt) << text;
  }
}

TEST(ShownValueTest, Text) {
  std::string buffer;
  EXPECT_EQ(ShowText(Str("as it \"is\"").value(), &buffer), "as it \"is\"");
  EXPECT_EQ(ShowText(Number("1.50").value(), &buffer), "1.50");
  EXPECT_EQ(ShowText(True().value(), &buffer), "true");
  EXPECT_EQ(ShowText(Null().value(), &buffer), std::nullopt);
  const One array([](DocumentBuilder* b) {
    b->BeginArray();
    b->String("x");
    b->Null();
    b->EndArray();
  });
  EXPECT_EQ(ShowText(array.value(), &buffer), "[\"x\", null]");
}

}  // namespace
}  // namespace quire
