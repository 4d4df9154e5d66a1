#include "engine/store/number_sample.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace quire {
namespace {

std::vector<uint32_t> Draw(NumberSample sample) {
  std::vector<uint32_t> numbers;
  for (uint32_t number = 0; sample.Next(&number);) numbers.push_back(number);
  return numbers;
}

TEST(NumberSampleTest, AscendsAndStaysWithinItsSize) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  for (const uint32_t numbers : {0u, 1u, 7u, 1000u, 1u << 30}) {
    for (const uint32_t wanted : {0u, 1u, 7u, 999u, 30000u}) {
      const std::vector<uint32_t> drawn = Draw({numbers, wanted, seed});
      ASSERT_EQ(drawn.size(), std::min(numbers, wanted));
      for (size_t i = 0; i < drawn.size(); ++i) {
        ASSERT_LT(drawn[i], numbers);
        if (i > 0) {
          ASSERT_LT(drawn[i - 1], drawn[i]);
        }
      }
    }
  }
}

TEST(NumberSampleTest, EveryNumberIsAsLikely) {
  constexpr uint32_t kNumbers = 37;
  constexpr uint32_t kWanted = 10;
  constexpr int kRounds = 20'000;
  std::vector<int> drawn(kNumbers);
  for (int round = 0; round < kRounds; ++round) {
    for (const uint32_t number : Draw({kNumbers, kWanted, static_cast<uint64_t>(round)})) {
      ++drawn[number];
    }
  }
  // Parts of 37 / 10 numbers have 3 or 4 of them: that near to equal, and no nearer.
  for (const int times : drawn) {
    EXPECT_GT(times, kRounds / 4 * 0.94);
    EXPECT_LT(times, kRounds / 3 * 1.06);
  }
}

}  // namespace
}  // namespace quire
