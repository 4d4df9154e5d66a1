// Garbage collection: what the writers leave behind because somebody could still see it, or because
// they did not come back. One per region, owned by one thread (or process) with a session of its
// own; works beside all others.
//
// It settles verdicts, so that no version asks the server about an old transaction; takes out
// rolled-back versions; cuts what stands behind a version that every snapshot sees; and ends
// deleted documents (document_removal.h), whose numbers then serve again.
//
// It looks only where there is something: writers note, when their transaction ends, how much they
// left in a chunk of 1,024 documents and which ids must have passed the horizon before it can go
// (GarbageNote). Work goes by passes over the noted chunks, each in turns of bounded length,
// between which the owner may rest.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "engine/host/transactions.h"
#include "engine/memory/session.h"
#include "engine/store/catalog.h"
#include "engine/store/engine_state.h"

namespace quire {

class Collector {
 public:
  // Notes of fewer versions than this can wait for more to join them, unless memory is short: a
  // chunk costs about as much to look at as 64 versions to free.
  static constexpr uint32_t kGarbageWorthwhile = 64;

  // REQUIRES: both outlive the collector; the session is its own.
  Collector(Session* session, TransactionHost* host);

  // Begins a pass over the chunks with notes of at least `garbage_min` versions, or old ones. False
  // when there is no garbage at all.
  bool BeginPass(uint32_t garbage_min);
  // Visits at most `chunks_max` chunks. True when the pass is over. Errors: the host's; what was
  // not done stays noted.
  absl::StatusOr<bool> Turn(uint32_t chunks_max);

  struct Figures {
    uint64_t chunks = 0;     // visited
    uint64_t versions = 0;   // freed
    uint64_t documents = 0;  // of them, whose documents ended with them
  };
  // Of the pass so far.
  const Figures& pass() const { return pass_; }

  // Whether there is little memory left, so that passes should follow each other without rest.
  bool MemoryIsShort() const;
  // Gives back what the collector's session has in stock, for an owner who rests for longer.
  void Rest();

 private:
  struct Visit;

  bool Eligible(const GarbageNote& note, uint64_t horizon) const;
  // The collection, unless it was dropped. REQUIRES: a pin, under which the answer is used.
  CollectionState* Find(const CollectionId& id) const;
  // Moves next_ to a chunk that is worth a visit, and looks at no more notes than *looks. False
  // when the collection has none from there on.
  bool FindChunk(const CollectionId& id, uint64_t* looks);
  absl::Status VisitChunk(const CollectionId& id, uint32_t first);
  absl::Status VisitSlots(Visit* visit);
  absl::Status VisitDocument(Visit* visit, uint32_t number);

  Session* const session_;
  TransactionHost* const host_;
  EngineState* const engine_;
  const Catalog catalog_;

  uint32_t garbage_min_ = 0;
  std::vector<CollectionId> collections_;  // of the pass, that are not finished
  uint32_t next_ = 0;                      // document of the last of them
  Figures pass_;
};

}  // namespace quire
