// Writes rows of a foreign table into its collection: makes the document, checks the table's
// constraints on the row as it will be shown, waits for other writers, and says what the server
// says about duplicates and conflicts.
//
// Server's side of the doors; functions may raise. Lives in the memory of the statement that
// writes.
#pragma once

#include "absl/types/span.h"
#include "engine/mvcc/snapshot.h"
#include "engine/store/writer.h"
#include "extension/backend.h"
#include "extension/document_maker.h"
#include "extension/pending_rows.h"
#include "extension/row_reader.h"
#include "extension/table_map.h"

struct EState;
struct ExprState;
struct List;
struct ResultRelInfo;

namespace quire {

enum class Written : uint8_t {
  kDone,
  kSkipped,  // a duplicate that may be, a row that the same command changed already or another
             // transaction deleted
  kChanged,  // under READ COMMITTED: another transaction changed the row; FindLatest has it
};

class TableWriter {
 public:
  TableWriter() noexcept {}

  void Begin(EState* state, ResultRelInfo* relation);

  // `values` are those of all columns, by position.
  Written Insert(const PlainValue* values, bool skip_duplicates);
  // The same for a row that nobody asks about: it may be written later, together with others, by
  // WritePending at the latest.
  void InsertLater(const PlainValue* values);
  void WritePending();
  // Changes the document that was read as `old`; `assigned` are positions.
  Written Update(const DocumentRow& old, absl::Span<const int> assigned, PlainValue* values);
  Written Delete(const DocumentRow& old);

  // The document that the statement's snapshot sees under a number, or that the transaction holds
  // by Lock, valid until the next call. False when there is none.
  bool Find(uint32_t number, DocumentRow* row);
  // Replaces `row` by the newest committed version of its document, after waiting for whoever holds
  // it; valid until the next call. False when the row is to be skipped.
  bool FindLatest(DocumentRow* row);
  // Holds the document until the transaction ends. What a trigger of the same command changed is
  // left to the write that follows, if one does: it raises.
  Written Lock(const DocumentRow& row);
  // After Insert or Update: what was written, valid until the next call of anything.
  const DocumentRow& written() const { return written_; }

  const TableMap* map() const { return map_; }
  Backend* backend() const { return backend_; }

  // For writes that begin with a key instead of a row (keyed_writer.h): makes documents; checks
  // the one made last, as the given version, against the table's constraints; makes sure that the
  // collection is there (map()->state) and says who writes.
  DocumentMaker* maker() { return &maker_; }
  void CheckConstraints(uint32_t version);
  const WriteContext& PrepareWrite();

 private:
  void PrepareGenerated();
  void PrepareChecks();
  void ComputeGenerated(uint32_t version, PlainValue* values);
  void ShowForChecks(uint32_t version);
  void MakeNew(const PlainValue* values);
  WriteResult InsertMade();
  enum class Change : uint8_t { kUpdate, kDelete, kMove, kLock };
  Written ReplaceWaiting(const DocumentRow& old, Change change, WriteResult* result);
  absl::StatusOr<WriteResult> Replace(const DocumentRow& old, Change change);
  // What a write that met another change is to do.
  Written OnConflict(const WriteResult& result, Change change);
  void CheckSelfModified(uint32_t command, bool remove) const;
  [[noreturn]] void RaiseDuplicate(std::string_view document);
  void Stored(const WriteResult& result);

  // Constant after Begin.
  EState* state_ = nullptr;
  ResultRelInfo* relation_ = nullptr;
  const TableMap* map_ = nullptr;
  Backend* backend_ = nullptr;
  bool has_snapshot_ = false;
  Snapshot snapshot_;
  uint32_t command_ = 0;
  TupleTableSlot* check_slot_ = nullptr;  // where constraints look at a row; null until needed
  ExprState** generated_ = nullptr;       // by position, of generated columns

  DocumentMaker maker_;
  PendingRows pending_;
  RowReader check_reader_;
  RowBatch found_;
  RowBatch latest_;
  WriteContext context_;
  uint32_t subtransaction_ = 0;  // that context_ is for; 0: none yet
  DocumentRow written_;
};

}  // namespace quire
