// The state of a document that a writer under READ COMMITTED goes on with, when another transaction
// has replaced the version that the writer's statement sees.
//
// Sessions; pins an epoch itself and copies what it returns. REQUIRES: no pin.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "engine/store/collection.h"

namespace quire {

struct Latest {
  enum class Outcome : uint8_t {
    kFound,
    kWait,          // another transaction, `wait_for`, holds the document: ask again after its end
    kSelfModified,  // the caller's own transaction changed it since, with `command`
    kGone,          // it was deleted
  };
  Outcome outcome = Outcome::kFound;
  uint64_t wait_for = kNoXid;
  uint32_t command = 0;
};

// Appends to `batch` the newest committed version of the document whose version `hlc` lies under
// `number`, and follows the document when it was given another key. A document that was deleted and
// inserted anew is another one.
absl::StatusOr<Latest> FindLatest(Session* session, TransactionHost* host,
                                  CollectionState* collection, uint32_t number, uint64_t hlc,
                                  RowBatch* batch);

// Appends the document under `number` if the caller's transaction holds it by Writer::Lock and has
// not changed it since. Returns whether it does.
absl::StatusOr<bool> FindLocked(Session* session, TransactionHost* host,
                                CollectionState* collection, uint32_t number, RowBatch* batch);

}  // namespace quire
