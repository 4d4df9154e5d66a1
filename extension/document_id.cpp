#include "extension/document_id.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/store/document.h"
#include "engine/store/scalar_text.h"
#include "engine/store/shown_value.h"
#include "extension/door.h"

extern "C" {
#include "postgres.h"

#include "utils/errcodes.h"
}

namespace quire {

namespace {

struct IntegerType {
  const char* name;
  int64_t min;
  int64_t max;
};

IntegerType IntegerOf(ScalarType type) {
  switch (type) {
    case ScalarType::kInt2:
      return {"smallint", INT16_MIN, INT16_MAX};
    case ScalarType::kInt4:
      return {"integer", INT32_MIN, INT32_MAX};
    default:
      return {"bigint", INT64_MIN, INT64_MAX};
  }
}

const char* KeyTypeName(ScalarType type) {
  switch (type) {
    case ScalarType::kText:
      return "text";
    case ScalarType::kUuid:
      return "uuid";
    case ScalarType::kJsonb:
      return "jsonb";
    default:
      return IntegerOf(type).name;
  }
}

const char* IdTypeName(const PlainValue& id) {
  switch (id.kind) {
    case PlainValue::Kind::kInteger:
      return "bigint";
    case PlainValue::Kind::kUuid:
      return "uuid";
    case PlainValue::Kind::kJson:
      return "jsonb";
    default:
      return "text";
  }
}

absl::Status Mismatch(const PlainValue& id, const TableMap& map) {
  const char* key_type = KeyTypeName(map.key_type);
  return SqlError(ERRCODE_DATATYPE_MISMATCH,
                  absl::StrCat("collection \"", map.collection_name.name_space, ".",
                               map.collection_name.name, "\" has keys of type ", key_type,
                               ", which this id of type ", IdTypeName(id), " cannot be"),
                  {}, absl::StrCat("Give an id of type ", key_type, "."));
}

}  // namespace

void DocumentId::SetBytes(PlainValue::Kind kind, std::string_view bytes) {
  bytes_.assign(bytes);
  value_ = PlainValue();
  value_.kind = kind;
  value_.data = bytes_.data();
  value_.size = static_cast<uint32_t>(bytes_.size());
}

absl::Status DocumentId::ConvertInteger(const PlainValue& id, ValueView value,
                                        const TableMap& map) {
  const IntegerType type = IntegerOf(map.key_type);
  const std::optional<int64_t> integer = ShowInt64(value);
  if (!integer) return Mismatch(id, map);
  if (*integer < type.min || *integer > type.max) {
    return SqlError(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
                    absl::StrCat("id ", *integer, " is out of range for keys of type ", type.name));
  }
  value_ = PlainValue();
  value_.kind = PlainValue::Kind::kInteger;
  value_.integer = *integer;
  return absl::OkStatus();
}

absl::Status DocumentId::Convert(const PlainValue& id, const TableMap& map) {
  builder_.Clear();
  QUIRE_RETURN_IF_ERROR(AppendValue(id, DocumentLimits::Hard(), &builder_));
  QUIRE_ASSIGN_OR_RETURN(const std::string_view bytes, builder_.Finish());
  const ValueView value = RootOf(bytes);
  switch (map.key_type) {
    case ScalarType::kText:
      if (value.tag() != ValueTag::kString) return Mismatch(id, map);
      SetBytes(PlainValue::Kind::kString, value.AsString());
      return absl::OkStatus();
    case ScalarType::kUuid: {
      char uuid[16];
      if (!ShowUuid(value, uuid)) return Mismatch(id, map);
      SetBytes(PlainValue::Kind::kUuid, {uuid, sizeof(uuid)});
      return absl::OkStatus();
    }
    case ScalarType::kJsonb:
      value_ = id;
      if (id.kind == PlainValue::Kind::kUuid) {
        std::string text;
        AppendUuidText(std::string_view(id.data, id.size), &text);
        SetBytes(PlainValue::Kind::kString, text);
      }
      return absl::OkStatus();
    default:
      return ConvertInteger(id, value, map);
  }
}

absl::Status DocumentId::Set(const PlainValue& id, const TableMap& map) {
  QUIRE_RETURN_IF_ERROR(Convert(id, map));
  QUIRE_ASSIGN_OR_RETURN(key_, encoder_.Encode(value_, map.key_type));
  return absl::OkStatus();
}

}  // namespace quire
