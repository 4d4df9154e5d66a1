#include "engine/store/scalar_text.h"

#include <charconv>
#include <limits>

#include "engine/base/calendar.h"
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
  const CalendarDate date = DateOfDay(days);
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
