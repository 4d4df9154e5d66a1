// Between the document format and the server's binary jsonb, by our own code: the engine knows the
// bytes, not the server's headers. Any thread.
//
// A jsonb here is the container, that is the server's value without its 4-byte length word. Layout,
// as the server (9.4 and later) writes it, all integers little-endian 32-bit:
//
//   container   header: bits 0-27 count, bit 28 scalar, bit 29 object, bit 30 array
//               entries: count of them, twice as many for an object (all keys, then all values)
//               data of the children, one after the other
//   entry       bits 0-27 length, or, when bit 31 is set (in every 32nd entry), end counted from
//               the start of the data
//               bits 28-30: 0 string, 1 numeric, 2 false, 3 true, 4 null, 5 container
//
// Numerics and containers begin at multiples of four from the start of the outermost container; the
// padding before them counts into their length. A scalar alone is an array of one with the scalar
// bit. A numeric is the server's own value: length word (4 bytes, or 1), then a 2- or 4-byte header
// and base-10,000 digits.
//
// What has no jsonb form of its own becomes: float64, the shortest decimal that reads back (NaN and
// the infinities: strings); bytes, a string \x…; uuid, its canonical string; timestamp, an ISO 8601
// string in UTC with Z, fractions of a second only as far as they are not zero; id, {"$id": …,
// "$ref": collection}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "engine/store/byte_buffer.h"
#include "engine/store/document_builder.h"
#include "engine/store/limits.h"
#include "engine/store/value.h"

namespace quire {

// Adds the jsonb as the next value of `builder` (the root, or inside what is open there). A numeric
// that is integral, shown without decimals and fits becomes an int64, any other a decimal with its
// scale, so that AppendJsonb gives the same bytes back. Malformed: kDataLoss; beyond a limit:
// kOutOfRange; after an error the builder must be cleared. The jsonb need not be aligned.
[[nodiscard]] absl::Status JsonbToDocument(std::string_view jsonb, const DocumentLimits& limits,
                                           DocumentBuilder* builder);

// Appends the value as the server would have made it, byte for byte. Alignment counts from where
// the append starts. kOutOfRange beyond the 268,435,455 bytes that jsonb can hold.
[[nodiscard]] absl::Status AppendJsonb(ValueView value, ByteBuffer* out);
[[nodiscard]] absl::Status AppendJsonb(ValueView value, std::string* out);

}  // namespace quire
