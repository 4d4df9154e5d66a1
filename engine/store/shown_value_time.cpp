// The part of shown_value.h that reads and writes ISO 8601.
#include <charconv>

#include "engine/base/calendar.h"
#include "engine/store/scalar_text.h"
#include "engine/store/shown_value.h"

namespace quire {

namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;

// The server's ranges: from Julian day 0 to the end of 294276, or of 5874897 for dates.
constexpr int64_t kDayMin = -2'451'545;
constexpr int64_t kDateEnd = 2'145'031'949;
constexpr int64_t kTimestampMin = kDayMin * kDay;
constexpr int64_t kTimestampEnd = 9'223'371'331'200'000'000;

struct IsoText {
  int64_t day = 0;              // since 2000-01-01
  int64_t time = 0;             // microseconds since midnight; a whole day for 24:00
  std::optional<int64_t> zone;  // microseconds east of UTC
};

class IsoReader {
 public:
  explicit IsoReader(std::string_view text) : rest_(text) {}

  bool Read(IsoText* out) {
    CalendarDate date;
    if (!ReadDate(&date)) return false;
    if (!rest_.empty() && rest_ != kBeforeChrist) {
      if (!TakeAnyOf("Tt ") || !ReadTime(&out->time)) return false;
      if (!ReadZone(&out->zone)) return false;
    }
    if (rest_ == kBeforeChrist) {
      date.year = 1 - date.year;
    } else if (!rest_.empty()) {
      return false;
    }
    if (!IsDate(date)) return false;
    out->day = DayOfDate(date);
    return true;
  }

 private:
  static constexpr std::string_view kBeforeChrist = " BC";

  bool Take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool TakeAnyOf(std::string_view chars) {
    return !rest_.empty() && chars.find(rest_[0]) != std::string_view::npos && Take(rest_[0]);
  }
  size_t Digits() const {
    size_t n = 0;
    while (n < rest_.size() && rest_[n] >= '0' && rest_[n] <= '9') ++n;
    return n;
  }
  // Exactly `n` digits, at most nine.
  bool TakeNumber(size_t n, int64_t* value) {
    if (Digits() < n) return false;
    *value = 0;
    for (size_t i = 0; i < n; ++i) *value = *value * 10 + (rest_[i] - '0');
    rest_.remove_prefix(n);
    return true;
  }
  bool TakeTwo(int64_t limit, int64_t* value) { return TakeNumber(2, value) && *value <= limit; }

  bool ReadDate(CalendarDate* date) {
    const size_t digits = Digits();
    int64_t month = 0;
    int64_t day = 0;
    if (digits < 4 || digits > 7 || !TakeNumber(digits, &date->year) || date->year == 0 ||
        !Take('-') || !TakeTwo(12, &month) || !Take('-') || !TakeTwo(31, &day)) {
      return false;
    }
    date->month = static_cast<int32_t>(month);
    date->day = static_cast<int32_t>(day);
    return true;
  }

  bool ReadTime(int64_t* time) {
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    int64_t fraction = 0;
    if (!TakeTwo(24, &hour) || !Take(':') || !TakeTwo(59, &minute)) return false;
    if (Take(':')) {
      if (!TakeTwo(59, &second)) return false;
      if (Take('.') && !ReadFraction(&fraction)) return false;
    }
    *time = hour * kHour + minute * kMinute + second * kSecond + fraction;
    return *time <= kDay;
  }

  // One to nine digits; what is beyond microseconds is rounded.
  bool ReadFraction(int64_t* microseconds) {
    const size_t digits = Digits();
    if (digits < 1 || digits > 9 || !TakeNumber(digits, microseconds)) return false;
    for (size_t i = digits; i < 9; ++i) *microseconds *= 10;
    *microseconds = (*microseconds + 500) / 1000;
    return true;
  }

  bool ReadZone(std::optional<int64_t>* zone) {
    if (TakeAnyOf("Zz")) {
      *zone = 0;
      return true;
    }
    const bool west = Take('-');
    if (!west && !Take('+')) return true;
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    if (!TakeTwo(15, &hour)) return false;
    const bool colon = Take(':');
    if (colon || Digits() > 0) {
      if (!TakeTwo(59, &minute)) return false;
      if (colon && Take(':') && !TakeTwo(59, &second)) return false;
    }
    const int64_t east = hour * kHour + minute * kMinute + second * kSecond;
    *zone = west ? -east : east;
    return true;
  }

  std::string_view rest_;
};

// The text of a value that is a string.
std::optional<std::string_view> StringOf(ValueView value) {
  if (value.type() != ValueType::kString) return std::nullopt;
  return value.AsString();
}

std::optional<int64_t> Moment(const IsoText& text) {
  int64_t moment = 0;
  if (__builtin_mul_overflow(text.day, kDay, &moment) ||
      __builtin_add_overflow(moment, text.time - text.zone.value_or(0), &moment)) {
    return std::nullopt;
  }
  if (moment < kTimestampMin || moment >= kTimestampEnd) return std::nullopt;
  return moment;
}

// Moments, with zone or without.
std::optional<int64_t> ReadMoment(std::string_view text, bool with_zone) {
  if (text == "infinity") return kTimestampInfinity;
  if (text == "-infinity") return kTimestampMinusInfinity;
  IsoText read;
  if (!IsoReader(text).Read(&read) || read.zone.has_value() != with_zone) return std::nullopt;
  return Moment(read);
}

}  // namespace

std::optional<int64_t> ShowTimestampTz(ValueView value) {
  if (value.type() == ValueType::kTimestamp) return value.AsTimestamp();
  const std::optional<std::string_view> text = StringOf(value);
  return text.has_value() ? ReadMoment(*text, true) : std::nullopt;
}

std::optional<int64_t> ShowTimestamp(ValueView value) {
  const std::optional<std::string_view> text = StringOf(value);
  return text.has_value() ? ReadMoment(*text, false) : std::nullopt;
}

std::optional<int32_t> ShowDate(ValueView value) {
  const std::optional<std::string_view> text = StringOf(value);
  if (!text.has_value()) return std::nullopt;
  if (*text == "infinity") return kDateInfinity;
  if (*text == "-infinity") return kDateMinusInfinity;
  IsoText read;
  if (!IsoReader(*text).Read(&read) || read.zone.has_value()) return std::nullopt;
  if (read.time % kDay != 0) return std::nullopt;
  const int64_t day = read.day + read.time / kDay;
  if (day < kDayMin || day >= kDateEnd) return std::nullopt;
  return static_cast<int32_t>(day);
}

void AppendTimestampWithoutZone(int64_t microseconds, std::string* out) {
  const size_t begin = out->size();
  AppendTimestampText(microseconds, out);
  const size_t zone = out->find('Z', begin);
  if (zone != std::string::npos) out->erase(zone, 1);
}

void AppendDate(int32_t days, std::string* out) {
  if (days == kDateInfinity || days == kDateMinusInfinity) {
    out->append(days == kDateInfinity ? "infinity" : "-infinity");
    return;
  }
  const CalendarDate date = DateOfDay(days);
  const auto append = [out](int64_t number, size_t width) {
    char text[24];
    const char* end = std::to_chars(text, text + sizeof(text), number).ptr;
    const auto size = static_cast<size_t>(end - text);
    if (size < width) out->append(width - size, '0');
    out->append(text, size);
  };
  append(date.year > 0 ? date.year : 1 - date.year, 4);
  out->push_back('-');
  append(date.month, 2);
  out->push_back('-');
  append(date.day, 2);
  if (date.year <= 0) out->append(" BC");
}

}  // namespace quire
