// What the region keeps for one process (or thread) that uses the engine: its epoch pin, its stock
// of free blocks, the memory it will free once nobody can see it any more, and its share of the
// statistics.
//
// A slot belongs to one session at a time and is written by it alone, except where a member says
// so. When a session ends, whatever it still held stays in the slot for the next owner.
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/memory/size_class.h"

namespace quire {

// What memory is used for, as the statistics show it.
enum class Purpose : uint32_t { kDocuments, kIndexes, kTables, kCatalog, kOther, kCount };

// Free blocks of one size, linked through their first eight bytes.
struct Magazine {
  uint64_t first;
  uint32_t count;
  uint32_t reserved;
};

// Memory that was unlinked at `epoch` and may still be read by sessions pinned at or before it.
struct Retired {
  uint64_t block;  // offset; bit 0 set: a chain of blocks, see Session::RetireChain
  uint64_t epoch;
  Purpose purpose;
  uint32_t reserved;
};

constexpr uint32_t kRetiredMax = 256;

struct alignas(64) SessionSlot {
  // Read by everyone: 0 when free, else the host's id of the owner (a process id).
  std::atomic<uint64_t> owner;
  // Read by everyone who reclaims: the epoch the session may be reading at, 0 when it reads
  // nothing.
  std::atomic<uint64_t> pinned;

  // The owner's alone.
  alignas(64) uint32_t retired_first;
  uint32_t retired_count;
  Retired retired[kRetiredMax];
  Magazine magazines[kSizeClassCount];

  // Written by the owner, read by statistics; a share may be negative, the sum over all slots is
  // exact.
  std::atomic<int64_t> used_bytes[static_cast<uint32_t>(Purpose::kCount)];
};

}  // namespace quire
