// Random documents as text, and documents built again value by value. For the tests of
// engine/store.
#pragma once

#include <random>
#include <string>

#include "engine/store/document_builder.h"
#include "engine/store/value.h"

namespace quire {

inline std::string RandomNumberText(std::mt19937_64* random) {
  auto below = [random](uint64_t n) { return (*random)() % n; };
  const std::string sign = below(3) == 0 ? "-" : "";
  switch (below(6)) {
    case 0:
      return sign + std::to_string(below(300));
    case 1:
      return sign + std::to_string((*random)() >> below(63));
    case 2:
      return sign + std::to_string(below(100'000)) + "." + std::to_string(below(1000)) + "00";
    case 3:
      return sign + std::to_string(below(1000)) + "e" + std::to_string(below(600)) + "";
    case 4:
      return sign + "0." + std::string(below(300), '0') + std::to_string(below(99));
    default:
      return sign + std::to_string(below(1'000'000)) + ".5f";
  }
}

inline std::string RandomText(std::mt19937_64* random, int depth) {
  auto below = [random](uint64_t n) { return (*random)() % n; };
  std::string text;
  switch (below(depth > 0 ? 12 : 8)) {
    case 0:
      return below(2) == 0 ? "null" : below(2) == 0 ? "true" : "false";
    case 1:
    case 2:
      return RandomNumberText(random);
    case 3:
    case 4:
      return "\"" +
             std::string(below(8) == 0 ? below(300) : below(12),
                         static_cast<char>('a' + below(26))) +
             "\"";
    case 5:
      return "x'" + std::string(below(5) * 2, 'f') + "'";
    case 6:
      return "t'" + std::to_string(static_cast<int64_t>((*random)())) + "'";
    case 7:
      return "u'" + std::string(32, static_cast<char>('0' + below(10))) + "'";
    case 8:
      return "@'c" + std::to_string(below(3)) + "'(" + RandomText(random, 0) + ")";
    case 9:
    case 10:
      for (uint64_t n = below(8) == 0 ? below(90) : below(4); n > 0; --n) {
        text += "\"" + std::string(below(4), static_cast<char>('a' + below(4))) +
                (below(4) == 0 ? std::to_string(below(1000)) : "") +
                "\":" + RandomText(random, depth - 1) + ",";
      }
      return "{" + text + "}";
    default:
      for (uint64_t n = below(8) == 0 ? below(90) : below(4); n > 0; --n) {
        text += RandomText(random, depth - 1) + ",";
      }
      return "[" + text + "]";
  }
}

// Builds `value` again through the builder's calls for single values; the fields of objects
// backwards.
inline void Rebuild(ValueView value, DocumentBuilder* builder) {
  switch (value.type()) {
    case ValueType::kNull:
      return builder->Null();
    case ValueType::kBool:
      return builder->Bool(value.AsBool());
    case ValueType::kInt64:
      return builder->Int64(value.AsInt64());
    case ValueType::kFloat64:
      return builder->Double(value.AsDouble());
    case ValueType::kDecimal:
      return builder->Decimal(value.AsDecimal());
    case ValueType::kString:
      return builder->String(value.AsString());
    case ValueType::kBytes:
      return builder->Bytes(value.AsBytes());
    case ValueType::kTimestamp:
      return builder->Timestamp(value.AsTimestamp());
    case ValueType::kUuid:
      return builder->Uuid(value.AsUuid());
    case ValueType::kId:
      builder->BeginId(value.IdCollection());
      Rebuild(value.IdValue(), builder);
      return builder->EndId();
    case ValueType::kArray:
      builder->BeginArray();
      for (uint32_t i = 0; i < value.count(); ++i) Rebuild(value.Element(i), builder);
      return builder->EndArray();
    case ValueType::kObject:
      builder->BeginObject();
      for (uint32_t i = value.count(); i > 0; --i) {
        builder->Key(value.FieldName(i - 1));
        Rebuild(value.FieldValue(i - 1), builder);
      }
      return builder->EndObject();
  }
}

}  // namespace quire
