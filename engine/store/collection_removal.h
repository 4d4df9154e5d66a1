// Frees the memory of collections whose drop has committed.
//
// The end of a collection (protocol; the test quotes the numbers):
//   1 hold    the session that drops it (Writer::DropCollection) holds its state until it has
//             settled or undone its own changes there
//   2 mark    the drop has committed: `dropped` is set. From here on whoever walks over all
//             collections leaves this one alone
//   3 free    once nobody holds it and no pin is left that began before the mark: the documents,
//             then the table, then the tree
//   4 forget  the state leaves the catalog and is retired
//
// A dropped collection has no readers and writers other than such walkers: the host sees to it that
// a drop waits for all statements and transactions that use the collection, and that none begins
// afterwards. Used by the log worker, one thread; nothing here fails.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/memory/session.h"
#include "engine/store/catalog.h"
#include "engine/store/collection.h"

namespace quire {

class CollectionRemover {
 public:
  // REQUIRES: the catalog is formatted.
  explicit CollectionRemover(Session* session) : session_(session), catalog_(session) {}

  // Step 2 for a collection, or with kWholeNamespace as its number for all of a namespace. Harmless
  // when it is marked already, as after a worker that was stopped by an error.
  void Drop(const CollectionId& id);
  // Steps 3 and 4 as far as they may be done, a bounded part of them.
  void Step();
  // The same to the end. REQUIRES: nobody else uses the region.
  void Finish();

  bool idle() const { return queue_.empty(); }

 private:
  struct Dropped {
    CollectionState* collection;
    uint64_t epoch;   // of the mark
    uint32_t number;  // the next document to free
  };

  void Mark(CollectionState* collection);
  // Frees documents of up to `chunks_max` chunks. Returns whether all are gone.
  bool FreeDocuments(Dropped* dropped, uint32_t chunks_max);
  void FreeRest(CollectionState* collection);

  Session* const session_;
  Catalog catalog_;
  std::vector<Dropped> queue_;
};

}  // namespace quire
