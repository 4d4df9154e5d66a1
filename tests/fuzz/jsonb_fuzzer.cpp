// Any bytes as binary jsonb: refused, or a sound document that gives its jsonb back. The first byte
// chooses the limits and where in a document the value is put.
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/store/document.h"
#include "engine/store/document_builder.h"
#include "engine/store/jsonb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string jsonb(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool inside = (data[0] & 1) != 0;
  quire::DocumentLimits limits = quire::DocumentLimits::Hard();
  if ((data[0] & 6) == 2) limits = quire::DocumentLimits{64, 3, 2, 2};

  quire::DocumentBuilder builder(limits);
  if (inside) {
    builder.BeginObject();
    builder.Key("a");
  }
  if (!quire::JsonbToDocument(jsonb, limits, &builder).ok()) return 0;
  if (inside) builder.EndObject();
  const absl::StatusOr<std::string_view> finished = builder.Finish();
  if (!finished.ok()) return 0;
  const std::string document(*finished);
  QUIRE_CHECK(quire::ValidateDocument(document, limits).ok());

  // Hostile jsonb may say a thing in several ways; from the server's own way on nothing changes.
  std::string canonical;
  QUIRE_CHECK(quire::AppendJsonb(quire::RootOf(document), &canonical).ok());
  builder.set_limits(quire::DocumentLimits::Hard());
  builder.Clear();
  QUIRE_CHECK(quire::JsonbToDocument(canonical, quire::DocumentLimits::Hard(), &builder).ok());
  const absl::StatusOr<std::string_view> again = builder.Finish();
  QUIRE_CHECK(again.ok() && *again == document);
  return 0;
}
