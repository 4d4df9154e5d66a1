// A value of a document as a value of the server, when a column's type shows it (sql.md, "The shown
// value"). Runs inside a door: everything is made in memory of our own, in the server's formats.
#pragma once

#include "absl/status/statusor.h"
#include "engine/store/byte_buffer.h"
#include "engine/store/document_builder.h"
#include "engine/store/value.h"
#include "extension/column_type.h"
#include "extension/server_types.h"

namespace quire {

// Memory for the values of one row: grows as needed, which moves them, and is used again.
class DatumMemory {
 public:
  DatumMemory() noexcept : builder_(DocumentLimits::Hard(), DocumentBuilder::AtClear()) {}
  void Clear();
  // Room for `bytes` at an alignment that suits every type of the server. Returns its offset.
  size_t Add(size_t bytes);
  char* At(size_t offset) { return bytes_.data() + offset; }
  size_t size() const { return bytes_.size(); }

  // For values that go through another form.
  ByteBuffer& bytes() { return bytes_; }
  std::string& text() { return text_; }
  DocumentBuilder& builder() { return builder_; }

 private:
  ByteBuffer bytes_;
  std::string text_;
  DocumentBuilder builder_;
};

struct ShownDatum {
  enum class Form : uint8_t {
    kNull,     // the type does not show the value
    kByValue,  // `datum` is the value
    kPlaced,   // the value lies at `offset` of the memory
  };
  Form form = Form::kNull;
  ServerDatum datum = 0;
  size_t offset = 0;
};

// The most frequent cases of ShowDatum, which need no Status: strings as texts without a limit,
// integers as integers in range. False for everything else.
bool ShowPlain(ValueView value, const ColumnType& type, DatumMemory* memory, ShownDatum* shown);

// Fails only beyond a limit.
absl::StatusOr<ShownDatum> ShowDatum(ValueView value, const ColumnType& type, DatumMemory* memory);

// Any value, the root of a document too, as a json or jsonb.
absl::StatusOr<ShownDatum> ShowJson(ValueView value, ScalarType type, DatumMemory* memory);

}  // namespace quire
