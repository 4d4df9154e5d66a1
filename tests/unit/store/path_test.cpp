#include "engine/store/path.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/unit/store/document_text.h"

namespace quire {
namespace {

std::string Steps(std::string_view text) {
  const absl::StatusOr<Path> path = Path::Parse(text);
  if (!path.ok()) return std::string(path.status().message());
  std::string steps;
  for (const PathStep& step : path->steps()) {
    steps += "<" + step.name + ">";
    if (step.index != PathStep::kNoIndex) steps += "#" + std::to_string(step.index);
  }
  return steps;
}

TEST(Path, ReadsSteps) {
  EXPECT_EQ(Steps("a"), "<a>");
  EXPECT_EQ(Steps("address.city"), "<address><city>");
  EXPECT_EQ(Steps("a.\"b.c\".0"), "<a><b.c><0>#0");
  EXPECT_EQ(Steps("\"say \"\"hi\"\"\".x"), "<say \"hi\"><x>");
  EXPECT_EQ(Steps("\"\""), "<>");
  EXPECT_EQ(Steps("\"\"\"\""), "<\">");
  EXPECT_EQ(Steps("\"0\".10"), "<0><10>#10");
  EXPECT_EQ(Steps("007.-1.1e3"), "<007><-1><1e3>");
  EXPECT_EQ(Steps("2147483647.2147483648"), "<2147483647>#2147483647<2147483648>");
  EXPECT_EQ(Steps(" a b . c "), "< a b >< c >");
  EXPECT_EQ(Steps("é.𝄞"), "<é><𝄞>");
}

TEST(Path, SaysWhereItCannotBeRead) {
  EXPECT_EQ(Steps(""), "path \"\": empty step (write \"\" for an empty name) at character 1");
  EXPECT_EQ(Steps("a."), "path \"a.\": empty step (write \"\" for an empty name) at character 3");
  EXPECT_EQ(Steps(".a"), "path \".a\": empty step (write \"\" for an empty name) at character 1");
  EXPECT_EQ(Steps("a..b"),
            "path \"a..b\": empty step (write \"\" for an empty name) at character 3");
  EXPECT_EQ(Steps("a.\"b"), "path \"a.\"b\": quote without end at character 3");
  EXPECT_EQ(Steps("\"a\"\""), "path \"\"a\"\"\": quote without end at character 1");
  EXPECT_EQ(Steps("\"a\"b"),
            "path \"\"a\"b\": expected a dot after the closing quote at character 4");
  EXPECT_EQ(Steps("a\"b"), "path \"a\"b\": quote inside a step without quotes at character 2");
  EXPECT_EQ(Path::Parse("a..b").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Path, HasLimits) {
  std::string text = "a";
  for (size_t i = 1; i < Path::kStepsMax; ++i) text += ".a";
  EXPECT_EQ(Path::Parse(text)->steps().size(), Path::kStepsMax);
  EXPECT_EQ(Path::Parse(text + ".a").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Path::Parse(std::string(Path::kTextSizeMax, 'x')).ok());
  EXPECT_EQ(Path::Parse(std::string(Path::kTextSizeMax + 1, 'x')).status().message(),
            "path of 65537 bytes exceeds the limit of 65536 bytes");
}

TEST(Path, PrintsWhatReadsBack) {
  for (const char* text : {"a", "a.b.0", "\"\"", "\"a.b\"", "\"0\"", "\"x\"\"y\".1.z", "007"}) {
    EXPECT_EQ(Path::Parse(text)->ToString(), text);
  }
  EXPECT_EQ(Path::Parse("\"a\".\"b\"")->ToString(), "a.b");
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (uint64_t n = random() % 12; n > 0; --n) text += "ab01.\"\""[random() % 7];
    const absl::StatusOr<Path> path = Path::Parse(text);
    if (!path.ok()) continue;
    ++accepted;
    EXPECT_EQ(*Path::Parse(path->ToString()), *path) << text;
  }
  EXPECT_GT(accepted, 1000);
}

TEST(Path, TakesAFieldLiterally) {
  const Path path = Path::Field("a.\"0\"");
  ASSERT_EQ(path.steps().size(), 1u);
  EXPECT_EQ(path.steps()[0].name, "a.\"0\"");
  EXPECT_EQ(*Path::Parse(path.ToString()), path);
  EXPECT_EQ(Path::Field("0").steps()[0].index, PathStep::kNoIndex);
  EXPECT_EQ(Path::Field("0").ToString(), "\"0\"");
}

TEST(Path, LooksUp) {
  const std::string bytes = DocumentOf(
      "{\"a\":{\"b\":[10,{\"c\":\"deep\"},[true]]},\"o\":{\"0\":\"zero\",\"x.y\":1},\"n\":null}");
  const std::pair<const char*, const char*> cases[] = {
      {"a.b.0", "10"},     {"a.b.1.c", "\"deep\""}, {"a.b.2.0", "true"},
      {"o.0", "\"zero\""}, {"o.\"x.y\"", "1"},      {"n", "null"},
      {"a.b.3", "none"},   {"a.b.\"0\"", "none"},   {"a.b.x", "none"},
      {"n.x", "none"},     {"o.1", "none"},         {"a.b.0.0", "none"},
      {"missing", "none"}, {"a.b.c", "none"},       {"a", "{\"b\":[10,{\"c\":\"deep\"},[true]]}"},
  };
  for (const auto& [text, expected] : cases) {
    const absl::StatusOr<Path> path = Path::Parse(text);
    ASSERT_TRUE(path.ok());
    PathHints hints;
    // Without hints, with empty ones, with those of the time before, and with nonsense.
    for (int round = 0; round < 4; ++round) {
      if (round == 3) std::fill(std::begin(hints.slots), std::end(hints.slots), 77);
      ValueView value;
      const bool found = Lookup(RootOf(bytes), *path, round == 0 ? nullptr : &hints, &value);
      EXPECT_EQ(found ? TextOf(value) : "none", expected) << text << " " << round;
    }
  }
  ValueView value;
  ASSERT_TRUE(Lookup(RootOf(bytes), Path(), nullptr, &value));
  EXPECT_EQ(value.count(), 3u);
}

TEST(Path, LooksUpDeeperThanItsHints) {
  std::string document = "5";
  std::string text;
  for (size_t i = 0; i < PathHints::kSlots + 4; ++i) {
    document = "{\"a\":" + document + ",\"b\":1}";
    text += i == 0 ? "a" : ".a";
  }
  const std::string bytes = DocumentOf(document);
  PathHints hints;
  ValueView value;
  ASSERT_TRUE(Lookup(RootOf(bytes), *Path::Parse(text), &hints, &value));
  EXPECT_EQ(value.AsInt64(), 5);
}

}  // namespace
}  // namespace quire
