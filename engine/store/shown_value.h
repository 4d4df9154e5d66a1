// What a typed column shows of a value: the value when the type can show it, else nothing (NULL).
// Any thread; nothing in it depends on a session's settings.
//
//   int64        a number with an integral value in range; a string that is a plain decimal
//                integer: an optional minus and digits, no blanks
//   decimal      a number; a string that is a plain or scientific literal, or NaN, Infinity,
//                -Infinity
//   double       the same, the nearest double; a number beyond its range shows nothing
//   float        the same for float
//   bool         true, false; the strings "true", "false"
//   uuid         a uuid; a string in canonical form (hexadecimal digits of either case)
//   timestamptz  a timestamp; an ISO 8601 string with zone
//   timestamp, date  an ISO 8601 string without zone
//   bytes        bytes; a string \x… of pairs of hexadecimal digits
//   text         what ->> gives
//
// An ISO 8601 string here is YYYY-MM-DD; for a moment then a T, t or one blank and HH:MM, with :SS
// and up to nine decimals after a point if there are any (rounded to microseconds); with a zone
// then Z, z, ±HH, ±HHMM, ±HH:MM or ±HH:MM:SS. Years have four to seven digits, none is 0, and " BC"
// may stand at the very end. 24:00 is the next day's begin; a 60th second is no time. "infinity"
// and "-infinity" are the ends of the range. A moment without time of day is midnight; a date with
// any other time of day shows nothing. Ranges are the server's: from 4714-11-24 BC to the end of
// 294276 for moments, of 5874897 for dates.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/decimal.h"
#include "engine/store/value.h"

namespace quire {

// The ends of the range of moments and of dates, as the server stores them.
inline constexpr int64_t kTimestampInfinity = INT64_MAX;
inline constexpr int64_t kTimestampMinusInfinity = INT64_MIN;
inline constexpr int32_t kDateInfinity = INT32_MAX;
inline constexpr int32_t kDateMinusInfinity = INT32_MIN;

std::optional<int64_t> ShowInt64(ValueView value);
std::optional<Decimal> ShowDecimal(ValueView value);
std::optional<double> ShowDouble(ValueView value);
std::optional<float> ShowFloat(ValueView value);
std::optional<bool> ShowBool(ValueView value);
// 16 bytes in `out`.
[[nodiscard]] bool ShowUuid(ValueView value, char* out);
// Microseconds since 2000-01-01 00:00 UTC.
std::optional<int64_t> ShowTimestampTz(ValueView value);
// Microseconds since 2000-01-01 00:00.
std::optional<int64_t> ShowTimestamp(ValueView value);
// Days since 2000-01-01.
std::optional<int32_t> ShowDate(ValueView value);
// A view of the value's own bytes, or of `buffer`, which is overwritten then.
std::optional<std::string_view> ShowBytes(ValueView value, std::string* buffer);
// The same.
std::optional<std::string_view> ShowText(ValueView value, std::string* buffer);

// The texts that columns of type timestamp and date write: ISO 8601 without zone, with up to six
// decimals of the second as far as they are not zero. Reading them back shows the same.
void AppendTimestampWithoutZone(int64_t microseconds, std::string* out);
void AppendDate(int32_t days, std::string* out);

}  // namespace quire
