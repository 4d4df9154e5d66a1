#include "engine/store/collection.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/store/catalog.h"
#include "engine/store/writer.h"
#include "tests/support/manual_clock.h"
#include "tests/support/scripted_host.h"
#include "tests/support/test_region.h"

namespace quire {
namespace {

class CollectionTest : public ::testing::Test {
 protected:
  CollectionTest() {
    state_ = *Catalog(session_.get()).FindOrCreate({.name_space = 1, .number = 1});
    Writer writer(session_.get(), &host_, &host_, &clock_, {});
    host_.current = {10};
    for (int i = 0; i < kDocuments; ++i) {
      const auto inserted = writer.Insert(state_, Key(i), Document(i), {.xid = 10});
      QUIRE_CHECK(inserted.ok() && inserted->outcome == WriteOutcome::kDone);
    }
    host_.current.clear();
    host_.states[10] = TransactionState::kCommitted;
    writer.Committed();
  }

  static std::string Key(int i) { return "key" + std::to_string(i); }
  static std::string Document(int i) { return std::string(static_cast<size_t>(i % 700), 'd'); }

  static constexpr int kDocuments = 3000;
  TestRegion region_;
  std::unique_ptr<Session> session_ = region_.OpenSession();
  ScriptedHost host_;
  ManualClock clock_;
  CollectionState* state_ = nullptr;
  const Snapshot snapshot_{.xmin = 20, .xmax = 20};
};

TEST_F(CollectionTest, GetsByKeyAndByNumber) {
  Collection collection(session_.get(), &host_, state_);
  RowBatch batch;
  EXPECT_TRUE(*collection.Get(Key(77), snapshot_, &batch));
  EXPECT_TRUE(*collection.GetByNumber(78, snapshot_, &batch));
  EXPECT_FALSE(*collection.Get("nobody", snapshot_, &batch));
  EXPECT_FALSE(*collection.GetByNumber(kDocuments, snapshot_, &batch));
  EXPECT_FALSE(*collection.Get(Key(77), Snapshot{.xmin = 5, .xmax = 5}, &batch));
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(batch[0].number, 77u);
  EXPECT_EQ(batch[0].version, 1u);
  EXPECT_EQ(batch[0].document, Document(77));
  EXPECT_EQ(batch[1].document, Document(78));
  EXPECT_EQ(collection.documents(), kDocuments);
}

TEST_F(CollectionTest, AScanReturnsEachDocumentOnceInAnyBatchSize) {
  Collection collection(session_.get(), &host_, state_);
  RowBatch batch;
  for (const size_t rows_max : {1u, 7u, 1000u, 100000u}) {
    ScanCursor cursor = collection.BeginScan();
    int next = 0;
    for (;;) {
      const auto more = collection.NextBatch(snapshot_, rows_max, 50'000, &cursor, &batch);
      ASSERT_TRUE(more.ok());
      EXPECT_LE(batch.size(), rows_max);
      for (size_t i = 0; i < batch.size(); ++i, ++next) {
        ASSERT_EQ(batch[i].number, static_cast<uint32_t>(next));
        ASSERT_EQ(batch[i].document, Document(next));
      }
      if (!*more) break;
    }
    EXPECT_EQ(next, kDocuments);
  }
}

TEST_F(CollectionTest, AScanEndsWhereItBegan) {
  Collection collection(session_.get(), &host_, state_);
  ScanCursor cursor = collection.BeginScan();
  Writer writer(session_.get(), &host_, &host_, &clock_, {});
  host_.current = {30};
  ASSERT_TRUE(writer.Insert(state_, "late", "x", {.xid = 30, .command = 1}).ok());
  RowBatch batch;
  size_t rows = 0;
  const Snapshot own{.xmin = 20, .xmax = 20, .own_xid = 30, .command = 9};
  for (bool more = true; more; rows += batch.size()) {
    more = *collection.NextBatch(own, 500, 1 << 20, &cursor, &batch);
  }
  EXPECT_EQ(rows, static_cast<size_t>(kDocuments));
}

}  // namespace
}  // namespace quire
