#include "engine/store/document.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/store/document_form.h"

namespace quire {
namespace {

// ---- validation

// Walks hostile bytes. Every read is preceded by a check of what it reads; the loads of ValueView,
// which also touch bytes before a number, are used only where the check is done.
class Validator {
 public:
  Validator(std::string_view bytes, const DocumentLimits& limits)
      : bytes_(bytes), limits_(limits.Clamped()) {}

  absl::Status Run() {
    if (bytes_.size() < kDocumentHeaderSize) {
      return Malformed(0, "a header of 3 bytes", absl::StrCat(bytes_.size(), " bytes"));
    }
    if (bytes_.size() > limits_.bytes_max) {
      return limits_.BytesError(bytes_.size());
    }
    const auto version = static_cast<uint8_t>(bytes_[0]);
    if (version != kDocumentVersion) {
      return Malformed(0, absl::StrCat("format version ", kDocumentVersion), absl::StrCat(version));
    }
    if (bytes_[2] != 0) return Malformed(2, "zero", absl::StrCat(static_cast<uint8_t>(bytes_[2])));
    return Value(static_cast<uint8_t>(bytes_[1]), bytes_.substr(kDocumentHeaderSize), 0);
  }

 private:
  absl::Status Malformed(uint64_t offset, const std::string& expected,
                         const std::string& found) const {
    return absl::DataLossError(absl::StrCat("malformed document: offset ", offset, ": expected ",
                                            expected, ", found ", found));
  }
  absl::Status Malformed(std::string_view at, const std::string& expected,
                         const std::string& found) const {
    return Malformed(static_cast<uint64_t>(at.data() - bytes_.data()), expected, found);
  }

  absl::Status Size(std::string_view payload, size_t expected, const char* what) const {
    if (payload.size() == expected) return absl::OkStatus();
    return Malformed(payload, absl::StrCat(expected, " bytes of ", what),
                     absl::StrCat(payload.size()));
  }

  absl::Status Value(uint8_t tag, std::string_view payload, uint32_t depth) {
    if (tag > kValueTagMax) {
      return Malformed(payload, absl::StrCat("a tag up to ", kValueTagMax), absl::StrCat(tag));
    }
    switch (static_cast<ValueTag>(tag)) {
      case ValueTag::kNull:
      case ValueTag::kFalse:
      case ValueTag::kTrue:
        return Size(payload, 0, "a null or boolean");
      case ValueTag::kInt64: {
        int64_t value;
        return ShortInteger(payload, depth, &value);
      }
      case ValueTag::kFloat64:
        return Float(payload);
      case ValueTag::kDecimal:
        return SmallDecimal(payload, depth);
      case ValueTag::kLargeDecimal:
        return LargeDecimal(payload);
      case ValueTag::kString:
      case ValueTag::kBytes:
        return absl::OkStatus();
      case ValueTag::kTimestamp:
        return Size(payload, 8, "a timestamp");
      case ValueTag::kUuid:
        return Size(payload, 16, "a uuid");
      case ValueTag::kId:
      case ValueTag::kArray:
        return Array(static_cast<ValueTag>(tag), payload, depth + 1);
      case ValueTag::kObject:
        break;
    }
    return Object(payload, depth + 1);
  }

  absl::Status ShortInteger(std::string_view payload, uint32_t depth, int64_t* value) const {
    if (payload.empty() || payload.size() > 8) {
      return Malformed(payload, "an integer of 1 to 8 bytes", absl::StrCat(payload.size()));
    }
    uint64_t bits = static_cast<int8_t>(payload.back()) < 0 ? ~uint64_t{0} : 0;
    std::memcpy(&bits, payload.data(), payload.size());
    *value = static_cast<int64_t>(bits);
    const size_t expected = depth == 0 ? 8 : ShortenedSize(*value);
    return Size(payload, expected, "an integer");
  }

  absl::Status Float(std::string_view payload) const {
    QUIRE_RETURN_IF_ERROR(Size(payload, 8, "a float64"));
    const auto value = Load<double>(payload.data());
    constexpr uint64_t kNaN = std::bit_cast<uint64_t>(std::numeric_limits<double>::quiet_NaN());
    if (std::isnan(value) && Load<uint64_t>(payload.data()) != kNaN) {
      return Malformed(payload, "the quiet NaN", "another NaN");
    }
    return absl::OkStatus();
  }

  absl::Status SmallDecimal(std::string_view payload, uint32_t depth) const {
    if (payload.size() < 3) {
      return Malformed(payload, "a decimal of at least 3 bytes", absl::StrCat(payload.size()));
    }
    int64_t coefficient;
    QUIRE_RETURN_IF_ERROR(ShortInteger(payload.substr(2), depth, &coefficient));
    const int exponent = static_cast<int8_t>(payload[0]);
    const int display_scale = static_cast<uint8_t>(payload[1]);
    if (coefficient % 10 == 0 && (coefficient != 0 || exponent != 0)) {
      return Malformed(payload, "a coefficient without trailing zeros", absl::StrCat(coefficient));
    }
    if (display_scale < -exponent) {
      return Malformed(payload, absl::StrCat("a display scale of at least ", -exponent),
                       absl::StrCat(display_scale));
    }
    int64_t integer;
    if (display_scale == 0 && ScaleToInt64(coefficient, exponent, &integer)) {
      return Malformed(payload, "an int64", "a decimal");
    }
    return absl::OkStatus();
  }

  absl::Status LargeDecimal(std::string_view payload) const {
    if (payload.size() < kLargeDecimalHeaderSize || payload.size() % 2 == 0) {
      return Malformed(payload, "a large decimal of 5 bytes and 2 for each digit",
                       absl::StrCat(payload.size()));
    }
    if (static_cast<uint8_t>(payload[0]) > 1) {
      return Malformed(payload, "a sign of 0 or 1", absl::StrCat(static_cast<uint8_t>(payload[0])));
    }
    const int display_scale = Load<uint16_t>(payload.data() + 3);
    const size_t n = (payload.size() - kLargeDecimalHeaderSize) / 2;
    const char* digits = payload.data() + kLargeDecimalHeaderSize;
    for (size_t i = 0; i < n; ++i) {
      const auto digit = Load<uint16_t>(digits + i * 2);
      if (digit > 9999) return Malformed(payload, "digits up to 9999", absl::StrCat(digit));
    }
    if (n != 0 && (Load<uint16_t>(digits) == 0 || Load<uint16_t>(digits + (n - 1) * 2) == 0)) {
      return Malformed(payload, "no leading or trailing zero digit", "one");
    }
    if (n == 0 && (payload[0] != 0 || Load<int16_t>(payload.data() + 1) != 0)) {
      return Malformed(payload, "sign and weight 0 of a zero", "others");
    }
    const Decimal decimal =
        ValueView(ValueTag::kLargeDecimal, payload.data(), static_cast<uint32_t>(payload.size()))
            .AsDecimal();
    if (display_scale > Decimal::kDisplayScaleMax || decimal.display_scale() != display_scale) {
      return Malformed(payload, "a display scale that covers the digits, up to 16383",
                       absl::StrCat(display_scale));
    }
    int64_t coefficient;
    int exponent;
    if (decimal.ToCoefficient(&coefficient, &exponent) &&
        (FitsSmallDecimal(exponent, display_scale) ||
         (display_scale == 0 && ScaleToInt64(coefficient, exponent, &coefficient)))) {
      return Malformed(payload, "the smaller form of a decimal", "the large one");
    }
    return absl::OkStatus();
  }

  // Reads a container's count. `header_mask` tells which bits its header may have.
  absl::Status Head(std::string_view payload, uint8_t header_mask, uint32_t* count) const {
    if (payload.size() < 2) {
      return Malformed(payload, "a container of at least 2 bytes", absl::StrCat(payload.size()));
    }
    const auto header = static_cast<uint8_t>(payload[0]);
    if ((header & ~header_mask) != 0 || (header & 3) == 3 || (header >> 2 & 3) == 3) {
      return Malformed(payload, "a container header", absl::StrCat(header));
    }
    const uint32_t width = 1u << (header & 3);
    if (payload.size() < 1 + width) {
      return Malformed(payload, absl::StrCat("a count of ", width, " bytes"),
                       absl::StrCat(payload.size() - 1));
    }
    *count = 0;
    std::memcpy(count, payload.data() + 1, width);
    return absl::OkStatus();
  }

  // Checks that `count` ends rise, and that they are written in the narrowest width.
  absl::Status Ends(std::string_view table, uint32_t count, uint32_t width_log, uint64_t least,
                    uint32_t* last) const {
    uint32_t previous = 0;
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t end = 0;
      std::memcpy(&end, table.data() + (size_t{i} << width_log), size_t{1} << width_log);
      if (end < previous) {
        return Malformed(table, absl::StrCat("an end of at least ", previous), absl::StrCat(end));
      }
      previous = end;
    }
    *last = previous;
    if (WidthLog(std::max<uint64_t>(least, previous)) != width_log) {
      return Malformed(table, "the narrowest offsets", "wider or narrower ones");
    }
    return absl::OkStatus();
  }

  absl::Status Array(ValueTag tag, std::string_view payload, uint32_t depth) {
    if (depth > limits_.depth_max) return limits_.DepthError();
    uint32_t count;
    QUIRE_RETURN_IF_ERROR(Head(payload, 3, &count));
    const uint32_t width_log = payload[0] & 3;
    if (count > limits_.array_length_max) {
      return limits_.ArrayLengthError(count);
    }
    const uint64_t width = uint64_t{1} << width_log;
    const uint64_t tables_end = 1 + width + count * (width + 1);
    if (payload.size() < tables_end) {
      return Malformed(payload, absl::StrCat("tables of ", tables_end, " bytes"),
                       absl::StrCat(payload.size()));
    }
    uint32_t size;
    QUIRE_RETURN_IF_ERROR(Ends(payload.substr(1 + width), count, width_log, count, &size));
    if (payload.size() - tables_end != size) {
      return Malformed(payload, absl::StrCat(size, " bytes of values"),
                       absl::StrCat(payload.size() - tables_end));
    }
    const char* tags = payload.data() + 1 + width + count * width;
    if (tag == ValueTag::kId && (count != 2 || tags[0] != static_cast<char>(ValueTag::kString))) {
      return Malformed(payload, "a collection name and a value", "another array");
    }
    return Values(payload.substr(1 + width), tags, count, width_log, payload.substr(tables_end),
                  depth);
  }

  absl::Status Object(std::string_view payload, uint32_t depth) {
    if (depth > limits_.depth_max) return limits_.DepthError();
    uint32_t count;
    QUIRE_RETURN_IF_ERROR(Head(payload, 15, &count));
    const uint32_t name_width_log = payload[0] & 3;
    const uint32_t value_width_log = payload[0] >> 2 & 3;
    if (count > limits_.fields_max) {
      return limits_.FieldsError(count);
    }
    const uint64_t name_width = uint64_t{1} << name_width_log;
    const uint64_t value_width = uint64_t{1} << value_width_log;
    const uint64_t tables_end = 1 + name_width + count * (name_width + value_width + 1);
    if (payload.size() < tables_end) {
      return Malformed(payload, absl::StrCat("tables of ", tables_end, " bytes"),
                       absl::StrCat(payload.size()));
    }
    const std::string_view name_ends = payload.substr(1 + name_width);
    const std::string_view value_ends = name_ends.substr(count * name_width);
    const char* tags = value_ends.data() + count * value_width;
    uint32_t names_size;
    uint32_t values_size;
    QUIRE_RETURN_IF_ERROR(Ends(name_ends, count, name_width_log, count, &names_size));
    QUIRE_RETURN_IF_ERROR(Ends(value_ends, count, value_width_log, 0, &values_size));
    if (payload.size() - tables_end != uint64_t{names_size} + values_size) {
      return Malformed(
          payload, absl::StrCat(uint64_t{names_size} + values_size, " bytes of names and values"),
          absl::StrCat(payload.size() - tables_end));
    }
    const ValueView::Fields fields(
        ValueView(ValueTag::kObject, payload.data(), static_cast<uint32_t>(payload.size())));
    for (uint32_t i = 1; i < count; ++i) {
      if (CompareNames(fields.Name(i - 1), fields.Name(i)) >= 0) {
        return Malformed(fields.Name(i), "names in rising order", "one that is not");
      }
    }
    return Values(value_ends, tags, count, value_width_log, payload.substr(tables_end + names_size),
                  depth);
  }

  // REQUIRES: the ends have been checked against `values`.
  absl::Status Values(std::string_view ends, const char* tags, uint32_t count, uint32_t width_log,
                      std::string_view values, uint32_t depth) {
    uint32_t begin = 0;
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t end = 0;
      std::memcpy(&end, ends.data() + (size_t{i} << width_log), size_t{1} << width_log);
      QUIRE_RETURN_IF_ERROR(
          Value(static_cast<uint8_t>(tags[i]), values.substr(begin, end - begin), depth));
      begin = end;
    }
    return absl::OkStatus();
  }

  std::string_view bytes_;
  DocumentLimits limits_;
};

}  // namespace

absl::Status ValidateDocument(std::string_view bytes, const DocumentLimits& limits) {
  return Validator(bytes, limits).Run();
}

uint32_t DepthOf(ValueView value) {
  if (!value.is_container()) return 0;
  uint32_t deepest = 0;
  if (value.tag() == ValueTag::kObject) {
    const ValueView::Fields fields(value);
    for (uint32_t i = 0; i < fields.count; ++i) {
      if (static_cast<uint8_t>(fields.tags[i]) < static_cast<uint8_t>(ValueTag::kId)) continue;
      deepest = std::max(deepest, DepthOf(fields.Value(i)));
    }
  } else {
    const uint32_t count = value.count();
    for (uint32_t i = 0; i < count; ++i) deepest = std::max(deepest, DepthOf(value.ItemAt(i)));
  }
  return deepest + 1;
}

}  // namespace quire
