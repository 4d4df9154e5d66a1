#include "engine/durability/log_follower.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/log/log_lookup.h"
#include "engine/quire.h"
#include "tests/support/manual_clock.h"
#include "tests/support/scripted_host.h"
#include "tests/support/simulated_file_system.h"
#include "tests/support/test_region.h"

namespace quire {
namespace {

constexpr CollectionId kCollection = {.name_space = 1, .number = 1};

class LogFollowerTest : public ::testing::Test {
 protected:
  // Regions live until the test ends: the session that is open is in one of them.
  TestRegion& NewRegion(uint64_t bytes = 16 << 20, uint64_t incarnation = 1) {
    return *regions_.emplace_back(std::make_unique<TestRegion>(bytes, 8, incarnation));
  }
  absl::Status Open(TestRegion* region, LogFollowerOptions options = {}) {
    follower_.reset();
    session_.reset();
    session_ = region->OpenSession();
    options.directory = "/log";
    options.identity = {.system_id = 1, .engine_id = 2};
    auto opened = LogFollower::Open(session_.get(), &disk_, &clock_, options);
    if (!opened.ok()) return opened.status();
    follower_ = *std::move(opened);
    return absl::OkStatus();
  }
  ServerPosition Next() { return {.lsn = lsn_ += 100, .timeline = 1}; }

  static std::string Batch(uint64_t xid, std::string_view key, std::string_view document,
                           uint32_t ordinal = 0, ChangeKind kind = ChangeKind::kPut) {
    ChangeBatchBuilder batch;
    batch.Append(Change{.kind = kind,
                        .ordinal = ordinal,
                        .version = 1,
                        .xid = xid,
                        .hlc = 5,
                        .namespace_id = kCollection.name_space,
                        .collection_id = kCollection.number,
                        .key = key,
                        .document = document});
    return std::string(batch.Finish(/*region_incarnation=*/99));
  }
  std::string Read(std::string_view key) {
    CollectionState* state = Catalog(session_.get()).Find(kCollection);
    if (state == nullptr) return "(no collection)";
    RowBatch batch;
    const auto found =
        Collection(session_.get(), &host_, state).Get(key, {.xmin = 1000, .xmax = 1000}, &batch);
    EXPECT_TRUE(found.ok());
    return *found ? std::string(batch[0].document) : "(none)";
  }
  uint64_t seq() const { return GetEngineState(session_->region())->seq.load(); }

  std::vector<std::unique_ptr<TestRegion>> regions_;
  SimulatedFileSystem disk_;
  ManualClock clock_;
  ScriptedHost host_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<LogFollower> follower_;
  uint64_t lsn_ = 0;
};

TEST_F(LogFollowerTest, OnlyAnOutcomeMakesAChangeCount) {
  TestRegion& region = NewRegion();
  ASSERT_TRUE(Open(&region).ok());
  ASSERT_TRUE(follower_->Changes(Next(), Batch(10, "a", "1")).ok());
  ASSERT_TRUE(follower_->Changes(Next(), Batch(11, "b", "1")).ok());
  EXPECT_EQ(Read("a"), "(none)");
  EXPECT_EQ(follower_->undecided(), 2u);
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = true, .xid = 10}).ok());
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = false, .xid = 11}).ok());
  ASSERT_TRUE(follower_->Sync(false).ok());
  EXPECT_EQ(Read("a"), "1");
  EXPECT_EQ(Read("b"), "(none)");
  EXPECT_EQ(seq(), 1u);
}

TEST_F(LogFollowerTest, EachChangeIsDecidedByItsOwnId) {
  TestRegion& region = NewRegion();
  ASSERT_TRUE(Open(&region).ok());
  ASSERT_TRUE(follower_->Changes(Next(), Batch(10, "a", "1")).ok());
  ASSERT_TRUE(follower_->Changes(Next(), Batch(11, "a", "undone", 1)).ok());
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = false, .xid = 11}).ok());
  ASSERT_TRUE(follower_->Changes(Next(), Batch(12, "b", "2", 2)).ok());
  const uint32_t subxids[] = {12};
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = true, .xid = 10, .subxids = subxids}).ok());
  ASSERT_TRUE(follower_->Sync(false).ok());
  EXPECT_EQ(Read("a"), "1");
  EXPECT_EQ(Read("b"), "2");
  EXPECT_EQ(seq(), 2u);
}

TEST_F(LogFollowerTest, WhatIsFedTwiceCountsOnce) {
  TestRegion& region = NewRegion();
  ASSERT_TRUE(Open(&region).ok());
  const ServerPosition changes = Next();
  const ServerPosition outcome = Next();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(follower_->Changes(changes, Batch(10, "a", "1")).ok());
    ASSERT_TRUE(follower_->Outcome(outcome, {.committed = true, .xid = 10}).ok());
  }
  ASSERT_TRUE(follower_->Sync(true).ok());
  EXPECT_EQ(seq(), 1u);
  TestRegion& other = NewRegion();
  ASSERT_TRUE(Open(&other).ok());
  EXPECT_EQ(follower_->end().lsn, outcome.lsn);
  EXPECT_EQ(Read("a"), "1");
  EXPECT_EQ(seq(), 1u);
}

TEST_F(LogFollowerTest, ANewBeginningAndRunningTransactionsCloseWhatIsUndecided) {
  TestRegion& region = NewRegion();
  ASSERT_TRUE(Open(&region).ok());
  ASSERT_TRUE(follower_->Changes(Next(), Batch(10, "a", "1")).ok());
  ASSERT_TRUE(follower_->Changes(Next(), Batch(20, "b", "1")).ok());
  ASSERT_TRUE(follower_->AbortBelow(Next(), /*oldest_running=*/15, {}).ok());
  EXPECT_EQ(follower_->undecided(), 1u);
  const uint32_t prepared[] = {20};
  ASSERT_TRUE(follower_->Incarnation(Next(), prepared).ok());
  EXPECT_EQ(follower_->undecided(), 1u);
  ASSERT_TRUE(follower_->Incarnation(Next(), {}).ok());
  EXPECT_EQ(follower_->undecided(), 0u);
  // The id is given out again, and this time commits.
  ASSERT_TRUE(follower_->Changes(Next(), Batch(10, "c", "3")).ok());
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = true, .xid = 10}).ok());
  ASSERT_TRUE(follower_->Sync(true).ok());
  TestRegion& other = NewRegion();
  ASSERT_TRUE(Open(&other).ok());
  EXPECT_EQ(Read("a"), "(none)");
  EXPECT_EQ(Read("b"), "(none)");
  EXPECT_EQ(Read("c"), "3");
}

TEST_F(LogFollowerTest, AWorkerThatStartsAgainFindsMemoryWhole) {
  TestRegion& region = NewRegion();
  ASSERT_TRUE(Open(&region).ok());
  ASSERT_TRUE(follower_->Changes(Next(), Batch(10, "a", "1")).ok());
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = true, .xid = 10}).ok());
  ASSERT_TRUE(follower_->Changes(Next(), Batch(11, "b", "2")).ok());
  ASSERT_TRUE(follower_->Sync(true).ok());
  const int64_t used = UsedBytes(region.region(), Purpose::kDocuments);
  ASSERT_TRUE(Open(&region).ok());
  EXPECT_EQ(UsedBytes(region.region(), Purpose::kDocuments), used);
  EXPECT_EQ(follower_->undecided(), 1u);
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = true, .xid = 11}).ok());
  ASSERT_TRUE(follower_->Sync(true).ok());
  EXPECT_EQ(Read("a"), "1");
  EXPECT_EQ(Read("b"), "2");
  EXPECT_EQ(seq(), 2u);
  EXPECT_EQ(Catalog(session_.get()).Find(kCollection)->documents.load(), 2);
}

TEST_F(LogFollowerTest, LiveChangesAreBoundNotSettled) {
  TestRegion& region = NewRegion(16 << 20, /*incarnation=*/5);
  ASSERT_TRUE(Open(&region).ok());
  follower_->SetReady();
  Writer writer(session_.get(), &host_, &host_, &clock_, {});
  CollectionState* state = *Catalog(session_.get()).FindOrCreate(kCollection);
  host_.current = {10};
  ASSERT_TRUE(writer.Insert(state, "a", "1", {.xid = 10}).ok());
  ASSERT_TRUE(writer.Flush().ok());
  ASSERT_TRUE(follower_->Changes(Next(), host_.batches.at(0)).ok());
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = true, .xid = 10}).ok());
  const Session::Pin pin(session_.get());
  const DocumentSlot* slot = DocumentTable(session_.get(), &state->table).Slot(0);
  const auto* version = region.region().At<Version>(slot->link().block());
  EXPECT_EQ(version->seq.load(), 1u);
  EXPECT_EQ(slot->seq.load(), 1u);
  EXPECT_NE(version->location.load(), 0u);
  // The commit record is flushed, but the transaction may not be visible to others yet.
  EXPECT_EQ(version->verdict(), Verdict::kUnknown);
}

TEST_F(LogFollowerTest, RecordsOfAnotherHistoryEndTheLog) {
  TestRegion& region = NewRegion();
  ASSERT_TRUE(Open(&region).ok());
  ASSERT_TRUE(follower_->Changes(Next(), Batch(10, "a", "1")).ok());
  const ServerPosition kept = Next();
  ASSERT_TRUE(follower_->Outcome(kept, {.committed = true, .xid = 10}).ok());
  ASSERT_TRUE(follower_->Changes(Next(), Batch(11, "a", "lost")).ok());
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = true, .xid = 11}).ok());
  ASSERT_TRUE(follower_->Sync(true).ok());
  TestRegion& other = NewRegion();
  LogFollowerOptions options;
  options.in_history = [&](uint64_t lsn, uint32_t) { return lsn <= kept.lsn; };
  ASSERT_TRUE(Open(&other, options).ok());
  EXPECT_EQ(follower_->end().lsn, kept.lsn);
  EXPECT_EQ(Read("a"), "1");
  // It is gone for good.
  TestRegion& third = NewRegion();
  ASSERT_TRUE(Open(&third).ok());
  EXPECT_EQ(Read("a"), "1");
}

TEST_F(LogFollowerTest, WhatDoesNotFitIsAnErrorThatNamesTheSetting) {
  TestRegion& large = NewRegion(64 << 20);
  ASSERT_TRUE(Open(&large).ok());
  const std::string document(40'000, 'x');
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(follower_->Changes(Next(), Batch(10, std::to_string(i), document)).ok());
  }
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = true, .xid = 10}).ok());
  ASSERT_TRUE(follower_->Sync(true).ok());
  for (int i = 0; i < 60'000; ++i) {
    ASSERT_TRUE(follower_->Changes(Next(), Batch(11, "key" + std::to_string(i), "1")).ok());
  }
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = true, .xid = 11}).ok());
  ASSERT_TRUE(follower_->Sync(true).ok());
  TestRegion& small = NewRegion(4 << 20);
  const absl::Status status = Open(&small);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("quire.memory"), std::string::npos) << status;
  TestRegion& enough = NewRegion(64 << 20);
  ASSERT_TRUE(Open(&enough).ok());
  EXPECT_EQ(Read("199"), document);
}

TEST_F(LogFollowerTest, BodiesThatDoNotFitStayInTheLog) {
  TestRegion& large = NewRegion(64 << 20);
  ASSERT_TRUE(Open(&large).ok());
  const auto body = [](int i) { return std::to_string(i) + std::string(2000, 'x'); };
  // Three times as much as the small region has, a third of it replaced, some of it rolled back.
  for (int i = 0; i < 6000; ++i) {
    ASSERT_TRUE(follower_->Changes(Next(), Batch(10, std::to_string(i), body(i))).ok());
  }
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = true, .xid = 10}).ok());
  for (int i = 0; i < 2000; ++i) {
    const std::string key = std::to_string(3 * i);
    ASSERT_TRUE(follower_->Changes(Next(), Batch(11, key, body(9 * i))).ok());
    ASSERT_TRUE(follower_->Changes(Next(), Batch(12, key, "undone")).ok());
  }
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = false, .xid = 12}).ok());
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = true, .xid = 11}).ok());
  ASSERT_TRUE(follower_->Sync(true).ok());
  TestRegion& small = NewRegion(4 << 20);
  ASSERT_TRUE(Open(&small).ok());
  LogLookup bodies(&disk_, "/log");
  session_->set_bodies(&bodies);
  for (int i = 0; i < 6000; ++i) {
    ASSERT_EQ(Read(std::to_string(i)), body(i % 3 == 0 ? 3 * i : i));
  }
  EXPECT_EQ(Catalog(session_.get()).Find(kCollection)->documents.load(), 6000);
  EXPECT_GT(GetEngineState(small.region())->bodies_evicted.load(), 4000u);
  // A worker that starts again leaves memory as it is.
  session_->Reclaim();
  const int64_t used = UsedBytes(small.region(), Purpose::kDocuments);
  ASSERT_TRUE(Open(&small).ok());
  EXPECT_EQ(UsedBytes(small.region(), Purpose::kDocuments), used);
}

TEST_F(LogFollowerTest, ABodyThatIsLargerThanMemoryStaysInTheLog) {
  TestRegion& large = NewRegion(64 << 20);
  ASSERT_TRUE(Open(&large).ok());
  const std::string document(10 << 20, 'x');
  ASSERT_TRUE(follower_->Changes(Next(), Batch(10, "large", document)).ok());
  ASSERT_TRUE(follower_->Changes(Next(), Batch(10, "small", "1")).ok());
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = true, .xid = 10}).ok());
  ASSERT_TRUE(follower_->Sync(true).ok());
  TestRegion& small = NewRegion(4 << 20);
  ASSERT_TRUE(Open(&small).ok());
  LogLookup bodies(&disk_, "/log");
  session_->set_bodies(&bodies);
  EXPECT_EQ(Read("large"), document);
  EXPECT_EQ(Read("small"), "1");
}

TEST_F(LogFollowerTest, AnUnknownKindOfChangeIsRefused) {
  TestRegion& region = NewRegion();
  ASSERT_TRUE(Open(&region).ok());
  EXPECT_EQ(
      follower_->Changes(Next(), Batch(10, "", "", 0, ChangeKind::kTruncateCollection)).code(),
      absl::StatusCode::kUnimplemented);
}

TEST_F(LogFollowerTest, ADropCountsWhenItCommitsAndAfterEveryRestart) {
  TestRegion& region = NewRegion();
  ASSERT_TRUE(Open(&region).ok());
  follower_->SetReady();
  const int64_t used = UsedBytes(region.region(), Purpose::kDocuments);
  ASSERT_TRUE(follower_->Changes(Next(), Batch(10, "a", "1")).ok());
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = true, .xid = 10}).ok());
  // Rolled back, by name and by a new beginning: nothing happens.
  const auto drop = [](uint64_t xid, uint32_t ordinal = 0) {
    return Batch(xid, "", "", ordinal, ChangeKind::kDropCollection);
  };
  ASSERT_TRUE(follower_->Changes(Next(), drop(11)).ok());
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = false, .xid = 11}).ok());
  ASSERT_TRUE(follower_->Changes(Next(), drop(12)).ok());
  ASSERT_TRUE(follower_->Incarnation(Next(), {}).ok());
  ASSERT_TRUE(follower_->Sync(true).ok());
  EXPECT_FALSE(follower_->FreeDropped());
  EXPECT_EQ(Read("a"), "1");
  // A transaction that writes and drops; the drop has its number among the changes.
  ASSERT_TRUE(follower_->Changes(Next(), Batch(13, "b", "2")).ok());
  ASSERT_TRUE(follower_->Changes(Next(), drop(13, 1)).ok());
  EXPECT_EQ(Read("a"), "1");
  ASSERT_TRUE(follower_->Outcome(Next(), {.committed = true, .xid = 13}).ok());
  ASSERT_TRUE(follower_->Sync(true).ok());
  while (follower_->FreeDropped()) {
  }
  EXPECT_EQ(Read("a"), "(no collection)");
  EXPECT_EQ(seq(), 3u);
  EXPECT_EQ(UsedBytes(region.region(), Purpose::kDocuments), used);
  // Only the worker restarts; then the whole server.
  ASSERT_TRUE(Open(&region).ok());
  while (follower_->FreeDropped()) {
  }
  EXPECT_EQ(Read("a"), "(no collection)");
  TestRegion& other = NewRegion();
  ASSERT_TRUE(Open(&other).ok());
  EXPECT_EQ(Read("a"), "(no collection)");
  EXPECT_EQ(seq(), 3u);
  EXPECT_EQ(UsedBytes(other.region(), Purpose::kDocuments), 0);
}

// Twice what fits, of which half was dropped.
TEST_F(LogFollowerTest, ADropMakesRoomForWhatFollowsIt) {
  TestRegion& region = NewRegion(64 << 20);
  ASSERT_TRUE(Open(&region).ok());
  const std::string document(100'000, 'x');
  for (uint32_t xid = 10; xid < 15; ++xid) {
    for (uint32_t i = 0; i < 20; ++i) {
      ASSERT_TRUE(follower_->Changes(Next(), Batch(xid, std::to_string(i), document, i)).ok());
    }
    if (xid < 14) {
      const std::string drop = Batch(xid, "", "", 20, ChangeKind::kDropCollection);
      ASSERT_TRUE(follower_->Changes(Next(), drop).ok());
    }
    ASSERT_TRUE(follower_->Outcome(Next(), {.committed = true, .xid = xid}).ok());
  }
  ASSERT_TRUE(follower_->Sync(true).ok());
  TestRegion& small = NewRegion(6 << 20);
  ASSERT_TRUE(Open(&small).ok());
  EXPECT_EQ(Read("19"), document);
}

TEST_F(LogFollowerTest, TheMarkIsWhatTheLogCanProve) {
  TestRegion& region = NewRegion();
  ASSERT_TRUE(Open(&region).ok());
  ASSERT_TRUE(follower_->Changes(Next(), Batch(10, "a", "1")).ok());
  const ServerPosition last = Next();
  ASSERT_TRUE(follower_->Outcome(last, {.committed = true, .xid = 10}).ok());
  const ServerPosition far = Next();
  follower_->Advance(far);
  ASSERT_TRUE(follower_->Sync(true).ok());
  EXPECT_EQ(follower_->durable().lsn, last.lsn);
  ASSERT_TRUE(follower_->Mark().ok());
  EXPECT_EQ(follower_->durable().lsn, far.lsn);
  TestRegion& other = NewRegion();
  ASSERT_TRUE(Open(&other).ok());
  EXPECT_EQ(follower_->end().lsn, far.lsn);
}

}  // namespace
}  // namespace quire
