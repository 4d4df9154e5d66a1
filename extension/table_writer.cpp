#include "extension/table_writer.h"

#include <string>

#include "engine/base/status.h"
#include "engine/store/catalog.h"
#include "engine/store/latest.h"
#include "extension/door.h"
#include "extension/memory_pressure.h"
#include "extension/needed_columns.h"
#include "extension/settings.h"

extern "C" {
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "rewrite/rewriteHandler.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace quire {

namespace {

// For a snapshot that sees all changes of its own transaction.
constexpr uint32_t kEveryCommand = UINT32_MAX;

}  // namespace

void TableWriter::Begin(EState* state, ResultRelInfo* relation) {
  state_ = state;
  relation_ = relation;
  map_ = GetTableMap(relation->ri_RelationDesc);
  backend_ = RequireBackend();
  has_snapshot_ = state->es_snapshot != nullptr;
  if (has_snapshot_) FillSnapshot(state->es_snapshot, state->es_snapshot->curcid, &snapshot_);
  // COPY runs without a snapshot, and does not tell the command either.
  command_ = has_snapshot_ ? state->es_output_cid : GetCurrentCommandId(true);
  const DocumentLimits limits = CurrentLimits();
  CallEngine([&] { return maker_.Init(map_, limits, backend_->clock()); });
  if (map_->has_constraints || map_->has_generated) PrepareChecks();
  if (map_->has_generated) PrepareGenerated();
}

void TableWriter::PrepareChecks() {
  const MemoryContext previous = MemoryContextSwitchTo(state_->es_query_cxt);
  List* all = AllColumns(*map_);
  CallEngine([&] {
    check_reader_.Init(map_, all);
    return absl::OkStatus();
  });
  check_slot_ =
      ExecInitExtraTupleSlot(state_, RelationGetDescr(relation_->ri_RelationDesc), &TTSOpsVirtual);
  MemoryContextSwitchTo(previous);
}

void TableWriter::PrepareGenerated() {
  const auto count = map_->columns.size();
  generated_ = static_cast<ExprState**>(palloc0(sizeof(ExprState*) * count));
  for (size_t i = 0; i < count; ++i) {
    if (!map_->columns[i].generated) continue;
    Node* expression = build_column_default(relation_->ri_RelationDesc, static_cast<int>(i) + 1);
    generated_[i] = ExecPrepareExpr(reinterpret_cast<Expr*>(expression), state_);
  }
}

const WriteContext& TableWriter::PrepareWrite() {
  const SubTransactionId now = GetCurrentSubTransactionId();
  if (subtransaction_ != now) {
    context_ = CurrentWriteContext(command_);
    subtransaction_ = now;
  }
  if (map_->state != nullptr) [[likely]] {
    return context_;
  }
  CallWriter(backend_, [&] {
    QUIRE_ASSIGN_OR_RETURN(map_->state,
                           Catalog(backend_->session()).FindOrCreate(map_->collection_id));
    return absl::OkStatus();
  });
  return context_;
}

// The document that was made, as a row of the table.
void TableWriter::ShowForChecks(uint32_t version) {
  ExecClearTuple(check_slot_);
  memset(check_slot_->tts_isnull, true,
         static_cast<size_t>(check_slot_->tts_tupleDescriptor->natts));
  const RowTarget target{.values = check_slot_->tts_values, .nulls = check_slot_->tts_isnull};
  CallEngine([&] {
    const auto now = static_cast<uint64_t>(backend_->clock()->WallTimeUs()) / 1000 << 16;
    return check_reader_.Read(
        DocumentRow{.number = 0, .version = version, .hlc = now, .document = maker_.document()},
        target);
  });
  ExecStoreVirtualTuple(check_slot_);
  check_slot_->tts_tableOid = RelationGetRelid(relation_->ri_RelationDesc);
}

void TableWriter::CheckConstraints(uint32_t version) {
  // Row-level security of a parent: the server checks it for tables of its own only.
  const bool has_policies = relation_->ri_WithCheckOptions != NIL;
  if (!map_->has_constraints && !has_policies) [[likely]] {
    return;
  }
  if (check_slot_ == nullptr) PrepareChecks();
  ShowForChecks(version);
  if (has_policies) {
    ExecWithCheckOptions(WCO_RLS_INSERT_CHECK, relation_, check_slot_, state_);
    ExecWithCheckOptions(WCO_RLS_UPDATE_CHECK, relation_, check_slot_, state_);
  }
  Relation table = relation_->ri_RelationDesc;
  if (table->rd_att->constr != nullptr) ExecConstraints(relation_, check_slot_, state_);
  if (table->rd_rel->relispartition) ExecPartitionCheck(relation_, check_slot_, state_, true);
}

// Generated columns follow from the other columns of the row as it is stored, which the server
// does not know when a `_doc` was taken in: it computed them from the columns that came with it.
void TableWriter::ComputeGenerated(uint32_t version, PlainValue* values) {
  ShowForChecks(version);
  ExprContext* context = GetPerTupleExprContext(state_);
  context->ecxt_scantuple = check_slot_;
  const auto count = map_->columns.size();
  auto* positions = static_cast<int*>(palloc(sizeof(int) * count));
  size_t generated = 0;
  for (size_t i = 0; i < count; ++i) {
    if (generated_[i] == nullptr) continue;
    bool is_null;
    const Datum datum = ExecEvalExpr(generated_[i], context, &is_null);
    values[i] = PlainValue();
    if (!is_null) ReadValue(datum, map_->columns[i].type, &values[i]);
    positions[generated++] = static_cast<int>(i);
  }
  CallEngine([&] {
    const std::string made(maker_.document());
    return maker_.MakeChanged(made, absl::MakeConstSpan(positions, generated), values);
  });
}

void TableWriter::Stored(const WriteResult& result) {
  written_ = DocumentRow{.number = result.number,
                         .version = result.version,
                         .hlc = result.hlc,
                         .document = maker_.document()};
}

WriteResult TableWriter::InsertMade() {
  // Rows that another part of the same statement inserted before this one.
  WritePendingRows();
  PrepareWrite();
  for (;;) {
    WriteResult result;
    CallWriter(backend_, [&] {
      QUIRE_ASSIGN_OR_RETURN(result, backend_->writer()->Insert(map_->state, maker_.key(),
                                                                maker_.document(), context_));
      return absl::OkStatus();
    });
    if (result.outcome != WriteOutcome::kWait) return result;
    WaitForTransaction(result.wait_for);
  }
}

void TableWriter::RaiseDuplicate(std::string_view document) {
  Relation table = relation_->ri_RelationDesc;
  const int natts = RelationGetDescr(table)->natts;
  auto* values = static_cast<Datum*>(palloc0(sizeof(Datum) * static_cast<Size>(natts)));
  auto* nulls = static_cast<bool*>(palloc0(sizeof(bool) * static_cast<Size>(natts)));
  List* key_only = list_make1_int(map_->key);
  CallEngine([&] {
    check_reader_.Init(map_, key_only);
    return check_reader_.Read(DocumentRow{.document = document},
                              RowTarget{.values = values, .nulls = nulls});
  });
  const FormData_pg_attribute* attribute = TupleDescAttr(RelationGetDescr(table), map_->key);
  Oid output;
  bool is_varlena;
  getTypeOutputInfo(attribute->atttypid, &output, &is_varlena);
  const char* text = OidOutputFunctionCall(output, values[map_->key]);
  ereport(ERROR, (errcode(ERRCODE_UNIQUE_VIOLATION),
                  errmsg("duplicate key in collection \"%s.%s\"", map_->collection_name.name_space,
                         map_->collection_name.name),
                  errdetail("Key (%s)=(%s) already exists.", NameStr(attribute->attname), text),
                  errtablecol(table, map_->key + 1)));
  pg_unreachable();
}

void TableWriter::MakeNew(const PlainValue* values) {
  CallEngine([&] { return maker_.MakeNew(values); });
  if (map_->has_generated && map_->document >= 0 &&
      values[map_->document].kind != PlainValue::Kind::kNull) {
    ComputeGenerated(1, const_cast<PlainValue*>(values));
  }
  CheckConstraints(1);
}

void TableWriter::InsertLater(const PlainValue* values) {
  MakeNew(values);
  const WriteContext& context = PrepareWrite();
  pending_.Begin(backend_, map_->state, context, state_->es_query_cxt);
  pending_.Add(maker_.key(), maker_.document());
  if (pending_.full()) WritePending();
}

void TableWriter::WritePending() {
  if (pending_.empty() || pending_.Write()) return;
  RaiseDuplicate(pending_.first().document);
}

Written TableWriter::Insert(const PlainValue* values, bool skip_duplicates) {
  MakeNew(values);
  const WriteResult result = InsertMade();
  if (result.outcome == WriteOutcome::kDone) [[likely]] {
    Stored(result);
    return Written::kDone;
  }
  if (!skip_duplicates) RaiseDuplicate(maker_.document());
  // As for a heap table: what neither the snapshot sees nor this transaction wrote cannot be taken
  // as a reason to skip.
  if (IsolationUsesXactSnapshot()) {
    bool seen = false;
    Snapshot with_own;
    FillSnapshot(state_->es_snapshot, kEveryCommand, &with_own);
    CallEngine([&] {
      Collection collection(backend_->session(), backend_->host(), map_->state);
      found_.Clear();
      QUIRE_ASSIGN_OR_RETURN(seen, collection.Get(maker_.key(), with_own, &found_));
      return absl::OkStatus();
    });
    if (!seen) {
      ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                      errmsg("could not serialize access due to concurrent update")));
    }
  }
  return Written::kSkipped;
}

absl::StatusOr<WriteResult> TableWriter::Replace(const DocumentRow& old, Change change) {
  const WriteTarget target{.number = old.number, .hlc = old.hlc};
  Writer* writer = backend_->writer();
  switch (change) {
    case Change::kUpdate:
      return writer->Update(map_->state, target, maker_.document(), context_);
    case Change::kDelete:
      return writer->Delete(map_->state, target, {}, context_);
    case Change::kMove:
      return writer->Delete(map_->state, target, maker_.key(), context_);
    case Change::kLock:
      return writer->Lock(map_->state, target, old.document, context_);
  }
  return absl::InternalError("a write of no kind");
}

void TableWriter::CheckSelfModified(uint32_t command, bool remove) const {
  // By the same command: as for a heap table, the first change counts and this row is skipped. By a
  // later one, that is by a trigger or function which this command called, the second change would
  // undo the first without having seen it.
  if (command == command_) return;
  ereport(ERROR, (errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
                  errmsg(remove ? "tuple to be deleted was already modified by an operation "
                                  "triggered by the current command"
                                : "tuple to be updated was already modified by an operation "
                                  "triggered by the current command"),
                  errhint("Consider using an AFTER trigger instead of a BEFORE trigger to "
                          "propagate changes to other rows.")));
}

Written TableWriter::OnConflict(const WriteResult& result, Change change) {
  switch (result.outcome) {
    case WriteOutcome::kSelfModified:
      if (change == Change::kLock && result.command != command_) return Written::kDone;
      CheckSelfModified(result.command, change == Change::kDelete);
      return Written::kSkipped;
    case WriteOutcome::kConflict:
    case WriteOutcome::kDeleted:
      if (IsolationUsesXactSnapshot()) {
        ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                        errmsg(result.outcome == WriteOutcome::kConflict
                                   ? "could not serialize access due to concurrent update"
                                   : "could not serialize access due to concurrent delete")));
      }
      return result.outcome == WriteOutcome::kConflict ? Written::kChanged : Written::kSkipped;
    default:
      return Written::kSkipped;
  }
}

Written TableWriter::ReplaceWaiting(const DocumentRow& old, Change change, WriteResult* result) {
  PrepareWrite();
  for (;;) {
    CallWriter(backend_, [&] {
      QUIRE_ASSIGN_OR_RETURN(*result, Replace(old, change));
      return absl::OkStatus();
    });
    if (result->outcome == WriteOutcome::kDone) return Written::kDone;
    if (result->outcome != WriteOutcome::kWait) return OnConflict(*result, change);
    WaitForTransaction(result->wait_for);
  }
}

Written TableWriter::Update(const DocumentRow& old, absl::Span<const int> assigned,
                            PlainValue* values) {
  CallEngine([&] { return maker_.MakeChanged(old.document, assigned, values); });
  const bool moved = maker_.moved();
  if (map_->has_generated) {
    for (const int position : assigned) {
      if (position == map_->document) ComputeGenerated(old.version + 1, values);
    }
  }
  CheckConstraints(moved ? 1 : old.version + 1);
  WriteResult result;
  // A document with another key is another document. The old one goes first: when it must be
  // skipped, nothing has been written yet.
  const Written written = ReplaceWaiting(old, moved ? Change::kMove : Change::kUpdate, &result);
  if (written != Written::kDone) return written;
  if (moved) {
    result = InsertMade();
    if (result.outcome != WriteOutcome::kDone) RaiseDuplicate(maker_.document());
  }
  Stored(result);
  return Written::kDone;
}

Written TableWriter::Delete(const DocumentRow& old) {
  WriteResult result;
  return ReplaceWaiting(old, Change::kDelete, &result);
}

Written TableWriter::Lock(const DocumentRow& row) {
  WriteResult result;
  return ReplaceWaiting(row, Change::kLock, &result);
}

bool TableWriter::Find(uint32_t number, DocumentRow* row) {
  bool found = false;
  CallEngine([&] {
    if (map_->state == nullptr) return absl::OkStatus();
    Session* session = backend_->session();
    found_.Clear();
    QUIRE_ASSIGN_OR_RETURN(found,
                           FindLocked(session, backend_->host(), map_->state, number, &found_));
    if (found) return absl::OkStatus();
    Collection collection(session, backend_->host(), map_->state);
    QUIRE_ASSIGN_OR_RETURN(found, collection.GetByNumber(number, snapshot_, &found_));
    return absl::OkStatus();
  });
  if (found) *row = found_[0];
  return found;
}

bool TableWriter::FindLatest(DocumentRow* row) {
  for (;;) {
    CHECK_FOR_INTERRUPTS();
    Latest latest;
    CallEngine([&] {
      latest_.Clear();
      QUIRE_ASSIGN_OR_RETURN(
          latest, quire::FindLatest(backend_->session(), backend_->host(), map_->state, row->number,
                                    row->hlc, &latest_));
      return absl::OkStatus();
    });
    switch (latest.outcome) {
      case Latest::Outcome::kFound:
        *row = latest_[0];
        return true;
      case Latest::Outcome::kWait:
        WaitForTransaction(latest.wait_for);
        break;
      case Latest::Outcome::kSelfModified:
        CheckSelfModified(latest.command, false);
        return false;
      case Latest::Outcome::kGone:
        return false;
    }
  }
}

}  // namespace quire
