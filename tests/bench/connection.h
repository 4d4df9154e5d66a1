// A client's session with the server, over libpq: prepared statements, parameters and results as
// text, as an ordinary client has them. One thread per connection. What fails ends the program.
#pragma once

#include <libpq-fe.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/documents.h"

namespace quire::bench {

class Connection {
 public:
  // To the server that the PG* environment variables name.
  Connection();
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Run(const std::string& sql);
  // Like Run, but an error is an answer.
  bool Try(const std::string& sql);
  // The first column of the first row; empty when there is none.
  std::string Value(const std::string& sql);
  // Every row, its columns joined by " | ".
  std::vector<std::string> Rows(const std::string& sql);

  void Prepare(const char* name, const std::string& sql);
  // Executes a prepared statement that returns rows, and adds each value to the checksum. Exactly
  // one row must come.
  void Fetch(const char* name, std::initializer_list<const char*> parameters, Checksum* sum);
  // Executes one that changes exactly one row.
  void Change(const char* name, std::initializer_list<const char*> parameters);

  // COPY … FROM STDIN with this text. Returns the server's count of rows.
  uint64_t CopyIn(const std::string& sql, std::string_view text);

  int backend_pid() const { return PQbackendPID(connection_); }

 private:
  PGresult* Execute(const char* name, std::initializer_list<const char*> parameters);
  PGresult* Check(PGresult* result, std::string_view what);

  PGconn* connection_;
};

}  // namespace quire::bench
