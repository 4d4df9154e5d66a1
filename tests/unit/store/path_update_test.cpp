#include "engine/store/path_update.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/store/document_text.h"
#include "tests/unit/store/random_document.h"

namespace quire {
namespace {

// A path, and the text of the value to set or null to remove.
struct Change {
  const char* path;
  const char* value;
};

std::string Changed(const std::string& document, const std::vector<Change>& changes,
                    const DocumentLimits& limits = DocumentLimits()) {
  std::deque<Path> paths;
  std::deque<std::string> values;
  std::vector<PathChange> list;
  for (const Change& change : changes) {
    paths.push_back(*change.path == '\0' ? Path() : *Path::Parse(change.path));
    values.push_back(DocumentOf(change.value == nullptr ? "null" : change.value));
    list.push_back({&paths.back(), change.value == nullptr, RootOf(values.back())});
  }
  const std::string bytes = DocumentOf(document);
  DocumentBuilder scratch;
  const absl::StatusOr<std::string_view> result =
      ApplyChanges(RootOf(bytes), list, limits, &scratch);
  if (!result.ok()) return std::string(result.status().message());
  EXPECT_TRUE(ValidateDocument(*result, DocumentLimits::Hard()).ok());
  return TextOfDocument(*result);
}

TEST(PathUpdate, SetsFields) {
  const std::string document = "{\"a\":1,\"bb\":{\"c\":2,\"d\":[1,2]}}";
  EXPECT_EQ(Changed(document, {}), document);
  EXPECT_EQ(Changed(document, {{"a", "\"new\""}}), "{\"a\":\"new\",\"bb\":{\"c\":2,\"d\":[1,2]}}");
  EXPECT_EQ(Changed(document, {{"z", "7"}}), "{\"a\":1,\"z\":7,\"bb\":{\"c\":2,\"d\":[1,2]}}");
  EXPECT_EQ(Changed(document, {{"bb.c", "[]"}}), "{\"a\":1,\"bb\":{\"c\":[],\"d\":[1,2]}}");
  EXPECT_EQ(Changed(document, {{"a", "2"}, {"bb.e", "3"}, {"", nullptr}, {"x", "4"}}), "{\"x\":4}");
  EXPECT_EQ(Changed(document, {{"\"\"", "0"}, {"zzz", "9"}}),
            "{\"\":0,\"a\":1,\"bb\":{\"c\":2,\"d\":[1,2]},\"zzz\":9}");
}

TEST(PathUpdate, ExchangesValuesOfTheSameSize) {
  const std::string document =
      "{\"a\":1,\"n\":1234567890123456789,\"bb\":{\"c\":\"xy\",\"d\":[1,2.50]}}";
  // Numbers inside a container are shorter than where they are a document of their own.
  DocumentBuilder values;
  values.BeginArray();
  values.Int64(77);
  values.String("zz");
  values.Decimal(*Decimal::Parse("9.75"));
  values.EndArray();
  const ValueView array = RootOf(*values.Finish());
  const Path a = *Path::Parse("a"), c = *Path::Parse("bb.c"), d = *Path::Parse("bb.d.1");
  const PathChange changes[] = {{&a, false, array.Element(0)},
                                {&c, false, array.Element(1)},
                                {&d, false, array.Element(2)},
                                {&a, false, array.Element(0)}};
  const std::string bytes = DocumentOf(document);
  DocumentBuilder scratch;
  const auto result = ApplyChanges(RootOf(bytes), changes, DocumentLimits(), &scratch);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(ToHex(*result),
            ToHex(DocumentOf(
                "{\"a\":77,\"n\":1234567890123456789,\"bb\":{\"c\":\"zz\",\"d\":[1,9.75]}}")));
  EXPECT_EQ(Changed(document, {{"n", "7"}}),
            "{\"a\":1,\"n\":7,\"bb\":{\"c\":\"xy\",\"d\":[1,2.50]}}");
  EXPECT_EQ(Changed(document, {{"a", "2"}}, {.bytes_max = 20}).substr(0, 8), "document");
}

TEST(PathUpdate, CreatesMissingParentsAsObjects) {
  EXPECT_EQ(Changed("{}", {{"a.b.c", "1"}}), "{\"a\":{\"b\":{\"c\":1}}}");
  EXPECT_EQ(Changed("{}", {{"a.0", "1"}}), "{\"a\":{\"0\":1}}");
  EXPECT_EQ(Changed("{\"x\":1}", {{"a.b", "1"}, {"a.c.d", "2"}, {"a.b", "3"}}),
            "{\"a\":{\"b\":3,\"c\":{\"d\":2}},\"x\":1}");
}

TEST(PathUpdate, Removes) {
  const std::string document = "{\"a\":1,\"b\":{\"c\":2},\"d\":[1,2,3]}";
  EXPECT_EQ(Changed(document, {{"a", nullptr}}), "{\"b\":{\"c\":2},\"d\":[1,2,3]}");
  EXPECT_EQ(Changed(document, {{"b.c", nullptr}}), "{\"a\":1,\"b\":{},\"d\":[1,2,3]}");
  for (const char* absent :
       {"x", "x.y.z", "a.b", "a.0", "b.x", "d.3", "d.99", "d.x", "d.0.x", "d.\"0\""}) {
    EXPECT_EQ(Changed(document, {{absent, nullptr}}), document) << absent;
  }
  // The server's #- closes the gap as well.
  EXPECT_EQ(Changed(document, {{"d.1", nullptr}}), "{\"a\":1,\"b\":{\"c\":2},\"d\":[1,3]}");
}

TEST(PathUpdate, ChangesArrays) {
  EXPECT_EQ(Changed("[1,2,3]", {{"1", "\"x\""}}), "[1,\"x\",3]");
  EXPECT_EQ(Changed("[1,2]", {{"2", "3"}}), "[1,2,3]");
  EXPECT_EQ(Changed("[]", {{"1", "2"}, {"0", "1"}, {"2", "3"}}), "[1,2,3]");
  EXPECT_EQ(Changed("[1,2]", {{"2.a.b", "3"}}), "[1,2,{\"a\":{\"b\":3}}]");
  EXPECT_EQ(Changed("[{\"a\":1},{\"a\":2}]", {{"1.a", nullptr}, {"0.b", "5"}}),
            "[{\"a\":1,\"b\":5},{}]");
  // Positions are those of before, whatever else is removed.
  EXPECT_EQ(Changed("[0,1,2,3]", {{"0", nullptr}, {"2", "\"x\""}, {"3", nullptr}, {"4", "9"}}),
            "[1,\"x\",9]");
}

TEST(PathUpdate, LaterChangesWin) {
  EXPECT_EQ(Changed("{}", {{"a", "1"}, {"a", "2"}}), "{\"a\":2}");
  EXPECT_EQ(Changed("{\"a\":0}", {{"a", "1"}, {"a", nullptr}}), "{}");
  EXPECT_EQ(Changed("{\"a\":0}", {{"a", nullptr}, {"a", "1"}}), "{\"a\":1}");
  EXPECT_EQ(Changed("{}", {{"a", "{\"x\":1}"}, {"a.y", "2"}}), "{\"a\":{\"x\":1,\"y\":2}}");
  EXPECT_EQ(Changed("{}", {{"a.y", "2"}, {"a", "{\"x\":1}"}}), "{\"a\":{\"x\":1}}");
  EXPECT_EQ(Changed("{\"a\":{\"x\":1}}", {{"a", nullptr}, {"a.y", "2"}}), "{\"a\":{\"y\":2}}");
  EXPECT_EQ(Changed("{\"a\":1}", {{"", "[1]"}, {"1", "2"}}), "[1,2]");
}

TEST(PathUpdate, RefusesWhatCannotBeSet) {
  EXPECT_EQ(Changed("{\"a\":1}", {{"a.b", "2"}}),
            "cannot set path \"a.b\": step \"b\" is not inside an object or array but a number");
  EXPECT_EQ(Changed("{\"a\":null}", {{"a.b.c", "2"}}),
            "cannot set path \"a.b.c\": step \"b\" is not inside an object or array but a null");
  EXPECT_EQ(Changed("{\"a\":[1]}", {{"a.2", "2"}}),
            "cannot set path \"a.2\": step \"2\" is beyond the array's end");
  EXPECT_EQ(Changed("{\"a\":[1]}", {{"a.x", "2"}}),
            "cannot set path \"a.x\": step \"x\" is no position in an array");
  EXPECT_EQ(Changed("{\"a\":@'c'(1)}", {{"a.0", "2"}}),
            "cannot set path \"a.0\": step \"0\" is not inside an object or array but an id");
  EXPECT_EQ(Changed("{}", {{"", nullptr}}), "cannot remove the whole document");
}

TEST(PathUpdate, KeepsLimits) {
  DocumentLimits limits;
  limits.depth_max = 2;
  limits.fields_max = 2;
  limits.array_length_max = 2;
  EXPECT_EQ(Changed("{}", {{"a.b", "1"}}, limits), "{\"a\":{\"b\":1}}");
  EXPECT_EQ(Changed("{}", {{"a.b.c", "1"}}, limits),
            "document of at least 3 levels exceeds the limit of 2 (quire.max_depth)");
  EXPECT_EQ(Changed("{}", {{"a", "[[]]"}}, limits),
            "document of at least 3 levels exceeds the limit of 2 (quire.max_depth)");
  EXPECT_EQ(Changed("{\"a\":1,\"b\":2}", {{"c", "1"}}, limits),
            "object of 3 fields exceeds the limit of 2 (quire.max_fields)");
  EXPECT_EQ(Changed("[1,2]", {{"2", "1"}}, limits),
            "array of 3 elements exceeds the limit of 2 (quire.max_array_length)");
}

TEST(PathUpdate, ChecksTheDepthOfWhatItChangesFurther) {
  DocumentLimits limits;
  limits.depth_max = 3;
  const char* const error =
      "document of at least 4 levels exceeds the limit of 3 (quire.max_depth)";
  EXPECT_EQ(Changed("{}", {{"a", "[[],5]"}, {"a.1", "6"}}, limits), "{\"a\":[[],6]}");
  EXPECT_EQ(Changed("{}", {{"a", "[[[]],5]"}, {"a.1", "6"}}, limits), error);
  EXPECT_EQ(Changed("{}", {{"a", "{\"x\":[[]]}"}, {"a.y", "6"}}, limits), error);
}

// One change at a time, on a decoded form, by fewer than forty lines.
struct Model {
  static std::string Set(ValueView value, absl::Span<const PathStep> steps,
                         const std::string& text) {
    if (steps.empty()) return text;
    std::string result;
    bool met = false;
    if (value.type() == ValueType::kObject) {
      for (uint32_t i = 0; i < value.count(); ++i) {
        const std::string name(value.FieldName(i));
        const bool here = name == steps[0].name;
        met |= here;
        result += "\"" + name + "\":" +
                  (here ? Set(value.FieldValue(i), steps.subspan(1), text)
                        : TextOf(value.FieldValue(i))) +
                  ",";
      }
      if (!met) result += "\"" + steps[0].name + "\":" + Missing(steps.subspan(1), text);
      return "{" + result + "}";
    }
    if (value.type() != ValueType::kArray || steps[0].index > value.count()) return "refused";
    for (uint32_t i = 0; i < value.count(); ++i) {
      result += (i == steps[0].index ? Set(value.Element(i), steps.subspan(1), text)
                                     : TextOf(value.Element(i))) +
                ",";
    }
    if (steps[0].index == value.count()) result += Missing(steps.subspan(1), text);
    return "[" + result + "]";
  }

  static std::string Missing(absl::Span<const PathStep> steps, const std::string& text) {
    return steps.empty() ? text
                         : "{\"" + steps[0].name + "\":" + Missing(steps.subspan(1), text) + "}";
  }
};

TEST(PathUpdate, RandomSetsAgreeWithAModel) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  DocumentBuilder scratch;
  int done = 0;
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string text = RandomText(&random, 3);
    const std::string bytes = DocumentOf(text);
    std::string path_text;
    for (uint64_t n = 1 + random() % 3; n > 0; --n) {
      path_text += (path_text.empty() ? "" : ".");
      path_text +=
          random() % 3 == 0
              ? std::to_string(random() % 4)
              : "\"" + std::string(random() % 3, static_cast<char>('a' + random() % 4)) + "\"";
    }
    const Path path = *Path::Parse(path_text);
    const std::string value = DocumentOf(RandomText(&random, 1));
    const std::string model = Model::Set(RootOf(bytes), path.steps(), TextOf(RootOf(value)));
    const PathChange change{&path, false, RootOf(value)};
    const absl::StatusOr<std::string_view> result =
        ApplyChanges(RootOf(bytes), absl::MakeConstSpan(&change, 1), DocumentLimits(), &scratch);
    if (model.find("refused") != std::string::npos) {
      ++refused;
      EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument)
          << text << " " << path_text;
      continue;
    }
    ++done;
    ASSERT_TRUE(result.ok()) << text << " " << path_text;
    ASSERT_EQ(ToHex(*result), ToHex(DocumentOf(model))) << text << " " << path_text;
    ValueView found;
    ASSERT_TRUE(Lookup(RootOf(*result), path, nullptr, &found));
    ASSERT_EQ(CompareValues(found, RootOf(value)), 0);
  }
  EXPECT_GT(done, 200);
  EXPECT_GT(refused, 200);
}

}  // namespace
}  // namespace quire
