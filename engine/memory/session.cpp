#include "engine/memory/session.h"

#include <sched.h>

#include <algorithm>

#include "engine/base/bytes.h"

namespace quire {

namespace {

SessionSlot* Slots(const Region& region) {
  return region.At<SessionSlot>(region.header().sessions_offset);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> Session::Open(Region region, uint64_t owner) {
  QUIRE_ASSERT(owner != 0);
  SessionSlot* slots = Slots(region);
  const uint32_t count = region.header().session_count;
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t nobody = 0;
    if (slots[i].owner.load(std::memory_order_relaxed) == 0 &&
        slots[i].owner.compare_exchange_strong(nobody, owner, std::memory_order_acq_rel)) {
      return std::unique_ptr<Session>(new Session(region, &slots[i]));
    }
  }
  return absl::ResourceExhaustedError("all session slots of the engine are in use");
}

Session::Session(Region region, SessionSlot* slot)
    : region_(region), allocator_(region), slot_(slot) {}

Session::~Session() {
  ReleasePins();
  Reclaim();
  allocator_.DrainMagazines(slot_);
  slot_->owner.store(0, std::memory_order_release);
}

void Session::ReleasePins() {
  pins_ = 0;
  slot_->pinned.store(0, std::memory_order_release);
}

uint64_t Session::OldestPin() const {
  uint64_t oldest = UINT64_MAX;
  const SessionSlot* slots = Slots(region_);
  const uint32_t count = region_.header().session_count;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t pinned = slots[i].pinned.load(std::memory_order_seq_cst);
    if (pinned != 0) oldest = std::min(oldest, pinned);
  }
  return oldest;
}

void Session::RetireTagged(uint64_t block, Purpose purpose) {
  QUIRE_CHECK(slot_->retired_count < kRetiredMax);
  const uint32_t at = (slot_->retired_first + slot_->retired_count) % kRetiredMax;
  // Written, though unchanged: the store that made the block unreachable must not still be on its
  // way when somebody raises the epoch and a reader pins the new one.
  const uint64_t epoch = EpochOfRetirement();
  slot_->retired[at] = Retired{.block = block, .epoch = epoch, .purpose = purpose, .reserved = 0};
  ++slot_->retired_count;
}

uint32_t Session::Reclaim() {
  if (slot_->retired_count == 0) return 0;
  // Whoever pins from here on pins a later epoch than everything retired so far.
  region_.header().epoch.fetch_add(1, std::memory_order_seq_cst);
  const uint64_t oldest = OldestPin();
  while (slot_->retired_count > 0) {
    const Retired retired = slot_->retired[slot_->retired_first];
    if (retired.epoch >= oldest) break;
    slot_->retired_first = (slot_->retired_first + 1) % kRetiredMax;
    --slot_->retired_count;
    FreeRetired(retired);
  }
  return slot_->retired_count;
}

uint64_t Session::ReusableBelow() {
  // Who pins from here on pins this epoch or a later one.
  const uint64_t epoch = region_.header().epoch.fetch_add(1, std::memory_order_seq_cst) + 1;
  return std::min(epoch, OldestPin());
}

void Session::FreeRetired(const Retired& retired) {
  if ((retired.block & 1) == 0) {
    allocator_.Free(slot_, retired.block, retired.purpose);
    return;
  }
  uint64_t block = retired.block & ~uint64_t{1};
  while (block != 0) {
    const auto link = Load<uint64_t>(region_.base() + block + kChainLinkOffset);
    allocator_.Free(slot_, block, retired.purpose);
    block = link >> 62 == kChainLinkTag ? link & kChainLinkMask : 0;
  }
}

void Session::MakeRoomForRetired() {
  // Pins are short, so this ends; a preempted reader is given the processor.
  while (Reclaim() + kRetiredPerPin > kRetiredMax) sched_yield();
}

int64_t UsedBytes(const Region& region, Purpose purpose) {
  int64_t sum = 0;
  const SessionSlot* slots = Slots(region);
  for (uint32_t i = 0; i < region.header().session_count; ++i) {
    sum += slots[i].used_bytes[static_cast<uint32_t>(purpose)].load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace quire
