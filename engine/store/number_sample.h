// A sample of document numbers: one from each of equally long parts of the collection's numbers, in
// ascending order, so that every number is as likely as any other and neighbours are rare
// (stratified sampling; W. G. Cochran, "Sampling techniques", 1953). Nothing is read for it. Any
// thread, one owner.
#pragma once

#include <algorithm>
#include <cstdint>

namespace quire {

class NumberSample {
 public:
  // Of the numbers from 0 to below `numbers`, `wanted` of them, or all.
  NumberSample(uint32_t numbers, uint32_t wanted, uint64_t seed)
      : numbers_(numbers), parts_(std::min(numbers, wanted)), state_(seed) {}

  // How many there will be.
  uint32_t size() const { return parts_; }
  // False behind the last one.
  bool Next(uint32_t* number) {
    if (part_ == parts_) return false;
    const uint64_t begin = uint64_t{part_} * numbers_ / parts_;
    const uint64_t end = uint64_t{++part_} * numbers_ / parts_;
    *number = static_cast<uint32_t>(begin + Random() % (end - begin));
    return true;
  }
  // A random number for the caller's own choices.
  uint64_t Random() {
    // SplitMix64 (G. Steele et al., "Fast splittable pseudorandom number generators", 2014).
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }

 private:
  const uint32_t numbers_;
  const uint32_t parts_;
  uint32_t part_ = 0;
  uint64_t state_;
};

}  // namespace quire
