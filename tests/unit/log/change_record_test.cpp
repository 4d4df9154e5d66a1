#include "engine/log/change_record.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/bytes.h"

namespace quire {
namespace {

Change Put(std::string_view key, std::string_view document, uint32_t ordinal = 0) {
  Change change;
  change.kind = ChangeKind::kPut;
  change.document_number_valid = true;
  change.document_number = 77;
  change.ordinal = ordinal;
  change.version = 3;
  change.origin = 9;
  change.xid = 0x1'0000'0005;
  change.hlc = 0xfedcba9876543210;
  change.namespace_id = 0x1122334455667788;
  change.collection_id = 0x99aabbccddeeff00;
  change.key = key;
  change.document = document;
  return change;
}

void ExpectEqual(const Change& a, const Change& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.document_number_valid, b.document_number_valid);
  EXPECT_EQ(a.document_number, b.document_number);
  EXPECT_EQ(a.ordinal, b.ordinal);
  EXPECT_EQ(a.version, b.version);
  EXPECT_EQ(a.origin, b.origin);
  EXPECT_EQ(a.xid, b.xid);
  EXPECT_EQ(a.hlc, b.hlc);
  EXPECT_EQ(a.namespace_id, b.namespace_id);
  EXPECT_EQ(a.collection_id, b.collection_id);
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.document, b.document);
}

std::vector<uint32_t> Ordinals(std::string_view batch) {
  std::vector<uint32_t> ordinals;
  ChangeBatchReader reader(batch);
  for (Change change; reader.Next(&change);) ordinals.push_back(change.ordinal);
  EXPECT_TRUE(reader.status().ok()) << reader.status();
  return ordinals;
}

TEST(ChangeRecord, RoundTripThroughABatch) {
  Change tombstone = Put("gone", "");
  tombstone.kind = ChangeKind::kDelete;
  tombstone.document_number_valid = false;
  Change drop = Put("", "");
  drop.kind = ChangeKind::kDropCollection;
  const std::string large(300'000, 'd');
  const std::vector<Change> changes = {Put("k", "document"), tombstone, drop,
                                       Put(std::string_view("\0\xff", 2), large), Put("", "")};
  ChangeBatchBuilder builder;
  for (const Change& change : changes) builder.Append(change);
  const std::string_view batch = builder.Finish(42);
  EXPECT_EQ(batch.size(), builder.size());

  ChangeBatchReader reader(batch);
  EXPECT_EQ(reader.region_incarnation(), 42u);
  EXPECT_EQ(reader.count(), changes.size());
  Change change;
  size_t offset = kChangeBatchHeaderBytes;
  for (const Change& expected : changes) {
    ASSERT_TRUE(reader.Next(&change)) << reader.status();
    ExpectEqual(change, expected);
    EXPECT_EQ(reader.change_offset(), offset);
    EXPECT_EQ(reader.change_size(), ChangeBytes(expected));
    EXPECT_TRUE(ChangeChecksumHolds(batch.substr(offset, reader.change_size())));
    offset += reader.change_size();
  }
  EXPECT_FALSE(reader.Next(&change));
  EXPECT_TRUE(reader.status().ok()) << reader.status();
}

TEST(ChangeRecord, AppendAndEncodeAgree) {
  const Change change = Put("key", "document");
  std::string appended = "before";
  AppendChange(change, &appended);
  std::string encoded(ChangeBytes(change), '\0');
  EXPECT_EQ(EncodeChange(change, encoded.data()), encoded.data() + encoded.size());
  EXPECT_EQ(appended, "before" + encoded);
}

TEST(ChangeRecord, OneChangeByItself) {
  std::string bytes;
  AppendChange(Put("key", "document"), &bytes);
  Change change;
  size_t size = 0;
  const std::string longer = bytes + "more";
  ASSERT_TRUE(DecodeChange(longer, &change, &size).ok());
  EXPECT_EQ(size, bytes.size());
  ExpectEqual(change, Put("key", "document"));
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string wrong = bytes;
    wrong[i] ^= 1;
    absl::Status decoded = DecodeChange(wrong, &change, &size);
    EXPECT_FALSE(decoded.ok() && ChangeChecksumHolds(wrong.substr(0, size))) << "byte " << i;
    EXPECT_TRUE(decoded.ok() || absl::IsDataLoss(decoded)) << decoded;
  }
}

TEST(ChangeBatchBuilder, CutsBackToAMark) {
  ChangeBatchBuilder builder;
  builder.Append(Put("a", "1", 0));
  const auto outer = builder.mark();
  builder.Append(Put("b", "2", 1));
  const auto inner = builder.mark();
  builder.Append(Put("c", "3", 2));
  builder.CutBack(inner);
  EXPECT_EQ(Ordinals(builder.Finish(1)), (std::vector<uint32_t>{0, 1}));
  builder.CutBack(outer);
  EXPECT_EQ(Ordinals(builder.Finish(1)), (std::vector<uint32_t>{0}));
  builder.CutBack(inner);  // Its parent is gone: nothing is left to cut.
  EXPECT_EQ(Ordinals(builder.Finish(1)), (std::vector<uint32_t>{0}));
}

TEST(ChangeBatchBuilder, AMarkFromBeforeTheFlushCutsAllThatCameAfterIt) {
  ChangeBatchBuilder builder;
  builder.Append(Put("a", "1", 0));
  const auto mark = builder.mark();
  builder.Append(Put("b", "2", 1));
  builder.Clear();  // Both are in the WAL.
  EXPECT_TRUE(builder.empty());
  builder.Append(Put("c", "3", 2));
  builder.Append(Put("d", "4", 3));
  builder.CutBack(mark);
  EXPECT_TRUE(builder.empty());
  builder.Append(Put("e", "5", 4));
  EXPECT_EQ(Ordinals(builder.Finish(1)), (std::vector<uint32_t>{4}));
}

TEST(ChangeBatchBuilder, KeepsItsMemoryUntilToldToShrink) {
  ChangeBatchBuilder builder;
  builder.Append(Put("a", std::string(1'000'000, 'x')));
  const size_t capacity = builder.capacity();
  builder.Clear();
  EXPECT_EQ(builder.capacity(), capacity);
  builder.Shrink(capacity);
  EXPECT_EQ(builder.capacity(), capacity);
  builder.Shrink(65536);
  EXPECT_EQ(builder.capacity(), 0u);
  builder.Append(Put("b", "2", 1));
  EXPECT_EQ(Ordinals(builder.Finish(1)), (std::vector<uint32_t>{1}));
}

std::string SmallBatch() {
  ChangeBatchBuilder builder;
  builder.Append(Put("key", "document"));
  builder.Append(Put("another", "doc"));
  return std::string(builder.Finish(7));
}

absl::Status ReadAll(std::string_view batch) {
  ChangeBatchReader reader(batch);
  size_t steps = 0;
  for (Change change; reader.Next(&change);) {
    EXPECT_LE(++steps, batch.size());
    EXPECT_LE(change.key.data() + change.key.size(), batch.data() + batch.size());
    EXPECT_LE(change.document.data() + change.document.size(), batch.data() + batch.size());
  }
  return reader.status();
}

TEST(ChangeBatchReader, RefusesEveryCutAndEveryExtraByte) {
  const std::string batch = SmallBatch();
  ASSERT_TRUE(ReadAll(batch).ok());
  for (size_t size = 0; size < batch.size(); ++size) {
    // Copied, so that a sanitizer sees a read behind the end.
    EXPECT_TRUE(absl::IsDataLoss(ReadAll(std::string(batch, 0, size)))) << size;
  }
  EXPECT_TRUE(absl::IsDataLoss(ReadAll(batch + '\0')));
}

TEST(ChangeBatchReader, RefusesWrongFields) {
  struct Case {
    size_t offset;
    uint8_t value;
    const char* expected_word;
  };
  const size_t change = kChangeBatchHeaderBytes;
  const Case cases[] = {
      {0, 2, "version"},
      {2, 1, "flags"},
      {4, 3, "number of changes"},
      {4, 1, "end"},
      {change, 200, "length"},
      {change + 8, 0, "kind"},
      {change + 8, 5, "kind"},
      {change + 8, 2, "document length"},
      {change + 8, 3, "key length"},
      {change + 9, 2, "flags"},
      {change + 10, 4, "length"},
      {change + 15, 255, "length"},
      {change + 31, 1, "reserved"},
  };
  for (const Case& wrong : cases) {
    std::string batch = SmallBatch();
    batch[wrong.offset] = static_cast<char>(wrong.value);
    absl::Status status = ReadAll(batch);
    EXPECT_TRUE(absl::IsDataLoss(status)) << wrong.offset;
    EXPECT_NE(status.message().find(wrong.expected_word), absl::string_view::npos) << status;
    EXPECT_NE(status.message().find("expected"), absl::string_view::npos) << status;
  }
}

TEST(ChangeBatchReader, RandomBytesNeverLeaveTheBatch) {
  const uint64_t seed = 4711;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20000; ++round) {
    std::string batch = SmallBatch();
    for (uint64_t flips = random() % 4 + 1; flips > 0; --flips) {
      batch[random() % batch.size()] = static_cast<char>(random());
    }
    absl::Status status = ReadAll(batch);
    ASSERT_TRUE(status.ok() || absl::IsDataLoss(status)) << "seed " << seed << " round " << round;
  }
}

}  // namespace
}  // namespace quire
