// JsonbToDocument of jsonb.h. On the path of every document that comes in as jsonb, so it writes
// the document's final bytes in one pass, without going through the builder's values one by one.
#include <algorithm>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/store/document_form.h"
#include "engine/store/jsonb.h"
#include "engine/store/jsonb_form.h"

namespace quire {
namespace {

// Bytes of room that a document needs at most for a jsonb of `size` bytes. Each part takes at most
// twice its bytes there: tables 1 + 4 + 9 for each field against 4 + 8, 1 + 4 + 5 for each element
// against 4 + 4; strings the same; a numeric of n digits 3 + 2n bytes at least against 8 (an
// int64), 10 (small, n > 2), 3 (zero) or 5 + 2n.
constexpr size_t RoomFor(size_t size) {
  return 2 * size + 16;
}

class JsonbDecoder {
 public:
  // `items` is memory to use meanwhile.
  JsonbDecoder(std::string_view jsonb, const DocumentLimits& limits, uint32_t depth,
               ByteBuffer* items)
      : jsonb_(jsonb), limits_(limits.Clamped()), depth_(depth), items_(items) {}

  // Writes the payload of the whole value at `out`; its tag and end, or an end of null after an
  // error.
  char* Run(char* out, ValueTag* tag) {
    if (jsonb_.size() < 4) return Malformed(0, "a container of at least 4 bytes", jsonb_.size());
    if (jsonb_.size() > jsonb::kLengthMask) {
      return Malformed(0, "at most 268435455 bytes", jsonb_.size());
    }
    const auto header = Load<uint32_t>(jsonb_.data());
    const auto size = static_cast<uint32_t>(jsonb_.size());
    if ((header & jsonb::kScalar) == 0) return Container(0, size, depth_ + 1, out, tag);
    if (header != (jsonb::kScalar | jsonb::kArray | 1) || size < 8) {
      return Malformed(0, "a scalar as an array of one", header);
    }
    const auto entry = Load<uint32_t>(jsonb_.data() + 4);
    if ((entry & jsonb::kTypeMask) == jsonb::kContainer) {
      return Malformed(4, "a scalar", entry);
    }
    if ((entry & jsonb::kLengthMask) != size - 8) return Malformed(4, "all bytes left", entry);
    return Value(entry, 8, size - 8, depth_, out, tag);
  }

  absl::Status TakeStatus() { return std::move(status_); }

 private:
  // One value that has been written.
  struct Item {
    uint32_t end;  // counted from the first value of its container
    uint32_t tag;
  };
  // Where the children of a container lie.
  struct Data {
    uint32_t offset;
    uint32_t size;
  };
  struct NumericHead {
    bool negative = false;
    int weight = 0;
    int display_scale = 0;
  };

  char* Malformed(uint64_t offset, const char* expected, uint64_t found) {
    return Fail(absl::DataLossError(absl::StrCat("malformed jsonb: offset ", offset, ": expected ",
                                                 expected, ", found ", found)));
  }
  char* Fail(absl::Status status) {
    status_ = std::move(status);
    return nullptr;
  }

  // A child of `size` bytes, padding included, at `offset`.
  char* Value(uint32_t entry, uint32_t offset, uint32_t size, uint32_t depth, char* out,
              ValueTag* tag) {
    switch (entry & jsonb::kTypeMask) {
      case jsonb::kString:
        *tag = ValueTag::kString;
        CopyString(offset, size, out);
        return out + size;
      case jsonb::kNumeric:
        return Numeric(offset, size, out, tag);
      case jsonb::kContainer: {
        const uint32_t padding = -offset & (jsonb::kAlignment - 1);
        if (size < padding + 4) return Malformed(offset, "a container of at least 4 bytes", size);
        return Container(offset + padding, size - padding, depth + 1, out, tag);
      }
      case jsonb::kFalse:
        *tag = ValueTag::kFalse;
        break;
      case jsonb::kTrue:
        *tag = ValueTag::kTrue;
        break;
      case jsonb::kNull:
        *tag = ValueTag::kNull;
        break;
      default:
        return Malformed(offset, "an entry type from 0 to 5", entry >> 28 & 7);
    }
    if (size != 0) return Malformed(offset, "no bytes of a null or boolean", size);
    return out;
  }

  // A container of `size` bytes at `offset`, which is aligned.
  char* Container(uint32_t offset, uint32_t size, uint32_t depth, char* out, ValueTag* tag) {
    if (depth > limits_.depth_max) return Fail(limits_.DepthError());
    const char* at = jsonb_.data() + offset;
    const auto header = Load<uint32_t>(at);
    const uint32_t count = header & jsonb::kCountMask;
    const uint32_t kind = header & ~jsonb::kCountMask;
    if (kind == jsonb::kArray) {
      if (count > (size - 4) / 4) return Malformed(offset, "entries inside the array", count);
      if (count > limits_.array_length_max) return Fail(limits_.ArrayLengthError(count));
      *tag = ValueTag::kArray;
      return Array(offset + 4, size - 4, count, depth, out);
    }
    if (kind != jsonb::kObject) return Malformed(offset, "an array or an object", header);
    if (count > (size - 4) / 8) return Malformed(offset, "entries inside the object", count);
    if (count > limits_.fields_max) return Fail(limits_.FieldsError(count));
    *tag = ValueTag::kObject;
    return Object(offset + 4, size - 4, count, depth, out);
  }

  // Most strings are short: two words cost less than a call. What is written too much is
  // overwritten next, and RoomFor counts it in.
  void CopyString(uint32_t offset, uint32_t size, char* out) const {
    if (size <= 16 && offset + 16 <= jsonb_.size()) {
      const char* from = jsonb_.data() + offset;
      const auto first = Load<uint64_t>(from);
      const auto second = Load<uint64_t>(from + 8);
      Store(out, first);
      Store(out + 8, second);
    } else {
      std::memcpy(out, jsonb_.data() + offset, size);
    }
  }

  // Where the child whose entry is `entry` ends, when it begins at `begin`; beyond `size` when
  // malformed.
  static uint64_t EndOf(uint32_t entry, uint32_t begin) {
    const uint32_t field = entry & jsonb::kLengthMask;
    if ((entry & jsonb::kHasEnd) == 0) return uint64_t{begin} + field;
    return field < begin ? UINT64_MAX : field;
  }

  char* Array(uint32_t offset, uint32_t size, uint32_t count, uint32_t depth, char* out) {
    const uint32_t data_size = size - count * 4;
    // The width is guessed from what the values take in jsonb, and set right when they are there.
    const uint32_t guess = WidthLog(std::max(count, data_size));
    char* const values = out + 1 + ((size_t{count} + 1) << guess) + count;
    const size_t items = items_->size();
    char* const end = Values(offset, count, 0, {offset + count * 4, data_size}, depth, values);
    if (end == nullptr) return nullptr;
    const auto values_size = static_cast<uint32_t>(end - values);
    const uint32_t log = WidthLog(std::max(count, values_size));
    char* const ends = out + 1 + (size_t{1} << log);
    char* const tags = ends + (size_t{count} << log);
    if (log != guess) std::memmove(tags + count, values, values_size);
    out[0] = static_cast<char>(log);
    StoreEnd(out + 1, 0, log, count);
    StoreTables(items, count, log, ends, tags);
    return tags + count + values_size;
  }

  char* Object(uint32_t offset, uint32_t size, uint32_t count, uint32_t depth, char* out) {
    const Data data{offset + count * 8, size - count * 8};
    uint32_t names_size = 0;
    if (!CheckNames(offset, count, data, &names_size)) return nullptr;
    const uint32_t name_log = WidthLog(std::max(count, names_size));
    const uint32_t guess = WidthLog(data.size - names_size);
    char* const name_ends = out + 1 + (size_t{1} << name_log);
    char* const value_ends = name_ends + (size_t{count} << name_log);
    char* const values = value_ends + (size_t{count} << guess) + count + names_size;
    const size_t items = items_->size();
    char* const end = Values(offset + count * 4, count, names_size, data, depth, values);
    if (end == nullptr) return nullptr;
    const auto values_size = static_cast<uint32_t>(end - values);
    const uint32_t log = WidthLog(values_size);
    char* const tags = value_ends + (size_t{count} << log);
    if (log != guess) std::memmove(tags + count + names_size, values, values_size);
    out[0] = static_cast<char>(name_log | log << 2);
    StoreEnd(out + 1, 0, name_log, count);
    StoreTables(items, count, log, value_ends, tags);
    WithEndType(name_log, [=, this]<typename End>(End) {
      uint32_t end = 0;
      for (uint32_t i = 0; i < count; ++i) {
        end = static_cast<uint32_t>(EndOf(EntryAt(offset, i), end));
        Store(name_ends + i * sizeof(End), static_cast<End>(end));
      }
    });
    std::memcpy(tags + count, jsonb_.data() + data.offset, names_size);
    return tags + count + names_size + values_size;
  }

  // Keys are strings in strictly rising order. Their sizes together are `names_size`.
  bool CheckNames(uint32_t offset, uint32_t count, Data data, uint32_t* names_size) {
    const char* const names = jsonb_.data() + data.offset;
    std::string_view previous;
    uint32_t begin = 0;
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t entry = EntryAt(offset, i);
      const uint64_t end = EndOf(entry, begin);
      if ((entry & jsonb::kTypeMask) != jsonb::kString || end > data.size) {
        Malformed(offset + i * 4, "the entry of a key inside its object", entry);
        return false;
      }
      const std::string_view name(names + begin, static_cast<size_t>(end - begin));
      if (i != 0 && CompareNames(previous, name) >= 0) {
        Malformed(data.offset + begin, "keys in rising order, at key", i);
        return false;
      }
      previous = name;
      begin = static_cast<uint32_t>(end);
    }
    *names_size = begin;
    return true;
  }

  // Writes the payloads of `count` values at `out` and remembers their ends and tags in items_.
  char* Values(uint32_t offset, uint32_t count, uint32_t begin, Data data, uint32_t depth,
               char* out) {
    const size_t items = items_->size();
    items_->Extend(size_t{count} * sizeof(Item));
    char* const values = out;
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t entry = EntryAt(offset, i);
      const uint64_t end = EndOf(entry, begin);
      if (end > data.size) {
        return Malformed(offset + i * 4, "the entry of a value inside its container", entry);
      }
      ValueTag tag;
      out = Value(entry, data.offset + begin, static_cast<uint32_t>(end) - begin, depth, out, &tag);
      if (out == nullptr) return nullptr;
      // Children may have moved the items.
      Store(items_->data() + items + size_t{i} * sizeof(Item),
            Item{static_cast<uint32_t>(out - values), static_cast<uint32_t>(tag)});
      begin = static_cast<uint32_t>(end);
    }
    if (begin != data.size)
      return Malformed(data.offset + begin, "no more bytes", data.size - begin);
    return out;
  }

  // Moves the last `count` items, which begin at `items`, into a container's tables.
  void StoreTables(size_t items, uint32_t count, uint32_t log, char* ends, char* tags) {
    const char* const from = items_->data() + items;
    WithEndType(log, [=]<typename End>(End) {
      for (uint32_t i = 0; i < count; ++i) {
        const Item item = Load<Item>(from + size_t{i} * sizeof(Item));
        Store(ends + i * sizeof(End), static_cast<End>(item.end));
        tags[i] = static_cast<char>(item.tag);
      }
    });
    items_->Truncate(items);
  }

  char* Numeric(uint32_t offset, uint32_t size, char* out, ValueTag* tag) {
    const uint32_t padding = -offset & (jsonb::kAlignment - 1);
    if (size < padding + 3) return Malformed(offset, "a numeric of at least 3 bytes", size);
    offset += padding;
    size -= padding;
    const char* at = jsonb_.data() + offset;
    const bool one_byte_length = (at[0] & 1) != 0;
    const uint32_t length_size = one_byte_length ? 1 : 4;
    if (size < length_size + 2) return Malformed(offset, "a numeric of at least 6 bytes", size);
    const uint32_t length =
        one_byte_length ? static_cast<uint8_t>(at[0]) >> 1 : Load<uint32_t>(at) >> 2;
    if (length != size || (!one_byte_length && (at[0] & 2) != 0)) {
      return Malformed(offset, "the length word of a plain numeric", Load<uint8_t>(at));
    }
    at += length_size;
    size -= length_size;
    const auto header = Load<uint16_t>(at);
    NumericHead head;
    uint32_t header_size = 2;
    switch (header & jsonb::kFormMask) {
      case jsonb::kShort:
        head.negative = (header & jsonb::kShortNegative) != 0;
        head.display_scale = header >> jsonb::kShortScaleShift & jsonb::kShortScaleMax;
        head.weight = header & jsonb::kShortWeightMask;
        if ((header & jsonb::kShortWeightNegative) != 0) head.weight += jsonb::kShortWeightMin;
        break;
      case jsonb::kSpecial:
        return Malformed(offset, "a finite numeric", header);
      default:
        header_size = 4;
        if (size < header_size) return Malformed(offset, "a numeric of at least 8 bytes", size);
        head.negative = (header & jsonb::kFormMask) == jsonb::kLongNegative;
        head.display_scale = header & jsonb::kLongScaleMask;
        head.weight = Load<int16_t>(at + 2);
    }
    if ((size - header_size) % 2 != 0) return Malformed(offset, "whole digits", size);
    return Digits(offset, head, at + header_size, (size - header_size) / 2, out, tag);
  }

  char* Digits(uint32_t offset, const NumericHead& head, const char* digits, uint32_t count,
               char* out, ValueTag* tag) {
    uint32_t size;
    const int lowest_weight = head.weight - static_cast<int>(count) + 1;
    // Sixteen decimal digits at most, which is nearly every number there is.
    if (count <= 4 && count > 0 && lowest_weight >= -4 && head.weight <= 3) {
      uint64_t value = 0;
      uint32_t wrong = 0;
      for (uint32_t i = 0; i < count; ++i) {
        const uint32_t digit = Load<uint16_t>(digits + i * 2);
        wrong |= digit > 9999;
        value = value * 10'000 + digit;
      }
      if (wrong != 0) return Malformed(offset, "digits up to 9999", value);
      int exponent = lowest_weight * 4;
      if (head.display_scale == 0 && lowest_weight >= 0) {
        for (; exponent > 0; exponent -= 4) value *= 10'000;
        *tag = EncodeInt64(Signed(head.negative, value), out, &size);
        return out + size;
      }
      if (value != 0) {
        for (; value % 10 == 0; value /= 10) ++exponent;
        // Without decimals it is an integer after all, in a form that no server writes.
        if (head.display_scale > 0 && head.display_scale >= -exponent &&
            FitsSmallDecimal(exponent, head.display_scale)) {
          *tag = EncodeSmallDecimal(Signed(head.negative, value), exponent, head.display_scale, out,
                                    &size);
          return out + size;
        }
      }
    }
    absl::InlinedVector<uint16_t, 32> loaded(count);
    for (uint32_t i = 0; i < count; ++i) {
      loaded[i] = Load<uint16_t>(digits + i * 2);
      if (loaded[i] > 9999) return Malformed(offset, "digits up to 9999", loaded[i]);
    }
    const Decimal decimal =
        Decimal::FromDigits(head.negative, head.weight, head.display_scale, loaded);
    if (decimal.display_scale() > Decimal::kDisplayScaleMax || decimal.weight() < INT16_MIN) {
      return Malformed(offset, "at most 16383 decimals",
                       static_cast<uint64_t>(decimal.display_scale()));
    }
    *tag = EncodeDecimal(decimal, out, &size);
    return out + size;
  }

  static int64_t Signed(bool negative, uint64_t magnitude) {
    return static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
  }
  uint32_t EntryAt(uint32_t offset, uint32_t i) const {
    return Load<uint32_t>(jsonb_.data() + offset + size_t{i} * 4);
  }

  std::string_view jsonb_;
  DocumentLimits limits_;
  uint32_t depth_;
  absl::Status status_;
  // Items of the containers that are being read, the outermost first.
  ByteBuffer* items_;
};

}  // namespace

absl::Status JsonbToDocument(std::string_view jsonb, const DocumentLimits& limits,
                             DocumentBuilder* builder) {
  QUIRE_RETURN_IF_ERROR(builder->status());
  JsonbDecoder decoder(jsonb, limits, builder->depth(), builder->scratch());
  char* const begin = builder->ReservePayload(RoomFor(jsonb.size()));
  ValueTag tag;
  char* const end = decoder.Run(begin, &tag);
  if (end == nullptr) return decoder.TakeStatus();
  const auto size = static_cast<size_t>(end - begin);
  QUIRE_ASSERT(size <= RoomFor(jsonb.size()));
  if (size > limits.bytes_max) return limits.BytesError(size);
  builder->CommitPayload(tag, static_cast<uint32_t>(size));
  return builder->status();
}

}  // namespace quire
