// Loads and stores of integers at any address, and a reader that never leaves its bytes.
// Any thread. Everything on disk and in the server's WAL is little-endian; keys are big-endian so
// that memcmp orders them.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace quire {

static_assert(std::endian::native == std::endian::little, "formats are written in native order");

template <typename T>
requires std::is_trivially_copyable_v<T>
inline T Load(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T>
requires std::is_trivially_copyable_v<T>
inline void Store(void* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

inline uint64_t LoadBigEndian64(const void* from) {
  return __builtin_bswap64(Load<uint64_t>(from));
}
inline void StoreBigEndian64(void* to, uint64_t value) {
  Store(to, __builtin_bswap64(value));
}
inline uint32_t LoadBigEndian32(const void* from) {
  return __builtin_bswap32(Load<uint32_t>(from));
}
inline void StoreBigEndian32(void* to, uint32_t value) {
  Store(to, __builtin_bswap32(value));
}

// Rounds `n` up to a multiple of `alignment`, a power of two.
constexpr uint64_t AlignUp(uint64_t n, uint64_t alignment) {
  return (n + alignment - 1) & ~(alignment - 1);
}

// Reads values front to back from bytes that may be hostile. A read past the end returns false and
// leaves the reader where it was.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  [[nodiscard]] bool Read(T* value) {
    if (rest_.size() < sizeof(T)) return false;
    *value = Load<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return true;
  }
  [[nodiscard]] bool ReadBytes(size_t n, std::string_view* bytes) {
    if (rest_.size() < n) return false;
    *bytes = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return true;
  }
  std::string_view rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace quire
