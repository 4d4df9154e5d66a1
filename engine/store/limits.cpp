#include "engine/store/limits.h"

#include "absl/strings/str_cat.h"

namespace quire {

absl::Status DocumentLimits::BytesError(uint64_t bytes) const {
  return absl::OutOfRangeError(absl::StrCat("document of at least ", bytes,
                                            " bytes exceeds the limit of ", bytes_max,
                                            " (quire.max_document_size)"));
}

absl::Status DocumentLimits::DepthError() const {
  return absl::OutOfRangeError(absl::StrCat("document of at least ", uint64_t{depth_max} + 1,
                                            " levels exceeds the limit of ", depth_max,
                                            " (quire.max_depth)"));
}

absl::Status DocumentLimits::FieldsError(uint64_t fields) const {
  return absl::OutOfRangeError(absl::StrCat("object of ", fields, " fields exceeds the limit of ",
                                            fields_max, " (quire.max_fields)"));
}

absl::Status DocumentLimits::ArrayLengthError(uint64_t length) const {
  return absl::OutOfRangeError(absl::StrCat("array of ", length, " elements exceeds the limit of ",
                                            array_length_max, " (quire.max_array_length)"));
}

}  // namespace quire
