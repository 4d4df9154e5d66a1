#include "engine/store/collection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/store/catalog.h"
#include "engine/store/condition.h"
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

// On the version alone: the bodies of this test are no documents.
std::unique_ptr<Condition> VersionIs(uint32_t version) {
  const ConditionColumn column{.shown = ShownAs::kVersion};
  const ConditionStep step{
      .code = ConditionStep::Code::kCompare, .accepted = kEqual, .left = 0, .right = -1};
  auto condition = std::make_unique<Condition>(
      ConditionProgram{.steps = {&step, 1}, .columns = {&column, 1}, .constants = 1});
  EXPECT_TRUE(
      condition->SetConstant(0, Comparable::kInteger, {.is_null = false, .integer = version}).ok());
  return condition;
}

TEST_F(CollectionTest, AFilterLeavesOutAndCounts) {
  // Another transaction, which the snapshot does not see, changes every third document.
  Writer writer(session_.get(), &host_, &host_, &clock_, {});
  host_.current = {30};
  RowBatch batch;
  Collection collection(session_.get(), &host_, state_);
  for (int i = 0; i < kDocuments; i += 3) {
    batch.Clear();
    ASSERT_TRUE(*collection.Get(Key(i), snapshot_, &batch));
    const WriteTarget target{.number = batch[0].number, .hlc = batch[0].hlc};
    ASSERT_EQ(writer.Update(state_, target, "new", {.xid = 30})->outcome, WriteOutcome::kDone);
  }
  host_.current.clear();
  host_.states[30] = TransactionState::kCommitted;
  writer.Committed();

  const auto scan = [&](uint64_t xmax, ScanFilter* filter) {
    const Snapshot snapshot{.xmin = xmax, .xmax = xmax};
    ScanCursor cursor = collection.BeginScan();
    int rows = 0;
    for (;;) {
      const bool more = *collection.NextBatch(snapshot, 100, 50'000, &cursor, &batch, filter);
      for (size_t i = 0; i < batch.size(); ++i) {
        EXPECT_EQ(batch[i].document.empty(), !filter->keeps_documents || batch[i].number % 700 == 0)
            << batch[i].number;
      }
      rows += static_cast<int>(batch.size());
      if (!more) return rows;
    }
  };
  const std::unique_ptr<Condition> first = VersionIs(1);
  const std::unique_ptr<Condition> second = VersionIs(2);
  ScanFilter old_snapshot{.condition = first.get()};
  EXPECT_EQ(scan(20, &old_snapshot), kDocuments);
  EXPECT_EQ(old_snapshot.examined, kDocuments);
  EXPECT_EQ(old_snapshot.versions_skipped, kDocuments / 3);
  ScanFilter changed{.condition = second.get(), .keeps_documents = false};
  EXPECT_EQ(scan(40, &changed), kDocuments / 3);
  EXPECT_EQ(changed.examined, kDocuments);
  EXPECT_EQ(changed.versions_skipped, 0u);
  ScanFilter nothing{.condition = second.get()};
  EXPECT_EQ(scan(20, &nothing), 0);
  batch.Clear();
  EXPECT_FALSE(*collection.Get(Key(1), snapshot_, &batch, &nothing));
  EXPECT_EQ(batch.size(), 0u);
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

// The documents of a range, as the numbers in their keys, read with this limit.
std::vector<std::string> ReadRange(Collection collection, const KeyRange& range,
                                   const Snapshot& snapshot, const BatchLimit& limit,
                                   bool backward = false) {
  RangeCursor cursor;
  cursor.Begin(range, backward);
  std::vector<std::string> keys;
  RowBatch batch;
  for (bool more = true; more;) {
    const auto next = collection.NextBatchInRange(snapshot, limit, &cursor, &batch);
    QUIRE_CHECK(next.ok());
    more = *next;
    EXPECT_LE(batch.size(), limit.rows_max);
    for (size_t i = 0; i < batch.size(); ++i)
      keys.push_back("key" + std::to_string(batch[i].number));
  }
  return keys;
}

TEST_F(CollectionTest, ARangeReturnsItsDocumentsInKeyOrderInAnyBatchSize) {
  const Collection collection(session_.get(), &host_, state_);
  std::vector<std::string> all;
  for (int i = 0; i < kDocuments; ++i) all.push_back(Key(i));
  std::sort(all.begin(), all.end());
  const KeyRange ranges[] = {
      {},
      {.lower = "key1", .upper = "key2"},
      {.lower = "key1", .lower_inclusive = false, .upper = "key2", .upper_inclusive = true},
      {.lower = "key299"},
      {.lower = "key7", .upper = "key7"},
      {.lower = "key7", .upper = "key7", .upper_inclusive = true},
      {.lower = "key8", .upper = "key3"},
      {.lower = "kez"},
      {.upper = "ke"}};
  for (const KeyRange& range : ranges) {
    std::vector<std::string> expected;
    for (const std::string& key : all) {
      if (key < range.lower || (key == range.lower && !range.lower_inclusive)) continue;
      if (range.upper.has_value() &&
          (key > *range.upper || (key == *range.upper && !range.upper_inclusive))) {
        continue;
      }
      expected.push_back(key);
    }
    for (const size_t rows_max : {1u, 7u, 128u, 100000u}) {
      EXPECT_EQ(ReadRange(collection, range, snapshot_, {rows_max, 50'000}), expected);
    }
  }
}

TEST_F(CollectionTest, ARangeIsReadBackwardAsWell) {
  const Collection collection(session_.get(), &host_, state_);
  for (const KeyRange& range : {KeyRange{}, KeyRange{.lower = "key1", .upper = "key2"},
                                KeyRange{.lower = "key5", .lower_inclusive = false},
                                KeyRange{.upper = "key5", .upper_inclusive = true}}) {
    std::vector<std::string> expected = ReadRange(collection, range, snapshot_, {100, 50'000});
    std::reverse(expected.begin(), expected.end());
    for (const size_t rows_max : {1u, 7u, 128u, 100000u}) {
      EXPECT_EQ(ReadRange(collection, range, snapshot_, {rows_max, 50'000}, true), expected);
    }
  }
}

TEST_F(CollectionTest, EstimatesWhatASnapshotSees) {
  const Collection collection(session_.get(), &host_, state_);
  EXPECT_EQ(*collection.EstimateVisible(snapshot_, 64), kDocuments);
  EXPECT_EQ(*collection.EstimateVisible(Snapshot{.xmin = 5, .xmax = 5}, 64), 0);
  Writer writer(session_.get(), &host_, &host_, &clock_, {});
  host_.current = {30};
  const Snapshot own{.xmin = 20, .xmax = 20, .own_xid = 30, .command = 5};
  for (uint32_t number = 0; number < kDocuments; number += 2) {
    ASSERT_TRUE(writer.Delete(state_, number, own, {.xid = 30, .command = 4}).ok());
  }
  EXPECT_NEAR(*collection.EstimateVisible(own, 500), kDocuments / 2, kDocuments * 0.15);
  EXPECT_EQ(*collection.EstimateVisible(own, kDocuments), kDocuments / 2);
}

TEST_F(CollectionTest, TellsThePartOfTheKeysWithinARange) {
  const Collection collection(session_.get(), &host_, state_);
  EXPECT_EQ(collection.FractionInRange({}), 1);
  EXPECT_EQ(collection.FractionInRange({.lower = "kez"}), 0);
  EXPECT_EQ(collection.FractionInRange({.lower = "key2", .upper = "key1"}), 0);
  // What is outside is few: exact.
  const double three = ReadRange(collection, {.upper = "key1000"}, snapshot_, {9, 9}).size();
  EXPECT_EQ(collection.FractionInRange({.lower = "key1000"}), 1 - three / kDocuments);
  EXPECT_NEAR(collection.FractionInRange({.lower = "key2", .upper = "key3"}), 1111.0 / 3000, 0.02);
}

TEST_F(CollectionTest, ARangeSeesWhatItsSnapshotSees) {
  const Collection collection(session_.get(), &host_, state_);
  Writer writer(session_.get(), &host_, &host_, &clock_, {});
  host_.current = {30};
  const Snapshot own{.xmin = 20, .xmax = 20, .own_xid = 30, .command = 5};
  // Moved forward by the command that reads: neither the old key twice nor the new one.
  RangeCursor cursor;
  cursor.Begin({.lower = "key29"});
  RowBatch batch;
  std::vector<uint32_t> seen;
  for (bool more = true; more;) {
    more = *Collection(collection).NextBatchInRange(own, {1, 1 << 20}, &cursor, &batch);
    for (size_t i = 0; i < batch.size(); ++i) {
      const uint32_t number = batch[i].number;
      seen.push_back(number);
      ASSERT_TRUE(writer.Delete(state_, number, own, {.xid = 30, .command = 5}).ok());
      const std::string moved = "key" + std::to_string(number) + "+";
      ASSERT_TRUE(writer.Insert(state_, moved, "x", {.xid = 30, .command = 5}).ok());
    }
  }
  const size_t rows = ReadRange(collection, {.lower = "key29"}, snapshot_, {500, 1 << 20}).size();
  EXPECT_EQ(seen.size(), rows);
  const Snapshot after{.xmin = 20, .xmax = 20, .own_xid = 30, .command = 6};
  for (const std::string& key : ReadRange(collection, {.lower = "key29"}, after, {500, 1 << 20})) {
    EXPECT_GE(std::stoi(key.substr(3)), kDocuments);
  }
}

TEST_F(CollectionTest, ARangeDoesNotTakeAnotherDocumentOfTheSameNumber) {
  Collection collection(session_.get(), &host_, state_);
  // An entry that leads to a number whose document has another key.
  const Session::Pin pin(session_.get());
  Tree tree(session_.get(), &state_->primary);
  uint64_t payload = 0;
  ASSERT_TRUE(tree.Find(Key(5), &payload));
  ASSERT_TRUE(tree.InsertIfAbsent("key5stale", payload).ok());
  const KeyRange range{.lower = "key5s", .upper = "key5t"};
  EXPECT_TRUE(ReadRange(collection, range, snapshot_, {10, 1000}).empty());
}

}  // namespace
}  // namespace quire
