#include "tests/differential/data.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"

namespace quire::differential {

absl::StatusOr<Data> Data::Load(Connection* twins) {
  Data data;
  for (const Table& table : Tables()) {
    std::vector<std::string> names = {"_id", "_version"};
    for (const Column& column : Columns()) names.push_back(column.name);
    const std::string sql =
        absl::StrCat("SELECT ", absl::StrJoin(names, ", "), " FROM ", table.name, " ORDER BY _id");
    QUIRE_ASSIGN_OR_RETURN(const Result result, twins->Run(sql.c_str()));
    for (int i = 0; i < result.rows(); ++i) {
      Row row;
      for (int c = 0; c < result.columns(); ++c) {
        if (!result.IsNull(i, c))
          row[names[static_cast<size_t>(c)]] = std::string(result.Get(i, c));
      }
      data.rows_[table.name].push_back(std::move(row));
    }
    if (data.rows_[table.name].empty()) return absl::InternalError("a table without rows");
  }
  return data;
}

const Row& Data::RandomRow(const Table& table, Random* random) const {
  const std::vector<Row>& rows = rows_.at(table.name);
  return rows[random->Below(rows.size())];
}

std::optional<std::string> Data::RandomValue(const Table& table, const std::string& column,
                                             Random* random) const {
  for (int i = 0; i < 20; ++i) {
    const Row& row = RandomRow(table, random);
    const auto value = row.find(column);
    if (value != row.end()) return value->second;
  }
  return std::nullopt;
}

}  // namespace quire::differential
