// Rows that a statement inserts, held back so that several are written at once.
//
// The rows are not there for anybody yet, so whoever may look for them writes them first: a
// statement that begins in the middle of this one (a function that it calls), a scan that goes on,
// a row that is written at once, the end of the statement. Whoever does so in a subtransaction of
// the statement's own moves the subtransaction's beginning behind them: its roll-back must not take
// them along. A process knows all rows that it holds back. What goes wrong for somebody else, who
// may take it for an error of their own and go on, goes wrong for the statement, too: a duplicate
// key only there, every other error there once more.
//
// Server's side of the doors, one process. Lives in the memory of its statement; rows that are left
// when the statement fails are forgotten.
#pragma once

#include <string_view>
#include <vector>

#include "engine/store/byte_buffer.h"
#include "engine/store/writer.h"
#include "extension/backend.h"

struct ErrorData;

namespace quire {

class PendingRows {
 public:
  PendingRows() noexcept {}
  ~PendingRows() { Forget(); }
  PendingRows(const PendingRows&) = delete;
  PendingRows& operator=(const PendingRows&) = delete;

  // What the next rows belong to; `memory` is the statement's MemoryContext. REQUIRES: none is
  // pending, or it is as before.
  void Begin(Backend* backend, CollectionState* collection, const WriteContext& context,
             void* memory);
  // Holds a row back (copied). Raises when memory is short.
  void Add(std::string_view key, std::string_view document);
  bool empty() const { return rows_.empty(); }
  bool full() const { return rows_.size() >= kRowsMax || bytes_.size() >= kBytesMax; }

  // Writes all of them. False when one is a duplicate, or was found to be before; it is then the
  // first() of those that are left. Raises what a write raises: what is left is still held back.
  bool Write();
  struct Row {
    std::string_view key;
    std::string_view document;
  };
  Row first() const { return RowAt(next_); }

 private:
  friend void WritePendingRows();
  friend void ForgetPendingRows(int level);

  static constexpr size_t kRowsMax = 128;
  static constexpr size_t kBytesMax = 64 << 10;

  struct Place {
    size_t offset;
    size_t key_bytes;
    size_t document_bytes;
  };
  Row RowAt(size_t i) const;
  absl::Status WriteSome(WriteResult* result);
  // Writes them for somebody else, who may be in a subtransaction of their own.
  void WriteBelow(int level);
  void KeepError();
  void Clear();
  void Forget();

  Backend* backend_ = nullptr;
  CollectionState* collection_ = nullptr;
  WriteContext context_;
  void* memory_ = nullptr;
  int level_ = 0;  // of nested transactions, in which the statement runs
  ByteBuffer bytes_;
  std::vector<Place> rows_;
  size_t next_ = 0;             // the first that is not written
  bool duplicate_ = false;      // which is known to be a duplicate
  ErrorData* error_ = nullptr;  // that somebody else had when writing it
  std::vector<NewDocument> batch_;
  bool listed_ = false;
  PendingRows* next_listed_ = nullptr;
};

// Writes the rows that statements of this process hold back. May wait for other transactions;
// raises what a write raises, but for duplicate keys.
void WritePendingRows();
// Forgets those of this level of nested transactions and below it: their transaction is over.
void ForgetPendingRows(int level);
bool AnyRowsPending();

}  // namespace quire
