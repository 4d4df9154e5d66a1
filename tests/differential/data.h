// What the tables hold, as the twins show it: the constants of random conditions come from here, so
// that most statements find something.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/client/connection.h"
#include "tests/client/random.h"
#include "tests/differential/tables.h"

namespace quire::differential {

// A row's values as text, by column; NULL is absent.
using Row = std::map<std::string, std::string>;

class Data {
 public:
  static absl::StatusOr<Data> Load(Connection* twins);

  const Row& RandomRow(const Table& table, Random* random) const;
  // A value that the column has somewhere; nothing when it is NULL everywhere.
  std::optional<std::string> RandomValue(const Table& table, const std::string& column,
                                         Random* random) const;

 private:
  std::map<std::string, std::vector<Row>> rows_;
};

}  // namespace quire::differential
