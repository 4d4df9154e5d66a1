#include "tests/torture/workload.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "tests/torture/tables.h"

namespace quire::torture {
namespace {

// Of all transactions, as the issue asks.
constexpr double kHot = 0.1;
constexpr double kRolledBack = 0.15;
constexpr double kSavepoint = 0.25;           // of which ...
constexpr double kSavepointRolledBack = 0.6;  // ... so many are rolled back to
constexpr double kBlock = 1.0 / 250;          // of all operations

// The largest of the server's and the engine's buffers of a session is far below this.
constexpr size_t kHeavyPadding = 60'000;

// A name for each depth: an inner savepoint may still be open when the outer one is rolled back to.
struct SavepointCommands {
  const char* set;
  const char* release;
  const char* roll_back;
};
constexpr SavepointCommands kSavepoints[] = {
    {"SAVEPOINT s0", "RELEASE SAVEPOINT s0", "ROLLBACK TO SAVEPOINT s0"},
    {"SAVEPOINT s1", "RELEASE SAVEPOINT s1", "ROLLBACK TO SAVEPOINT s1"},
    {"SAVEPOINT s2", "RELEASE SAVEPOINT s2", "ROLLBACK TO SAVEPOINT s2"},
};

constexpr char kInsertDocs[] = "INSERT INTO docs (_id, _doc) VALUES ($1, $2)";
constexpr char kInsertTwin[] = "INSERT INTO twin (_id, _doc) VALUES ($1, $2)";

}  // namespace

Workload::Workload(WorkloadOptions options, const std::atomic<bool>* stop,
                   WorkloadProgress* progress)
    : options_(std::move(options)),
      stop_(stop),
      progress_(progress),
      random_(options_.seed * 1000 + static_cast<uint64_t>(options_.client)) {}

absl::Status Workload::Run() {
  absl::Status status = RunUntilLost();
  // An error of the disk ends the server sooner or later, and this client at once.
  const bool disk = options_.disk_fails &&
                    (absl::StartsWith(SqlState(status), "58") || SqlState(status) == "XX001" ||
                     SqlState(status) == "XX000" || SqlState(status) == "55000");
  if (absl::IsUnavailable(status) || disk) {
    progress_->in_flight = transaction_.writes > 0;
    status = absl::OkStatus();
  }
  progress_->finished = true;
  return status;
}

absl::Status Workload::RunUntilLost() {
  QUIRE_ASSIGN_OR_RETURN(const History history, Journal::Read(options_.journal_file));
  if (history.acknowledged != history.transactions.size()) {
    return absl::FailedPreconditionError("the journal must be verified first");
  }
  state_ = history.After(history.acknowledged);
  next_value_ = history.ValueMax() + 1;
  QUIRE_ASSIGN_OR_RETURN(Journal journal, Journal::OpenToAppend(options_.journal_file));
  QUIRE_ASSIGN_OR_RETURN(Connection connection,
                         Connection::Open(options_.conninfo, absl::Seconds(60)));
  journal_ = &journal;
  connection_ = &connection;
  QUIRE_RETURN_IF_ERROR(
      Send(options_.asynchronous ? "SET synchronous_commit = off" : "SET synchronous_commit = on"));
  QUIRE_RETURN_IF_ERROR(Send("SET statement_timeout = '60s'"));
  while (!*stop_) {
    transaction_ = Transaction();
    QUIRE_RETURN_IF_ERROR(Chance(kHot) ? RunHotTransaction() : RunTransaction());
    transaction_.writes = 0;
  }
  return absl::OkStatus();
}

absl::Status Workload::RunTransaction() {
  QUIRE_RETURN_IF_ERROR(Send("BEGIN"));
  QUIRE_RETURN_IF_ERROR(Operations(0));
  const bool commit = !Chance(kRolledBack);
  QUIRE_RETURN_IF_ERROR(commit ? Commit() : Send("ROLLBACK"));
  if (transaction_.block) {
    ++progress_->blocks;
  }
  ++(commit ? progress_->committed : progress_->rolled_back);
  return absl::OkStatus();
}

absl::Status Workload::Commit() {
  if (!transaction_.changes.empty()) {
    QUIRE_RETURN_IF_ERROR(journal_->Intent(transaction_.changes));
  }
  QUIRE_RETURN_IF_ERROR(Send("COMMIT"));
  if (transaction_.changes.empty()) {
    return absl::OkStatus();
  }
  for (const auto& [key, value] : transaction_.changes) {
    state_[key] = value;
  }
  return journal_->Acknowledged();
}

absl::Status Workload::Operations(int depth) {
  const uint64_t operations = 1 + Random(depth == 0 ? 6 : 4);
  const bool savepoint = depth < static_cast<int>(std::size(kSavepoints)) && Chance(kSavepoint);
  const uint64_t savepoint_at = Random(operations);
  // A savepoint whose changes alone overflow every buffer, after changes that did not.
  const bool heavy = depth > 0 && Chance(0.15);
  for (uint64_t i = 0; i < operations; ++i) {
    if (savepoint && i == savepoint_at) {
      QUIRE_RETURN_IF_ERROR(Savepoint(depth));
    }
    QUIRE_RETURN_IF_ERROR(Operation(heavy ? kHeavyPadding : 0));
  }
  return absl::OkStatus();
}

absl::Status Workload::Savepoint(int depth) {
  const SavepointCommands& commands = kSavepoints[depth];
  const State before = transaction_.changes;
  QUIRE_RETURN_IF_ERROR(Send(commands.set));
  if (Chance(0.1)) {
    QUIRE_RETURN_IF_ERROR(InsertDuplicate());
  }
  QUIRE_RETURN_IF_ERROR(Operations(depth + 1));
  if (!Chance(kSavepointRolledBack)) {
    return Send(commands.release);
  }
  QUIRE_RETURN_IF_ERROR(Send(commands.roll_back));
  transaction_.changes = before;
  // The savepoint itself stays open after ROLLBACK TO; half of the time it takes further changes.
  return Chance(0.5) ? Send(commands.release) : absl::OkStatus();
}

absl::Status Workload::Operation(size_t padding_min) {
  if (Chance(kBlock)) {
    return BlockOperation();
  }
  const std::string key = SingleKey(options_.client, static_cast<int>(Random(kSingleKeys)));
  const size_t padding = std::max(padding_min, RandomPadding());
  if (Value(key) == kAbsent) {
    return Insert(key, padding);
  }
  if (padding_min == 0 && Chance(0.25)) {
    QUIRE_RETURN_IF_ERROR(Delete(key));
    // The same key again in the same transaction.
    return Chance(0.5) ? Insert(key, padding) : absl::OkStatus();
  }
  return Update(key, padding);
}

absl::Status Workload::Insert(const std::string& key, size_t padding) {
  const int64_t value = next_value_++;
  QUIRE_RETURN_IF_ERROR(
      Both({"insert", kInsertDocs, kInsertTwin, {key, Document(key, value, padding)}}, 1));
  transaction_.changes[key] = value;
  return absl::OkStatus();
}

absl::Status Workload::Update(const std::string& key, size_t padding) {
  const int64_t value = next_value_++;
  if (padding >= kHeavyPadding || Chance(0.3)) {
    QUIRE_RETURN_IF_ERROR(Both({"replace",
                                "UPDATE docs SET _doc = $2 WHERE _id = $1",
                                "UPDATE twin SET version = version + 1, _doc = $2 WHERE _id = $1",
                                {key, Document(key, value, padding)}},
                               1));
  } else if (Chance(0.5)) {
    QUIRE_RETURN_IF_ERROR(Both({"set_v",
                                "UPDATE docs SET v = $2::bigint WHERE _id = $1",
                                "UPDATE twin SET version = version + 1, _doc = jsonb_set(_doc, "
                                "'{v}', to_jsonb($2::bigint)) WHERE _id = $1",
                                {key, absl::StrCat(value)}},
                               1));
  } else {
    QUIRE_RETURN_IF_ERROR(Both({"set_deep",
                                "UPDATE docs SET v = $2::bigint, deep = $3 WHERE _id = $1",
                                "UPDATE twin SET version = version + 1, _doc = "
                                "jsonb_set(jsonb_set(_doc, '{v}', to_jsonb($2::bigint)), "
                                "'{n,a,b}', to_jsonb($3::text)) WHERE _id = $1",
                                {key, absl::StrCat(value), absl::StrCat("u", value)}},
                               1));
  }
  transaction_.changes[key] = value;
  return absl::OkStatus();
}

absl::Status Workload::Delete(const std::string& key) {
  QUIRE_RETURN_IF_ERROR(Both(
      {"delete", "DELETE FROM docs WHERE _id = $1", "DELETE FROM twin WHERE _id = $1", {key}}, 1));
  transaction_.changes[key] = kAbsent;
  return absl::OkStatus();
}

// An error inside a savepoint: the statement must leave nothing behind.
absl::Status Workload::InsertDuplicate() {
  for (int i = 0; i < kSingleKeys; ++i) {
    const std::string key = SingleKey(options_.client, i);
    if (Value(key) == kAbsent) {
      continue;
    }
    QUIRE_RETURN_IF_ERROR(Send("SAVEPOINT duplicate"));
    const absl::Status status =
        Send("insert_docs", kInsertDocs, {key, Document(key, next_value_++, 10)}, 1);
    if (status.ok()) {
      return absl::InternalError(absl::StrCat("a second document with the key ", key));
    }
    if (SqlState(status) != "23505") {
      return status;
    }
    return Send("ROLLBACK TO SAVEPOINT duplicate; RELEASE SAVEPOINT duplicate");
  }
  return absl::OkStatus();
}

absl::Status Workload::BlockOperation() {
  const std::string name = BlockName(options_.client);
  const int64_t value = next_value_++;
  transaction_.block = true;
  if (Value(name) == kAbsent) {
    QUIRE_RETURN_IF_ERROR(InsertBlock(value));
    transaction_.changes[name] = value;
    return absl::OkStatus();
  }
  const std::string begin = BlockBegin(options_.client), end = BlockEnd(options_.client);
  if (Chance(0.6)) {
    QUIRE_RETURN_IF_ERROR(Both({"delete_block",
                                "DELETE FROM docs WHERE _id >= $1 AND _id < $2",
                                "DELETE FROM twin WHERE _id >= $1 AND _id < $2",
                                {begin, end}},
                               kBlockKeys));
    transaction_.changes[name] = kAbsent;
    return absl::OkStatus();
  }
  QUIRE_RETURN_IF_ERROR(Both(
      {"set_block",
       "UPDATE docs SET v = $3::bigint WHERE _id >= $1 AND _id < $2",
       "UPDATE twin SET version = version + 1, _doc = jsonb_set(_doc, '{v}', to_jsonb($3::bigint)) "
       "WHERE _id >= $1 AND _id < $2",
       {begin, end, absl::StrCat(value)}},
      kBlockKeys));
  transaction_.changes[name] = value;
  return absl::OkStatus();
}

absl::Status Workload::InsertBlock(int64_t value) {
  if (Chance(0.5)) {
    return Both({"insert_block",
                 "INSERT INTO docs (_id, _doc) " + BlockQuery(),
                 "INSERT INTO twin (_id, _doc) " + BlockQuery(),
                 {absl::StrCat(options_.client), absl::StrCat(value)}},
                kBlockKeys);
  }
  const std::string text = BlockCopyText(options_.client, value);
  for (const char* sql : {"COPY docs (_id, _doc) FROM STDIN", "COPY twin (_id, _doc) FROM STDIN"}) {
    progress_->doing = sql;
    ++transaction_.writes;
    QUIRE_RETURN_IF_ERROR(connection_->CopyIn(sql, text).status());
    ++progress_->statements;
  }
  return absl::OkStatus();
}

absl::Status Workload::Both(const TwoChanges& change, int64_t rows) {
  progress_->doing = change.name;
  const bool twin_first = Chance(0.5);
  const std::string docs_name = absl::StrCat(change.name, "_docs");
  const std::string twin_name = absl::StrCat(change.name, "_twin");
  for (const bool twin : {twin_first, !twin_first}) {
    QUIRE_RETURN_IF_ERROR(Send(twin ? twin_name.c_str() : docs_name.c_str(),
                               twin ? change.twin : change.collection, change.parameters, rows));
  }
  return absl::OkStatus();
}

absl::Status Workload::Send(const char* name, const std::string& sql,
                            const std::vector<std::string>& parameters, int64_t rows) {
  QUIRE_ASSIGN_OR_RETURN(const int64_t changed, Change(name, sql, parameters));
  if (changed != rows) {
    return absl::InternalError(absl::StrCat("changed ", changed, " rows, not ", rows, ": ", sql,
                                            " (", parameters[0], ")"));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> Workload::Change(const char* name, const std::string& sql,
                                         const std::vector<std::string>& parameters) {
  ++transaction_.writes;
  QUIRE_ASSIGN_OR_RETURN(const Result result, connection_->Run(name, sql.c_str(), parameters));
  ++progress_->statements;
  return result.changed();
}

absl::Status Workload::Send(const char* sql) {
  progress_->doing = sql;
  QUIRE_RETURN_IF_ERROR(connection_->Run(sql).status());
  ++progress_->statements;
  return absl::OkStatus();
}

int64_t Workload::Value(const std::string& key) const {
  const auto changed = transaction_.changes.find(key);
  return changed != transaction_.changes.end() ? changed->second : ValueOf(state_, key);
}

size_t Workload::RandomPadding() {
  const uint64_t draw = Random(200);
  if (draw < 140) {
    return Random(200);
  }
  if (draw < 190) {
    return Random(4000);
  }
  return draw < 199 ? Random(20'000) : Random(200'000);
}

}  // namespace quire::torture
