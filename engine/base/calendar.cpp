#include "engine/base/calendar.h"

#include "engine/base/check.h"

namespace quire {

namespace {

// Years are counted from March, so that the leap day comes last, in eras of 400 years, which all
// have as many days.
constexpr int64_t kDaysPerEra = 146'097;
// From 1 March of year 0 to 2000-01-01.
constexpr int64_t kDaysTo2000 = 730'425;

int64_t EraOf(int64_t n, int64_t length) {
  return (n >= 0 ? n : n - (length - 1)) / length;
}

}  // namespace

CalendarDate DateOfDay(int64_t days_since_2000) {
  const int64_t days = days_since_2000 + kDaysTo2000;
  const int64_t era = EraOf(days, kDaysPerEra);
  const int64_t day_of_era = days - era * kDaysPerEra;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const auto month_from_march = static_cast<int32_t>((5 * day_of_year + 2) / 153);
  CalendarDate date;
  date.day = static_cast<int32_t>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  date.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

int64_t DayOfDate(const CalendarDate& date) {
  QUIRE_ASSERT(IsDate(date));
  const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = EraOf(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t month_from_march = date.month > 2 ? date.month - 3 : date.month + 9;
  const int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kDaysPerEra + day_of_era - kDaysTo2000;
}

bool IsDate(const CalendarDate& date) {
  if (date.month < 1 || date.month > 12 || date.day < 1) return false;
  constexpr int32_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
  return date.day <= kDays[date.month - 1] + (date.month == 2 && leap ? 1 : 0);
}

}  // namespace quire
