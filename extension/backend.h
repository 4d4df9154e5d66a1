// A server process's part in the engine: its session, its writer, and how its transactions look to
// the engine. Made at first need, given back when the process ends.
//
// Functions here that are said to raise are called on the server's side of a door (door.h): they
// may end in a long jump. What Backend offers is used inside CallEngine.
#pragma once

#include <cstdint>

#include "engine/host/clock.h"
#include "engine/host/transactions.h"
#include "engine/memory/session.h"
#include "engine/mvcc/snapshot.h"
#include "engine/store/engine_state.h"
#include "engine/store/writer.h"

struct SnapshotData;

namespace quire {

class MemoryPressure;

class Backend {
 public:
  virtual ~Backend() = default;

  virtual Session* session() = 0;
  virtual TransactionHost* host() = 0;
  virtual Writer* writer() = 0;
  // For writes: see CallWriter (memory_pressure.h).
  virtual MemoryPressure* pressure() = 0;
  virtual Clock* clock() = 0;
  // The engine whose data this is: random, made with the folder `quire/`. Never 0.
  virtual uint64_t engine_id() const = 0;
  // Random, new with each start of the region: what was remembered about places in the region
  // (offsets, document numbers) is void when it differs.
  uint64_t incarnation() { return session()->region().header().incarnation; }
};

// This process's backend, once the engine is ready. Waits for that, and can be cancelled.
// Raises: 55000 the library is not preloaded, or there is no log worker (single-user mode);
// 57P03 cancelled while waiting, with progress, and on a standby; the engine's own failure;
// 53300 when all session slots are taken.
Backend* RequireBackend();
// The same without waiting and raising: null when this process has none yet.
Backend* BackendIfAny();

// The server's MVCC snapshot in the engine's terms; `command` is the command id up to which own
// changes count (es_snapshot->curcid, unless the caller knows better). Its memory is palloc'd in
// the current context and may be dropped with it. Raises: 0A000 for another kind of snapshot, and
// under SERIALIZABLE.
void FillSnapshot(const SnapshotData* server_snapshot, uint32_t command, Snapshot* snapshot);

// Who writes now: assigns a transaction id when there is none. `command` stamps the changes
// (es_output_cid, or GetCurrentCommandId(true)). To be called anew for each statement, since a
// savepoint changes it. Raises: 0A000 under SERIALIZABLE; 25006 in recovery and in a parallel
// operation.
WriteContext CurrentWriteContext(uint32_t command);

// Waits, interruptibly, until the transaction that holds a document has ended, as the server's own
// row locks do: deadlocks are detected. No pin may be held. Raises when cancelled or in a deadlock.
void WaitForTransaction(uint64_t xid);

}  // namespace quire
