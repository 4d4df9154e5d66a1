// What one change to one document looks like in the server's WAL and, byte for byte, in the engine
// log: a batch of changes. Written by sessions (their reusable buffer), read by the log worker and
// by recovery. A builder belongs to one thread; encoding and reading are pure.
//
// Batch, format version 1, all numbers little-endian, nothing aligned:
//    0  u16  format version (1)
//    2  u16  flags, zero
//    4  u32  number of changes
//    8  u64  region incarnation: the region in which the document numbers below are valid
//   16       the changes, one after the other, up to the end of the batch
// Change:
//    0  u32  length of the whole change, this header included
//    4  u32  CRC-32C of everything behind this field; only a reader of a single change
//            (LogLookup) checks it: who reads a batch has checked the record around it
//    8  u8   kind
//    9  u8   flags: bit 0 = the document number is valid in the batch's region
//   10  u16  key length
//   12  u32  document length
//   16  u32  document number
//   20  u32  ordinal: position among its transaction's changes, from 0; (xid, ordinal) is
//            the change's identity
//   24  u32  version of the document
//   28  u16  origin node
//   30  u16  zero
//   32  u64  xid: the full 64-bit id of the (sub)transaction that made the change
//   40  u64  HLC stamp
//   48  u64  namespace
//   56  u64  collection
//   64       key, then document
// A batch is valid when its version is known, reserved bits are zero, the lengths agree and the
// changes fill it exactly. Versions: a reader refuses a version it does not know; flags and kinds
// are added only with a new version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace quire {

enum class ChangeKind : uint8_t {
  kPut = 1,
  kDelete = 2,              // a tombstone: no document
  kDropCollection = 3,      // neither key nor document; collection 0: all of the namespace
  kTruncateCollection = 4,  // the same
};

// A change, decoded. `key` and `document` point into the bytes it was read from.
struct Change {
  ChangeKind kind = ChangeKind::kPut;
  bool document_number_valid = false;
  uint32_t document_number = 0;
  uint32_t ordinal = 0;
  uint32_t version = 0;
  uint16_t origin = 0;
  uint64_t xid = 0;
  uint64_t hlc = 0;
  uint64_t namespace_id = 0;
  uint64_t collection_id = 0;
  std::string_view key;
  std::string_view document;
};

inline constexpr size_t kChangeHeaderBytes = 64;
inline constexpr size_t kChangeBatchHeaderBytes = 16;
inline constexpr size_t kChangeKeyBytesMax = 65535;
// Keeps every batch well below the server's largest WAL record (1,020 MB).
inline constexpr size_t kChangeBytesMax = size_t{512} << 20;
inline constexpr size_t kChangeBatchBytesMax = size_t{768} << 20;

// The change's size once encoded.
[[nodiscard]] inline size_t ChangeBytes(const Change& change) {
  return kChangeHeaderBytes + change.key.size() + change.document.size();
}
// Writes ChangeBytes(change) bytes and returns the place behind them.
// REQUIRES: key at most kChangeKeyBytesMax, whole change at most kChangeBytesMax.
char* EncodeChange(const Change& change, char* to);
void AppendChange(const Change& change, std::string* to);

// Decodes the change at the front of `bytes`; `*size` is what it took. kDataLoss when the bytes are
// wrong.
[[nodiscard]] absl::Status DecodeChange(std::string_view bytes, Change* change, size_t* size);
// Whether the change's own checksum holds.
// REQUIRES: DecodeChange took exactly `bytes`.
[[nodiscard]] bool ChangeChecksumHolds(std::string_view bytes);

// A session's buffer of changes that are not in the WAL yet. Reused from transaction to
// transaction; grows, and never shrinks by itself.
class ChangeBatchBuilder {
 public:
  // A point to return to. Trivially copyable: it is kept in the session's list of subtransactions.
  struct Mark {
    uint64_t generation;
    uint64_t bytes;
    uint32_t count;
  };

  // REQUIRES (each call): size() + ChangeBytes(change) <= kChangeBatchBytesMax, and as
  // EncodeChange. A failed allocation throws std::bad_alloc and changes nothing.
  void Append(const Change& change);

  // The batch as it goes into the WAL; its header says `region_incarnation`. Valid until the next
  // call. REQUIRES: !empty().
  [[nodiscard]] std::string_view Finish(uint64_t region_incarnation);

  // Forgets all changes: they are in the WAL, or their transaction is over. Marks stay usable.
  void Clear();

  [[nodiscard]] Mark mark() const { return {generation_, size_, count_}; }
  // Forgets what was appended since `mark`. When Clear() was called in between, that is all there
  // is.
  void CutBack(const Mark& mark);

  // Returns memory beyond `bytes_max` to the system.
  // REQUIRES: empty().
  void Shrink(size_t bytes_max);

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] uint32_t count() const { return count_; }
  // Bytes of the batch so far, its header included.
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] size_t capacity() const { return capacity_; }

 private:
  void Grow(size_t capacity_min);

  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0;
  size_t size_ = kChangeBatchHeaderBytes;
  uint32_t count_ = 0;
  uint64_t generation_ = 0;  // Raised by Clear().
};

// Walks over a batch whose bytes may be hostile.
//   ChangeBatchReader reader(payload);
//   for (Change change; reader.Next(&change);) …
//   QUIRE_RETURN_IF_ERROR(reader.status());
class ChangeBatchReader {
 public:
  explicit ChangeBatchReader(std::string_view batch);

  // The next change, or false at the end and at the first wrong byte; status() tells which.
  [[nodiscard]] bool Next(Change* change);
  // kDataLoss naming the offset in the batch, what was expected and what was found.
  [[nodiscard]] const absl::Status& status() const { return status_; }

  [[nodiscard]] uint64_t region_incarnation() const { return region_incarnation_; }
  // The number of changes the header promises.
  [[nodiscard]] uint32_t count() const { return count_; }
  // Where in the batch the change that Next() returned last begins, and its size. The record's
  // payload position plus this is the change's location in the engine log.
  [[nodiscard]] size_t change_offset() const { return change_offset_; }
  [[nodiscard]] size_t change_size() const { return offset_ - change_offset_; }

 private:
  std::string_view batch_;
  size_t offset_ = 0;
  size_t change_offset_ = 0;
  uint64_t region_incarnation_ = 0;
  uint32_t count_ = 0;
  uint32_t seen_ = 0;
  absl::Status status_;
};

}  // namespace quire
