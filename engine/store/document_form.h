// The choices by which every value gets its one form, shared by those who write documents and by
// the check that reads them (document.h specifies them). For engine/store only; any thread.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include "engine/base/bytes.h"
#include "engine/store/value.h"

namespace quire {

// Bytes of the shortest two's complement form of `value`, 1 to 8.
inline uint32_t ShortenedSize(int64_t value) {
  const uint64_t magnitude = static_cast<uint64_t>(value ^ (value >> 63));
  return static_cast<uint32_t>(64 - std::countl_zero(magnitude)) / 8 + 1;
}

// Log2 of the width, 1, 2 or 4 bytes, in which `largest` fits.
inline uint32_t WidthLog(uint64_t largest) {
  return largest < 0x100 ? 0 : largest < 0x10000 ? 1 : 2;
}

inline void StoreEnd(char* ends, uint32_t i, uint32_t width_log, uint32_t value) {
  switch (width_log) {
    case 0:
      ends[i] = static_cast<char>(value);
      break;
    case 1:
      Store(ends + size_t{i} * 2, static_cast<uint16_t>(value));
      break;
    default:
      Store(ends + size_t{i} * 4, value);
  }
}

// Calls `store` with a value of the type in which ends of that width are stored, so that a whole
// table is written without a branch for each of its entries.
template <typename Function>
inline void WithEndType(uint32_t width_log, Function store) {
  switch (width_log) {
    case 0:
      return store(uint8_t{});
    case 1:
      return store(uint16_t{});
    default:
      return store(uint32_t{});
  }
}

// coefficient * 10^exponent when an int64 holds it. REQUIRES: the coefficient has no trailing
// zeros.
inline bool ScaleToInt64(int64_t coefficient, int exponent, int64_t* value) {
  if (exponent < 0 || exponent > 18) return false;
  for (; exponent > 0; --exponent) {
    if (__builtin_mul_overflow(coefficient, 10, &coefficient)) return false;
  }
  *value = coefficient;
  return true;
}

inline bool FitsSmallDecimal(int exponent, int display_scale) {
  return exponent >= INT8_MIN && exponent <= INT8_MAX && display_scale <= UINT8_MAX;
}

// Bytes before the digits of a large decimal.
inline constexpr uint32_t kLargeDecimalHeaderSize = 5;

// Writes a payload in its form inside a container and tells its tag and size. `out` has room for 16
// bytes, in EncodeDecimal for 16 and 2 for each digit; bytes behind the payload may be overwritten.
inline ValueTag EncodeInt64(int64_t value, char* out, uint32_t* size) {
  Store(out, value);
  *size = ShortenedSize(value);
  return ValueTag::kInt64;
}
// REQUIRES: FitsSmallDecimal; no smaller form fits.
inline ValueTag EncodeSmallDecimal(int64_t coefficient, int exponent, int display_scale, char* out,
                                   uint32_t* size) {
  out[0] = static_cast<char>(exponent);
  out[1] = static_cast<char>(display_scale);
  Store(out + 2, coefficient);
  *size = 2 + ShortenedSize(coefficient);
  return ValueTag::kDecimal;
}
// REQUIRES: finite, display scale at most Decimal::kDisplayScaleMax.
ValueTag EncodeDecimal(const Decimal& value, char* out, uint32_t* size);

}  // namespace quire
