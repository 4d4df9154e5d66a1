// Dates and times as ISO 8601 text, in the ranges of the server's types. Any thread.
//
// Text:  year "-" month "-" day [ ("T" | " ") hour ":" minute [ ":" second [ "." digits ] ] [ zone
// ] ] [ " BC" ] zone:  "Z" | ("+" | "-") hour [ [":"] minute ] A year has four to seven digits,
// everything else two. "infinity" and "-infinity" are the ends of the range. Fractions are rounded
// to microseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quire {

// The ends of the ranges, as in the server: they stand for infinity.
inline constexpr int64_t kTimestampInfinity = INT64_MAX;
inline constexpr int64_t kTimestampMinusInfinity = INT64_MIN;
inline constexpr int32_t kDateInfinity = INT32_MAX;
inline constexpr int32_t kDateMinusInfinity = INT32_MIN;

// Days since 2000-01-01 of a text that is a date alone.
std::optional<int32_t> ParseDate(std::string_view text);
// Microseconds since 2000-01-01 of a date or a date and time without a zone.
std::optional<int64_t> ParseTimestamp(std::string_view text);
// Microseconds since 2000-01-01 UTC of a date and time with a zone.
std::optional<int64_t> ParseTimestampTz(std::string_view text);

// "2024-02-29"; a year before 1 ends in " BC".
void AppendDateText(int32_t days, std::string* out);
// "2024-02-29T12:30:00", with up to six decimals of the second as far as they are not zero.
void AppendLocalTimestampText(int64_t microseconds, std::string* out);

}  // namespace quire
