// JSON merge patches (RFC 7396) on documents, as far as they go value by value: bytes that the
// patch does not touch are copied.
// Any thread; the scratch builder belongs to the caller.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "engine/store/document_builder.h"
#include "engine/store/limits.h"
#include "engine/store/value.h"

namespace quire {

// What `patch` makes of `target`. The result lies in `scratch`, which takes `limits` over, until
// its next Clear.
//
// - A patch that is no object is the result itself, nulls inside its arrays included.
// - An object sets the fields that it names, object by object; its nulls remove fields, also where
//   the target has none, so that a new object has no field that the patch gave as null.
// - A target that is no object counts as an empty one.
// - Limits: kOutOfRange.
//
// Recursion is as deep as the patch's objects nest, at most DocumentLimits::kDepthHardMax.
// REQUIRES: neither lies in `scratch`.
[[nodiscard]] absl::StatusOr<std::string_view> ApplyMergePatch(ValueView target, ValueView patch,
                                                               const DocumentLimits& limits,
                                                               DocumentBuilder* scratch);

}  // namespace quire
