// A collection in the region, and how documents are read from it.
//
// CollectionState is the shared part; a Collection is a process-local handle on it, cheap to make
// at the begin of each statement. Calls pin epochs for themselves, in bounded steps, and copy what
// they return: no reference into the region leaves this class. Bodies that have left memory are
// read after the pin, through the session's BodyReader.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/host/body_reader.h"
#include "engine/host/transactions.h"
#include "engine/index/tree.h"
#include "engine/memory/session.h"
#include "engine/mvcc/snapshot.h"
#include "engine/store/byte_buffer.h"
#include "engine/store/document_table.h"
#include "engine/store/range_cursor.h"

namespace quire {

class Condition;
class Projection;

// A collection's name for storage: the random id of the namespace table of its database, and a
// number from that table. Never reused.
struct CollectionId {
  uint64_t name_space = 0;
  uint64_t number = 0;

  bool operator==(const CollectionId&) const = default;
};

// As a number, where a drop is meant: all collections of the namespace. No collection has it.
constexpr uint64_t kWholeNamespace = 0;

// The payload of the primary tree: the document's number in the low half, in the high half a hint
// where its version lay when it was inserted, in units of so many bytes (32 bits reach 64 GiB). The
// hint only says what memory to fetch ahead, so one that wraps or has become wrong costs nothing.
constexpr uint64_t kVersionHintGranule = 16;

// What the eviction of bodies remembers of a collection (evictor.h). Hints: races cost nothing.
struct EvictionState {
  std::atomic<uint32_t> hand;       // the next document number to look at
  std::atomic<uint32_t> unlocated;  // one more than the first it met whose body is not in the log
  std::atomic<uint32_t> resumed;    // where the hand was put last instead of 0
  std::atomic<uint32_t> notes_look_ups;  // 1 once the hand has been here: look-ups touch versions
};

struct CollectionState {
  CollectionId id;             // constant
  std::atomic<uint64_t> next;  // the next collection of the catalog's bucket
  DocumentTableState table;
  TreeRoot primary;
  std::atomic<int64_t> documents;  // live documents as far as outcomes are settled: an estimate
  // Versions that are linked, tombstones too, and the bytes of the region that they take.
  std::atomic<int64_t> versions;
  std::atomic<int64_t> bytes;
  // Of their documents: those that are in the engine log only.
  std::atomic<int64_t> bytes_in_log;
  // The sum of the table's garbage notes, near enough: 0 when there is nothing for the collector.
  std::atomic<int64_t> garbage;
  EvictionState eviction;
  // See collection_removal.h. Whoever comes by it without a lock of his host's on the collection
  // leaves a dropped one alone, and looks at this under the pin under which he goes on.
  std::atomic<uint32_t> dropped;
  std::atomic<uint32_t> holders;  // sessions that have dropped it and are not through
};

// A document as a statement sees it. Views point into the batch that holds it.
struct DocumentRow {
  uint32_t number = 0;  // of the document within its collection
  uint32_t version = 0;
  uint64_t hlc = 0;  // stamp of the change that made this version
  std::string_view document;
};

// What a scan wants of the documents that its snapshot sees, and what it has met so far. Used by
// one thread.
struct ScanFilter {
  Condition* condition = nullptr;    // rows that it does not hold for are left out
  bool keeps_documents = true;       // false: rows come without bytes
  Projection* projection = nullptr;  // if given, rows come with what it keeps of the document

  uint64_t examined = 0;          // documents
  uint64_t versions_skipped = 0;  // newer ones that the snapshot does not see

  bool needs_bodies() const { return keeps_documents || condition != nullptr; }
  // Whether the row passes, which is counted. Needs no pin when the row's bytes do not.
  bool Takes(const DocumentRow& row);
};

// A reusable block of rows and the memory that their bytes lie in. A row whose body has left memory
// is put in its place without it, under the pin, and gets it after the pin; only then its filter
// can look at it.
class RowBatch {
 public:
  void Clear();
  void Append(const DocumentRow& row);  // copies the bytes
  // The document that the version holds, with its body if it is in memory, unless the filter, if
  // any, does not take it.
  void AppendVersion(uint32_t number, const Version& version, ScanFilter* filter = nullptr);
  size_t size() const { return rows_.size(); }
  // Of documents, those included that are still to be read.
  uint64_t bytes() const { return bytes_.size() + absent_bytes_; }
  // Rows from this one on may lack their bodies; size() when none does.
  size_t first_absent() const { return absent_.empty() ? size() : absent_.front().row; }
  // Reads the bodies that are not there, and removes rows that the filter does not take.
  // REQUIRES: no pin; the filter of the calls of AppendVersion. After an error the batch is to be
  // cleared.
  absl::Status ReadAbsent(Session* session, ScanFilter* filter = nullptr);
  // Valid until Clear.
  DocumentRow operator[](size_t i) const {
    DocumentRow row;
    Read(i, &row);
    return row;
  }
  // The same, word by word: a scan reads each row once, and copying a struct in wide pieces whose
  // words have just been written costs 8 ns.
  void Read(size_t i, DocumentRow* row) const {
    const Entry& entry = rows_[i];
    row->number = entry.row.number;
    row->version = entry.row.version;
    row->hlc = entry.row.hlc;
    row->document = {bytes_.data() + entry.offset, entry.row.document.size()};
  }

 private:
  struct Entry {
    DocumentRow row;
    uint64_t offset;
  };
  struct Absent {
    size_t row;
    BodyPlace place;
    bool taken = true;
  };
  // Copies what the filter keeps of a row's document, for which the entry is made.
  void Keep(const ScanFilter* filter, Entry* entry);
  void RemoveRowsNotTaken();

  std::vector<Entry> rows_;
  ByteBuffer bytes_;
  std::vector<Absent> absent_;
  uint64_t absent_bytes_ = 0;
};

// Where a scan of all documents stands.
struct ScanCursor {
  uint32_t next = 0;
  uint32_t end = 0;
};

// How much a batch takes.
struct BatchLimit {
  size_t rows_max;
  uint64_t bytes_max;  // about
};

class Collection {
 public:
  // REQUIRES: all three outlive the handle.
  Collection(Session* session, TransactionHost* host, CollectionState* state)
      : session_(session), host_(host), state_(state) {}

  // Appends the document with this encoded key, if the snapshot sees one and the filter, if any,
  // takes it. Returns whether it did.
  absl::StatusOr<bool> Get(std::string_view key, const Snapshot& snapshot, RowBatch* batch,
                           ScanFilter* filter = nullptr);
  // The same by number.
  absl::StatusOr<bool> GetByNumber(uint32_t number, const Snapshot& snapshot, RowBatch* batch,
                                   ScanFilter* filter = nullptr);

  // A scan over all documents that exist now, in the order of their numbers.
  ScanCursor BeginScan() const;
  // Fills the batch (cleared first) with the next visible documents that the filter, if any, takes,
  // at most `rows_max` of them or about `bytes_max` bytes, after looking at a bounded number of
  // slots: an empty batch is no end. False at the end.
  absl::StatusOr<bool> NextBatch(const Snapshot& snapshot, size_t rows_max, uint64_t bytes_max,
                                 ScanCursor* cursor, RowBatch* batch, ScanFilter* filter = nullptr);

  // The same for the documents of a range of keys, in the cursor's order. A document whose key
  // enters the range while the scan goes on is met or not; the snapshot does not see it.
  absl::StatusOr<bool> NextBatchInRange(const Snapshot& snapshot, const BatchLimit& limit,
                                        RangeCursor* cursor, RowBatch* batch,
                                        ScanFilter* filter = nullptr);

  // Numbers of documents ever stored, an upper bound of the rows of a scan, and the estimate of
  // live ones.
  uint32_t numbers() const;
  int64_t documents() const;
  // Documents that the snapshot sees, about: from `sample` of the numbers, spread evenly.
  absl::StatusOr<double> EstimateVisible(const Snapshot& snapshot, uint32_t sample) const;
  // Which part of the keys is within a range: an estimate, from 0 to 1.
  double FractionInRange(const KeyRange& range) const;

  CollectionState* state() const { return state_; }

 private:
  // Get, NextBatch and NextBatchInRange without the bodies that are not in memory. Look is called
  // under a pin.
  absl::Status Look(uint32_t number, const Snapshot& snapshot, RowBatch* batch, ScanFilter* filter);
  absl::Status ScanSlots(const Snapshot& snapshot, const BatchLimit& limit, ScanCursor* cursor,
                         RowBatch* batch, ScanFilter* filter);
  absl::StatusOr<bool> ScanRange(const Snapshot& snapshot, const BatchLimit& limit,
                                 RangeCursor* cursor, RowBatch* batch, ScanFilter* filter);
  // The version that the snapshot sees, if it is a document's; else null. REQUIRES: a pin, under
  // which `head` was read.
  absl::StatusOr<Version*> VisibleDocument(VersionLink head, const Snapshot& snapshot,
                                           ScanFilter* filter);

  Session* session_;
  TransactionHost* host_;
  CollectionState* state_;
};

}  // namespace quire
