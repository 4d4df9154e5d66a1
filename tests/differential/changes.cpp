// Statements that write.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "tests/differential/documents.h"
#include "tests/differential/statements.h"

namespace quire::differential {

// A new value for the column: never one that only some rows can be computed from.
std::string Statements::Assignment(const Source& source, const std::string& column) {
  static const std::map<std::string, std::vector<std::string>> kForms = {
      {"i4", {"a.i4 % 10 + 1", "a.i2", "length(a.txt)"}},
      {"i8", {"a.i8 % 1000 * 2", "a.i4", "-7"}},
      {"f8", {"a.f8", "a.fixed", "'-Infinity'", "0.1"}},
      {"num", {"a.num * 2", "a.num - 0.10", "a.i4"}},
      {"txt", {"a.txt || '+'", "upper(a.txt)", "a.short", "''"}},
      {"flag", {"NOT a.flag", "a.i4 > 3"}},
      {"_doc",
       {"a._doc || '{\"new\": [1]}'", "a._doc - 'num'", "'{\"i2\": 5, \"o\": {\"i\": 6}}'"}}};
  const auto forms = kForms.find(column);
  std::string value = "NULL";
  if (forms != kForms.end() && (column == "_doc" || random_.Chance(0.6))) {
    value = random_.Pick(forms->second);
  } else if (random_.Chance(0.85)) {
    const Column& to = ColumnNamed(column);
    const auto known = conditions_.ValueFor(source, to, false);
    if (known) value = conditions_.Constant({to.type, *known, source.table, to.name}, true);
  }
  return absl::StrCat(column, " = ", value);
}

void Statements::Update(Statement* statement) {
  const Source source = RandomSource("a");
  statement->leaves_from = source.table->name + " a";
  statement->written = source.table->name;
  std::vector<std::string> columns;
  for (int64_t n = random_.Between(1, 3); n > 0; --n) {
    const std::string name = random_.Chance(0.1) ? "_doc" : conditions_.RandomColumn().name;
    if (std::find(columns.begin(), columns.end(), name) == columns.end()) columns.push_back(name);
  }
  std::vector<std::string> assignments;
  for (const std::string& name : columns) assignments.push_back(Assignment(source, name));
  if (source.table->key_type == "int4" && random_.Chance(0.1)) {
    assignments.push_back("_id = a._id + 1000");
  }
  statement->text =
      absl::StrCat("UPDATE ", source.table->name, " a SET ", absl::StrJoin(assignments, ", "),
                   random_.Chance(0.9) ? Where({source}) : "", " RETURNING ",
                   random_.Chance(0.3) ? "a.*" : absl::StrCat(Names(source, 1), ", a._version"));
}

void Statements::UpdateFrom(Statement* statement) {
  const Source a = RandomSource("a");
  const Source b = RandomSource("b");
  statement->written = a.table->name;
  ChoosePlan(statement);
  // Which of several rows of b it takes is not defined, so the new value is the same for all.
  statement->text = absl::StrCat(
      "UPDATE ", a.table->name, " a SET txt = 'joined', num = 1.50 FROM ", b.table->name,
      " b WHERE ", JoinCondition(a, b), random_.Chance(0.6) ? " AND " : "");
  if (statement->text.ends_with(" AND ")) {
    statement->text += conditions_.Make({random_.Chance(0.5) ? a : b}, 1, true);
  }
  absl::StrAppend(&statement->text, " RETURNING a._id, a.txt, a._version");
}

void Statements::Delete(Statement* statement) {
  const Source source = RandomSource("a");
  statement->leaves_from = source.table->name + " a";
  statement->written = source.table->name;
  statement->text = absl::StrCat("DELETE FROM ", source.table->name, " a", Where({source}),
                                 " RETURNING ", Names(source, 2));
}

void Statements::Insert(Statement* statement) {
  const Source source = RandomSource("a");
  const Table& table = *source.table;
  statement->written = table.name;
  if (random_.Chance(0.4) && (table.key_type == "int4" || table.key_type == "text")) {
    const std::string key = table.key_type == "int4" ? "a._id + 5000" : "a._id || '/2'";
    statement->text = absl::StrCat("INSERT INTO ", table.name, " (_id, txt, num, _doc) SELECT ",
                                   key, ", a.txt, a.num, a._doc - '_id' FROM ", table.name, " a",
                                   Where({source}), " RETURNING _id, i4, num, _doc");
    return;
  }
  std::vector<std::string> rows;
  for (int64_t n = random_.Between(1, 4); n > 0; --n) {
    const int number = static_cast<int>(random_.Between(1, table.documents * 3));
    rows.push_back(
        absl::StrCat("('", KeyText(table, number), "', ", random_.Between(0, 9), ", '",
                     random_.Pick<const char*>(
                         {"{}", R"({"o": {"i": "5"}, "num": 1.50})", R"({"i2": 3, "txt": null})"}),
                     "')"));
  }
  statement->text =
      absl::StrCat("INSERT INTO ", table.name, " (_id, i2, _doc) VALUES ",
                   absl::StrJoin(rows, ", "), random_.Chance(0.6) ? " ON CONFLICT DO NOTHING" : "",
                   " RETURNING _id, i2, i4, num, _version, _doc");
}

// doc_get and its like stand for the functions on either side.
void Statements::Function(Statement* statement) {
  const Source source = RandomSource("a");
  const Table& table = *source.table;
  // Mostly a document that is there.
  const std::string id = random_.Chance(0.8)
                             ? source.row->at("_id")
                             : KeyText(table, static_cast<int>(random_.Between(1, 900)));
  const std::string arguments =
      absl::StrCat("('", table.name, "', '", id, "'",
                   random_.Chance(0.5) ? "" : absl::StrCat("::", table.key_type));
  std::string document =
      random_.Chance(0.9) ? RandomDocument(&random_) : RandomValue(Kind::kJson, &random_);
  if (random_.Chance(0.1))
    document = R"({"o": {"i": null, "p": 7}, "list": [1], "i2": "5", "new": {"a": null}})";
  document = absl::StrCat(", '", absl::StrReplaceAll(document, {{"'", "''"}}), "')");
  const uint64_t draw = random_.Below(10);
  if (draw < 3) {
    statement->text = absl::StrCat("SELECT doc_get", arguments, ")");
    return;
  }
  statement->written = table.name;
  if (draw < 6) {
    statement->text = absl::StrCat("SELECT doc_put", arguments, document);
  } else if (draw < 9) {
    statement->text = absl::StrCat("SELECT doc_patch", arguments, document);
  } else {
    statement->text = absl::StrCat("SELECT doc_delete", arguments, ")");
  }
}

}  // namespace quire::differential
