#include "engine/store/collector.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "engine/store/document_removal.h"
#include "engine/store/writer.h"
#include "tests/support/manual_clock.h"
#include "tests/support/scripted_host.h"
#include "tests/support/test_region.h"

namespace quire {
namespace {

class CollectorTest : public ::testing::Test {
 protected:
  CollectorTest() {
    auto created = Catalog(session_.get()).FindOrCreate({.name_space = 1, .number = 1});
    QUIRE_CHECK(created.ok());
    state_ = *created;
    tables_before_ = UsedBytes(region_.region(), Purpose::kTables);
  }

  uint32_t Insert(uint64_t xid, std::string_view key, std::string_view document = "one") {
    host_.current.insert(xid);
    const auto result = writer_.Insert(state_, key, document, {.xid = xid, .command = command_++});
    EXPECT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->outcome, WriteOutcome::kDone);
    return result->number;
  }
  Snapshot Now(uint64_t own) const {
    return {.xmin = 1000, .xmax = 1000, .own_xid = own, .command = command_};
  }
  void Update(uint64_t xid, uint32_t number, std::string_view document = "two") {
    host_.current.insert(xid);
    const auto result =
        writer_.Update(state_, number, document, Now(xid), {.xid = xid, .command = command_++});
    EXPECT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->outcome, WriteOutcome::kDone);
  }
  void Delete(uint64_t xid, uint32_t number) {
    host_.current.insert(xid);
    const auto result =
        writer_.Delete(state_, number, Now(xid), {.xid = xid, .command = command_++});
    EXPECT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->outcome, WriteOutcome::kDone);
  }
  void Commit(uint64_t xid) {
    host_.states[xid] = TransactionState::kCommitted;
    host_.current.clear();
    ASSERT_TRUE(writer_.Flush().ok());
    writer_.Committed();
  }
  void Abort(uint64_t xid) {
    host_.states[xid] = TransactionState::kAborted;
    host_.current.clear();
    writer_.Aborted();
  }
  // What the log worker does when it sees the commit.
  void GiveSeq(uint32_t number) { HeadOf(number)->seq.store(++seq_, std::memory_order_release); }
  DocumentSlot* SlotOf(uint32_t number) {
    return DocumentTable(session_.get(), &state_->table).Slot(number);
  }
  Version* HeadOf(uint32_t number) {
    return region_.region().At<Version>(SlotOf(number)->link().block());
  }
  int Versions(uint32_t number) {
    int count = 0;
    VersionLink link = SlotOf(number)->link();
    for (; link.kind() == VersionLink::Kind::kRegion; ++count) {
      link = region_.region().At<Version>(link.block())->older_link();
    }
    return count;
  }
  void SetHorizon(uint64_t xid) { GetEngineState(region_.region())->horizon.store(xid); }
  Collector::Figures Collect(uint32_t garbage_min = 1) {
    collector_.BeginPass(garbage_min);
    for (bool done = false; !done;) {
      const auto turn = collector_.Turn(16);
      EXPECT_TRUE(turn.ok()) << turn.status();
      done = !turn.ok() || *turn;
    }
    collectors_session_->Reclaim();
    return collector_.pass();
  }
  // The number of document "a", deleted for good and inserted anew by transaction 12.
  uint32_t InsertOverDeleted() {
    const uint32_t a = Insert(10, "a");
    Commit(10);
    Delete(11, a);
    Commit(11);
    GiveSeq(a);
    EXPECT_EQ(Insert(12, "a", "again"), a);
    SetHorizon(12);
    return a;
  }
  void ExpectNothingLeft() {
    session_->Reclaim();
    EXPECT_EQ(UsedBytes(region_.region(), Purpose::kDocuments), state_->bytes.load());
    EXPECT_EQ(state_->garbage.load(), 0);
  }
  bool HasKey(std::string_view key) {
    const Session::Pin pin(session_.get());
    uint64_t payload = 0;
    return Tree(session_.get(), &state_->primary).Find(key, &payload);
  }

  TestRegion region_;
  std::unique_ptr<Session> session_ = region_.OpenSession();
  std::unique_ptr<Session> collectors_session_ = region_.OpenSession();
  ScriptedHost host_;
  ManualClock clock_;
  Writer writer_{session_.get(), &host_, &host_, &clock_, WriterOptions{}};
  Collector collector_{collectors_session_.get(), &host_};
  CollectionState* state_ = nullptr;
  int64_t tables_before_ = 0;
  uint32_t command_ = 1;
  uint64_t seq_ = 0;
};

TEST_F(CollectorTest, WhatAnUpdateHidesGoesBehindTheHorizon) {
  const uint32_t a = Insert(10, "a");
  Commit(10);
  EXPECT_EQ(state_->garbage.load(), 0);
  Update(11, a);
  Commit(11);
  EXPECT_EQ(Versions(a), 2);
  EXPECT_EQ(state_->versions.load(), 2);
  SetHorizon(11);
  EXPECT_EQ(Collect().chunks, 0u) << "nothing can go yet";
  SetHorizon(12);
  const auto figures = Collect();
  EXPECT_EQ(figures.versions, 1u);
  EXPECT_EQ(figures.documents, 0u);
  EXPECT_EQ(Versions(a), 1);
  EXPECT_EQ(state_->versions.load(), 1);
  ExpectNothingLeft();
  EXPECT_EQ(Collect().chunks, 0u) << "and nobody looks again";
}

TEST_F(CollectorTest, NotesOfLittleWait) {
  const uint32_t a = Insert(10, "a");
  Commit(10);
  Update(11, a);
  Commit(11);
  SetHorizon(12);
  EXPECT_EQ(Collect(Collector::kGarbageWorthwhile).chunks, 0u);
  SetHorizon(2'000'000);
  EXPECT_EQ(Collect(Collector::kGarbageWorthwhile).chunks, 1u) << "but not for ever";
}

TEST_F(CollectorTest, AnOldSnapshotKeepsWhatItSees) {
  const uint32_t a = Insert(10, "a", "first");
  Commit(10);
  const Snapshot old{.xmin = 11, .xmax = 11, .command = 1};
  for (uint64_t xid = 11; xid < 20; ++xid) {
    Update(xid, a, absl::StrCat("by ", xid));
    Commit(xid);
  }
  SetHorizon(11);
  Collect();
  RowBatch batch;
  ASSERT_TRUE(*Collection(session_.get(), &host_, state_).GetByNumber(a, old, &batch));
  EXPECT_EQ(batch[0].document, "first");
  SetHorizon(20);
  EXPECT_EQ(Collect().versions, 9u);
  EXPECT_EQ(Versions(a), 1);
  ExpectNothingLeft();
}

TEST_F(CollectorTest, VerdictsOfLargeTransactionsAreSettled) {
  constexpr uint32_t kDocuments = 5000;  // more than a commit settles by itself
  for (uint32_t i = 0; i < kDocuments; ++i) Insert(10, absl::StrCat("key", i));
  Commit(10);
  EXPECT_EQ(HeadOf(0)->verdict(), Verdict::kUnknown);
  EXPECT_EQ(state_->garbage.load(), kDocuments);
  SetHorizon(11);
  EXPECT_EQ(Collect(Collector::kGarbageWorthwhile).chunks, 5u);
  host_.questions = 0;
  for (uint32_t i = 0; i < kDocuments; ++i) {
    ASSERT_EQ(HeadOf(i)->verdict(), Verdict::kCommitted);
  }
  ExpectNothingLeft();
}

TEST_F(CollectorTest, AVersionThatMovesIsVisitedAgain) {
  const uint32_t a = Insert(10, "a");
  host_.states[10] = TransactionState::kCommitted;
  host_.current.clear();
  // Its writer left the verdict to the collector.
  DocumentTable table(session_.get(), &state_->table);
  state_->garbage.fetch_add(table.AddGarbage(a, {.count = 1, .xid = 10}));
  SetHorizon(11);
  HeadOf(a)->older.fetch_or(kVersionMoving);
  EXPECT_EQ(Collect().chunks, 1u);
  EXPECT_EQ(state_->garbage.load(), 1) << "the copy may be without the verdict";
  HeadOf(a)->older.fetch_and(~kVersionMoving);
  EXPECT_EQ(Collect().chunks, 1u);
  EXPECT_EQ(HeadOf(a)->verdict(), Verdict::kCommitted);
  ExpectNothingLeft();
  writer_.Committed();
}

TEST_F(CollectorTest, DeletedDocumentsEndAndTheirNumbersServeAgain) {
  const uint32_t a = Insert(10, "a");
  Commit(10);
  Delete(11, a);
  Commit(11);
  SetHorizon(12);
  Collect();
  EXPECT_EQ(Versions(a), 1) << "the log worker has not numbered the deletion";
  GiveSeq(a);
  const auto figures = Collect();
  EXPECT_EQ(figures.documents, 1u);
  EXPECT_FALSE(HasKey("a"));
  EXPECT_EQ(state_->versions.load(), 0);
  EXPECT_EQ(state_->bytes.load(), 0);
  ExpectNothingLeft();
  EXPECT_EQ(UsedBytes(region_.region(), Purpose::kIndexes), 0);
  EXPECT_EQ(Insert(12, "b"), a);
}

TEST_F(CollectorTest, ReinsertedDocumentsLive) {
  const uint32_t a = InsertOverDeleted();
  Collect();
  EXPECT_EQ(Versions(a), 2) << "who rolls back returns to the tombstone";
  Commit(12);
  SetHorizon(13);
  Collect();
  EXPECT_EQ(Versions(a), 1);
  EXPECT_TRUE(HasKey("a"));
  ExpectNothingLeft();
}

TEST_F(CollectorTest, AReinsertThatRollsBackLeavesADeletedDocument) {
  const uint32_t a = InsertOverDeleted();
  EXPECT_EQ(Collect().documents, 0u);
  EXPECT_EQ(Collect().chunks, 0u) << "nothing to see as long as it runs";
  Abort(12);
  EXPECT_TRUE(HeadOf(a)->tombstone());
  SetHorizon(13);
  EXPECT_EQ(Collect().documents, 1u);
  EXPECT_FALSE(HasKey("a"));
  ExpectNothingLeft();
}

// The protocol of document_removal.h: a writer comes by the key between its steps 1 and 2, and then
// between 2 and 3.
TEST_F(CollectorTest, AWriterWhoMeetsARemovalFinishesIt) {
  const uint32_t a = Insert(10, "a");
  Commit(10);
  Delete(11, a);
  Commit(11);
  Version* tombstone = HeadOf(a);
  const Session::Pin pin(collectors_session_.get());
  ASSERT_TRUE(SlotOf(a)->Replace(SlotOf(a)->link(), VersionLink::Removed(0)));  // 1
  ASSERT_TRUE(HasKey("a"));
  RowBatch batch;
  EXPECT_FALSE(*Collection(session_.get(), &host_, state_).Get("a", Now(kNoXid), &batch));
  const uint32_t again = Insert(12, "a", "again");
  EXPECT_NE(again, a);
  Commit(12);
  FinishRemoval(collectors_session_.get(), state_, a, tombstone->key());  // 2
  EXPECT_TRUE(HasKey("a"));
  EXPECT_TRUE(*Collection(session_.get(), &host_, state_).Get("a", Now(kNoXid), &batch));
  EXPECT_EQ(batch[0].number, again);
  DocumentTable(collectors_session_.get(), &state_->table).RetireNumber(a);  // 3
  const auto absent = writer_.Update(state_, a, "lost", Now(kNoXid), {.xid = 13});
  EXPECT_EQ(absent->outcome, WriteOutcome::kAbsent);
  EXPECT_NE(Insert(13, "b"), a) << "the collector's pin began before";
}

TEST_F(CollectorTest, ARolledBackInsertLeavesNothing) {
  const uint32_t a = Insert(10, "a");
  Abort(10);
  EXPECT_FALSE(HasKey("a"));
  EXPECT_EQ(state_->versions.load(), 0);
  ExpectNothingLeft();
  EXPECT_EQ(UsedBytes(region_.region(), Purpose::kIndexes), 0);
  EXPECT_EQ(DocumentTable(session_.get(), &state_->table).ReclaimNumbers(), 1u);
  EXPECT_EQ(Insert(11, "b"), a);
}

TEST_F(CollectorTest, RolledBackVersionsOfOthersAreTakenOut) {
  const uint32_t a = Insert(10, "a");
  Commit(10);
  Update(11, a);
  Commit(11);
  Update(12, a);
  Update(12, a, "three");
  // The session has not come to it yet.
  host_.states[12] = TransactionState::kAborted;
  host_.current.clear();
  SetHorizon(12);
  EXPECT_EQ(Collect().versions, 3u);
  EXPECT_EQ(Versions(a), 1);
  EXPECT_EQ(HeadOf(a)->document(), "two");
  writer_.Aborted();
  ExpectNothingLeft();
}

TEST_F(CollectorTest, FillDeleteAndCollectEndWhereTheyBegan) {
  constexpr uint32_t kDocuments = 3000;
  uint64_t xid = 10;
  uint64_t pages_free = 0;
  for (int round = 0; round < 4; ++round) {
    std::vector<uint32_t> numbers;
    for (uint32_t i = 0; i < kDocuments; ++i) {
      numbers.push_back(
          Insert(xid, absl::StrCat("round", round, " key", i), std::string(200, 'x')));
    }
    Commit(xid++);
    for (const uint32_t number : numbers) Delete(xid, number);
    Commit(xid);
    for (const uint32_t number : numbers) GiveSeq(number);
    SetHorizon(++xid);
    EXPECT_EQ(Collect().documents, kDocuments);
    ExpectNothingLeft();
    EXPECT_EQ(UsedBytes(region_.region(), Purpose::kIndexes), 0);
    session_->allocator().DrainMagazines(session_->slot());
    collector_.Rest();
    const uint64_t free = session_->allocator().pages_free();
    if (round > 0) {
      EXPECT_EQ(free, pages_free);
    }
    pages_free = free;
  }
}

}  // namespace
}  // namespace quire
