// Any bytes as a key: the reader stays within them, and what it accepts is written the same way
// again, by KeyWriter and through a document.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/check.h"
#include "engine/index/key.h"
#include "engine/store/document_key.h"

namespace {

// Writes the item that was read; false at the end of the key or of its sense.
bool Copy(const quire::KeyReader& reader, quire::KeyReader::Item item, quire::KeyWriter* writer) {
  using Item = quire::KeyReader::Item;
  switch (item) {
    case Item::kMalformed:
    case Item::kDone:
      return false;
    case Item::kNull:
      writer->Null();
      break;
    case Item::kBool:
      writer->Bool(reader.boolean());
      break;
    case Item::kInt64:
      writer->Int64(reader.int64());
      break;
    case Item::kDouble:
      writer->Double(reader.number());
      break;
    case Item::kDecimal:
      writer->Decimal(reader.decimal());
      break;
    case Item::kString:
      writer->String(reader.text());
      break;
    case Item::kBytes:
      writer->Bytes(reader.text());
      break;
    case Item::kTimestamp:
      writer->Timestamp(reader.int64());
      break;
    case Item::kUuid:
      writer->Uuid(reader.text());
      break;
    case Item::kBeginId:
      writer->BeginId(reader.text());
      break;
    case Item::kEndId:
      break;
    case Item::kBeginArray:
      writer->BeginArray();
      break;
    case Item::kBeginObject:
      writer->BeginObject();
      break;
    case Item::kField:
      writer->Field(reader.text());
      break;
    case Item::kEndArray:
    case Item::kEndObject:
      writer->End();
      break;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > quire::kKeyBytesMax) return 0;
  const std::string_view key(reinterpret_cast<const char*>(data), size);
  quire::KeyReader reader(key);
  quire::KeyWriter writer;
  quire::KeyReader::Item item = reader.Next();
  while (Copy(reader, item, &writer)) item = reader.Next();
  QUIRE_CHECK(item == quire::KeyReader::Item::kMalformed || writer.view() == key);

  quire::DocumentBuilder builder(quire::DocumentLimits::Hard());
  std::string_view rest;
  if (!quire::KeyToDocument(key, &builder, &rest).ok()) return 0;
  const auto document = builder.Finish();
  if (!document.ok()) return 0;
  // Fields that come in another order or twice are put right, so only the document's own key
  // is one that stays.
  quire::KeyWriter first;
  quire::AppendKey(quire::RootOf(*document), &first);
  if (!first.fits()) return 0;
  builder.Clear();
  QUIRE_CHECK(quire::KeyToDocument(first.view(), &builder).ok());
  const auto again = builder.Finish();
  QUIRE_CHECK(again.ok());
  quire::KeyWriter second;
  quire::AppendKey(quire::RootOf(*again), &second);
  QUIRE_CHECK(first.view() == second.view());
  return 0;
}
