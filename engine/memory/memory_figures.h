// What the region's bytes are used for, as the statistics show it. Any session; takes no latch, so
// the parts are exact when nobody allocates and the sum always is.
#pragma once

#include <cstdint>

#include "engine/memory/region.h"
#include "engine/memory/session_slot.h"

namespace quire {

struct MemoryFigures {
  int64_t total = 0;  // of the region; the sum of all that follows
  int64_t used[static_cast<uint32_t>(Purpose::kCount)] = {};
  int64_t overhead = 0;  // the region's own: header, session slots, state of the allocator
  int64_t unused = 0;  // of pages in use: free blocks, also in the stock of sessions, and page ends
  int64_t reserve = 0;  // free pages that only rolling back, deleting and collecting may take
  int64_t free = 0;     // the other free pages
};

MemoryFigures MeasureMemory(const Region& region);

}  // namespace quire
