// The block sizes of the allocator: eight classes to a doubling, so that a block is at most 12.5 %
// larger than what was asked for (powers of two cost 560 bytes a document instead of 367). Any
// thread; constants.
#pragma once

#include <bit>
#include <cstdint>

namespace quire {

constexpr uint32_t kBlockBytesMin = 64;
constexpr uint32_t kBlockBytesMax = 16384;
constexpr uint32_t kClassesPerDoubling = 8;
constexpr uint32_t kSizeClassCount =
    (std::bit_width(kBlockBytesMax) - std::bit_width(kBlockBytesMin)) * kClassesPerDoubling + 1;

// Bytes of a block of class `index`.
constexpr uint32_t ClassBytes(uint32_t index) {
  const uint32_t base = kBlockBytesMin << (index / kClassesPerDoubling);
  return base + base / kClassesPerDoubling * (index % kClassesPerDoubling);
}

// The smallest class whose blocks hold `bytes`. REQUIRES: bytes <= kBlockBytesMax.
constexpr uint32_t ClassOf(uint32_t bytes) {
  if (bytes <= kBlockBytesMin) return 0;
  const uint32_t doubling = std::bit_width(bytes - 1) - std::bit_width(kBlockBytesMin);
  const uint32_t base = kBlockBytesMin << doubling;
  const uint32_t step = base / kClassesPerDoubling;
  return doubling * kClassesPerDoubling + (bytes - base + step - 1) / step;
}

// Bytes that a block for `bytes` really takes: its class, or whole pages.
constexpr uint64_t kPageBytes = 65536;
constexpr uint64_t TakenBytes(uint64_t bytes) {
  if (bytes <= kBlockBytesMax) return ClassBytes(ClassOf(static_cast<uint32_t>(bytes)));
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

static_assert(ClassBytes(kSizeClassCount - 1) == kBlockBytesMax);
static_assert(ClassOf(65) == 1 && ClassBytes(1) == 72 && ClassOf(128) == 8 && ClassOf(129) == 9);

}  // namespace quire
