#include "engine/store/document_builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <string>

#include "tests/unit/store/document_text.h"
#include "tests/unit/store/random_document.h"

namespace quire {
namespace {

std::string Finished(DocumentBuilder* builder) {
  const absl::StatusOr<std::string_view> bytes = builder->Finish();
  return bytes.ok() ? TextOfDocument(*bytes) : std::string(bytes.status().message());
}

TEST(DocumentBuilder, SortsFieldsAndKeepsTheLastOfEqualNames) {
  EXPECT_EQ(TextOfDocument(DocumentOf("{\"bb\":1,\"a\":2,\"\":3,\"c\":4,\"aa\":5}")),
            "{\"\":3,\"a\":2,\"c\":4,\"aa\":5,\"bb\":1}");
  EXPECT_EQ(TextOfDocument(DocumentOf("{\"a\":1,\"a\":[2,3],\"b\":{\"x\":1},\"a\":4}")),
            "{\"a\":4,\"b\":{\"x\":1}}");
  EXPECT_EQ(TextOfDocument(DocumentOf("{\"a\":1,\"a\":2}")), "{\"a\":2}");
  EXPECT_EQ(
      TextOfDocument(DocumentOf("{\"o\":{\"z\":1,\"y\":{\"d\":1,\"c\":\"text\"}},\"n\":null}")),
      "{\"n\":null,\"o\":{\"y\":{\"c\":\"text\",\"d\":1},\"z\":1}}");
}

TEST(DocumentBuilder, ShortensIntegers) {
  const std::pair<int64_t, size_t> cases[] = {
      {0, 1},
      {127, 1},
      {-128, 1},
      {128, 2},
      {-129, 2},
      {32767, 2},
      {32768, 3},
      {-8388608, 3},
      {8388608, 4},
      {1LL << 31, 5},
      {1LL << 39, 6},
      {1LL << 47, 7},
      {1LL << 55, 8},
      {std::numeric_limits<int64_t>::min(), 8},
      {std::numeric_limits<int64_t>::max(), 8},
  };
  for (const auto& [number, size] : cases) {
    DocumentBuilder builder;
    builder.BeginArray();
    builder.Int64(number);
    builder.EndArray();
    const absl::StatusOr<std::string_view> bytes = builder.Finish();
    ASSERT_TRUE(bytes.ok());
    EXPECT_EQ(RootOf(*bytes).Element(0).AsInt64(), number);
    EXPECT_EQ(RootOf(*bytes).Element(0).payload().size(), size) << number;
    EXPECT_TRUE(ValidateDocument(*bytes, {}).ok());
  }
}

TEST(DocumentBuilder, GivesNumbersTheirOneForm) {
  const std::pair<const char*, ValueTag> cases[] = {
      {"5", ValueTag::kInt64},
      {"1e18", ValueTag::kInt64},
      {"9223372036854775807", ValueTag::kInt64},
      {"9223372036854775808", ValueTag::kLargeDecimal},
      {"1e19", ValueTag::kDecimal},
      {"5.0", ValueTag::kDecimal},
      {"0.0", ValueTag::kDecimal},
      {"1e127", ValueTag::kDecimal},
      {"1e128", ValueTag::kLargeDecimal},
      {"1e-128", ValueTag::kDecimal},
      {"1e-129", ValueTag::kLargeDecimal},
  };
  for (const auto& [text, tag] : cases) {
    const std::string bytes = DocumentOf(text);
    EXPECT_EQ(RootOf(bytes).tag(), tag) << text;
    EXPECT_TRUE(ValidateDocument(bytes, {}).ok()) << text;
    EXPECT_EQ(RootOf(bytes).AsDecimal().ToString(), Decimal::Parse(text)->ToString());
  }
  EXPECT_EQ(RootOf(DocumentOf("0." + std::string(255, '0'))).tag(), ValueTag::kDecimal);
  EXPECT_EQ(RootOf(DocumentOf("0." + std::string(256, '0'))).tag(), ValueTag::kLargeDecimal);
  DocumentBuilder builder;
  builder.BeginArray();
  builder.Decimal(Decimal::NotFinite(Decimal::Kind::kNaN));
  builder.Decimal(Decimal::NotFinite(Decimal::Kind::kNegativeInfinity));
  builder.Double(-std::nan("5"));
  builder.EndArray();
  const absl::StatusOr<std::string_view> bytes = builder.Finish();
  ASSERT_TRUE(bytes.ok());
  EXPECT_TRUE(ValidateDocument(*bytes, {}).ok());
  EXPECT_TRUE(std::isnan(RootOf(*bytes).Element(0).AsDouble()));
  EXPECT_EQ(RootOf(*bytes).Element(1).AsDouble(), -HUGE_VAL);
}

TEST(DocumentBuilder, WidensTablesWhereTheyMust) {
  for (const size_t size : {254u, 255u, 256u, 257u, 65534u, 65535u, 65536u, 65537u}) {
    const std::string text(size, 'x');
    for (const std::string& document : {"{\"a\":\"" + text + "\",\"b\":1}",
                                        "{\"" + text + "\":1,\"b\":2}", "[\"" + text + "\",1]"}) {
      const std::string bytes = DocumentOf(document);
      ASSERT_TRUE(ValidateDocument(bytes, DocumentLimits::Hard()).ok()) << size;
      EXPECT_EQ(TextOfDocument(bytes).size(), document.size());
    }
    // The count alone may need the width: nulls take no bytes.
    DocumentBuilder builder;
    builder.BeginArray();
    for (size_t i = 0; i < size; ++i) builder.Null();
    builder.EndArray();
    const absl::StatusOr<std::string_view> bytes = builder.Finish();
    ASSERT_TRUE(bytes.ok());
    EXPECT_TRUE(ValidateDocument(*bytes, DocumentLimits::Hard()).ok()) << size;
    EXPECT_EQ(RootOf(*bytes).count(), size);
  }
}

TEST(DocumentBuilder, NamesTheLimitThatIsExceeded) {
  DocumentLimits limits;
  limits.bytes_max = 100;
  limits.depth_max = 2;
  limits.fields_max = 2;
  limits.array_length_max = 3;
  DocumentBuilder builder(limits);
  auto built = [&builder](const std::string& text) {
    builder.Clear();
    DocumentTextReader(text, &builder).Value();
    return Finished(&builder);
  };
  EXPECT_EQ(built("[[1,2,3],{\"a\":1,\"b\":2}]"), "[[1,2,3],{\"a\":1,\"b\":2}]");
  EXPECT_EQ(built("[[[]]]"),
            "document of at least 3 levels exceeds the limit of 2 (quire.max_depth)");
  EXPECT_EQ(built("[{\"a\":{}}]"),
            "document of at least 3 levels exceeds the limit of 2 (quire.max_depth)");
  EXPECT_EQ(built("{\"a\":1,\"b\":2,\"c\":3}"),
            "object of 3 fields exceeds the limit of 2 (quire.max_fields)");
  EXPECT_EQ(built("{\"a\":1,\"b\":2,\"b\":3}"), "{\"a\":1,\"b\":3}");
  EXPECT_EQ(built("[1,2,3,4]"),
            "array of 4 elements exceeds the limit of 3 (quire.max_array_length)");
  EXPECT_EQ(built("\"" + std::string(97, 'x') + "\"").size(), 99u);
  EXPECT_EQ(built("\"" + std::string(98, 'x') + "\""),
            "document of at least 101 bytes exceeds the limit of 100 (quire.max_document_size)");
  EXPECT_EQ(built("[\"" + std::string(93, 'x') + "\"]").size(), 97u);
  EXPECT_EQ(built("[\"" + std::string(94, 'x') + "\"]"),
            "document of at least 101 bytes exceeds the limit of 100 (quire.max_document_size)");
  EXPECT_EQ(built("{\"" + std::string(101, 'x') + "\":1}"),
            "document of at least 101 bytes exceeds the limit of 100 (quire.max_document_size)");
  builder.Clear();
  builder.BeginArray();
  for (int i = 0; i < 1'000'000; ++i) builder.Null();
  builder.EndArray();
  EXPECT_EQ(builder.Finish().status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(built("7"), "7");
}

TEST(DocumentBuilder, CopiesValues) {
  const std::string source =
      DocumentOf("{\"n\":7,\"d\":1.50,\"big\":1e300,\"o\":{\"x\":[1,{\"y\":2}]},\"s\":\"text\"}");
  DocumentBuilder builder;
  builder.BeginArray();
  for (uint32_t i = 0; i < RootOf(source).count(); ++i) builder.Value(RootOf(source).FieldValue(i));
  for (const char* root : {"-5", "-2.5", "1e300", "true", "\"r\"", "[1]"}) {
    builder.Value(RootOf(DocumentOf(root)));
  }
  builder.EndArray();
  const absl::StatusOr<std::string_view> bytes = builder.Finish();
  ASSERT_TRUE(bytes.ok());
  EXPECT_TRUE(ValidateDocument(*bytes, {}).ok());
  const std::string big = "1" + std::string(300, '0');
  EXPECT_EQ(TextOfDocument(*bytes), "[1.50,7,{\"x\":[1,{\"y\":2}]},\"text\"," + big + ",-5,-2.5," +
                                        big + ",true,\"r\",[1]]");
  for (const char* root : {"-5", "-2.5", "1e300", "\"r\"", "[1]", "{}"}) {
    const std::string document = DocumentOf(root);
    builder.Clear();
    builder.Value(RootOf(document));
    EXPECT_EQ(*builder.Finish(), document);
  }
}

TEST(DocumentBuilder, ChecksTheDepthOfWhatItCopies) {
  DocumentLimits limits;
  limits.depth_max = 3;
  DocumentBuilder builder(limits);
  const std::string two = DocumentOf("[{}]");
  builder.BeginArray();
  builder.Value(RootOf(two));
  builder.EndArray();
  EXPECT_EQ(Finished(&builder), "[[{}]]");
  builder.Clear();
  builder.BeginArray();
  builder.BeginArray();
  builder.Value(RootOf(two));
  builder.EndArray();
  builder.EndArray();
  EXPECT_EQ(Finished(&builder),
            "document of at least 4 levels exceeds the limit of 3 (quire.max_depth)");
}

TEST(DocumentBuilder, GivesMemoryBackAfterALargeDocument) {
  DocumentBuilder builder(DocumentLimits::Hard());
  builder.String(std::string(32 << 20, 'x'));
  ASSERT_TRUE(builder.Finish().ok());
  builder.Clear();
  builder.Int64(5);
  EXPECT_EQ(Finished(&builder), "5");
}

// A document in any order of fields has the same bytes, is valid, and reads back.
TEST(DocumentBuilder, RandomDocumentsHaveOneForm) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  DocumentBuilder builder(DocumentLimits::Hard());
  for (int i = 0; i < 1000; ++i) {
    const std::string text = RandomText(&random, 4);
    const std::string bytes = DocumentOf(text);
    ASSERT_TRUE(ValidateDocument(bytes, DocumentLimits::Hard()).ok()) << text;
    builder.Clear();
    Rebuild(RootOf(bytes), &builder);
    const absl::StatusOr<std::string_view> again = builder.Finish();
    ASSERT_TRUE(again.ok());
    ASSERT_EQ(ToHex(*again), ToHex(bytes)) << text;
    ASSERT_EQ(DocumentOf(TextOfDocument(bytes)), bytes) << text;
    builder.Clear();
    builder.Value(RootOf(bytes));
    ASSERT_EQ(*builder.Finish(), bytes) << text;
  }
}

TEST(DocumentBuilder, RandomObjectsAgreeWithAMap) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  DocumentBuilder builder;
  for (int i = 0; i < 300; ++i) {
    std::map<std::string, int64_t> model;
    builder.Clear();
    builder.BeginObject();
    for (uint64_t n = random() % 60; n > 0; --n) {
      const std::string name(random() % 4, static_cast<char>('a' + random() % 5));
      const auto value = static_cast<int64_t>(random()) >> (random() % 64);
      model[name] = value;
      builder.Key(name);
      builder.Int64(value);
    }
    builder.EndObject();
    const absl::StatusOr<std::string_view> bytes = builder.Finish();
    ASSERT_TRUE(bytes.ok());
    ASSERT_EQ(RootOf(*bytes).count(), model.size());
    for (const auto& [name, value] : model) {
      ValueView found;
      ASSERT_TRUE(RootOf(*bytes).Find(name, &found)) << name;
      ASSERT_EQ(found.AsInt64(), value) << name;
    }
  }
}

}  // namespace
}  // namespace quire
