#include "engine/store/document_key.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "engine/store/document.h"

namespace quire {
namespace {

int Sign(int order) {
  return (order > 0) - (order < 0);
}

class RandomValue {
 public:
  explicit RandomValue(uint64_t seed) : random_(seed) {}

  // A small document whose root is any value.
  std::string Make() {
    builder_.Clear();
    Add(0);
    return std::string(builder_.Finish().value());
  }

 private:
  uint64_t Below(uint64_t n) { return random_() % n; }

  std::string Text() {
    static constexpr char kLetters[] = {'\0', '\1', 'a', 'b', '\xfe', '\xff'};
    std::string text(Below(4), '\0');
    for (char& c : text) c = kLetters[Below(sizeof(kLetters))];
    return text;
  }

  // Numbers that lie close together across the types.
  void AddNumber() {
    static constexpr int64_t kBases[] = {
        0, 1, -1, 10, int64_t{1} << 53, -(int64_t{1} << 53), INT64_MAX - 2, INT64_MIN + 2};
    const int64_t base = kBases[Below(std::size(kBases))];
    const int64_t near = base + (static_cast<int64_t>(Below(5)) - 2);
    switch (Below(6)) {
      case 0:
        return builder_.Int64(near);
      case 1: {
        double value = static_cast<double>(near);
        if (Below(2) == 0) value = std::nextafter(value, Below(2) == 0 ? INFINITY : -INFINITY);
        return builder_.Double(value);
      }
      case 2: {
        static constexpr double kSpecial[] = {-0.0, 0.1, -0.1, INFINITY, -INFINITY, NAN, 5e-324};
        return builder_.Double(kSpecial[Below(std::size(kSpecial))]);
      }
      case 3:
        return builder_.Decimal(Decimal::FromCoefficient(near, static_cast<int>(Below(5)) - 3, 0));
      case 4: {
        static constexpr const char* kSpecial[] = {
            "0.1",
            "0.10000000000000000555111512312578270211815834045410156250",
            "0.1000000000000001",
            "1e400",
            "-1e400",
            "1e-400",
            "-1e-400",
            "1.5",
            "9007199254740992.00001",
            "NaN"};
        return builder_.Decimal(Decimal::Parse(kSpecial[Below(std::size(kSpecial))]).value());
      }
      default:
        return builder_.Decimal(Decimal::FromDoubleExact(0.1 * static_cast<double>(Below(4))));
    }
  }

  void Add(int depth) {
    switch (Below(depth < 3 ? 12 : 9)) {
      case 0:
        return builder_.Null();
      case 1:
        return builder_.Bool(Below(2) == 0);
      case 2:
        return builder_.String(Text());
      case 3:
        return builder_.Bytes(Text());
      case 4:
        return builder_.Timestamp(static_cast<int64_t>(Below(5)) - 2);
      case 5: {
        std::string uuid(16, '\0');
        uuid[15] = static_cast<char>(Below(3));
        return builder_.Uuid(uuid);
      }
      case 9:
        builder_.BeginArray();
        for (uint64_t n = Below(3); n > 0; --n) Add(depth + 1);
        return builder_.EndArray();
      case 10:
        builder_.BeginObject();
        for (uint64_t n = Below(3); n > 0; --n) {
          builder_.Key(Text());
          Add(depth + 1);
        }
        return builder_.EndObject();
      case 11:
        builder_.BeginId(Text());
        Add(depth + 1);
        return builder_.EndId();
      default:
        return AddNumber();
    }
  }

  std::mt19937_64 random_;
  DocumentBuilder builder_;
};

TEST(DocumentKeyTest, KeysAreOrderedAsValues) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  RandomValue values(seed);
  std::vector<std::string> documents;
  std::vector<std::string> keys;
  for (int i = 0; i < 1'000; ++i) {
    documents.push_back(values.Make());
    KeyWriter key;
    AppendKey(RootOf(documents.back()), &key);
    ASSERT_TRUE(key.fits());
    keys.emplace_back(key.view());
  }
  for (size_t a = 0; a < documents.size(); ++a) {
    for (size_t b = 0; b < a; ++b) {
      ASSERT_EQ(Sign(keys[a].compare(keys[b])),
                Sign(CompareValues(RootOf(documents[a]), RootOf(documents[b]))))
          << testing::PrintToString(keys[a]) << " against " << testing::PrintToString(keys[b]);
    }
  }
}

TEST(DocumentKeyTest, KeysReadBackAsEqualValues) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  RandomValue values(seed);
  DocumentBuilder builder;
  for (int i = 0; i < 3'000; ++i) {
    const std::string document = values.Make();
    KeyWriter key;
    AppendKey(RootOf(document), &key);
    key.Null();
    builder.Clear();
    std::string_view rest;
    const absl::Status status = KeyToDocument(key.view(), &builder, &rest);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(rest.size(), 1u);
    const auto again = builder.Finish();
    ASSERT_TRUE(again.ok());
    ASSERT_EQ(CompareValues(RootOf(document), RootOf(*again)), 0);
  }
}

TEST(DocumentKeyTest, RefusesLongIdsByName) {
  KeyWriter key;
  key.String(std::string(1022, 'k'));
  EXPECT_TRUE(CheckIdKey(key).ok());
  key.Clear();
  key.String(std::string(5000, 'k'));
  const absl::Status status = CheckIdKey(key);
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(status.message(), "an _id takes 5002 bytes as a key, more than the limit of 1024");
}

TEST(DocumentKeyTest, MalformedKeysAreDamage) {
  DocumentBuilder builder;
  EXPECT_EQ(KeyToDocument("\x18no end", &builder).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(KeyToDocument("", &builder).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace quire
