#include "engine/index/key.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace quire {
namespace {

using Item = KeyReader::Item;

template <typename Write>
std::string KeyOf(Write write) {
  KeyWriter key;
  write(&key);
  EXPECT_TRUE(key.fits());
  return std::string(key.view());
}

std::string IntKey(int64_t value) {
  return KeyOf([value](KeyWriter* key) { key->Int64(value); });
}
std::string DoubleKey(double value) {
  return KeyOf([value](KeyWriter* key) { key->Double(value); });
}
std::string DecimalKey(std::string_view text) {
  return KeyOf([text](KeyWriter* key) { key->Decimal(Decimal::Parse(text).value()); });
}
std::string StringKey(std::string_view text) {
  return KeyOf([text](KeyWriter* key) { key->String(text); });
}

TEST(KeyTest, TypesComeInOrder) {
  const std::string uuid(16, '\0');
  const std::vector<std::string> keys = {
      KeyOf([](KeyWriter* key) { key->Null(); }),
      KeyOf([](KeyWriter* key) { key->Bool(false); }),
      KeyOf([](KeyWriter* key) { key->Bool(true); }),
      DoubleKey(-INFINITY),
      DecimalKey("-1e400"),
      DoubleKey(-std::numeric_limits<double>::max()),
      IntKey(INT64_MIN),
      IntKey(-1),
      DoubleKey(-std::numeric_limits<double>::denorm_min()),
      DecimalKey("-1e-400"),
      IntKey(0),
      DecimalKey("1e-400"),
      DoubleKey(std::numeric_limits<double>::denorm_min()),
      DecimalKey("0.1"),
      DoubleKey(0.1),  // 0.1000000000000000055…
      IntKey(1),
      DecimalKey("9007199254740992.5"),
      IntKey((int64_t{1} << 53) + 1),
      IntKey(INT64_MAX),
      DoubleKey(0x1p63),
      DoubleKey(std::numeric_limits<double>::max()),
      DecimalKey("1e400"),
      DecimalKey("1.00000000000000000000000000001e400"),
      DoubleKey(INFINITY),
      DoubleKey(NAN),
      StringKey(""),
      StringKey(std::string("\0", 1)),
      StringKey(std::string("\0\0", 2)),
      StringKey("a"),
      StringKey(std::string("a\0", 2)),
      StringKey(std::string("a\0\xff", 3)),
      StringKey("a\x01"),
      StringKey("ab"),
      StringKey("\xff"),
      KeyOf([](KeyWriter* key) { key->Bytes(""); }),
      KeyOf([](KeyWriter* key) { key->Timestamp(INT64_MIN); }),
      KeyOf([](KeyWriter* key) { key->Timestamp(-1); }),
      KeyOf([](KeyWriter* key) { key->Timestamp(0); }),
      KeyOf([&uuid](KeyWriter* key) { key->Uuid(uuid); }),
      KeyOf([](KeyWriter* key) {
        key->BeginId("c");
        key->Int64(1);
      }),
      KeyOf([](KeyWriter* key) {
        key->BeginArray();
        key->End();
      }),
      KeyOf([](KeyWriter* key) {
        key->BeginArray();
        key->Null();
        key->End();
      }),
      KeyOf([](KeyWriter* key) {
        key->BeginObject();
        key->End();
      }),
      KeyOf([](KeyWriter* key) {
        key->BeginObject();
        key->Field("");
        key->Null();
        key->End();
      }),
  };
  for (size_t i = 1; i < keys.size(); ++i) EXPECT_LT(keys[i - 1], keys[i]) << "at " << i;
}

TEST(KeyTest, EqualNumbersAreOneKey) {
  const std::string one = IntKey(1);
  EXPECT_EQ(one.size(), 10u);
  EXPECT_EQ(DoubleKey(1), one);
  for (const char* text : {"1", "1.0", "1.00", "1e0", "10e-1"}) EXPECT_EQ(DecimalKey(text), one);
  for (const char* text : {"0", "0.00", "-0", "-0.0"}) EXPECT_EQ(DecimalKey(text), IntKey(0));
  EXPECT_EQ(DoubleKey(-0.0), IntKey(0));
  EXPECT_EQ(DecimalKey("9223372036854775807"), IntKey(INT64_MAX));
  EXPECT_EQ(DecimalKey("-9223372036854775808"), IntKey(INT64_MIN));
  EXPECT_EQ(DoubleKey(-0x1p63), IntKey(INT64_MIN));
  EXPECT_EQ(DoubleKey(-NAN), DoubleKey(NAN));
  EXPECT_EQ(IntKey(int64_t{1} << 53).size(), 10u);
}

// The one operation that finds a small decimal's floor against the long way through its digits.
TEST(KeyTest, FloorsOfDecimals) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    int64_t coefficient = static_cast<int64_t>(random()) >> (10 + random() % 50);
    const int exponent = static_cast<int>(random() % 45) - 22;
    KeyWriter key;
    key.Decimal(coefficient, exponent);
    KeyReader reader(key.view());
    const Item item = reader.Next();
    const Decimal value = Decimal::FromCoefficient(coefficient, exponent, 0);
    // What is read back: the reader refuses a floor that is not the digits'.
    if (item == Item::kInt64) {
      ASSERT_EQ(Decimal::Compare(Decimal::FromInt64(reader.int64()), value), 0);
    } else if (item == Item::kDouble) {
      ASSERT_EQ(Decimal::Compare(Decimal::FromDoubleExact(reader.number()), value), 0);
    } else {
      ASSERT_EQ(item, Item::kDecimal);
      ASSERT_EQ(Decimal::Compare(reader.decimal(), value), 0);
    }
    const double nearest = value.ToDouble();
    const int order = Decimal::Compare(Decimal::FromDoubleExact(nearest), value);
    const std::string at_nearest = DoubleKey(nearest);
    ASSERT_EQ(at_nearest < key.view(), order < 0);
    ASSERT_EQ(at_nearest == key.view(), order == 0);
  }
}

TEST(KeyTest, PartsOfAKeyStandOneAfterTheOther) {
  const auto pair = [](std::string_view a, int64_t b) {
    return KeyOf([a, b](KeyWriter* key) {
      key->String(a);
      key->Int64(b);
    });
  };
  EXPECT_LT(pair("a", 9), pair("a", 10));
  EXPECT_LT(pair("a", 9), pair("aa", 1));
  EXPECT_LT(pair("a", 9), pair(std::string("a\0", 2), 1));
  const auto downward = [](std::string_view a, int64_t b) {
    return KeyOf([a, b](KeyWriter* key) {
      key->String(a);
      key->Invert(0);
      key->Int64(b);
    });
  };
  EXPECT_GT(downward("a", 9), downward("aa", 1));
  EXPECT_GT(downward("a", 9), downward(std::string("a\0", 2), 1));
  EXPECT_LT(downward("a", 9), downward("a", 10));
}

TEST(KeyTest, LongKeysAreCutAndCounted) {
  KeyWriter key;
  const std::string text(1022, 'x');
  key.String(text);
  EXPECT_TRUE(key.fits());
  EXPECT_EQ(key.bytes(), 1024u);
  key.Clear();
  key.String(text + "yz");
  EXPECT_FALSE(key.fits());
  EXPECT_EQ(key.bytes(), 1026u);
  EXPECT_EQ(key.view().size(), kKeyBytesMax);
  EXPECT_EQ(key.view().back(), 'y');
  key.String("more");
  EXPECT_EQ(key.bytes(), 1032u);
}

TEST(KeyTest, ReadsBackWhatWasWritten) {
  const std::string text("a\0b\0", 4);
  const std::string key = KeyOf([&text](KeyWriter* writer) {
    writer->BeginObject();
    writer->Field("list");
    writer->BeginArray();
    writer->Int64(-7);
    writer->Double(0.5);
    writer->Decimal(1, -1);
    writer->BeginId(text);
    writer->Bool(true);
    writer->End();
    writer->Field("s");
    writer->Bytes(text);
    writer->End();
    writer->Timestamp(-5);
  });
  KeyReader reader(key);
  EXPECT_EQ(reader.Next(), Item::kBeginObject);
  EXPECT_EQ(reader.Next(), Item::kField);
  EXPECT_EQ(reader.text(), "list");
  EXPECT_EQ(reader.Next(), Item::kBeginArray);
  EXPECT_EQ(reader.Next(), Item::kInt64);
  EXPECT_EQ(reader.int64(), -7);
  EXPECT_EQ(reader.Next(), Item::kDouble);
  EXPECT_EQ(reader.number(), 0.5);
  EXPECT_EQ(reader.Next(), Item::kDecimal);
  EXPECT_EQ(reader.decimal().ToString(), "0.1");
  EXPECT_EQ(reader.Next(), Item::kBeginId);
  EXPECT_EQ(reader.text(), text);
  EXPECT_EQ(reader.Next(), Item::kBool);
  EXPECT_TRUE(reader.boolean());
  EXPECT_EQ(reader.Next(), Item::kEndId);
  EXPECT_EQ(reader.Next(), Item::kEndArray);
  EXPECT_EQ(reader.Next(), Item::kField);
  EXPECT_EQ(reader.Next(), Item::kBytes);
  EXPECT_EQ(reader.text(), text);
  EXPECT_EQ(reader.Next(), Item::kEndObject);
  EXPECT_EQ(reader.Next(), Item::kTimestamp);
  EXPECT_EQ(reader.int64(), -5);
  EXPECT_EQ(reader.Next(), Item::kDone);
  // Every shorter key is refused somewhere, except at the border of the two values.
  const size_t border = key.size() - 9;
  for (size_t size = 1; size < key.size(); ++size) {
    KeyReader cut(std::string_view(key).substr(0, size));
    Item item = cut.Next();
    while (item != Item::kDone && item != Item::kMalformed) item = cut.Next();
    EXPECT_EQ(item, size == border ? Item::kDone : Item::kMalformed) << size;
    EXPECT_EQ(cut.Next(), item);
  }
}

TEST(KeyTest, RefusesOtherFormsOfTheSameNumber) {
  const auto refused = [](std::string key) {
    KeyReader reader(key);
    return reader.Next() == Item::kMalformed;
  };
  std::string zero = IntKey(0);
  zero[1] = 0x7f;
  for (int i = 2; i < 9; ++i) zero[i] = '\xff';
  EXPECT_TRUE(refused(zero)) << "minus zero";
  std::string tenth = DecimalKey("0.1");
  ASSERT_FALSE(refused(tenth));
  ++tenth[8];
  EXPECT_TRUE(refused(tenth)) << "a floor that is above the number";
  std::string exact = DoubleKey(0.5);
  exact[9] = 1;
  EXPECT_TRUE(refused(exact + std::string("\x7f\xff\x13\x89\0\0", 6))) << "digits without need";
  std::string nan = DoubleKey(NAN);
  nan[8] = 1;
  EXPECT_TRUE(refused(nan)) << "another NaN";
}

}  // namespace
}  // namespace quire
