// The text of scalar values, as they stand in jsonb and as the server's ->> shows them. Any thread;
// nothing in it depends on a session's settings.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/store/value.h"

namespace quire {

// Appends: a string as it is; numbers in digits (a float64 as its shortest decimal, or NaN,
// Infinity, -Infinity); true, false; the forms below. REQUIRES: not null, not a container.
void AppendScalarText(ValueView value, std::string* out);

// \x and two hexadecimal digits for each byte.
void AppendBytesText(std::string_view bytes, std::string* out);
// The canonical form, 36 characters. REQUIRES: 16 bytes.
void AppendUuidText(std::string_view uuid, std::string* out);
// ISO 8601 in UTC: 2024-02-29T12:30:00Z, with up to six decimals of the second as far as they are
// not zero; years before 1 end in " BC"; the ends of the range are infinity and -infinity, as in
// the server.
void AppendTimestampText(int64_t microseconds, std::string* out);

}  // namespace quire
