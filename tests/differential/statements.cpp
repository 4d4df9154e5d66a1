#include "tests/differential/statements.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace quire::differential {
namespace {

// What an aggregate may be asked of: not the text of a value that equal values write differently.
std::string Canonical(const std::string& expression, const Column& column) {
  if (column.type == "numeric") return absl::StrCat("trim_scale(", expression, ")");
  if (column.type == "float4" || column.type == "float8") return absl::StrCat(expression, " + 0");
  return expression;
}

bool HasMinAndMax(const Column& column) {
  return column.kind != Kind::kBool && column.kind != Kind::kUuid && column.kind != Kind::kBytes &&
         column.kind != Kind::kJson && column.kind != Kind::kArray;
}

}  // namespace

Statement Statements::Make() {
  struct Choice {
    int weight;
    const char* kind;
    void (Statements::*make)(Statement*);
    bool may_be_prepared;
  };
  static const std::vector<Choice> kChoices = {
      {26, "rows", &Statements::Rows, true},
      {12, "aggregate", &Statements::Aggregate, true},
      {5, "group", &Statements::Groups, true},
      {10, "page", &Statements::Page, true},
      {4, "may fail", &Statements::Risky, false},
      {8, "range of keys", &Statements::KeyRange, true},
      {13, "join", &Statements::Join, true},
      {5, "join with a table", &Statements::WithPlain, true},
      {6, "subquery", &Statements::Subquery, true},
      {6, "update", &Statements::Update, true},
      {2, "update from", &Statements::UpdateFrom, false},
      {3, "delete", &Statements::Delete, true},
      {2, "insert", &Statements::Insert, false},
      {6, "function", &Statements::Function, false}};
  int draw = static_cast<int>(random_.Below(108));
  size_t choice = 0;
  while (draw >= kChoices[choice].weight && choice + 1 < kChoices.size()) {
    draw -= kChoices[choice++].weight;
  }
  Statement statement;
  statement.kind = kChoices[choice].kind;
  conditions_.Begin(kChoices[choice].may_be_prepared && random_.Chance(0.35));
  (this->*kChoices[choice].make)(&statement);
  statement.parameters = conditions_.parameters();
  statement.leaves = conditions_.leaves();
  if (!statement.parameters.empty()) {
    statement.settings.push_back(absl::StrCat(
        "SET plan_cache_mode = ",
        random_.Pick<const char*>({"auto", "force_generic_plan", "force_custom_plan"})));
  }
  return statement;
}

Source Statements::RandomSource(const std::string& alias) {
  const Table& table = Tables()[random_.Below(Tables().size())];
  return {&table, alias, &data_.RandomRow(table, &random_)};
}

std::string Statements::Where(const Sources& sources) {
  return absl::StrCat(" WHERE ", conditions_.Make(sources, 2, random_.Chance(0.93)));
}

// The key and some columns.
std::string Statements::Names(const Source& source, int count) {
  std::vector<std::string> names = {absl::StrCat(source.alias, "._id")};
  for (int i = 0; i < count; ++i) {
    names.push_back(absl::StrCat(source.alias, ".", conditions_.RandomColumn().name));
  }
  if (random_.Chance(0.1)) names.push_back(source.alias + "._doc");
  if (random_.Chance(0.1)) names.push_back(source.alias + "._version");
  return absl::StrJoin(names, ", ");
}

void Statements::Rows(Statement* statement) {
  const Source source = RandomSource("a");
  statement->leaves_from = source.table->name + " a";
  const std::string what =
      random_.Chance(0.15) ? "a.*" : Names(source, static_cast<int>(random_.Below(4)));
  statement->text =
      absl::StrCat("SELECT ", what, " FROM ", source.table->name, " a", Where({source}));
}

void Statements::Aggregate(Statement* statement) {
  const Source source = RandomSource("a");
  statement->leaves_from = source.table->name + " a";
  statement->counts = true;
  std::vector<std::string> what = {"count(*)"};
  for (uint64_t n = random_.Below(3); n > 0; --n) {
    const Column column = conditions_.RandomColumn();
    const std::string name = absl::StrCat("a.", column.name);
    what.push_back(absl::StrCat("count(", random_.Chance(0.3) ? "DISTINCT " : "", name, ")"));
    if (HasMinAndMax(column)) {
      what.push_back(Canonical(absl::StrCat("min(", name, ")"), column));
      what.push_back(Canonical(absl::StrCat("max(", name, ")"), column));
    }
    if (column.kind == Kind::kInteger || column.type == "numeric") {
      what.push_back(absl::StrCat("sum(", name, ")"));
    }
    if (column.kind == Kind::kBool) what.push_back(absl::StrCat("bool_and(", name, ")"));
  }
  statement->text = absl::StrCat("SELECT ", absl::StrJoin(what, ", "), " FROM ", source.table->name,
                                 " a", random_.Chance(0.85) ? Where({source}) : "");
}

void Statements::Groups(Statement* statement) {
  const Source source = RandomSource("a");
  statement->leaves_from = source.table->name + " a";
  const std::string by = random_.Pick<std::string>({"flag", "i4", "txt", "short", "day", "i2 % 3"});
  statement->text = absl::StrCat("SELECT ", by, ", count(*), sum(i8), count(txt) FROM ",
                                 source.table->name, " a", Where({source}), " GROUP BY ", by,
                                 random_.Chance(0.3) ? " HAVING count(*) > 1" : "");
}

void Statements::Page(Statement* statement) {
  const Source source = RandomSource("a");
  statement->leaves_from = source.table->name + " a";
  statement->ordered = true;
  std::vector<std::string> order;
  if (random_.Chance(0.75)) {
    order.push_back(absl::StrCat("a.", conditions_.RandomColumn().name,
                                 random_.Pick<const char*>({"", " DESC", " NULLS FIRST", " ASC"})));
  }
  order.push_back(random_.Chance(0.3) ? "a._id DESC" : "a._id");
  statement->text = absl::StrCat("SELECT ", Names(source, 2), " FROM ", source.table->name, " a",
                                 random_.Chance(0.8) ? Where({source}) : "", " ORDER BY ",
                                 absl::StrJoin(order, ", "), " LIMIT ", random_.Between(1, 20),
                                 random_.Chance(0.2) ? " OFFSET 2" : "");
}

void Statements::Risky(Statement* statement) {
  const Source source = RandomSource("a");
  statement->leaves_from = source.table->name + " a";
  statement->counts = true;
  statement->text = absl::StrCat("SELECT count(*) FROM ", source.table->name, " a WHERE ",
                                 conditions_.MakeRisky(source));
}

void Statements::KeyRange(Statement* statement) {
  const Source source = RandomSource("a");
  statement->leaves_from = source.table->name + " a";
  const Column key = KeyColumn(*source.table);
  const auto constant = [&](bool of_row) {
    const std::string value = conditions_.ValueFor(source, key, of_row).value_or("");
    return conditions_.Constant({key.type, value, source.table, "_id"}, true);
  };
  std::string range;
  switch (random_.Below(5)) {
    case 0:
      range = absl::StrCat("a._id BETWEEN SYMMETRIC ", constant(true), " AND ", constant(false));
      break;
    case 1:
      range = absl::StrCat("a._id >= ", constant(true), " AND a._id <= ", constant(false));
      break;
    case 2:
      range = absl::StrCat("a._id ", random_.Pick<const char*>({">", "<"}), " ", constant(false));
      break;
    case 3:
      range = absl::StrCat("a._id IN (", constant(true), ", ", constant(false), ", ",
                           constant(false), ")");
      break;
    default:
      range = absl::StrCat("a._id = ", constant(true));
  }
  if (random_.Chance(0.25)) {
    absl::StrAppend(&range, " AND ", conditions_.Make({source}, 1, true));
  }
  statement->ordered = random_.Chance(0.5);
  statement->text = absl::StrCat(
      "SELECT ", Names(source, 1), " FROM ", source.table->name, " a WHERE ", range,
      statement->ordered ? random_.Pick<const char*>({" ORDER BY a._id", " ORDER BY a._id DESC"})
                         : "");
}

// Columns of both that are equal often enough.
std::string Statements::JoinCondition(const Source& a, const Source& b) {
  struct Pair {
    const char* type;  // of the key of `b`, if that is what joins
    const char* text;
  };
  static const std::vector<Pair> kPairs = {{"int4", "b._id = a.i4"},
                                           {"int4", "b._id = a.i2"},
                                           {"int4", "b._id = a.i8"},
                                           {"int4", "b._id = a.num"},
                                           {"int4", "b._id = ANY (ARRAY[a.i4, a.second, 3])"},
                                           {"int4", "b._id = ANY (a.ints)"},
                                           {"int4", "b._id > a.i4 AND b._id < a.i4 + 5::int8"},
                                           {"int8", "b._id = a.i8"},
                                           {"int8", "b._id = a.i4"},
                                           {"int8", "b._id = a.f8"},
                                           {"text", "b._id = a.txt"},
                                           {"text", "b._id = a.txt_c"},
                                           {"text", "b._id = a.short"},
                                           {"uuid", "b._id = a.uid"},
                                           {"", "a.i4 = b.i2"},
                                           {"", "a.i8 = b.i4 AND a.flag = b.flag"},
                                           {"", "a.num = b.num"},
                                           {"", "a.txt = b.txt"},
                                           {"", "a.uid = b.uid"},
                                           {"", "a.day = b.day AND a.i2 = b.i2"},
                                           {"", "a.f8 = b.fixed"},
                                           {"", "a.second = b.i4 AND a.txt_c < b.txt_c"}};
  const bool by_key = random_.Chance(0.6);
  std::vector<std::string> texts;
  for (const Pair& pair : kPairs) {
    if (pair.type == (by_key ? b.table->key_type : "")) texts.push_back(pair.text);
  }
  (void)a;
  return random_.Pick(texts);
}

void Statements::ChoosePlan(Statement* statement) {
  static const std::vector<std::vector<std::string>> kPlans = {
      {},
      {"hashjoin", "mergejoin"},
      {"nestloop", "mergejoin"},
      {"hashjoin", "nestloop"},
      {"hashjoin", "mergejoin", "material"}};
  for (const std::string& part : random_.Pick(kPlans)) {
    statement->settings.push_back(absl::StrCat("SET enable_", part, " = off"));
  }
}

void Statements::Join(Statement* statement) {
  Source a = RandomSource("a");
  Source b = RandomSource("b");
  ChoosePlan(statement);
  const std::string on = JoinCondition(a, b);
  const std::string tables = absl::StrCat(a.table->name, " a ");
  switch (random_.Below(8)) {
    case 0:
      statement->text = absl::StrCat("SELECT a._id, a.i4 FROM ", tables, "WHERE ",
                                     random_.Chance(0.3) ? "NOT " : "", "EXISTS (SELECT FROM ",
                                     b.table->name, " b WHERE ", on, ")");
      return;
    case 1:
      statement->text =
          absl::StrCat("SELECT a._id, b._id, b.txt FROM ", tables, "LEFT JOIN ", b.table->name,
                       " b ON ", on, " AND ", conditions_.Make({b}, 1, true), Where({a}));
      return;
    case 2:
      statement->text = absl::StrCat("SELECT a._id, x.* FROM ", tables, ", LATERAL (SELECT b._id, ",
                                     "b.num, b.flag FROM ", b.table->name, " b WHERE ", on,
                                     " ORDER BY b._id LIMIT 3) x", Where({a}));
      return;
    case 3:
      statement->text =
          absl::StrCat("SELECT count(*), count(a._id), count(b._id), sum(a.i8) FROM ", tables,
                       "FULL JOIN ", b.table->name, " b ON ",
                       random_.Pick<const char*>({"a.txt = b.txt", "a.i4 = b.i4", "a.uid = b.uid",
                                                  "a.num = b.num", "a.at = b.at"}));
      statement->counts = true;
      return;
    default:
      statement->counts = random_.Chance(0.3);
      statement->text = absl::StrCat(
          "SELECT ",
          statement->counts ? "count(*), sum(a.i8), max(b.txt)" : "a._id, b._id, a.num, b.i4",
          " FROM ", tables, random_.Chance(0.5) ? "JOIN " : "RIGHT JOIN ", b.table->name, " b ON ",
          on, random_.Chance(0.5) ? Where({random_.Chance(0.5) ? a : b}) : "");
  }
}

void Statements::WithPlain(Statement* statement) {
  const Source b = RandomSource("b");
  ChoosePlan(statement);
  static const std::map<std::string, std::string> kByKey = {{"int4", "b._id = p.k"},
                                                            {"int8", "b._id = p.i8"},
                                                            {"text", "b._id = p.txt"},
                                                            {"uuid", "b._id = p.uid"}};
  const std::string on = random_.Chance(0.6)
                             ? kByKey.at(b.table->key_type)
                             : random_.Pick<std::string>(
                                   {"b.num = p.num", "b.i4 = p.k", "b.txt = p.txt", "b.f8 = p.f8"});
  statement->text = absl::StrCat("SELECT p.k, p.txt, b._id, b.i4 FROM plain p ",
                                 random_.Pick<const char*>({"JOIN ", "LEFT JOIN "}), b.table->name,
                                 " b ON ", on, random_.Chance(0.5) ? Where({b}) : "");
}

void Statements::Subquery(Statement* statement) {
  const Source a = RandomSource("a");
  const Source b = RandomSource("b");
  std::string condition;
  switch (random_.Below(4)) {
    case 0:
      condition = absl::StrCat("a.i4 IN (SELECT b.i2 FROM ", b.table->name, " b", Where({b}), ")");
      break;
    case 1:
      condition =
          absl::StrCat("a.num <= (SELECT max(b.fixed) FROM ", b.table->name, " b", Where({b}), ")");
      break;
    case 2:
      condition =
          absl::StrCat("a.txt NOT IN (SELECT b.txt FROM ", b.table->name,
                       " b WHERE b.txt IS NOT NULL AND ", conditions_.Make({b}, 1, true), ")");
      break;
    default:
      condition = absl::StrCat("(SELECT count(*) FROM ", b.table->name, " b WHERE ",
                               JoinCondition(a, b), ") > 1");
  }
  statement->text = absl::StrCat("SELECT ", Names(a, 2), " FROM ", a.table->name, " a WHERE ",
                                 condition, random_.Chance(0.3) ? " AND " : "");
  if (statement->text.ends_with(" AND ")) statement->text += conditions_.Make({a}, 1, true);
}

}  // namespace quire::differential
