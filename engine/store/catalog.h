// The collections of a region by id. Any session; look-ups take no latch, changes the catalog's.
//
// A collection that is dropped leaves (collection_removal.h). Whoever knows that it is not, because
// his host has locked it, may keep what he found; everybody else uses it under the pin under which
// he found it.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "engine/memory/latch.h"
#include "engine/memory/session.h"
#include "engine/store/collection.h"

namespace quire {

constexpr uint32_t kCatalogBuckets = 4096;

struct CatalogState {
  Latch latch;
  std::atomic<uint64_t> count;
  std::atomic<uint64_t> buckets[kCatalogBuckets];  // offsets of CollectionState
};

class Catalog {
 public:
  // REQUIRES: FormatCatalog ran on the region.
  explicit Catalog(Session* session);
  // Lays out an empty catalog. Errors: kResourceExhausted.
  static absl::Status Format(Session* session);

  // The collection, or null when the engine has none of that id (a declared collection into which
  // nothing was ever written has none).
  CollectionState* Find(const CollectionId& id) const;
  // The collection, made empty when it is new. Errors: kResourceExhausted.
  absl::StatusOr<CollectionState*> FindOrCreate(const CollectionId& id);
  // Takes a collection out and retires its state. REQUIRES: a pin; nothing is left in it.
  void Remove(CollectionState* collection);
  // Calls `visit` for each collection. REQUIRES: a pin, or that nobody removes collections.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& bucket : state_->buckets) {
      for (uint64_t at = bucket.load(std::memory_order_acquire); at != 0;) {
        auto* collection = session_->region().At<CollectionState>(at);
        visit(collection);
        at = collection->next.load(std::memory_order_acquire);
      }
    }
  }

  // For a walk that goes round all collections for ever, one step now and then: the collection at a
  // place, or null where there is none, and the place that comes next. Any number is a place.
  CollectionState* AtPlace(uint64_t place) const;
  uint64_t PlaceAfter(uint64_t place) const;

 private:
  Session* session_;
  CatalogState* state_;
};

}  // namespace quire
