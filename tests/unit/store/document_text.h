// Documents as text, so that tests can be read: JSON, in which a number with a trailing f is a
// float64 and typed scalars are written x'00ff' (bytes), t'-5' (timestamp), u'<32 hex digits>'
// (uuid) and
// @'collection'(value) (id). Input for tests is trusted: a mistake in it aborts.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/store/document.h"
#include "engine/store/document_builder.h"
#include "engine/store/scalar_text.h"

namespace quire {

inline std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(
        static_cast<char>(std::strtol(std::string(hex.substr(i, 2)).c_str(), nullptr, 16)));
  }
  return bytes;
}

inline std::string ToHex(std::string_view bytes) {
  std::string hex;
  AppendBytesText(bytes, &hex);
  return hex.substr(2);
}

class DocumentTextReader {
 public:
  DocumentTextReader(std::string_view text, DocumentBuilder* builder)
      : text_(text), builder_(builder) {}

  void Value() {
    const char c = Peek();
    if (c == '{') return Object();
    if (c == '[') return Array();
    if (c == '"') return builder_->String(Quoted('"'));
    if (Skip("null")) return builder_->Null();
    if (Skip("true")) return builder_->Bool(true);
    if (Skip("false")) return builder_->Bool(false);
    if (Skip("NaN")) return builder_->Double(std::strtod("nan", nullptr));
    if (Skip("x'")) return builder_->Bytes(FromHex(Unread("'")));
    if (Skip("t'")) return builder_->Timestamp(std::atoll(Unread("'").c_str()));
    if (Skip("u'")) return builder_->Uuid(FromHex(Unread("'")));
    if (Skip("@'")) {
      builder_->BeginId(Unread("'"));
      QUIRE_CHECK(Skip("("));
      Value();
      QUIRE_CHECK(Skip(")"));
      return builder_->EndId();
    }
    size_t n = 0;
    while (n < text_.size() && std::string_view("+-.eE0123456789").find(text_[n]) < 15) ++n;
    const std::string number(text_.substr(0, n));
    text_.remove_prefix(n);
    if (Skip("f")) return builder_->Double(std::strtod(number.c_str(), nullptr));
    const std::optional<Decimal> decimal = Decimal::Parse(number);
    QUIRE_CHECK(decimal.has_value());
    builder_->Decimal(*decimal);
  }

 private:
  char Peek() {
    while (!text_.empty() && text_[0] == ' ') text_.remove_prefix(1);
    return text_.empty() ? '\0' : text_[0];
  }
  bool Skip(std::string_view word) {
    Peek();
    if (text_.substr(0, word.size()) != word) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  // What was read up to `end`, which is skipped.
  std::string Unread(std::string_view end) {
    const size_t n = text_.find(end);
    QUIRE_CHECK(n != std::string_view::npos);
    const std::string content(text_.substr(0, n));
    text_.remove_prefix(n + end.size());
    return content;
  }
  std::string Quoted(char quote) {
    std::string content;
    size_t i = 1;
    for (; text_[i] != quote; ++i) {
      if (text_[i] == '\\') ++i;
      content.push_back(text_[i]);
    }
    text_.remove_prefix(i + 1);
    return content;
  }
  void Object() {
    builder_->BeginObject();
    Skip("{");
    while (!Skip("}")) {
      Peek();
      builder_->Key(Quoted('"'));
      QUIRE_CHECK(Skip(":"));
      Value();
      Skip(",");
    }
    builder_->EndObject();
  }
  void Array() {
    builder_->BeginArray();
    Skip("[");
    while (!Skip("]")) {
      Value();
      Skip(",");
    }
    builder_->EndArray();
  }

  std::string_view text_;
  DocumentBuilder* builder_;
};

// The bytes of the document that `text` describes.
inline std::string DocumentOf(std::string_view text) {
  DocumentBuilder builder(DocumentLimits::Hard());
  DocumentTextReader(text, &builder).Value();
  const absl::StatusOr<std::string_view> bytes = builder.Finish();
  QUIRE_CHECK(bytes.ok());
  return std::string(*bytes);
}

// The text of a value, read through ValueView only.
inline std::string TextOf(ValueView value) {
  std::string text;
  switch (value.type()) {
    case ValueType::kNull:
      return "null";
    case ValueType::kString:
      text = "\"";
      for (const char c : value.AsString()) {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
      }
      return text + "\"";
    case ValueType::kFloat64:
      AppendScalarText(value, &text);
      return text + "f";
    case ValueType::kBytes:
      return "x'" + ToHex(value.AsBytes()) + "'";
    case ValueType::kTimestamp:
      return "t'" + std::to_string(value.AsTimestamp()) + "'";
    case ValueType::kUuid:
      return "u'" + ToHex(value.AsUuid()) + "'";
    case ValueType::kId:
      return "@'" + std::string(value.IdCollection()) + "'(" + TextOf(value.IdValue()) + ")";
    case ValueType::kArray:
      for (uint32_t i = 0; i < value.count(); ++i) {
        text += (i == 0 ? "" : ",") + TextOf(value.Element(i));
      }
      return "[" + text + "]";
    case ValueType::kObject:
      for (uint32_t i = 0; i < value.count(); ++i) {
        text += (i == 0 ? "\"" : ",\"") + std::string(value.FieldName(i)) +
                "\":" + TextOf(value.FieldValue(i));
      }
      return "{" + text + "}";
    default:
      AppendScalarText(value, &text);
      return text;
  }
}

inline std::string TextOfDocument(std::string_view bytes) {
  return TextOf(RootOf(bytes));
}

}  // namespace quire
