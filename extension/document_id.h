// The id by which a function such as quire.get names a document: a text, bigint, uuid or jsonb,
// made into a key of the collection's type where that is exact.
//
//   key type     an id that can be one
//   text         a text; a JSON string
//   integers     a bigint in range; a text or JSON value that the integer type shows
//   uuid         a uuid; a text or JSON string that the type uuid shows
//   jsonb        any: a text is a JSON string, a bigint a number, a uuid the string that `_doc`
//                shows
//
// (An untyped literal arrives as text, whatever the key's type.) One owner, in a backend, inside a
// door.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "engine/store/document_builder.h"
#include "extension/collection_key.h"
#include "extension/plain_value.h"
#include "extension/table_map.h"

namespace quire {

class DocumentId {
 public:
  DocumentId() noexcept : builder_(DocumentLimits::Hard()) {}

  // Errors: 22003 for a bigint out of the key's range; 42804 for another id that cannot be a key;
  // 54000 for one that is too long. The id's bytes outlive the object.
  absl::Status Set(const PlainValue& id, const TableMap& map);

  // Of the id that was set last: what documents have at `_id`, and the encoded key.
  const PlainValue& value() const { return value_; }
  std::string_view key() const { return key_; }

 private:
  absl::Status Convert(const PlainValue& id, const TableMap& map);
  absl::Status ConvertInteger(const PlainValue& id, ValueView value, const TableMap& map);
  void SetBytes(PlainValue::Kind kind, std::string_view bytes);

  DocumentBuilder builder_;
  KeyEncoder encoder_;
  std::string bytes_;
  PlainValue value_;
  std::string_view key_;
};

}  // namespace quire
