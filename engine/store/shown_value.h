// What a column shows of a document's value: the value when the column's type can show it, else
// nothing. The rules are those of docs/sql.md, "The shown value"; none depends on a session's
// settings. Any thread; views are of trusted bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/decimal.h"
#include "engine/store/value.h"

namespace quire {

// A number with an integral value in range, or a string that is a plain decimal integer ("-12").
// Narrower integer types test the range themselves.
std::optional<int64_t> ShowInt64(ValueView value);

// A number, or a string that is a plain or scientific decimal literal, NaN, Infinity or -Infinity.
std::optional<Decimal> ShowDecimal(ValueView value);
// The same as the nearest double; nothing when a finite number is beyond a double's range.
std::optional<double> ShowDouble(ValueView value);
// The same as the nearest float.
std::optional<float> ShowFloat(ValueView value);

// true and false, and the strings "true" and "false".
std::optional<bool> ShowBool(ValueView value);

// A uuid, or a string in canonical form: 16 bytes to `out`. Returns whether there is one.
bool ShowUuid(ValueView value, char* out);

// A timestamp, or an ISO 8601 string with a zone: microseconds since 2000-01-01 UTC.
std::optional<int64_t> ShowTimestampTz(ValueView value);
// An ISO 8601 string without zone, a date or a date and time: microseconds since 2000-01-01.
std::optional<int64_t> ShowTimestamp(ValueView value);
// An ISO 8601 date without zone and time: days since 2000-01-01.
std::optional<int32_t> ShowDate(ValueView value);

// Bytes, or a string of \x and hexadecimal digits: appended to `out`. Returns whether there are
// any.
bool ShowBytes(ValueView value, std::string* out);

// What the server's ->> gives, appended to `out`: strings as they are, other scalars as text,
// arrays and objects as JSON text. Returns false for null, which shows nothing.
bool ShowText(ValueView value, std::string* out);

}  // namespace quire
