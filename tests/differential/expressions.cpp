// Conditions on expressions, which the server evaluates.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/differential/conditions.h"

namespace quire::differential {
namespace {

// {c} is the column, {v} the constant of its type. None fails for any value.
const std::vector<std::string>& FormsFor(Kind kind) {
  static const std::map<Kind, std::vector<std::string>> kForms = {
      {Kind::kInteger,
       {"{c} % 3 = {v} % 3", "coalesce({c}, 0) = {v}", "{c} - 0 = {v}", "sign({c}) = sign({v})",
        "CASE WHEN {c} > 0 THEN {c} ELSE 0 END = {v}", "{c} IN ({v}, 1)", "greatest({c}, 5) >= {v}",
        "CASE WHEN {c} <> 0 THEN 100 / {c} > 5 END", "({c} <> 0 AND 100 / {c} > 5)"}},
      {Kind::kNumber,
       {"{c} * 1 = {v}", "coalesce({c}, 0) = {v}", "sign({c}) = sign({v})", "nullif({c}, 1) = {v}",
        "least({c}, {v}) = {c}"}},
      {Kind::kBool,
       {"coalesce({c}, false)", "{c} = (1 > 0)", "({c} OR NOT {c})",
        "CASE WHEN {c} THEN true END"}},
      {Kind::kText,
       {"{c} LIKE left({v}, 1) || '%'", "{c} NOT LIKE 't_'", "{c} ~ '^t'",
        "upper({c}) = upper({v})", "length({c}) = length({v})", "{c} || 'x' = {v} || 'x'",
        "starts_with({c}, left({v}, 2))", "{c} COLLATE \"C\" <= {v}",
        "substr({c}, 1, 2) = substr({v}, 1, 2)", "{c} = {v} COLLATE \"C\"", "{c} ILIKE 'T%'"}},
      {Kind::kUuid, {"{c}::text = {v}::text", "left({c}::text, 2) = left({v}::text, 2)"}},
      {Kind::kMoment,
       {"{c} + interval '1 day' > {v}", "extract(day FROM {c}) = extract(day FROM {v})",
        "{c}::date = {v}::date", "isfinite({c})",
        "date_trunc('month', {c}) = date_trunc('month', {v})"}},
      {Kind::kBytes,
       {"length({c}) = length({v})", "encode({c}, 'hex') = encode({v}, 'hex')",
        R"({c} || '\x00' > {v})"}},
      {Kind::kJson,
       {"{c} @> {v}", "jsonb_typeof({c}) = jsonb_typeof({v})", "{c} ? 'a'", "{c}->>'a' IS NOT NULL",
        "{c}->'b' = {v}->'b'", "{c} <@ {v}", "{c}::text = {v}::text"}},
      {Kind::kArray,
       {"{c} @> {v}", "{c} && {v}", "cardinality({c}) = cardinality({v})", "3 = ANY ({c})",
        "1 <> ALL ({c})", "{c}[1] = ({v})[1]", "array_length({c}, 1) > 1"}}};
  return kForms.at(kind);
}

// {a} is the table.
const std::vector<std::string>& FormsForDocument() {
  static const std::vector<std::string> kForms = {
      "{a}._doc ? 'other'", "{a}._doc @> '{\"flag\": true}'", "{a}._doc->>'txt' > 'b'",
      "{a}._doc->'o'->'i' IS NOT NULL", "jsonb_typeof({a}._doc->'i8') = 'number'",
      "{a}._doc #> '{o,p}' <> 'null'",
      // The same for every row.
      "now() > '2020-01-01'", "EXISTS (SELECT FROM plain LIMIT 1)"};
  return kForms;
}

}  // namespace

std::string Conditions::Expression(const Subject& subject) {
  Count("expression");
  if (random_.Chance(0.15)) {
    return absl::StrReplaceAll(random_.Pick(FormsForDocument()), {{"{a}", subject.source.alias}});
  }
  return absl::StrReplaceAll(
      random_.Pick(FormsFor(subject.column.kind)),
      {{"{c}", subject.name}, {"{v}", SameType(subject, subject.value, false)}});
}

}  // namespace quire::differential
