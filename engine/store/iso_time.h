// Dates and moments as ISO 8601 text, in the ranges of the server's types; what is accepted is said
// in shown_value.h. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace quire {

// Days since 2000-01-01 of a date, alone or with midnight.
std::optional<int32_t> ParseDate(std::string_view text);
// Microseconds since 2000-01-01 of a date or a date and time without a zone.
std::optional<int64_t> ParseTimestamp(std::string_view text);
// Microseconds since 2000-01-01 UTC of a date and time with a zone.
std::optional<int64_t> ParseTimestampTz(std::string_view text);

}  // namespace quire
