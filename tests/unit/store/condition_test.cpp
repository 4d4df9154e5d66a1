#include "engine/store/condition.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/store/condition_program.h"
#include "tests/unit/store/document_text.h"

namespace quire {
namespace {

TEST(ConditionTest, ComparesShownIntegers) {
  EXPECT_EQ(Integer("5", ShownAs::kInt4, kLess, 6), Truth::kTrue);
  EXPECT_EQ(Integer("5", ShownAs::kInt4, kLess, 5), Truth::kFalse);
  EXPECT_EQ(Integer("5", ShownAs::kInt4, kLess | kEqual, 5), Truth::kTrue);
  EXPECT_EQ(Integer("5", ShownAs::kInt4, kLess | kGreater, 5), Truth::kFalse);
  EXPECT_EQ(Integer("\"-7\"", ShownAs::kInt4, kEqual, -7), Truth::kTrue);
  EXPECT_EQ(Integer("5.0", ShownAs::kInt8, kEqual, 5), Truth::kTrue);
  // What the type does not show is NULL.
  for (const char* text : {"5.5", "\" 5\"", "null", "true", "[5]", "{}", "1e30"}) {
    EXPECT_EQ(Integer(text, ShownAs::kInt8, kGreater, 0), Truth::kUnknown) << text;
  }
  EXPECT_EQ(Integer("32768", ShownAs::kInt2, kGreater, 0), Truth::kUnknown);
  EXPECT_EQ(Integer("-32768", ShownAs::kInt2, kLess, 0), Truth::kTrue);
  EXPECT_EQ(Integer("2147483648", ShownAs::kInt4, kGreater, 0), Truth::kUnknown);
  EXPECT_EQ(Integer("2147483648", ShownAs::kInt8, kGreater, 0), Truth::kTrue);
  EXPECT_EQ(CompareShown("5", ShownAs::kInt4, kEqual, Comparable::kInteger, Null()),
            Truth::kUnknown);
}

TEST(ConditionTest, RealsAreOrderedAsTheServerDoes) {
  EXPECT_EQ(RealOf("\"NaN\"", kEqual, kNaN), Truth::kTrue);
  EXPECT_EQ(RealOf("\"NaN\"", kGreater, kInfinity), Truth::kTrue);
  EXPECT_EQ(RealOf("1", kLess, kNaN), Truth::kTrue);
  EXPECT_EQ(RealOf("1", kGreater | kEqual, kNaN), Truth::kFalse);
  EXPECT_EQ(RealOf("-0.0f", kEqual, 0), Truth::kTrue);
  EXPECT_EQ(RealOf("\"-Infinity\"", kLess, -1e308), Truth::kTrue);
  EXPECT_EQ(RealOf("1e400", kGreater, 0), Truth::kUnknown);
  // 0.1 as a float4 is above 0.1 as a float8.
  EXPECT_EQ(RealOf("0.1", kEqual, 0.1), Truth::kTrue);
  EXPECT_EQ(RealOf("0.1", kGreater, 0.1, ShownAs::kFloat4), Truth::kTrue);
  EXPECT_EQ(RealOf("0.1", kEqual, 0.1F, ShownAs::kFloat4), Truth::kTrue);
}

TEST(ConditionTest, CastIntegersAreRoundedAsTheServerDoes) {
  const auto cast = [](Conversion conversion, double constant) {
    return CompareShown("9007199254740993", ShownAs::kInt8, kEqual, Comparable::kReal,
                        Real(constant), conversion);
  };
  EXPECT_EQ(cast(Conversion::kToFloat8, 9007199254740992.0), Truth::kTrue);
  EXPECT_EQ(cast(Conversion::kToFloat4, 9007199254740992.0), Truth::kTrue);
  EXPECT_EQ(CompareShown("16777217", ShownAs::kInt4, kEqual, Comparable::kReal, Real(16777216),
                         Conversion::kToFloat4),
            Truth::kTrue);
  EXPECT_EQ(Number("9007199254740993", kGreater, "9007199254740992.5", ShownAs::kInt8),
            Truth::kTrue);
}

TEST(ConditionTest, NumbersAreExact) {
  EXPECT_EQ(Number("1.50", kEqual, "1.5"), Truth::kTrue);
  EXPECT_EQ(Number("1.5", kLess, "1.50000000000000000000000000000000000001"), Truth::kTrue);
  EXPECT_EQ(Number("9223372036854775807", kLess, "9223372036854775807.1"), Truth::kTrue);
  EXPECT_EQ(Number("-1e18", kGreater, "-1000000000000000000.5"), Truth::kTrue);
  EXPECT_EQ(Number("0", kGreater, "-1e-300"), Truth::kTrue);
  EXPECT_EQ(Number("1e400", kGreater, "1e399"), Truth::kTrue);
  EXPECT_EQ(Number("123456789012345678901234567890", kEqual, "123456789012345678901234567890.0"),
            Truth::kTrue);
  EXPECT_EQ(Number("0.1f", kEqual, "0.1"), Truth::kTrue);
  EXPECT_EQ(Number("\"1e2\"", kEqual, "100"), Truth::kTrue);
  EXPECT_EQ(Number("\"NaN\"", kGreater, "Infinity"), Truth::kTrue);
  EXPECT_EQ(Number("\"NaN\"", kEqual, "NaN"), Truth::kTrue);
  EXPECT_EQ(Number("\"x\"", kEqual, "1"), Truth::kUnknown);
}

// A number that has been large must not stay so for the next document.
TEST(ConditionTest, DocumentsDoNotDisturbEachOther) {
  Program program;
  const int32_t column = program.Column("v", ShownAs::kNumeric);
  program.Compare(Comparable::kNumber, column, kLess,
                  program.Constant(Comparable::kNumber, Text("10")));
  const auto condition = program.Make();
  const auto truth = [&](std::string_view text) {
    return condition->Evaluate(DocumentRow{.document = DocumentOf(text)});
  };
  EXPECT_EQ(truth("{\"v\":1e300}"), Truth::kFalse);
  EXPECT_EQ(truth("{\"v\":1}"), Truth::kTrue);
  EXPECT_EQ(truth("{}"), Truth::kUnknown);
  EXPECT_EQ(truth("{\"a\":0,\"v\":2.5}"), Truth::kTrue);
  EXPECT_EQ(truth("{\"v\":11}"), Truth::kFalse);
}

TEST(ConditionTest, ModifiersShowLess) {
  Program program;
  const int32_t number = program.Column(
      {.path = program.Keep("v"), .shown = ShownAs::kNumeric, .modifier = (5 << 16 | 2) + 4});
  program.Compare(Comparable::kNumber, number, kEqual,
                  program.Constant(Comparable::kNumber, Text("999.99")));
  const auto truth = [&](std::string_view text) {
    return program.Make()->Evaluate(DocumentRow{.document = DocumentOf(text)});
  };
  EXPECT_EQ(truth("{\"v\":999.99}"), Truth::kTrue);
  EXPECT_EQ(truth("{\"v\":999.994}"), Truth::kTrue);
  EXPECT_EQ(truth("{\"v\":999.995}"), Truth::kUnknown);
  EXPECT_EQ(truth("{\"v\":1000}"), Truth::kUnknown);
  EXPECT_EQ(truth("{\"v\":-999}"), Truth::kFalse);

  Program texts;
  const int32_t text = texts.Column(
      {.path = texts.Keep("v"), .shown = ShownAs::kText, .multibyte = true, .characters_max = 3});
  texts.Add({.code = Code::kPresent, .left = text});
  EXPECT_EQ(texts.Make()->Evaluate(DocumentRow{.document = DocumentOf("{\"v\":\"äöü\"}")}),
            Truth::kTrue);
  EXPECT_EQ(texts.Make()->Evaluate(DocumentRow{.document = DocumentOf("{\"v\":\"äöüx\"}")}),
            Truth::kFalse);
  EXPECT_EQ(texts.Make()->Evaluate(DocumentRow{.document = DocumentOf("{\"v\":1234}")}),
            Truth::kFalse);
}

TEST(ConditionTest, TextsAreComparedByBytes) {
  const auto compare = [](std::string_view text, int outcomes, std::string constant) {
    return CompareShown(text, ShownAs::kText, outcomes, Comparable::kBytes,
                        Text(std::move(constant)));
  };
  EXPECT_EQ(compare("\"ab\"", kEqual, "ab"), Truth::kTrue);
  EXPECT_EQ(compare("\"ab\"", kLess, "abc"), Truth::kTrue);
  EXPECT_EQ(compare("\"b\"", kGreater, "abc"), Truth::kTrue);
  EXPECT_EQ(compare("\"ä\"", kGreater, "z"), Truth::kTrue);
  EXPECT_EQ(compare("\"\"", kEqual, ""), Truth::kTrue);
  EXPECT_EQ(compare("\"\"", kLess | kGreater, "x"), Truth::kTrue);
  EXPECT_EQ(compare("1.50", kEqual, "1.50"), Truth::kTrue);
  EXPECT_EQ(compare("[1, null]", kEqual, "[1, null]"), Truth::kTrue);
  EXPECT_EQ(compare("null", kEqual, "null"), Truth::kUnknown);
}

TEST(ConditionTest, OtherTypes) {
  const std::string uuid(16, '\x11');
  EXPECT_EQ(CompareShown("\"11111111-1111-1111-1111-111111111111\"", ShownAs::kUuid, kEqual,
                         Comparable::kBytes, Text(uuid)),
            Truth::kTrue);
  EXPECT_EQ(CompareShown("u'11111111111111111111111111111112'", ShownAs::kUuid, kGreater,
                         Comparable::kBytes, Text(uuid)),
            Truth::kTrue);
  EXPECT_EQ(CompareShown("\"\\\\x00ff\"", ShownAs::kBytes, kEqual, Comparable::kBytes,
                         Text(std::string("\0\xff", 2))),
            Truth::kTrue);
  EXPECT_EQ(Integer("\"2000-01-02\"", ShownAs::kDate, kEqual, 1), Truth::kTrue);
  EXPECT_EQ(Integer("\"infinity\"", ShownAs::kDate, kGreater, 1), Truth::kTrue);
  EXPECT_EQ(Integer("\"2000-01-01T00:00:01\"", ShownAs::kTimestamp, kEqual, 1'000'000),
            Truth::kTrue);
  EXPECT_EQ(Integer("t'77'", ShownAs::kTimestamptz, kEqual, 77), Truth::kTrue);
  EXPECT_EQ(Integer("\"2000-01-01T00:00:01\"", ShownAs::kTimestamptz, kLess, 0), Truth::kUnknown);
  EXPECT_EQ(Integer("\"true\"", ShownAs::kBool, kEqual, 1), Truth::kTrue);
}

TEST(ConditionTest, VersionAndTimeAreNotInTheDocument) {
  Program program;
  program.Compare(Comparable::kInteger, program.Column("", ShownAs::kVersion), kEqual,
                  program.Constant(Comparable::kInteger, Int(3)));
  const std::string document = DocumentOf("{}");
  EXPECT_TRUE(program.Make()->Holds({.version = 3, .document = document}));
  EXPECT_FALSE(program.Make()->Holds({.version = 4, .document = document}));

  Program times;
  const uint64_t hlc = uint64_t{1'700'000'000'000} << 16;
  times.Compare(Comparable::kInteger, times.Column("", ShownAs::kModified), kEqual,
                times.Constant(Comparable::kInteger, Int(TimestampOfHlc(hlc))));
  EXPECT_TRUE(times.Make()->Holds({.hlc = hlc, .document = document}));
}

// `v <outcomes> ANY (list)`.
Truth Any(std::string_view text, int outcomes, std::optional<std::vector<Value>> list) {
  Program program;
  const int32_t column = program.Column("v", ShownAs::kInt8);
  program.Add({.code = Code::kAnyOf,
               .accepted = static_cast<uint8_t>(outcomes),
               .left = column,
               .right = program.List(Comparable::kInteger, std::move(list))});
  return program.Make()->Evaluate(
      DocumentRow{.document = DocumentOf("{\"v\":" + std::string(text) + "}")});
}

TEST(ConditionTest, Lists) {
  EXPECT_EQ(Any("5", kEqual, {{Int(7), Int(5)}}), Truth::kTrue);
  EXPECT_EQ(Any("5", kEqual, {{Int(7), Int(6)}}), Truth::kFalse);
  EXPECT_EQ(Any("5", kEqual, {{Int(7), Null()}}), Truth::kUnknown);
  EXPECT_EQ(Any("5", kEqual, {{Null(), Int(5)}}), Truth::kTrue);
  EXPECT_EQ(Any("5", kLess, {{Int(1), Int(6)}}), Truth::kTrue);
  EXPECT_EQ(Any("5", kEqual, std::vector<Value>()), Truth::kFalse);
  EXPECT_EQ(Any("null", kEqual, std::vector<Value>()), Truth::kFalse);
  EXPECT_EQ(Any("null", kEqual, {{Int(1)}}), Truth::kUnknown);
  EXPECT_EQ(Any("5", kEqual, std::nullopt), Truth::kUnknown);
  std::vector<Value> many;
  for (int i = 100; i > 0; --i) many.push_back(Int(i * 2));
  EXPECT_EQ(Any("2", kEqual, many), Truth::kTrue);
  EXPECT_EQ(Any("200", kEqual, many), Truth::kTrue);
  EXPECT_EQ(Any("101", kEqual, many), Truth::kFalse);
  EXPECT_EQ(Any("201", kEqual, many), Truth::kFalse);
}

// Whether the truth of `v <outcomes> ANY (list)` is that of all its comparisons, joined by OR.
void ExpectWalked(std::string_view text, ShownAs shown, Comparable kind,
                  const std::vector<Value>& list) {
  for (int outcomes = kLess; outcomes < (kLess | kEqual | kGreater); ++outcomes) {
    Truth walked = Truth::kFalse;
    for (const Value& element : list) {
      walked = std::max(walked, CompareShown(text, shown, outcomes, kind, element));
    }
    Program program;
    const int32_t column = program.Column("v", shown);
    program.Add({.code = Code::kAnyOf,
                 .accepted = static_cast<uint8_t>(outcomes),
                 .kind = kind,
                 .left = column,
                 .right = program.List(kind, list)});
    const std::string document = DocumentOf("{\"v\":" + std::string(text) + "}");
    EXPECT_EQ(program.Make()->Evaluate({.document = document}), walked) << text << ' ' << outcomes;
  }
}

TEST(ConditionTest, ListsAnswerAsTheirElements) {
  const std::vector<std::vector<Value>> integers = {
      {Int(5)},
      {Int(5), Int(5), Int(5)},
      {Int(9), Int(1), Int(5)},
      {Int(9), Null(), Int(1)},
      {Null()},
      {Null(), Int(5)},
      {Int(1), Int(2), Int(3), Int(4), Int(5), Int(6), Int(7), Int(8), Int(9), Int(10)}};
  for (const auto& list : integers) {
    for (const char* text : {"0", "1", "3", "5", "9", "10", "11", "null"}) {
      ExpectWalked(text, ShownAs::kInt8, Comparable::kInteger, list);
    }
  }
  const std::vector<std::vector<Value>> reals = {{Real(kNaN)},
                                                 {Real(kNaN), Real(1)},
                                                 {Real(kNaN), Real(kNaN), Null()},
                                                 {Real(-kInfinity), Real(kInfinity)},
                                                 {Real(0), Real(-0.0)}};
  for (const auto& list : reals) {
    for (const char* text : {"\"NaN\"", "1", "-1", "-0.0f", "\"Infinity\"", "\"-Infinity\""}) {
      ExpectWalked(text, ShownAs::kFloat8, Comparable::kReal, list);
    }
  }
  const std::vector<Value> numbers = {Text("NaN"), Text("1e400"), Text("1.50"), Text("-2")};
  for (const char* text : {"\"NaN\"", "1e400", "1e401", "1.5", "-2", "-3", "0"}) {
    ExpectWalked(text, ShownAs::kNumeric, Comparable::kNumber, numbers);
    ExpectWalked(text, ShownAs::kNumeric, Comparable::kNumber, {Text("NaN"), Text("NaN")});
  }
  for (const char* text : {"\"\"", "\"a\"", "\"ab\"", "\"z\""}) {
    ExpectWalked(text, ShownAs::kText, Comparable::kBytes, {Text("ab"), Text(""), Text("b")});
    ExpectWalked(text, ShownAs::kText, Comparable::kBytes, {Text("a")});
  }
}

// Lists of texts live on when the list that they came from is gone; short ones too.
TEST(ConditionTest, ListsKeepTheirTexts) {
  Program program;
  const int32_t column = program.Column("v", ShownAs::kText);
  program.Add({.code = Code::kAnyOf,
               .accepted = kEqual,
               .kind = Comparable::kBytes,
               .left = column,
               .right = program.List(Comparable::kBytes, {{Text("a"), Text(""), Text("b")}})});
  const auto condition = program.Make();
  for (const char* text : {"a", "", "b"}) {
    const std::string document = DocumentOf("{\"v\":\"" + std::string(text) + "\"}");
    EXPECT_TRUE(condition->Holds({.document = document})) << text;
  }
  EXPECT_FALSE(condition->Holds({.document = DocumentOf("{\"v\":\"c\"}")}));
  condition->SetListToNull(0);
  EXPECT_FALSE(condition->Holds({.document = DocumentOf("{\"v\":\"a\"}")}));
}

TEST(ConditionTest, ThreeValuedLogic) {
  const Value truths[] = {Int(0), Null(), Int(1)};
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      for (const Code join : {Code::kAnd, Code::kOr}) {
        Program program;
        program.Add(
            {.code = Code::kTruth, .left = program.Constant(Comparable::kInteger, truths[a])});
        const size_t branch =
            program.Add({.code = Code::kBranch,
                         .accepted = BitOf(join == Code::kAnd ? Truth::kFalse : Truth::kTrue)});
        program.Add(
            {.code = Code::kTruth, .left = program.Constant(Comparable::kInteger, truths[b])});
        program.Add({.code = join});
        program.BranchToEnd(branch);
        program.Add({.code = Code::kNot});
        const int joined = join == Code::kAnd ? std::min(a, b) : std::max(a, b);
        EXPECT_EQ(static_cast<int>(program.Make()->Evaluate({.document = DocumentOf("{}")})),
                  2 - joined);
      }
    }
  }
}

}  // namespace
}  // namespace quire
