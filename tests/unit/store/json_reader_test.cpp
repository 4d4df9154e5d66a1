#include "engine/store/json_reader.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "engine/store/document.h"
#include "engine/store/json_text.h"
#include "engine/store/jsonb.h"
#include "tests/unit/store/document_text.h"
#include "tests/unit/store/random_document.h"

namespace quire {
namespace {

struct Read {
  bool taken = false;
  absl::Status status;
  std::string document;
};

// Reads a text that ends where its memory ends, as the sanitizer sees.
Read ReadWith(const std::string& text, size_t memory_bytes, bool utf8, DocumentLimits limits = {}) {
  const std::vector<char> exact(text.begin(), text.end());
  std::vector<uint64_t> memory(memory_bytes / 8 + 1);
  const JsonTree* tree =
      ReadJson({exact.data(), exact.size()}, utf8,
               absl::MakeSpan(reinterpret_cast<char*>(memory.data()), memory_bytes));
  if (tree == nullptr) return {};
  DocumentBuilder builder(limits);
  Read read{.taken = true};
  read.status = AppendJsonTree(*tree, limits, &builder);
  if (!read.status.ok()) return read;
  const absl::StatusOr<std::string_view> document = builder.Finish();
  read.status = document.status();
  if (document.ok()) {
    read.document = std::string(*document);
    EXPECT_TRUE(ValidateDocument(read.document, limits).ok());
  }
  return read;
}

Read ReadText(const std::string& text, bool utf8 = true) {
  return ReadWith(text, JsonTreeBytesMax(text), utf8);
}

// The document as JSON text again.
std::string Shown(const std::string& text) {
  const Read read = ReadText(text);
  if (!read.taken) return "not taken";
  if (!read.status.ok()) return std::string(read.status.message());
  std::string shown;
  AppendJsonText(RootOf(read.document), &shown);
  return shown;
}

TEST(JsonReader, ReadsEveryKindOfValue) {
  EXPECT_EQ(Shown("null"), "null");
  EXPECT_EQ(Shown(" \n\t\r true "), "true");
  EXPECT_EQ(Shown("[false]"), "[false]");
  EXPECT_EQ(Shown("\"\""), "\"\"");
  EXPECT_EQ(Shown("[]"), "[]");
  EXPECT_EQ(Shown("{ }"), "{}");
  EXPECT_EQ(Shown(R"([ 1 , "a",{"b" : [ ]}, null ])"), R"([1, "a", {"b": []}, null])");
}

TEST(JsonReader, OrdersFieldsAsJsonbAndKeepsTheLastOfEqualNames) {
  EXPECT_EQ(Shown(R"({"bb":1,"a":2,"aa":3,"":4})"), R"({"": 4, "a": 2, "aa": 3, "bb": 1})");
  EXPECT_EQ(Shown(R"({"a":1,"b":2,"a":{"x":3},"b":4})"), R"({"a": {"x": 3}, "b": 4})");
  EXPECT_EQ(Shown(R"({"\u0061":1,"a":2})"), R"({"a": 2})");
  EXPECT_EQ(Shown(R"({"abcdX":1,"abcdA":2})"), R"({"abcdA": 2, "abcdX": 1})");
}

TEST(JsonReader, OrdersManyFields) {
  std::mt19937_64 random(11);
  std::string text = "{";
  for (int i = 0; i < 1000; ++i) {
    const std::string name = std::to_string(random() % 300);
    text += (i == 0 ? "\"" : ",\"") + name + "\":" + std::to_string(i);
  }
  text += "}";
  EXPECT_EQ(ReadText(text).document, DocumentOf(text));
}

TEST(JsonReader, KeepsTheScaleOfNumbers) {
  for (const char* number : {"0", "-1", "0.10", "0.1", "-12.3400", "999999999999999999", "0.00",
                             "1.50", "-0.5", "300", "0.000001"}) {
    EXPECT_EQ(Shown(number), number);
  }
  EXPECT_EQ(Shown("-0"), "0");
  EXPECT_EQ(Shown("-0.0"), "0.0");
  EXPECT_EQ(Shown("1e5"), "100000");
  EXPECT_EQ(Shown("1.5E3"), "1500");
  EXPECT_EQ(Shown("1.50e1"), "15.0");
  EXPECT_EQ(Shown("1e-2"), "0.01");
  EXPECT_EQ(Shown("10e-1"), "1.0");
  EXPECT_EQ(Shown("0e5"), "0");
  EXPECT_EQ(Shown("1e20"), "100000000000000000000");
  EXPECT_EQ(Shown("1e-100"), "0." + std::string(99, '0') + "1");
}

TEST(JsonReader, Unescapes) {
  EXPECT_EQ(ReadText(R"("a\"\\\/\b\f\n\r\tz")").document,
            ReadText("\"a\\u0022\\u005c\\u002f\\u0008\\u000c\\u000A\\u000d\\u0009z\"").document);
  EXPECT_EQ(Shown(R"("\u00e9\u20AC\ud834\udd1e")"), "\"é€𝄞\"");
  EXPECT_EQ(Shown(R"({"\ud834\udd1e":"x\u0041"})"), "{\"𝄞\": \"xA\"}");
  EXPECT_TRUE(ReadText(R"("\u0041")", false).taken);
  EXPECT_FALSE(ReadText(R"("\u00e9")", false).taken);
}

TEST(JsonReader, LeavesTheRestToTheServer) {
  for (const char* text : {"",
                           " ",
                           "nul",
                           "nullx",
                           "truefalse",
                           "tru",
                           "'a'",
                           "\"",
                           "\"a",
                           "\"\\",
                           "\"\\u",
                           "\"\\u00",
                           R"("\u0000")",
                           R"("\ud800")",
                           R"("\ud800x")",
                           R"("\ud800\u0041")",
                           R"("\udc00")",
                           R"("\x41")",
                           R"("\u00g1")",
                           "\"a\nb\"",
                           "01",
                           "-",
                           "-a",
                           "1.",
                           ".5",
                           "1.e5",
                           "1e",
                           "1e+",
                           "+1",
                           "1a",
                           "0x1",
                           "NaN",
                           "1 2",
                           "[",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":1,",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:1}",
                           "{\"a\" 1}",
                           "}",
                           "]",
                           "1234567890123456789",
                           "0.1234567890123456789",
                           "1e128",
                           "1e9999999",
                           "1e-300"}) {
    EXPECT_FALSE(ReadText(text).taken) << text;
  }
  EXPECT_FALSE(ReadText(std::string("\"a\0b\"", 5)).taken);
  EXPECT_FALSE(ReadText(std::string("1\0", 2)).taken);
  EXPECT_FALSE(ReadText(std::string(kJsonTextBytesMax, ' ') + "1").taken);
}

TEST(JsonReader, ObeysLimits) {
  const auto read = [](const std::string& text, DocumentLimits limits) {
    return ReadWith(text, JsonTreeBytesMax(text), true, limits).status;
  };
  EXPECT_TRUE(read("[[1]]", {.depth_max = 2}).ok());
  EXPECT_EQ(read("[[[]]]", {.depth_max = 2}).code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(read(R"({"a":1,"b":2,"a":3})", {.fields_max = 2}).ok());
  EXPECT_EQ(read(R"([{"a":1,"b":2,"c":3}])", {.fields_max = 2}).code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(read("[1,2,3]", {.array_length_max = 2}).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(read("\"" + std::string(90, 'a') + "\"", {.bytes_max = 64}).code(),
            absl::StatusCode::kOutOfRange);
  const std::string deep = std::string(DocumentLimits::kDepthHardMax + 1, '[') +
                           std::string(DocumentLimits::kDepthHardMax + 1, ']');
  EXPECT_FALSE(ReadText(deep).taken);
  EXPECT_TRUE(ReadText(deep.substr(1, deep.size() - 2)).taken);
}

TEST(JsonReader, SaysWhenMemoryIsTooLittle) {
  std::string text = "[1";
  for (int i = 0; i < 5000; ++i) text += ",1";
  text += "]";
  EXPECT_FALSE(ReadWith(text, JsonTreeBytesLikely(text), true).taken);
  EXPECT_TRUE(ReadWith(text, JsonTreeBytesMax(text), true).taken);
  EXPECT_TRUE(ReadWith("{}", JsonTreeBytesLikely("{}"), true).taken);
}

// What jsonb makes of a value is what this reader makes of its text.
TEST(JsonReader, AgreesWithJsonb) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  int taken = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string built = DocumentOf(RandomText(&random, 4));
    std::string text;
    AppendJsonText(RootOf(built), &text);
    const Read read = ReadText(text);
    if (!read.taken) continue;
    ++taken;
    std::string jsonb;
    ASSERT_TRUE(AppendJsonb(RootOf(built), &jsonb).ok());
    DocumentBuilder builder;
    ASSERT_TRUE(JsonbToDocument(jsonb, DocumentLimits(), &builder).ok());
    const absl::StatusOr<std::string_view> expected = builder.Finish();
    ASSERT_TRUE(expected.ok());
    ASSERT_TRUE(read.status.ok());
    ASSERT_EQ(read.document, *expected) << text;
  }
  EXPECT_GT(taken, 300);
}

// Every cut and every changed byte of a text is read, or not, inside its bounds.
TEST(JsonReader, StaysInsideTheText) {
  const std::string text =
      R"({"a":[1,-2.50,"x\u00e9\n"],"bb":{"c":null,"d":true},"e":"0123456789abcdef","f":false})";
  for (size_t n = 0; n <= text.size(); ++n) ReadText(text.substr(0, n));
  for (size_t i = 0; i < text.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[i] = static_cast<char>(byte);
      ReadText(changed);
    }
  }
}

}  // namespace
}  // namespace quire
