// Reads the server's write-ahead log, record by record, up to a place that the caller names: the
// flushed end on a primary, the replayed end in recovery. The log worker only, on the server's side
// of the doors.
//
// The server's own callbacks of this kind raise an error for a segment that is not there; here that
// is an answer. A segment in which a timeline begins is read from the newer timeline's file, which
// begins as a copy of the older one's.
#pragma once

#include <cstdint>

struct XLogReaderState;

namespace quire {

struct WalSource;

// What is read next, and how far one may read.
struct WalLimit {
  uint64_t lsn = 0;  // 0: nothing can be read yet
  uint32_t timeline = 0;
  bool in_recovery = true;
};
// The end of what may be read now.
WalLimit CurrentWalLimit();

// A reader in the current memory context, never freed. Raises when memory is short.
WalSource* NewWalSource();
// REQUIRES: `lsn` is the end of a record, or where a record begins.
void BeginWal(WalSource* source, uint64_t lsn);
// Reads follow the history of the limit's timeline from here on. Raises when the history cannot be
// read.
void SetWalLimit(WalSource* source, const WalLimit& limit);

enum class WalRead : uint8_t {
  kRecord,
  kEnd,      // nothing more before the limit
  kMissing,  // a segment that is needed is not there
  kInvalid,  // what is there is no record
};
// Reads the next record.
WalRead ReadWal(WalSource* source);

// The record, for the server's XLogRec… macros; valid until the next ReadWal.
XLogReaderState* WalReader(WalSource* source);
// Where reading stands: the end of the last record.
uint64_t WalPosition(const WalSource* source);
// The timeline to which the byte before `lsn` belongs.
uint32_t WalTimelineBefore(const WalSource* source, uint64_t lsn);
// For kMissing the segment's name, for kInvalid what is wrong.
const char* WalProblem(const WalSource* source);

// Whether the record that ends at `lsn` of `timeline` belongs to the past of the limit's timeline.
bool WalHistoryHolds(const WalSource* source, uint64_t lsn, uint32_t timeline);

}  // namespace quire
