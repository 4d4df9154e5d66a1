// A session's writes: it puts versions at the heads of chains, collects the change records that go
// to the log, and undoes both when a (sub)transaction is rolled back.
//
// One thread uses a Writer, within one top-level transaction at a time. A write never waits: when
// another transaction holds the document the caller is told for whom to wait, and tries again
// afterwards.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/host/clock.h"
#include "engine/host/transactions.h"
#include "engine/log/change_record.h"
#include "engine/memory/session.h"
#include "engine/mvcc/snapshot.h"
#include "engine/store/collection.h"
#include "engine/store/engine_state.h"

namespace quire {

enum class WriteOutcome : uint8_t {
  kDone,
  // Another transaction, `wait_for`, holds the document: wait for its end and try again. It may
  // have ended already, when it left so much that one call does not clear it away.
  kWait,
  kDuplicate,  // insert: the key exists
  // The others come of update, delete and lock.
  kConflict,      // a newer version is committed: FindLatest (latest.h) has it
  kDeleted,       // the same, and the document ended there
  kSelfModified,  // the caller's own transaction changed the document since
  kAbsent,        // the snapshot sees no document
};

struct WriteResult {
  WriteOutcome outcome = WriteOutcome::kDone;
  uint64_t wait_for = kNoXid;
  uint32_t number = 0;   // of the document
  uint32_t version = 0;  // the new version number
  uint64_t hlc = 0;
  uint32_t command = 0;  // kSelfModified: of the change that came first
};

// A version that was read, and that a write is to replace if it is still the newest.
struct WriteTarget {
  uint32_t number = 0;  // of the document
  uint64_t hlc = 0;     // the version's stamp
};

// Who writes.
struct WriteContext {
  uint64_t xid = kNoXid;  // the current subtransaction's id
  uint32_t command = 0;
};

// What InsertMany takes.
struct NewDocument {
  std::string_view key;
  std::string_view document;
};

struct WriterOptions {
  uint64_t buffer_bytes = 256 << 10;  // changes kept back before they go to the log early
  uint16_t origin = 0;
};

class Writer {
 public:
  // REQUIRES: all pointers outlive the writer.
  Writer(Session* session, TransactionHost* host, ChangeSink* sink, Clock* clock,
         const WriterOptions& options);

  // Writes return kResourceExhausted when memory is full; nothing is changed then.
  absl::StatusOr<WriteResult> Insert(CollectionState* collection, std::string_view key,
                                     std::string_view document, const WriteContext& context);
  // Inserts one after the other, for less. `*done` of them were inserted, also when it fails; the
  // result is that of the last one looked at: when it is not kDone, that document was not inserted.
  absl::StatusOr<WriteResult> InsertMany(CollectionState* collection,
                                         absl::Span<const NewDocument> documents,
                                         const WriteContext& context, size_t* done);
  // Replaces the document that `snapshot` sees under `number`.
  absl::StatusOr<WriteResult> Update(CollectionState* collection, uint32_t number,
                                     std::string_view document, const Snapshot& snapshot,
                                     const WriteContext& context);
  absl::StatusOr<WriteResult> Delete(CollectionState* collection, uint32_t number,
                                     const Snapshot& snapshot, const WriteContext& context);
  absl::StatusOr<WriteResult> Update(CollectionState* collection, const WriteTarget& target,
                                     std::string_view document, const WriteContext& context);
  // With `moved_to`, the key under which the caller inserts the document next, other writers can
  // follow it there.
  absl::StatusOr<WriteResult> Delete(CollectionState* collection, const WriteTarget& target,
                                     std::string_view moved_to, const WriteContext& context);
  // Holds the document, whose bytes were read, until the transaction ends, unchanged: nobody else
  // can write it.
  absl::StatusOr<WriteResult> Lock(CollectionState* collection, const WriteTarget& target,
                                   std::string_view document, const WriteContext& context);

  // Drops a collection, or with kWholeNamespace as its number all of a namespace, when the
  // transaction commits (collection_removal.h).
  // REQUIRES: nobody else uses what is dropped, from here until the transaction has ended and, when
  // it commits, ever after; the caller himself does not any more either.
  absl::Status DropCollection(const CollectionId& id, const WriteContext& context);

  // True when the transaction has changes that are not in the log. Before it commits, Flush must
  // have returned OK. With `eager`, every further write goes to the log at once (writes that come
  // after the host's pre-commit).
  bool has_unlogged_changes() const;
  bool has_changes() const { return ordinal_ > 0; }
  absl::Status Flush();
  void set_eager(bool eager) { eager_ = eager; }

  // Where a subtransaction begins, and its roll-back to there. Marks nest.
  struct Mark {
    size_t write_set = 0;
    size_t held = 0;
    ChangeBatchBuilder::Mark buffer = {};
  };
  Mark MarkHere() const;
  // Whether nothing was written, locked or dropped since the mark was taken.
  bool IsAt(const Mark& mark) const {
    return mark.write_set == write_set_.size() && mark.held == held_.size();
  }
  void RollbackTo(const Mark& mark);

  // The end of the top-level transaction, after its outcome stands. Cannot fail.
  void Committed();
  void Aborted();
  // Whether the transaction that ended last left something to the collector.
  bool left_garbage() const { return left_garbage_; }

 private:
  struct WriteSetEntry {
    uint64_t collection;  // offset of its state
    uint64_t xid;
    uint32_t number;
    int16_t documents;  // by how much the change raises the number of live documents
    bool lock;
    bool garbage;  // something older stands behind the version, or it is a tombstone
  };
  enum class Intent : uint8_t { kUpdate, kDelete, kLock };
  struct Replacement {
    Intent intent;
    std::string_view bytes;  // the document, or where it moves
  };

  VersionContent ContentOf(const Replacement& replacement, const WriteContext& context) const;
  absl::StatusOr<WriteResult> ReplaceSeen(CollectionState* collection, uint32_t number,
                                          const Replacement& replacement, const Snapshot& snapshot,
                                          const WriteContext& context);
  absl::StatusOr<WriteResult> Replace(CollectionState* collection, const WriteTarget& target,
                                      const Replacement& replacement, const WriteContext& context);
  // Enters the key, and the version under its number, or says why not.
  absl::StatusOr<WriteResult> InsertByKey(CollectionState* collection, std::string_view key,
                                          Version* version);
  // Links a new version into an empty or deleted document, or says why not; kAbsent when the number
  // is being taken out of use.
  absl::StatusOr<WriteResult> InsertAt(CollectionState* collection, uint32_t number,
                                       Version* version);
  void CutTail(CollectionState* collection, Version* newest);
  uint64_t Stamp(uint64_t after);
  uint64_t WallTimeMs() const;
  void FetchLeaves(CollectionState* collection, absl::Span<const NewDocument> documents);
  // Makes the next Remember free of allocation: it follows the write it remembers.
  void ReserveWriteSet();
  void Remember(const CollectionState* collection, uint32_t number, const Version& version,
                int16_t documents);
  void Record(const CollectionState& collection, const WriteResult& result,
              const VersionContent& content);
  absl::Status FlushIfDue();
  void UndoEntry(const WriteSetEntry& entry);
  bool DropLock(const WriteSetEntry& entry);
  // Settles the verdicts of the entry's versions. False when a copy of one may go without: again.
  bool TrySettleEntry(const WriteSetEntry& entry);
  // Counts documents, and tells the collector where the write set leaves work for it. `settled`: no
  // verdicts are left to it.
  void NoteGarbage(bool settled);
  void ReleaseHeld(size_t keep);
  void EndTransaction();

  Session* const session_;
  TransactionHost* const host_;
  ChangeSink* const sink_;
  Clock* const clock_;
  const WriterOptions options_;
  EngineState* const engine_;

  ChangeBatchBuilder buffer_;
  std::vector<WriteSetEntry> write_set_;
  std::vector<uint64_t> held_;  // offsets of collections that the transaction drops
  uint32_t ordinal_ = 0;
  uint32_t locks_ = 0;  // versions that are locks; counted apart, for they are in no log
  bool eager_ = false;
  bool left_garbage_ = false;
  uint64_t wall_ms_ = 0;  // the time of the writes that are made at once; 0 between them
};

}  // namespace quire
