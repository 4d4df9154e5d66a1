// Shared memory by the block: pages of 64 KiB, each cut into blocks of one size class, and runs of
// whole pages for what is larger. Free pages serve any class again.
//
// Called by sessions with their own slot; latches inside (ranks kSizeClass, then kPageHeap). Blocks
// are aligned to 8 bytes (to their size when that is a power of two of at least 64, since pages
// are) and are not cleared.
#pragma once

#include <cstdint>

#include "engine/memory/latch.h"
#include "engine/memory/region.h"
#include "engine/memory/session_slot.h"
#include "engine/memory/size_class.h"

namespace quire {

// The share of all pages, as a divisor, that only reserved allocations may take: a full region must
// still be able to roll back, delete and collect.
constexpr uint64_t kReserveDivisor = 100;

enum class PageState : uint8_t { kFree, kBlocks, kRun, kRunRest };
struct PageInfo;
struct AllocatorState;

class Allocator {
 public:
  Allocator() = default;
  explicit Allocator(Region region);

  // Bytes of allocator state for a region of `region_bytes`, and its construction at `offset`;
  // pages begin at the first page boundary behind it. Used by FormatRegion only.
  static uint64_t StateBytes(uint64_t region_bytes);
  static void Format(Region region, uint64_t offset);

  // Which free pages an allocation may take: all but the reserve; half of the reserve too, for what
  // makes room by taking a little first; all.
  enum class Access : uint8_t { kNormal, kHalfReserve, kReserve };

  // The offset of a block of at least `bytes`, or 0 when memory is full.
  uint64_t Allocate(SessionSlot* slot, uint64_t bytes, Purpose purpose,
                    Access access = Access::kNormal);
  // Gives a block back. REQUIRES: nobody can see it any more; same purpose as at allocation.
  void Free(SessionSlot* slot, uint64_t block, Purpose purpose);
  // Bytes that the block really takes (its class, or whole pages).
  uint64_t BlockBytes(uint64_t block) const;
  // Hands the slot's stock of free blocks back, for a session that ends.
  void DrainMagazines(SessionSlot* slot);

  uint64_t pages_total() const;
  uint64_t pages_free() const;
  uint64_t pages_reserved() const;  // for Access::kReserve only

 private:
  uint64_t AllocatePages(uint64_t count, PageState as, Access access);
  void FreePages(uint64_t first, uint64_t count);
  bool Refill(SessionSlot* slot, uint32_t size_class, Access access);
  void FlushMagazine(SessionSlot* slot, uint32_t size_class, uint32_t keep);
  void FreeToPage(uint32_t size_class, uint64_t block);
  PageInfo* Page(uint64_t index) const;

  Region region_;
  AllocatorState* state_ = nullptr;
};

}  // namespace quire
