// The engine's own words in the region: how far it is, its clock, its counters. Any session reads;
// each member says who writes.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"
#include "engine/memory/session.h"

namespace quire {

enum class EnginePhase : uint32_t {
  kStarting,      // nobody has begun to load
  kReplayingLog,  // the log worker reads the engine log
  kFollowing,     // it reads the server's log from there, up to where the server is
  kReady,         // sessions may read and write
  kFailed,        // it cannot open; see failure
};

constexpr uint32_t kFailureBytesMax = 1024;

struct EngineState {
  // Written by the log worker.
  std::atomic<EnginePhase> phase;
  std::atomic<uint32_t> failure_code;   // an absl::StatusCode; valid in kFailed
  char failure[kFailureBytesMax];       // zero-terminated; written before phase becomes kFailed
  std::atomic<uint64_t> progress_done;  // bytes of the engine log, then of the server's log
  std::atomic<uint64_t> progress_total;
  // The engine log is in memory, and can be read from its files, up to here.
  std::atomic<uint64_t> applied_position;
  std::atomic<uint64_t> applied_lsn;  // the server's log is in the engine log up to here
  std::atomic<uint64_t> synced_position;
  std::atomic<uint64_t> synced_lsn;
  std::atomic<uint64_t> log_first_position;
  std::atomic<uint64_t> seq;      // the last one given
  std::atomic<uint64_t> horizon;  // ids below it are decided and seen alike by every snapshot

  // A session that needs memory (evictor.h) raises the first by one: the log worker then tells
  // undecided versions their places in the log, publishes how far that is readable, and sets the
  // second to the first as it was before.
  std::atomic<uint64_t> bindings_wanted;
  std::atomic<uint64_t> bindings_made;
  // Written by sessions that evict.
  std::atomic<uint64_t> evict_place;     // the collection whose bodies leave memory next
  std::atomic<uint64_t> bodies_evicted;  // ever, those included that a restart left in the log

  // Raised by every write (hybrid logical clock: 48 bits of milliseconds, 16 bits of counter).
  std::atomic<uint64_t> hlc;
};

// Finds, or lays out, the engine's state. The first call formats; it is made before anybody else
// looks.
absl::Status FormatEngineState(Session* session);
EngineState* GetEngineState(const Region& region);

// A stamp later than every stamp seen so far, than the wall clock and than `after` (Kulkarni et
// al., "Logical physical clocks", 2014). `wall_ms` is in milliseconds since 1970.
uint64_t NextHlc(EngineState* state, uint64_t wall_ms, uint64_t after);
constexpr uint64_t HlcMilliseconds(uint64_t hlc) {
  return hlc >> 16;
}

}  // namespace quire
