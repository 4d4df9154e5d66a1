// Any bytes as a document: refused, or sound in every respect. The first byte chooses the limits.
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/store/document.h"
#include "engine/store/document_builder.h"
#include "engine/store/jsonb.h"
#include "tests/unit/store/random_document.h"

namespace quire {
namespace {

// Reads everything there is to read, so that a wrong offset meets the sanitizers.
uint64_t Walk(ValueView value) {
  uint64_t sum = static_cast<uint64_t>(value.type());
  for (const char c : value.payload()) sum += static_cast<uint8_t>(c);
  if (value.type() == ValueType::kObject) {
    for (uint32_t i = 0; i < value.count(); ++i) {
      ValueView found;
      uint32_t hint = i / 2;
      QUIRE_CHECK(value.Find(value.FieldName(i), &found, &hint));
      QUIRE_CHECK(hint == i && CompareValues(found, value.FieldValue(i)) == 0);
      sum += Walk(found);
    }
  } else if (value.is_container()) {
    for (uint32_t i = 0; i < value.count(); ++i) sum += Walk(value.ItemAt(i));
  }
  return sum;
}

// A sound document has one form, and what jsonb can say of it comes back.
void Check(std::string_view bytes) {
  const ValueView root = RootOf(bytes);
  Walk(root);
  QUIRE_CHECK(CompareValues(root, root) == 0);
  DocumentBuilder builder(DocumentLimits::Hard());
  Rebuild(root, &builder);
  const absl::StatusOr<std::string_view> again = builder.Finish();
  QUIRE_CHECK(again.ok() && *again == bytes);

  std::string jsonb;
  QUIRE_CHECK(AppendJsonb(root, &jsonb).ok());
  builder.Clear();
  QUIRE_CHECK(JsonbToDocument(jsonb, DocumentLimits::Hard(), &builder).ok());
  const absl::StatusOr<std::string_view> plain = builder.Finish();
  QUIRE_CHECK(plain.ok() && ValidateDocument(*plain, DocumentLimits::Hard()).ok());
  std::string jsonb_again;
  QUIRE_CHECK(AppendJsonb(RootOf(*plain), &jsonb_again).ok());
  QUIRE_CHECK(jsonb_again == jsonb);
}

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // A copy of just its size, so that every byte outside is seen.
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  quire::DocumentLimits limits = quire::DocumentLimits::Hard();
  if (data[0] % 4 == 1) limits = quire::DocumentLimits{64, 3, 2, 2};
  if (quire::ValidateDocument(bytes, limits).ok()) quire::Check(bytes);
  return 0;
}
