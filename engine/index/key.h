// Keys: any sequence of values as bytes that memcmp orders as the values are ordered, and back.
// Any thread; a writer and a reader belong to one owner.
//
// A key is the encodings of its values one after the other. No encoding is the beginning of another
// one, so keys of several values order by the first, then the second, … A value is a type byte and
//
//   00         end of an array or object
//   05 null    nothing
//   08, 09     false, true: nothing
//   10 number  the largest double that is not above it, 8 bytes big-endian, all bits inverted when
//              negative, else the sign bit set (zero has no sign; there is one NaN, the highest);
//              then 00 when that double is the number, or 01 and the digits: the decimal's weight +
//              32768, each digit (base 10,000) + 1, a 0, in 2 bytes big-endian each, all bits
//              inverted when negative
//   18 string  the bytes, 00 written as 00 FF; then 00
//   20 bytes   as a string
//   28 timestamp  microseconds, 8 bytes big-endian, sign bit inverted
//   30 uuid    16 bytes
//   38 id      the collection as a string without type byte; the value of the `_id`
//   40 array   the elements; 00
//   48 object  for each field 01, its name as a string without type byte, its value; then 00
//
// Equal numbers have one encoding whatever their type: 1, 1.0 and 1.00 are one key, so what is read
// back is the number, not how it was written. Integers to 2^53 take ten bytes. FF begins no value:
// a 00 in a string and the 00 that ends it are told apart by what follows.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "engine/base/decimal.h"

namespace quire {

// The longest key of a tree: longer `_id`s are refused, longer keys of secondary indexes cut.
inline constexpr size_t kKeyBytesMax = 1024;

enum class KeyTag : uint8_t {
  kEnd = 0x00,
  kField = 0x01,
  kNull = 0x05,
  kFalse = 0x08,
  kTrue = 0x09,
  kNumber = 0x10,
  kString = 0x18,
  kBytes = 0x20,
  kTimestamp = 0x28,
  kUuid = 0x30,
  kId = 0x38,
  kArray = 0x40,
  kObject = 0x48,
};

// Encodes into memory of its own, of the size of the longest key: nothing is allocated. What goes
// beyond is counted and dropped.
class KeyWriter {
 public:
  KeyWriter() = default;
  KeyWriter(const KeyWriter&) = delete;
  KeyWriter& operator=(const KeyWriter&) = delete;

  void Clear() { size_ = 0; }

  void Null() { PutByte(KeyTag::kNull); }
  void Bool(bool value) { PutByte(value ? KeyTag::kTrue : KeyTag::kFalse); }
  void Int64(int64_t value);
  void Double(double value);
  void Decimal(const class Decimal& value);
  // coefficient * 10^exponent.
  void Decimal(int64_t coefficient, int exponent);
  void String(std::string_view value) {
    PutByte(KeyTag::kString);
    PutEscaped(value);
  }
  void Bytes(std::string_view value) {
    PutByte(KeyTag::kBytes);
    PutEscaped(value);
  }
  // Microseconds since 2000-01-01 UTC.
  void Timestamp(int64_t microseconds);
  // REQUIRES: 16 bytes.
  void Uuid(std::string_view value) {
    QUIRE_ASSERT(value.size() == 16);
    PutByte(KeyTag::kUuid);
    Put(value.data(), value.size());
  }
  // Followed by exactly one value, that of the `_id`.
  void BeginId(std::string_view collection) {
    PutByte(KeyTag::kId);
    PutEscaped(collection);
  }
  void BeginArray() { PutByte(KeyTag::kArray); }
  void BeginObject() { PutByte(KeyTag::kObject); }
  // Followed by the field's value. Names come in the order in which objects store them.
  void Field(std::string_view name) {
    PutByte(KeyTag::kField);
    PutEscaped(name);
  }
  // Of an array or object.
  void End() { PutByte(KeyTag::kEnd); }
  // A value that is encoded already.
  void Encoded(std::string_view bytes) { Put(bytes.data(), bytes.size()); }

  // Inverts the bits of what was written from `begin` (an earlier bytes()) on, for a part of the
  // key that sorts downward.
  void Invert(uint64_t begin);

  // The key, as far as it fits. Valid until the next call.
  std::string_view view() const {
    return {bytes_, size_ < kKeyBytesMax ? static_cast<size_t>(size_) : kKeyBytesMax};
  }
  // Its true length.
  uint64_t bytes() const { return size_; }
  bool fits() const { return size_ <= kKeyBytesMax; }

 private:
  void Put(const void* bytes, size_t n) {
    if (size_ + n <= kKeyBytesMax) [[likely]] {
      std::memcpy(bytes_ + size_, bytes, n);
    } else if (size_ < kKeyBytesMax) {
      std::memcpy(bytes_ + size_, bytes, kKeyBytesMax - size_);
    }
    size_ += n;
  }
  void PutByte(KeyTag tag) { Put(&tag, 1); }
  void PutEscaped(std::string_view value) {
    if (!value.empty()) {
      if (std::memchr(value.data(), 0, value.size()) != nullptr) [[unlikely]] {
        PutZeros(&value);
      }
      Put(value.data(), value.size());
    }
    PutByte(KeyTag::kEnd);
  }
  // Writes as far as the last zero byte.
  void PutZeros(std::string_view* value);
  // Digits follow unless the number is its floor.
  void PutNumber(double floor, const class Decimal* digits);
  void PutDecimal(const class Decimal& value);

  uint64_t size_ = 0;
  char bytes_[kKeyBytesMax];
};

// Takes a key apart, item by item. The bytes may be hostile: whatever KeyWriter cannot have written
// is kMalformed, and stays so.
class KeyReader {
 public:
  enum class Item : uint8_t {
    kMalformed,
    kDone,  // the end of the key, between two values
    kNull,
    kBool,       // boolean()
    kInt64,      // int64(): a number with an integral value in range
    kDouble,     // number(): any other that a double holds exactly
    kDecimal,    // decimal(): any other
    kString,     // text()
    kBytes,      // text()
    kTimestamp,  // int64()
    kUuid,       // text(), 16 bytes
    kBeginId,    // text() is the collection; then the value; then kEndId
    kEndId,
    kBeginArray,
    kEndArray,
    kBeginObject,
    kField,  // text() is the name; then the value
    kEndObject,
  };
  // Containers and ids inside one another; every level takes a byte at least.
  static constexpr uint32_t kDepthMax = kKeyBytesMax;

  // REQUIRES: the bytes outlive the reader.
  explicit KeyReader(std::string_view key) : rest_(key) {}

  Item Next();
  // What is not read yet.
  std::string_view rest() const { return rest_; }

  // REQUIRES for each: the last item was of such a kind. Valid until the next call.
  bool boolean() const { return int64_ != 0; }
  int64_t int64() const { return int64_; }
  double number() const { return number_; }
  const Decimal& decimal() const { return decimal_; }
  std::string_view text() const { return text_; }

 private:
  enum class Frame : uint8_t { kArray, kObject, kFieldValue, kIdValue, kIdEnd };

  Item Fail() {
    failed_ = true;
    return Item::kMalformed;
  }
  Item Value(KeyTag tag);
  Item Number();
  bool Digits(bool negative);
  bool Escaped();
  bool Push(Frame frame);

  std::string_view rest_;
  std::string_view text_;
  int64_t int64_ = 0;
  double number_ = 0;
  Decimal decimal_;
  bool failed_ = false;
  uint32_t depth_ = 0;
  Frame frames_[kDepthMax];
  char unescaped_[kKeyBytesMax];
};

}  // namespace quire
