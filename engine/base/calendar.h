// The proleptic Gregorian calendar, by arithmetic alone (after H. Hinnant, "chrono-compatible
// low-level date algorithms"). Any thread.
#pragma once

#include <cstdint>

namespace quire {

struct CalendarDate {
  int64_t year = 0;  // astronomical: 0 is 1 BC
  int32_t month = 1;
  int32_t day = 1;

  bool operator==(const CalendarDate&) const = default;
};

// Days since 2000-01-01, of any sign.
CalendarDate DateOfDay(int64_t days_since_2000);
// The inverse. REQUIRES: IsDate(date), year within ten million of 0.
int64_t DayOfDate(const CalendarDate& date);
// Whether the month has that day, in that year.
bool IsDate(const CalendarDate& date);

}  // namespace quire
