#include "tests/differential/tables.h"

#include <cassert>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "engine/base/status.h"
#include "tests/differential/documents.h"

namespace quire::differential {
namespace {

std::string Declaration(const Table& table) {
  std::string sql =
      absl::StrCat("CREATE FOREIGN TABLE ", table.name, " (_id ", table.key_type, " NOT NULL");
  for (const Column& column : Columns()) {
    absl::StrAppend(&sql, ", ", column.name, " ", column.type, column.modifier);
    if (!column.path.empty()) absl::StrAppend(&sql, " OPTIONS (path '", column.path, "')");
    if (column.name == "txt_c") absl::StrAppend(&sql, " COLLATE \"C\"");
  }
  return absl::StrCat(sql, ", _doc jsonb, _version bigint) SERVER quire");
}

absl::Status RunAll(Connection* connection, const std::vector<std::string>& statements) {
  for (const std::string& statement : statements) {
    QUIRE_RETURN_IF_ERROR(connection->Run(statement.c_str()).status());
  }
  return absl::OkStatus();
}

// Changes that leave documents as columns write them, beside such as were written whole.
std::vector<std::string> Changes(const Table& table, Random* random) {
  std::vector<std::string> statements;
  const auto some = [&] {
    return absl::StrCat(" WHERE abs(hashtext(_id::text)) % 10 = ", random->Below(10));
  };
  for (const Column& column : Columns()) {
    // Written back, a value shows the same and is stored as its type is.
    statements.push_back(absl::StrCat("UPDATE ", table.name, " SET ", column.name, " = ",
                                      column.name, some(), " AND ", column.name, " IS NOT NULL"));
  }
  statements.push_back(absl::StrCat("UPDATE ", table.name, " SET txt = NULL", some()));
  statements.push_back(
      absl::StrCat("UPDATE ", table.name, " SET i8 = i8 % 10, num = NULL", some()));
  statements.push_back(
      absl::StrCat("UPDATE ", table.name, " SET _doc = _doc || '{\"new\": true}'", some()));
  statements.push_back(absl::StrCat("DELETE FROM ", table.name,
                                    " WHERE abs(hashtext(_id::text)) % 20 = ", random->Below(20)));
  return statements;
}

}  // namespace

const std::vector<Column>& Columns() {
  static const std::vector<Column> kColumns = {
      {"i2", "int2", Kind::kInteger, "", ""},
      {"i4", "int4", Kind::kInteger, "o.i", ""},
      {"i8", "int8", Kind::kInteger, "", ""},
      {"f4", "float4", Kind::kNumber, "", ""},
      {"f8", "float8", Kind::kNumber, "o.p.f", ""},
      {"num", "numeric", Kind::kNumber, "", ""},
      {"fixed", "numeric", Kind::kNumber, "o.fixed", "(8,2)"},
      {"flag", "bool", Kind::kBool, "", ""},
      {"txt", "text", Kind::kText, "", ""},
      {"txt_c", "text", Kind::kText, "o.p.c", ""},
      {"short", "varchar", Kind::kText, "", "(5)"},
      {"uid", "uuid", Kind::kUuid, "", ""},
      {"at", "timestamptz", Kind::kMoment, "o.at", ""},
      {"local_at", "timestamp", Kind::kMoment, "", ""},
      {"day", "date", Kind::kMoment, "", ""},
      {"raw", "bytea", Kind::kBytes, "", ""},
      {"any_json", "jsonb", Kind::kJson, "", ""},
      {"ints", "int4[]", Kind::kArray, "", ""},
      {"second", "int4", Kind::kInteger, "list.1", ""},
  };
  return kColumns;
}

const Column& ColumnNamed(std::string_view name) {
  for (const Column& column : Columns()) {
    if (column.name == name) return column;
  }
  assert(false);
  return Columns()[0];
}

const std::vector<Table>& Tables() {
  static const std::vector<Table> kTables = {{"by_int4", "int4", 300},
                                             {"by_int8", "int8", 150},
                                             {"by_text", "text", 300},
                                             {"by_uuid", "uuid", 100}};
  return kTables;
}

Column KeyColumn(const Table& table) {
  const Kind kind = table.key_type == "text"   ? Kind::kText
                    : table.key_type == "uuid" ? Kind::kUuid
                                               : Kind::kInteger;
  return {"_id", table.key_type, kind, "_id", ""};
}

absl::Status MakeTables(Connection* connection) {
  std::vector<std::string> statements = {"CREATE SCHEMA differential",
                                         "SET search_path = differential"};
  for (const Table& table : Tables()) {
    statements.push_back(Declaration(table));
    statements.push_back(absl::StrCat("CALL twin.make('", table.name, "')"));
  }
  statements.push_back("CALL twin.make_functions()");
  statements.push_back(
      "CREATE TABLE plain (k int4, txt text, num numeric, f8 float8, i8 int8, uid uuid)");
  return RunAll(connection, statements);
}

absl::Status FillTables(Connection* collections, Connection* twins, Random* random) {
  for (const Table& table : Tables()) {
    std::vector<std::string> rows;
    for (int number = 1; number <= table.documents; ++number) {
      rows.push_back(absl::StrCat("('", KeyText(table, number), "', '",
                                  absl::StrReplaceAll(RandomDocument(random), {{"'", "''"}}),
                                  "')"));
    }
    std::vector<std::string> statements = {absl::StrCat(
        "INSERT INTO ", table.name, " (_id, _doc) VALUES ", absl::StrJoin(rows, ", "))};
    for (std::string& change : Changes(table, random)) {
      statements.push_back(std::move(change));
    }
    statements.push_back(absl::StrCat("ANALYZE ", table.name));
    QUIRE_RETURN_IF_ERROR(RunAll(collections, statements));
    QUIRE_RETURN_IF_ERROR(RunAll(twins, statements));
    QUIRE_RETURN_IF_ERROR(
        RunAll(twins, {absl::StrCat("INSERT INTO plain SELECT i4, txt, num, f8, i8, uid FROM ",
                                    table.name, " WHERE i2 < 8"),
                       "ANALYZE plain"}));
  }
  return absl::OkStatus();
}

}  // namespace quire::differential
