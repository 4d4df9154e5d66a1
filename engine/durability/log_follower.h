// Turns the server's log into the engine log and into memory: the engine's half of the log worker.
//
// One per region, owned by the log worker (one thread, with a session of its own). Its host reads
// the server's log in order and reports what it finds there; the follower appends every change,
// decided or not, and every outcome to the engine log, brings memory up to date, gives committed
// changes their place in commit order
// (`seq`), and syncs. Feeding the same part of the server's log again is harmless: what ends at or
// before end_lsn() is skipped.
//
// The order of a start (see ARCHITECTURE.md, "One way to restart"):
//   1 Open        reads the engine log to its end, applies it, cuts and re-syncs its tail
//   2 the host    reads the server's log from end_lsn() and calls Changes, Outcome, … for each
//   record 3 SetReady    when the host has come to where the server was when its own recovery ended
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/host/clock.h"
#include "engine/host/file_system.h"
#include "engine/log/change_record.h"
#include "engine/log/log_record.h"
#include "engine/log/log_segment.h"
#include "engine/log/log_writer.h"
#include "engine/memory/session.h"
#include "engine/store/catalog.h"
#include "engine/store/collection_removal.h"
#include "engine/store/engine_state.h"
#include "engine/store/evictor.h"

namespace quire {

struct LogFollowerOptions {
  std::string directory;  // of the segments; its parent exists
  LogIdentity identity;
  uint64_t segment_bytes = uint64_t{64} << 20;
  uint64_t sync_bytes = uint64_t{16} << 20;  // sync after so much ...
  int64_t sync_interval_us = 1'000'000;      // ... or so long
  // The files were copied from elsewhere (a base backup): the first invalid record ends the log,
  // whatever follows it. The host makes sure that the server's log still has that place.
  bool after_restore = false;
  // Where the history of this server left each older timeline: records beyond are not ours.
  // Asked for every record; true keeps it. Empty keeps all.
  std::function<bool(uint64_t lsn, uint32_t timeline)> in_history;
  // Called now and then while the engine log is read: a chance to stop (an error ends Open).
  std::function<absl::Status()> progress;
};

// Where a record of the server's log ends.
struct ServerPosition {
  uint64_t lsn = 0;
  uint32_t timeline = 0;
};

class LogFollower {
 public:
  // Reads and applies the engine log. REQUIRES: the region is formatted, FormatCatalog and
  // FormatEngineState ran, nobody else writes. When the region is already loaded (only the worker
  // was restarted) memory is left as it is beyond what it lacks. Errors: kDataLoss for damage;
  // kResourceExhausted when the documents do not fit the region although
  // their bodies were left in the log.
  static absl::StatusOr<std::unique_ptr<LogFollower>> Open(Session* session, FileSystem* files,
                                                           Clock* clock,
                                                           const LogFollowerOptions& options);
  ~LogFollower();

  // The server's log is in the engine log up to here; 0 when the engine log is empty.
  ServerPosition end() const { return end_; }
  bool log_is_empty() const { return end_.lsn == 0; }

  // A change batch, as a session wrote it.
  absl::Status Changes(const ServerPosition& at, std::string_view batch);
  // The end of a transaction or of a subtransaction that was rolled back: 32-bit ids as the
  // server's log has them.
  struct ServerOutcome {
    bool committed = false;
    uint32_t xid = 0;
    absl::Span<const uint32_t> subxids;
    int64_t commit_time_us = 0;
  };
  absl::Status Outcome(const ServerPosition& at, const ServerOutcome& outcome);
  // All undecided transactions that are not among `prepared` are aborted: the server began anew.
  absl::Status Incarnation(const ServerPosition& at, absl::Span<const uint32_t> prepared);
  // The same for undecided ids that precede `oldest_running` (modulo 2^32) and are not prepared.
  absl::Status AbortBelow(const ServerPosition& at, uint32_t oldest_running,
                          absl::Span<const uint32_t> prepared);

  // Notes that nothing of interest lies before `at`; kept in memory until the next mark.
  void Advance(const ServerPosition& at);
  // Flushes appended records to the file (readable), and syncs when it is time (see the options) or
  // `now`. After a sync, end() as of then is durable: durable().
  absl::Status Sync(bool now);
  // Whether somebody waits for the next Sync, to evict bodies of undecided transactions.
  bool BindingsAreWanted() const;
  // The same without flushing when no sync is due.
  absl::Status SyncIfDue();
  // Appends a position mark for end() and syncs. Afterwards the host may move its slot to
  // durable().
  absl::Status Mark();
  ServerPosition durable() const { return durable_; }

  // Frees the memory of dropped collections, a bounded part of it. Returns whether some is left:
  // the host is to call it again soon. To be called after Sync, so that who must read the log again
  // begins behind the drop.
  bool FreeDropped();

  void SetReady();

  // New values of the options of these names, from the next segment and the next sync on.
  void Configure(uint64_t segment_bytes, int64_t sync_interval_us);

  uint64_t undecided() const { return undecided_.size(); }
  // The largest transaction id in the log so far.
  uint64_t xid_max() const { return xid_max_; }

 private:
  // A change that no outcome has reached yet.
  struct Pending {
    uint64_t collection;  // offset of its state
    uint64_t location;    // in the engine log
    uint64_t xid;
    uint32_t number;
    uint32_t ordinal;
    bool live;  // made by a session of this region: it settles and undoes its own versions
    bool tombstone;
    bool drop;  // of a collection, whose id is in drops_; neither collection nor number is valid
  };
  struct PendingList {
    std::vector<Pending> changes;
    size_t bound = 0;  // so many of them know their place in the log already
  };

  LogFollower(Session* session, FileSystem* files, Clock* clock, LogFollowerOptions options);

  absl::Status ReadEngineLog();
  absl::Status ApplyRecord(const LogRecordView& record);
  absl::Status ApplyBatch(uint64_t payload_position, bool loaded, std::string_view batch);
  // Lets bodies leave memory that the log has before `readable_end`, when memory is scarce: a
  // change that does not come from a session of this region is to find room.
  void MakeRoom(uint64_t readable_end, size_t batch_bytes);
  absl::StatusOr<Pending> ApplyChange(uint64_t location, bool loaded, bool live,
                                      const Change& change);
  // What becomes of a drop once it is decided.
  void EndDrop(const Pending& pending, bool committed);
  Version* FindVersion(const DocumentSlot* slot, const Pending& pending) const;
  // Tells the version its place in the log and, when not 0, in commit order. Null when it is not
  // there any more. REQUIRES: a pin.
  Version* Note(DocumentSlot* slot, const Pending& pending, uint64_t seq) const;
  // Tells the versions of undecided transactions their places in the log, so that their bodies may
  // leave memory.
  void BindUndecided();
  absl::StatusOr<uint32_t> NumberOf(CollectionState* collection, std::string_view key);
  absl::Status Link(CollectionState* collection, const Change& change, const Pending& pending);

  // Takes the lists of a transaction and its subtransactions, in the order of the log.
  std::vector<Pending> Take(uint64_t xid, absl::Span<const uint64_t> subxids);
  // `loaded`: memory has the effects already.
  void ApplyOutcome(const LogOutcome& outcome, bool loaded);
  void Commit(const Pending& pending, uint64_t seq);
  void Abort(const Pending& pending);
  absl::Status AbortUndecided(LogRecordType type, const ServerPosition& at,
                              const UndecidedAbort& abort);
  void ApplyUndecidedAbort(const UndecidedAbort& abort, bool loaded);
  // The full id of an undecided transaction, kNoXid when it has no changes.
  uint64_t FullXid(uint32_t xid) const;

  absl::StatusOr<uint64_t> Append(LogRecordType type, const ServerPosition& at,
                                  std::string_view payload);
  bool SyncIsDue() const;
  void Publish();

  Session* const session_;
  FileSystem* const files_;
  Clock* const clock_;
  LogFollowerOptions options_;
  EngineState* const engine_;
  Catalog catalog_;
  Evictor evictor_;

  std::unique_ptr<LogWriter> writer_;
  ServerPosition end_;
  ServerPosition durable_;
  int64_t last_sync_us_ = 0;
  std::string payload_;

  // Memory holds the effects of the server's log up to here already; not 0 when only the worker was
  // restarted.
  uint64_t loaded_lsn_ = 0;
  uint64_t seq_ = 0;  // the last one given
  uint64_t xid_max_ = 0;

  // By the id's low half, which is unique among undecided transactions. A subtransaction has a list
  // of its own until its parent's outcome names it.
  absl::flat_hash_map<uint32_t, PendingList> undecided_;
  // What undecided drops drop, by the location of the change.
  absl::flat_hash_map<uint64_t, CollectionId> drops_;
  CollectionRemover remover_;
};

}  // namespace quire
