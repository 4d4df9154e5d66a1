// Random conditions against an evaluation that recurses, allocates and knows no short cut.

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

#include "engine/store/condition.h"
#include "engine/store/document.h"
#include "engine/store/shown_value.h"
#include "tests/unit/store/condition_program.h"
#include "tests/unit/store/document_text.h"
#include "tests/unit/store/random_document.h"

namespace quire {
namespace {

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
