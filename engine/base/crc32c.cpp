#include "engine/base/crc32c.h"

#include <array>
#include <cstddef>

#include "engine/base/bytes.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace quire {
namespace {

// Between calls a checksum is inverted; inside, "register" means the value that is not. Appending n
// zero bytes to a message is a linear map of the register over GF(2), which is what joins the
// streams below.
constexpr uint32_t kPolynomial = 0x82F63B78;  // Reflected.

using Matrix = std::array<uint32_t, 32>;  // Column i is the image of bit i.
using ByteTables = std::array<std::array<uint32_t, 256>, 4>;

constexpr uint32_t Apply(const Matrix& matrix, uint32_t vector) {
  uint32_t image = 0;
  for (int i = 0; vector != 0; ++i, vector >>= 1) {
    if (vector & 1) image ^= matrix[i];
  }
  return image;
}

constexpr Matrix Square(const Matrix& matrix) {
  Matrix square{};
  for (int i = 0; i < 32; ++i) square[i] = Apply(matrix, matrix[i]);
  return square;
}

// The map that 2^log2_bytes zero bytes make of the register, by bytes of the register.
constexpr ByteTables ZerosTables(int log2_bytes) {
  Matrix matrix{};
  matrix[0] = kPolynomial;
  for (int i = 1; i < 32; ++i) matrix[i] = uint32_t{1} << (i - 1);  // One zero bit.
  for (int i = 0; i < log2_bytes + 3; ++i) matrix = Square(matrix);
  ByteTables tables{};
  for (int byte = 0; byte < 4; ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      for (int low = 0; low < (1 << bit); ++low) {
        tables[byte][(1 << bit) | low] = tables[byte][low] ^ matrix[byte * 8 + bit];
      }
    }
  }
  return tables;
}

// kSlices[k][b]: the register after byte b and k zero bytes.
constexpr std::array<std::array<uint32_t, 256>, 8> SliceTables() {
  std::array<std::array<uint32_t, 256>, 8> tables{};
  for (uint32_t b = 0; b < 256; ++b) {
    uint32_t value = b;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    tables[0][b] = value;
  }
  for (int k = 1; k < 8; ++k) {
    for (uint32_t b = 0; b < 256; ++b) {
      uint32_t before = tables[k - 1][b];
      tables[k][b] = (before >> 8) ^ tables[0][before & 255];
    }
  }
  return tables;
}

constexpr auto kSlices = SliceTables();

#if defined(__x86_64__)

constexpr int kShortLog2 = 6;
constexpr int kLongLog2 = 10;
constexpr ByteTables kShortZeros = ZerosTables(kShortLog2);
constexpr ByteTables kLongZeros = ZerosTables(kLongLog2);

uint32_t AppendZeros(const ByteTables& tables, uint32_t value) {
  return tables[0][value & 255] ^ tables[1][(value >> 8) & 255] ^ tables[2][(value >> 16) & 255] ^
         tables[3][value >> 24];
}

// The instruction takes three cycles and one can start every cycle, so three streams run side by
// side.
template <int kLog2>
__attribute__((target("sse4.2"))) uint32_t ThreeStreams(uint32_t value, const char** data,
                                                        size_t* size, const ByteTables& zeros) {
  constexpr size_t kStream = size_t{1} << kLog2;
  const char* at = *data;
  size_t rest = *size;
  while (rest >= 3 * kStream) {
    uint64_t a = value;
    uint64_t b = 0;
    uint64_t c = 0;
    for (const char* end = at + kStream; at != end; at += 8) {
      a = _mm_crc32_u64(a, Load<uint64_t>(at));
      b = _mm_crc32_u64(b, Load<uint64_t>(at + kStream));
      c = _mm_crc32_u64(c, Load<uint64_t>(at + 2 * kStream));
    }
    value = AppendZeros(zeros, static_cast<uint32_t>(a)) ^ static_cast<uint32_t>(b);
    value = AppendZeros(zeros, value) ^ static_cast<uint32_t>(c);
    at += 2 * kStream;
    rest -= 3 * kStream;
  }
  *data = at;
  *size = rest;
  return value;
}

__attribute__((target("sse4.2"))) uint32_t Crc32cSse42(uint32_t seed, std::string_view bytes) {
  uint32_t value = ~seed;
  const char* at = bytes.data();
  size_t rest = bytes.size();
  value = ThreeStreams<kLongLog2>(value, &at, &rest, kLongZeros);
  value = ThreeStreams<kShortLog2>(value, &at, &rest, kShortZeros);
  uint64_t wide = value;
  for (; rest >= 8; at += 8, rest -= 8) wide = _mm_crc32_u64(wide, Load<uint64_t>(at));
  value = static_cast<uint32_t>(wide);
  for (; rest > 0; ++at, --rest) value = _mm_crc32_u8(value, static_cast<uint8_t>(*at));
  return ~value;
}

#endif

}  // namespace

uint32_t Crc32c(uint32_t seed, std::string_view bytes) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) [[likely]]
    return Crc32cSse42(seed, bytes);
#endif
  return Crc32cPortable(seed, bytes);
}

uint32_t Crc32cPortable(uint32_t seed, std::string_view bytes) {
  uint32_t value = ~seed;
  const char* at = bytes.data();
  size_t rest = bytes.size();
  for (; rest >= 8; at += 8, rest -= 8) {
    uint64_t word = Load<uint64_t>(at) ^ value;
    value = 0;
    for (int k = 0; k < 8; ++k) value ^= kSlices[7 - k][(word >> (8 * k)) & 255];
  }
  for (; rest > 0; ++at, --rest) {
    value = (value >> 8) ^ kSlices[0][(value ^ static_cast<uint8_t>(*at)) & 255];
  }
  return ~value;
}

}  // namespace quire
