#include "extension/document_maker.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/store/document.h"
#include "engine/store/jsonb.h"
#include "engine/store/merge_patch.h"
#include "engine/store/scalar_text.h"
#include "extension/door.h"

extern "C" {
#include "postgres.h"

#include "utils/errcodes.h"
}

namespace quire {

namespace {

// A version 7 UUID (RFC 9562): 48 bits of milliseconds, then random bits around version and
// variant.
absl::StatusOr<std::array<char, 16>> NewUuid(Clock* clock) {
  std::array<char, 16> uuid;
  if (getentropy(uuid.data(), uuid.size()) != 0) {
    return absl::InternalError("the operating system gives no random bytes");
  }
  const auto milliseconds = static_cast<uint64_t>(clock->WallTimeUs()) / 1000;
  char time[8];
  StoreBigEndian64(time, milliseconds << 16);
  std::copy_n(time, 6, uuid.begin());
  uuid[6] = static_cast<char>((uuid[6] & 0x0f) | 0x70);
  uuid[8] = static_cast<char>((uuid[8] & 0x3f) | 0x80);
  return uuid;
}

absl::Status CheckObject(ValueView value, std::string_view what) {
  if (value.type() == ValueType::kObject) return absl::OkStatus();
  const std::string_view type = TypeName(value.type());
  return SqlError(ERRCODE_INVALID_PARAMETER_VALUE,
                  absl::StrCat(absl::string_view(what.data(), what.size()),
                               " takes an object, not a JSON value of type ",
                               absl::string_view(type.data(), type.size())));
}

}  // namespace

DocumentMaker::DocumentMaker() noexcept = default;

absl::Status DocumentMaker::Init(const TableMap* map, const DocumentLimits& limits, Clock* clock) {
  map_ = map;
  limits_ = limits;
  clock_ = clock;
  for (DocumentBuilder* builder : {&base_builder_, &values_builder_, &builder_}) {
    builder->set_limits(limits);
  }
  flat_ = true;
  for (const Column& column : map->columns) {
    if (column.role == ColumnRole::kPath && column.path.steps().size() > 1) flat_ = false;
  }
  if (map->strict) strict_reader_.Init(map, nullptr);
  return absl::OkStatus();
}

std::string DocumentMaker::DocumentColumn() const {
  return absl::StrCat("column \"", map_->columns[static_cast<size_t>(map_->document)].name, "\"");
}

absl::Status DocumentMaker::ReadBase(const PlainValue& value, std::string_view what) {
  base_builder_.Clear();
  QUIRE_RETURN_IF_ERROR(AppendValue(value, limits_, &base_builder_));
  QUIRE_ASSIGN_OR_RETURN(base_, base_builder_.Finish());
  return CheckObject(RootOf(base_), what);
}

absl::Status DocumentMaker::AddValue(const PlainValue& value) {
  if (value_count_++ == 0) {
    values_builder_.Clear();
    values_builder_.BeginArray();
  }
  return AppendValue(value, limits_, &values_builder_);
}

absl::Status DocumentMaker::MakeFromChanges(ValueView base) {
  ValueView values;
  if (value_count_ > 0) {
    values_builder_.EndArray();
    QUIRE_ASSIGN_OR_RETURN(const std::string_view bytes, values_builder_.Finish());
    values = RootOf(bytes);
  }
  path_changes_.clear();
  for (const Change& change : changes_) {
    const bool remove = change.value == kRemove;
    path_changes_.push_back(PathChange{
        .path = change.path,
        .remove = remove,
        .value = remove ? ValueView() : values.Element(static_cast<uint32_t>(change.value))});
  }
  QUIRE_ASSIGN_OR_RETURN(document_, ApplyChanges(base, path_changes_, limits_, &builder_));
  return absl::OkStatus();
}

absl::Status DocumentMaker::ColumnKey(const PlainValue& value, std::string* key) {
  QUIRE_ASSIGN_OR_RETURN(const std::string_view encoded, encoder_.Encode(value, map_->key_type));
  key->assign(encoded);
  return absl::OkStatus();
}

absl::Status DocumentMaker::KeyOf(ValueView document, std::string* key) {
  key->clear();
  ValueView id;
  if (!document.Find("_id", &id)) return absl::OkStatus();
  if (id.is_null() && map_->key_type != ScalarType::kJsonb) return absl::OkStatus();
  QUIRE_ASSIGN_OR_RETURN(const std::string_view encoded, encoder_.Encode(id, map_->key_type));
  if (encoded.empty()) {
    const std::string_view type = TypeName(id.type());
    return SqlError(ERRCODE_INVALID_TEXT_REPRESENTATION,
                    absl::StrCat("the document's _id, a value of type ",
                                 absl::string_view(type.data(), type.size()),
                                 ", is no key for column \"", key_column().name, "\""));
  }
  key->assign(encoded);
  return absl::OkStatus();
}

absl::Status DocumentMaker::GenerateKey(PlainValue* value) {
  if (map_->key_type != ScalarType::kText && map_->key_type != ScalarType::kUuid) {
    return SqlError(
        ERRCODE_NOT_NULL_VIOLATION,
        absl::StrCat("null value in column \"", key_column().name, "\" of a new document"),
        "Only keys of type text and uuid are generated.");
  }
  using Uuid = std::array<char, 16>;
  QUIRE_ASSIGN_OR_RETURN(const Uuid uuid, NewUuid(clock_));
  generated_.clear();
  if (map_->key_type == ScalarType::kUuid) {
    generated_.assign(uuid.data(), uuid.size());
    value->kind = PlainValue::Kind::kUuid;
  } else {
    AppendUuidText(std::string_view(uuid.data(), uuid.size()), &generated_);
    value->kind = PlainValue::Kind::kString;
  }
  value->data = generated_.data();
  value->size = static_cast<uint32_t>(generated_.size());
  return absl::OkStatus();
}

absl::Status DocumentMaker::NewKey(const PlainValue* values, std::optional<PlainValue>* id) {
  const PlainValue& column = values[map_->key];
  if (!base_.empty()) QUIRE_RETURN_IF_ERROR(KeyOf(RootOf(base_), &key_));
  const bool in_base = !base_.empty() && !key_.empty();
  if (column.kind == PlainValue::Kind::kNull) {
    if (in_base) return absl::OkStatus();
    PlainValue generated;
    QUIRE_RETURN_IF_ERROR(GenerateKey(&generated));
    *id = generated;
    return ColumnKey(generated, &key_);
  }
  if (!in_base) {
    *id = column;
    return ColumnKey(column, &key_);
  }
  QUIRE_RETURN_IF_ERROR(ColumnKey(column, &other_key_));
  if (key_ == other_key_) return absl::OkStatus();
  return SqlError(
      ERRCODE_INVALID_PARAMETER_VALUE,
      absl::StrCat("column \"", key_column().name, "\" and the document's _id are different keys"));
}

absl::Status DocumentMaker::MakeNew(const PlainValue* values) {
  base_ = {};
  value_count_ = 0;
  changes_.clear();
  if (map_->document >= 0 && values[map_->document].kind != PlainValue::Kind::kNull) {
    QUIRE_RETURN_IF_ERROR(ReadBase(values[map_->document], DocumentColumn()));
  }
  std::optional<PlainValue> id;
  QUIRE_RETURN_IF_ERROR(NewKey(values, &id));

  const bool flat = base_.empty() && flat_;
  if (flat) {
    builder_.Clear();
    builder_.BeginObject();
    builder_.Key("_id");
    QUIRE_RETURN_IF_ERROR(AppendValue(*id, limits_, &builder_));
  } else if (id) {
    changes_.push_back(Change{.path = &key_column().path, .value = value_count_});
    QUIRE_RETURN_IF_ERROR(AddValue(*id));
  }
  for (size_t i = 0; i < map_->columns.size(); ++i) {
    const Column& column = map_->columns[i];
    if (column.role != ColumnRole::kPath || values[i].kind == PlainValue::Kind::kNull) continue;
    if (flat) {
      builder_.Key(column.path.steps()[0].name);
      QUIRE_RETURN_IF_ERROR(AppendValue(values[i], limits_, &builder_));
    } else {
      changes_.push_back(Change{.path = &column.path, .value = value_count_});
      QUIRE_RETURN_IF_ERROR(AddValue(values[i]));
    }
  }
  if (flat) {
    builder_.EndObject();
    QUIRE_ASSIGN_OR_RETURN(document_, builder_.Finish());
  } else if (changes_.empty()) {
    document_ = base_;
  } else {
    if (base_.empty()) {
      base_builder_.Clear();
      base_builder_.BeginObject();
      base_builder_.EndObject();
      QUIRE_ASSIGN_OR_RETURN(base_, base_builder_.Finish());
    }
    QUIRE_RETURN_IF_ERROR(MakeFromChanges(RootOf(base_)));
  }
  return CheckStrict();
}

absl::Status DocumentMaker::KeepKey(std::string_view old) {
  for (const Change& change : changes_) {
    if (change.path == &key_column().path) return absl::OkStatus();
  }
  ValueView id;
  const bool in_base = RootOf(base_).Find("_id", &id);
  if (in_base && (map_->key_type == ScalarType::kJsonb || !id.is_null())) return absl::OkStatus();
  // Every stored document has its `_id`.
  RootOf(old).Find("_id", &id);
  changes_.push_back(Change{.path = &key_column().path, .value = value_count_});
  if (value_count_++ == 0) {
    values_builder_.Clear();
    values_builder_.BeginArray();
  }
  values_builder_.Value(id);
  return absl::OkStatus();
}

absl::Status DocumentMaker::MakeChanged(std::string_view old, absl::Span<const int> assigned,
                                        const PlainValue* values) {
  base_ = old;
  value_count_ = 0;
  changes_.clear();
  bool key_touched = false;
  for (const int position : assigned) {
    const Column& column = map_->columns[static_cast<size_t>(position)];
    const PlainValue& value = values[position];
    const bool is_null = value.kind == PlainValue::Kind::kNull;
    if (column.role == ColumnRole::kDocument) {
      if (is_null) {
        return SqlError(ERRCODE_INVALID_PARAMETER_VALUE,
                        absl::StrCat("column \"", column.name,
                                     "\" is the document and cannot be "
                                     "set to NULL"),
                        {}, "DELETE removes a document.");
      }
      QUIRE_RETURN_IF_ERROR(ReadBase(value, DocumentColumn()));
      key_touched = true;
      continue;
    }
    if (column.role == ColumnRole::kKey) {
      if (is_null) {
        return SqlError(ERRCODE_NOT_NULL_VIOLATION,
                        absl::StrCat("null value in column \"", column.name, "\", the key"));
      }
      key_touched = true;
    } else if (column.role != ColumnRole::kPath) {
      continue;
    }
    changes_.push_back(Change{.path = &column.path, .value = is_null ? kRemove : value_count_});
    if (!is_null) QUIRE_RETURN_IF_ERROR(AddValue(value));
  }
  if (key_touched) QUIRE_RETURN_IF_ERROR(KeepKey(old));
  if (changes_.empty()) {
    document_ = base_;
  } else {
    QUIRE_RETURN_IF_ERROR(MakeFromChanges(RootOf(base_)));
  }
  moved_ = false;
  if (key_touched) {
    QUIRE_RETURN_IF_ERROR(KeyOf(RootOf(document_), &key_));
    QUIRE_RETURN_IF_ERROR(KeyOf(RootOf(old), &other_key_));
    moved_ = key_ != other_key_;
  }
  return CheckStrict();
}

absl::Status DocumentMaker::MakeWhole(const PlainValue& document, const PlainValue& id) {
  value_count_ = 0;
  changes_.clear();
  QUIRE_RETURN_IF_ERROR(ReadBase(document, "quire.put()"));
  QUIRE_RETURN_IF_ERROR(KeyOf(RootOf(base_), &other_key_));
  QUIRE_RETURN_IF_ERROR(ColumnKey(id, &key_));
  if (other_key_.empty()) {
    changes_.push_back(Change{.path = &key_column().path, .value = value_count_});
    QUIRE_RETURN_IF_ERROR(AddValue(id));
    QUIRE_RETURN_IF_ERROR(MakeFromChanges(RootOf(base_)));
  } else if (key_ == other_key_) {
    document_ = base_;
  } else {
    return SqlError(ERRCODE_INVALID_PARAMETER_VALUE,
                    "the id and the document's _id are different keys");
  }
  return CheckStrict();
}

absl::Status DocumentMaker::MakePatched(std::string_view old, const PlainValue& patch) {
  values_builder_.Clear();
  QUIRE_RETURN_IF_ERROR(AppendValue(patch, limits_, &values_builder_));
  QUIRE_ASSIGN_OR_RETURN(const std::string_view bytes, values_builder_.Finish());
  const ValueView changes = RootOf(bytes);
  QUIRE_RETURN_IF_ERROR(CheckObject(changes, "quire.patch()"));
  ValueView id;
  if (changes.Find("_id", &id)) {
    QUIRE_RETURN_IF_ERROR(KeyOf(RootOf(old), &other_key_));
    // What is no key at all is another key too.
    const bool same = !id.is_null() && KeyOf(changes, &key_).ok() && key_ == other_key_;
    if (!same) {
      return SqlError(ERRCODE_INVALID_PARAMETER_VALUE, "a patch cannot change a document's _id");
    }
  }
  QUIRE_ASSIGN_OR_RETURN(document_, ApplyMergePatch(RootOf(old), changes, limits_, &builder_));
  return CheckStrict();
}

absl::Status DocumentMaker::CheckStrict() {
  if (!map_->strict) return absl::OkStatus();
  ValueView value;
  const Column* column = strict_reader_.FirstUnshown(RootOf(document_), &value);
  if (column == nullptr) return absl::OkStatus();
  const std::string_view type = TypeName(value.type());
  return SqlError(ERRCODE_INVALID_TEXT_REPRESENTATION,
                  absl::StrCat("column \"", column->name, "\" cannot show the value at path ",
                               column->path.ToString(), ", which is of type ",
                               absl::string_view(type.data(), type.size())),
                  "The table has the option strict.");
}

}  // namespace quire
