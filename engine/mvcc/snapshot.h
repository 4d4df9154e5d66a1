// A query's view of which transactions count, as plain data that the host fills in. Used by one
// thread.
#pragma once

#include <cstdint>

#include "absl/types/span.h"

namespace quire {

struct Snapshot {
  // Everything below xmin is decided; nothing at or above xmax had begun to count.
  uint64_t xmin = 0;
  uint64_t xmax = 0;
  // Ids from xmin to below xmax that were running, in ascending order. The host's memory.
  absl::Span<const uint64_t> in_progress;
  // True when subtransactions are missing from in_progress: an id is then mapped to its topmost
  // first.
  bool overflowed = false;
  // The caller's own top-level transaction, kNoXid when it has none; subtransaction ids are
  // greater.
  uint64_t own_xid = 0;
  // Own changes count when their command is below this one.
  uint32_t command = 0;
};

}  // namespace quire
