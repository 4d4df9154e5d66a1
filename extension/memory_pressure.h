// Keeps a session's writes going when memory is scarce: bodies that the engine log has leave memory
// (engine/store/evictor.h), and when too few are there yet the session waits for the log worker.
// Only what can leave no more makes a write fail for want of memory.
//
// One per process, used on the server's side of the doors. No pin is held; functions may raise (the
// wait can be cancelled).
#pragma once

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "engine/memory/session.h"
#include "engine/store/engine_state.h"
#include "engine/store/evictor.h"
#include "engine/store/writer.h"
#include "extension/backend.h"
#include "extension/door.h"

namespace quire {

class MemoryPressure {
 public:
  // REQUIRES: both outlive the object.
  MemoryPressure(Session* session, Writer* writer)
      : session_(session),
        writer_(writer),
        engine_(GetEngineState(session->region())),
        evictor_(session) {}

  // Before a write. Costs two loads while there is memory.
  void BeforeWrite() {
    if (evictor_.MemoryIsScarce() || Growth() >= kGrowthPerLook) [[unlikely]] {
      Relieve();
    }
  }
  // After a write found memory full. Returns whether it is worth to try again.
  bool AfterFullMemory();

 private:
  // A session looks at quire.cache_size each time that its documents have grown by so many bytes.
  static constexpr int64_t kGrowthPerLook = 32 << 10;

  // What this session's writes have added to memory since the last look.
  int64_t Growth() {
    const int64_t used = session_->used_bytes(Purpose::kDocuments);
    seen_ = std::min(seen_, used);
    return used - seen_;
  }
  void Relieve();
  void RelieveBy(uint64_t bytes);
  // Whether bodies should leave for the sake of quire.cache_size, and whether they must.
  bool CacheIsScarce() const;
  bool CacheIsFull() const;
  // By how much documents take more than quire.cache_size less `kept`.
  int64_t CacheExcess(uint64_t kept) const;
  bool IsRelieved() const;
  // Evicts until there is ample memory or everything was looked at. Returns the bytes gained, and
  // whether there are bodies that the engine log does not have yet.
  uint64_t SweepAll(bool* unlocated);
  Evictor::Swept Sweep(uint64_t slots_max, uint64_t bytes_wanted);
  // Waits for a pass of the collector over all garbage there is now. Returns whether it freed any.
  bool WaitForCollector();
  // Waits until the log worker has told every change that this session made so far where it lies.
  void WaitForLogWorker();

  Session* const session_;
  Writer* const writer_;
  EngineState* const engine_;
  Evictor evictor_;
  int64_t seen_ = 0;  // what the session's documents took at the last look
  // Looking for bodies again is in vain before the engine log has come to here; before it has come
  // to `asked_until_` only for a writer that does not wait.
  uint64_t idle_until_ = 0;
  uint64_t asked_until_ = 0;
};

// Runs a write of the engine: `write` is a callable that returns absl::Status, run inside a door,
// and run again when memory was full and there is room now.
template <typename Write>
void CallWriter(Backend* backend, Write&& write) {
  backend->pressure()->BeforeWrite();
  for (bool last = false;;) {
    bool full = false;
    CallEngine([&] {
      absl::Status status = write();
      full = !last && absl::IsResourceExhausted(status);
      return full ? absl::OkStatus() : status;
    });
    if (!full) [[likely]] {
      return;
    }
    last = !backend->pressure()->AfterFullMemory();
  }
}

}  // namespace quire
