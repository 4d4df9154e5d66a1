#include "engine/base/calendar.h"

#include <gtest/gtest.h>

namespace quire {
namespace {

TEST(CalendarTest, KnownDays) {
  EXPECT_EQ(DayOfDate({2000, 1, 1}), 0);
  EXPECT_EQ(DayOfDate({2000, 2, 29}), 59);
  EXPECT_EQ(DayOfDate({1970, 1, 1}), -10'957);
  EXPECT_EQ(DayOfDate({1999, 12, 31}), -1);
  EXPECT_EQ(DayOfDate({-4713, 11, 24}), -2'451'545);  // Julian day 0
}

TEST(CalendarTest, EveryDayReadsBack) {
  CalendarDate before = DateOfDay(-900'001);
  for (int64_t day = -900'000; day <= 900'000; ++day) {
    const CalendarDate date = DateOfDay(day);
    ASSERT_TRUE(IsDate(date)) << day;
    ASSERT_EQ(DayOfDate(date), day);
    const bool next_day = date.month == before.month && date.day == before.day + 1;
    ASSERT_TRUE(next_day || date.day == 1) << day;
    before = date;
  }
}

TEST(CalendarTest, LeapYears) {
  EXPECT_TRUE(IsDate({2024, 2, 29}));
  EXPECT_FALSE(IsDate({2023, 2, 29}));
  EXPECT_FALSE(IsDate({1900, 2, 29}));
  EXPECT_TRUE(IsDate({2000, 2, 29}));
  EXPECT_TRUE(IsDate({0, 2, 29}));
  EXPECT_FALSE(IsDate({2024, 13, 1}));
  EXPECT_FALSE(IsDate({2024, 4, 31}));
  EXPECT_FALSE(IsDate({2024, 4, 0}));
}

}  // namespace
}  // namespace quire
