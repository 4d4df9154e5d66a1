#include "engine/store/json_reader.h"

#include <algorithm>
#include <cstring>

#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/store/document_form.h"

namespace quire {
namespace {

// So many digits make a coefficient that an int64 holds whatever they are.
constexpr uint32_t kDigitsMax = 18;
// Larger exponents have no small form.
constexpr int kExponentMax = 1000;
// Fields that are ordered by insertion, on the stack.
constexpr uint32_t kInsertionMax = 32;

bool IsDigit(char c) {
  return static_cast<unsigned char>(c - '0') < 10;
}

// Whether one of eight bytes is a quote, a backslash or below 0x20 (and then maybe others right of
// it; after S. E. Anderson, "Bit Twiddling Hacks").
uint64_t SpecialBytes(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = 0x8080808080808080;
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t backslash = word ^ (kOnes * '\\');
  return (((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) |
          ((word - kOnes * 0x20) & ~word)) &
         kHighs;
}

class Reader {
 public:
  // Room for twice `nodes_max` nodes, and for all strings of the text behind them.
  Reader(std::string_view text, bool utf8, JsonNode* nodes, size_t nodes_max)
      : at_(text.data()),
        end_(text.data() + text.size()),
        utf8_(utf8),
        nodes_(nodes),
        nodes_end_(nodes + nodes_max),
        stack_(nodes_end_),
        stack_end_(stack_ + nodes_max),
        strings_(reinterpret_cast<char*>(stack_end_)) {}

  bool Run(JsonTree* tree) {
    if (!Value(0, &tree->root)) return false;
    SkipBlanks();
    tree->depth = depth_;
    tree->fields = fields_;
    tree->array_length = array_length_;
    return at_ == end_;
  }

 private:
  void SkipBlanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  // The next byte behind blanks, 0 at the end.
  char Peek() {
    SkipBlanks();
    return at_ == end_ ? '\0' : *at_;
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }

  bool Value(uint32_t depth, JsonNode* node) {
    switch (Peek()) {
      case '"':
        node->tag = ValueTag::kString;
        return String(&node->string, &node->size);
      case '{':
        return Container(depth + 1, ValueTag::kObject, '}', node);
      case '[':
        return Container(depth + 1, ValueTag::kArray, ']', node);
      case 't':
        return Word("true", ValueTag::kTrue, node);
      case 'f':
        return Word("false", ValueTag::kFalse, node);
      case 'n':
        return Word("null", ValueTag::kNull, node);
      default:
        return Number(node);
    }
  }

  // Where a number or a word may end.
  bool AtBoundary() const {
    if (at_ == end_) return true;
    switch (*at_) {
      case ',':
      case '}':
      case ']':
      case ' ':
      case '\n':
      case '\t':
      case '\r':
        return true;
      default:
        return false;
    }
  }

  bool Word(std::string_view word, ValueTag tag, JsonNode* node) {
    if (static_cast<size_t>(end_ - at_) < word.size()) return false;
    if (std::memcmp(at_, word.data(), word.size()) != 0) return false;
    at_ += word.size();
    node->tag = tag;
    node->size = 0;
    return AtBoundary();
  }

  bool String(const char** string, uint32_t* size) {
    const char* const begin = ++at_;
    for (;;) {
      while (end_ - at_ >= 8) {
        const uint64_t special = SpecialBytes(Load<uint64_t>(at_));
        if (special != 0) {
          at_ += std::countr_zero(special) / 8;
          break;
        }
        at_ += 8;
      }
      if (at_ == end_) return false;
      if (*at_ == '"') {
        *string = begin;
        *size = static_cast<uint32_t>(at_++ - begin);
        return true;
      }
      if (*at_ == '\\') return EscapedString(begin, string, size);
      if (static_cast<unsigned char>(*at_) < 0x20) return false;
      ++at_;
    }
  }

  // A string that begins at `begin` and has its first escape here.
  bool EscapedString(const char* begin, const char** string, uint32_t* size) {
    *string = strings_;
    std::memcpy(strings_, begin, static_cast<size_t>(at_ - begin));
    strings_ += at_ - begin;
    while (at_ != end_) {
      const char c = *at_++;
      if (c == '"') {
        *size = static_cast<uint32_t>(strings_ - *string);
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        *strings_++ = c;
      } else if (!Escape()) {
        return false;
      }
    }
    return false;
  }

  bool Escape() {
    if (at_ == end_) return false;
    switch (*at_++) {
      case '"':
      case '\\':
      case '/':
        *strings_++ = at_[-1];
        return true;
      case 'b':
        *strings_++ = '\b';
        return true;
      case 'f':
        *strings_++ = '\f';
        return true;
      case 'n':
        *strings_++ = '\n';
        return true;
      case 'r':
        *strings_++ = '\r';
        return true;
      case 't':
        *strings_++ = '\t';
        return true;
      case 'u':
        return UnicodeEscape();
      default:
        return false;
    }
  }

  bool HexWord(uint32_t* value) {
    if (end_ - at_ < 4) return false;
    *value = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = *at_++;
      uint32_t digit = 0;
      if (IsDigit(c)) {
        digit = static_cast<uint32_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        digit = static_cast<uint32_t>(c - 'a' + 10);
      } else if (c >= 'A' && c <= 'F') {
        digit = static_cast<uint32_t>(c - 'A' + 10);
      } else {
        return false;
      }
      *value = *value * 16 + digit;
    }
    return true;
  }

  // The escape takes at least as many bytes in the text as its character does.
  bool UnicodeEscape() {
    uint32_t point = 0;
    if (!HexWord(&point) || point == 0) return false;
    if (point < 0x80) {
      *strings_++ = static_cast<char>(point);
      return true;
    }
    if (!utf8_ || (point >= 0xdc00 && point <= 0xdfff)) return false;
    if (point >= 0xd800 && point <= 0xdbff) {
      uint32_t low = 0;
      if (end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') return false;
      at_ += 2;
      if (!HexWord(&low) || low < 0xdc00 || low > 0xdfff) return false;
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    }
    const auto put = [this](uint32_t byte) { *strings_++ = static_cast<char>(byte); };
    if (point < 0x800) {
      put(0xc0 | point >> 6);
    } else if (point < 0x10000) {
      put(0xe0 | point >> 12);
      put(0x80 | (point >> 6 & 0x3f));
    } else {
      put(0xf0 | point >> 18);
      put(0x80 | (point >> 12 & 0x3f));
      put(0x80 | (point >> 6 & 0x3f));
    }
    put(0x80 | (point & 0x3f));
    return true;
  }

  // Digits here, onto the coefficient. False when there is none.
  bool Digits(uint64_t* coefficient, uint32_t* count) {
    const char* const begin = at_;
    for (; at_ != end_ && IsDigit(*at_); ++at_) {
      *coefficient = *coefficient * 10 + static_cast<uint64_t>(*at_ - '0');
    }
    const auto digits = static_cast<size_t>(at_ - begin);
    *count += static_cast<uint32_t>(std::min<size_t>(digits, kDigitsMax + 1));
    return digits > 0;
  }

  bool Exponent(int* exponent) {
    if (at_ == end_ || (*at_ != 'e' && *at_ != 'E')) return true;
    ++at_;
    const bool negative = at_ != end_ && *at_ == '-';
    if (negative || (at_ != end_ && *at_ == '+')) ++at_;
    uint64_t value = 0;
    uint32_t digits = 0;
    if (!Digits(&value, &digits) || digits > 4 || value > kExponentMax) return false;
    *exponent = negative ? -static_cast<int>(value) : static_cast<int>(value);
    return true;
  }

  bool Number(JsonNode* node) {
    const bool negative = at_ != end_ && *at_ == '-';
    if (negative) ++at_;
    const bool zero = at_ != end_ && *at_ == '0';
    uint64_t magnitude = 0;
    uint32_t digits = 0;
    if (!Digits(&magnitude, &digits) || (zero && digits > 1)) return false;
    const uint32_t whole = digits;
    if (at_ != end_ && *at_ == '.') {
      ++at_;
      if (!Digits(&magnitude, &digits)) return false;
    }
    int exponent = 0;
    if (!Exponent(&exponent) || !AtBoundary() || digits > kDigitsMax) return false;
    const auto value = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
    const int decimals = static_cast<int>(digits - whole) - exponent;
    if (decimals == 0 && exponent == 0) return Integer(value, node);
    return Scaled(value, -decimals, std::max(0, decimals), node);
  }

  static bool Integer(int64_t value, JsonNode* node) {
    node->tag = ValueTag::kInt64;
    node->coefficient = value;
    node->size = ShortenedSize(value);
    return true;
  }

  // value * 10^exponent, in the form that EncodeDecimal would choose.
  static bool Scaled(int64_t value, int exponent, int display_scale, JsonNode* node) {
    if (value == 0) exponent = 0;
    while (value != 0 && value % 10 == 0) {
      value /= 10;
      ++exponent;
    }
    int64_t integer = 0;
    if (display_scale == 0 && ScaleToInt64(value, exponent, &integer)) {
      return Integer(integer, node);
    }
    if (!FitsSmallDecimal(exponent, display_scale)) return false;
    node->tag = ValueTag::kDecimal;
    node->coefficient = value;
    node->exponent = static_cast<int8_t>(exponent);
    node->display_scale = static_cast<uint8_t>(display_scale);
    node->size = 2 + ShortenedSize(value);
    return true;
  }

  // Children are stacked while more of them come, and laid side by side when they are complete.
  bool Container(uint32_t depth, ValueTag tag, char close, JsonNode* node) {
    if (depth > DocumentLimits::kDepthHardMax) return false;
    depth_ = std::max(depth_, depth);
    ++at_;
    uint32_t count = 0;
    if (!Take(close)) {
      do {
        JsonNode* const child = stack_ + count;
        if (child == stack_end_) return false;
        if (tag == ValueTag::kObject) {
          if (Peek() != '"' || !String(&child->name, &child->name_size) || !Take(':')) return false;
        }
        ++count;
        stack_ += count;
        const bool read = Value(depth, child);
        stack_ -= count;
        if (!read) return false;
      } while (Take(','));
      if (!Take(close)) return false;
    }
    if (static_cast<size_t>(nodes_end_ - nodes_) < size_t{nodes_count_} + count) return false;
    node->tag = tag;
    node->children.first = nodes_count_;
    if (tag == ValueTag::kObject) {
      count = PlaceFields(count);
      fields_ = std::max(fields_, count);
    } else {
      if (count != 0) std::memcpy(nodes_ + nodes_count_, stack_, count * sizeof(JsonNode));
      array_length_ = std::max(array_length_, count);
    }
    nodes_count_ += count;
    node->children.count = count;
    node->size = ContainerSize(tag, count);
    return true;
  }

  // Bytes of a container whose children are the last nodes.
  uint32_t ContainerSize(ValueTag tag, uint32_t count) const {
    const JsonNode* const children = nodes_ + nodes_count_ - count;
    uint32_t names = 0;
    uint32_t values = 0;
    for (uint32_t i = 0; i < count; ++i) values += children[i].size;
    if (tag == ValueTag::kArray) {
      const uint32_t log = WidthLog(std::max(count, values));
      return 1 + ((count + 1) << log) + count + values;
    }
    for (uint32_t i = 0; i < count; ++i) names += children[i].name_size;
    const uint32_t name_log = WidthLog(std::max(count, names));
    return 1 + ((count + 1) << name_log) + (count << WidthLog(values)) + count + names + values;
  }

  // Orders as CompareNames, as far as length and four bytes tell.
  static uint64_t OrderOf(const JsonNode& node) {
    uint32_t first = 0;
    std::memcpy(&first, node.name, std::min<size_t>(node.name_size, sizeof first));
    return uint64_t{node.name_size} << 32 | __builtin_bswap32(first);
  }
  static int Compare(const JsonNode& a, const JsonNode& b) {
    return CompareNames({a.name, a.name_size}, {b.name, b.name_size});
  }

  // Lays the first `count` stacked fields behind the nodes in jsonb's order. Of equal names the
  // last stays. Returns how many are left.
  uint32_t PlaceFields(uint32_t count) {
    JsonNode* const to = nodes_ + nodes_count_;
    if (count > kInsertionMax) {
      std::memcpy(to, stack_, count * sizeof(JsonNode));
      // Names that are equal keep their order by where they stand, or were unescaped to.
      SortMany(to, count);
      return DropEqual(to, count);
    }
    uint64_t orders[kInsertionMax];
    uint8_t sorted[kInsertionMax];
    bool equal = false;
    for (uint32_t i = 0; i < count; ++i) {
      const uint64_t order = OrderOf(stack_[i]);
      uint32_t place = i;
      for (; place > 0; --place) {
        const uint64_t before = orders[place - 1];
        if (before < order) break;
        if (before == order) {
          const int compared = Compare(stack_[sorted[place - 1]], stack_[i]);
          equal |= compared == 0;
          if (compared <= 0) break;
        }
        orders[place] = before;
        sorted[place] = sorted[place - 1];
      }
      orders[place] = order;
      sorted[place] = static_cast<uint8_t>(i);
    }
    for (uint32_t i = 0; i < count; ++i) to[i] = stack_[sorted[i]];
    return equal ? DropEqual(to, count) : count;
  }

  // A stable sort that allocates nothing: bottom-up merging by way of the stack, whose fields have
  // been copied.
  void SortMany(JsonNode* fields, uint32_t count) {
    JsonNode* from = fields;
    JsonNode* to = stack_;
    for (uint32_t run = 1; run < count; run *= 2) {
      for (uint32_t begin = 0; begin < count; begin += 2 * run) {
        const uint32_t middle = std::min(begin + run, count);
        const uint32_t end = std::min(begin + 2 * run, count);
        std::merge(from + begin, from + middle, from + middle, from + end, to + begin,
                   [](const JsonNode& a, const JsonNode& b) { return Compare(a, b) < 0; });
      }
      std::swap(from, to);
    }
    if (from != fields) std::memcpy(fields, from, count * sizeof(JsonNode));
  }

  static uint32_t DropEqual(JsonNode* fields, uint32_t count) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; ++i) {
      if (kept > 0 && Compare(fields[kept - 1], fields[i]) == 0) --kept;
      fields[kept++] = fields[i];
    }
    return kept;
  }

  const char* at_;
  const char* const end_;
  const bool utf8_;
  JsonNode* const nodes_;  // children of complete containers
  JsonNode* const nodes_end_;
  uint32_t nodes_count_ = 0;
  JsonNode* stack_;  // children of the containers that are being read
  JsonNode* const stack_end_;
  char* strings_;  // unescaped
  uint32_t depth_ = 0;
  uint32_t fields_ = 0;
  uint32_t array_length_ = 0;
};

// Writes payloads whose sizes are known. Numbers are stored as whole words: what they write too
// much is overwritten by what comes next, or is the reserve behind the end.
class TreeWriter {
 public:
  explicit TreeWriter(const JsonTree& tree) : tree_(tree) {}

  char* Value(const JsonNode& node, char* out) const {
    uint32_t size = 0;
    switch (node.tag) {
      case ValueTag::kString:
        Copy(node.string, node.size, out);
        return out + node.size;
      case ValueTag::kInt64:
        EncodeInt64(node.coefficient, out, &size);
        return out + size;
      case ValueTag::kDecimal:
        EncodeSmallDecimal(node.coefficient, node.exponent, node.display_scale, out, &size);
        return out + size;
      case ValueTag::kArray:
        return Array(node, out);
      case ValueTag::kObject:
        return Object(node, out);
      default:
        return out;
    }
  }

 private:
  // Most strings are short: two words cost less than a call.
  void Copy(const char* from, uint32_t size, char* out) const {
    if (size <= 16 && (from < tree_.text_begin || from + 16 <= tree_.text_end)) {
      const auto first = Load<uint64_t>(from);
      const auto second = Load<uint64_t>(from + 8);
      Store(out, first);
      Store(out + 8, second);
    } else {
      std::memcpy(out, from, size);
    }
  }

  char* Array(const JsonNode& node, char* out) const {
    const uint32_t count = node.children.count;
    const JsonNode* const children = tree_.nodes + node.children.first;
    uint32_t values_size = 0;
    for (uint32_t i = 0; i < count; ++i) values_size += children[i].size;
    const uint32_t log = WidthLog(std::max(count, values_size));
    out[0] = static_cast<char>(log);
    StoreEnd(out + 1, 0, log, count);
    char* const ends = out + 1 + (size_t{1} << log);
    char* const tags = ends + (size_t{count} << log);
    return Values(children, count, log, ends, tags, tags + count);
  }

  char* Object(const JsonNode& node, char* out) const {
    const uint32_t count = node.children.count;
    const JsonNode* const children = tree_.nodes + node.children.first;
    uint32_t values_size = 0;
    uint32_t names_size = 0;
    for (uint32_t i = 0; i < count; ++i) {
      values_size += children[i].size;
      names_size += children[i].name_size;
    }
    const uint32_t name_log = WidthLog(std::max(count, names_size));
    const uint32_t log = WidthLog(values_size);
    out[0] = static_cast<char>(name_log | log << 2);
    StoreEnd(out + 1, 0, name_log, count);
    char* const name_ends = out + 1 + (size_t{1} << name_log);
    char* const value_ends = name_ends + (size_t{count} << name_log);
    char* const tags = value_ends + (size_t{count} << log);
    char* const names = tags + count;
    // Names first: what they write too much belongs to the values.
    WithEndType(name_log, [=, this]<typename End>(End) {
      uint32_t end = 0;
      for (uint32_t i = 0; i < count; ++i) {
        Copy(children[i].name, children[i].name_size, names + end);
        end += children[i].name_size;
        Store(name_ends + i * sizeof(End), static_cast<End>(end));
      }
    });
    return Values(children, count, log, value_ends, tags, names + names_size);
  }

  char* Values(const JsonNode* children, uint32_t count, uint32_t log, char* ends, char* tags,
               char* values) const {
    char* out = values;
    WithEndType(log, [&, this]<typename End>(End) {
      for (uint32_t i = 0; i < count; ++i) {
        out = Value(children[i], out);
        Store(ends + i * sizeof(End), static_cast<End>(out - values));
        tags[i] = static_cast<char>(children[i].tag);
      }
    });
    return out;
  }

  const JsonTree& tree_;
};

// Behind the end, for what is stored as whole words.
constexpr size_t kSlackBytes = 16;

size_t TreeBytes(std::string_view text, size_t nodes_max) {
  return sizeof(JsonTree) + 2 * nodes_max * sizeof(JsonNode) + text.size() + kSlackBytes;
}

}  // namespace

size_t JsonTreeBytesLikely(std::string_view text) {
  return TreeBytes(text, text.size() / 8 + 16);
}

size_t JsonTreeBytesMax(std::string_view text) {
  // A value takes a byte, and so does the bracket or comma in front of it.
  return TreeBytes(text, text.size() / 2 + 1);
}

const JsonTree* ReadJson(std::string_view text, bool utf8, absl::Span<char> memory) {
  if (text.size() > kJsonTextBytesMax) return nullptr;
  QUIRE_ASSERT(memory.size() >= TreeBytes(text, 1));
  const size_t nodes_max = (memory.size() - TreeBytes(text, 0)) / (2 * sizeof(JsonNode));
  auto* tree = reinterpret_cast<JsonTree*>(memory.data());
  auto* nodes = reinterpret_cast<JsonNode*>(tree + 1);
  if (!Reader(text, utf8, nodes, nodes_max).Run(tree)) return nullptr;
  tree->nodes = nodes;
  tree->text_begin = text.data();
  tree->text_end = text.data() + text.size();
  return tree;
}

absl::Status AppendJsonTree(const JsonTree& tree, const DocumentLimits& limits,
                            DocumentBuilder* builder) {
  QUIRE_RETURN_IF_ERROR(builder->status());
  if (builder->depth() + tree.depth > limits.Clamped().depth_max) return limits.DepthError();
  if (tree.fields > limits.fields_max) return limits.FieldsError(tree.fields);
  if (tree.array_length > limits.array_length_max) {
    return limits.ArrayLengthError(tree.array_length);
  }
  if (tree.root.size > limits.bytes_max) return limits.BytesError(tree.root.size);
  char* const begin = builder->ReservePayload(tree.root.size + kSlackBytes);
  [[maybe_unused]] const char* const end = TreeWriter(tree).Value(tree.root, begin);
  QUIRE_ASSERT(end == begin + tree.root.size);
  builder->CommitPayload(tree.root.tag, tree.root.size);
  return builder->status();
}

}  // namespace quire
