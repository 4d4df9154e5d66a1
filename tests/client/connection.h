// A connection to the server that knows the difference between "the server said no" and "the server
// is gone". Belongs to one thread.
//
// Errors of every function: kUnavailable when the connection is lost (or, of Open, when the server
// was not ready in time); kInternal for an error that the server reported, with its SQLSTATE at the
// beginning of the message.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

struct pg_conn;
struct pg_result;

namespace quire {

class Result {
 public:
  explicit Result(pg_result* result) : result_(result) {}
  int rows() const;
  int columns() const;
  // REQUIRES (both): row < rows(), column < columns(). NULL reads as the empty string.
  absl::string_view Get(int row, int column) const;
  bool IsNull(int row, int column) const;
  // What an INSERT, UPDATE or DELETE says it changed.
  int64_t changed() const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

class Connection {
 public:
  // Tries again until `patience` is over while the server starts, recovers or is not there.
  static absl::StatusOr<Connection> Open(const std::string& conninfo, absl::Duration patience);

  absl::StatusOr<Result> Run(const char* sql);
  // Parameters $1 … in text form; the server prepares each text once.
  absl::StatusOr<Result> Run(const std::string& name, const char* sql,
                             const std::vector<std::string>& parameters);
  // COPY … FROM STDIN with these bytes.
  absl::StatusOr<Result> CopyIn(const char* sql, absl::string_view data);

  // Nothing comes from the other side any more.
  bool lost() const;
  int backend_pid() const;

 private:
  explicit Connection(pg_conn* connection) : connection_(connection) {}
  absl::StatusOr<Result> Check(pg_result* result);

  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  std::unique_ptr<pg_conn, Finish> connection_;
  std::vector<std::string> prepared_;
};

// The SQLSTATE in an error of a Connection, or nothing.
absl::string_view SqlState(const absl::Status& status);

}  // namespace quire
