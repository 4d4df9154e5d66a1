#include "engine/store/document.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/store/document_text.h"
#include "tests/unit/store/random_document.h"

namespace quire {
namespace {

std::string ErrorOf(std::string_view bytes, const DocumentLimits& limits = DocumentLimits::Hard()) {
  const absl::Status status = ValidateDocument(bytes, limits);
  return status.ok() ? "OK" : std::string(status.message());
}

TEST(Document, HasTheBytesOfItsSpecification) {
  const std::pair<const char*, const char*> cases[] = {
      {"null", "01 00 00"},
      {"true", "01 02 00"},
      {"7", "01 03 00  0700000000000000"},
      {"-2", "01 03 00  feffffffffffffff"},
      {"1.50", "01 05 00  ff 02  0f00000000000000"},
      {"0.5f", "01 04 00  000000000000e03f"},
      {"1e400", "01 06 00  00 6400 0000 0100"},
      {"\"ab\"", "01 07 00  6162"},
      {"x'00ff'", "01 08 00  00ff"},
      {"t'-1'", "01 09 00  ffffffffffffffff"},
      {"u'00112233445566778899aabbccddeeff'", "01 0a 00  00112233445566778899aabbccddeeff"},
      {"[]", "01 0c 00  00 00"},
      {"{}", "01 0d 00  00 00"},
      {"[1,-300,true]", "01 0c 00  00 03  01 03 03  03 03 02  01 d4fe"},
      {"{\"bb\":null,\"a\":\"x\"}", "01 0d 00  00 02  01 03  01 01  07 00  61 6262  78"},
      {"@'c'(5)", "01 0b 00  00 02  01 02  07 03  63 05"},
  };
  for (const auto& [text, hex] : cases) {
    std::string expected(hex);
    std::erase(expected, ' ');
    const std::string bytes = DocumentOf(text);
    EXPECT_EQ(ToHex(bytes), expected) << text;
    EXPECT_EQ(ErrorOf(bytes), "OK") << text;
    EXPECT_EQ(TextOfDocument(bytes), TextOfDocument(DocumentOf(TextOfDocument(bytes))));
  }
}

TEST(Document, ReadsWhatWasWritten) {
  const std::string bytes = DocumentOf(
      "{\"s\":\"Ada\",\"i\":-9223372036854775808,\"d\":123.4500,\"f\":2.5f,\"b\":false,\"n\":null,"
      "\"arr\":[1,[2,{}]],\"id\":@'users'(\"u1\"),\"raw\":x'00',\"big\":"
      "123456789012345678901234567890.5}");
  const ValueView root = RootOf(bytes);
  ASSERT_EQ(root.type(), ValueType::kObject);
  ASSERT_EQ(root.count(), 10u);
  EXPECT_EQ(root.FieldName(0), "b");
  EXPECT_EQ(root.FieldName(9), "raw");
  ValueView value;
  ASSERT_TRUE(root.Find("i", &value));
  EXPECT_EQ(value.AsInt64(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(value.AsDecimal().ToString(), "-9223372036854775808");
  ASSERT_TRUE(root.Find("d", &value));
  EXPECT_EQ(value.AsDouble(), 123.45);
  EXPECT_EQ(value.AsDecimal().ToString(), "123.4500");
  ASSERT_TRUE(root.Find("f", &value));
  EXPECT_EQ(value.AsDouble(), 2.5);
  EXPECT_EQ(value.AsDecimal().ToString(), "2.5");
  ASSERT_TRUE(root.Find("big", &value));
  EXPECT_EQ(value.tag(), ValueTag::kLargeDecimal);
  EXPECT_EQ(value.AsDouble(), 123456789012345678901234567890.5);
  ASSERT_TRUE(root.Find("arr", &value));
  EXPECT_EQ(value.Element(1).Element(0).AsInt64(), 2);
  EXPECT_EQ(value.Element(1).Element(1).count(), 0u);
  ASSERT_TRUE(root.Find("id", &value));
  EXPECT_EQ(value.IdCollection(), "users");
  EXPECT_EQ(value.IdValue().AsString(), "u1");
  EXPECT_FALSE(root.Find("missing", &value));
  EXPECT_FALSE(value.Find("x", &value));
}

TEST(Document, FindsWithAnyHint) {
  const std::string bytes = DocumentOf(
      "{\"\":0,\"a\":1,\"c\":2,\"bb\":3,\"ccc\":4,\"name_of_9\":5,\"name_of_ninety\":6}");
  const ValueView root = RootOf(bytes);
  ValueView value;
  for (uint32_t hint = 0; hint < 10; ++hint) {
    for (uint32_t i = 0; i < root.count(); ++i) {
      uint32_t slot = hint == 9 ? UINT32_MAX : hint;
      ASSERT_TRUE(root.Find(root.FieldName(i), &value, &slot)) << hint;
      EXPECT_EQ(value.AsInt64(), i);
      EXPECT_EQ(slot, i);
    }
    for (const char* name : {"0", "b", "d", "aa", "cc", "cccc", "name_of_8", "name_of_ninetz"}) {
      uint32_t slot = hint == 9 ? UINT32_MAX : hint;
      EXPECT_FALSE(root.Find(name, &value, &slot)) << name << " " << hint;
      EXPECT_FALSE(root.Find(name, &value, &slot)) << name << " " << hint;
    }
  }
}

TEST(Document, RefusesMalformedBytes) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "header of 3 bytes"},
      {"0100", "header of 3 bytes"},
      {"020000", "format version 1, found 2"},
      {"010001", "offset 2: expected zero, found 1"},
      {"010e00", "tag up to 13, found 14"},
      {"01000000", "0 bytes of a null or boolean, found 1"},
      {"01030007", "8 bytes of an integer, found 1"},
      {"010300", "integer of 1 to 8 bytes, found 0"},
      {"01040000", "8 bytes of a float64, found 1"},
      {"010400010000000000f87f", "the quiet NaN"},
      {"010500ff02", "decimal of at least 3 bytes, found 2"},
      {"010500ff020a00000000000000", "coefficient without trailing zeros, found 10"},
      {"01050001020000000000000000", "coefficient without trailing zeros, found 0"},
      {"010500fe010f00000000000000", "display scale of at least 2, found 1"},
      {"01050001000f00000000000000", "an int64, found a decimal"},
      {"01060000640000", "large decimal of 5 bytes"},
      {"0106000064000000", "sign and weight 0 of a zero"},
      {"010600006400000001", "large decimal of 5 bytes"},
      {"01060002640000000100", "sign of 0 or 1, found 2"},
      {"01060000640000001027", "digits up to 9999, found 10000"},
      {"01060000640000000000", "no leading or trailing zero digit"},
      {"010600009cff01000100", "display scale that covers the digits"},
      {"01060000640000400100", "display scale that covers the digits"},
      {"01060000010000000100", "the smaller form of a decimal"},
      {"01060000000000000100", "the smaller form of a decimal"},
      {"01090000", "8 bytes of a timestamp"},
      {"010a0000", "16 bytes of a uuid"},
      {"010c0000", "container of at least 2 bytes"},
      {"010c000400", "a container header, found 4"},
      {"010c000300", "a container header, found 3"},
      {"010d000c00", "a container header, found 12"},
      {"010c000200", "a count of 4 bytes"},
      {"010c00010000", "narrowest offsets"},
      {"010c000002", "tables of 6 bytes"},
      {"010c00000203020707616263", "an end of at least 3, found 2"},
      {"010c000001040761626364ff", "4 bytes of values, found 5"},
      {"010c000001050761626364", "5 bytes of values, found 4"},
      {"010c00000102030700", "1 bytes of an integer, found 2"},
      {"010d000002", "tables of 8 bytes"},
      {"010d00000102000061", "2 bytes of names and values, found 1"},
      {"010d000002010200000000"
       "6261",
       "names in rising order"},
      {"010d000002010200000000"
       "6161",
       "names in rising order"},
      {"010d000401010000"
       "0061",
       "narrowest offsets"},
      {"010b00000101076301", "1 bytes of values"},
      {"010b00000101"
       "0763",
       "a collection name and a value"},
      {"010b000002010203"
       "036305",
       "a collection name and a value"},
  };
  for (const auto& [hex, message] : cases) {
    const absl::Status status = ValidateDocument(FromHex(hex), DocumentLimits::Hard());
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << hex;
    EXPECT_NE(std::string(status.message()).find(message), std::string::npos)
        << hex << ": " << status.message();
  }
}

TEST(Document, RefusesEveryBeginningOfADocument) {
  const std::string bytes =
      DocumentOf("{\"a\":[1,2.50,{\"b\":\"text\"}],\"id\":@'c'(null),\"f\":1.5f,\"t\":t'5'}");
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(ErrorOf(bytes.substr(0, size)), "OK") << size;
  }
}

TEST(Document, EveryChangedByteIsRefusedOrHarmless) {
  const std::string bytes = DocumentOf(
      "{\"a\":[1,2.50,{\"b\":\"text\"}],\"id\":@'c'(null),\"f\":1.5f,\"n\":1e500,\"o\":{\"p\":{}}"
      "}");
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int change = 1; change < 256; ++change) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ change);
      if (ErrorOf(changed) != "OK") continue;
      // What is accepted has one form: the same values, built again, give the same bytes.
      DocumentBuilder builder(DocumentLimits::Hard());
      Rebuild(RootOf(changed), &builder);
      const absl::StatusOr<std::string_view> again = builder.Finish();
      ASSERT_TRUE(again.ok());
      EXPECT_EQ(ToHex(*again), ToHex(changed)) << i << " ^ " << change;
    }
  }
}

TEST(Document, NamesTheLimitThatIsExceeded) {
  DocumentLimits limits;
  limits.bytes_max = 40;
  EXPECT_EQ(ErrorOf(DocumentOf("\"" + std::string(37, 'x') + "\""), limits), "OK");
  EXPECT_EQ(ErrorOf(DocumentOf("\"" + std::string(38, 'x') + "\""), limits),
            "document of at least 41 bytes exceeds the limit of 40 (quire.max_document_size)");
  limits = DocumentLimits();
  limits.depth_max = 2;
  EXPECT_EQ(ErrorOf(DocumentOf("[[],{}]"), limits), "OK");
  EXPECT_EQ(ErrorOf(DocumentOf("[[],{\"a\":[]}]"), limits),
            "document of at least 3 levels exceeds the limit of 2 (quire.max_depth)");
  EXPECT_EQ(ErrorOf(DocumentOf("[[],{\"a\":{}}]"), limits),
            "document of at least 3 levels exceeds the limit of 2 (quire.max_depth)");
  limits.fields_max = 1;
  EXPECT_EQ(ErrorOf(DocumentOf("{\"a\":1}"), limits), "OK");
  EXPECT_EQ(ErrorOf(DocumentOf("{\"a\":1,\"b\":2}"), limits),
            "object of 2 fields exceeds the limit of 1 (quire.max_fields)");
  limits.array_length_max = 3;
  EXPECT_EQ(ErrorOf(DocumentOf("[1,2,3]"), limits), "OK");
  EXPECT_EQ(ErrorOf(DocumentOf("[1,2,3,4]"), limits),
            "array of 4 elements exceeds the limit of 3 (quire.max_array_length)");
  EXPECT_EQ(ValidateDocument(DocumentOf("[1,2,3,4]"), limits).code(),
            absl::StatusCode::kOutOfRange);
}

TEST(Document, HostileNestingEndsAtTheHardLimit) {
  // Arrays of one array, sound but for their depth, whatever the caller allows.
  std::string payload("\0\0", 2);
  for (int i = 0; i < 5000; ++i) {
    const auto size = static_cast<uint32_t>(payload.size());
    const size_t width = size < 256 ? 1 : 2;
    std::string head(1, static_cast<char>(width - 1));
    const uint32_t count = 1;
    head.append(reinterpret_cast<const char*>(&count), width);
    head.append(reinterpret_cast<const char*>(&size), width);
    head.push_back(static_cast<char>(ValueTag::kArray));
    payload = head + payload;
  }
  DocumentLimits limits = DocumentLimits::Hard();
  limits.depth_max = UINT32_MAX;
  EXPECT_EQ(ErrorOf(std::string("\1\14\0", 3) + payload, limits),
            "document of at least 1001 levels exceeds the limit of 1000 (quire.max_depth)");
}

TEST(Document, MeasuresDepth) {
  EXPECT_EQ(DepthOf(RootOf(DocumentOf("5"))), 0u);
  EXPECT_EQ(DepthOf(RootOf(DocumentOf("{}"))), 1u);
  EXPECT_EQ(DepthOf(RootOf(DocumentOf("[1,[2],{\"a\":@'c'([])},3]"))), 4u);
}

// ---- order

// Values in rising order; those on one line are equal.
const std::vector<std::vector<const char*>> kLadder = {
    {"null"},
    {"false"},
    {"true"},
    {"-1e400"},
    {"-9223372036854775809"},
    {"-9223372036854775808", "-9223372036854775808f"},
    {"-1.5", "-1.50", "-1.5f"},
    {"-1", "-1.0", "-1.00", "-1f"},
    {"-1e-400"},
    {"0", "0.00", "-0f", "0f"},
    {"4e-324"},
    {"5e-324f"},
    {"0.1"},
    {"0.1f"},
    {"0.10000000000000001"},
    {"1"},
    {"9007199254740992", "9007199254740992f"},
    {"9007199254740993", "9007199254740993.0"},
    {"9007199254740994f"},
    {"9223372036854775807"},
    {"9223372036854775807.5"},
    {"9223372036854775808", "9223372036854775808f"},
    {"1e308"},
    {"1e308f"},
    {"1e309"},
    {"1e999f"},
    {"NaN"},
    {"\"\""},
    {"\"a\""},
    {"\"aa\""},
    {"\"b\""},
    {"\"é\""},
    {"x''"},
    {"x'00'"},
    {"x'ff'"},
    {"t'-5'"},
    {"t'5'"},
    {"u'00000000000000000000000000000001'"},
    {"u'ff000000000000000000000000000000'"},
    {"@'a'(\"z\")"},
    {"@'b'(1)"},
    {"@'b'(2)", "@'b'(2.0)"},
    {"[]"},
    {"[null]"},
    {"[1]", "[1.0]"},
    {"[1,0]"},
    {"[2]"},
    {"[[]]"},
    {"{}"},
    {"{\"a\":1}", "{\"a\":1.0}"},
    {"{\"a\":1,\"b\":0}"},
    {"{\"a\":2}"},
    {"{\"b\":0}"},
};

TEST(Document, OrdersValues) {
  for (size_t i = 0; i < kLadder.size(); ++i) {
    for (const char* a : kLadder[i]) {
      const std::string a_bytes = DocumentOf(a);
      for (size_t j = 0; j < kLadder.size(); ++j) {
        for (const char* b : kLadder[j]) {
          const std::string b_bytes = DocumentOf(b);
          const int order = CompareValues(RootOf(a_bytes), RootOf(b_bytes));
          EXPECT_EQ(order < 0, i < j) << a << " against " << b;
          EXPECT_EQ(order > 0, i > j) << a << " against " << b;
        }
      }
    }
  }
}

TEST(Document, RandomOrderIsTotal) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::vector<std::string> documents;
  for (int i = 0; i < 150; ++i) documents.push_back(DocumentOf(RandomText(&random, 2)));
  std::sort(documents.begin(), documents.end(), [](const std::string& a, const std::string& b) {
    return CompareValues(RootOf(a), RootOf(b)) < 0;
  });
  for (size_t i = 0; i < documents.size(); ++i) {
    for (size_t j = i; j < documents.size(); ++j) {
      const int order = CompareValues(RootOf(documents[i]), RootOf(documents[j]));
      EXPECT_LE(order, 0) << TextOfDocument(documents[i]) << " " << TextOfDocument(documents[j]);
      const int reverse = CompareValues(RootOf(documents[j]), RootOf(documents[i]));
      EXPECT_EQ(order == 0, reverse == 0);
      EXPECT_EQ(order<0, reverse> 0);
    }
  }
}

}  // namespace
}  // namespace quire
