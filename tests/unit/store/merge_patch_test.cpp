#include "engine/store/merge_patch.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "tests/unit/store/document_text.h"
#include "tests/unit/store/random_document.h"

namespace quire {
namespace {

std::string Patched(const std::string& target, const std::string& patch,
                    const DocumentLimits& limits = DocumentLimits()) {
  const std::string target_bytes = DocumentOf(target);
  const std::string patch_bytes = DocumentOf(patch);
  DocumentBuilder scratch;
  const absl::StatusOr<std::string_view> result =
      ApplyMergePatch(RootOf(target_bytes), RootOf(patch_bytes), limits, &scratch);
  if (!result.ok()) return std::string(result.status().message());
  EXPECT_TRUE(ValidateDocument(*result, DocumentLimits::Hard()).ok());
  return TextOfDocument(*result);
}

// RFC 7396, appendix A, all of it and in its order.
TEST(MergePatch, GivesTheResultsOfTheRfc) {
  EXPECT_EQ(Patched(R"({"a":"b"})", R"({"a":"c"})"), R"({"a":"c"})");
  EXPECT_EQ(Patched(R"({"a":"b"})", R"({"b":"c"})"), R"({"a":"b","b":"c"})");
  EXPECT_EQ(Patched(R"({"a":"b"})", R"({"a":null})"), "{}");
  EXPECT_EQ(Patched(R"({"a":"b","b":"c"})", R"({"a":null})"), R"({"b":"c"})");
  EXPECT_EQ(Patched(R"({"a":["b"]})", R"({"a":"c"})"), R"({"a":"c"})");
  EXPECT_EQ(Patched(R"({"a":"c"})", R"({"a":["b"]})"), R"({"a":["b"]})");
  EXPECT_EQ(Patched(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})"), R"({"a":{"b":"d"}})");
  EXPECT_EQ(Patched(R"({"a":[{"b":"c"}]})", R"({"a":[1]})"), R"({"a":[1]})");
  EXPECT_EQ(Patched(R"(["a","b"])", R"(["c","d"])"), R"(["c","d"])");
  EXPECT_EQ(Patched(R"({"a":"b"})", R"(["c"])"), R"(["c"])");
  EXPECT_EQ(Patched(R"({"a":"foo"})", "null"), "null");
  EXPECT_EQ(Patched(R"({"a":"foo"})", R"("bar")"), R"("bar")");
  EXPECT_EQ(Patched(R"({"e":null})", R"({"a":1})"), R"({"a":1,"e":null})");
  EXPECT_EQ(Patched("[1,2]", R"({"a":"b","c":null})"), R"({"a":"b"})");
  EXPECT_EQ(Patched("{}", R"({"a":{"bb":{"ccc":null}}})"), R"({"a":{"bb":{}}})");
}

// RFC 7396, section 3.
TEST(MergePatch, GivesTheLongExampleOfTheRfc) {
  EXPECT_EQ(Patched(R"({"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},)"
                    R"("tags":["example","sample"],"content":"This will be unchanged"})",
                    R"({"title":"Hello!","phoneNumber":"+01-123-456-7890",)"
                    R"("author":{"familyName":null},"tags":["example"]})"),
            R"({"tags":["example"],"title":"Hello!","author":{"givenName":"John"},)"
            R"("content":"This will be unchanged","phoneNumber":"+01-123-456-7890"})");
}

TEST(MergePatch, KeepsWhatItDoesNotName) {
  const std::string target = DocumentOf(
      "{\"b\":x'00ff',\"f\":0.1f,\"n\":1.50,\"t\":t'-5',"
      "\"u\":u'00112233445566778899aabbccddeeff'}");
  const std::string patch = DocumentOf("{\"z\":null}");
  DocumentBuilder scratch;
  const absl::StatusOr<std::string_view> result =
      ApplyMergePatch(RootOf(target), RootOf(patch), DocumentLimits(), &scratch);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(*result, target);
  EXPECT_EQ(Patched("{\"a\":[null,{\"b\":null}]}", "{}"), "{\"a\":[null,{\"b\":null}]}");
  EXPECT_EQ(Patched("{}", "{\"a\":[null,{\"b\":null}]}"), "{\"a\":[null,{\"b\":null}]}");
}

TEST(MergePatch, StopsAtLimits) {
  DocumentLimits limits;
  limits.depth_max = 2;
  EXPECT_EQ(Patched("{}", R"({"a":{"b":1}})", limits), R"({"a":{"b":1}})");
  EXPECT_EQ(Patched("{}", R"({"a":{"b":{}}})", limits), std::string(limits.DepthError().message()));
  EXPECT_EQ(Patched("{}", R"({"a":[[1]]})", limits), std::string(limits.DepthError().message()));
  limits = DocumentLimits();
  limits.fields_max = 2;
  EXPECT_EQ(Patched(R"({"a":1,"b":2})", R"({"a":null,"c":3})", limits), R"({"b":2,"c":3})");
  EXPECT_EQ(Patched(R"({"a":1,"b":2})", R"({"c":3})", limits),
            std::string(limits.FieldsError(3).message()));
  limits = DocumentLimits();
  limits.bytes_max = 100;
  EXPECT_NE(Patched("{}", "{\"a\":\"" + std::string(200, 'x') + "\"}", limits)
                .find("quire.max_document_size"),
            std::string::npos);
}

// The RFC's own few lines, on trees of maps.
struct Node {
  bool object = false;
  std::string text;  // of what is no object
  std::map<std::string, Node> fields;
};

Node ReadNode(ValueView value) {
  Node node;
  node.object = value.tag() == ValueTag::kObject;
  if (!node.object) {
    DocumentBuilder builder(DocumentLimits::Hard());
    builder.Clear();
    builder.Value(value);
    node.text = TextOfDocument(*builder.Finish());
    return node;
  }
  for (uint32_t i = 0; i < value.count(); ++i) {
    node.fields[std::string(value.FieldName(i))] = ReadNode(value.FieldValue(i));
  }
  return node;
}

void Merge(Node* target, const Node& patch) {
  if (!patch.object) {
    *target = patch;
    return;
  }
  if (!target->object) *target = Node{.object = true};
  for (const auto& [name, value] : patch.fields) {
    if (value.text == "null") {
      target->fields.erase(name);
    } else {
      Merge(&target->fields[name], value);
    }
  }
}

bool operator==(const Node& a, const Node& b) {
  return a.object == b.object && a.text == b.text && a.fields == b.fields;
}

// Few names, so that patches meet what is there.
std::string RandomObject(std::mt19937_64* random) {
  std::string text;
  for (uint64_t n = (*random)() % 5; n > 0; --n) {
    text += "\"" + std::string(1, static_cast<char>('a' + (*random)() % 3)) +
            "\":" + RandomText(random, 4) + ",";
  }
  return DocumentOf("{" + text + "}");
}

TEST(MergePatch, AgreesWithTheRfcOnRandomDocuments) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 3000; ++i) {
    const std::string target = RandomObject(&random);
    const std::string patch = RandomObject(&random);
    DocumentBuilder scratch;
    const absl::StatusOr<std::string_view> result =
        ApplyMergePatch(RootOf(target), RootOf(patch), DocumentLimits::Hard(), &scratch);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_TRUE(ValidateDocument(*result, DocumentLimits::Hard()).ok());
    Node expected = ReadNode(RootOf(target));
    Merge(&expected, ReadNode(RootOf(patch)));
    ASSERT_TRUE(ReadNode(RootOf(*result)) == expected)
        << TextOfDocument(target) << " patched with " << TextOfDocument(patch) << " is "
        << TextOfDocument(*result);
  }
}

}  // namespace
}  // namespace quire
