// A growable run of bytes that does not clear what it is about to overwrite, and keeps its memory
// from one document to the next. One owner, one thread at a time.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "engine/base/check.h"

namespace quire {

class ByteBuffer {
 public:
  ByteBuffer() = default;
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;

  void Clear() { size_ = 0; }
  // Makes room for `n` bytes after the end, without counting them in. Pointers into the buffer are
  // void afterwards.
  void Reserve(size_t n) {
    if (capacity_ - size_ < n) [[unlikely]] {
      Grow(n);
    }
  }
  // Counts `n` more bytes in and returns where they start; their content is undefined.
  char* Extend(size_t n) {
    Reserve(n);
    char* at = data_.get() + size_;
    size_ += n;
    return at;
  }
  void Append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(Extend(bytes.size()), bytes.data(), bytes.size());
  }
  void Truncate(size_t n) {
    QUIRE_ASSERT(n <= size_);
    size_ = n;
  }
  // Gives memory back when one large document left more than `bytes` behind.
  // REQUIRES: the buffer is empty.
  void ShrinkTo(size_t bytes) {
    QUIRE_ASSERT(size_ == 0);
    if (capacity_ <= bytes) return;
    data_.reset();
    capacity_ = 0;
  }

  char* data() { return data_.get(); }
  const char* data() const { return data_.get(); }
  size_t size() const { return size_; }
  std::string_view view() const { return {data_.get(), size_}; }

 private:
  void Grow(size_t n) {
    size_t capacity = capacity_ < 256 ? 512 : capacity_ * 2;
    if (capacity < size_ + n) capacity = size_ + n;
    auto data = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ != 0) std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace quire
