// A process's (or thread's) membership in the engine: it holds one slot of the region, pins epochs
// while it reads, and frees memory once no session can see it any more (epoch-based reclamation,
// after K. Fraser, "Practical lock-freedom", 2004).
//
// A session also knows where its host reads bodies that have left memory. One thread uses it. Pins
// are short: no file access, no wait for a transaction, no call to
// the host that may block while one is held.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "engine/host/body_reader.h"
#include "engine/memory/allocator.h"
#include "engine/memory/region.h"
#include "engine/memory/session_slot.h"

namespace quire {

class Session {
 public:
  // Takes a free slot. `owner` is the host's name for the caller, not 0.
  // Errors: kResourceExhausted when all slots are taken.
  static absl::StatusOr<std::unique_ptr<Session>> Open(Region region, uint64_t owner);
  // Gives the slot back with all that the session pinned. What it retired and cannot be freed yet
  // stays for the slot's next owner.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Region& region() const { return region_; }
  Allocator& allocator() { return allocator_; }
  SessionSlot* slot() { return slot_; }
  // Null until the host gives one; it outlives the session's last read.
  BodyReader* bodies() { return bodies_; }
  void set_bodies(BodyReader* bodies) { bodies_ = bodies; }

  uint64_t Allocate(uint64_t bytes, Purpose purpose,
                    Allocator::Access access = Allocator::Access::kNormal) {
    return allocator_.Allocate(slot_, bytes, purpose, std::max(access, least_access_));
  }
  // Lets every allocation of this session take the reserve: for one that must bring memory to what
  // it was before, when it may have been full.
  void UseReserve() { least_access_ = Allocator::Access::kReserve; }
  // This session's share of what the region's documents and so on take; it may be negative.
  int64_t used_bytes(Purpose purpose) const {
    return slot_->used_bytes[static_cast<uint32_t>(purpose)].load(std::memory_order_relaxed);
  }
  // Frees a block that nobody but this session ever saw.
  void FreeNow(uint64_t block, Purpose purpose) { allocator_.Free(slot_, block, purpose); }

  // Frees, later, a block that this session made unreachable.
  // REQUIRES: at most kRetiredPerPin calls under one pin.
  void Retire(uint64_t block, Purpose purpose) { RetireTagged(block, purpose); }
  // The same for a chain of blocks that are linked, front to back, by the 64-bit word at
  // kChainLinkOffset: its top two bits are kChainLinkTag when the low 48 are the next block; any
  // other word ends the chain.
  void RetireChain(uint64_t block, Purpose purpose) { RetireTagged(block | 1, purpose); }
  static constexpr uint64_t kChainLinkOffset = 8;
  static constexpr uint64_t kChainLinkMask = (uint64_t{1} << 48) - 1;
  static constexpr uint64_t kChainLinkTag = 1;
  static constexpr uint32_t kRetiredPerPin = 64;

  // Frees what may be freed. Returns how many entries still wait. Looks at every session's pin, so
  // it is for now and then: MayReclaim says whether it is worth it.
  uint32_t Reclaim();
  bool MayReclaim() const { return slot_->retired_count >= kRetiredPerPin / 2; }
  uint32_t retired() const { return slot_->retired_count; }
  // For what is given back by other means than Retire: the epoch to note once it is unreachable,
  // and what may be reused, whatever was noted with an epoch below the returned one.
  uint64_t EpochOfRetirement() const {
    return region_.header().epoch.fetch_add(0, std::memory_order_seq_cst);
  }
  uint64_t ReusableBelow();

  // Pins nest. While one is held nothing that was reachable at its begin is freed.
  class Pin {
   public:
    explicit Pin(Session* session) : session_(session) { session_->BeginPin(); }
    ~Pin() { session_->EndPin(); }
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;

   private:
    Session* const session_;
  };

  // Ends all pins, for a host that unwinds a session after an error.
  void ReleasePins();

 private:
  Session(Region region, SessionSlot* slot);

  void BeginPin() {
    if (pins_++ > 0) return;
    if (slot_->retired_count + kRetiredPerPin > kRetiredMax) MakeRoomForRetired();
    // The pin is visible to those who reclaim before anything is read: either they see it, or the
    // load that follows sees their epoch, and with it all that they made unreachable.
    std::atomic<uint64_t>& epoch = region_.header().epoch;
    slot_->pinned.exchange(epoch.load(std::memory_order_acquire), std::memory_order_seq_cst);
    static_cast<void>(epoch.load(std::memory_order_seq_cst));
  }
  void EndPin() {
    // ReleasePins may have ended it already.
    if (pins_ > 0 && --pins_ == 0) slot_->pinned.store(0, std::memory_order_release);
  }
  void RetireTagged(uint64_t block, Purpose purpose);
  void MakeRoomForRetired();
  uint64_t OldestPin() const;
  void FreeRetired(const Retired& retired);

  const Region region_;
  Allocator allocator_;
  SessionSlot* const slot_;
  uint32_t pins_ = 0;
  Allocator::Access least_access_ = Allocator::Access::kNormal;
  BodyReader* bodies_ = nullptr;
};

// Bytes in use for a purpose, over all sessions.
int64_t UsedBytes(const Region& region, Purpose purpose);

}  // namespace quire
