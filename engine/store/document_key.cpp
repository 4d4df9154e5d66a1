#include "engine/store/document_key.h"

#include "absl/strings/str_cat.h"

namespace quire {

void AppendKey(ValueView value, KeyWriter* key) {
  switch (value.tag()) {
    case ValueTag::kNull:
      return key->Null();
    case ValueTag::kFalse:
    case ValueTag::kTrue:
      return key->Bool(value.AsBool());
    case ValueTag::kInt64:
      return key->Int64(value.AsInt64());
    case ValueTag::kFloat64:
      return key->Double(value.AsDouble());
    case ValueTag::kDecimal:
      return key->Decimal(value.DecimalCoefficient(), value.DecimalExponent());
    case ValueTag::kLargeDecimal:
      return key->Decimal(value.AsDecimal());
    case ValueTag::kString:
      return key->String(value.AsString());
    case ValueTag::kBytes:
      return key->Bytes(value.AsBytes());
    case ValueTag::kTimestamp:
      return key->Timestamp(value.AsTimestamp());
    case ValueTag::kUuid:
      return key->Uuid(value.AsUuid());
    case ValueTag::kId:
      key->BeginId(value.IdCollection());
      return AppendKey(value.IdValue(), key);
    case ValueTag::kArray:
      key->BeginArray();
      for (uint32_t i = 0; i < value.count(); ++i) AppendKey(value.Element(i), key);
      return key->End();
    case ValueTag::kObject:
      break;
  }
  key->BeginObject();
  const ValueView::Fields fields(value);
  for (uint32_t i = 0; i < fields.count; ++i) {
    key->Field(fields.Name(i));
    AppendKey(fields.Value(i), key);
  }
  key->End();
}

absl::Status CheckIdKey(const KeyWriter& key) {
  if (key.fits()) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat(
      "an _id takes ", key.bytes(), " bytes as a key, more than the limit of ", kKeyBytesMax));
}

absl::Status KeyToDocument(std::string_view key, DocumentBuilder* builder, std::string_view* rest) {
  using Item = KeyReader::Item;
  KeyReader reader(key);
  uint32_t depth = 0;
  do {
    const Item item = reader.Next();
    switch (item) {
      case Item::kMalformed:
      case Item::kDone:
        return absl::DataLossError(absl::StrCat(
            "malformed key at byte ", key.size() - reader.rest().size(), " of ", key.size()));
      case Item::kNull:
        builder->Null();
        break;
      case Item::kBool:
        builder->Bool(reader.boolean());
        break;
      case Item::kInt64:
        builder->Int64(reader.int64());
        break;
      case Item::kDouble:
        builder->Double(reader.number());
        break;
      case Item::kDecimal:
        builder->Decimal(reader.decimal());
        break;
      case Item::kString:
        builder->String(reader.text());
        break;
      case Item::kBytes:
        builder->Bytes(reader.text());
        break;
      case Item::kTimestamp:
        builder->Timestamp(reader.int64());
        break;
      case Item::kUuid:
        builder->Uuid(reader.text());
        break;
      case Item::kBeginId:
        builder->BeginId(reader.text());
        ++depth;
        break;
      case Item::kEndId:
        builder->EndId();
        --depth;
        break;
      case Item::kBeginArray:
        builder->BeginArray();
        ++depth;
        break;
      case Item::kEndArray:
        builder->EndArray();
        --depth;
        break;
      case Item::kBeginObject:
        builder->BeginObject();
        ++depth;
        break;
      case Item::kField:
        builder->Key(reader.text());
        break;
      case Item::kEndObject:
        builder->EndObject();
        --depth;
        break;
    }
  } while (depth > 0);
  if (rest != nullptr) *rest = reader.rest();
  return absl::OkStatus();
}

}  // namespace quire
