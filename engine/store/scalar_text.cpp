#include "engine/store/scalar_text.h"

#include <charconv>
#include <limits>

#include "engine/base/check.h"

namespace quire {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr int64_t kMicrosecondsPerDay = 86'400'000'000;

void AppendHex(std::string_view bytes, std::string* out) {
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    out->push_back(kHexDigits[byte >> 4]);
    out->push_back(kHexDigits[byte & 15]);
  }
}

void AppendInteger(int64_t value, std::string* out) {
  char text[24];
  out->append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void AppendPadded(int64_t value, size_t width, std::string* out) {
  char text[24];
  const char* end = std::to_chars(text, text + sizeof text, value).ptr;
  const auto size = static_cast<size_t>(end - text);
  if (size < width) out->append(width - size, '0');
  out->append(text, size);
}

struct Date {
  int64_t year;  // astronomical: 0 is 1 BC
  int64_t month;
  int64_t day;
};

// Of the proleptic Gregorian calendar. Years are counted from March, so that the leap day comes
// last, in eras of 400 years, which all have 146,097 days.
Date DateOf(int64_t days_since_2000) {
  const int64_t days = days_since_2000 + 730'425;  // since 1 March of year 0
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  Date date;
  date.day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  date.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

}  // namespace

void AppendBytesText(std::string_view bytes, std::string* out) {
  out->append("\\x");
  AppendHex(bytes, out);
}

void AppendUuidText(std::string_view uuid, std::string* out) {
  QUIRE_ASSERT(uuid.size() == 16);
  constexpr size_t kGroups[] = {4, 2, 2, 2, 6};
  size_t begin = 0;
  for (const size_t size : kGroups) {
    if (begin != 0) out->push_back('-');
    AppendHex(uuid.substr(begin, size), out);
    begin += size;
  }
}

void AppendTimestampText(int64_t microseconds, std::string* out) {
  if (microseconds == std::numeric_limits<int64_t>::max()) {
    out->append("infinity");
    return;
  }
  if (microseconds == std::numeric_limits<int64_t>::min()) {
    out->append("-infinity");
    return;
  }
  int64_t days = microseconds / kMicrosecondsPerDay;
  int64_t time = microseconds % kMicrosecondsPerDay;
  if (time < 0) {
    time += kMicrosecondsPerDay;
    --days;
  }
  const Date date = DateOf(days);
  AppendPadded(date.year > 0 ? date.year : 1 - date.year, 4, out);
  out->push_back('-');
  AppendPadded(date.month, 2, out);
  out->push_back('-');
  AppendPadded(date.day, 2, out);
  out->push_back('T');
  AppendPadded(time / 3'600'000'000, 2, out);
  out->push_back(':');
  AppendPadded(time / 60'000'000 % 60, 2, out);
  out->push_back(':');
  AppendPadded(time / 1'000'000 % 60, 2, out);
  const int64_t fraction = time % 1'000'000;
  if (fraction != 0) {
    out->push_back('.');
    AppendPadded(fraction, 6, out);
    while (out->back() == '0') out->pop_back();
  }
  out->push_back('Z');
  if (date.year <= 0) out->append(" BC");
}

void AppendScalarText(ValueView value, std::string* out) {
  switch (value.type()) {
    case ValueType::kBool:
      out->append(value.AsBool() ? "true" : "false");
      return;
    case ValueType::kInt64:
      AppendInteger(value.AsInt64(), out);
      return;
    case ValueType::kFloat64:
    case ValueType::kDecimal:
      out->append(value.AsDecimal().ToString());
      return;
    case ValueType::kString:
      out->append(value.AsString());
      return;
    case ValueType::kBytes:
      AppendBytesText(value.AsBytes(), out);
      return;
    case ValueType::kTimestamp:
      AppendTimestampText(value.AsTimestamp(), out);
      return;
    case ValueType::kUuid:
      AppendUuidText(value.AsUuid(), out);
      return;
    case ValueType::kNull:
    case ValueType::kId:
    case ValueType::kArray:
    case ValueType::kObject:
      break;
  }
  QUIRE_ASSERT(false);
}

}  // namespace quire
