#include "engine/store/evictor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/log/log_lookup.h"
#include "engine/quire.h"
#include "engine/store/document_removal.h"
#include "engine/store/version_chain.h"
#include "tests/support/manual_clock.h"
#include "tests/support/scripted_host.h"
#include "tests/support/simulated_file_system.h"
#include "tests/support/test_region.h"

namespace quire {
namespace {

constexpr auto kCommitted = TransactionState::kCommitted;
constexpr auto kAborted = TransactionState::kAborted;

// A writer, a log follower that is fed when the test says so, and readers that have the log's
// files.
class EvictorTest : public ::testing::Test {
 protected:
  EvictorTest() {
    session_->set_bodies(&bodies_);
    auto follower = LogFollower::Open(log_session_.get(), &disk_, &clock_,
                                      {.directory = "/log", .identity = {1, 2}});
    QUIRE_CHECK(follower.ok());
    follower_ = *std::move(follower);
    auto created = Catalog(session_.get()).FindOrCreate({.name_space = 1, .number = 1});
    QUIRE_CHECK(created.ok());
    state_ = *created;
  }

  static std::string Body(int i, size_t bytes = 300) {
    return std::to_string(i) + std::string(bytes, 'x');
  }
  static std::string Key(int i) { return "key" + std::to_string(i); }

  void Insert(uint64_t xid, std::string_view key, std::string_view document) {
    host_.current = {xid};
    const auto result = writer_.Insert(state_, key, document, {.xid = xid, .command = command_++});
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->outcome, WriteOutcome::kDone);
  }
  WriteOutcome Update(uint64_t xid, uint32_t number, std::string_view document) {
    host_.current = {xid};
    const auto result =
        writer_.Update(state_, number, document, Now(xid), {.xid = xid, .command = command_++});
    EXPECT_TRUE(result.ok()) << result.status();
    return result->outcome;
  }
  Snapshot Now(uint64_t own = kNoXid) const {
    return {.xmin = 1000, .xmax = 1000, .own_xid = own, .command = command_};
  }
  // What an older snapshot sees: transactions below `xid`.
  static Snapshot Before(uint64_t xid) { return {.xmin = xid, .xmax = xid}; }

  void Feed() {
    ASSERT_TRUE(writer_.Flush().ok());
    for (const std::string& batch : host_.batches) {
      ASSERT_TRUE(follower_->Changes(Next(), batch).ok());
    }
    host_.batches.clear();
  }
  // The log worker has the transaction's changes, and publishes them; it has no outcome yet.
  void Locate() {
    Feed();
    GetEngineState(region_.region())->bindings_wanted.fetch_add(1);
    ASSERT_TRUE(follower_->Sync(false).ok());
  }
  void Commit(uint64_t xid) {
    Feed();
    host_.states[xid] = kCommitted;
    host_.current.clear();
    writer_.Committed();
    ASSERT_TRUE(
        follower_->Outcome(Next(), {.committed = true, .xid = static_cast<uint32_t>(xid)}).ok());
    ASSERT_TRUE(follower_->Sync(false).ok());
  }
  void Abort(uint64_t xid) {
    host_.states[xid] = kAborted;
    host_.current.clear();
    writer_.Aborted();
  }
  ServerPosition Next() { return {.lsn = lsn_ += 100, .timeline = 1}; }

  Evictor::Swept EvictAll() {
    Evictor evictor(session_.get());
    return evictor.Sweep(evictor.slots_of_two_rounds(), UINT64_MAX);
  }
  std::string Read(std::string_view key, const Snapshot& snapshot) {
    RowBatch batch;
    const auto found = Collection(session_.get(), &host_, state_).Get(key, snapshot, &batch);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() && *found ? std::string(batch[0].document) : "(none)";
  }
  int64_t used() const { return UsedBytes(region_.region(), Purpose::kDocuments); }
  const Version* Newest(uint32_t number) {
    const DocumentSlot* slot = DocumentTable(session_.get(), &state_->table).Slot(number);
    return region_.region().At<Version>(slot->link().block());
  }

  TestRegion region_;
  std::unique_ptr<Session> session_ = region_.OpenSession();
  std::unique_ptr<Session> log_session_ = region_.OpenSession();
  SimulatedFileSystem disk_;
  ManualClock clock_;
  ScriptedHost host_;
  LogLookup bodies_{&disk_, "/log"};
  Writer writer_{session_.get(), &host_, &host_, &clock_, WriterOptions{}};
  std::unique_ptr<LogFollower> follower_;
  CollectionState* state_ = nullptr;
  uint32_t command_ = 1;
  uint64_t lsn_ = 0;
};

TEST_F(EvictorTest, BodiesAreReadBackByKeyByNumberAndInOrder) {
  for (int i = 0; i < 500; ++i) Insert(10, Key(i), Body(i));
  Commit(10);
  for (int i = 500; i < 600; ++i) Insert(11, Key(i), Body(i));
  const int64_t before = used();
  const Evictor::Swept swept = EvictAll();
  EXPECT_EQ(swept.bodies, 500u);
  EXPECT_TRUE(swept.unlocated);
  EXPECT_EQ(used(), before - static_cast<int64_t>(swept.bytes));
  EXPECT_GT(swept.bytes, 500u * 250);
  EXPECT_EQ(state_->bytes_in_log.load(), 500 * 301 + 490 + 400);
  Collection collection(session_.get(), &host_, state_);
  RowBatch batch;
  for (int i = 0; i < 600; i += 7) {
    EXPECT_EQ(Read(Key(i), Now(11)), Body(i));
    ASSERT_TRUE(*collection.GetByNumber(static_cast<uint32_t>(i), Now(11), &batch));
  }
  EXPECT_EQ(batch[3].document, Body(21));
  // Evicted documents and others are mixed; a batch ends by bytes that it has not read yet, too.
  ScanCursor cursor = collection.BeginScan();
  int next = 0;
  for (bool more = true; more;) {
    const auto result = collection.NextBatch(Now(11), 1000, 10'000, &cursor, &batch);
    ASSERT_TRUE(result.ok()) << result.status();
    more = *result;
    EXPECT_LE(batch.bytes(), 10'400u);
    for (size_t i = 0; i < batch.size(); ++i, ++next) {
      ASSERT_EQ(batch[i].document, Body(next));
      ASSERT_EQ(batch[i].number, static_cast<uint32_t>(next));
    }
  }
  EXPECT_EQ(next, 600);
  RangeCursor range;
  range.Begin(KeyRange{.lower = "key1", .upper = "key2"});
  for (bool more = true; more;) {
    const auto result =
        collection.NextBatchInRange(Now(11), {.rows_max = 10, .bytes_max = 10'000}, &range, &batch);
    ASSERT_TRUE(result.ok()) << result.status();
    more = *result;
    for (size_t i = 0; i < batch.size(); ++i) {
      ASSERT_EQ(batch[i].document, Body(static_cast<int>(batch[i].number)));
      ++next;
    }
  }
  EXPECT_EQ(next, 711);
}

TEST_F(EvictorTest, NothingGoesThatCannotBeReadBack) {
  Insert(10, "a", Body(1));
  EXPECT_EQ(EvictAll().bodies, 0u);
  // In the log worker's memory, but not in the file.
  Feed();
  GetEngineState(region_.region())->bindings_wanted.fetch_add(1);
  EXPECT_EQ(EvictAll().bodies, 0u);
  ASSERT_TRUE(follower_->Sync(false).ok());
  EXPECT_EQ(EvictAll().bodies, 1u);
  EXPECT_EQ(EvictAll().bodies, 0u);
  // Too small to be worth a copy.
  Insert(10, "b", "b");
  Locate();
  EXPECT_EQ(EvictAll().bodies, 0u);
}

TEST_F(EvictorTest, UndecidedBodiesGoAndTheirTransactionEndsAsItWill) {
  Insert(10, "a", Body(1));
  Commit(10);
  const int64_t before = used();
  EXPECT_EQ(Update(11, 0, Body(2)), WriteOutcome::kDone);
  for (int i = 0; i < 300; ++i) Insert(11, Key(i), Body(i));
  Locate();
  EXPECT_EQ(EvictAll().bodies, 302u);
  EXPECT_EQ(Read("a", Now(11)), Body(2));
  EXPECT_EQ(Read("a", Now()), Body(1));
  EXPECT_EQ(Read(Key(7), Now(11)), Body(7));
  EXPECT_GT(state_->bytes_in_log.load(), 302 * 301);
  Abort(11);
  session_->Reclaim();
  EXPECT_EQ(state_->bytes_in_log.load(), 301);
  EXPECT_EQ(Read("a", Now()), Body(1));
  EXPECT_EQ(Read(Key(7), Now()), "(none)");
  EXPECT_LT(used(), before);
  Insert(12, Key(7), Body(700));
  EXPECT_EQ(Update(12, 0, Body(3)), WriteOutcome::kDone);
  Locate();
  EXPECT_EQ(EvictAll().bodies, 2u);
  Commit(12);
  EXPECT_EQ(Read("a", Now()), Body(3));
  EXPECT_EQ(Read(Key(7), Now()), Body(700));
  // The copy was found by its identity: it knows its place in commit order.
  EXPECT_NE(Newest(0)->seq.load(), 0u);
  EXPECT_TRUE(Newest(0)->body_in_log());
}

TEST_F(EvictorTest, OlderVersionsGoAndOldSnapshotsReadThem) {
  Insert(10, "a", Body(1));
  Commit(10);
  EXPECT_EQ(Update(20, 0, Body(2)), WriteOutcome::kDone);
  Commit(20);
  EXPECT_EQ(Update(30, 0, Body(3)), WriteOutcome::kDone);
  // The newest is not located yet.
  EXPECT_EQ(EvictAll().bodies, 2u);
  EXPECT_EQ(Read("a", Before(15)), Body(1));
  EXPECT_EQ(Read("a", Before(25)), Body(2));
  EXPECT_EQ(Read("a", Now(30)), Body(3));
  Commit(30);
  // A tail of evicted versions is cut off as any other.
  GetEngineState(region_.region())->horizon.store(40);
  EXPECT_EQ(Read("a", Now()), Body(3));
  EXPECT_EQ(Update(50, 0, Body(5)), WriteOutcome::kDone);
  session_->Reclaim();
  EXPECT_EQ(Read("a", Before(45)), Body(3));
  EXPECT_EQ(Read("a", Before(25)), "(none)");
}

TEST_F(EvictorTest, EvictedDocumentsAreUpdatedAndDeleted) {
  for (int i = 0; i < 10; ++i) Insert(10, Key(i), Body(i));
  Commit(10);
  EXPECT_EQ(EvictAll().bodies, 10u);
  EXPECT_EQ(Update(11, 3, Body(33)), WriteOutcome::kDone);
  host_.current = {11};
  ASSERT_EQ(writer_.Delete(state_, 4, Now(11), {.xid = 11, .command = command_++})->outcome,
            WriteOutcome::kDone);
  EXPECT_EQ(writer_.Insert(state_, Key(5), "", {.xid = 11, .command = command_++})->outcome,
            WriteOutcome::kDuplicate);
  Commit(11);
  EXPECT_EQ(Read(Key(3), Now()), Body(33));
  EXPECT_EQ(Read(Key(4), Now()), "(none)");
  EXPECT_EQ(Read(Key(5), Now()), Body(5));
  EXPECT_EQ(Newest(3)->version, 2u);
}

TEST_F(EvictorTest, WhatIsLookedUpStaysLongerThanWhatIsScanned) {
  for (int i = 0; i < 200; ++i) Insert(10, Key(i), Body(i));
  Commit(10);
  Evictor evictor(session_.get());
  // The hand has been here; from now on look-ups count.
  EXPECT_EQ(evictor.Sweep(64, 1).bodies, 48u);
  Read(Key(150), Now());
  Read(Key(151), Now());
  RowBatch batch;
  Collection collection(session_.get(), &host_, state_);
  ScanCursor cursor = collection.BeginScan();
  ASSERT_TRUE(*collection.NextBatch(Now(), 1000, 1 << 20, &cursor, &batch));
  EXPECT_EQ(evictor.Sweep(152, UINT64_MAX).bodies, 150u);
  EXPECT_FALSE(Newest(150)->body_in_log());
  EXPECT_TRUE(Newest(149)->body_in_log());
  EXPECT_EQ(EvictAll().bodies, 2u);
}

TEST_F(EvictorTest, SeveralCollectionsTakeTurns) {
  std::vector<CollectionState*> states;
  for (uint64_t number = 2; number < 12; ++number) {
    states.push_back(*Catalog(session_.get()).FindOrCreate({.name_space = 1, .number = number}));
    state_ = states.back();
    for (int i = 0; i < 100; ++i) Insert(10, Key(i), Body(i));
  }
  Commit(10);
  Evictor evictor(session_.get());
  uint64_t bodies = 0;
  for (uint64_t slots = 0; slots < evictor.slots_of_two_rounds();) {
    const Evictor::Swept swept = evictor.Sweep(70, UINT64_MAX);
    bodies += swept.bodies;
    slots += swept.slots;
  }
  EXPECT_EQ(bodies, 1000u);
  state_ = states[4];
  EXPECT_EQ(Read(Key(99), Now()), Body(99));
}

TEST_F(EvictorTest, AVersionThatMovesIsLeftAlone) {
  Insert(10, "a", Body(1));
  Commit(10);
  EXPECT_EQ(Update(20, 0, Body(2)), WriteOutcome::kDone);
  Locate();
  const Session::Pin pin(session_.get());
  DocumentSlot* slot = DocumentTable(session_.get(), &state_->table).Slot(0);
  auto* newest = region_.region().At<Version>(slot->link().block());
  auto* oldest = region_.region().At<Version>(newest->older_link().block());
  // Somebody copies the newest: nothing may change behind it, and nobody else copies it.
  newest->older.fetch_or(kVersionMoving);
  EXPECT_TRUE(TakeTail(newest).empty());
  EXPECT_EQ(GiveBodyUp(session_.get(), &newest->older, oldest), 0u);
  EXPECT_EQ(GiveBodyUp(session_.get(), &slot->head, newest), 0u);
  EXPECT_EQ(VersionLink::ToBlock(region_.region().RefOf(oldest).offset), newest->older_link());
  newest->older.fetch_and(~kVersionMoving);
  EXPECT_NE(GiveBodyUp(session_.get(), &newest->older, oldest), 0u);
  EXPECT_NE(GiveBodyUp(session_.get(), &slot->head, newest), 0u);
  // The same version, in another block: whoever wants to unlink it finds it.
  EXPECT_TRUE(UnlinkHead(session_.get(), state_, 0, newest));
  EXPECT_EQ(region_.region().At<Version>(slot->link().block())->xid(), 10u);
}

TEST_F(EvictorTest, DamageIsAnErrorThatNamesThePlace) {
  for (int i = 0; i < 3; ++i) Insert(10, Key(i), Body(i));
  Commit(10);
  EXPECT_EQ(EvictAll().bodies, 3u);
  const std::string path = LogSegmentPath("/log", 0);
  const std::string good = disk_.Content(path);
  std::string bad = good;
  const uint64_t location = Newest(1)->location.load();
  bad[location + 100] ^= 1;
  disk_.SetContent(path, bad);
  RowBatch batch;
  Collection collection(session_.get(), &host_, state_);
  const auto read = collection.Get(Key(1), Now(), &batch);
  EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(read.status().message().find(path), std::string::npos) << read.status();
  EXPECT_NE(read.status().message().find(std::to_string(location)), std::string::npos);
  EXPECT_EQ(Read(Key(2), Now()), Body(2));
  // A change that is whole, but another one.
  disk_.SetContent(path, good);
  session_->region()
      .At<Version>(
          VersionLink(DocumentTable(session_.get(), &state_->table).Slot(1)->link()).block())
      ->location.store(Newest(2)->location.load());
  LogLookup fresh(&disk_, "/log");
  session_->set_bodies(&fresh);
  batch.Clear();
  EXPECT_EQ(collection.Get(Key(1), Now(), &batch).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace quire
