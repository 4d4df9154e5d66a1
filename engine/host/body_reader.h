// Where a session gets the bodies of documents that have left memory: its host gives it one
// (LogLookup, log/log_lookup.h, over the host's files). One thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace quire {

// A change in the engine log: its first byte, and what must be found there.
struct BodyPlace {
  uint64_t location = 0;
  uint64_t xid = 0;
  uint32_t ordinal = 0;
  uint32_t document_bytes = 0;
};

class BodyReader {
 public:
  virtual ~BodyReader() = default;

  // The document of the change, valid until the next call. Reads a file: no pin, no latch.
  // Errors: kDataLoss, naming file and offset, when something else is there; kUnavailable when the
  // file cannot be read.
  [[nodiscard]] virtual absl::StatusOr<std::string_view> ReadBody(const BodyPlace& place) = 0;
};

}  // namespace quire
