#include "engine/index/tree_node.h"

#include <cstring>
#include <optional>

namespace quire {

namespace {

size_t CommonBytes(std::string_view a, std::string_view b) {
  const size_t limit = std::min(a.size(), b.size());
  size_t n = 0;
  while (n < limit && a[n] == b[n]) ++n;
  return n;
}

// Words of the heap for a suffix whose last byte other than zero ends at `end`.
uint32_t RestWords(uint32_t end) {
  return end > 4 ? (end - 4 + 3) / 4 : 0;
}

// Where the last byte other than zero ends, 0 when there is none.
uint32_t NonZeroEnd(std::string_view bytes) {
  size_t end = bytes.size();
  while (end > 0 && bytes[end - 1] == 0) --end;
  return static_cast<uint32_t>(end);
}

uint32_t NonZeroEnd(const TreeNode& node, const TreeSlot& slot) {
  if (slot.rest_words > 0) {
    const uint32_t last = __builtin_bswap32(LoadRacy(node.heap(slot) + 1 + slot.rest_words));
    return 4 * slot.rest_words + 4 - static_cast<uint32_t>(std::countr_zero(last)) / 8;
  }
  return slot.head == 0 ? 0 : 4 - static_cast<uint32_t>(std::countr_zero(slot.head)) / 8;
}

// Fills a node that is not reachable, key by key in order.
class NodePacker {
 public:
  NodePacker(TreeNode* to, uint32_t level, std::string_view prefix) : to_(to) {
    InitNode(to, level, prefix);
    shape_ = to->shape();
  }

  // Appends a key, of which `suffix` follows the prefix.
  void Append(std::string_view suffix, uint64_t payload) {
    const uint32_t words = RestWords(NonZeroEnd(suffix));
    TreeSlot slot = {.head = Head(suffix),
                     .heap_offset = shape_.heap_begin - 8 - 4 * words,
                     .length = static_cast<uint32_t>(suffix.size()),
                     .rest_words = words};
    QUIRE_CHECK(shape_.slots_end() + 8 <= slot.heap_offset);
    char* heap = to_->bytes() + slot.heap_offset;
    Store(heap, payload);
    if (words > 0) {
      Store(heap + 8 + 4 * words - 4, uint32_t{0});
      std::memcpy(heap + 8, suffix.data() + 4, std::min<size_t>(suffix.size() - 4, 4 * words));
    }
    to_->slots(shape_)[shape_.count] = slot.Pack();
    ++shape_.count;
    to_->heap_live = static_cast<uint16_t>(to_->heap_live + slot.heap_bytes());
    shape_.heap_begin = static_cast<uint16_t>(slot.heap_offset);
    to_->set_shape(shape_);
  }
  // Appends the entries [begin, end) of another node.
  void AppendFrom(const TreeNode& from, uint32_t begin, uint32_t end) {
    const TreeShape shape = from.shape();
    char key[kNodeKeyRoom];
    from.CopyPrefix(shape, key);
    for (uint32_t i = begin; i < end; ++i) {
      const TreeSlot slot = from.slot(shape, i);
      const uint32_t size = shape.prefix_bytes + from.CopySuffix(slot, key + shape.prefix_bytes);
      Append({key + shape_.prefix_bytes, size - shape_.prefix_bytes}, from.payload(slot));
    }
  }

 private:
  static uint32_t Head(std::string_view suffix) {
    if (suffix.size() >= 4) return LoadBigEndian32(suffix.data());
    char bytes[4] = {};
    if (!suffix.empty()) std::memcpy(bytes, suffix.data(), suffix.size());
    return LoadBigEndian32(bytes);
  }

  TreeNode* const to_;
  TreeShape shape_;
};

// Takes over everything but the latch.
void ReplaceContent(TreeNode* node, const TreeNode& image) {
  node->shape_word.store(image.shape_word.load(std::memory_order_relaxed),
                         std::memory_order_relaxed);
  node->heap_live = image.heap_live;
  std::memcpy(node->body, image.body, sizeof(node->body));
}

// Entries [begin, end) of a node, and perhaps a key that is to join them.
struct Packing {
  uint32_t begin;
  uint32_t end;
  const SearchKey* key;
};

// Bytes of a node that holds them under a prefix of `prefix_bytes`.
uint32_t PackedBytes(const TreeNode& node, const Packing& packing, uint32_t prefix_bytes) {
  const TreeShape shape = node.shape();
  const auto entry_bytes = [prefix_bytes](uint32_t key_end) {
    return 16 + 4 * RestWords(key_end > prefix_bytes ? key_end - prefix_bytes : 0);
  };
  uint32_t bytes = kNodeHeaderBytes + static_cast<uint32_t>(AlignUp(prefix_bytes, 8));
  if (packing.key != nullptr) bytes += entry_bytes(NonZeroEnd(packing.key->view()));
  for (uint32_t i = packing.begin; i < packing.end; ++i) {
    bytes += entry_bytes(shape.prefix_bytes + NonZeroEnd(node, node.slot(shape, i)));
  }
  return bytes;
}

// The prefix under which they are packed, in `out`, which holds kNodeKeyRoom bytes: what they
// share, or the node's own when that takes less room. Empty when neither fits.
std::optional<std::string_view> PackingPrefix(const TreeNode& node, const Packing& packing,
                                              char* out) {
  const TreeShape shape = node.shape();
  const uint32_t count = packing.end - packing.begin;
  uint32_t size = shape.prefix_bytes;
  if (count >= 2 || (count == 1 && packing.key != nullptr)) {
    char other[kNodeKeyRoom];
    size = node.CopyKey(shape, packing.begin, out);
    const uint32_t other_size = node.CopyKey(shape, packing.end - 1, other);
    size = static_cast<uint32_t>(CommonBytes({out, size}, {other, other_size}));
  } else {
    // Too few to tell: what the node had is a good guess for what will come.
    node.CopyPrefix(shape, out);
  }
  if (packing.key != nullptr) {
    size = static_cast<uint32_t>(CommonBytes({out, size}, packing.key->view()));
  }
  if (PackedBytes(node, packing, size) <= kNodeBytes) return std::string_view(out, size);
  if (size <= shape.prefix_bytes) return std::nullopt;
  // A longer prefix may cost eight bytes that it does not save elsewhere.
  if (PackedBytes(node, packing, shape.prefix_bytes) > kNodeBytes) return std::nullopt;
  return std::string_view(out, shape.prefix_bytes);
}

void NotePosition(TreeNode* node, uint32_t position) {
  constexpr int kRunMax = 1000;
  int run = 0;
  if (position == node->last_position + 1u) {
    run = std::min(std::max<int>(node->run, 0) + 1, kRunMax);
  } else if (position == node->last_position) {
    run = std::max(std::min<int>(node->run, 0) - 1, -kRunMax);
  }
  node->run = static_cast<int16_t>(run);
  node->last_position = static_cast<uint16_t>(position);
}

}  // namespace

TreePlace TreeNode::SearchEqualHeads(TreeShape shape, const SearchKey& key, uint32_t first) const {
  const RacyWord64* words = slots(shape);
  const auto order_at = [&](uint32_t i) {
    return CompareSuffix(shape, TreeSlot::Unpack(LoadRacy(words + i)), key);
  };
  // Nearly always the first one decides.
  int order = order_at(first);
  if (order <= 0) return {first, order == 0};
  const uint64_t last_word = LoadRacy(words + first) | UINT32_MAX;
  uint32_t low = first + 1;
  uint32_t high = shape.count;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    const uint64_t word = LoadRacy(words + middle);
    if (word > last_word) {
      high = middle;
      continue;
    }
    order = order_at(middle);
    if (order == 0) return {middle, true};
    if (order < 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return {low, false};
}

void TreeNode::CopyPrefix(TreeShape shape, char* out) const {
  const auto* words = reinterpret_cast<const RacyWord64*>(bytes() + kNodeHeaderBytes);
  for (uint32_t at = 0; at < shape.prefix_bytes; at += 8) Store(out + at, LoadRacy(words + at / 8));
}

uint32_t TreeNode::CopySuffix(const TreeSlot& slot, char* out) const {
  StoreBigEndian32(out, slot.head);
  const RacyWord32* words = heap(slot) + 2;
  const uint32_t rest = std::min<uint32_t>(slot.rest_words, kKeyBytesMax / 4);
  for (uint32_t i = 0; i < rest; ++i) Store(out + 4 + 4 * i, LoadRacy(words + i));
  const uint32_t copied = 4 + 4 * rest;
  if (slot.length > copied) std::memset(out + copied, 0, slot.length - copied);
  return slot.length;
}

uint32_t TreeNode::CopyKey(TreeShape shape, uint32_t i, char* out) const {
  CopyPrefix(shape, out);
  const uint32_t size = shape.prefix_bytes + CopySuffix(slot(shape, i), out + shape.prefix_bytes);
  return std::min<uint32_t>(size, kKeyBytesMax);
}

void InitNode(TreeNode* node, uint32_t level, std::string_view prefix) {
  QUIRE_ASSERT(prefix.size() <= kKeyBytesMax && level < kLevelsMax);
  node->set_shape({.count = 0,
                   .prefix_bytes = static_cast<uint16_t>(prefix.size()),
                   .heap_begin = kNodeBytes,
                   .level = static_cast<uint16_t>(level)});
  node->heap_live = 0;
  node->last_position = 0;
  node->run = 0;
  node->leftmost.store(0, std::memory_order_relaxed);
  if (prefix.empty()) return;
  Store(node->body + AlignUp(prefix.size(), 8) - 8, uint64_t{0});
  std::memcpy(node->body, prefix.data(), prefix.size());
}

TreeRoom RoomFor(const TreeNode& node, const SearchKey& key) {
  const TreeShape shape = node.shape();
  if (node.ComparePrefix(shape, key) == 0) {
    const uint32_t end = NonZeroEnd(key.view().substr(shape.prefix_bytes));
    const uint32_t bytes = shape.slots_end() + 16 + 4 * RestWords(end);
    if (bytes <= shape.heap_begin) return TreeRoom::kDirect;
    if (bytes + node.heap_live <= kNodeBytes) return TreeRoom::kRebuild;
  }
  char buffer[kNodeKeyRoom];
  const Packing all = {.begin = 0, .end = shape.count, .key = &key};
  return PackingPrefix(node, all, buffer).has_value() ? TreeRoom::kRebuild : TreeRoom::kNone;
}

void InsertEntry(TreeNode* node, TreeRoom room, const SearchKey& key, uint32_t position,
                 uint64_t payload) {
  TreeShape shape = node->shape();
  QUIRE_ASSERT(room != TreeRoom::kNone && position <= shape.count);
  if (room == TreeRoom::kRebuild) {
    char buffer[kNodeKeyRoom];
    const Packing all = {.begin = 0, .end = shape.count, .key = &key};
    const std::string_view prefix = PackingPrefix(*node, all, buffer).value();
    TreeNode image;
    NodePacker packer(&image, shape.level, prefix);
    packer.AppendFrom(*node, 0, position);
    packer.Append(key.view().substr(prefix.size()), payload);
    packer.AppendFrom(*node, position, shape.count);
    ReplaceContent(node, image);
    NotePosition(node, position);
    return;
  }
  const std::string_view suffix = key.view().substr(shape.prefix_bytes);
  const uint32_t words = RestWords(NonZeroEnd(suffix));
  const TreeSlot slot = {.head = key.Word32(shape.prefix_bytes),
                         .heap_offset = shape.heap_begin - 8 - 4 * words,
                         .length = static_cast<uint32_t>(suffix.size()),
                         .rest_words = words};
  char* heap = node->bytes() + slot.heap_offset;
  Store(heap, payload);
  for (uint32_t i = 0; i < words; ++i) {
    StoreBigEndian32(heap + 8 + 4 * i, key.Word32(shape.prefix_bytes + 4 + 4 * i));
  }
  RacyWord64* slots = node->slots(shape);
  std::memmove(slots + position + 1, slots + position, 8 * (shape.count - position));
  slots[position] = slot.Pack();
  ++shape.count;
  shape.heap_begin = static_cast<uint16_t>(slot.heap_offset);
  node->heap_live = static_cast<uint16_t>(node->heap_live + slot.heap_bytes());
  node->set_shape(shape);
  NotePosition(node, position);
}

void RemoveEntry(TreeNode* node, uint32_t position) {
  TreeShape shape = node->shape();
  QUIRE_ASSERT(position < shape.count);
  const TreeSlot slot = node->slot(shape, position);
  RacyWord64* slots = node->slots(shape);
  std::memmove(slots + position, slots + position + 1, 8 * (shape.count - position - 1));
  --shape.count;
  node->heap_live = static_cast<uint16_t>(node->heap_live - slot.heap_bytes());
  if (shape.count == 0) {
    shape.heap_begin = kNodeBytes;
  } else if (slot.heap_offset == shape.heap_begin) {
    shape.heap_begin = static_cast<uint16_t>(shape.heap_begin + slot.heap_bytes());
  }
  node->set_shape(shape);
  node->run = 0;
}

void SplitNode(TreeNode* node, uint32_t at, std::string_view guess, TreeNode* right) {
  const TreeShape shape = node->shape();
  const bool leaf = shape.level == 0;
  const Packing left_part = {.begin = 0, .end = at, .key = nullptr};
  const Packing right_part = {.begin = leaf ? at : at + 1, .end = shape.count, .key = nullptr};
  QUIRE_ASSERT(right_part.begin <= shape.count);
  char buffer[kNodeKeyRoom];
  NodePacker right_packer(right, shape.level,
                          right_part.begin == right_part.end
                              ? guess
                              : PackingPrefix(*node, right_part, buffer).value());
  right_packer.AppendFrom(*node, right_part.begin, right_part.end);
  if (!leaf) right->leftmost.store(node->Child(shape, at + 1), std::memory_order_relaxed);

  node->run = 0;
  node->last_position = 0;
  if (at == shape.count) return;
  TreeNode image;
  NodePacker left_packer(&image, shape.level, PackingPrefix(*node, left_part, buffer).value());
  left_packer.AppendFrom(*node, 0, at);
  ReplaceContent(node, image);
}

uint32_t MiddleOf(const TreeNode& node) {
  const TreeShape shape = node.shape();
  QUIRE_ASSERT(shape.count >= 2);
  const uint32_t half = (node.heap_live + 8u * shape.count) / 2;
  uint32_t bytes = 0;
  uint32_t i = 0;
  while (i < shape.count && bytes < half) bytes += 8 + node.slot(shape, i++).heap_bytes();
  return std::clamp<uint32_t>(i, 1, shape.count - 1);
}

}  // namespace quire
