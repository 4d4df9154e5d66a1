#include "engine/store/json_text.h"

#include <cmath>

#include "engine/store/scalar_text.h"

namespace quire {

void AppendJsonString(std::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\b':
        out->append("\\b");
        break;
      case '\f':
        out->append("\\f");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        if (static_cast<unsigned char>(c) < ' ') {
          out->append("\\u00");
          out->push_back(kHex[static_cast<unsigned char>(c) >> 4]);
          out->push_back(kHex[c & 15]);
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

namespace {

void AppendScalar(ValueView value, std::string* out) {
  switch (value.type()) {
    case ValueType::kNull:
      out->append("null");
      return;
    case ValueType::kString:
      AppendJsonString(value.AsString(), out);
      return;
    case ValueType::kFloat64:
      if (!std::isfinite(value.AsDouble())) break;
      AppendScalarText(value, out);
      return;
    case ValueType::kBool:
    case ValueType::kInt64:
    case ValueType::kDecimal:
      AppendScalarText(value, out);
      return;
    default:
      break;
  }
  // None of these texts has a character that JSON escapes, except the backslash of \x….
  std::string text;
  AppendScalarText(value, &text);
  AppendJsonString(text, out);
}

}  // namespace

// Recursion is as deep as a document may be, a limit that every document has passed.
void AppendJsonText(ValueView value, std::string* out) {  // NOLINT(misc-no-recursion)
  switch (value.type()) {
    case ValueType::kArray:
      out->push_back('[');
      for (uint32_t i = 0; i < value.count(); ++i) {
        if (i > 0) out->append(", ");
        AppendJsonText(value.Element(i), out);
      }
      out->push_back(']');
      return;
    case ValueType::kObject: {
      const ValueView::Fields fields(value);
      out->push_back('{');
      for (uint32_t i = 0; i < fields.count; ++i) {
        if (i > 0) out->append(", ");
        AppendJsonString(fields.Name(i), out);
        out->append(": ");
        AppendJsonText(fields.Value(i), out);
      }
      out->push_back('}');
      return;
    }
    case ValueType::kId:
      out->append("{\"$id\": ");
      AppendJsonText(value.IdValue(), out);
      out->append(", \"$ref\": ");
      AppendJsonString(value.IdCollection(), out);
      out->push_back('}');
      return;
    default:
      AppendScalar(value, out);
  }
}

}  // namespace quire
