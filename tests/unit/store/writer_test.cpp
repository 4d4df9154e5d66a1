#include "engine/store/writer.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/support/manual_clock.h"
#include "tests/support/scripted_host.h"
#include "tests/support/test_region.h"

namespace quire {
namespace {

constexpr auto kCommitted = TransactionState::kCommitted;
constexpr auto kAborted = TransactionState::kAborted;

class WriterTest : public ::testing::Test {
 protected:
  WriterTest() {
    auto created = Catalog(session_.get()).FindOrCreate({.name_space = 1, .number = 1});
    QUIRE_CHECK(created.ok());
    state_ = *created;
  }

  WriteResult Insert(uint64_t xid, std::string_view key, std::string_view document = "one") {
    host_.current.insert(xid);
    const auto result = writer_.Insert(state_, key, document, {.xid = xid, .command = command_++});
    EXPECT_TRUE(result.ok()) << result.status();
    return *result;
  }
  Snapshot Now(uint64_t own) const {
    return {.xmin = 1000, .xmax = 1000, .own_xid = own, .command = command_};
  }
  // `own` is the top-level transaction when `xid` is a subtransaction of it.
  WriteResult Update(uint64_t xid, uint32_t number, std::string_view document = "two",
                     uint64_t own = kNoXid) {
    host_.current.insert(xid);
    const auto result = writer_.Update(state_, number, document, Now(own == kNoXid ? xid : own),
                                       {.xid = xid, .command = command_++});
    EXPECT_TRUE(result.ok()) << result.status();
    return *result;
  }
  void Commit(uint64_t xid) {
    host_.states[xid] = kCommitted;
    host_.current.clear();
    ASSERT_TRUE(writer_.Flush().ok());
    writer_.Committed();
  }
  void Abort(uint64_t xid) {
    host_.states[xid] = kAborted;
    host_.current.clear();
    writer_.Aborted();
  }
  std::string Read(std::string_view key, const Snapshot& snapshot) {
    RowBatch batch;
    const auto found = Collection(session_.get(), &host_, state_).Get(key, snapshot, &batch);
    EXPECT_TRUE(found.ok());
    return *found ? std::string(batch[0].document) : "(none)";
  }
  Version* Head(uint32_t number) {
    const DocumentSlot* slot = DocumentTable(session_.get(), &state_->table).Slot(number);
    return region_.region().At<Version>(slot->link().block());
  }
  Version* Behind(const Version* version) {
    return region_.region().At<Version>(version->older_link().block());
  }
  int64_t documents() const { return state_->documents.load(); }
  size_t LoggedChanges() const {
    size_t changes = 0;
    for (const std::string& batch : host_.batches) changes += ChangeBatchReader(batch).count();
    return changes;
  }

  TestRegion region_;
  std::unique_ptr<Session> session_ = region_.OpenSession();
  ScriptedHost host_;
  ManualClock clock_;
  Writer writer_{session_.get(), &host_, &host_, &clock_, WriterOptions{.buffer_bytes = 4096}};
  CollectionState* state_ = nullptr;
  uint32_t command_ = 1;
};

TEST_F(WriterTest, InsertIsSeenByItsTransactionThenByAll) {
  const WriteResult result = Insert(10, "a");
  EXPECT_EQ(result.outcome, WriteOutcome::kDone);
  EXPECT_EQ(result.version, 1u);
  EXPECT_EQ(Read("a", Now(10)), "one");
  EXPECT_EQ(Read("a", Now(kNoXid)), "(none)");
  EXPECT_EQ(documents(), 0);
  Commit(10);
  EXPECT_EQ(Read("a", Now(kNoXid)), "one");
  EXPECT_EQ(documents(), 1);
  EXPECT_EQ(LoggedChanges(), 1u);
}

TEST_F(WriterTest, DuplicatesAreFoundAlsoAmongUncommitted) {
  Insert(10, "a");
  EXPECT_EQ(Insert(10, "a").outcome, WriteOutcome::kDuplicate);
  Commit(10);
  EXPECT_EQ(Insert(11, "a").outcome, WriteOutcome::kDuplicate);
  Abort(11);
  EXPECT_EQ(Read("a", Now(kNoXid)), "one");
}

TEST_F(WriterTest, InsertsManyAndTellsHowFarItCame) {
  std::vector<std::string> keys;
  for (int i = 0; i < 3000; ++i) keys.push_back("k" + std::to_string(i * 7919 % 3000));
  std::vector<NewDocument> documents;
  for (const std::string& key : keys) documents.push_back({.key = key, .document = key});
  host_.current = {10};
  size_t done = 0;
  auto result = writer_.InsertMany(state_, documents, {.xid = 10, .command = command_++}, &done);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->outcome, WriteOutcome::kDone);
  EXPECT_EQ(done, 3000u);
  EXPECT_EQ(Read("k2999", Now(10)), "k2999");
  Commit(10);
  EXPECT_EQ(LoggedChanges(), 3000u);
  EXPECT_EQ(documents.size(), static_cast<size_t>(state_->documents.load()));

  const NewDocument more[] = {{"x1", "a"}, {"x2", "b"}, {"k17", "c"}, {"x3", "d"}};
  host_.current = {11};
  result = writer_.InsertMany(state_, more, {.xid = 11, .command = command_++}, &done);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->outcome, WriteOutcome::kDuplicate);
  EXPECT_EQ(done, 2u);
  EXPECT_EQ(Read("x2", Now(11)), "b");
  EXPECT_EQ(Read("x3", Now(11)), "(none)");
  Abort(11);
  EXPECT_EQ(Read("x2", Now(12)), "(none)");
  result = writer_.InsertMany(state_, {}, {.xid = 12, .command = 1}, &done);
  EXPECT_TRUE(result.ok() && result->outcome == WriteOutcome::kDone && done == 0);
}

TEST_F(WriterTest, AnotherTransactionsInsertIsWaitedFor) {
  Insert(10, "a");
  host_.current.clear();
  Writer other(session_.get(), &host_, &host_, &clock_, {});
  const auto waiting = other.Insert(state_, "a", "other", {.xid = 11});
  EXPECT_EQ(waiting->outcome, WriteOutcome::kWait);
  EXPECT_EQ(waiting->wait_for, 10u);
  Abort(10);
  const auto done = other.Insert(state_, "a", "other", {.xid = 11});
  EXPECT_EQ(done->outcome, WriteOutcome::kDone);
  EXPECT_EQ(done->version, 1u);
}

// A transaction has rolled back and not come to its versions yet.
TEST_F(WriterTest, ManyRolledBackVersionsAreClearedAwayInSteps) {
  constexpr uint32_t kVersions = 100;
  constexpr uint32_t kRetiredMax = 20;  // under one pin
  Insert(10, "a");
  Commit(10);
  Insert(11, "b");
  for (uint32_t i = 0; i < kVersions; ++i) {
    Update(11, 0);
    Update(11, 1);
  }
  host_.states[11] = kAborted;
  host_.current.clear();
  std::unique_ptr<Session> session = region_.OpenSession();
  Writer other(session.get(), &host_, &host_, &clock_, {});
  const auto expect_steps = [&](auto write) {
    uint32_t steps = 1;
    for (; steps <= kVersions; ++steps) {
      session->Reclaim();
      const auto result = write();
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_LE(session->retired(), kRetiredMax);
      if (result->outcome == WriteOutcome::kDone) break;
      ASSERT_EQ(result->outcome, WriteOutcome::kWait);
      EXPECT_EQ(result->wait_for, 11u);
    }
    EXPECT_GT(steps, kVersions / kRetiredMax);
    EXPECT_LT(steps, kVersions / 10);
  };
  expect_steps([&] { return other.Update(state_, 0, "new", Now(12), {.xid = 12}); });
  expect_steps([&] { return other.Insert(state_, "b", "new", {.xid = 12}); });
  host_.current = {12};
  EXPECT_EQ(Read("a", Now(12)), "new");
  EXPECT_EQ(Read("b", Now(12)), "new");
  writer_.Aborted();
  EXPECT_EQ(Read("a", Now(12)), "new");
}

TEST_F(WriterTest, AbortUnlinksEverythingAndFreesIt) {
  Insert(10, "a");
  Commit(10);
  session_->Reclaim();
  const int64_t before = UsedBytes(region_.region(), Purpose::kDocuments);
  const uint32_t number = Update(11, 0).number;
  EXPECT_EQ(Update(11, number, "three").version, 3u);
  EXPECT_EQ(Read("a", Now(11)), "three");
  Abort(11);
  EXPECT_EQ(Read("a", Now(kNoXid)), "one");
  session_->Reclaim();
  EXPECT_EQ(UsedBytes(region_.region(), Purpose::kDocuments), before);
  EXPECT_FALSE(writer_.has_unlogged_changes());
  EXPECT_EQ(documents(), 1);
}

TEST_F(WriterTest, UpdateNeedsTheVersionThatTheSnapshotSees) {
  Insert(10, "a");
  Commit(10);
  const Snapshot old{.xmin = 11, .xmax = 11, .command = 1};
  Update(12, 0);
  EXPECT_EQ(writer_
                .Update(state_, 0, "x", Snapshot{.xmin = 12, .xmax = 12},
                        {.xid = 12, .command = command_})
                ->outcome,
            WriteOutcome::kSelfModified);
  host_.current.clear();
  Writer other(session_.get(), &host_, &host_, &clock_, {});
  EXPECT_EQ(other.Update(state_, 0, "x", old, {.xid = 13})->outcome, WriteOutcome::kWait);
  Commit(12);
  EXPECT_EQ(other.Update(state_, 0, "x", old, {.xid = 13})->outcome, WriteOutcome::kConflict);
  EXPECT_EQ(other.Delete(state_, 0, old, {.xid = 13})->outcome, WriteOutcome::kConflict);
}

TEST_F(WriterTest, ADeletedDocumentBeginsAgainAtVersionOne) {
  Insert(10, "a");
  EXPECT_EQ(Update(10, 0).version, 2u);
  host_.current.insert(10);
  EXPECT_EQ(writer_.Delete(state_, 0, Now(10), {.xid = 10, .command = command_++})->outcome,
            WriteOutcome::kDone);
  EXPECT_EQ(Read("a", Now(10)), "(none)");
  EXPECT_EQ(writer_.Delete(state_, 0, Now(10), {.xid = 10, .command = command_++})->outcome,
            WriteOutcome::kAbsent);
  const WriteResult again = Insert(10, "a", "again");
  EXPECT_EQ(again.outcome, WriteOutcome::kDone);
  EXPECT_EQ(again.version, 1u);
  EXPECT_EQ(again.number, 0u);
  Commit(10);
  EXPECT_EQ(documents(), 1);
  EXPECT_EQ(LoggedChanges(), 4u);
}

TEST_F(WriterTest, RollbackToAMarkUndoesVersionsAndBufferedChanges) {
  Insert(10, "a");
  const Writer::Mark mark = writer_.MarkHere();
  Insert(11, "b");
  Update(11, 0, "two", /*own=*/10);
  EXPECT_EQ(Read("a", Now(10)), "two");
  writer_.RollbackTo(mark);
  host_.states[11] = kAborted;
  host_.current.erase(11);
  EXPECT_EQ(Read("a", Now(10)), "one");
  EXPECT_EQ(Read("b", Now(10)), "(none)");
  Insert(12, "c");
  Commit(10);
  host_.states[12] = kCommitted;
  EXPECT_EQ(LoggedChanges(), 2u);
  EXPECT_EQ(documents(), 2);
}

TEST_F(WriterTest, AFullBufferGoesToTheLogEarlyAndEagerWritesAtOnce) {
  const std::string large(3000, 'x');
  Insert(10, "a", large);
  EXPECT_TRUE(host_.batches.empty());
  Insert(10, "b", large);
  EXPECT_EQ(host_.batches.size(), 1u);
  EXPECT_FALSE(writer_.has_unlogged_changes());
  writer_.set_eager(true);
  Insert(10, "c");
  EXPECT_EQ(host_.batches.size(), 2u);
  Commit(10);
  // Eagerness ends with the transaction.
  Insert(11, "d");
  EXPECT_TRUE(writer_.has_unlogged_changes());
}

// A log that takes its time must not hold back what all others want to free.
TEST_F(WriterTest, NothingGoesToTheLogUnderAPin) {
  class Sink : public ChangeSink {
   public:
    explicit Sink(Session* session) : session_(session) {}
    absl::Status AppendChanges(std::string_view) override {
      EXPECT_EQ(session_->slot()->pinned.load(), 0u);
      ++calls;
      return absl::OkStatus();
    }
    int calls = 0;

   private:
    Session* const session_;
  };
  Sink sink(session_.get());
  Writer writer(session_.get(), &host_, &sink, &clock_, {});
  writer.set_eager(true);
  host_.current = {10};
  const WriteContext context{.xid = 10};
  ASSERT_TRUE(writer.Insert(state_, "a", "one", context).ok());
  ASSERT_EQ(writer.Update(state_, 0, "two", Now(10), context)->outcome, WriteOutcome::kDone);
  ASSERT_EQ(writer.Delete(state_, 0, Now(10), context)->outcome, WriteOutcome::kDone);
  EXPECT_EQ(sink.calls, 3);
}

TEST_F(WriterTest, ALogThatRefusesFailsTheStatementOnly) {
  const std::string large(5000, 'x');
  host_.sink_status = absl::UnavailableError("no log");
  host_.current.insert(10);
  EXPECT_EQ(writer_.Insert(state_, "a", large, {.xid = 10}).status(), host_.sink_status);
  Abort(10);
  EXPECT_EQ(Read("a", Now(kNoXid)), "(none)");
}

TEST_F(WriterTest, FullMemoryFailsTheStatementAndRollbackGivesItBack) {
  const std::string large(60'000, 'x');
  host_.current.insert(10);
  absl::Status status;
  int inserted = 0;
  while (status.ok()) {
    status = writer_.Insert(state_, "key" + std::to_string(inserted), large, {.xid = 10}).status();
    if (status.ok()) ++inserted;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_GT(inserted, 50);
  Abort(10);
  session_->Reclaim();
  EXPECT_EQ(UsedBytes(region_.region(), Purpose::kDocuments), 0);
  for (int i = 0; i < inserted; ++i) Insert(11, "key" + std::to_string(i), large);
  Commit(11);
  EXPECT_EQ(documents(), inserted);
}

TEST_F(WriterTest, AFullRegionLetsDocumentsBeDeleted) {
  host_.current.insert(10);
  absl::Status status;
  int inserted = 0;
  while (status.ok()) {
    status =
        writer_.Insert(state_, "key" + std::to_string(inserted), "small", {.xid = 10}).status();
    if (status.ok()) ++inserted;
  }
  ASSERT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  Commit(10);
  host_.current.insert(11);
  // What the allocator still had in stock goes first.
  uint32_t updated = 1000;
  for (status = absl::OkStatus(); status.ok(); ++updated) {
    status = writer_.Update(state_, updated, "smaller", Now(11), {.xid = 11}).status();
  }
  ASSERT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  const uint64_t pages_free = session_->allocator().pages_free();
  // Locks are copies of documents: they have no part in what is reserved.
  for (uint32_t number = 100; number < 1000; ++number) {
    RowBatch batch;
    ASSERT_TRUE(*Collection(session_.get(), &host_, state_).GetByNumber(number, Now(11), &batch));
    const WriteTarget target{.number = number, .hlc = batch[0].hlc};
    status = writer_.Lock(state_, target, batch[0].document, {.xid = 11}).status();
    if (!status.ok()) break;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(session_->allocator().pages_free(), pages_free);
  for (uint32_t number = 0; number < 100; ++number) {
    const auto deleted = writer_.Delete(state_, number, Now(11), {.xid = 11});
    ASSERT_TRUE(deleted.ok()) << deleted.status();
    EXPECT_EQ(deleted->outcome, WriteOutcome::kDone);
  }
  Commit(11);
  EXPECT_EQ(documents(), inserted - 100);
}

TEST_F(WriterTest, OldVersionsGoOnceTheHorizonHasPassed) {
  Insert(10, "a");
  Commit(10);
  for (uint64_t xid = 11; xid < 1000; ++xid) {
    GetEngineState(region_.region())->horizon.store(xid - 5);
    ASSERT_EQ(Update(xid, 0).outcome, WriteOutcome::kDone);
    Commit(xid);
  }
  session_->Reclaim();
  // At most the stretch between two walks is left.
  EXPECT_LT(UsedBytes(region_.region(), Purpose::kDocuments), 80 * 128);
}

// A session copies the version without its body and has read that it is undecided (version_chain.h)
// when its transaction commits.
TEST_F(WriterTest, TheVerdictReachesAVersionThatIsBeingCopied) {
  Insert(10, "a");
  std::unique_ptr<Session> copier = region_.OpenSession();
  const Session::Pin pin(copier.get());
  Version* version = Head(0);
  version->older.fetch_or(kVersionMoving);
  Version* copy = NewVersionWithoutBody(copier.get(), *version);
  ASSERT_NE(copy, nullptr);
  std::thread committing([&] { Commit(10); });
  while (version->verdict() == Verdict::kUnknown) std::this_thread::yield();
  const auto link = [&](Version* to) {
    return VersionLink::ToBlock(region_.region().RefOf(to).offset);
  };
  DocumentSlot* slot = DocumentTable(copier.get(), &state_->table).Slot(0);
  EXPECT_TRUE(slot->Replace(link(version), link(copy)));
  committing.join();
  EXPECT_EQ(Head(0), copy);
  EXPECT_EQ(copy->verdict(), Verdict::kCommitted);
}

TEST_F(WriterTest, ACommitLooksNoFurtherThanWhatItReplaced) {
  Insert(10, "a");
  Commit(10);
  Update(11, 0);
  Commit(11);
  Update(12, 0);
  Update(12, 0);
  // Under another's version, and as if it were still to be settled.
  Version* oldest = Behind(Behind(Behind(Head(0))));
  ASSERT_EQ(oldest->xid(), 10u);
  oldest->xid_and_verdict.store(12);
  Commit(12);
  EXPECT_EQ(Head(0)->verdict(), Verdict::kCommitted);
  EXPECT_EQ(Behind(Head(0))->verdict(), Verdict::kCommitted);
  EXPECT_EQ(oldest->verdict(), Verdict::kUnknown);
}

TEST_F(WriterTest, AWriterWalksNoMoreThan4096VersionsDownAChain) {
  for (const uint32_t versions : {4000u, 4200u}) {
    const uint64_t xid = versions / 100;
    const std::string key = std::to_string(versions);
    const uint32_t number = Insert(xid, key).number;
    Commit(xid);
    Update(xid + 1, number);
    Commit(xid + 1);
    const int64_t others = state_->versions.load() - 2;
    for (uint32_t version = 3; version < versions; ++version) Update(xid + 2, number);
    // From here on the first version can go.
    GetEngineState(region_.region())->horizon.store(xid + 2);
    for (uint32_t version = versions; version % 64 != 0; ++version) Update(xid + 2, number);
    const int64_t before = state_->versions.load() - others;
    Update(xid + 2, number);  // it walks
    EXPECT_EQ(state_->versions.load() - others - before, versions == 4000 ? 0 : 1);
    Commit(xid + 2);
    GetEngineState(region_.region())->horizon.store(xid + 3);
    Update(xid + 3, number);
    Commit(xid + 3);
    EXPECT_EQ(state_->versions.load() - others, 2) << "with time all go";
  }
}

TEST_F(WriterTest, ADropHoldsTheCollectionUntilItIsDecided) {
  Insert(10, "a");
  Commit(10);
  const Writer::Mark mark = writer_.MarkHere();
  host_.current = {11};
  ASSERT_TRUE(writer_.DropCollection(state_->id, {.xid = 11}).ok());
  EXPECT_EQ(state_->holders.load(), 1u);
  EXPECT_TRUE(writer_.has_changes());
  writer_.RollbackTo(mark);
  EXPECT_EQ(state_->holders.load(), 0u);
  EXPECT_FALSE(writer_.has_unlogged_changes());
  ASSERT_TRUE(
      writer_.DropCollection({.name_space = 1, .number = kWholeNamespace}, {.xid = 11}).ok());
  EXPECT_EQ(state_->holders.load(), 1u);
  // One that the engine does not have yet, nothing was written to it.
  ASSERT_TRUE(writer_.DropCollection({.name_space = 1, .number = 77}, {.xid = 11}).ok());
  Commit(11);
  EXPECT_EQ(state_->holders.load(), 0u);
  EXPECT_EQ(LoggedChanges(), 3u);
  EXPECT_EQ(Read("a", Now(kNoXid)), "one");
}

}  // namespace
}  // namespace quire
