#include "tests/bench/connection.h"

#include <algorithm>
#include <cstdlib>

#include "tests/bench/measure.h"

namespace quire::bench {

Connection::Connection() : connection_(PQconnectdb("")) {
  if (PQstatus(connection_) != CONNECTION_OK) Die(PQerrorMessage(connection_));
  Run("SET client_min_messages = warning");
}

Connection::~Connection() {
  PQfinish(connection_);
}

PGresult* Connection::Check(PGresult* result, std::string_view what) {
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN) {
    return result;
  }
  Die(std::string(PQerrorMessage(connection_)) + "in: " + std::string(what.substr(0, 200)));
}

void Connection::Run(const std::string& sql) {
  PQclear(Check(PQexec(connection_, sql.c_str()), sql));
}

bool Connection::Try(const std::string& sql) {
  PGresult* result = PQexec(connection_, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  PQclear(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

std::string Connection::Value(const std::string& sql) {
  PGresult* result = Check(PQexec(connection_, sql.c_str()), sql);
  std::string value;
  if (PQntuples(result) > 0) value = PQgetvalue(result, 0, 0);
  PQclear(result);
  return value;
}

std::vector<std::string> Connection::Rows(const std::string& sql) {
  PGresult* result = Check(PQexec(connection_, sql.c_str()), sql);
  std::vector<std::string> rows;
  for (int row = 0; row < PQntuples(result); ++row) {
    std::string line;
    for (int column = 0; column < PQnfields(result); ++column) {
      if (column != 0) line += " | ";
      line += PQgetvalue(result, row, column);
    }
    rows.push_back(line);
  }
  PQclear(result);
  return rows;
}

void Connection::Prepare(const char* name, const std::string& sql) {
  PQclear(Check(PQprepare(connection_, name, sql.c_str(), 0, nullptr), sql));
}

PGresult* Connection::Execute(const char* name, std::initializer_list<const char*> parameters) {
  return Check(PQexecPrepared(connection_, name, static_cast<int>(parameters.size()),
                              parameters.begin(), nullptr, nullptr, 0),
               name);
}

void Connection::Fetch(const char* name, std::initializer_list<const char*> parameters,
                       Checksum* sum) {
  PGresult* result = Execute(name, parameters);
  if (PQntuples(result) != 1) Die(std::string(name) + " did not find its row");
  for (int column = 0; column < PQnfields(result); ++column) {
    sum->Add({PQgetvalue(result, 0, column), static_cast<size_t>(PQgetlength(result, 0, column))});
  }
  PQclear(result);
}

void Connection::Change(const char* name, std::initializer_list<const char*> parameters) {
  PGresult* result = Execute(name, parameters);
  if (std::string_view(PQcmdTuples(result)) != "1") {
    Die(std::string(name) + " did not change its row");
  }
  PQclear(result);
}

uint64_t Connection::CopyIn(const std::string& sql, std::string_view text) {
  constexpr size_t kPiece = 64 << 10;
  PQclear(Check(PQexec(connection_, sql.c_str()), sql));
  for (size_t at = 0; at < text.size(); at += kPiece) {
    const std::string_view piece = text.substr(at, kPiece);
    if (PQputCopyData(connection_, piece.data(), static_cast<int>(piece.size())) != 1) {
      Die(PQerrorMessage(connection_));
    }
  }
  if (PQputCopyEnd(connection_, nullptr) != 1) Die(PQerrorMessage(connection_));
  PGresult* result = Check(PQgetResult(connection_), sql);
  const uint64_t rows = std::strtoull(PQcmdTuples(result), nullptr, 10);
  PQclear(result);
  while ((result = PQgetResult(connection_)) != nullptr) PQclear(Check(result, sql));
  return rows;
}

}  // namespace quire::bench
