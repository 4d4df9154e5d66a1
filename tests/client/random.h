// The draws of a test that repeats from its seed. One thread.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace quire {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  // REQUIRES: count > 0. From 0 to count - 1.
  uint64_t Below(uint64_t count) { return engine_() % count; }
  // REQUIRES: low <= high. Both may come.
  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Below(static_cast<uint64_t>(high - low) + 1));
  }
  bool Chance(double probability) {
    return static_cast<double>(engine_() >> 11) * 0x1p-53 < probability;
  }
  // REQUIRES: not empty.
  template <typename T>
  T Pick(const std::vector<T>& from) {
    return from[Below(from.size())];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace quire
