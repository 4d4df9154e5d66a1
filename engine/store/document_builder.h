// Writes documents, value by value, into buffers that it keeps from one document to the next: after
// the first few documents nothing is allocated. One owner, one thread at a time.
//
//   builder.Clear();
//   builder.BeginObject();
//   builder.Key("name"); builder.String("Ada");
//   builder.Key("tags"); builder.BeginArray(); builder.Int64(1); builder.EndArray();
//   builder.EndObject();
//   absl::StatusOr<std::string_view> bytes = builder.Finish();
//
// Fields may come in any order; they are stored in jsonb's. Of several fields with one name the
// last wins. The first error (a limit, kOutOfRange) is kept and returned by Finish; calls after it
// are harmless. A value out of place (a second root, a value without Key inside an object) is a
// caller's mistake and caught by assertions only.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/decimal.h"
#include "engine/store/byte_buffer.h"
#include "engine/store/document.h"
#include "engine/store/limits.h"
#include "engine/store/value.h"

namespace quire {

class DocumentBuilder {
 public:
  explicit DocumentBuilder(const DocumentLimits& limits = DocumentLimits());
  // One that has no memory before its first Clear, which must come first.
  struct AtClear {};
  DocumentBuilder(const DocumentLimits& limits, AtClear) : limits_(limits.Clamped()) {}

  // Forgets what was built; the view that Finish returned is void.
  void Clear();
  // Takes effect for what is built after the next Clear.
  void set_limits(const DocumentLimits& limits) { limits_ = limits.Clamped(); }
  const DocumentLimits& limits() const { return limits_; }

  void Null() { Place(ValueTag::kNull, {}); }
  void Bool(bool value) { Place(value ? ValueTag::kTrue : ValueTag::kFalse, {}); }
  void Int64(int64_t value);
  void Double(double value);
  // As document.h says, an int64 when it is one. NaN and the infinities are stored as float64: the
  // decimal forms are finite.
  void Decimal(const class Decimal& value);
  void String(std::string_view value) { Place(ValueTag::kString, value); }
  void Bytes(std::string_view value) { Place(ValueTag::kBytes, value); }
  void Timestamp(int64_t microseconds);
  // REQUIRES: 16 bytes.
  void Uuid(std::string_view value);
  // Copies a value with everything in it, byte for byte. Its depth is checked, its other limits
  // were when it was built. REQUIRES: it does not lie in this builder.
  void Value(ValueView value);

  // Makes a copy of a whole document, of which a container is the root, and finishes it. Returns
  // where the root's payload begins: values in it may be exchanged for others of their tag and
  // size. Limits but that of the size were checked when it was built. REQUIRES: nothing was built.
  absl::StatusOr<char*> CopyDocument(ValueView root);

  // Copy fields or elements `begin` to `end` of another document's container at once, into the open
  // container. Their depth is not checked. REQUIRES: begin <= end <= the container's count.
  void CopyFields(ValueView object, uint32_t begin, uint32_t end);
  void CopyElements(ValueView array, uint32_t begin, uint32_t end);

  // Containers may nest to limits().depth_max.
  void BeginArray() { Begin(ValueTag::kArray); }
  void EndArray() { End(ValueTag::kArray); }
  void BeginObject() { Begin(ValueTag::kObject); }
  void Key(std::string_view name);
  void EndObject() { End(ValueTag::kObject); }
  // A reference; exactly one value (the `_id`) is built between the two.
  void BeginId(std::string_view collection) {
    Begin(ValueTag::kId);
    String(collection);
  }
  void EndId() { End(ValueTag::kId); }

  // The document, valid until the next Clear or until the builder goes.
  // REQUIRES: exactly one root value, all containers ended.
  [[nodiscard]] absl::StatusOr<std::string_view> Finish();

  // For encoders that know the format (jsonb_decoder.cpp): room for a payload of at most `size_max`
  // bytes at the place of the next value, to be filled in and then committed with its true size,
  // before any other call. The payload is in its form inside a container (short integers).
  char* ReservePayload(size_t size_max);
  void CommitPayload(ValueTag tag, uint32_t size);
  // Memory that such an encoder may use until its next call; empty, and to be left empty.
  ByteBuffer* scratch() {
    scratch_.Clear();
    return &scratch_;
  }
  // Containers begun and not ended.
  uint32_t depth() const { return static_cast<uint32_t>(frames_.size()); }
  // Keeps the first error.
  void Fail(absl::Status status);
  const absl::Status& status() const { return status_; }

 private:
  // One value of an open container.
  struct Entry {
    uint32_t name_begin;  // in names_
    uint32_t name_size;
    uint32_t value_begin;  // in buffer_; it ends where the next one begins
    ValueTag tag;
  };
  struct Frame {
    ValueTag tag;
    bool ordered;  // names came in strictly rising order
    uint32_t entries_begin;
    uint32_t names_begin;
    uint32_t values_begin;
  };

  void Place(ValueTag tag, std::string_view payload);
  // Appends bytes that hold several values; false when the document would grow too large.
  bool AppendBlock(std::string_view block);
  // Room for a value's payload: null after an error or when the document would grow too large.
  char* Open(ValueTag tag, size_t size);
  Entry& NextEntry();
  void Begin(ValueTag tag);
  void End(ValueTag tag);
  void CloseFrame(const Frame& frame);
  void OrderFields(const Frame& frame);
  void WidenRootNumber();

  DocumentLimits limits_;
  absl::Status status_;
  // Document header, then the values of all open containers one after the other; a container that
  // ends gets its tables in front of its values.
  ByteBuffer buffer_;
  ByteBuffer names_;
  std::vector<Entry> entries_;
  std::vector<Frame> frames_;
  // Of OrderFields, and scratch().
  ByteBuffer scratch_;
  std::vector<uint32_t> order_;
  std::vector<Entry> ordered_;
};

}  // namespace quire
