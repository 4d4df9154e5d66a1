// The keys that a scan looks up: the operand of a condition on the key, evaluated once for each
// (re)scan, as encoded keys, each once. Backends.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/store/byte_buffer.h"
#include "extension/collection_key.h"
#include "extension/plain_value.h"
#include "extension/table_map.h"

namespace quire {

// An operand that is not NULL, taken apart. Trivially destructible.
struct KeyOperand {
  const PlainValue* values = nullptr;  // those that are NULL equal nothing and are skipped
  uint32_t count = 0;
};

// The server's side: `type` is the operand's, or that of an array's elements. May raise.
KeyOperand ReadKeyOperand(ServerDatum datum, ServerOid type, bool is_array);

// The engine's side.
class KeyList {
 public:
  void Clear();
  // Encodes the operand's keys; what cannot be a key of the collection is in no document and left
  // out.
  absl::Status Fill(const KeyOperand& operand, ScalarType key_type);

  size_t size() const { return keys_.size(); }
  std::string_view operator[](size_t i) const {
    return {bytes_.data() + keys_[i].offset, keys_[i].size};
  }

 private:
  struct Place {
    size_t offset;
    size_t size;
  };

  KeyEncoder encoder_;
  ByteBuffer bytes_;
  std::vector<Place> keys_;
};

}  // namespace quire
