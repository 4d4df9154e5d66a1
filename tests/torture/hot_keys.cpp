// Transactions on keys that all clients write: they wait for each other, and some give way. Nobody
// knows what such a key must hold, but collection and twin must hold the same.
#include <algorithm>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "tests/torture/tables.h"
#include "tests/torture/workload.h"

namespace quire::torture {
namespace {

// Serialization failure, deadlock, and, where the other's key is not visible, a duplicate.
bool GivesWay(const absl::Status& status, bool snapshot) {
  const absl::string_view state = SqlState(status);
  return state == "40P01" || (snapshot && (state == "40001" || state == "23505"));
}

}  // namespace

absl::Status Workload::RunHotTransaction() {
  // Under REPEATABLE READ both tables are judged by one snapshot, in either order. Under READ
  // COMMITTED the twin goes first, and its row lock keeps everybody else from the document, which
  // then must show exactly what the twin showed.
  const bool snapshot = Chance(0.5);
  QUIRE_RETURN_IF_ERROR(Send(snapshot ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : "BEGIN"));
  const absl::Status status = HotOperations(snapshot);
  if (GivesWay(status, snapshot)) {
    ++progress_->conflicts;
    return Send("ROLLBACK");
  }
  QUIRE_RETURN_IF_ERROR(status);
  const bool commit = Chance(0.85);
  QUIRE_RETURN_IF_ERROR(Send(commit ? "COMMIT" : "ROLLBACK"));
  ++(commit ? progress_->committed : progress_->rolled_back);
  return absl::OkStatus();
}

absl::Status Workload::HotOperations(bool snapshot) {
  std::vector<int> keys(kHotKeys);
  std::iota(keys.begin(), keys.end(), 0);
  std::shuffle(keys.begin(), keys.end(), random_);
  keys.resize(1 + Random(3));
  for (const int key : keys) {
    QUIRE_RETURN_IF_ERROR(HotOperation(HotKey(key), snapshot));
  }
  return absl::OkStatus();
}

absl::Status Workload::HotOperation(const std::string& key, bool snapshot) {
  const int64_t value = next_value_++;
  TwoChanges change{"hot_update",
                    "UPDATE docs SET v = $2::bigint WHERE _id = $1",
                    "UPDATE twin SET version = version + 1, "
                    "_doc = jsonb_set(_doc, '{v}', to_jsonb($2::bigint)) WHERE _id = $1",
                    {key, absl::StrCat(value)}};
  const uint64_t draw = Random(10);
  if (draw < 2) {
    change = {
        "hot_delete", "DELETE FROM docs WHERE _id = $1", "DELETE FROM twin WHERE _id = $1", {key}};
  } else if (draw < 5) {
    // A twin that is there already is no error where that can be told.
    change = {snapshot ? "hot_insert" : "hot_try",
              "INSERT INTO docs (_id, _doc) VALUES ($1, $2)",
              absl::StrCat("INSERT INTO twin (_id, _doc) VALUES ($1, $2)",
                           snapshot ? "" : " ON CONFLICT DO NOTHING"),
              {key, Document(key, value, 20)}};
  }
  progress_->doing = change.name;
  const std::string docs_name = absl::StrCat(change.name, "_docs");
  const std::string twin_name = absl::StrCat(change.name, "_twin");
  if (snapshot && Chance(0.5)) {
    QUIRE_ASSIGN_OR_RETURN(const int64_t changed,
                           Change(docs_name.c_str(), change.collection, change.parameters));
    return Send(twin_name.c_str(), change.twin, change.parameters, changed);
  }
  QUIRE_ASSIGN_OR_RETURN(const int64_t changed,
                         Change(twin_name.c_str(), change.twin, change.parameters));
  // Without a row there is no lock, and the document may come into being meanwhile.
  if (changed == 0 && !snapshot) {
    return absl::OkStatus();
  }
  return Send(docs_name.c_str(), change.collection, change.parameters, changed);
}

}  // namespace quire::torture
