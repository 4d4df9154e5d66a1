#include "engine/store/iso_time.h"

#include <charconv>
#include <string>

#include "engine/store/shown_value.h"

namespace quire {

namespace {

constexpr int64_t kMicrosecondsPerSecond = 1'000'000;
constexpr int64_t kMicrosecondsPerDay = 86'400 * kMicrosecondsPerSecond;
// 4714-11-24 BC, the first day of the server's calendar, and the days after the last ones.
constexpr int64_t kFirstDay = -2'451'545;
constexpr int64_t kDateEnd = 2'145'031'949;        // 5874898-01-01
constexpr int64_t kTimestampEndDay = 106'751'983;  // 294277-01-01
constexpr int64_t kDays1970To2000 = 10'957;

// Days since 1970-01-01 of a day in the proleptic Gregorian calendar, and back (H. Hinnant,
// "chrono-compatible low-level date algorithms").
int64_t DaysFromCivil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

struct Civil {
  int64_t year;
  int64_t month;
  int64_t day;
};

Civil CivilFromDays(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted = (5 * day_of_year + 2) / 153;
  const int64_t month = shifted + (shifted < 10 ? 3 : -9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
          day_of_year - (153 * shifted + 2) / 5 + 1};
}

int64_t DaysInMonth(int64_t year, int64_t month) {
  constexpr int64_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// Takes text apart from the front.
class TextReader {
 public:
  explicit TextReader(std::string_view text) : rest_(text) {}

  bool Take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool TakeSuffix(std::string_view suffix) {
    if (!rest_.ends_with(suffix)) return false;
    rest_.remove_suffix(suffix.size());
    return true;
  }
  bool Number(size_t digits_min, size_t digits_max, int64_t* number) {
    size_t n = 0;
    *number = 0;
    while (n < rest_.size() && n < digits_max && rest_[n] >= '0' && rest_[n] <= '9') {
      *number = *number * 10 + (rest_[n++] - '0');
    }
    rest_.remove_prefix(n);
    return n >= digits_min;
  }
  // One to six digits behind a point, in microseconds.
  bool Fraction(int64_t* microseconds) {
    const size_t before = rest_.size();
    if (!Number(1, 6, microseconds)) return false;
    for (size_t digits = before - rest_.size(); digits < 6; ++digits) *microseconds *= 10;
    return true;
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

struct Parsed {
  int64_t day = 0;           // since 2000-01-01
  int64_t microseconds = 0;  // within the day
  bool has_zone = false;
  int64_t zone_seconds = 0;  // east of Greenwich
};

bool ParseZone(TextReader* reader, Parsed* parsed) {
  if (reader->empty()) return true;
  parsed->has_zone = true;
  if (reader->Take('Z') || reader->Take('z')) return reader->empty();
  const bool west = reader->Take('-');
  if (!west && !reader->Take('+')) return false;
  int64_t hours = 0;
  int64_t minutes = 0;
  int64_t seconds = 0;
  if (!reader->Number(2, 2, &hours) || hours > 15) return false;
  if (!reader->empty()) {
    const bool colon = reader->Take(':');
    if (!reader->Number(2, 2, &minutes) || minutes > 59) return false;
    if (colon && reader->Take(':') && (!reader->Number(2, 2, &seconds) || seconds > 59)) {
      return false;
    }
  }
  parsed->zone_seconds = ((hours * 60 + minutes) * 60 + seconds) * (west ? -1 : 1);
  return reader->empty();
}

bool ParseTime(TextReader* reader, Parsed* parsed) {
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  int64_t fraction = 0;
  if (!reader->Number(2, 2, &hour) || !reader->Take(':') || !reader->Number(2, 2, &minute)) {
    return false;
  }
  if (reader->Take(':')) {
    if (!reader->Number(2, 2, &second)) return false;
    if (reader->Take('.') && !reader->Fraction(&fraction)) return false;
  }
  if (hour > 24 || minute > 59 || second > 59) return false;
  // 24:00:00 is the begin of the next day.
  if (hour == 24 && (minute != 0 || second != 0 || fraction != 0)) return false;
  parsed->microseconds = ((hour * 60 + minute) * 60 + second) * kMicrosecondsPerSecond + fraction;
  return true;
}

std::optional<Parsed> Parse(std::string_view text) {
  TextReader reader(text);
  Parsed parsed;
  const bool before_christ = reader.TakeSuffix(" BC");
  int64_t year = 0;
  int64_t month = 0;
  int64_t day = 0;
  if (!reader.Number(4, 7, &year) || !reader.Take('-') || !reader.Number(2, 2, &month) ||
      !reader.Take('-') || !reader.Number(2, 2, &day)) {
    return std::nullopt;
  }
  if (year == 0 || month < 1 || month > 12) return std::nullopt;
  // The year before 1 is 1 BC.
  if (before_christ) year = 1 - year;
  if (day < 1 || day > DaysInMonth(year, month)) return std::nullopt;
  parsed.day = DaysFromCivil(year, month, day) - kDays1970To2000;
  if (!reader.empty()) {
    if (!reader.Take('T') && !reader.Take('t') && !reader.Take(' ')) return std::nullopt;
    if (!ParseTime(&reader, &parsed) || !ParseZone(&reader, &parsed)) return std::nullopt;
  }
  return parsed;
}

std::optional<int64_t> InTimestampRange(const Parsed& parsed) {
  if (parsed.day < kFirstDay - 1 || parsed.day > kTimestampEndDay) return std::nullopt;
  const int64_t microseconds = parsed.day * kMicrosecondsPerDay + parsed.microseconds -
                               parsed.zone_seconds * kMicrosecondsPerSecond;
  if (microseconds < kFirstDay * kMicrosecondsPerDay ||
      microseconds >= kTimestampEndDay * kMicrosecondsPerDay) {
    return std::nullopt;
  }
  return microseconds;
}

std::optional<int64_t> ParseInfinity(std::string_view text) {
  if (text == "infinity") return kTimestampInfinity;
  if (text == "-infinity") return kTimestampMinusInfinity;
  return std::nullopt;
}

void AppendPadded(int64_t number, size_t width, std::string* out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  const auto length = static_cast<size_t>(end - digits);
  if (length < width) out->append(width - length, '0');
  out->append(digits, length);
}

// Returns whether the year is before 1: the text then ends in " BC".
bool AppendDay(int64_t days, std::string* out) {
  const Civil civil = CivilFromDays(days + kDays1970To2000);
  const bool before_christ = civil.year <= 0;
  AppendPadded(before_christ ? 1 - civil.year : civil.year, 4, out);
  out->push_back('-');
  AppendPadded(civil.month, 2, out);
  out->push_back('-');
  AppendPadded(civil.day, 2, out);
  return before_christ;
}

}  // namespace

std::optional<int32_t> ParseDate(std::string_view text) {
  if (const auto infinity = ParseInfinity(text)) {
    return *infinity == kTimestampInfinity ? kDateInfinity : kDateMinusInfinity;
  }
  const auto parsed = Parse(text);
  if (!parsed || parsed->has_zone || parsed->microseconds != 0) return std::nullopt;
  if (parsed->day < kFirstDay || parsed->day >= kDateEnd) return std::nullopt;
  return static_cast<int32_t>(parsed->day);
}

std::optional<int64_t> ParseTimestamp(std::string_view text) {
  if (const auto infinity = ParseInfinity(text)) return infinity;
  const auto parsed = Parse(text);
  if (!parsed || parsed->has_zone) return std::nullopt;
  return InTimestampRange(*parsed);
}

std::optional<int64_t> ParseTimestampTz(std::string_view text) {
  if (const auto infinity = ParseInfinity(text)) return infinity;
  const auto parsed = Parse(text);
  if (!parsed || !parsed->has_zone) return std::nullopt;
  return InTimestampRange(*parsed);
}

void AppendDate(int32_t days, std::string* out) {
  if (days == kDateInfinity || days == kDateMinusInfinity) {
    out->append(days == kDateInfinity ? "infinity" : "-infinity");
    return;
  }
  if (AppendDay(days, out)) out->append(" BC");
}

void AppendTimestampWithoutZone(int64_t microseconds, std::string* out) {
  if (microseconds == kTimestampInfinity || microseconds == kTimestampMinusInfinity) {
    out->append(microseconds == kTimestampInfinity ? "infinity" : "-infinity");
    return;
  }
  int64_t day = microseconds / kMicrosecondsPerDay;
  int64_t rest = microseconds % kMicrosecondsPerDay;
  if (rest < 0) {
    rest += kMicrosecondsPerDay;
    --day;
  }
  const bool before_christ = AppendDay(day, out);
  const int64_t seconds = rest / kMicrosecondsPerSecond;
  out->push_back('T');
  AppendPadded(seconds / 3600, 2, out);
  out->push_back(':');
  AppendPadded(seconds / 60 % 60, 2, out);
  out->push_back(':');
  AppendPadded(seconds % 60, 2, out);
  if (const int64_t fraction = rest % kMicrosecondsPerSecond; fraction != 0) {
    out->push_back('.');
    AppendPadded(fraction, 6, out);
    out->erase(out->find_last_not_of('0') + 1);
  }
  if (before_christ) out->append(" BC");
}

}  // namespace quire
