#include "tests/differential/history_session.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"

namespace quire::differential {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

absl::Status Finding(int session, const std::string& what) {
  return absl::FailedPreconditionError(absl::StrCat("session ", session, ": ", what));
}

int64_t Number(absl::string_view text) {
  int64_t value = 0;
  return absl::SimpleAtoi(text, &value) ? value : -1;
}

}  // namespace

std::string HistoryInvariants() {
  const int total = (kAccounts + kLedgerRows) * kAmount;
  return absl::StrCat(
      "SELECT (SELECT sum(balance) FROM accounts) + (SELECT sum(balance) FROM ledger) - ", total,
      ", (SELECT count(*) FROM accounts) - ", kAccounts,
      ", (SELECT count(*) FROM accounts WHERE balance < 0),"
      " (SELECT count(*) FROM accounts a FULL JOIN twin t USING (_id)"
      " WHERE (a.balance, a.n, a._version) IS DISTINCT FROM (t.balance, t.n, t.version)),"
      " (SELECT count(*) FROM generate_series(1, ",
      kAccounts, ") AS i WHERE NOT EXISTS (SELECT FROM accounts WHERE _id = i))");
}

absl::Status MakeHistoryTables(Connection* connection, int sessions) {
  const std::string fill =
      absl::StrCat(" SELECT i, ", kAmount, ", 0 FROM generate_series(1, ", kAccounts, ") AS i");
  const std::vector<std::string> statements = {
      "CREATE FOREIGN TABLE accounts (_id int4 NOT NULL, balance int8 OPTIONS (path 'a.balance'), "
      "n int8, _version bigint) SERVER quire",
      "CREATE TABLE twin (_id int4 PRIMARY KEY, balance int8, n int8, version int8 DEFAULT 1)",
      "CREATE TABLE ledger (id int4 PRIMARY KEY, balance int8)",
      "CREATE TABLE journal (session int4 PRIMARY KEY, sequence int8, increments int8)",
      "INSERT INTO accounts (_id, balance, n)" + fill,
      "INSERT INTO twin (_id, balance, n)" + fill,
      absl::StrCat("INSERT INTO ledger SELECT i, ", kAmount, " FROM generate_series(1, ",
                   kLedgerRows, ") AS i"),
      absl::StrCat("INSERT INTO journal SELECT i, 0, 0 FROM generate_series(1, ", sessions,
                   ") AS i")};
  for (const std::string& statement : statements) {
    QUIRE_RETURN_IF_ERROR(connection->Run(statement.c_str()).status());
  }
  return absl::OkStatus();
}

absl::Status HistorySession::Run(const std::atomic<bool>* stop) {
  QUIRE_RETURN_IF_ERROR(Connect());
  while (!*stop) {
    const absl::Status status = Transaction();
    if (status.ok()) continue;
    if (absl::IsUnavailable(status)) {
      ++tally_.lost;
      QUIRE_RETURN_IF_ERROR(Resolve());
      continue;
    }
    // Who gives way tries again. Under READ COMMITTED only a deadlock makes one give way.
    const absl::string_view state = SqlState(status);
    if (state == "40P01") {
      ++tally_.deadlocks;
    } else if (repeatable_read_ && (state == "40001" || (state == "23505" && replacing_))) {
      ++tally_.conflicts;
    } else if (state != "57P03") {
      return Finding(number_, std::string(status.message()));
    }
    if (!Send("ROLLBACK").ok()) {
      ++tally_.lost;
      QUIRE_RETURN_IF_ERROR(Resolve());
    }
  }
  backend_pid_ = 0;
  return absl::OkStatus();
}

absl::Status HistorySession::Connect() {
  backend_pid_ = 0;
  connection_.reset();
  QUIRE_ASSIGN_OR_RETURN(connection_, Connection::Open(conninfo_, kPatience));
  // Nothing here takes as long, unless two wait for each other unseen.
  QUIRE_RETURN_IF_ERROR(connection_->Run("SET statement_timeout = '30s'").status());
  QUIRE_RETURN_IF_ERROR(connection_->Run("SET deadlock_timeout = '100ms'").status());
  backend_pid_ = connection_->backend_pid();
  return absl::OkStatus();
}

absl::Status HistorySession::Resolve() {
  // A process that was killed while it committed runs on for whoever looks, until the postmaster
  // has noticed; its commit may be in the log all the same, and count after the restart. Until then
  // the row is its own, and to lock it waits.
  const std::string sql = absl::StrCat(
      "SELECT sequence, increments FROM journal WHERE session = ", number_, " FOR UPDATE");
  // The new connection may be lost, too.
  absl::StatusOr<Result> result = absl::UnavailableError("");
  for (int i = 0; i < 20 && !result.ok(); ++i) {
    const absl::Status connected = Connect();
    if (connected.ok()) result = Send(sql);
    if (!connected.ok() && !absl::IsUnavailable(connected)) return connected;
  }
  if (!result.ok()) return Finding(number_, "the server does not come back");
  const int64_t sequence = Number(result->Get(0, 0));
  if (sequence != sequence_ && !(committing_ && sequence == sequence_ + 1)) {
    return Finding(number_, absl::StrCat("transaction ", sequence_,
                                         " was acknowledged, the journal has ", sequence));
  }
  if (sequence != sequence_) {
    ++tally_.kept;
    increments_ += pending_;
  }
  if (Number(result->Get(0, 1)) != increments_) {
    return Finding(number_, "the journal has a transaction in part");
  }
  sequence_ = sequence;
  committing_ = false;
  return absl::OkStatus();
}

absl::StatusOr<Result> HistorySession::Send(const std::string& sql) {
  return connection_->Run(sql.c_str());
}

absl::Status HistorySession::Transaction() {
  committing_ = false;
  replacing_ = false;
  pending_ = 0;
  repeatable_read_ = random_.Chance(0.4);
  QUIRE_RETURN_IF_ERROR(
      Send(repeatable_read_ ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : "BEGIN").status());
  for (int64_t n = random_.Between(1, 4); n > 0; --n) QUIRE_RETURN_IF_ERROR(Step());
  if (random_.Chance(0.1)) {
    ++tally_.rolled_back;
    return Send("ROLLBACK").status();
  }
  QUIRE_RETURN_IF_ERROR(
      Send(absl::StrCat("UPDATE journal SET sequence = ", sequence_ + 1,
                        ", increments = increments + ", pending_, " WHERE session = ", number_))
          .status());
  committing_ = true;
  QUIRE_RETURN_IF_ERROR(Send("COMMIT").status());
  committing_ = false;
  ++tally_.committed;
  ++sequence_;
  increments_ += pending_;
  return absl::OkStatus();
}

// An operation, perhaps behind a savepoint to which it may be taken back.
absl::Status HistorySession::Step() {
  if (random_.Chance(0.65)) return Operation();
  const int64_t before = pending_;
  QUIRE_RETURN_IF_ERROR(Send("SAVEPOINT s").status());
  for (int64_t n = random_.Between(1, 2); n > 0; --n) QUIRE_RETURN_IF_ERROR(Operation());
  if (random_.Chance(0.4)) return Send("RELEASE s").status();
  ++tally_.taken_back;
  pending_ = before;
  return Send("ROLLBACK TO s").status();
}

absl::Status HistorySession::Operation() {
  const uint64_t draw = random_.Below(100);
  if (draw < 6) return Audit();
  if (draw < 30) return Increment();
  if (draw < 40) return IncrementRange();
  if (draw < 62) return Transfer();
  if (draw < 80) return TransferToRow();
  if (draw < 89) return SetByVersion();
  if (draw < 95) return Patch();
  return Replace();
}

absl::StatusOr<int> HistorySession::ChangeBoth(const std::string& assignment,
                                               const std::string& condition) {
  QUIRE_ASSIGN_OR_RETURN(const Result changed,
                         Send(absl::StrCat("UPDATE accounts SET ", assignment, " WHERE ", condition,
                                           " RETURNING _id, _version")));
  if (changed.rows() == 0) return 0;
  std::vector<std::string> ids;
  for (int i = 0; i < changed.rows(); ++i) ids.push_back(std::string(changed.Get(i, 0)));
  QUIRE_ASSIGN_OR_RETURN(
      const Result twins,
      Send(absl::StrCat("UPDATE twin SET version = version + 1, ", assignment,
                        " WHERE _id = ANY ('{", absl::StrJoin(ids, ","), "}')")));
  if (twins.changed() != changed.rows()) {
    return Finding(number_,
                   absl::StrCat("changed ", changed.rows(), " documents and ", twins.changed(),
                                " twins: ", assignment, " WHERE ", condition));
  }
  return changed.rows();
}

absl::Status HistorySession::Increment() {
  QUIRE_ASSIGN_OR_RETURN(const int changed,
                         ChangeBoth("n = n + 1", absl::StrCat("_id = ", RandomId())));
  pending_ += changed;
  return absl::OkStatus();
}

absl::Status HistorySession::IncrementRange() {
  const int first = RandomId();
  QUIRE_ASSIGN_OR_RETURN(
      const int changed,
      ChangeBoth("n = n + 1", absl::StrCat("_id BETWEEN ", first, " AND ", first + 2)));
  pending_ += changed;
  return absl::OkStatus();
}

absl::StatusOr<bool> HistorySession::Add(int id, int amount) {
  QUIRE_ASSIGN_OR_RETURN(const int changed,
                         ChangeBoth(absl::StrCat("balance = balance + ", amount),
                                    absl::StrCat("_id = ", id, " AND balance >= ", -amount)));
  return changed == 1;
}

absl::Status HistorySession::Transfer() {
  const int amount = static_cast<int>(random_.Between(1, 60));
  QUIRE_ASSIGN_OR_RETURN(const bool taken, Add(RandomId(), -amount));
  if (!taken) return absl::OkStatus();
  // Somebody may just have replaced the other document: then there is nothing for the statement to
  // see, and the amount goes to a row.
  QUIRE_ASSIGN_OR_RETURN(const bool given, Add(RandomId(), amount));
  if (given) return absl::OkStatus();
  return Send(absl::StrCat("UPDATE ledger SET balance = balance + ", amount, " WHERE id = 1"))
      .status();
}

absl::Status HistorySession::TransferToRow() {
  const int amount = static_cast<int>(random_.Between(1, 40));
  const std::string row = absl::StrCat(" WHERE id = ", random_.Between(1, kLedgerRows));
  if (random_.Chance(0.5)) {
    QUIRE_ASSIGN_OR_RETURN(const bool taken, Add(RandomId(), -amount));
    if (!taken) return absl::OkStatus();
    return Send(absl::StrCat("UPDATE ledger SET balance = balance + ", amount, row)).status();
  }
  QUIRE_ASSIGN_OR_RETURN(const Result taken,
                         Send(absl::StrCat("UPDATE ledger SET balance = balance - ", amount, row,
                                           " AND balance >= ", amount)));
  if (taken.changed() == 0) return absl::OkStatus();
  QUIRE_ASSIGN_OR_RETURN(const bool given, Add(RandomId(), amount));
  if (given) return absl::OkStatus();
  return Send(absl::StrCat("UPDATE ledger SET balance = balance + ", amount, row)).status();
}

// Reads, and writes what it has computed, unless somebody was faster: under REPEATABLE READ the
// server says so, under READ COMMITTED the version does.
absl::Status HistorySession::SetByVersion() {
  const int id = RandomId();
  QUIRE_ASSIGN_OR_RETURN(
      const Result read,
      Send(absl::StrCat("SELECT balance, _version FROM accounts WHERE _id = ", id)));
  if (read.rows() == 0) return absl::OkStatus();
  const int64_t balance = Number(read.Get(0, 0));
  const int64_t amount = random_.Between(0, balance);
  std::string condition = absl::StrCat("_id = ", id);
  if (!repeatable_read_) absl::StrAppend(&condition, " AND _version = ", read.Get(0, 1));
  QUIRE_ASSIGN_OR_RETURN(const int changed,
                         ChangeBoth(absl::StrCat("balance = ", balance - amount), condition));
  if (changed == 0) return absl::OkStatus();
  return Send(absl::StrCat("UPDATE ledger SET balance = balance + ", amount, " WHERE id = 2"))
      .status();
}

// Deletes a document and inserts it again, with what it held.
absl::Status HistorySession::Replace() {
  const std::string where = absl::StrCat(" WHERE _id = ", RandomId());
  QUIRE_ASSIGN_OR_RETURN(const Result gone, Send(absl::StrCat("DELETE FROM accounts", where,
                                                              " RETURNING _id, balance, n")));
  if (gone.rows() == 0) return absl::OkStatus();
  QUIRE_ASSIGN_OR_RETURN(const Result twin, Send(absl::StrCat("DELETE FROM twin", where)));
  if (twin.changed() != 1) return Finding(number_, "deleted a document, but not its twin");
  replacing_ = true;
  const std::string values = absl::StrCat(" (_id, balance, n) VALUES (", gone.Get(0, 0), ", ",
                                          gone.Get(0, 1), ", ", gone.Get(0, 2), ")");
  QUIRE_RETURN_IF_ERROR(Send(absl::StrCat("INSERT INTO accounts", values)).status());
  return Send(absl::StrCat("INSERT INTO twin", values)).status();
}

// Merges a field into whatever document is there; none of what others wrote may go with it.
absl::Status HistorySession::Patch() {
  const int id = RandomId();
  QUIRE_ASSIGN_OR_RETURN(
      const Result patched,
      Send(absl::StrCat("SELECT quire.patch('accounts', ", id, ", jsonb_build_object('note', ",
                        tally_.committed, "))")));
  if (patched.IsNull(0, 0)) return absl::OkStatus();
  QUIRE_ASSIGN_OR_RETURN(const Result twin,
                         Send(absl::StrCat("UPDATE twin SET version = version + 1 WHERE _id = ", id,
                                           " RETURNING version")));
  if (twin.rows() != 1 || twin.Get(0, 0) != patched.Get(0, 0)) {
    return Finding(
        number_, absl::StrCat("patched to version ", patched.Get(0, 0), ", which the twin is not"));
  }
  return absl::OkStatus();
}

// Looks at everything, its own changes included.
absl::Status HistorySession::Audit() {
  QUIRE_ASSIGN_OR_RETURN(const Result result, Send(HistoryInvariants()));
  for (int i = 0; i < result.columns(); ++i) {
    if (result.Get(0, i) == "0") continue;
    return Finding(number_, absl::StrCat("within a transaction, ", kHistoryInvariantNames[i],
                                         " (by ", result.Get(0, i), ")"));
  }
  return absl::OkStatus();
}

}  // namespace quire::differential
