// Makes memory free by taking bodies out of it that the engine log has: a version's block is
// replaced by one without the document (version_chain.h), which readers then fetch from the log.
//
// Any session, for itself, without a latch; several may be at it. A hand goes round all documents
// of all collections in the order of their numbers, which for bulk loads is the order of memory
// (the clock of Corbato, 1968, with W-TinyLFU's lesson that a scan is no use of a document): what
// stands behind the newest version goes at once, the newest one when nobody has looked it up by its
// key since the hand came by last. Nothing is noted about look-ups before the first eviction.
#pragma once

#include <cstdint>

#include "engine/memory/session.h"
#include "engine/store/catalog.h"
#include "engine/store/engine_state.h"

namespace quire {

class Evictor {
 public:
  // REQUIRES: FormatEngine ran on the session's region.
  explicit Evictor(Session* session);

  // Whether so little memory is free that a writer should evict as it goes.
  bool MemoryIsScarce() const { return session_->allocator().pages_free() < scarce_pages_; }
  // Whether it should rather wait for the log worker than write on, when nothing can be evicted.
  bool MemoryIsShort() const { return session_->allocator().pages_free() < scarce_pages_ / 2; }
  // Whether so much is free that nobody need evict for a while.
  bool MemoryIsAmple() const { return session_->allocator().pages_free() >= 2 * scarce_pages_; }

  struct Swept {
    uint64_t slots = 0;      // looked at
    uint64_t bodies = 0;     // that left memory
    uint64_t bytes = 0;      // that memory gained
    bool unlocated = false;  // some bodies are not in the log yet
  };
  // Moves the hand on by at most about `slots_max` documents, or until `bytes_wanted` are gained.
  // REQUIRES: no pin.
  Swept Sweep(uint64_t slots_max, uint64_t bytes_wanted);
  // So many documents make the hand pass each version twice, after which all have gone that can.
  uint64_t slots_of_two_rounds() const;

  // Evicts what is located below `position`, instead of what the log worker has published; for the
  // worker itself, which knows earlier what can be read.
  void set_readable_end(uint64_t position) { readable_end_ = position; }

 private:
  // Up to kRetiredPerPin bodies of a stretch of documents. Returns how many were looked at.
  // REQUIRES: a pin under which nothing was retired yet.
  uint32_t SweepStretch(CollectionState* collection, uint32_t first, uint32_t end, Swept* swept);
  void SweepChain(CollectionState* collection, uint32_t number, Swept* swept);
  bool TryEvict(CollectionState* collection, std::atomic<uint64_t>* place, Version* version,
                Swept* swept);
  // Where the hand goes when it has come to a collection's end.
  void TurnHand(CollectionState* collection);

  Session* const session_;
  EngineState* const engine_;
  Catalog catalog_;
  const uint64_t scarce_pages_;
  uint64_t readable_end_ = 0;
};

}  // namespace quire
