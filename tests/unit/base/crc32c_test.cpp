#include "engine/base/crc32c.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace quire {
namespace {

// One bit at a time, from the definition.
uint32_t Slow(uint32_t seed, std::string_view bytes) {
  uint32_t value = ~seed;
  for (char c : bytes) {
    value ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78 : 0);
  }
  return ~value;
}

std::string Random(std::mt19937_64& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

TEST(Crc32c, PublishedValues) {
  // RFC 3720, B.4.
  EXPECT_EQ(Crc32c(0, "123456789"), 0xE3069283u);
  EXPECT_EQ(Crc32c(0, std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(0, std::string(32, '\xff')), 0x62A8AB43u);
  std::string rising;
  for (char c = 0; c < 32; ++c) rising.push_back(c);
  EXPECT_EQ(Crc32c(0, rising), 0x46DD794Eu);
  EXPECT_EQ(Crc32cPortable(0, rising), 0x46DD794Eu);
  EXPECT_EQ(Crc32c(0, ""), 0u);
}

TEST(Crc32c, EveryLengthAgreesWithTheDefinition) {
  const uint64_t seed = 20240611;
  std::mt19937_64 random(seed);
  std::string bytes = Random(random, 10000);
  for (size_t size = 0; size < bytes.size(); size += size < 700 ? 1 : 97) {
    for (size_t offset = 0; offset < 3; ++offset) {
      std::string_view part = std::string_view(bytes).substr(offset, size);
      uint32_t from = static_cast<uint32_t>(random());
      uint32_t expected = Slow(from, part);
      ASSERT_EQ(Crc32c(from, part), expected) << "seed " << seed << " size " << size;
      ASSERT_EQ(Crc32cPortable(from, part), expected) << "seed " << seed << " size " << size;
    }
  }
}

TEST(Crc32c, ContinuesFromItsOwnResult) {
  const uint64_t seed = 7;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::string bytes = Random(random, random() % 8000);
    size_t cut = bytes.empty() ? 0 : random() % bytes.size();
    std::string_view all = bytes;
    ASSERT_EQ(Crc32c(Crc32c(0, all.substr(0, cut)), all.substr(cut)), Crc32c(0, all))
        << "seed " << seed << " round " << round;
  }
}

}  // namespace
}  // namespace quire
