// The documents of the benchmarks: user-like, the same for a given number on every machine, about
// 300 bytes as jsonb. Any thread; functions of their arguments.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace quire::bench {

// 64 well-mixed bits for a number (SplitMix64's finisher).
constexpr uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// A permutation of [0, n): a Feistel walk that is cheap, has no table and visits all numbers once.
class Shuffle {
 public:
  Shuffle(uint64_t n, uint64_t seed);
  uint64_t operator()(uint64_t i) const;

 private:
  uint64_t n_;
  uint64_t seed_;
  uint32_t half_bits_;
};

// The fields of one document, before anybody's format.
struct Person {
  std::string id;
  std::string name;
  std::string email;
  int64_t age;
  bool active;
  int64_t score_hundredths;  // shown with two decimals
  int64_t visits;
  std::string created;
  std::string street;
  std::string city;
  std::string zip;
  int64_t level;  // of the address
  std::array<std::string_view, 2> tags;
};

// What the keys are like.
enum class KeyForm {
  kRising,  // `u` and nine digits: in the order of the numbers, as those of a serial or a UUIDv7
  kRandom,  // a version 4 UUID
};

std::string KeyOf(uint64_t number, KeyForm form = KeyForm::kRising);

Person PersonOf(uint64_t number, KeyForm form = KeyForm::kRising);

// As JSON text without blanks or characters that COPY would have to escape.
void AppendJson(const Person& person, std::string* out);

// Order-sensitive FNV-1a: what a client saw, value after value.
class Checksum {
 public:
  void Add(std::string_view bytes) {
    for (const char c : bytes) value_ = (value_ ^ static_cast<uint8_t>(c)) * kPrime;
    value_ = (value_ ^ 0xff) * kPrime;  // where a value ends
  }
  uint64_t value() const { return value_; }

 private:
  static constexpr uint64_t kPrime = 0x100000001b3;
  uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace quire::bench
