#include "engine/memory/region.h"

#include "engine/base/bytes.h"
#include "engine/memory/allocator.h"
#include "engine/memory/session_slot.h"

namespace quire {

uint64_t RegionOverheadBytes(uint64_t bytes, const RegionOptions& options) {
  const uint64_t sessions = AlignUp(sizeof(RegionHeader), 64);
  const uint64_t allocator = sessions + options.session_count * sizeof(SessionSlot);
  return AlignUp(allocator + Allocator::StateBytes(bytes), kPageBytes);
}

void FormatRegion(void* base, uint64_t bytes, const RegionOptions& options) {
  QUIRE_CHECK(bytes >= kRegionBytesMin && bytes <= kRegionBytesMax);
  QUIRE_CHECK(options.incarnation != 0 && options.session_count > 0);
  QUIRE_CHECK(RegionOverheadBytes(bytes, options) < bytes);
  const Region region(base, bytes);
  RegionHeader& header = region.header();
  header.layout = kRegionLayout;
  header.session_count = options.session_count;
  header.bytes = bytes;
  header.incarnation = options.incarnation;
  header.sessions_offset = AlignUp(sizeof(RegionHeader), 64);
  header.allocator_offset =
      AlignUp(header.sessions_offset + options.session_count * sizeof(SessionSlot), 64);
  header.epoch.store(1, std::memory_order_relaxed);
  Allocator::Format(region, header.allocator_offset);
  header.magic = kRegionMagic;
}

}  // namespace quire
