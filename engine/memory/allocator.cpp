#include "engine/memory/allocator.h"

#include <algorithm>
#include <bit>

#include "engine/base/bytes.h"

namespace quire {

namespace {

constexpr uint32_t kNoPage =
    0;  // page 0 is never handed out: it begins before the first page boundary

// A magazine takes at most this many bytes of blocks from its page at once, and at least one block.
constexpr uint32_t kRefillBytes = 8192;

constexpr uint32_t RefillCount(uint32_t size_class) {
  return std::clamp<uint32_t>(kRefillBytes / ClassBytes(size_class), 1, 32);
}

constexpr uint32_t BlocksPerPage(uint32_t size_class) {
  return kPageBytes / ClassBytes(size_class);
}

}  // namespace

struct PageInfo {
  PageState state;  // guarded by the heap's latch; constant while the page is in use
  // kBlocks: guarded by the latch of the class.
  uint8_t size_class;
  uint16_t free_count;  // blocks not handed out
  uint16_t fresh;       // index of the first block that was never handed out
  uint16_t reserved;
  uint32_t next;  // neighbours in the class's list of pages with free blocks
  uint32_t previous;
  uint64_t free_first;  // offset of the first free block; kRun: the number of pages
};
static_assert(sizeof(PageInfo) == 24);

struct alignas(64) ClassState {
  Latch latch;
  uint32_t partial_first;  // guarded by latch: pages with free blocks
};

struct AllocatorState {
  // Constant after construction.
  uint64_t page_first;  // index of the first usable page
  uint64_t page_end;
  uint64_t reserve;  // pages for Access::kReserve only

  alignas(64) Latch heap_latch;
  uint64_t hint;  // guarded by heap_latch: no free page lies below
  std::atomic<uint64_t> pages_free;

  ClassState classes[kSizeClassCount];
  PageInfo pages[];  // one per page of the region, by index
};

Allocator::Allocator(Region region)
    : region_(region), state_(region.At<AllocatorState>(region.header().allocator_offset)) {}

uint64_t Allocator::StateBytes(uint64_t region_bytes) {
  return sizeof(AllocatorState) + region_bytes / kPageBytes * sizeof(PageInfo);
}

void Allocator::Format(Region region, uint64_t offset) {
  auto* state = region.At<AllocatorState>(offset);
  state->page_first = AlignUp(offset + StateBytes(region.bytes()), kPageBytes) / kPageBytes;
  state->page_end = region.bytes() / kPageBytes;
  QUIRE_CHECK(state->page_first < state->page_end);
  state->hint = state->page_first;
  const uint64_t pages = state->page_end - state->page_first;
  state->reserve = std::max<uint64_t>(pages / kReserveDivisor, 1);
  state->pages_free.store(pages, std::memory_order_relaxed);
}

PageInfo* Allocator::Page(uint64_t index) const {
  return &state_->pages[index];
}

uint64_t Allocator::pages_total() const {
  return state_->page_end - state_->page_first;
}
uint64_t Allocator::pages_free() const {
  return state_->pages_free.load(std::memory_order_relaxed);
}

uint64_t Allocator::pages_reserved() const {
  return state_->reserve;
}

uint64_t Allocator::AllocatePages(uint64_t count, PageState as, Access access) {
  ExclusiveGuard guard(&state_->heap_latch);
  const uint64_t available = state_->pages_free.load(std::memory_order_relaxed);
  const uint64_t kept = access == Access::kReserve       ? 0
                        : access == Access::kHalfReserve ? state_->reserve / 2
                                                         : state_->reserve;
  if (available < count + kept) return 0;
  uint64_t run = 0;
  bool hint_moves = true;
  for (uint64_t page = state_->hint; page < state_->page_end; ++page) {
    if (Page(page)->state != PageState::kFree) {
      run = 0;
      continue;
    }
    if (hint_moves) {
      state_->hint = page;
      hint_moves = false;
    }
    if (++run < count) continue;
    const uint64_t first = page + 1 - count;
    for (uint64_t taken = first; taken <= page; ++taken) Page(taken)->state = PageState::kRunRest;
    Page(first)->state = as;
    Page(first)->free_first = count;
    if (first == state_->hint) state_->hint = page + 1;
    state_->pages_free.store(available - count, std::memory_order_relaxed);
    return first;
  }
  return 0;
}

void Allocator::FreePages(uint64_t first, uint64_t count) {
  ExclusiveGuard guard(&state_->heap_latch);
  for (uint64_t page = first; page < first + count; ++page) Page(page)->state = PageState::kFree;
  state_->hint = std::min(state_->hint, first);
  state_->pages_free.fetch_add(count, std::memory_order_relaxed);
}

bool Allocator::Refill(SessionSlot* slot, uint32_t size_class, Access access) {
  ClassState& state = state_->classes[size_class];
  Magazine& magazine = slot->magazines[size_class];
  const uint64_t block_bytes = ClassBytes(size_class);
  ExclusiveGuard guard(&state.latch);
  if (state.partial_first == kNoPage) {
    const uint64_t page = AllocatePages(1, PageState::kBlocks, access);
    if (page == 0) return false;
    PageInfo* fresh = Page(page);
    fresh->size_class = static_cast<uint8_t>(size_class);
    fresh->free_count = static_cast<uint16_t>(BlocksPerPage(size_class));
    fresh->fresh = 0;
    fresh->next = fresh->previous = kNoPage;
    fresh->free_first = 0;
    state.partial_first = static_cast<uint32_t>(page);
  }
  const uint32_t index = state.partial_first;
  PageInfo* page = Page(index);
  const uint32_t wanted = std::min<uint32_t>(RefillCount(size_class), page->free_count);
  const uint32_t recycled_first = BlocksPerPage(size_class) - page->fresh;
  const uint32_t recycled = page->free_count - recycled_first;
  // Blocks used before come first; fresh ones are linked so that they are handed out in address
  // order.
  const uint32_t from_list = std::min(wanted, recycled);
  for (uint32_t i = 0; i < from_list; ++i) {
    const uint64_t block = page->free_first;
    page->free_first = Load<uint64_t>(region_.base() + block);
    Store(region_.base() + block, magazine.first);
    magazine.first = block;
  }
  const uint32_t from_fresh = wanted - from_list;
  for (uint32_t i = from_fresh; i-- > 0;) {
    const uint64_t block = uint64_t{index} * kPageBytes + (page->fresh + i) * block_bytes;
    Store(region_.base() + block, magazine.first);
    magazine.first = block;
  }
  page->fresh = static_cast<uint16_t>(page->fresh + from_fresh);
  page->free_count = static_cast<uint16_t>(page->free_count - wanted);
  magazine.count += wanted;
  if (page->free_count == 0) {
    state.partial_first = page->next;
    if (page->next != kNoPage) Page(page->next)->previous = kNoPage;
    page->next = kNoPage;
  }
  return true;
}

uint64_t Allocator::Allocate(SessionSlot* slot, uint64_t bytes, Purpose purpose, Access access) {
  std::atomic<int64_t>& used = slot->used_bytes[static_cast<uint32_t>(purpose)];
  uint64_t block = 0;
  uint64_t taken = 0;
  if (bytes <= kBlockBytesMax) {
    const uint32_t size_class = ClassOf(static_cast<uint32_t>(bytes));
    Magazine& magazine = slot->magazines[size_class];
    if (magazine.first == 0 && !Refill(slot, size_class, access)) return 0;
    block = magazine.first;
    magazine.first = Load<uint64_t>(region_.base() + block);
    --magazine.count;
    taken = ClassBytes(size_class);
  } else {
    if (bytes > region_.bytes()) return 0;
    const uint64_t pages = AlignUp(bytes, kPageBytes) / kPageBytes;
    block = AllocatePages(pages, PageState::kRun, access) * kPageBytes;
    if (block == 0) return 0;
    taken = pages * kPageBytes;
  }
  used.store(used.load(std::memory_order_relaxed) + static_cast<int64_t>(taken),
             std::memory_order_relaxed);
  return block;
}

uint64_t Allocator::BlockBytes(uint64_t block) const {
  const PageInfo* page = Page(block / kPageBytes);
  return page->state == PageState::kRun ? page->free_first * kPageBytes
                                        : ClassBytes(page->size_class);
}

void Allocator::Free(SessionSlot* slot, uint64_t block, Purpose purpose) {
  std::atomic<int64_t>& used = slot->used_bytes[static_cast<uint32_t>(purpose)];
  used.store(used.load(std::memory_order_relaxed) - static_cast<int64_t>(BlockBytes(block)),
             std::memory_order_relaxed);
  const uint64_t index = block / kPageBytes;
  PageInfo* page = Page(index);
  if (page->state == PageState::kRun) {
    FreePages(index, page->free_first);
    return;
  }
  QUIRE_CHECK(page->state == PageState::kBlocks);
  const uint32_t size_class = page->size_class;
  Magazine& magazine = slot->magazines[size_class];
  Store(region_.base() + block, magazine.first);
  magazine.first = block;
  ++magazine.count;
  const uint32_t refill = RefillCount(size_class);
  if (magazine.count > 2 * refill) FlushMagazine(slot, size_class, refill);
}

void Allocator::FreeToPage(uint32_t size_class, uint64_t block) {
  // REQUIRES: the latch of the class is held.
  ClassState& state = state_->classes[size_class];
  const auto index = static_cast<uint32_t>(block / kPageBytes);
  PageInfo* page = Page(index);
  Store(region_.base() + block, page->free_first);
  page->free_first = block;
  if (++page->free_count == 1) {
    page->previous = kNoPage;
    page->next = state.partial_first;
    if (page->next != kNoPage) Page(page->next)->previous = index;
    state.partial_first = index;
  }
  if (page->free_count < BlocksPerPage(size_class)) return;
  if (page->previous != kNoPage) {
    Page(page->previous)->next = page->next;
  } else {
    state.partial_first = page->next;
  }
  if (page->next != kNoPage) Page(page->next)->previous = page->previous;
  FreePages(index, 1);
}

void Allocator::FlushMagazine(SessionSlot* slot, uint32_t size_class, uint32_t keep) {
  Magazine& magazine = slot->magazines[size_class];
  ExclusiveGuard guard(&state_->classes[size_class].latch);
  while (magazine.count > keep) {
    const uint64_t block = magazine.first;
    magazine.first = Load<uint64_t>(region_.base() + block);
    --magazine.count;
    FreeToPage(size_class, block);
  }
}

void Allocator::DrainMagazines(SessionSlot* slot) {
  for (uint32_t size_class = 0; size_class < kSizeClassCount; ++size_class) {
    if (slot->magazines[size_class].count > 0) FlushMagazine(slot, size_class, 0);
  }
}

}  // namespace quire
