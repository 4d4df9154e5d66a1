// Writes single documents by their keys: what quire.put, quire.patch and quire.delete do to a
// foreign table's collection.
//
// Unlike an UPDATE, which begins with what its snapshot sees, a write begins with the newest
// version of the document, after waiting for whoever holds it, as INSERT … ON CONFLICT DO UPDATE
// does. Under REPEATABLE READ that version must be one that the snapshot sees, else 40001.
//
// Server's side of the doors; functions may raise. Lives in the memory of the call.
#pragma once

#include <cstdint>

#include "extension/document_id.h"
#include "extension/plain_value.h"
#include "extension/table_writer.h"

namespace quire {

class KeyedWriter {
 public:
  KeyedWriter() noexcept {}

  // REQUIRES: the table has no triggers and no generated columns; the relation is locked for
  // writing.
  void Begin(EState* state, ResultRelInfo* relation);

  // Each returns the new version's number; 0 when there is no such document.
  int64_t Put(const PlainValue& id, const PlainValue& document);
  int64_t Patch(const PlainValue& id, const PlainValue& patch);
  bool Delete(const PlainValue& id);

 private:
  enum class Action : uint8_t { kPut, kPatch, kDelete };

  int64_t Write(const PlainValue& id, const PlainValue& content, Action action);
  // The newest version that is committed or our own. False when there is no document.
  bool FindNewest(DocumentRow* row);
  // Makes the document that is to replace `old`, or that is new when `old` is null.
  void Make(const DocumentRow* old, const PlainValue& content, Action action);
  WriteResult Store(const DocumentRow* old, Action action);

  TableWriter table_;
  DocumentId id_;
  Snapshot snapshot_;
  RowBatch found_;
};

}  // namespace quire
