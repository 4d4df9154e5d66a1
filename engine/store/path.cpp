#include "engine/store/path.h"

#include <charconv>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"

namespace quire {
namespace {

absl::Status Invalid(std::string_view text, size_t offset, const char* what) {
  return absl::InvalidArgumentError(
      absl::StrCat("path \"", std::string(text), "\": ", what, " at character ", offset + 1));
}

// The position that a step without quotes stands for, when it is one.
uint32_t IndexOf(std::string_view step) {
  if (step.empty() || step.size() > 10 || (step[0] == '0' && step.size() > 1)) {
    return PathStep::kNoIndex;
  }
  uint32_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (error != std::errc() || end != step.data() + step.size()) return PathStep::kNoIndex;
  return index <= static_cast<uint32_t>(std::numeric_limits<int32_t>::max()) ? index
                                                                             : PathStep::kNoIndex;
}

// Reads a step in quotes, `*at` being on the first, and leaves `*at` behind the last; false when
// there is no last.
bool ReadQuoted(std::string_view text, size_t* at, std::string* name) {
  for (size_t i = *at + 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (i + 1 == text.size() || text[i + 1] != '"') {
        *at = i + 1;
        return true;
      }
      ++i;
    }
    name->push_back(text[i]);
  }
  return false;
}

}  // namespace

absl::StatusOr<Path> Path::Parse(std::string_view text) {
  if (text.size() > kTextSizeMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "path of ", text.size(), " bytes exceeds the limit of ", kTextSizeMax + 0, " bytes"));
  }
  Path path;
  size_t at = 0;
  while (true) {
    if (path.steps_.size() == kStepsMax) return Invalid(text, at, "more than 1000 steps");
    PathStep step;
    if (at < text.size() && text[at] == '"') {
      const size_t begin = at;
      if (!ReadQuoted(text, &at, &step.name)) return Invalid(text, begin, "quote without end");
      if (at < text.size() && text[at] != '.') {
        return Invalid(text, at, "expected a dot after the closing quote");
      }
    } else {
      const size_t begin = at;
      for (; at < text.size() && text[at] != '.'; ++at) {
        if (text[at] == '"') return Invalid(text, at, "quote inside a step without quotes");
      }
      if (at == begin) return Invalid(text, at, "empty step (write \"\" for an empty name)");
      step.name = text.substr(begin, at - begin);
      step.index = IndexOf(step.name);
    }
    path.steps_.push_back(std::move(step));
    if (at == text.size()) return path;
    ++at;
  }
}

Path Path::Field(std::string_view name) {
  Path path;
  path.steps_.push_back(PathStep{std::string(name), PathStep::kNoIndex});
  return path;
}

std::string Path::ToString() const {
  std::string text;
  for (const PathStep& step : steps_) {
    if (!text.empty()) text.push_back('.');
    const bool plain = !step.name.empty() && step.name.find_first_of(".\"") == std::string::npos &&
                       IndexOf(step.name) == step.index;
    if (plain) {
      text.append(step.name);
      continue;
    }
    text.push_back('"');
    for (const char c : step.name) {
      if (c == '"') text.push_back('"');
      text.push_back(c);
    }
    text.push_back('"');
  }
  return text;
}

bool Lookup(ValueView root, const Path& path, PathHints* hints, ValueView* out) {
  // In the caller's place from the start: a copy at the end would wait for the words just written.
  ValueView& value = *out;
  value = root;
  size_t depth = 0;
  for (const PathStep& step : path.steps()) {
    if (value.tag() == ValueTag::kObject) {
      uint32_t* hint =
          hints != nullptr && depth < PathHints::kSlots ? &hints->slots[depth] : nullptr;
      if (!value.Find(step.name, &value, hint)) return false;
    } else if (value.tag() == ValueTag::kArray && step.index < value.count()) {
      value = value.Element(step.index);
    } else {
      return false;
    }
    ++depth;
  }
  return true;
}

}  // namespace quire
