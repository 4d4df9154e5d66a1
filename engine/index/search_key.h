// A key that is searched for: copied to where up to eight bytes after its end are zeros, so that
// words may be loaded anywhere in it. For the tree's own sources only; one owner, on the stack.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "engine/index/key.h"

namespace quire {

class SearchKey {
 public:
  // A scan goes on behind the longest key.
  static constexpr uint32_t kSizeMax = kKeyBytesMax + 1;

  explicit SearchKey(std::string_view key) : size_(static_cast<uint32_t>(key.size())) {
    QUIRE_CHECK(key.size() <= kSizeMax);
    if (!key.empty()) std::memcpy(bytes_, key.data(), key.size());
    Store(bytes_ + size_, uint64_t{0});
  }
  uint32_t size() const { return size_; }
  std::string_view view() const { return {bytes_, size_}; }
  // The word of the zero-padded key that begins at byte `at`.
  uint32_t Word32(uint32_t at) const { return at < size_ ? LoadBigEndian32(bytes_ + at) : 0; }
  uint64_t Word64(uint32_t at) const { return at < size_ ? LoadBigEndian64(bytes_ + at) : 0; }

 private:
  uint32_t size_;
  char bytes_[kSizeMax + 8];
};

}  // namespace quire
