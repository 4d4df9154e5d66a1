// The values at a few paths of a document, kept in the place of the document when nobody looks at
// the rest: a scan copies what it returns, and this is less.
//
// In memory only, never stored. All integers are the machine's:
//
//   heads     12 bytes for each path: where the payload begins and how long it is, uint32 each; its
//             tag, uint32 (ValueTag, or kAbsent)
//   payloads  as in the document, one after the other; a string begins at a multiple of 4 behind 4
//             bytes of room, which belong to whoever reads it
//
// Numbers of varying width are read with bytes in front of them (document.h); the heads are there.
// One owner, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/store/byte_buffer.h"
#include "engine/store/path.h"
#include "engine/store/value.h"

namespace quire {

class Projection {
 public:
  // The path outlives the projection.
  void AddPath(const Path* path) { paths_.push_back(Column{.path = path, .hints = {}}); }
  bool empty() const { return paths_.empty(); }

  // Appends what there is at the paths. REQUIRES: a trusted document; at least one path.
  void Append(std::string_view document, ByteBuffer* out);

  // The value at the i-th path, in bytes that Append has made; false when there is none.
  static bool Find(std::string_view projected, uint32_t i, ValueView* out);
  // The room in front of a string that Find has found.
  static constexpr size_t kRoom = 4;
  static char* RoomBefore(ValueView string) {
    return const_cast<char*>(string.payload().data()) - kRoom;
  }

 private:
  struct Column {
    const Path* path;
    PathHints hints;
  };
  struct Head {
    uint32_t begin;
    uint32_t size;
    uint32_t tag;
  };
  static constexpr uint32_t kAbsent = UINT32_MAX;

  std::vector<Column> paths_;
};

inline bool Projection::Find(std::string_view projected, uint32_t i, ValueView* out) {
  const char* head = projected.data() + i * sizeof(Head);
  const auto tag = Load<uint32_t>(head + offsetof(Head, tag));
  if (tag == kAbsent) return false;
  *out = ValueView(static_cast<ValueTag>(tag),
                   projected.data() + Load<uint32_t>(head + offsetof(Head, begin)),
                   Load<uint32_t>(head + offsetof(Head, size)));
  return true;
}

}  // namespace quire
