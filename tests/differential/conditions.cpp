#include "tests/differential/conditions.h"

#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace quire::differential {
namespace {

bool IsNumber(const Column& column) {
  return column.kind == Kind::kInteger || column.kind == Kind::kNumber;
}

std::string Quoted(const std::string& value) {
  return absl::StrCat("'", absl::StrReplaceAll(value, {{"'", "''"}}), "'");
}

// Has numbers that are no doubles: a comparison with a double is one, and fails.
bool IsTooWide(const Column& column) {
  return column.name == "num";
}

bool IsReal(const Column& column) {
  return column.type == "float4" || column.type == "float8";
}

// The types of numbers that read this text without an error.
// A comparison with the column does not fail either.
std::vector<std::string> TypesFor(const std::string& value, const Column& column) {
  std::vector<std::string> types = {"numeric"};
  int64_t integer = 0;
  double number = 0;
  if (absl::SimpleAtoi(value, &integer)) {
    types.insert(types.end(), {"int8", "int8"});
    if (integer == static_cast<int32_t>(integer)) types.insert(types.end(), {"int4", "int4"});
    if (integer == static_cast<int16_t>(integer)) types.push_back("int2");
  }
  if (!IsTooWide(column) && absl::SimpleAtod(value, &number) && value.size() < 60) {
    const double size = std::fabs(number);
    if (number == 0 || (size > 1e-300 && size < 1e300)) types.push_back("float8");
    if (number == 0 || (size > 1e-37 && size < 1e38)) types.push_back("float4");
  }
  return types;
}

// An array literal's element.
std::string Element(const std::string& value) {
  return absl::StrCat("\"", absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
}

std::string Commuted(const std::string& op) {
  if (op == "<") return ">";
  if (op == ">") return "<";
  if (op == "<=") return ">=";
  if (op == ">=") return "<=";
  return op;
}

// The kinds that compare with each other.
bool Comparable(const Column& a, const Column& b) {
  if ((IsTooWide(a) && IsReal(b)) || (IsReal(a) && IsTooWide(b))) return false;
  if (IsNumber(a) && IsNumber(b)) return true;
  if (a.kind == Kind::kMoment && b.kind == Kind::kMoment) return true;
  return a.kind == b.kind;
}

}  // namespace

void Conditions::Begin(bool parameters) {
  use_parameters_ = parameters;
  parameters_.clear();
  leaves_.clear();
}

std::string Conditions::Make(const Sources& sources, int depth, bool holds) {
  const uint64_t draw = depth == 0 ? 99 : random_.Below(100);
  if (draw >= 50) return Leaf(sources, holds);
  if (draw < 8) {
    Count("NOT");
    return absl::StrCat("NOT (", Make(sources, depth - 1, !holds), ")");
  }
  // All operands of an AND hold, or one does not; of an OR the other way round.
  const bool conjunction = draw < 30;
  const int count = static_cast<int>(random_.Between(2, 3));
  const int special = static_cast<int>(random_.Below(static_cast<uint64_t>(count)));
  std::vector<std::string> operands;
  for (int i = 0; i < count; ++i) {
    const bool fixed = i == special || holds == conjunction;
    operands.push_back(Make(sources, depth - 1, fixed ? holds : random_.Chance(0.5)));
  }
  Count(conjunction ? "AND" : "OR");
  return absl::StrCat("(", absl::StrJoin(operands, conjunction ? " AND " : " OR "), ")");
}

Column Conditions::RandomColumn() {
  return Columns()[random_.Below(Columns().size())];
}

std::optional<std::string> Conditions::ValueFor(const Source& source, const Column& column,
                                                bool of_row) {
  if (of_row) {
    const auto value = source.row->find(column.name);
    return value == source.row->end() ? std::nullopt : std::optional(value->second);
  }
  return data_.RandomValue(*source.table, column.name, &random_);
}

std::string Conditions::Leaf(const Sources& sources, bool holds) {
  const Source& source = sources[random_.Below(sources.size())];
  Column column = RandomColumn();
  if (random_.Chance(0.15)) column = KeyColumn(*source.table);
  if (random_.Chance(0.03)) column = {"_version", "int8", Kind::kInteger, "_version", ""};
  const std::optional<std::string> of_row = ValueFor(source, column, true);
  const std::optional<std::string> value = of_row ? of_row : ValueFor(source, column, false);
  Subject subject{source, column, absl::StrCat(source.alias, ".", column.name), value.value_or(""),
                  holds};
  std::string text;
  if (!of_row && (holds || !value || random_.Chance(0.5))) {
    text = NullTest(subject, holds);
  } else {
    text = Test(subject, sources);
  }
  leaves_.push_back(text);
  return text;
}

std::string Conditions::Test(const Subject& subject, const Sources& sources) {
  if (subject.column.kind == Kind::kBool && random_.Chance(0.5)) return BoolTest(subject);
  const uint64_t draw = random_.Below(100);
  if (draw < 34) return Comparison(subject);
  if (draw < 44) return In(subject);
  if (draw < 53) return Any(subject);
  if (draw < 62) return Between(subject);
  if (draw < 66) return NullTest(subject, !subject.holds);
  if (draw < 75) return Cast(subject);
  if (draw < 84) return OtherColumn(subject, sources);
  if (draw < 94) return Expression(subject);
  return Distinct(subject);
}

std::string Conditions::NullTest(const Subject& subject, bool is_null) {
  Count(is_null ? "IS NULL" : "IS NOT NULL");
  return absl::StrCat(subject.name, is_null ? " IS NULL" : " IS NOT NULL");
}

std::string Conditions::Constant(const Parameter& constant, bool untyped) {
  if (use_parameters_ && parameters_.size() < 8 && random_.Chance(0.7)) {
    parameters_.push_back(constant);
    Count("$n");
    return absl::StrCat("$", parameters_.size());
  }
  if (untyped && random_.Chance(0.4)) return Quoted(constant.value);
  return absl::StrCat(Quoted(constant.value), "::", constant.type);
}

std::string Conditions::SameType(const Subject& subject, const std::string& value, bool untyped) {
  return Constant({subject.column.type, value, subject.source.table, subject.column.name}, untyped);
}

std::string Conditions::AnyNumberType(const Subject& subject, const std::string& value) {
  const std::string type = random_.Pick(TypesFor(value, subject.column));
  if (type != subject.column.type) {
    Count("between number types");
    // Other values of the column need not be of this type, so it is no parameter.
    return absl::StrCat(Quoted(value), "::", type);
  }
  return SameType(subject, value, true);
}

std::string Conditions::OtherValue(const Subject& subject) {
  return ValueFor(subject.source, subject.column, false).value_or(subject.value);
}

std::string Conditions::Compared(const Subject& subject, const std::string& operand) {
  const std::string op = subject.holds ? random_.Pick<std::string>({"=", "=", "<=", ">="})
                                       : random_.Pick<std::string>({"<>", "<", ">"});
  Count(op);
  if (random_.Chance(0.2)) return absl::StrCat(operand, " ", Commuted(op), " ", subject.name);
  return absl::StrCat(subject.name, " ", op, " ", operand);
}

std::string Conditions::Comparison(const Subject& subject) {
  // Also around another value than the row's, from which it lies on either side.
  Subject around = subject;
  if (random_.Chance(0.3)) {
    around.value = OtherValue(subject);
    around.holds = random_.Chance(0.4);
  }
  if (IsNumber(subject.column) && random_.Chance(0.5)) {
    return Compared(around, AnyNumberType(around, around.value));
  }
  return Compared(around, SameType(around, around.value, true));
}

// Of an IN or an array: now and then one that is worth sorting.
int64_t Conditions::ListLength() {
  return random_.Chance(0.2) ? random_.Between(8, 40) : random_.Between(1, 5);
}

std::string Conditions::In(const Subject& subject) {
  std::vector<std::string> values;
  for (int64_t n = ListLength(); n > 0; --n) {
    const std::string value = n == 2 ? subject.value : OtherValue(subject);
    values.push_back(SameType(subject, value, true));
  }
  if (subject.holds) values.push_back(SameType(subject, subject.value, true));
  if (random_.Chance(0.1)) values.push_back("NULL");
  const bool negated = subject.holds ? false : random_.Chance(0.6);
  Count(negated ? "NOT IN" : "IN");
  return absl::StrCat(subject.name, negated ? " NOT IN (" : " IN (", absl::StrJoin(values, ", "),
                      ")");
}

std::string Conditions::Any(const Subject& subject) {
  if (subject.column.kind == Kind::kArray) return Expression(subject);
  std::vector<std::string> elements;
  for (int64_t n = ListLength() - 1; n > 0; --n) {
    elements.push_back(random_.Chance(0.08) ? "NULL" : Element(OtherValue(subject)));
  }
  if (subject.holds) elements.push_back(Element(subject.value));
  const std::string array =
      absl::StrCat(Quoted(absl::StrCat("{", absl::StrJoin(elements, ","), "}")),
                   "::", subject.column.type, "[]");
  if (random_.Chance(0.15)) {
    const std::string op = random_.Pick<std::string>({"<>", "<=", ">"});
    Count(absl::StrCat(op, " ALL"));
    return absl::StrCat(subject.name, " ", op, " ALL (", array, ")");
  }
  const std::string op =
      random_.Chance(0.75) ? "=" : random_.Pick<std::string>({"<>", "<", ">=", ">"});
  Count(absl::StrCat(op, " ANY"));
  return absl::StrCat(subject.name, " ", op, " ANY (", array, ")");
}

std::string Conditions::Between(const Subject& subject) {
  const bool number = IsNumber(subject.column) && random_.Chance(0.3);
  const auto constant = [&](const std::string& value) {
    return number ? AnyNumberType(subject, value) : SameType(subject, value, true);
  };
  std::string low = constant(random_.Chance(0.5) ? OtherValue(subject) : subject.value);
  std::string high = constant(random_.Chance(0.6) ? OtherValue(subject) : subject.value);
  const bool symmetric = subject.holds && random_.Chance(0.6);
  if (symmetric) {
    low = constant(subject.value);
    if (random_.Chance(0.5)) std::swap(low, high);
  }
  const bool negated = !subject.holds && random_.Chance(0.5);
  Count(negated ? "NOT BETWEEN" : symmetric ? "BETWEEN SYMMETRIC" : "BETWEEN");
  return absl::StrCat(subject.name, negated ? " NOT" : "", " BETWEEN ",
                      symmetric ? "SYMMETRIC " : "", low, " AND ", high);
}

std::string Conditions::Distinct(const Subject& subject) {
  Count(subject.holds ? "IS NOT DISTINCT FROM" : "IS DISTINCT FROM");
  return absl::StrCat(subject.name, subject.holds ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ",
                      random_.Chance(0.1) ? "NULL" : SameType(subject, subject.value, true));
}

std::string Conditions::BoolTest(const Subject& subject) {
  const bool truth = (subject.value == "t") == subject.holds;
  static const std::vector<std::string> kTrue = {"%", "% IS TRUE", "% IS NOT FALSE", "% = true",
                                                 "% IS NOT UNKNOWN"};
  static const std::vector<std::string> kFalse = {"NOT %", "% IS FALSE", "% IS NOT TRUE",
                                                  "% <> true", "% IS UNKNOWN"};
  const std::string form = random_.Pick(truth ? kTrue : kFalse);
  Count(absl::StrReplaceAll(form, {{"%", "bool"}}));
  return absl::StrReplaceAll(form, {{"%", subject.name}});
}

// Only casts that no value of the type fails.
std::string Conditions::Cast(const Subject& subject) {
  static const std::map<std::string, std::vector<std::string>> kTargets = {
      {"int2", {"int4", "int8", "numeric", "float4", "float8"}},
      {"int4", {"int8", "numeric", "float4", "float8"}},
      {"int8", {"numeric", "float4", "float8"}},
      {"float4", {"float8", "numeric"}},
      {"float8", {"numeric"}},
      {"numeric", {"numeric(1000,1)", "text"}},
      {"text", {"varchar", "varchar(2)", "char(3)"}},
      {"varchar", {"text"}},
      {"date", {"timestamp", "timestamptz"}},
      {"uuid", {"text"}},
      {"bool", {"int4", "text"}}};
  const auto targets = kTargets.find(subject.column.type);
  if (targets == kTargets.end()) return Comparison(subject);
  std::string target = random_.Pick(targets->second);
  // Infinity does not fit into digits.
  if (target == "numeric(1000,1)" && subject.column.name == "num") target = "text";
  Subject cast = subject;
  cast.name = absl::StrCat(subject.name, "::", target);
  Count("cast");
  if (subject.column.type == "bool" && target == "int4") {
    return Compared(cast, subject.value == "t" ? "1" : "0");
  }
  if (target == "text" && subject.column.type == "bool")
    cast.value += subject.value == "t" ? "rue" : "alse";
  return Compared(cast, absl::StrCat(Quoted(cast.value), "::", target));
}

std::string Conditions::OtherColumn(const Subject& subject, const Sources& sources) {
  const Source& source = sources[random_.Below(sources.size())];
  std::vector<Column> others;
  for (const Column& column : Columns()) {
    if (Comparable(subject.column, column) && column.name != subject.column.name) {
      others.push_back(column);
    }
  }
  if (Comparable(subject.column, KeyColumn(*source.table))) {
    others.push_back(KeyColumn(*source.table));
  }
  if (others.empty()) return Comparison(subject);
  const Column other = random_.Pick(others);
  const std::string name = absl::StrCat(source.alias, ".", other.name);
  const std::optional<std::string> value = ValueFor(source, other, true);
  Count("columns");
  if (!value) {
    return absl::StrCat(subject.name, subject.holds ? " IS DISTINCT FROM " : " = ", name);
  }
  const bool equal = *value == subject.value;
  const std::string op = equal == subject.holds ? random_.Pick<std::string>({"=", "<=", ">="})
                                                : random_.Pick<std::string>({"<>", "<", ">"});
  Count(op);
  return absl::StrCat(subject.name, " ", op, " ", name);
}

std::string Conditions::MakeRisky(const Source& source) {
  // Each has one way to fail.
  static const std::vector<std::string> kForms = {"{a}.i8::int4 >= 3",
                                                  "{a}.i4::int2 < 9",
                                                  "{a}.num::float8 > 1.5",
                                                  "{a}.num >= 2.5::float8",
                                                  "{a}.f8 < {a}.num",
                                                  "{a}.f8::float4 <= 7",
                                                  "{a}.f8::int4 <> 3",
                                                  "{a}.i4 * {a}.i4 > 16",
                                                  "100 / {a}.i4 >= 5",
                                                  "{a}.i2 + {a}.i2 > 5::int2",
                                                  "{a}.i8 * 1000000 > 1000",
                                                  "{a}.i4 + {a}.second = 12",
                                                  "-{a}.i4 < 3",
                                                  "{a}.f4::int8 = 2",
                                                  "{a}.i8::int2 = ANY ('{1,2,3}')",
                                                  "{a}.i4 % {a}.second = 0"};
  const std::string text = absl::StrReplaceAll(random_.Pick(kForms), {{"{a}", source.alias}});
  Count("may fail");
  leaves_.push_back(text);
  return text;
}

}  // namespace quire::differential
