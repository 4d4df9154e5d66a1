#include "engine/memory/memory_figures.h"

#include <algorithm>

#include "engine/memory/allocator.h"
#include "engine/memory/session.h"

namespace quire {

MemoryFigures MeasureMemory(const Region& region) {
  const Allocator allocator(region);
  MemoryFigures figures;
  figures.total = static_cast<int64_t>(region.bytes());
  const auto pages = static_cast<int64_t>(allocator.pages_total() * kPageBytes);
  const auto free = static_cast<int64_t>(allocator.pages_free() * kPageBytes);
  figures.overhead = figures.total - pages;
  figures.reserve = std::min(free, static_cast<int64_t>(allocator.pages_reserved() * kPageBytes));
  figures.free = free - figures.reserve;
  figures.unused = pages - free;
  for (uint32_t purpose = 0; purpose < static_cast<uint32_t>(Purpose::kCount); ++purpose) {
    figures.used[purpose] = UsedBytes(region, static_cast<Purpose>(purpose));
    figures.unused -= figures.used[purpose];
  }
  return figures;
}

}  // namespace quire
