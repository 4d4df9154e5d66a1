// The numbers of the server's binary jsonb and numeric, which jsonb.h describes. For engine/store
// only.
#pragma once

#include <cstdint>

namespace quire::jsonb {

// Container header.
inline constexpr uint32_t kCountMask = 0x0fffffff;
inline constexpr uint32_t kScalar = 0x10000000;
inline constexpr uint32_t kObject = 0x20000000;
inline constexpr uint32_t kArray = 0x40000000;

// Entry.
inline constexpr uint32_t kLengthMask = 0x0fffffff;
inline constexpr uint32_t kTypeMask = 0x70000000;
inline constexpr uint32_t kHasEnd = 0x80000000;
inline constexpr uint32_t kString = 0x00000000;
inline constexpr uint32_t kNumeric = 0x10000000;
inline constexpr uint32_t kFalse = 0x20000000;
inline constexpr uint32_t kTrue = 0x30000000;
inline constexpr uint32_t kNull = 0x40000000;
inline constexpr uint32_t kContainer = 0x50000000;
inline constexpr uint32_t kEndStride = 32;

inline constexpr uint32_t kAlignment = 4;

// Numeric: the first 16 bits after the length word.
inline constexpr uint16_t kFormMask = 0xc000;
inline constexpr uint16_t kLongNegative = 0x4000;  // long positive is 0
inline constexpr uint16_t kShort = 0x8000;
inline constexpr uint16_t kSpecial = 0xc000;  // NaN and the infinities
inline constexpr uint16_t kLongScaleMask = 0x3fff;
inline constexpr uint16_t kShortNegative = 0x2000;
inline constexpr int kShortScaleShift = 7;
inline constexpr int kShortScaleMax = 63;
inline constexpr uint16_t kShortWeightNegative = 0x0040;
inline constexpr uint16_t kShortWeightMask = 0x003f;
inline constexpr int kShortWeightMax = 63;
inline constexpr int kShortWeightMin = -64;

}  // namespace quire::jsonb
