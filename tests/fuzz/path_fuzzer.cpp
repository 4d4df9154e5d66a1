// Any bytes as the text of a path: refused, or a path that prints, reads back, is found after it
// has been set, and is gone after it has been removed. The first byte chooses the document that is
// changed.
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/store/document.h"
#include "engine/store/document_builder.h"
#include "engine/store/path.h"
#include "engine/store/path_update.h"

namespace quire {
namespace {

// {"a": [1, {"b": {}}, [0]], "0": {"": "x"}, "a.b": null}, or an array of two such, or a scalar.
std::string FixedDocument(uint8_t choice) {
  DocumentBuilder builder;
  if (choice % 3 == 2) {
    builder.String("scalar");
    return std::string(*builder.Finish());
  }
  if (choice % 3 == 1) builder.BeginArray();
  for (int i = 0; i <= choice % 3; ++i) {
    builder.BeginObject();
    builder.Key("a");
    builder.BeginArray();
    builder.Int64(1);
    builder.BeginObject();
    builder.Key("b");
    builder.BeginObject();
    builder.EndObject();
    builder.EndObject();
    builder.BeginArray();
    builder.Int64(0);
    builder.EndArray();
    builder.EndArray();
    builder.Key("0");
    builder.BeginObject();
    builder.Key("");
    builder.String("x");
    builder.EndObject();
    builder.Key("a.b");
    builder.Null();
    builder.EndObject();
  }
  if (choice % 3 == 1) builder.EndArray();
  return std::string(*builder.Finish());
}

void Check(const Path& path, uint8_t choice) {
  const absl::StatusOr<Path> again = Path::Parse(path.ToString());
  QUIRE_CHECK(again.ok() && *again == path);

  const std::string document = FixedDocument(choice);
  PathHints hints;
  ValueView old;
  ValueView found;
  const bool present = Lookup(RootOf(document), path, nullptr, &old);
  QUIRE_CHECK(Lookup(RootOf(document), path, &hints, &found) == present);
  QUIRE_CHECK(Lookup(RootOf(document), path, &hints, &found) == present);

  const std::string value = FixedDocument(2);
  DocumentBuilder scratch;
  const PathChange set{&path, false, RootOf(value)};
  const absl::StatusOr<std::string_view> changed =
      ApplyChanges(RootOf(document), absl::MakeConstSpan(&set, 1), DocumentLimits(), &scratch);
  QUIRE_CHECK(!present || changed.ok());
  if (changed.ok()) {
    QUIRE_CHECK(ValidateDocument(*changed, DocumentLimits()).ok());
    QUIRE_CHECK(Lookup(RootOf(*changed), path, &hints, &found));
    QUIRE_CHECK(CompareValues(found, RootOf(value)) == 0);
  }
  DocumentBuilder second;
  const PathChange removal{&path, true, ValueView()};
  const absl::StatusOr<std::string_view> removed =
      ApplyChanges(RootOf(document), absl::MakeConstSpan(&removal, 1), DocumentLimits(), &second);
  QUIRE_CHECK(removed.ok() && ValidateDocument(*removed, DocumentLimits()).ok());
  QUIRE_CHECK((*removed == document) == !present);
}

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const absl::StatusOr<quire::Path> path = quire::Path::Parse(text);
  if (path.ok()) quire::Check(*path, data[0]);
  return 0;
}
