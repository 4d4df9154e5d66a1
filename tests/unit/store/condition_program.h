// Conditions put together by hand, for tests.
// Any thread; used by tests only.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/store/condition.h"
#include "engine/store/document.h"
#include "engine/store/hlc_time.h"
#include "engine/store/shown_value.h"
#include "engine/store/type_modifier.h"
#include "tests/unit/store/document_text.h"

namespace quire {

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
inline Value Null() {
  return Value{.is_null = true};
}
inline Value Int(int64_t v) {
  return Value{.integer = v};
}
inline Value Real(double v) {
  return Value{.real = v};
}
inline Value Text(std::string v) {
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
inline Truth CompareShown(std::string_view text, ShownAs shown, int outcomes, Comparable kind,
                          Value constant, Conversion conversion = Conversion::kNone) {
  Program program;
  const int32_t column = program.Column("v", shown, conversion);
  program.Compare(kind, column, outcomes, program.Constant(kind, std::move(constant)));
  const std::string document = DocumentOf("{\"v\":" + std::string(text) + "}");
  return program.Make()->Evaluate(DocumentRow{.document = document});
}

inline Truth Integer(std::string_view text, ShownAs shown, int outcomes, int64_t constant) {
  return CompareShown(text, shown, outcomes, Comparable::kInteger, Int(constant));
}
inline Truth Number(std::string_view text, int outcomes, std::string constant,
                    ShownAs shown = ShownAs::kNumeric) {
  return CompareShown(text, shown, outcomes, Comparable::kNumber, Text(std::move(constant)),
                      shown == ShownAs::kNumeric ? Conversion::kNone : Conversion::kToNumber);
}
inline Truth RealOf(std::string_view text, int outcomes, double constant,
                    ShownAs shown = ShownAs::kFloat8) {
  return CompareShown(text, shown, outcomes, Comparable::kReal, Real(constant));
}

}  // namespace quire
