#include "tests/differential/comparison.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "engine/base/status.h"

namespace quire::differential {
namespace {

// Of a difference: rows that are printed of each side.
constexpr size_t kRowsPrinted = 8;

absl::StatusOr<Outcome> RunOne(Connection* connection, const std::string& sql) {
  Outcome outcome;
  auto result = connection->Run(sql.c_str());
  if (absl::IsUnavailable(result.status())) {
    return absl::UnavailableError(absl::StrCat(result.status().message(), " in: ", sql));
  }
  if (!result.ok()) {
    outcome.state = std::string(SqlState(result.status()));
    outcome.message = std::string(result.status().message());
    return outcome;
  }
  for (int i = 0; i < result->rows(); ++i) {
    std::vector<std::string> values;
    for (int c = 0; c < result->columns(); ++c) {
      values.push_back(result->IsNull(i, c) ? "\\N" : std::string(result->Get(i, c)));
    }
    outcome.rows.push_back(absl::StrJoin(values, " | "));
  }
  return outcome;
}

std::string Described(const Outcome& outcome) {
  if (outcome.state != "00000") return absl::StrCat("    error ", outcome.message);
  return absl::StrCat("    ", outcome.rows.size(), " rows\n");
}

void PrintRows(const char* side, const std::vector<std::string>& rows,
               const std::vector<std::string>& others) {
  std::vector<std::string> only;
  std::set_difference(rows.begin(), rows.end(), others.begin(), others.end(),
                      std::back_inserter(only));
  for (size_t i = 0; i < only.size() && i < kRowsPrinted; ++i) {
    std::printf("#     only %s: %s\n", side, only[i].c_str());
  }
}

}  // namespace

absl::Status Comparison::Session(const std::string& sql) {
  QUIRE_RETURN_IF_ERROR(collections_.Run(sql.c_str()).status());
  return twins_.Run(sql.c_str()).status();
}

absl::StatusOr<Comparison::Outcomes> Comparison::RunBoth(const std::string& sql) {
  Outcomes outcomes;
  QUIRE_ASSIGN_OR_RETURN(outcomes.collection, RunOne(&collections_, sql));
  QUIRE_ASSIGN_OR_RETURN(outcomes.twin, RunOne(&twins_, sql));
  return outcomes;
}

absl::Status Comparison::Compare(const Statement& statement) {
  ++tally_.kinds[statement.kind];
  for (const std::string& setting : statement.settings) QUIRE_RETURN_IF_ERROR(Session(setting));
  QUIRE_RETURN_IF_ERROR(statement.parameters.empty() ? CompareOne(statement, statement.text)
                                                     : ComparePrepared(statement));
  return statement.settings.empty() ? absl::OkStatus() : Session("RESET ALL");
}

absl::Status Comparison::ComparePrepared(const Statement& statement) {
  std::vector<std::string> types;
  for (const Parameter& parameter : statement.parameters) types.push_back(parameter.type);
  const std::string prepare =
      absl::StrCat("PREPARE q (", absl::StrJoin(types, ", "), ") AS ", statement.text);
  QUIRE_ASSIGN_OR_RETURN(const Outcomes prepared, RunBoth(prepare));
  if (prepared.collection.state != "00000" || prepared.twin.state != "00000") {
    Report(statement, prepare, prepared);
    return absl::OkStatus();
  }
  // From the sixth on the server may choose the plan that serves every value.
  const int executions = static_cast<int>(random_.Pick<int>({1, 2, 3, 7}));
  for (int i = 0; i < executions; ++i) {
    std::vector<std::string> values;
    for (const Parameter& parameter : statement.parameters) {
      std::string value = parameter.value;
      if (i > 0 && random_.Chance(0.5)) {
        value = data_.RandomValue(*parameter.table, parameter.column, &random_).value_or(value);
      }
      values.push_back(random_.Chance(0.04)
                           ? "NULL"
                           : absl::StrCat("'", absl::StrReplaceAll(value, {{"'", "''"}}), "'"));
    }
    QUIRE_RETURN_IF_ERROR(
        CompareOne(statement, absl::StrCat("EXECUTE q (", absl::StrJoin(values, ", "), ")")));
  }
  return Session("DEALLOCATE q");
}

absl::Status Comparison::CompareOne(const Statement& statement, const std::string& sql) {
  const bool writes = !statement.written.empty();
  if (writes) QUIRE_RETURN_IF_ERROR(Session("BEGIN; SAVEPOINT before"));
  QUIRE_ASSIGN_OR_RETURN(Outcomes outcomes, RunBoth(sql));
  Outcome& a = outcomes.collection;
  Outcome& b = outcomes.twin;
  if (!statement.ordered) {
    std::sort(a.rows.begin(), a.rows.end());
    std::sort(b.rows.begin(), b.rows.end());
  }
  ++tally_.statements;
  if (a.state != b.state || a.rows != b.rows) {
    Report(statement, sql, outcomes);
    if (writes) QUIRE_RETURN_IF_ERROR(Session("ROLLBACK TO before"));
    QUIRE_RETURN_IF_ERROR(ReportLeaves(statement));
  } else if (a.state != "00000") {
    ++tally_.failures[a.state];
  } else if (!a.rows.empty() && !(statement.counts && absl::StartsWith(a.rows[0], "0"))) {
    ++tally_.not_empty;
  }
  if (!writes) return absl::OkStatus();
  if (a.state == "00000" && b.state == "00000") QUIRE_RETURN_IF_ERROR(CompareWritten(statement));
  QUIRE_RETURN_IF_ERROR(Session("ROLLBACK TO before"));
  QUIRE_RETURN_IF_ERROR(CompareWritten(statement));
  return Session("ROLLBACK");
}

absl::Status Comparison::CompareWritten(const Statement& statement) {
  const std::string sql = absl::StrCat(
      "SELECT count(*), sum(_version), md5(string_agg(_doc::text, ',' ORDER BY _id)), "
      "md5(string_agg(concat(i4, f8, num, txt, at, ints), ',' ORDER BY _id)) FROM ",
      statement.written);
  QUIRE_ASSIGN_OR_RETURN(const Outcomes outcomes, RunBoth(sql));
  if (outcomes.collection.rows != outcomes.twin.rows) {
    Report(statement, absl::StrCat(statement.text, ";\n", sql), outcomes);
  }
  return absl::OkStatus();
}

absl::Status Comparison::CompareTables() {
  for (const Table& table : Tables()) {
    Statement statement;
    statement.kind = "whole table";
    statement.text = absl::StrCat("SELECT * FROM ", table.name);
    QUIRE_RETURN_IF_ERROR(Compare(statement));
  }
  return absl::OkStatus();
}

void Comparison::Report(const Statement& statement, const std::string& sql,
                        const Outcomes& outcomes) {
  ++tally_.different;
  std::printf("# FINDING: difference %d, in statement %d (%s)\n",
              static_cast<int>(tally_.different), static_cast<int>(tally_.statements),
              statement.kind.c_str());
  for (const std::string& setting : statement.settings) std::printf("#   %s;\n", setting.c_str());
  if (sql != statement.text) std::printf("#   %s;\n", statement.text.c_str());
  std::printf("#   %s;\n", sql.c_str());
  std::printf("#   SET search_path = %s:\n# %s\n", kCollectionPath,
              Described(outcomes.collection).c_str());
  std::printf("#   SET search_path = %s:\n# %s\n", kTwinPath, Described(outcomes.twin).c_str());
  if (statement.ordered) {
    for (const Outcome* side : {&outcomes.collection, &outcomes.twin}) {
      std::printf("#     %s\n", absl::StrJoin(side->rows, "\n#     ").c_str());
    }
  } else {
    PrintRows("the collection", outcomes.collection.rows, outcomes.twin.rows);
    PrintRows("the twin", outcomes.twin.rows, outcomes.collection.rows);
  }
}

// Which of the conditions it is, if it is one by itself.
absl::Status Comparison::ReportLeaves(const Statement& statement) {
  if (statement.leaves_from.empty()) return absl::OkStatus();
  for (const std::string& leaf : statement.leaves) {
    if (absl::StrContains(leaf, "$")) continue;
    const std::string sql = absl::StrCat("SELECT a._id, (", leaf, "), a._doc FROM ",
                                         statement.leaves_from, " WHERE ", leaf);
    QUIRE_ASSIGN_OR_RETURN(Outcomes outcomes, RunBoth(sql));
    std::sort(outcomes.collection.rows.begin(), outcomes.collection.rows.end());
    std::sort(outcomes.twin.rows.begin(), outcomes.twin.rows.end());
    if (outcomes.collection.rows == outcomes.twin.rows) continue;
    std::printf("#   at fault: %s\n", leaf.c_str());
    PrintRows("the collection", outcomes.collection.rows, outcomes.twin.rows);
    PrintRows("the twin", outcomes.twin.rows, outcomes.collection.rows);
  }
  return absl::OkStatus();
}

}  // namespace quire::differential
