// The limits of a document: the settings a user may move, and the hard ends of the format behind
// them. Any thread; plain data. A caller that takes a document in passes the settings; one that
// reads back what was once accepted passes Hard(), so that a lowered setting never makes stored
// bytes unreadable.
#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace quire {

struct DocumentLimits {
  uint64_t bytes_max = 16 << 20;          // quire.max_document_size
  uint32_t depth_max = 100;               // quire.max_depth: containers inside one another
  uint32_t fields_max = 100'000;          // quire.max_fields: of one object
  uint32_t array_length_max = 1'000'000;  // quire.max_array_length

  // Offsets in the format have 32 bits, and every walk over a document recurses once per level:
  // 1,000 levels of at most 500 bytes of stack stay far below the server's own 2 MB.
  static constexpr uint64_t kBytesHardMax = uint64_t{1} << 30;
  static constexpr uint32_t kDepthHardMax = 1000;

  static constexpr DocumentLimits Hard() {
    return DocumentLimits{kBytesHardMax, kDepthHardMax, UINT32_MAX, UINT32_MAX};
  }
  // No setting reaches beyond what the format can hold.
  constexpr DocumentLimits Clamped() const {
    DocumentLimits result = *this;
    if (result.bytes_max > kBytesHardMax) result.bytes_max = kBytesHardMax;
    if (result.depth_max > kDepthHardMax) result.depth_max = kDepthHardMax;
    return result;
  }

  // What is said, as kOutOfRange, about a document beyond a limit.
  absl::Status BytesError(uint64_t bytes) const;
  absl::Status DepthError() const;
  absl::Status FieldsError(uint64_t fields) const;
  absl::Status ArrayLengthError(uint64_t length) const;
};

}  // namespace quire
