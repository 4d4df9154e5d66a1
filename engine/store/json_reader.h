// JSON text, read into a tree of its values, from which the document is then written in one go.
//
// For loads: a text that the server has already checked becomes a document without the detour of
// the server's jsonb. What comes out is what jsonb would have made of the text: fields in its
// order, the last of equal names, numbers with their scale. What this reader does not take (text
// that is no JSON, U+0000, a lone surrogate, a number beyond 18 digits, a text above
// kJsonTextBytesMax, ...) goes through jsonb, which also says what is wrong with it.
//
// Any thread. Reading allocates nothing and throws nothing, so that it can be done on the server's
// side of a door; the caller gives the memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "engine/store/document_builder.h"
#include "engine/store/limits.h"
#include "engine/store/value.h"

namespace quire {

// Beyond it the memory for the tree, up to 33 bytes for each byte of a hostile text, is too much.
inline constexpr size_t kJsonTextBytesMax = 1 << 20;

// One value. Strings lie in the text, or unescaped behind the nodes.
struct JsonNode {
  const char* name;  // of a field
  union {
    const char* string;
    int64_t coefficient;  // kInt64, kDecimal
    struct {
      uint32_t first;  // among the nodes
      uint32_t count;
    } children;
  };
  uint32_t name_size;
  uint32_t size;  // of the payload in a document
  ValueTag tag;
  int8_t exponent;        // kDecimal
  uint8_t display_scale;  // kDecimal
};
static_assert(sizeof(JsonNode) == 32);

struct JsonTree {
  JsonNode root;
  const JsonNode* nodes;
  const char* text_begin;
  const char* text_end;
  // The largest of each in the whole tree.
  uint32_t depth;
  uint32_t fields;
  uint32_t array_length;
};

// Bytes of memory, aligned as for a pointer, with which ReadJson takes nearly every text, and every
// text that it takes at all.
size_t JsonTreeBytesLikely(std::string_view text);
size_t JsonTreeBytesMax(std::string_view text);

// The tree of `text`, made in `memory`, of which it takes what it needs; null when this reader does
// not take the text, or not with so little memory. Refers to the text. `utf8`: escapes beyond ASCII
// are taken (the strings are UTF-8).
const JsonTree* ReadJson(std::string_view text, bool utf8, absl::Span<char> memory);

// Adds the value as the next one of `builder`. Beyond a limit: kOutOfRange.
[[nodiscard]] absl::Status AppendJsonTree(const JsonTree& tree, const DocumentLimits& limits,
                                          DocumentBuilder* builder);

}  // namespace quire
