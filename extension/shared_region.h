// The shared memory of the extension: the engine's region, and a few words that the log worker and
// the sessions say to each other.
//
// The postmaster maps the region once, before it forks, so that it stands at one address in all
// processes. At a crash restart all processes that used it are dead, but some that did not (the
// collector of the server's log) keep their view of it alive: the mapping is therefore kept, its
// pages are given back, and the engine is laid out anew.
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/memory/region.h"
#include "engine/store/engine_state.h"

struct Latch;

namespace quire {

// In the server's own shared memory; zero after each start.
struct WorkerWords {
  // Written by the log worker.
  std::atomic<::Latch*> latch;      // null while there is no worker
  std::atomic<int32_t> pid;         // 0 while there is none
  std::atomic<uint32_t> sleeps;     // 1 while it waits for more than a moment
  std::atomic<uint32_t> was_ready;  // 1: sessions may be using the region
  std::atomic<uint64_t> engine_id;  // 0 until it is known
  std::atomic<uint64_t> slot_lsn;   // the server's log is kept from here on, 0 when it is not
  std::atomic<uint64_t> read_lsn;   // the server's log is read up to here

  // Written by the collector.
  std::atomic<::Latch*> collector_latch;   // null while there is none
  std::atomic<int32_t> collector_pid;      // 0 while there is none
  std::atomic<uint32_t> collector_sleeps;  // 1 while it waits for somebody to write
  std::atomic<uint64_t> passes_begun;      // its passes are numbered from 1
  std::atomic<uint64_t> passes_ended;      // the last one that has ended
  std::atomic<uint64_t> versions_freed;    // ever
  // Written by sessions: 1 asks the collector for a pass over everything.
  std::atomic<uint32_t> pass_wanted;

  // A condition variable of the server: broadcast when one of the workers has come further.
  alignas(8) char progress[16];
};

// Asks the server to call the functions that map the region. Called once, from _PG_init in the
// postmaster.
void InstallSharedRegion();

// Whether this process has the region. False when the library was not preloaded.
bool HasSharedRegion();
// REQUIRES: HasSharedRegion().
Region SharedRegion();
EngineState* SharedEngineState();
WorkerWords* SharedWorkerWords();

// Lays the engine out anew, empty. For a log worker whose predecessor ended while it loaded.
// REQUIRES: no session was ever opened (was_ready is 0), the caller's own included. Raises.
void EmptySharedRegion();

// Tells the log worker that there is something new in the server's log, if it waits for that.
// Costs one load otherwise. Never fails.
void WakeWorker();
// Tells the collector that there may be garbage, if it sleeps because there was none; and asks it
// for a pass over everything, at once.
void WakeCollector();
void WakeCollectorNow();
// Wakes it whatever it waits for.
void WakeWorkerNow();

// Wakes those who wait for the worker's progress. The worker only.
void AnnounceProgress();
// Sleeps until the worker has announced progress, or for 100 ms. Raises when cancelled.
void AwaitProgress();
// Around a loop of AwaitProgress, so that nothing is missed between a look and the sleep.
void BeginAwaitingProgress();
void EndAwaitingProgress();

}  // namespace quire
