// AppendJsonb of jsonb.h.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "engine/base/bytes.h"
#include "engine/store/jsonb.h"
#include "engine/store/jsonb_form.h"
#include "engine/store/scalar_text.h"

namespace quire {
namespace {

class JsonbEncoder {
 public:
  explicit JsonbEncoder(ByteBuffer* out) : out_(out), origin_(out->size()) {}

  absl::Status Run(ValueView value) {
    if (value.is_container()) {
      Value(value);
    } else {
      Table table = Begin(jsonb::kScalar | jsonb::kArray | 1, 1);
      Add(&table, Value(value));
    }
    if (too_large_) {
      return absl::OutOfRangeError(absl::StrCat("jsonb of at least ", out_->size() - origin_,
                                                " bytes exceeds the limit of ",
                                                jsonb::kLengthMask + 0, " bytes of jsonb"));
    }
    return absl::OkStatus();
  }

 private:
  // The entries of a container that is being written.
  struct Table {
    size_t container;  // where its padding begins in out_
    size_t entries;    // where its entries begin
    uint32_t i = 0;
    uint32_t data_size = 0;
  };

  // All of these append and return the entry: type and length, padding included.

  uint32_t Value(ValueView value) {
    switch (value.type()) {
      case ValueType::kNull:
        return jsonb::kNull;
      case ValueType::kBool:
        return value.AsBool() ? jsonb::kTrue : jsonb::kFalse;
      case ValueType::kInt64:
        return Integer(value.AsInt64());
      case ValueType::kDecimal:
        if (value.tag() == ValueTag::kDecimal) {
          return Coefficient(value.DecimalCoefficient(), value.DecimalExponent(),
                             value.DecimalDisplayScale());
        }
        return FromDecimal(value.AsDecimal());
      case ValueType::kString:
        return String(value.AsString());
      case ValueType::kFloat64:
        if (std::isfinite(value.AsDouble())) return FromDecimal(value.AsDecimal());
        [[fallthrough]];
      case ValueType::kBytes:
      case ValueType::kTimestamp:
      case ValueType::kUuid:
        text_.clear();
        AppendScalarText(value, &text_);
        return String(text_);
      case ValueType::kId:
        return Id(value);
      case ValueType::kArray:
        return Array(value);
      case ValueType::kObject:
        break;
    }
    return Object(value);
  }

  uint32_t Array(ValueView value) {
    const uint32_t count = value.count();
    Table table = Begin(jsonb::kArray | count, count);
    for (uint32_t i = 0; i < count; ++i) Add(&table, Value(value.Element(i)));
    return End(table);
  }

  uint32_t Object(ValueView value) {
    const ValueView::Fields fields(value);
    Table table = Begin(jsonb::kObject | fields.count, size_t{fields.count} * 2);
    // Names stand in the order and in the form that jsonb wants.
    out_->Append({fields.names, static_cast<size_t>(fields.values - fields.names)});
    for (uint32_t i = 0; i < fields.count; ++i) {
      Add(&table, jsonb::kString | static_cast<uint32_t>(fields.Name(i).size()));
    }
    for (uint32_t i = 0; i < fields.count; ++i) Add(&table, Value(fields.Value(i)));
    return End(table);
  }

  uint32_t Id(ValueView value) {
    Table table = Begin(jsonb::kObject | 2, 4);
    Add(&table, String("$id"));
    Add(&table, String("$ref"));
    Add(&table, Value(value.IdValue()));
    Add(&table, String(value.IdCollection()));
    return End(table);
  }

  Table Begin(uint32_t header, size_t entries) {
    Table table;
    table.container = out_->size();
    Pad();
    Store(out_->Extend(4), header);
    table.entries = out_->size();
    out_->Extend(entries * 4);
    return table;
  }

  void Add(Table* table, uint32_t entry) {
    table->data_size += entry & jsonb::kLengthMask;
    if (table->data_size > jsonb::kLengthMask) [[unlikely]] {
      too_large_ = true;
      table->data_size = 0;
    }
    if (table->i % jsonb::kEndStride == 0) {
      entry = (entry & jsonb::kTypeMask) | jsonb::kHasEnd | table->data_size;
    }
    Store(out_->data() + table->entries + size_t{table->i} * 4, entry);
    ++table->i;
  }

  uint32_t End(const Table& table) { return Entry(jsonb::kContainer, table.container); }

  uint32_t String(std::string_view text) {
    const size_t begin = out_->size();
    out_->Append(text);
    return Entry(jsonb::kString, begin);
  }

  // The entry of what has been appended since `begin`.
  uint32_t Entry(uint32_t type, size_t begin) {
    const size_t size = out_->size() - begin;
    if (size > jsonb::kLengthMask) [[unlikely]] {
      too_large_ = true;
      return type;
    }
    return type | static_cast<uint32_t>(size);
  }

  void Pad() {
    const size_t padding = (origin_ - out_->size()) & (jsonb::kAlignment - 1);
    if (padding != 0) std::memset(out_->Extend(padding), 0, padding);
  }

  uint32_t Integer(int64_t value) { return Coefficient(value, 0, 0); }

  // coefficient * 10^exponent, exponent from -128 to 127.
  uint32_t Coefficient(int64_t coefficient, int exponent, int display_scale) {
    constexpr uint32_t kPowers[] = {1, 10, 100, 1000};
    const int lowest_weight = (exponent + 128) / 4 - 32;
    const uint32_t factor = kPowers[(exponent + 128) % 4];
    uint64_t rest = coefficient < 0 ? 0 - static_cast<uint64_t>(coefficient)
                                    : static_cast<uint64_t>(coefficient);
    uint16_t digits[8];
    uint16_t* begin = digits + 8;
    uint64_t scaled;
    if (__builtin_mul_overflow(rest, factor, &scaled)) {
      // Split off the lowest digit, so that the rest fits again.
      const unsigned __int128 wide = static_cast<unsigned __int128>(rest) * factor;
      *--begin = static_cast<uint16_t>(wide % 10'000);
      rest = static_cast<uint64_t>(wide / 10'000);
    } else {
      rest = scaled;
    }
    for (; rest != 0; rest /= 10'000) *--begin = static_cast<uint16_t>(rest % 10'000);
    const auto count = static_cast<int>(digits + 8 - begin);
    const int weight = lowest_weight + count - 1;
    const uint16_t* end = digits + 8;
    while (end > begin && end[-1] == 0) --end;
    return Numeric(coefficient < 0, weight, display_scale,
                   absl::MakeConstSpan(begin, static_cast<size_t>(end - begin)));
  }

  uint32_t FromDecimal(const Decimal& value) {
    return Numeric(value.negative(), value.weight(), value.display_scale(), value.digits());
  }

  // REQUIRES: no zeros at the ends of `digits`.
  uint32_t Numeric(bool negative, int weight, int display_scale,
                   absl::Span<const uint16_t> digits) {
    const size_t begin = out_->size();
    Pad();
    if (digits.empty()) weight = 0;
    const bool small = display_scale <= jsonb::kShortScaleMax && weight >= jsonb::kShortWeightMin &&
                       weight <= jsonb::kShortWeightMax;
    const size_t size = (small ? 6 : 8) + digits.size() * 2;
    char* at = out_->Extend(size);
    Store(at, static_cast<uint32_t>(size << 2));
    if (small) {
      const int header = jsonb::kShort | (negative ? jsonb::kShortNegative : 0) |
                         display_scale << jsonb::kShortScaleShift |
                         (weight < 0 ? jsonb::kShortWeightNegative : 0) |
                         (weight & jsonb::kShortWeightMask);
      Store(at + 4, static_cast<uint16_t>(header));
      at += 6;
    } else {
      Store(at + 4, static_cast<uint16_t>((negative ? jsonb::kLongNegative : 0) | display_scale));
      Store(at + 6, static_cast<int16_t>(weight));
      at += 8;
    }
    for (size_t i = 0; i < digits.size(); ++i) Store(at + i * 2, digits[i]);
    return Entry(jsonb::kNumeric, begin);
  }

  ByteBuffer* out_;
  const size_t origin_;
  bool too_large_ = false;
  std::string text_;
};

}  // namespace

absl::Status AppendJsonb(ValueView value, ByteBuffer* out) {
  return JsonbEncoder(out).Run(value);
}

absl::Status AppendJsonb(ValueView value, std::string* out) {
  ByteBuffer buffer;
  absl::Status status = AppendJsonb(value, &buffer);
  if (status.ok()) out->append(buffer.view());
  return status;
}

}  // namespace quire
