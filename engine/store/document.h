// The document format: one self-contained byte form, the same in memory, in the WAL, in the log and
// in snapshots, read without being decoded (value.h), written by DocumentBuilder, checked here. Any
// thread; functions of their arguments.
//
// Version 1. All integers little-endian, nothing aligned.
//
//   document   0  1  version, 1
//              1  1  tag of the root value (ValueTag)
//              2  1  zero
//              3  …  payload of the root value, to the end of the bytes
//
//   payloads by tag; a payload does not hold its own length, whoever holds the value does
//     0 null             nothing
//     1 false            nothing
//     2 true             nothing
//     3 int64            two's complement, the fewest bytes (1 to 8) that hold it; 8 at the root
//     4 float64          8 bytes, IEEE 754; every NaN is the same quiet one
//     5 decimal          exponent int8, display scale uint8, coefficient as an int64 above, without
//                        trailing decimal zeros; zero has exponent 0
//     6 large decimal    sign 1 (0 or 1), weight int16, display scale uint16 (0 to 16,383), digits
//                        uint16 each, base 10,000, neither first nor last zero, none for zero: as
//                        in Decimal; only what form 5 cannot hold
//     7 string           as it is, in the database's encoding, which is not checked here
//     8 bytes            as they are
//     9 timestamp        int64, microseconds since 2000-01-01 00:00 UTC
//    10 uuid             16 bytes
//    11 id               an array of two: the collection's name (a string), the `_id`
//    12 array            header 1: bits 0-1 = log2 of W, others zero
//                        count W; value ends count * W; tags count * 1; values
//    13 object           header 1: bits 0-1 = log2 of N, bits 2-3 = log2 of W, others zero
//                        count N; name ends count * N; value ends count * W; tags count * 1;
//                        names; values
//
// A decimal that is integral, shown without decimals and in the range of an int64 is an int64; the
// display scale of the others covers all their decimals.
//
// Ends count from the start of the names or of the values; a name or value begins where the one
// before it ends. W and N are 1, 2 or 4, the fewest bytes that hold the last end and, for the width
// in which it is written, the count. Names stand in jsonb's order (length, then bytes), each once.
// So every value has exactly one form: equal documents have equal bytes.
//
// Numbers of varying width are loaded with the bytes in front of them (value.h): a table of ends
// always has three bytes before it, and the last byte of a short int64 seven, which is what the
// zero byte at offset 2 and the eight bytes at the root are for.
//
// A reader that does not know the version refuses. A new version may be written only by a release
// whose predecessor already reads it.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "engine/store/limits.h"
#include "engine/store/value.h"

namespace quire {

inline constexpr uint8_t kDocumentVersion = 1;
inline constexpr uint32_t kDocumentHeaderSize = 3;

// Checks bytes from outside completely; after OK every access through ValueView stays in bounds,
// and building the same values again gives the same bytes. Malformed: kDataLoss with offset,
// expected and found. Beyond a limit: kOutOfRange with the setting's name.
[[nodiscard]] absl::Status ValidateDocument(std::string_view bytes, const DocumentLimits& limits);

// REQUIRES: `trusted_bytes` is a whole document from a DocumentBuilder, or has passed
// ValidateDocument.
inline ValueView RootOf(std::string_view trusted_bytes) {
  QUIRE_ASSERT(trusted_bytes.size() >= kDocumentHeaderSize);
  return ValueView(static_cast<ValueTag>(trusted_bytes[1]),
                   trusted_bytes.data() + kDocumentHeaderSize,
                   static_cast<uint32_t>(trusted_bytes.size() - kDocumentHeaderSize));
}

// Total order: null < bool < numbers < string < bytes < timestamp < uuid < id < array < object.
// Numbers compare by exact value whatever their type (a float64 is what its bits say), -0 equals 0,
// NaN equals NaN and is highest. Strings, bytes and uuids compare as bytes. Ids: collection, then
// value. Arrays: element by element, then the shorter first. Objects: field by field in stored
// order, the name as a string, then the value; then the one with fewer fields first. Negative, zero
// or positive.
int CompareValues(ValueView a, ValueView b);

// Containers inside one another, 0 for a scalar; what quire.max_depth limits.
uint32_t DepthOf(ValueView value);

}  // namespace quire
