#include "engine/store/projection.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/store/document_text.h"
#include "tests/unit/store/random_document.h"

namespace quire {
namespace {

// What a projection to the paths shows of a document, as text; "-" where there is nothing.
std::string Projected(std::string_view text, const std::vector<std::string>& paths) {
  std::vector<Path> parsed;
  for (const std::string& path : paths) parsed.push_back(Path::Parse(path).value());
  Projection projection;
  for (const Path& path : parsed) projection.AddPath(&path);
  ByteBuffer bytes;
  bytes.Append("before");
  const size_t begin = bytes.size();
  projection.Append(DocumentOf(text), &bytes);
  std::string shown;
  for (uint32_t i = 0; i < parsed.size(); ++i) {
    ValueView value;
    const bool found = Projection::Find(bytes.view().substr(begin), i, &value);
    shown += (i == 0 ? "" : " ") + (found ? TextOf(value) : "-");
  }
  return shown;
}

TEST(ProjectionTest, KeepsWhatThePathsLeadTo) {
  constexpr char kDocument[] = R"({"a":1,"b":{"c":"x","d":[1,{"e":-300}]},"f":null,"g":2.50})";
  EXPECT_EQ(Projected(kDocument, {"a"}), "1");
  EXPECT_EQ(Projected(kDocument, {"b.d.1.e", "nothing", "b.c", "a.b"}), "-300 - \"x\" -");
  EXPECT_EQ(Projected(kDocument, {"f", "b.d", "g", "b"}),
            R"(null [1,{"e":-300}] 2.50 {"c":"x","d":[1,{"e":-300}]})");
  EXPECT_EQ(Projected("{}", {"a", "b"}), "- -");
}

// Hints from one document do not mislead in the next.
TEST(ProjectionTest, DocumentAfterDocument) {
  const Path path = Path::Parse("k").value();
  Projection projection;
  projection.AddPath(&path);
  ByteBuffer bytes;
  ValueView value;
  for (const char* text :
       {R"({"a":1,"k":2})", R"({"k":3,"z":1})", R"({"a":1})", R"({"k":"last"})"}) {
    const std::string document = DocumentOf(text);
    ValueView direct;
    const bool there = Lookup(RootOf(document), path, nullptr, &direct);
    bytes.Clear();
    projection.Append(document, &bytes);
    ASSERT_EQ(Projection::Find(bytes.view(), 0, &value), there) << text;
    if (there) {
      EXPECT_EQ(TextOf(value), TextOf(direct));
    }
  }
}

// Whoever reads strings may write into the room in front of each of them.
TEST(ProjectionTest, RoomBeforeStrings) {
  const std::vector<Path> paths = {Path::Parse("a").value(), Path::Parse("b").value(),
                                   Path::Parse("n").value(), Path::Parse("c").value()};
  Projection projection;
  for (const Path& path : paths) projection.AddPath(&path);
  ByteBuffer bytes;
  bytes.Append("odd");
  const size_t begin = bytes.size();
  projection.Append(DocumentOf(R"({"a":"x","b":"","c":"three","n":123456})"), &bytes);
  const std::string_view projected = bytes.view().substr(begin);
  ValueView value;
  for (const uint32_t i : {0, 1, 3}) {
    ASSERT_TRUE(Projection::Find(projected, i, &value));
    char* room = Projection::RoomBefore(value);
    EXPECT_EQ((room - bytes.data()) % 4, 0);
    std::memset(room, 0xff, Projection::kRoom);
  }
  std::string shown;
  for (uint32_t i = 0; i < paths.size(); ++i) {
    ASSERT_TRUE(Projection::Find(projected, i, &value));
    shown += TextOf(value) + " ";
  }
  EXPECT_EQ(shown, "\"x\" \"\" 123456 \"three\" ");
}

TEST(ProjectionTest, RandomValues) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 500; ++i) {
    const std::string first = RandomText(&random, 3);
    const std::string second = RandomText(&random, 3);
    const std::string text = "{\"a\":" + first + ",\"b\":" + second + "}";
    ValueView a;
    ValueView b;
    const std::string document = DocumentOf(text);
    ASSERT_TRUE(RootOf(document).Find("a", &a) && RootOf(document).Find("b", &b));
    ASSERT_EQ(Projected(text, {"b", "a"}), TextOf(b) + " " + TextOf(a));
  }
}

}  // namespace
}  // namespace quire
