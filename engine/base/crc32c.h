// CRC-32C (Castagnoli, the polynomial of iSCSI and of SSE 4.2), over any bytes. Any thread, any
// level.
//
// The processor's instruction is used where it exists, decided when called; tables otherwise. Both
// give the same values, so a file may move between machines.
#pragma once

#include <cstdint>
#include <string_view>

namespace quire {

// The checksum of `bytes`, continued from `seed`: Crc32c(Crc32c(0, a), b) == Crc32c(0, a + b).
// A seed that is no earlier checksum starts a checksum of its own family (used for chains and
// salts).
[[nodiscard]] uint32_t Crc32c(uint32_t seed, std::string_view bytes);

// The same by tables alone: the reference for tests, and the path of processors without the
// instruction.
[[nodiscard]] uint32_t Crc32cPortable(uint32_t seed, std::string_view bytes);

}  // namespace quire
