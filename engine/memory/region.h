// The shared memory in which every process of a host sees the engine, and references into it.
//
// The host maps the bytes once, before it forks, so that they stand at one address in all
// processes; the engine nevertheless stores offsets only, so that a bad offset can be told from a
// good one. A Region is a process-local handle, copied freely. What lives in the region is standard
// layout, trivially destructible, free of pointers, virtual functions and process-private locks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "engine/base/check.h"

namespace quire {

// Where something lies in the region: an offset from its base. 0 refers to nothing.
template <typename T>
struct Ref {
  uint64_t offset = 0;

  explicit operator bool() const { return offset != 0; }
  bool operator==(const Ref&) const = default;
};

// A reference that another session may change at any moment.
template <typename T>
class AtomicRef {
 public:
  Ref<T> Load() const { return {offset_.load(std::memory_order_acquire)}; }
  void Store(Ref<T> to) { offset_.store(to.offset, std::memory_order_release); }
  bool CompareExchange(Ref<T>* expected, Ref<T> desired) {
    return offset_.compare_exchange_strong(expected->offset, desired.offset,
                                           std::memory_order_acq_rel);
  }

 private:
  std::atomic<uint64_t> offset_;
};

// Named places in the region's header from which the higher levels find their own structures.
enum class RegionRoot : uint32_t { kCatalog, kEngineState, kCount };

constexpr uint64_t kRegionMagic = 0x3152455249555130;  // "0QUIRER1"
constexpr uint32_t kRegionLayout = 1;
constexpr uint64_t kRegionBytesMin = uint64_t{4} << 20;
constexpr uint64_t kRegionBytesMax = uint64_t{1} << 46;

// Offset 0 of the region. The parts that the header names are laid out by FormatRegion.
struct RegionHeader {
  // Constant after formatting.
  uint64_t magic;
  uint32_t layout;
  uint32_t session_count;
  uint64_t bytes;
  uint64_t incarnation;      // random, new with each formatting; never 0
  uint64_t sessions_offset;  // SessionSlot[session_count]
  uint64_t allocator_offset;

  // Atomic.
  alignas(64) std::atomic<uint64_t> epoch;
  std::atomic<uint64_t> roots[static_cast<size_t>(RegionRoot::kCount)];
};

class Region {
 public:
  Region() = default;
  // REQUIRES: `base` is aligned to 64 KiB and the bytes were formatted.
  Region(void* base, uint64_t bytes) : base_(static_cast<std::byte*>(base)), bytes_(bytes) {}

  std::byte* base() const { return base_; }
  uint64_t bytes() const { return bytes_; }
  RegionHeader& header() const { return *reinterpret_cast<RegionHeader*>(base_); }

  template <typename T>
  T* At(Ref<T> ref) const {
    QUIRE_ASSERT(ref.offset != 0 && ref.offset + sizeof(T) <= bytes_);
    return reinterpret_cast<T*>(base_ + ref.offset);
  }
  template <typename T>
  T* At(uint64_t offset) const {
    return At(Ref<T>{offset});
  }
  template <typename T>
  Ref<T> RefOf(const T* object) const {
    return {static_cast<uint64_t>(reinterpret_cast<const std::byte*>(object) - base_)};
  }
  uint64_t root(RegionRoot root) const {
    return header().roots[static_cast<size_t>(root)].load(std::memory_order_acquire);
  }
  void set_root(RegionRoot root, uint64_t offset) const {
    header().roots[static_cast<size_t>(root)].store(offset, std::memory_order_release);
  }

 private:
  std::byte* base_ = nullptr;
  uint64_t bytes_ = 0;
};

struct RegionOptions {
  uint32_t session_count = 256;  // processes (or threads) that use the engine at one time
  uint64_t incarnation = 0;      // REQUIRES: not 0
};

// Bytes that a region needs for itself before anything can be stored in it.
uint64_t RegionOverheadBytes(uint64_t bytes, const RegionOptions& options);

// Lays out an empty region. Called once, by one process, while nobody else looks.
// REQUIRES: the bytes are zero, kRegionBytesMin <= bytes <= kRegionBytesMax.
void FormatRegion(void* base, uint64_t bytes, const RegionOptions& options);

}  // namespace quire
