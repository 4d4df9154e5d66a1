// Makes the documents that a statement writes, out of the values of a row (sql.md, "Writing").
//
// One owner, in a backend, inside a door. The document and key that were made last stay valid until
// the next is made.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "engine/host/clock.h"
#include "engine/store/document_builder.h"
#include "engine/store/path_update.h"
#include "extension/collection_key.h"
#include "extension/plain_value.h"
#include "extension/row_reader.h"
#include "extension/table_map.h"

namespace quire {

class DocumentMaker {
 public:
  DocumentMaker() noexcept;
  DocumentMaker(const DocumentMaker&) = delete;
  DocumentMaker& operator=(const DocumentMaker&) = delete;

  // The map and the clock outlive the maker.
  absl::Status Init(const TableMap* map, const DocumentLimits& limits, Clock* clock);

  // A new document. `values` are those of all columns of the table, by position.
  // Errors: 22023 for a `_doc` that is no object, for two keys, for a path that cannot be written;
  // 23502 for a key that is missing and not generated; 22P02 under `strict`, and for a key that its
  // type does not show.
  absl::Status MakeNew(const PlainValue* values);
  // `old` with other values in the columns at `assigned` (positions, ascending), NULL removes.
  absl::Status MakeChanged(std::string_view old, absl::Span<const int> assigned,
                           const PlainValue* values);

  // A new document of which `document` is the whole, `_id` at most excepted, and `id` the key.
  // Errors: as MakeNew.
  absl::Status MakeWhole(const PlainValue& document, const PlainValue& id);
  // What a JSON merge patch makes of `old`. Errors: 22023 for a patch that is no object, or would
  // change `_id`; 22P02 under `strict`.
  absl::Status MakePatched(std::string_view old, const PlainValue& patch);

  std::string_view document() const { return document_; }
  std::string_view key() const { return key_; }
  // Whether MakeChanged gave the document another key; only then key() is valid after it.
  bool moved() const { return moved_; }

 private:
  // Reads a whole document as the base; `what` names it in messages.
  absl::Status ReadBase(const PlainValue& value, std::string_view what);
  std::string DocumentColumn() const;
  // Puts a column's value where later changes can refer to it.
  absl::Status AddValue(const PlainValue& value);
  absl::Status MakeFromChanges(ValueView base);
  absl::Status KeyOf(ValueView document, std::string* key);
  absl::Status GenerateKey(PlainValue* value);
  // The key of a new document, from column and base; what is to be written at `_id`, if anything.
  absl::Status NewKey(const PlainValue* values, std::optional<PlainValue>* id);
  absl::Status ColumnKey(const PlainValue& value, std::string* key);
  // Puts the old `_id` into a new `_doc` that has none.
  absl::Status KeepKey(std::string_view old);
  absl::Status CheckStrict();
  const Column& key_column() const { return map_->columns[static_cast<size_t>(map_->key)]; }

  // Constant after Init.
  const TableMap* map_ = nullptr;
  DocumentLimits limits_;
  Clock* clock_ = nullptr;
  bool flat_ = false;  // no column's path has more than one step

  struct Change {
    const Path* path;
    int value;  // index among the values, or kRemove
  };
  static constexpr int kRemove = -1;

  DocumentBuilder base_builder_{DocumentLimits(), DocumentBuilder::AtClear()};
  DocumentBuilder values_builder_{DocumentLimits(), DocumentBuilder::AtClear()};
  DocumentBuilder builder_{DocumentLimits(), DocumentBuilder::AtClear()};
  KeyEncoder encoder_;
  RowReader strict_reader_;
  std::vector<Change> changes_;
  std::vector<PathChange> path_changes_;
  int value_count_ = 0;
  std::string_view base_;  // empty: none
  std::string generated_;

  std::string_view document_;
  std::string key_;
  std::string other_key_;
  bool moved_ = false;
};

}  // namespace quire
