#include "engine/store/json_text.h"

#include <cmath>

#include "engine/store/scalar_text.h"

namespace quire {

namespace {

void AppendQuoted(ValueView scalar, std::string* out) {
  // None of these texts holds anything to be escaped but the backslash of bytes.
  std::string text;
  AppendScalarText(scalar, &text);
  AppendJsonString(text, out);
}

}  // namespace

void AppendJsonString(std::string_view value, std::string* out) {
  out->push_back('"');
  size_t begin = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (static_cast<uint8_t>(c) >= 0x20 && c != '"' && c != '\\') continue;
    out->append(value.substr(begin, i - begin));
    begin = i + 1;
    out->push_back('\\');
    switch (c) {
      case '"':
      case '\\':
        out->push_back(c);
        break;
      case '\b':
        out->push_back('b');
        break;
      case '\f':
        out->push_back('f');
        break;
      case '\n':
        out->push_back('n');
        break;
      case '\r':
        out->push_back('r');
        break;
      case '\t':
        out->push_back('t');
        break;
      default:
        out->append("u00");
        out->push_back(c < 0x10 ? '0' : '1');
        out->push_back("0123456789abcdef"[c & 15]);
        break;
    }
  }
  out->append(value.substr(begin));
  out->push_back('"');
}

void AppendJsonText(ValueView value, std::string* out) {
  switch (value.type()) {
    case ValueType::kNull:
      out->append("null");
      return;
    case ValueType::kFloat64:
      if (!std::isfinite(value.AsDouble())) return AppendQuoted(value, out);
      return AppendScalarText(value, out);
    case ValueType::kBool:
    case ValueType::kInt64:
    case ValueType::kDecimal:
      return AppendScalarText(value, out);
    case ValueType::kString:
      return AppendJsonString(value.AsString(), out);
    case ValueType::kBytes:
    case ValueType::kTimestamp:
    case ValueType::kUuid:
      return AppendQuoted(value, out);
    case ValueType::kId:
      out->append("{\"$id\": ");
      AppendJsonText(value.IdValue(), out);
      out->append(", \"$ref\": ");
      AppendJsonString(value.IdCollection(), out);
      out->push_back('}');
      return;
    case ValueType::kArray: {
      out->push_back('[');
      const uint32_t count = value.count();
      for (uint32_t i = 0; i < count; ++i) {
        if (i > 0) out->append(", ");
        AppendJsonText(value.Element(i), out);
      }
      out->push_back(']');
      return;
    }
    case ValueType::kObject:
      break;
  }
  out->push_back('{');
  const ValueView::Fields fields(value);
  for (uint32_t i = 0; i < fields.count; ++i) {
    if (i > 0) out->append(", ");
    AppendJsonString(fields.Name(i), out);
    out->append(": ");
    AppendJsonText(fields.Value(i), out);
  }
  out->push_back('}');
}

}  // namespace quire
