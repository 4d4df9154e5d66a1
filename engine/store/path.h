// A path into a document: the steps from the root to a value.
// Any thread; a Path does not change once made. PathHints belong to one scan in one thread.
//
// Text form: steps separated by dots. A step in double quotes is taken literally, with "" for a
// quote; a step without quotes may not be empty nor hold a quote. A step of digits without quotes
// (no leading zero, at most 2^31 - 1) indexes an array, and names a field when the value it meets
// is an object.
//   address.city      tags.0      "a.b"."say ""hi"""
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/store/value.h"

namespace quire {

struct PathStep {
  static constexpr uint32_t kNoIndex = UINT32_MAX;

  std::string name;
  uint32_t index = kNoIndex;  // the position in an array; kNoIndex: the step only names fields

  bool operator==(const PathStep&) const = default;
};

class Path {
 public:
  static constexpr size_t kStepsMax = 1000;  // as deep as a document can be
  static constexpr size_t kTextSizeMax = 64 << 10;

  // Reads the text form. kInvalidArgument names the text and the place.
  static absl::StatusOr<Path> Parse(std::string_view text);
  // One field, its name taken literally.
  static Path Field(std::string_view name);

  // At least one, except in a default-constructed Path, which is the root itself.
  absl::Span<const PathStep> steps() const { return steps_; }
  // The text form; Parse of it gives the same path.
  std::string ToString() const;

  bool operator==(const Path&) const = default;

 private:
  absl::InlinedVector<PathStep, 2> steps_;
};

// Where the fields of a path stood in the last document of a scan. All zeros is a fine start.
struct PathHints {
  static constexpr size_t kSlots = 8;  // steps beyond it are searched
  uint32_t slots[kSlots] = {};
};

// The value at `path`; false when there is none. `hints` may be null. Allocates nothing.
bool Lookup(ValueView root, const Path& path, PathHints* hints, ValueView* out);

}  // namespace quire
