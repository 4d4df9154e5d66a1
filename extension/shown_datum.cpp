#include "extension/shown_datum.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "absl/container/inlined_vector.h"
#include "engine/base/status.h"
#include "engine/store/document.h"
#include "engine/store/jsonb.h"
#include "engine/store/json_text.h"
#include "engine/store/shown_value.h"
#include "extension/door.h"
#include "engine/store/type_modifier.h"

extern "C" {
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/date.h"
#include "utils/numeric.h"
}

namespace quire {

namespace {

// Memory that is kept from row to row; a row that needed more gives the rest back.
constexpr size_t kKeptBytes = 1 << 20;
// A numeric stands in a jsonb of its own behind the container's header and its entry.
constexpr size_t kNumericInJsonb = 8;

ShownDatum ByValue(Datum datum) {
  return ShownDatum{.form = ShownDatum::Form::kByValue, .datum = datum};
}

ShownDatum Placed(size_t offset) {
  return ShownDatum{.form = ShownDatum::Form::kPlaced, .offset = offset};
}

ShownDatum PlaceVarlena(std::string_view bytes, DatumMemory* memory) {
  const size_t offset = memory->Add(VARHDRSZ + bytes.size());
  char* at = memory->At(offset);
  SET_VARSIZE(at, VARHDRSZ + bytes.size());
  if (!bytes.empty()) std::memcpy(at + VARHDRSZ, bytes.data(), bytes.size());
  return Placed(offset);
}

ShownDatum ShowInteger(ValueView value, int64_t min, int64_t max, Datum (*to_datum)(int64_t)) {
  const std::optional<int64_t> integer = ShowInt64(value);
  if (!integer || *integer < min || *integer > max) return {};
  return ByValue(to_datum(*integer));
}

absl::StatusOr<ShownDatum> PlaceNumeric(ValueView number, DatumMemory* memory) {
  const size_t offset = memory->Add(0);
  QUIRE_RETURN_IF_ERROR(AppendJsonb(number, &memory->bytes()));
  return Placed(offset + kNumericInJsonb);
}

absl::StatusOr<ShownDatum> PlaceDecimal(const Decimal& decimal, DatumMemory* memory) {
  if (!decimal.finite()) {
    // A numeric that is not finite is a length and 16 bits.
    uint16_t word = 0xc000;
    if (decimal.kind() == Decimal::Kind::kPositiveInfinity) word = 0xd000;
    if (decimal.kind() == Decimal::Kind::kNegativeInfinity) word = 0xf000;
    return PlaceVarlena({reinterpret_cast<const char*>(&word), sizeof(word)}, memory);
  }
  memory->builder().Clear();
  memory->builder().Decimal(decimal);
  QUIRE_ASSIGN_OR_RETURN(const std::string_view bytes, memory->builder().Finish());
  return PlaceNumeric(RootOf(bytes), memory);
}

absl::StatusOr<ShownDatum> ShowNumeric(ValueView value, int32_t modifier, DatumMemory* memory) {
  const std::optional<NumericModifier> limits = NumericModifierOf(modifier);
  if (!limits && value.is_number() && value.type() != ValueType::kFloat64) {
    return PlaceNumeric(value, memory);
  }
  std::optional<Decimal> decimal = ShowDecimal(value);
  if (decimal && limits) decimal = RoundedTo(*decimal, *limits);
  if (!decimal) return ShownDatum();
  return PlaceDecimal(*decimal, memory);
}

absl::StatusOr<int> CountCharacters(std::string_view text) {
  int characters = 0;
  QUIRE_RETURN_IF_ERROR(CallServer(
      [&] { characters = pg_mbstrlen_with_len(text.data(), static_cast<int>(text.size())); }));
  return characters;
}

absl::StatusOr<ShownDatum> ShowString(ValueView value, const ColumnType& type,
                                      DatumMemory* memory) {
  const std::optional<std::string_view> text = ShowText(value, &memory->text());
  if (!text) return ShownDatum();
  const int32_t length = type.modifier - static_cast<int32_t>(VARHDRSZ);
  const bool limited = type.scalar != ScalarType::kText && length >= 0;
  if (!limited) return PlaceVarlena(*text, memory);
  // A character has at least one byte, so most texts need not be counted.
  const bool padded = type.scalar == ScalarType::kChar;
  if (!padded && text->size() <= static_cast<size_t>(length)) return PlaceVarlena(*text, memory);
  QUIRE_ASSIGN_OR_RETURN(const int characters, CountCharacters(*text));
  if (characters > length) return ShownDatum();
  if (!padded) return PlaceVarlena(*text, memory);
  std::string blanks(*text);
  blanks.append(static_cast<size_t>(length - characters), ' ');
  return PlaceVarlena(blanks, memory);
}

ShownDatum PlaceUuid(ValueView value, DatumMemory* memory) {
  char bytes[16];
  if (!ShowUuid(value, bytes)) return {};
  const size_t offset = memory->Add(sizeof(bytes));
  std::memcpy(memory->At(offset), bytes, sizeof(bytes));
  return Placed(offset);
}

// A datum of 64 bits, rounded as the type's modifier says.
ShownDatum Moment(std::optional<int64_t> microseconds, int32_t modifier) {
  if (!microseconds) return {};
  return ByValue(Int64GetDatum(RoundedMoment(*microseconds, modifier)));
}

absl::StatusOr<ShownDatum> ShowScalar(ValueView value, const ColumnType& type,
                                      DatumMemory* memory) {
  switch (type.scalar) {
    case ScalarType::kInt2:
      return ShowInteger(value, INT16_MIN, INT16_MAX,
                         [](int64_t n) { return Int16GetDatum(static_cast<int16>(n)); });
    case ScalarType::kInt4:
      return ShowInteger(value, INT32_MIN, INT32_MAX,
                         [](int64_t n) { return Int32GetDatum(static_cast<int32>(n)); });
    case ScalarType::kInt8:
      return ShowInteger(value, INT64_MIN, INT64_MAX, [](int64_t n) { return Int64GetDatum(n); });
    case ScalarType::kFloat4: {
      const std::optional<float> real = ShowFloat(value);
      return real ? ByValue(Float4GetDatum(*real)) : ShownDatum();
    }
    case ScalarType::kFloat8: {
      const std::optional<double> real = ShowDouble(value);
      return real ? ByValue(Float8GetDatum(*real)) : ShownDatum();
    }
    case ScalarType::kNumeric:
      return ShowNumeric(value, type.modifier, memory);
    case ScalarType::kBool: {
      const std::optional<bool> truth = ShowBool(value);
      return truth ? ByValue(BoolGetDatum(*truth)) : ShownDatum();
    }
    case ScalarType::kText:
    case ScalarType::kVarchar:
    case ScalarType::kChar:
      return ShowString(value, type, memory);
    case ScalarType::kBytea: {
      const std::optional<std::string_view> bytes = ShowBytes(value, &memory->text());
      return bytes ? PlaceVarlena(*bytes, memory) : ShownDatum();
    }
    case ScalarType::kUuid:
      return PlaceUuid(value, memory);
    case ScalarType::kDate: {
      const std::optional<int32_t> days = ShowDate(value);
      return days ? ByValue(Int32GetDatum(*days)) : ShownDatum();
    }
    case ScalarType::kTimestamp:
      return Moment(ShowTimestamp(value), type.modifier);
    case ScalarType::kTimestamptz:
      return Moment(ShowTimestampTz(value), type.modifier);
    case ScalarType::kJson:
    case ScalarType::kJsonb:
      return ShowJson(value, type.scalar, memory);
  }
  return ShownDatum();
}

// How the elements of an array of the type lie in it.
struct ElementForm {
  int length;  // -1: with a length word
  bool by_value;
  size_t alignment;
};

ElementForm FormOf(ScalarType type) {
  switch (type) {
    case ScalarType::kBool:
      return {1, true, 1};
    case ScalarType::kInt2:
      return {2, true, 2};
    case ScalarType::kInt4:
    case ScalarType::kFloat4:
    case ScalarType::kDate:
      return {4, true, 4};
    case ScalarType::kInt8:
    case ScalarType::kFloat8:
    case ScalarType::kTimestamp:
    case ScalarType::kTimestamptz:
      return {8, true, 8};
    case ScalarType::kUuid:
      return {16, false, 1};
    default:
      return {-1, false, 4};
  }
}

size_t Aligned(size_t n, size_t alignment) {
  return (n + alignment - 1) & ~(alignment - 1);
}

using Elements = absl::InlinedVector<ShownDatum, 16>;

size_t ElementBytes(const ShownDatum& element, const ElementForm& form, DatumMemory* memory) {
  return form.length >= 0 ? static_cast<size_t>(form.length) : VARSIZE(memory->At(element.offset));
}

// Lays out an array of the server: its head, a bitmap when there are NULLs, the elements.
ShownDatum PlaceArray(const Elements& elements, const ColumnType& type, DatumMemory* memory) {
  const ElementForm form = FormOf(type.scalar);
  const auto count = static_cast<int>(elements.size());
  bool has_nulls = false;
  size_t bytes = 0;
  for (const ShownDatum& element : elements) {
    if (element.form == ShownDatum::Form::kNull) {
      has_nulls = true;
    } else {
      bytes = Aligned(bytes, form.alignment) + ElementBytes(element, form, memory);
    }
  }
  const int dimensions = count == 0 ? 0 : 1;
  const size_t head =
      has_nulls ? ARR_OVERHEAD_WITHNULLS(dimensions, count) : ARR_OVERHEAD_NONULLS(dimensions);
  const size_t offset = memory->Add(head + bytes);
  auto* array = reinterpret_cast<ArrayType*>(memory->At(offset));
  std::memset(static_cast<void*>(array), 0, head + bytes);
  SET_VARSIZE(array, head + bytes);
  array->ndim = dimensions;
  array->dataoffset = has_nulls ? static_cast<int32>(head) : 0;
  array->elemtype = type.element;
  if (count == 0) return Placed(offset);
  ARR_DIMS(array)[0] = count;
  ARR_LBOUND(array)[0] = 1;
  char* to = memory->At(offset) + head;
  const char* const begin = to;
  for (int i = 0; i < count; ++i) {
    const ShownDatum& element = elements[static_cast<size_t>(i)];
    if (element.form == ShownDatum::Form::kNull) continue;
    if (has_nulls) ARR_NULLBITMAP(array)[i / 8] |= static_cast<bits8>(1 << (i % 8));
    to +=
        Aligned(static_cast<size_t>(to - begin), form.alignment) - static_cast<size_t>(to - begin);
    const size_t size = ElementBytes(element, form, memory);
    // A value of fewer bytes stands in the low ones of its datum, and integers are little-endian.
    std::memcpy(
        to,
        form.by_value ? reinterpret_cast<const char*>(&element.datum) : memory->At(element.offset),
        size);
    to += size;
  }
  return Placed(offset);
}

absl::StatusOr<ShownDatum> ShowArray(ValueView value, const ColumnType& type, DatumMemory* memory) {
  if (value.type() != ValueType::kArray || value.count() > MaxArraySize) return ShownDatum();
  Elements elements;
  elements.reserve(value.count());
  for (uint32_t i = 0; i < value.count(); ++i) {
    const ValueView element = value.Element(i);
    ShownDatum shown;
    if (!element.is_null()) {
      QUIRE_ASSIGN_OR_RETURN(shown, ShowScalar(element, type, memory));
      if (shown.form == ShownDatum::Form::kNull) return shown;
    }
    elements.push_back(shown);
  }
  return PlaceArray(elements, type, memory);
}

}  // namespace

void DatumMemory::Clear() {
  bytes_.Clear();
  bytes_.ShrinkTo(kKeptBytes);
}

size_t DatumMemory::Add(size_t bytes) {
  const size_t padding = Aligned(bytes_.size(), MAXIMUM_ALIGNOF) - bytes_.size();
  bytes_.Extend(padding + bytes);
  return bytes_.size() - bytes;
}

absl::StatusOr<ShownDatum> ShowJson(ValueView value, ScalarType type, DatumMemory* memory) {
  if (type == ScalarType::kJson) {
    memory->text().clear();
    AppendJsonText(value, &memory->text());
    return PlaceVarlena(memory->text(), memory);
  }
  const size_t offset = memory->Add(VARHDRSZ);
  QUIRE_RETURN_IF_ERROR(AppendJsonb(value, &memory->bytes()));
  SET_VARSIZE(memory->At(offset), memory->size() - offset);
  return Placed(offset);
}

bool ShowPlain(ValueView value, const ColumnType& type, DatumMemory* memory, ShownDatum* shown) {
  if (type.array) return false;
  if (value.tag() == ValueTag::kString && type.scalar == ScalarType::kText) {
    const std::string_view text = value.AsString();
    const size_t offset = memory->Add(VARHDRSZ + text.size());
    char* at = memory->At(offset);
    SET_VARSIZE(at, VARHDRSZ + text.size());
    std::memcpy(at + VARHDRSZ, text.data(), text.size());
    shown->form = ShownDatum::Form::kPlaced;
    shown->offset = offset;
    return true;
  }
  if (value.tag() != ValueTag::kInt64) return false;
  const int64_t integer = value.AsInt64();
  if (type.scalar == ScalarType::kInt4 && integer == static_cast<int32_t>(integer)) {
    shown->datum = Int32GetDatum(static_cast<int32>(integer));
  } else if (type.scalar == ScalarType::kInt8) {
    shown->datum = Int64GetDatum(integer);
  } else {
    return false;
  }
  shown->form = ShownDatum::Form::kByValue;
  return true;
}

absl::StatusOr<ShownDatum> ShowDatum(ValueView value, const ColumnType& type, DatumMemory* memory) {
  return type.array ? ShowArray(value, type, memory) : ShowScalar(value, type, memory);
}

}  // namespace quire
