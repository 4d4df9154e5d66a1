#include "tests/client/connection.h"

#include <libpq-fe.h>

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace quire {

void Result::Clear::operator()(pg_result* result) const {
  PQclear(result);
}

int Result::rows() const {
  return PQntuples(result_.get());
}

absl::string_view Result::Get(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

int Result::columns() const {
  return PQnfields(result_.get());
}

bool Result::IsNull(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

int64_t Result::changed() const {
  int64_t count = -1;
  return absl::SimpleAtoi(PQcmdTuples(result_.get()), &count) ? count : -1;
}

void Connection::Finish::operator()(pg_conn* connection) const {
  PQfinish(connection);
}

absl::StatusOr<Connection> Connection::Open(const std::string& conninfo, absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  for (;;) {
    Connection connection(PQconnectdb(conninfo.c_str()));
    if (PQstatus(connection.connection_.get()) == CONNECTION_OK) {
      // Notices would drown what the tool itself has to say.
      PQsetNoticeProcessor(
          connection.connection_.get(), [](void*, const char*) {}, nullptr);
      return connection;
    }
    if (absl::Now() > deadline) {
      return absl::UnavailableError(PQerrorMessage(connection.connection_.get()));
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
}

absl::StatusOr<Result> Connection::Check(pg_result* raw) {
  Result result(raw);
  const ExecStatusType status = PQresultStatus(raw);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN) {
    return result;
  }
  const char* state = raw == nullptr ? nullptr : PQresultErrorField(raw, PG_DIAG_SQLSTATE);
  const absl::string_view code = state == nullptr ? "" : state;
  // 57P01 and 57P02: the server ends the session; the connection breaks a moment later.
  if (lost() || code.empty() || code == "57P01" || code == "57P02") {
    return absl::UnavailableError(PQerrorMessage(connection_.get()));
  }
  return absl::InternalError(absl::StrCat(code, " ", PQresultErrorMessage(raw)));
}

absl::StatusOr<Result> Connection::Run(const char* sql) {
  return Check(PQexec(connection_.get(), sql));
}

absl::StatusOr<Result> Connection::Run(const std::string& name, const char* sql,
                                       const std::vector<std::string>& parameters) {
  const int count = static_cast<int>(parameters.size());
  if (std::find(prepared_.begin(), prepared_.end(), name) == prepared_.end()) {
    auto prepared = Check(PQprepare(connection_.get(), name.c_str(), sql, count, nullptr));
    if (!prepared.ok()) {
      return prepared;
    }
    prepared_.push_back(name);
  }
  std::vector<const char*> values;
  for (const std::string& parameter : parameters) {
    values.push_back(parameter.c_str());
  }
  return Check(
      PQexecPrepared(connection_.get(), name.c_str(), count, values.data(), nullptr, nullptr, 0));
}

absl::StatusOr<Result> Connection::CopyIn(const char* sql, absl::string_view data) {
  auto begun = Run(sql);
  if (!begun.ok()) {
    return begun;
  }
  // A failure of either call shows in the result.
  PQputCopyData(connection_.get(), data.data(), static_cast<int>(data.size()));
  PQputCopyEnd(connection_.get(), nullptr);
  auto result = Check(PQgetResult(connection_.get()));
  while (pg_result* rest = PQgetResult(connection_.get())) {
    PQclear(rest);
  }
  return result;
}

bool Connection::lost() const {
  return PQstatus(connection_.get()) != CONNECTION_OK;
}

int Connection::backend_pid() const {
  return PQbackendPID(connection_.get());
}

absl::string_view SqlState(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInternal ? status.message().substr(0, 5)
                                                      : absl::string_view();
}

}  // namespace quire
