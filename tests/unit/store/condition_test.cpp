#include "engine/store/condition.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine/store/document.h"
#include "engine/store/hlc_time.h"
#include "engine/store/shown_value.h"
#include "engine/store/type_modifier.h"
#include "tests/unit/store/document_text.h"
#include "tests/unit/store/random_document.h"

namespace quire {
namespace {

using Code = ConditionStep::Code;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kNaN = std::nan("");

// A value as a test writes it: by its kind, one of the members.
struct Value {
  bool is_null = false;
  int64_t integer = 0;
  double real = 0;
  std::string text;  // bytes, or the digits of a number

  ConditionConstant Plain() const {
    return ConditionConstant{.is_null = is_null,
                             .size = static_cast<uint32_t>(text.size()),
                             .data = text.data(),
                             .integer = integer,
                             .real = real};
  }
};
Value Null() {
  return Value{.is_null = true};
}
Value Int(int64_t v) {
  return Value{.integer = v};
}
Value Real(double v) {
  return Value{.real = v};
}
Value Text(std::string v) {
  return Value{.text = std::move(v)};
}

// A program put together by hand.
class Program {
 public:
  int32_t Column(std::string_view path, ShownAs shown, Conversion conversion = Conversion::kNone) {
    return Column(ConditionColumn{
        .path = path.empty() ? nullptr : &paths_.emplace_back(Path::Parse(path).value()),
        .shown = shown,
        .conversion = conversion});
  }
  int32_t Column(const ConditionColumn& column) {
    columns_.push_back(column);
    return static_cast<int32_t>(columns_.size()) - 1;
  }
  const Path* Keep(std::string_view path) {
    return &paths_.emplace_back(Path::Parse(path).value());
  }
  int32_t Constant(Comparable kind, Value value) {
    constants_.push_back({kind, std::move(value)});
    return -static_cast<int32_t>(constants_.size());
  }
  int32_t List(Comparable kind, std::optional<std::vector<Value>> values) {
    lists_.push_back({kind, std::move(values)});
    return static_cast<int32_t>(lists_.size()) - 1;
  }
  size_t Add(const ConditionStep& step) {
    steps_.push_back(step);
    return steps_.size() - 1;
  }
  void Compare(Comparable kind, int32_t left, int outcomes, int32_t right) {
    Add({.code = Code::kCompare,
         .accepted = static_cast<uint8_t>(outcomes),
         .kind = kind,
         .left = left,
         .right = right});
  }
  void BranchToEnd(size_t branch) { steps_[branch].target = static_cast<uint32_t>(steps_.size()); }

  std::unique_ptr<Condition> Make() const {
    auto condition = std::make_unique<Condition>(
        ConditionProgram{.steps = steps_,
                         .columns = columns_,
                         .constants = static_cast<uint32_t>(constants_.size()),
                         .lists = static_cast<uint32_t>(lists_.size())});
    for (uint32_t i = 0; i < constants_.size(); ++i) {
      EXPECT_TRUE(
          condition->SetConstant(i, constants_[i].first, constants_[i].second.Plain()).ok());
    }
    for (uint32_t i = 0; i < lists_.size(); ++i) {
      if (!lists_[i].second) continue;
      std::vector<ConditionConstant> plain;
      for (const Value& value : *lists_[i].second) plain.push_back(value.Plain());
      EXPECT_TRUE(condition->SetList(i, lists_[i].first, plain).ok());
    }
    return condition;
  }

 private:
  std::deque<Path> paths_;
  std::vector<ConditionStep> steps_;
  std::vector<ConditionColumn> columns_;
  std::vector<std::pair<Comparable, Value>> constants_;
  std::vector<std::pair<Comparable, std::optional<std::vector<Value>>>> lists_;
};

// The truth of `v <outcomes> constant` for the document {"v": text}.
Truth CompareShown(std::string_view text, ShownAs shown, int outcomes, Comparable kind,
                   Value constant, Conversion conversion = Conversion::kNone) {
  Program program;
  const int32_t column = program.Column("v", shown, conversion);
  program.Compare(kind, column, outcomes, program.Constant(kind, std::move(constant)));
  const std::string document = DocumentOf("{\"v\":" + std::string(text) + "}");
  return program.Make()->Evaluate(DocumentRow{.document = document});
}

Truth Integer(std::string_view text, ShownAs shown, int outcomes, int64_t constant) {
  return CompareShown(text, shown, outcomes, Comparable::kInteger, Int(constant));
}
Truth Number(std::string_view text, int outcomes, std::string constant,
             ShownAs shown = ShownAs::kNumeric) {
  return CompareShown(text, shown, outcomes, Comparable::kNumber, Text(std::move(constant)),
                      shown == ShownAs::kNumeric ? Conversion::kNone : Conversion::kToNumber);
}
Truth RealOf(std::string_view text, int outcomes, double constant,
             ShownAs shown = ShownAs::kFloat8) {
  return CompareShown(text, shown, outcomes, Comparable::kReal, Real(constant));
}

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

// ---- random conditions against an evaluation that recurses, allocates and knows no short cut

// What a column shows, by shown_value.h alone.
struct Shown {
  bool is_null = true;
  int64_t integer = 0;
  double real = 0;
  std::shared_ptr<const Decimal> number;
  std::string bytes;
};

Shown ShowSlowly(ValueView value, ShownAs shown, Conversion conversion) {
  Shown result;
  std::string buffer;
  const auto integer = [&](int64_t min, int64_t max) {
    const auto n = ShowInt64(value);
    result.is_null = !n || *n < min || *n > max;
    if (result.is_null) return;
    result.integer = *n;
    result.number = std::make_shared<Decimal>(Decimal::FromInt64(*n));
    result.real =
        conversion == Conversion::kToFloat4 ? static_cast<float>(*n) : static_cast<double>(*n);
  };
  switch (shown) {
    case ShownAs::kInt2:
      integer(INT16_MIN, INT16_MAX);
      break;
    case ShownAs::kInt4:
      integer(INT32_MIN, INT32_MAX);
      break;
    case ShownAs::kInt8:
      integer(INT64_MIN, INT64_MAX);
      break;
    case ShownAs::kFloat4:
      if (const auto n = ShowFloat(value)) result = {.is_null = false, .real = *n};
      break;
    case ShownAs::kFloat8:
      if (const auto n = ShowDouble(value)) result = {.is_null = false, .real = *n};
      break;
    case ShownAs::kNumeric:
      if (const auto n = ShowDecimal(value)) {
        result = {.is_null = false, .number = std::make_shared<Decimal>(*n)};
      }
      break;
    case ShownAs::kText:
      if (const auto n = ShowText(value, &buffer)) {
        result = {.is_null = false, .bytes = std::string(*n)};
      }
      break;
    default:
      break;
  }
  return result;
}

int CompareSlowly(Comparable kind, const Shown& a, const Shown& b) {
  const auto order = [](auto x, auto y) { return x < y ? -1 : x > y ? 1 : 0; };
  switch (kind) {
    case Comparable::kInteger:
      return order(a.integer, b.integer);
    case Comparable::kReal:
      if (std::isnan(a.real)) return std::isnan(b.real) ? 0 : 1;
      if (std::isnan(b.real)) return -1;
      return order(a.real, b.real);
    case Comparable::kNumber:
      return Decimal::Compare(*a.number, *b.number);
    case Comparable::kBytes:
      break;
  }
  return order(a.bytes, b.bytes);
}

class RandomCondition {
 public:
  explicit RandomCondition(uint64_t seed) : random_(seed) {}

  // A tree of conditions as closures, and its program beside it.
  using Slow = std::function<Truth(ValueView)>;
  Slow Grow(int depth) {
    switch (Below(depth > 0 ? 8 : 4)) {
      case 0:
      case 1:
        return Comparison();
      case 2:
        return AnyOf();
      case 3:
        return Presence();
      case 4:
        return Not(depth);
      case 5:
        return Test(depth);
      default:
        return Join(depth);
    }
  }

  std::mt19937_64* random() { return &random_; }
  uint64_t Below(uint64_t n) { return random_() % n; }
  std::unique_ptr<Condition> Make() const { return program_.Make(); }

 private:
  struct Operand {
    int32_t place = 0;
    std::function<Shown(ValueView)> slow;
  };

  Operand RandomColumn(Comparable kind) {
    static constexpr const char* kPaths[] = {"a", "b", "a.b", "b.0", "c.1.a", "aa"};
    const char* path = kPaths[Below(std::size(kPaths))];
    ShownAs shown = ShownAs::kText;
    Conversion conversion = Conversion::kNone;
    constexpr ShownAs kIntegers[] = {ShownAs::kInt2, ShownAs::kInt4, ShownAs::kInt8};
    const ShownAs integer = kIntegers[Below(3)];
    switch (kind) {
      case Comparable::kInteger:
        shown = integer;
        break;
      case Comparable::kReal:
        shown = Below(2) == 0 ? ShownAs::kFloat4 : ShownAs::kFloat8;
        if (Below(4) == 0) {
          shown = integer;
          conversion = Below(2) == 0 ? Conversion::kToFloat4 : Conversion::kToFloat8;
        }
        break;
      case Comparable::kNumber:
        shown = ShownAs::kNumeric;
        if (Below(4) == 0) {
          shown = integer;
          conversion = Conversion::kToNumber;
        }
        break;
      case Comparable::kBytes:
        break;
    }
    return {program_.Column(path, shown, conversion),
            [parsed = Path::Parse(path).value(), shown, conversion](ValueView root) {
              ValueView value;
              if (!Lookup(root, parsed, nullptr, &value)) return Shown();
              return ShowSlowly(value, shown, conversion);
            }};
  }

  std::pair<Value, Shown> RandomConstant(Comparable kind) {
    if (Below(10) == 0) return {Null(), Shown()};
    std::string text = RandomNumberText(&random_);
    if (text.back() == 'f') text.pop_back();
    if (Below(12) == 0) text = Below(2) == 0 ? "NaN" : "-Infinity";
    const Decimal decimal = Decimal::Parse(text).value();
    switch (kind) {
      case Comparable::kInteger: {
        const auto n = decimal.ToInt64().value_or(static_cast<int64_t>(Below(300)) - 100);
        return {Int(n), Shown{.is_null = false, .integer = n}};
      }
      case Comparable::kReal:
        return {Real(decimal.ToDouble()), Shown{.is_null = false, .real = decimal.ToDouble()}};
      case Comparable::kNumber:
        return {Text(decimal.ToString()),
                Shown{.is_null = false, .number = std::make_shared<Decimal>(decimal)}};
      case Comparable::kBytes:
        if (Below(2) == 0) text = std::string(Below(4), static_cast<char>('a' + Below(4)));
        return {Text(text), Shown{.is_null = false, .bytes = text}};
    }
    return {};
  }

  Operand RandomOperand(Comparable kind) {
    if (Below(4) == 0) return RandomColumn(kind);
    auto [value, shown] = RandomConstant(kind);
    return {program_.Constant(kind, value), [shown = shown](ValueView) { return shown; }};
  }

  Slow Comparison() {
    const auto kind = static_cast<Comparable>(Below(4));
    const auto outcomes = static_cast<int>(1 + Below(6));
    const bool distinct = Below(6) == 0;
    Operand left = RandomColumn(kind);
    Operand right = RandomOperand(kind);
    if (Below(4) == 0) std::swap(left, right);
    program_.Add({.code = distinct ? Code::kDistinct : Code::kCompare,
                  .accepted = static_cast<uint8_t>(outcomes),
                  .kind = kind,
                  .left = left.place,
                  .right = right.place});
    return [=](ValueView root) {
      const Shown a = left.slow(root);
      const Shown b = right.slow(root);
      if (distinct) {
        const bool differ =
            a.is_null || b.is_null ? a.is_null != b.is_null : CompareSlowly(kind, a, b) != 0;
        return differ ? Truth::kTrue : Truth::kFalse;
      }
      return Judge(kind, outcomes, a, b);
    };
  }

  static Truth Judge(Comparable kind, int outcomes, const Shown& a, const Shown& b) {
    if (a.is_null || b.is_null) return Truth::kUnknown;
    const int order = CompareSlowly(kind, a, b);
    const int outcome = order < 0 ? kLess : order > 0 ? kGreater : kEqual;
    return (outcomes & outcome) != 0 ? Truth::kTrue : Truth::kFalse;
  }

  Slow AnyOf() {
    const auto kind = static_cast<Comparable>(Below(4));
    const int outcomes = Below(2) == 0 ? kEqual : static_cast<int>(1 + Below(6));
    const Operand left = RandomColumn(kind);
    std::vector<Value> values;
    std::vector<Shown> shown;
    for (uint64_t n = Below(3) == 0 ? Below(30) : Below(4); n > 0; --n) {
      auto [value, slow] = RandomConstant(kind);
      values.push_back(value);
      shown.push_back(slow);
    }
    program_.Add({.code = Code::kAnyOf,
                  .accepted = static_cast<uint8_t>(outcomes),
                  .kind = kind,
                  .left = left.place,
                  .right = program_.List(kind, values)});
    return [=](ValueView root) {
      const Shown a = left.slow(root);
      Truth result = Truth::kFalse;
      for (const Shown& b : shown) result = std::max(result, Judge(kind, outcomes, a, b));
      return result;
    };
  }

  Slow Presence() {
    const Operand column = RandomColumn(static_cast<Comparable>(Below(4)));
    program_.Add({.code = Code::kPresent, .left = column.place});
    return [=](ValueView root) { return column.slow(root).is_null ? Truth::kFalse : Truth::kTrue; };
  }

  Slow Not(int depth) {
    Slow inner = Grow(depth - 1);
    program_.Add({.code = Code::kNot});
    return [=](ValueView root) {
      const Truth truth = inner(root);
      return truth == Truth::kUnknown ? truth
             : truth == Truth::kTrue  ? Truth::kFalse
                                      : Truth::kTrue;
    };
  }

  Slow Test(int depth) {
    Slow inner = Grow(depth - 1);
    const auto accepted = static_cast<uint8_t>(1 + Below(6));
    program_.Add({.code = Code::kTest, .accepted = accepted});
    return [=](ValueView root) {
      return (accepted & BitOf(inner(root))) != 0 ? Truth::kTrue : Truth::kFalse;
    };
  }

  Slow Join(int depth) {
    const Code join = Below(2) == 0 ? Code::kAnd : Code::kOr;
    std::vector<Slow> inner = {Grow(depth - 1)};
    std::vector<size_t> branches;
    for (uint64_t n = 1 + Below(3); n > 0; --n) {
      branches.push_back(
          program_.Add({.code = Code::kBranch,
                        .accepted = BitOf(join == Code::kAnd ? Truth::kFalse : Truth::kTrue)}));
      inner.push_back(Grow(depth - 1));
      program_.Add({.code = join});
    }
    for (const size_t branch : branches) program_.BranchToEnd(branch);
    return [=](ValueView root) {
      bool any[3] = {};
      for (const Slow& slow : inner) any[static_cast<int>(slow(root))] = true;
      if (join == Code::kAnd) {
        return any[0] ? Truth::kFalse : any[1] ? Truth::kUnknown : Truth::kTrue;
      }
      return any[2] ? Truth::kTrue : any[1] ? Truth::kUnknown : Truth::kFalse;
    };
  }

  std::mt19937_64 random_;
  Program program_;
};

// A document in which the paths above often lead somewhere.
std::string RandomDocument(std::mt19937_64* random) {
  const auto value = [&] { return RandomText(random, 1); };
  std::string text = "{\"a\":" + value() + ",\"b\":";
  text += (*random)() % 2 == 0 ? value() : "[" + value() + "," + value() + "]";
  if ((*random)() % 2 == 0) text += ",\"aa\":" + value();
  if ((*random)() % 2 == 0) text += ",\"c\":[1,{\"a\":" + value() + "}]";
  if ((*random)() % 2 == 0) text += ",\"x" + std::to_string((*random)() % 50) + "\":1";
  return text + "}";
}

TEST(ConditionTest, RandomConditionsMeanWhatTheyShould) {
  uint64_t met[3] = {};
  const uint64_t first = std::random_device()();
  for (uint64_t seed = first; seed < first + 300; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomCondition random(seed);
    const RandomCondition::Slow slow = random.Grow(4);
    const auto condition = random.Make();
    for (int i = 0; i < 30; ++i) {
      const std::string text = RandomDocument(random.random());
      const std::string document = DocumentOf(text);
      const Truth expected = slow(RootOf(document));
      ++met[static_cast<int>(expected)];
      ASSERT_EQ(condition->Evaluate({.document = document}), expected) << text;
    }
  }
  // The conditions are not idle.
  for (const uint64_t count : met) EXPECT_GT(count, 500);
}

}  // namespace
}  // namespace quire
