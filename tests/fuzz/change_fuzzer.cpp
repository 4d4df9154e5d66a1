// Change batches from hostile bytes. The input's first byte chooses: 0 = the bytes are the batch as
// they stand; otherwise the header is made valid and the rest are descriptions of changes (kind,
// flags, lengths, document number, then content), encoded as a session would; the last byte of the
// input may then spoil one byte.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "engine/log/change_record.h"

namespace quire {
namespace {

// Reads everything there is, touching every byte that is handed out.
size_t ReadAll(std::string_view batch) {
  size_t sum = 0;
  uint32_t seen = 0;
  ChangeBatchReader reader(batch);
  for (Change change; reader.Next(&change); ++seen) {
    for (char c : change.key) sum += static_cast<uint8_t>(c);
    for (char c : change.document) sum += static_cast<uint8_t>(c);
    const std::string_view bytes = batch.substr(reader.change_offset(), reader.change_size());
    Change again;
    size_t size = 0;
    QUIRE_CHECK(DecodeChange(bytes, &again, &size).ok());
    QUIRE_CHECK(size == bytes.size());
    QUIRE_CHECK(again.document == change.document && again.key == change.key);
    sum += ChangeChecksumHolds(bytes);
    // What was decoded is what is encoded, but for the checksum, which a batch's reader does not
    // check.
    std::string encoded;
    AppendChange(change, &encoded);
    QUIRE_CHECK(encoded.substr(8) == bytes.substr(8));
  }
  QUIRE_CHECK(!reader.status().ok() || reader.count() == seen);
  QUIRE_CHECK(reader.status().ok() || absl::IsDataLoss(reader.status()));
  return sum;
}

Change Describe(ByteReader& input) {
  Change change;
  uint8_t kind = 0;
  uint8_t key_length = 0;
  uint16_t document_length = 0;
  if (!input.Read(&kind) || !input.Read(&key_length) || !input.Read(&document_length) ||
      !input.Read(&change.document_number) || !input.Read(&change.xid)) {
    return change;
  }
  change.kind = static_cast<ChangeKind>(1 + kind % 4);
  change.document_number_valid = kind >= 128;
  change.ordinal = change.document_number ^ kind;
  change.hlc = change.xid * 3;
  const bool has_key = change.kind == ChangeKind::kPut || change.kind == ChangeKind::kDelete;
  if (has_key && !input.ReadBytes(key_length, &change.key)) change.key = {};
  if (change.kind == ChangeKind::kPut && !input.ReadBytes(document_length, &change.document)) {
    change.document = {};
  }
  return change;
}

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace quire;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  if (all.empty()) return 0;
  if (data[0] == 0) {
    ReadAll(std::string(all.substr(1)));
    return 0;
  }
  ChangeBatchBuilder builder;
  ByteReader input(all.substr(1));
  const auto mark = builder.mark();
  for (uint32_t n = 0; n < 64 && input.rest().size() > 2; ++n) builder.Append(Describe(input));
  if (builder.empty()) return 0;
  std::string batch(builder.Finish(data[0]));
  ReadAll(batch);
  uint16_t spoiled = 0;
  if (input.Read(&spoiled)) {
    batch[spoiled % batch.size()] = static_cast<char>(spoiled >> 8);
    ReadAll(batch);
    ReadAll(std::string(batch, 0, spoiled % batch.size()));
  }
  builder.CutBack(mark);
  QUIRE_CHECK(builder.empty());
  builder.Clear();
  builder.CutBack(mark);
  builder.Shrink(0);
  QUIRE_CHECK(builder.capacity() == 0);
  return 0;
}
