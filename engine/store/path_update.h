// Changes some paths of a document and keeps the bytes of all the rest.
// Any thread; the scratch builder belongs to the caller.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/store/document_builder.h"
#include "engine/store/limits.h"
#include "engine/store/path.h"
#include "engine/store/value.h"

namespace quire {

// Sets the value at a path, or removes it.
struct PathChange {
  const Path* path;
  bool remove;
  ValueView value;  // ignored by a removal
};

// The document with all changes made. The result lies in `scratch`, which takes `limits` over,
// until its next Clear.
//
// - Missing parents of a set path are created, as objects whatever the step looks like.
// - A set through a parent that is neither object nor array, through an array by a name, or past
// the end
//   of an array is kInvalidArgument naming the path. Index = length appends; several changes may
//   append one after the other.
// - Removing what is not there changes nothing. Removing an array element closes the gap, as the
// server's
//   #- does; removing a field that was its object's last leaves an empty object.
// - Changes are made at once: array positions are those of `root`. Where one path leads through
// another
//   the later change is made to the result of the earlier one; of two changes to one path the later
//   wins.
// - The whole document can be set by an empty path (Path()), but not removed.
// - Limits: kOutOfRange.
//
// REQUIRES: neither `root` nor a value lies in `scratch`.
[[nodiscard]] absl::StatusOr<std::string_view> ApplyChanges(ValueView root,
                                                            absl::Span<const PathChange> changes,
                                                            const DocumentLimits& limits,
                                                            DocumentBuilder* scratch);

}  // namespace quire
