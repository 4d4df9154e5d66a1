#include "engine/log/log_lookup.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/log/log_helpers.h"

namespace quire {
namespace {

// Appends batches of changes and notes where each change lies.
class LogLookupTest : public testing::Test {
 protected:
  void SetUp() override {
    writer_ = LogWriter::Open(&files_, kLogFolder, SmallLog(6000), LogEnd{}).value();
  }

  void AppendBatch(int n, size_t document_bytes) {
    ChangeBatchBuilder builder;
    for (int i = 0; i < n; ++i) {
      Change change;
      const std::string key = "key" + std::to_string(i);
      const std::string document(document_bytes + i, static_cast<char>('a' + i));
      change.xid = 1;
      change.ordinal = ordinal_++;
      change.key = key;
      change.document = document;
      builder.Append(change);
    }
    const std::string_view batch = builder.Finish(1);
    const uint64_t position = writer_->Append(LogRecordType::kChanges, {1, 1}, batch).value();
    ChangeBatchReader reader(batch);
    for (Change change; reader.Next(&change);) {
      documents_[position + reader.change_offset()] = change.document;
    }
    ASSERT_TRUE(writer_->Flush().ok());
  }

  SimulatedFileSystem files_;
  std::unique_ptr<LogWriter> writer_;
  uint32_t ordinal_ = 0;
  std::map<uint64_t, std::string> documents_;
};

TEST_F(LogLookupTest, ReadsEveryChangeBack) {
  LogLookup lookup(&files_, kLogFolder);
  std::string bytes;
  Change change;
  // Looked up while the log grows, small and larger than the first read, over several segments.
  for (int round = 0; round < 6; ++round) {
    AppendBatch(10, 100);
    AppendBatch(2, 2500);
    for (const auto& [position, document] : documents_) {
      absl::Status read = lookup.ReadChange(position, &bytes, &change);
      ASSERT_TRUE(read.ok()) << read;
      ASSERT_EQ(change.document, document);
    }
  }
  EXPECT_GT(ListLogSegments(files_, kLogFolder)->size(), 3u);
}

TEST_F(LogLookupTest, NoticesDamageAndWrongPlaces) {
  AppendBatch(3, 100);
  AppendBatch(1, 2500);
  LogLookup lookup(&files_, kLogFolder);
  std::string bytes;
  Change change;
  const std::string path = LogSegmentPath(kLogFolder, 0);
  const std::string good = files_.Content(path);
  for (const auto& [position, document] : documents_) {
    for (size_t i = 0; i < kChangeHeaderBytes + document.size(); i += i < 80 ? 1 : 37) {
      std::string bad = good;
      bad[position + i] ^= 4;
      files_.SetContent(path, bad);
      absl::Status read = lookup.ReadChange(position, &bytes, &change);
      ASSERT_TRUE(absl::IsDataLoss(read)) << position << " + " << i << ": " << read;
      ASSERT_NE(read.message().find(path), absl::string_view::npos) << read;
    }
    files_.SetContent(path, good);
    EXPECT_TRUE(absl::IsDataLoss(lookup.ReadChange(position + 1, &bytes, &change)));
  }
  EXPECT_TRUE(absl::IsDataLoss(lookup.ReadChange(1 << 20, &bytes, &change)));
}

TEST_F(LogLookupTest, SaysWhenTheSegmentIsGone) {
  while (ListLogSegments(files_, kLogFolder)->size() < 3) AppendBatch(10, 100);
  LogLookup lookup(&files_, kLogFolder);
  std::string bytes;
  Change change;
  const uint64_t first = documents_.begin()->first;
  ASSERT_TRUE(lookup.ReadChange(first, &bytes, &change).ok());
  const uint64_t second_start = ListLogSegments(files_, kLogFolder).value()[1];
  ASSERT_EQ(RemoveLogSegmentsBefore(files_, kLogFolder, second_start).value(), 1);
  lookup.ForgetBefore(second_start);
  EXPECT_TRUE(absl::IsNotFound(lookup.ReadChange(first, &bytes, &change)));
  EXPECT_TRUE(lookup.ReadChange(documents_.rbegin()->first, &bytes, &change).ok());
}

}  // namespace
}  // namespace quire
