#include "extension/plain_value.h"

#include <cmath>
#include <cstring>

#include "engine/base/status.h"
#include "engine/store/jsonb.h"
#include "engine/store/jsonb_form.h"
#include "extension/array_elements.h"

extern "C" {
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

namespace quire {

namespace {

void SetBytes(PlainValue* value, PlainValue::Kind kind, const char* data, size_t size) {
  value->kind = kind;
  value->data = data;
  value->size = static_cast<uint32_t>(size);
}

void SetInteger(PlainValue* value, PlainValue::Kind kind, int64 integer) {
  value->kind = kind;
  value->integer = integer;
}

void ReadText(Datum datum, PlainValue::Kind kind, PlainValue* value) {
  const auto* packed = reinterpret_cast<const varlena*>(PG_DETOAST_DATUM_PACKED(datum));
  SetBytes(value, kind, VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed));
}

// A numeric alone in a jsonb, which is the form that the engine reads.
void ReadNumeric(Datum datum, PlainValue* value) {
  const Numeric number = DatumGetNumeric(datum);
  if (numeric_is_nan(number) || numeric_is_inf(number)) {
    const char* text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
    SetBytes(value, PlainValue::Kind::kString, text, strlen(text));
    return;
  }
  const uint32_t size = VARSIZE(number);
  auto* container = static_cast<char*>(palloc(2 * sizeof(uint32_t) + size));
  const uint32_t words[2] = {jsonb::kScalar | jsonb::kArray | 1, jsonb::kNumeric | size};
  memcpy(container, words, sizeof(words));
  memcpy(container + sizeof(words), number, size);
  SetBytes(value, PlainValue::Kind::kNumeric, container, sizeof(words) + size);
}

void ReadJsonb(Datum datum, PlainValue* value) {
  const Jsonb* json = DatumGetJsonbP(datum);
  SetBytes(value, PlainValue::Kind::kJson, VARDATA(json), VARSIZE(json) - VARHDRSZ);
}

// What the engine's own reader does not take goes the server's way, which also finds the words for
// what is wrong.
void ReadJsonText(Datum datum, PlainValue* value) {
  const auto* packed = reinterpret_cast<const varlena*>(PG_DETOAST_DATUM_PACKED(datum));
  const char* const begin = VARDATA_ANY(packed);
  const std::string_view json(begin, VARSIZE_ANY_EXHDR(packed));
  if (json.size() <= kJsonTextBytesMax) {
    const bool utf8 = GetDatabaseEncoding() == PG_UTF8;
    for (const size_t bytes : {JsonTreeBytesLikely(json), JsonTreeBytesMax(json)}) {
      auto* memory = static_cast<char*>(palloc(bytes));
      value->tree = ReadJson(json, utf8, absl::MakeSpan(memory, bytes));
      if (value->tree != nullptr) {
        value->kind = PlainValue::Kind::kJsonTree;
        return;
      }
      pfree(memory);
    }
  }
  ReadJsonb(DirectFunctionCall1(jsonb_in, CStringGetDatum(TextDatumGetCString(datum))), value);
}

void ReadDate(Datum datum, Oid type, PlainValue* value) {
  auto* text = static_cast<char*>(palloc(MAXDATELEN + 1));
  JsonEncodeDateTime(text, datum, type, nullptr);
  SetBytes(value, PlainValue::Kind::kString, text, strlen(text));
}

// The double with the fewest digits that reads back as this float4: 0.1 is stored as 0.1.
double WidenedFloat(float4 value) {
  if (!std::isfinite(value)) return value;
  char text[FLOAT_SHORTEST_DECIMAL_LEN];
  text[float_to_shortest_decimal_bufn(value, text)] = '\0';
  return strtod(text, nullptr);
}

void ReadScalar(Datum datum, ScalarType type, PlainValue* value) {
  using Kind = PlainValue::Kind;
  switch (type) {
    case ScalarType::kInt2:
      return SetInteger(value, Kind::kInteger, DatumGetInt16(datum));
    case ScalarType::kInt4:
      return SetInteger(value, Kind::kInteger, DatumGetInt32(datum));
    case ScalarType::kInt8:
      return SetInteger(value, Kind::kInteger, DatumGetInt64(datum));
    case ScalarType::kFloat4:
      value->kind = Kind::kReal;
      value->real = WidenedFloat(DatumGetFloat4(datum));
      return;
    case ScalarType::kFloat8:
      value->kind = Kind::kReal;
      value->real = DatumGetFloat8(datum);
      return;
    case ScalarType::kNumeric:
      return ReadNumeric(datum, value);
    case ScalarType::kBool:
      return SetInteger(value, Kind::kBool, DatumGetBool(datum) ? 1 : 0);
    case ScalarType::kText:
    case ScalarType::kVarchar:
      return ReadText(datum, Kind::kString, value);
    case ScalarType::kChar:
      ReadText(datum, Kind::kString, value);
      value->size = static_cast<uint32_t>(
          bpchartruelen(const_cast<char*>(value->data), static_cast<int>(value->size)));
      return;
    case ScalarType::kBytea:
      return ReadText(datum, Kind::kBytes, value);
    case ScalarType::kUuid:
      return SetBytes(value, Kind::kUuid, reinterpret_cast<const char*>(DatumGetUUIDP(datum)->data),
                      UUID_LEN);
    case ScalarType::kDate:
      return ReadDate(datum, DATEOID, value);
    case ScalarType::kTimestamp:
      return ReadDate(datum, TIMESTAMPOID, value);
    case ScalarType::kTimestamptz:
      return SetInteger(value, Kind::kTimestamp, DatumGetTimestampTz(datum));
    case ScalarType::kJson:
      return ReadJsonText(datum, value);
    case ScalarType::kJsonb:
      return ReadJsonb(datum, value);
  }
}

void ReadArray(Datum datum, const ColumnType& type, PlainValue* value) {
  const ArrayElements taken = TakeApart(datum);
  if (taken.dimensions > 1) {
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
             errmsg("an array of %d dimensions cannot be written to a document", taken.dimensions),
             errdetail("Columns of foreign tables hold one-dimensional arrays.")));
  }
  auto* elements = static_cast<PlainValue*>(palloc0(sizeof(PlainValue) * (taken.count + 1)));
  for (uint32_t i = 0; i < taken.count; ++i) {
    if (!taken.nulls[i]) ReadScalar(taken.values[i], type.scalar, &elements[i]);
  }
  value->kind = PlainValue::Kind::kArray;
  value->elements = elements;
  value->size = taken.count;
}

void AppendReal(double value, DocumentBuilder* builder) {
  if (std::isnan(value)) return builder->String("NaN");
  if (std::isinf(value)) return builder->String(value < 0 ? "-Infinity" : "Infinity");
  builder->Double(value);
}

}  // namespace

void ReadValue(ServerDatum datum, const ColumnType& type, PlainValue* value) {
  if (type.array) {
    ReadArray(datum, type, value);
  } else {
    ReadScalar(datum, type.scalar, value);
  }
}

absl::Status AppendValue(const PlainValue& value, const DocumentLimits& limits,
                         DocumentBuilder* builder) {
  const auto bytes = [&] { return std::string_view(value.data, value.size); };
  switch (value.kind) {
    case PlainValue::Kind::kNull:
      builder->Null();
      break;
    case PlainValue::Kind::kBool:
      builder->Bool(value.integer != 0);
      break;
    case PlainValue::Kind::kInteger:
      builder->Int64(value.integer);
      break;
    case PlainValue::Kind::kReal:
      AppendReal(value.real, builder);
      break;
    case PlainValue::Kind::kString:
      builder->String(bytes());
      break;
    case PlainValue::Kind::kBytes:
      builder->Bytes(bytes());
      break;
    case PlainValue::Kind::kUuid:
      builder->Uuid(bytes());
      break;
    case PlainValue::Kind::kTimestamp:
      builder->Timestamp(value.integer);
      break;
    case PlainValue::Kind::kNumeric:
    case PlainValue::Kind::kJson:
      return JsonbToDocument(bytes(), limits, builder);
    case PlainValue::Kind::kJsonTree:
      return AppendJsonTree(*value.tree, limits, builder);
    case PlainValue::Kind::kArray:
      builder->BeginArray();
      for (uint32_t i = 0; i < value.size; ++i) {
        QUIRE_RETURN_IF_ERROR(AppendValue(value.elements[i], limits, builder));
      }
      builder->EndArray();
      break;
  }
  return absl::OkStatus();
}

}  // namespace quire
