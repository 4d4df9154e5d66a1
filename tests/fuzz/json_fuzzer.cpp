// Any bytes as JSON text: not taken, or a sound document whose own text gives it back. The first
// byte chooses the limits, the memory, and whether escapes beyond ASCII count.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/check.h"
#include "engine/store/document.h"
#include "engine/store/json_reader.h"
#include "engine/store/json_text.h"

namespace {

// False when the reader does not take the text, or it is beyond a limit.
bool Read(const std::string& text, size_t memory_bytes, bool utf8,
          const quire::DocumentLimits& limits, std::string* document) {
  std::vector<uint64_t> memory(memory_bytes / 8 + 1);
  const quire::JsonTree* tree = quire::ReadJson(
      text, utf8, absl::MakeSpan(reinterpret_cast<char*>(memory.data()), memory_bytes));
  if (tree == nullptr) return false;
  quire::DocumentBuilder builder(limits);
  if (!quire::AppendJsonTree(*tree, limits, &builder).ok()) return false;
  const absl::StatusOr<std::string_view> finished = builder.Finish();
  if (!finished.ok()) return false;
  *document = std::string(*finished);
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  quire::DocumentLimits limits = quire::DocumentLimits::Hard();
  if ((data[0] & 6) == 2) limits = quire::DocumentLimits{64, 3, 2, 2};
  const bool likely = (data[0] & 8) != 0;
  std::string document;
  if (!Read(text, likely ? quire::JsonTreeBytesLikely(text) : quire::JsonTreeBytesMax(text),
            (data[0] & 1) != 0, limits, &document)) {
    return 0;
  }
  QUIRE_CHECK(quire::ValidateDocument(document, limits).ok());
  std::string shown;
  quire::AppendJsonText(quire::RootOf(document), &shown);
  std::string again;
  // Numbers may be longer when they are written out than this reader takes.
  if (Read(shown, quire::JsonTreeBytesMax(shown), true, quire::DocumentLimits::Hard(), &again)) {
    QUIRE_CHECK(again == document);
  }
  return 0;
}
