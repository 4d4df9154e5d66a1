#include "engine/store/projection.h"

#include "engine/store/document.h"

namespace quire {

void Projection::Append(std::string_view document, ByteBuffer* out) {
  const ValueView root = RootOf(document);
  const size_t start = out->size();
  const size_t heads_size = paths_.size() * sizeof(Head);
  out->Extend(heads_size);
  size_t head = start;
  for (Column& column : paths_) {
    ValueView value;
    uint32_t begin = 0;
    uint32_t size = 0;
    uint32_t tag = kAbsent;
    if (Lookup(root, *column.path, &column.hints, &value)) {
      if (value.tag() == ValueTag::kString) out->Extend(kRoom + (-out->size() & (kRoom - 1)));
      begin = static_cast<uint32_t>(out->size() - start);
      size = static_cast<uint32_t>(value.payload().size());
      tag = static_cast<uint32_t>(value.tag());
      out->Append(value.payload());
    }
    // Word by word: a struct would be copied in other pieces than it was written, and wait.
    Store(out->data() + head + offsetof(Head, begin), begin);
    Store(out->data() + head + offsetof(Head, size), size);
    Store(out->data() + head + offsetof(Head, tag), tag);
    head += sizeof(Head);
  }
}

}  // namespace quire
