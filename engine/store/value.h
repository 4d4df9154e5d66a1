// One value inside a document, read where it stands: no decoding, no allocation.
// Any thread; a view is 16 bytes, copied freely, and lives as long as the document's bytes, which
// must not change meanwhile. The bytes are trusted: they come from a DocumentBuilder or have passed
// ValidateDocument, and every accessor then stays in bounds. The layout is specified in document.h.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

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

// Equality of names without a call: names are short, and a hinted lookup does little else.
inline bool EqualBytes(const char* a, const char* b, size_t n) {
  if (n >= 8) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
      if (Load<uint64_t>(a + i) != Load<uint64_t>(b + i)) return false;
    }
    return Load<uint64_t>(a + n - 8) == Load<uint64_t>(b + n - 8);
  }
  if (n >= 4) {
    return Load<uint32_t>(a) == Load<uint32_t>(b) &&
           Load<uint32_t>(a + n - 4) == Load<uint32_t>(b + n - 4);
  }
  return n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
}

class ValueView {
 public:
  // A null that belongs to no document.
  ValueView() = default;
  // REQUIRES: `payload` lies inside trusted document bytes and is a payload of that tag.
  ValueView(ValueTag tag, const char* payload, uint32_t size)
      : payload_(payload), size_(size), tag_(static_cast<uint32_t>(tag)) {}

  ValueType type() const {
    constexpr uint8_t kTypes[kValueTagMax + 1] = {0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10, 11};
    return static_cast<ValueType>(kTypes[tag_]);
  }
  ValueTag tag() const { return static_cast<ValueTag>(tag_); }
  std::string_view payload() const { return {payload_, size_}; }

  bool is_null() const { return tag() == ValueTag::kNull; }
  bool is_number() const { return tag() >= ValueTag::kInt64 && tag() <= ValueTag::kLargeDecimal; }
  bool is_container() const { return tag() >= ValueTag::kId; }

  // REQUIRES for each: the value is of that type.
  bool AsBool() const { return tag() == ValueTag::kTrue; }
  int64_t AsInt64() const {
    QUIRE_ASSERT(tag() == ValueTag::kInt64);
    return LoadShortened(payload_ + size_, size_);
  }
  std::string_view AsString() const {
    QUIRE_ASSERT(tag() == ValueTag::kString);
    return payload();
  }
  std::string_view AsBytes() const {
    QUIRE_ASSERT(tag() == ValueTag::kBytes);
    return payload();
  }
  // Microseconds since 2000-01-01 00:00 UTC, as the server's timestamptz.
  int64_t AsTimestamp() const {
    QUIRE_ASSERT(tag() == ValueTag::kTimestamp);
    return Load<int64_t>(payload_);
  }
  // 16 bytes.
  std::string_view AsUuid() const {
    QUIRE_ASSERT(tag() == ValueTag::kUuid);
    return payload();
  }
  // Any number type: the nearest double.
  double AsDouble() const;
  // Any number type, a float64 as its shortest decimal.
  Decimal AsDecimal() const;
  // A small decimal (tag kDecimal) without going through Decimal: coefficient * 10^exponent.
  int64_t DecimalCoefficient() const {
    QUIRE_ASSERT(tag() == ValueTag::kDecimal);
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
    return LoadEnd(payload_ + 1, 0, FirstWidthLog());
  }
  // The i-th value of an array or an id.
  ValueView ItemAt(uint32_t i) const;
  // REQUIRES for each: i < count().
  ValueView Element(uint32_t i) const {
    QUIRE_ASSERT(tag() == ValueTag::kArray);
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
      const uint32_t begin = i == 0 ? 0 : LoadEnd(name_ends, i - 1, name_width_log);
      return {names + begin, LoadEnd(name_ends, i, name_width_log) - begin};
    }
    ValueView Value(uint32_t i) const {
      const uint32_t begin = i == 0 ? 0 : LoadEnd(value_ends, i - 1, value_width_log);
      return {static_cast<ValueTag>(tags[i]), values + begin,
              LoadEnd(value_ends, i, value_width_log) - begin};
    }
    uint32_t count;
    uint32_t name_width_log;
    uint32_t value_width_log;
    const char* name_ends;
    const char* value_ends;
    const char* tags;
    const char* names;
    const char* values;
  };

 private:
  // The i-th number of 1 << `width_log` bytes at `ends`. Reads the four bytes that *end* with the
  // number, so that no width needs a branch; the format puts at least three bytes before every such
  // table.
  static uint32_t LoadEnd(const char* ends, uint32_t i, uint32_t width_log) {
    return Load<uint32_t>(ends + ((size_t{i} + 1) << width_log) - 4) >> (32 - (8 << width_log));
  }
  // The signed number of 1 to 8 bytes that ends at `end`; the format puts enough bytes before it.
  static int64_t LoadShortened(const char* end, uint32_t size) {
    return Load<int64_t>(end - 8) >> (64 - 8 * size);
  }
  uint32_t FirstWidthLog() const { return payload_[0] & 3; }
  bool FindAt(std::string_view name, uint32_t slot, ValueView* out) const;
  bool Search(std::string_view name, ValueView* out, uint32_t* slot_hint) const;

  const char* payload_ = nullptr;
  uint32_t size_ = 0;
  // As a whole word: g++ copies a struct that ends in a byte in overlapping pieces, which costs 12
  // ns where it was just written.
  uint32_t tag_ = 0;
};
static_assert(sizeof(ValueView) == 16 && std::is_trivially_copyable_v<ValueView>);

inline ValueView::Fields::Fields(const ValueView& object) {
  QUIRE_ASSERT(object.tag() == ValueTag::kObject);
  name_width_log = object.FirstWidthLog();
  value_width_log = object.payload_[0] >> 2 & 3;
  count = object.count();
  name_ends = object.payload_ + 1 + (size_t{1} << name_width_log);
  value_ends = name_ends + (size_t{count} << name_width_log);
  tags = value_ends + (size_t{count} << value_width_log);
  names = tags + count;
  values = names + (count == 0 ? 0 : LoadEnd(name_ends, count - 1, name_width_log));
}

inline ValueView ValueView::ItemAt(uint32_t i) const {
  QUIRE_ASSERT(i < count());
  const uint32_t width_log = FirstWidthLog();
  const uint32_t n = count();
  const char* ends = payload_ + 1 + (size_t{1} << width_log);
  const char* tags = ends + (size_t{n} << width_log);
  const uint32_t begin = i == 0 ? 0 : LoadEnd(ends, i - 1, width_log);
  return {static_cast<ValueTag>(tags[i]), tags + n + begin, LoadEnd(ends, i, width_log) - begin};
}

// Inline, so that a scan pays for nothing but the comparison of one name.
inline bool ValueView::FindAt(std::string_view name, uint32_t slot, ValueView* out) const {
  const Fields fields(*this);
  if (slot >= fields.count) return false;
  const std::string_view met = fields.Name(slot);
  if (met.size() != name.size() || !EqualBytes(met.data(), name.data(), name.size())) return false;
  *out = fields.Value(slot);
  return true;
}

inline bool ValueView::Find(std::string_view name, ValueView* out, uint32_t* slot_hint) const {
  if (tag() != ValueTag::kObject) return false;
  if (slot_hint != nullptr && FindAt(name, *slot_hint, out)) return true;
  return Search(name, out, slot_hint);
}

}  // namespace quire
