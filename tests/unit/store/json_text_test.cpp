#include "engine/store/json_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "engine/store/document.h"
#include "engine/store/document_builder.h"

namespace quire {
namespace {

template <typename Build>
std::string TextOf(Build build) {
  DocumentBuilder builder;
  build(&builder);
  const auto document = builder.Finish();
  EXPECT_TRUE(document.ok()) << document.status();
  std::string text;
  AppendJsonText(RootOf(*document), &text);
  return text;
}

TEST(JsonTextTest, ContainersAsTheServerPrintsThem) {
  const std::string text = TextOf([](DocumentBuilder* builder) {
    builder->BeginObject();
    builder->Key("bb");
    builder->BeginArray();
    builder->Int64(1);
    builder->Decimal(Decimal::Parse("2.50").value());
    builder->Null();
    builder->BeginObject();
    builder->EndObject();
    builder->BeginArray();
    builder->EndArray();
    builder->EndArray();
    builder->Key("a");
    builder->Bool(true);
    builder->EndObject();
  });
  EXPECT_EQ(text, R"({"a": true, "bb": [1, 2.50, null, {}, []]})");
}

TEST(JsonTextTest, WhatJsonHasNoFormFor) {
  const std::string text = TextOf([](DocumentBuilder* builder) {
    builder->BeginArray();
    builder->Double(0.1);
    builder->Double(NAN);
    builder->Double(-INFINITY);
    builder->Bytes("\x01\xff");
    builder->Uuid(
        std::string_view("\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 16));
    builder->Timestamp(0);
    builder->BeginId("users");
    builder->String("u\"1");
    builder->EndId();
    builder->EndArray();
  });
  EXPECT_EQ(text, R"([0.1, "NaN", "-Infinity", "\\x01ff", "00010203-0405-0607-0809-0a0b0c0d0e0f", )"
                  R"("2000-01-01T00:00:00Z", {"$id": "u\"1", "$ref": "users"}])");
}

TEST(JsonTextTest, EscapesAsTheServerDoes) {
  std::string text;
  AppendJsonString("a\"b\\c\b\f\n\r\t\x01\x1f\x7f/\xc3\xa9", &text);
  EXPECT_EQ(text, "\"a\\\"b\\\\c\\b\\f\\n\\r\\t\\u0001\\u001f\x7f/\xc3\xa9\"");
}

}  // namespace
}  // namespace quire
