// A node of the tree: 4 KiB of the region, in sorted order, with the common prefix of its keys
// kept once. For the tree's own sources only.
//
// Layout, offsets in bytes:
//
//      0  latch 8
//      8  shape 8: count, prefix length, start of the heap, level (0 is a leaf)
//     16  writer's notes 8, meaningful under the latch only
//     24  leftmost 8: in an inner node the child for keys below the first one, else 0
//     32  prefix, padded with zeros to a multiple of 8
//         slots, 8 each, in key order
//      …  free
//         heap, to the end of the node: for each slot its payload 8, then the rest of its key
//
// What follows the prefix in a key is its suffix. A slot holds the suffix's first four bytes as a
// big-endian number (the head, zero-padded), its length, and where in the heap it stands. The heap
// holds the suffix from its fifth byte on in words of 4, zero-padded, without the zero words at the
// end: keys of numbers end in zeros. Zero-padded suffixes compare as their keys do, and by length
// when they are equal. The payload of a leaf is the tree's; that of an inner node is the offset of
// the child for keys from this one on.
//
// Readers may look while a writer works (see version_latch.h). They load relaxed words only, and
// every offset and length is cut to the node before use; the answer may then be wrong, but is
// thrown away. Writers move whole runs of words by memmove: a race by the letter of the language,
// harmless in the code that compilers make, and absent from the build that ThreadSanitizer checks.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "engine/index/search_key.h"
#include "engine/index/tree.h"
#include "engine/memory/region.h"
#include "engine/memory/version_latch.h"

namespace quire {

inline constexpr uint32_t kNodeBytes = 4096;
inline constexpr uint32_t kNodeHeaderBytes = 32;
inline constexpr uint32_t kNodeEntriesMax = (kNodeBytes - kNodeHeaderBytes) / 16;  // slot, payload
// A tree of the longest keys has at least two children to a node.
inline constexpr uint32_t kLevelsMax = 48;

// Words that readers load while writers store.
using RacyWord32 [[gnu::may_alias]] = uint32_t;
using RacyWord64 [[gnu::may_alias]] = uint64_t;
inline uint32_t LoadRacy(const RacyWord32* word) {
  return __atomic_load_n(word, __ATOMIC_RELAXED);
}
inline uint64_t LoadRacy(const RacyWord64* word) {
  return __atomic_load_n(word, __ATOMIC_RELAXED);
}

// A slot, unpacked.
struct TreeSlot {
  uint32_t head;
  uint32_t heap_offset;
  uint32_t length;      // of the suffix
  uint32_t rest_words;  // words of it in the heap, after the payload

  // Whatever the word, the entry it describes lies within the node.
  static TreeSlot Unpack(uint64_t word) {
    const auto low = static_cast<uint32_t>(word);
    TreeSlot slot = {.head = static_cast<uint32_t>(word >> 32),
                     .heap_offset = std::min((low >> 22) * 4, kNodeBytes - 8),
                     .length = std::min<uint32_t>(low >> 8 & 0x7ff, kKeyBytesMax),
                     .rest_words = low & 0xff};
    slot.rest_words = std::min(slot.rest_words, (kNodeBytes - 8 - slot.heap_offset) / 4);
    return slot;
  }
  uint64_t Pack() const {
    return uint64_t{head} << 32 | (heap_offset / 4) << 22 | length << 8 | rest_words;
  }
  uint32_t heap_bytes() const { return 8 + 4 * rest_words; }
};

struct TreeShape {
  uint16_t count = 0;
  uint16_t prefix_bytes = 0;
  uint16_t heap_begin = kNodeBytes;
  uint16_t level = 0;

  uint32_t slots_begin() const { return kNodeHeaderBytes + ((prefix_bytes + 7u) & ~7u); }
  uint32_t slots_end() const { return slots_begin() + 8u * count; }
};

// Where a key is, or would be, among a node's keys.
struct TreePlace {
  uint32_t position;
  bool found;
};

struct alignas(64) TreeNode {
  VersionLatch latch;
  std::atomic<uint64_t> shape_word;

  // Guarded by the latch.
  uint16_t heap_live;      // bytes of the heap that slots use
  uint16_t last_position;  // of the newest entry
  int16_t run;             // entries in a row that came right after (> 0) or before (< 0) the last
  uint16_t reserved;

  std::atomic<uint64_t> leftmost;
  char body[kNodeBytes - kNodeHeaderBytes];

  // For readers, racing or not.
  TreeShape shape() const {
    auto shape = std::bit_cast<TreeShape>(shape_word.load(std::memory_order_relaxed));
    shape.prefix_bytes = std::min<uint16_t>(shape.prefix_bytes, kKeyBytesMax);
    shape.count = std::min<uint16_t>(shape.count,
                                     static_cast<uint16_t>((kNodeBytes - shape.slots_begin()) / 8));
    return shape;
  }
  void set_shape(TreeShape shape) {
    shape_word.store(std::bit_cast<uint64_t>(shape), std::memory_order_relaxed);
  }
  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  char* bytes() { return reinterpret_cast<char*>(this); }
  const RacyWord64* slots(TreeShape shape) const {
    return reinterpret_cast<const RacyWord64*>(bytes() + shape.slots_begin());
  }
  RacyWord64* slots(TreeShape shape) {
    return reinterpret_cast<RacyWord64*>(bytes() + shape.slots_begin());
  }
  TreeSlot slot(TreeShape shape, uint32_t i) const {
    return TreeSlot::Unpack(LoadRacy(slots(shape) + i));
  }
  const RacyWord32* heap(const TreeSlot& slot) const {
    return reinterpret_cast<const RacyWord32*>(bytes() + slot.heap_offset);
  }
  uint64_t payload(const TreeSlot& slot) const {
    const RacyWord32* words = heap(slot);
    return LoadRacy(words) | uint64_t{LoadRacy(words + 1)} << 32;
  }
  void set_payload(const TreeSlot& slot, uint64_t payload) {
    Store(bytes() + slot.heap_offset, payload);
  }

  // The order of `key` against the node's prefix: 0 when it has it.
  int ComparePrefix(TreeShape shape, const SearchKey& key) const;
  // The order of `key`, which has the prefix, against the entry of `slot`.
  int CompareSuffix(TreeShape shape, const TreeSlot& slot, const SearchKey& key) const;
  TreePlace Search(TreeShape shape, const SearchKey& key) const;
  // The rest of it, among the slots from `first` on that have the key's head.
  TreePlace SearchEqualHeads(TreeShape shape, const SearchKey& key, uint32_t first) const;
  // The child of an inner node after `position` keys.
  uint64_t Child(TreeShape shape, uint32_t position) const {
    return position == 0 ? leftmost.load(std::memory_order_relaxed)
                         : payload(slot(shape, position - 1));
  }
  // Writes prefix and suffix of entry i to `out`, which holds kNodeKeyRoom bytes. Returns the
  // length, at most kKeyBytesMax.
  uint32_t CopyKey(TreeShape shape, uint32_t i, char* out) const;
  void CopyPrefix(TreeShape shape, char* out) const;
  uint32_t CopySuffix(const TreeSlot& slot, char* out) const;
};
static_assert(sizeof(TreeNode) == kNodeBytes);

// A prefix and a suffix may each be as long as a key while a writer works, and whole words are
// written.
inline constexpr uint32_t kNodeKeyRoom = 2 * kKeyBytesMax + 16;

// What a writer needs to know before it stores anything.
enum class TreeRoom : uint8_t {
  kDirect,   // there is room between slots and heap
  kRebuild,  // there will be when the node is packed anew, perhaps with another prefix
  kNone,     // the node must be split
};

// The functions of the writer. REQUIRES for all: the node is held, or not yet reachable.

void InitNode(TreeNode* node, uint32_t level, std::string_view prefix);
TreeRoom RoomFor(const TreeNode& node, const SearchKey& key);
// REQUIRES: `room` is RoomFor this key and not kNone; `position` is where the key belongs.
void InsertEntry(TreeNode* node, TreeRoom room, const SearchKey& key, uint32_t position,
                 uint64_t payload);
void RemoveEntry(TreeNode* node, uint32_t position);
// Moves what follows from a full node to `right`, which is new. In a leaf the entries from `at`
// on move; in an inner node those behind `at`, while the child of `at` becomes the leftmost one and
// its key is dropped: it is the separator. `guess` is the prefix of a right node that stays empty.
void SplitNode(TreeNode* node, uint32_t at, std::string_view guess, TreeNode* right);
// The entry at which the bytes of the node are halved. REQUIRES: at least two entries.
uint32_t MiddleOf(const TreeNode& node);

inline TreeNode* NodeAt(const Region& region, uint64_t offset) {
  return region.At<TreeNode>(offset);
}

// Asks for the lines of a node that a search will touch: the header, and the slots of a node that
// is about two thirds full.
inline void PrefetchNode(const void* node) {
  constexpr uint32_t kLines = 20;
  for (uint32_t line = 0; line < kLines; ++line) {
    __builtin_prefetch(static_cast<const char*>(node) + 64 * line);
  }
}

inline int TreeNode::ComparePrefix(TreeShape shape, const SearchKey& key) const {
  const auto* words = reinterpret_cast<const RacyWord64*>(bytes() + kNodeHeaderBytes);
  for (uint32_t at = 0; at < shape.prefix_bytes; at += 8) {
    const uint64_t mine = __builtin_bswap64(LoadRacy(words + at / 8));
    uint64_t other = key.Word64(at);
    const uint32_t left = shape.prefix_bytes - at;
    if (left < 8) other &= ~uint64_t{0} << (64 - 8 * left);
    if (mine != other) return other < mine ? -1 : 1;
  }
  return key.size() < shape.prefix_bytes ? -1 : 0;
}

inline int TreeNode::CompareSuffix(TreeShape shape, const TreeSlot& slot,
                                   const SearchKey& key) const {
  const uint32_t head = key.Word32(shape.prefix_bytes);
  if (head != slot.head) return head < slot.head ? -1 : 1;
  const RacyWord32* words = heap(slot) + 2;
  const uint32_t rest = shape.prefix_bytes + 4u;
  const uint32_t key_words = key.size() > rest ? (key.size() - rest + 3) / 4 : 0;
  const uint32_t count = std::max(key_words, slot.rest_words);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t mine = i < slot.rest_words ? __builtin_bswap32(LoadRacy(words + i)) : 0;
    const uint32_t other = key.Word32(rest + 4 * i);
    if (mine != other) return other < mine ? -1 : 1;
  }
  const uint32_t length = key.size() - shape.prefix_bytes;
  return length == slot.length ? 0 : (length < slot.length ? -1 : 1);
}

inline TreePlace TreeNode::Search(TreeShape shape, const SearchKey& key) const {
  if (shape.count == 0) return {0, false};
  const int prefix = ComparePrefix(shape, key);
  if (prefix != 0) return {prefix < 0 ? 0u : shape.count, false};
  const RacyWord64* words = slots(shape);
  const uint64_t head = uint64_t{key.Word32(shape.prefix_bytes)} << 32;
  // The first slot whose head is not below the key's: a slot is at least `head` iff its head is.
  uint32_t low = 0;
  uint32_t size = shape.count;
  while (size > 1) {
    const uint32_t half = size / 2;
    low += LoadRacy(words + low + half - 1) < head ? half : 0;
    size -= half;
  }
  low += LoadRacy(words + low) < head ? 1 : 0;
  if (low == shape.count || LoadRacy(words + low) >> 32 != head >> 32) return {low, false};
  return SearchEqualHeads(shape, key, low);
}

}  // namespace quire
