// One value inside a document, read where it stands: no decoding, no allocation.
// Any thread; a view is 16 bytes, copied freely, and lives as long as the document's bytes, which
// must not change meanwhile. The bytes are trusted: they come from a DocumentBuilder or have passed
// ValidateDocument, and every accessor then stays in bounds. The layout is specified in document.h.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "engine/base/decimal.h"

namespace quire {

// What a value is, in the order in which values of different types sort (the number types are one).
enum class ValueType : uint8_t {
  kNull,
  kBool,
  kInt64,
  kFloat64,
  kDecimal,
  kString,
  kBytes,
  kTimestamp,
  kUuid,
  kId,
  kArray,
  kObject,
};

// The byte by which the format names a value's form: truth values have no payload, and a decimal
// has two forms. Stored, so numbers never change meaning.
enum class ValueTag : uint8_t {
  kNull = 0,
  kFalse = 1,
  kTrue = 2,
  kInt64 = 3,
  kFloat64 = 4,
  kDecimal = 5,
  kLargeDecimal = 6,
  kString = 7,
  kBytes = 8,
  kTimestamp = 9,
  kUuid = 10,
  kId = 11,
  kArray = 12,
  kObject = 13,
};
inline constexpr uint8_t kValueTagMax = 13;

// "null", "boolean", "number", …: for messages.
std::string_view TypeName(ValueType type);

// Order of field names, jsonb's own: length first, then bytes.
inline int CompareNames(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.empty() ? 0 : std::memcmp(a.data(), b.data(), a.size());
}

class ValueView {
 public:
  // A null that belongs to no document.
  ValueView() = default;
  // REQUIRES: `payload` lies inside trusted document bytes and is a payload of that tag.
  ValueView(ValueTag tag, const char* payload, uint32_t size)
      : payload_(payload), size_(size), tag_(tag) {}

  ValueType type() const {
    constexpr uint8_t kTypes[kValueTagMax + 1] = {0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10, 11};
    return static_cast<ValueType>(kTypes[static_cast<uint8_t>(tag_)]);
  }
  ValueTag tag() const { return tag_; }
  std::string_view payload() const { return {payload_, size_}; }

  bool is_null() const { return tag_ == ValueTag::kNull; }
  bool is_number() const { return tag_ >= ValueTag::kInt64 && tag_ <= ValueTag::kLargeDecimal; }
  bool is_container() const { return tag_ >= ValueTag::kId; }

  // REQUIRES for each: the value is of that type.
  bool AsBool() const { return tag_ == ValueTag::kTrue; }
  int64_t AsInt64() const {
    QUIRE_ASSERT(tag_ == ValueTag::kInt64);
    return LoadShortened(payload_ + size_, size_);
  }
  std::string_view AsString() const {
    QUIRE_ASSERT(tag_ == ValueTag::kString);
    return payload();
  }
  std::string_view AsBytes() const {
    QUIRE_ASSERT(tag_ == ValueTag::kBytes);
    return payload();
  }
  // Microseconds since 2000-01-01 00:00 UTC, as the server's timestamptz.
  int64_t AsTimestamp() const {
    QUIRE_ASSERT(tag_ == ValueTag::kTimestamp);
    return Load<int64_t>(payload_);
  }
  // 16 bytes.
  std::string_view AsUuid() const {
    QUIRE_ASSERT(tag_ == ValueTag::kUuid);
    return payload();
  }
  // Any number type: the nearest double.
  double AsDouble() const;
  // Any number type, a float64 as its shortest decimal.
  Decimal AsDecimal() const;
  // A small decimal (tag kDecimal) without going through Decimal: coefficient * 10^exponent.
  int64_t DecimalCoefficient() const {
    QUIRE_ASSERT(tag_ == ValueTag::kDecimal);
    return LoadShortened(payload_ + size_, size_ - 2);
  }
  int DecimalExponent() const { return static_cast<int8_t>(payload_[0]); }
  int DecimalDisplayScale() const { return static_cast<uint8_t>(payload_[1]); }

  // A reference: the collection's name, and the `_id` in it.
  std::string_view IdCollection() const { return ItemAt(0).AsString(); }
  ValueView IdValue() const { return ItemAt(1); }

  // Elements of an array, fields of an object.
  uint32_t count() const {
    QUIRE_ASSERT(is_container());
    return LoadEnd(payload_ + 1, 0, FirstWidth());
  }
  // The i-th value of an array or an id.
  ValueView ItemAt(uint32_t i) const;
  // REQUIRES for each: i < count().
  ValueView Element(uint32_t i) const {
    QUIRE_ASSERT(tag_ == ValueTag::kArray);
    return ItemAt(i);
  }
  std::string_view FieldName(uint32_t i) const { return Fields(*this).Name(i); }
  ValueView FieldValue(uint32_t i) const { return Fields(*this).Value(i); }

  // The field of that name. `slot_hint`, when given, remembers between documents of one scan where
  // the name stood (or would stand): a right guess, of presence or of absence, saves the binary
  // search. Any number in it is safe; start with 0.
  bool Find(std::string_view name, ValueView* out, uint32_t* slot_hint = nullptr) const;

  // Where the parts of an object lie; made once, it serves many fields.
  struct Fields {
    explicit Fields(const ValueView& object);
    std::string_view Name(uint32_t i) const {
      const uint32_t begin = i == 0 ? 0 : LoadEnd(name_ends, i - 1, name_width);
      return {names + begin, LoadEnd(name_ends, i, name_width) - begin};
    }
    ValueView Value(uint32_t i) const {
      const uint32_t begin = i == 0 ? 0 : LoadEnd(value_ends, i - 1, value_width);
      return {static_cast<ValueTag>(tags[i]), values + begin,
              LoadEnd(value_ends, i, value_width) - begin};
    }
    uint32_t count;
    uint32_t name_width;
    uint32_t value_width;
    const char* name_ends;
    const char* value_ends;
    const char* tags;
    const char* names;
    const char* values;
  };

 private:
  // The i-th number of `width` bytes at `ends`. Reads the four bytes that *end* with the number, so
  // that no width needs a branch; the format puts at least three bytes before every such table.
  static uint32_t LoadEnd(const char* ends, uint32_t i, uint32_t width) {
    return Load<uint32_t>(ends + (size_t{i} + 1) * width - 4) >> (32 - 8 * width);
  }
  // The signed number of 1 to 8 bytes that ends at `end`; the format puts enough bytes before it.
  static int64_t LoadShortened(const char* end, uint32_t size) {
    return Load<int64_t>(end - 8) >> (64 - 8 * size);
  }
  uint32_t FirstWidth() const { return 1u << (payload_[0] & 3); }

  const char* payload_ = nullptr;
  uint32_t size_ = 0;
  ValueTag tag_ = ValueTag::kNull;
};

inline ValueView::Fields::Fields(const ValueView& object) {
  QUIRE_ASSERT(object.tag_ == ValueTag::kObject);
  name_width = object.FirstWidth();
  value_width = 1u << (object.payload_[0] >> 2 & 3);
  count = object.count();
  name_ends = object.payload_ + 1 + name_width;
  value_ends = name_ends + size_t{count} * name_width;
  tags = value_ends + size_t{count} * value_width;
  names = tags + count;
  values = names + (count == 0 ? 0 : LoadEnd(name_ends, count - 1, name_width));
}

inline ValueView ValueView::ItemAt(uint32_t i) const {
  QUIRE_ASSERT(i < count());
  const uint32_t width = FirstWidth();
  const uint32_t n = count();
  const char* ends = payload_ + 1 + width;
  const char* tags = ends + size_t{n} * width;
  const uint32_t begin = i == 0 ? 0 : LoadEnd(ends, i - 1, width);
  return {static_cast<ValueTag>(tags[i]), tags + n + begin, LoadEnd(ends, i, width) - begin};
}

}  // namespace quire
