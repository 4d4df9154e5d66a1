#include "engine/store/latest.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/store/catalog.h"
#include "engine/store/version_chain.h"
#include "engine/store/writer.h"
#include "tests/support/manual_clock.h"
#include "tests/support/scripted_host.h"
#include "tests/support/test_region.h"

namespace quire {
namespace {

constexpr auto kCommitted = TransactionState::kCommitted;
constexpr auto kAborted = TransactionState::kAborted;

// One transaction at a time writes; another one, with the id 99, asks what became of a document.
class LatestTest : public ::testing::Test {
 protected:
  LatestTest() {
    auto created = Catalog(session_.get()).FindOrCreate({.name_space = 1, .number = 1});
    QUIRE_CHECK(created.ok());
    state_ = *created;
    first_ = Insert(10, "a", "one");
    Commit(10);
  }

  WriteResult Insert(uint64_t xid, std::string_view key, std::string_view document) {
    host_.current = {xid};
    const auto result = writer_.Insert(state_, key, document, {.xid = xid, .command = 1});
    QUIRE_CHECK(result.ok());
    return *result;
  }
  WriteResult Update(uint64_t xid, const WriteResult& old, std::string_view document) {
    host_.current = {xid};
    const auto result = writer_.Update(state_, TargetOf(old), document, {.xid = xid, .command = 1});
    QUIRE_CHECK(result.ok());
    return *result;
  }
  WriteResult Delete(uint64_t xid, const WriteResult& old, std::string_view moved_to = {}) {
    host_.current = {xid};
    const auto result = writer_.Delete(state_, TargetOf(old), moved_to, {.xid = xid, .command = 1});
    QUIRE_CHECK(result.ok());
    return *result;
  }
  WriteResult Lock(uint64_t xid, const WriteResult& old) {
    host_.current = {xid};
    const auto result = writer_.Lock(state_, TargetOf(old), "one", {.xid = xid, .command = 1});
    QUIRE_CHECK(result.ok());
    return *result;
  }
  static WriteTarget TargetOf(const WriteResult& old) {
    return {.number = old.number, .hlc = old.hlc};
  }
  void Commit(uint64_t xid) {
    host_.states[xid] = kCommitted;
    host_.current.clear();
    writer_.Committed();
  }
  void Abort(uint64_t xid) {
    host_.states[xid] = kAborted;
    host_.current.clear();
    writer_.Aborted();
  }
  // What another transaction finds of the first version; the document, when it finds one.
  Latest Find(std::string* document = nullptr, uint32_t* number = nullptr) {
    const std::set<uint64_t> writers = std::exchange(host_.current, {99});
    RowBatch batch;
    const auto latest =
        FindLatest(session_.get(), &host_, state_, first_.number, first_.hlc, &batch);
    QUIRE_CHECK(latest.ok());
    if (document != nullptr) *document = batch.size() == 0 ? "" : batch[0].document;
    if (number != nullptr && batch.size() == 1) *number = batch[0].number;
    host_.current = writers;
    return *latest;
  }
  uint64_t DocumentBytes() {
    session_->Reclaim();
    return static_cast<uint64_t>(UsedBytes(region_.region(), Purpose::kDocuments));
  }

  TestRegion region_;
  std::unique_ptr<Session> session_ = region_.OpenSession();
  ScriptedHost host_;
  ManualClock clock_;
  Writer writer_{session_.get(), &host_, &host_, &clock_, WriterOptions{}};
  CollectionState* state_ = nullptr;
  WriteResult first_;
};

TEST_F(LatestTest, FindsWhatWasCommittedLast) {
  std::string document;
  EXPECT_EQ(Find(&document).outcome, Latest::Outcome::kFound);
  EXPECT_EQ(document, "one");
  const WriteResult second = Update(11, first_, "two");
  EXPECT_EQ(Find().outcome, Latest::Outcome::kWait);
  EXPECT_EQ(Find().wait_for, 11u);
  Commit(11);
  EXPECT_EQ(Find(&document).outcome, Latest::Outcome::kFound);
  EXPECT_EQ(document, "two");
  Update(12, second, "three");
  Abort(12);
  EXPECT_EQ(Find(&document).outcome, Latest::Outcome::kFound);
  EXPECT_EQ(document, "two");
}

TEST_F(LatestTest, ADeletedDocumentIsGoneAlsoWhenItsKeyComesBack) {
  Delete(11, first_);
  EXPECT_EQ(Find().outcome, Latest::Outcome::kWait);
  Commit(11);
  EXPECT_EQ(Find().outcome, Latest::Outcome::kGone);
  Insert(12, "a", "another");
  EXPECT_EQ(Find().outcome, Latest::Outcome::kGone);
  Commit(12);
  EXPECT_EQ(Find().outcome, Latest::Outcome::kGone);
}

TEST_F(LatestTest, FollowsADocumentToOtherKeys) {
  Delete(11, first_, "b");
  const WriteResult moved = Insert(11, "b", "moved");
  EXPECT_EQ(Find().outcome, Latest::Outcome::kWait);
  Commit(11);
  std::string document;
  uint32_t number = 0;
  EXPECT_EQ(Find(&document, &number).outcome, Latest::Outcome::kFound);
  EXPECT_EQ(document, "moved");
  EXPECT_EQ(number, moved.number);
  // And on to a key that another document had before.
  Delete(12, Insert(12, "c", "of another document"));
  Commit(12);
  Delete(13, moved, "c");
  Insert(13, "c", "moved again");
  Commit(13);
  EXPECT_EQ(Find(&document).outcome, Latest::Outcome::kFound);
  EXPECT_EQ(document, "moved again");
  const WriteResult back = Insert(14, "b", "another document");
  Commit(14);
  EXPECT_EQ(back.outcome, WriteOutcome::kDone);
  EXPECT_EQ(Find(&document).outcome, Latest::Outcome::kFound);
  EXPECT_EQ(document, "moved again");
}

TEST_F(LatestTest, AMovedDocumentThatWasDeletedIsGone) {
  Delete(11, first_, "b");
  const WriteResult moved = Insert(11, "b", "moved");
  Commit(11);
  Delete(12, moved);
  Commit(12);
  EXPECT_EQ(Find().outcome, Latest::Outcome::kGone);
}

TEST_F(LatestTest, TheLogSeesADeletionWithoutADestination) {
  Delete(11, first_, "b");
  ASSERT_TRUE(writer_.Flush().ok());
  ChangeBatchReader reader(host_.batches.back());
  Change change;
  bool deleted = false;
  while (reader.Next(&change)) {
    if (change.kind != ChangeKind::kDelete) continue;
    deleted = true;
    EXPECT_TRUE(change.document.empty());
  }
  EXPECT_TRUE(deleted);
}

TEST_F(LatestTest, ALockHoldsADocumentUntilItsTransactionEnds) {
  const uint64_t before = DocumentBytes();
  EXPECT_EQ(Lock(11, first_).outcome, WriteOutcome::kDone);
  EXPECT_EQ(Lock(11, first_).outcome, WriteOutcome::kDone);
  EXPECT_EQ(Find().outcome, Latest::Outcome::kWait);
  EXPECT_FALSE(writer_.has_unlogged_changes());
  RowBatch batch;
  EXPECT_TRUE(*FindLocked(session_.get(), &host_, state_, first_.number, &batch));
  EXPECT_EQ(batch[0].document, "one");
  EXPECT_EQ(batch[0].hlc, first_.hlc);
  Commit(11);
  EXPECT_FALSE(*FindLocked(session_.get(), &host_, state_, first_.number, &batch));
  EXPECT_EQ(DocumentBytes(), before);
  EXPECT_EQ(Find().outcome, Latest::Outcome::kFound);

  Lock(12, first_);
  Abort(12);
  EXPECT_EQ(DocumentBytes(), before);
  EXPECT_EQ(Update(13, first_, "two").outcome, WriteOutcome::kDone);
}

TEST_F(LatestTest, AHeldDocumentIsWrittenByItsHolder) {
  Lock(11, first_);
  const Writer::Mark mark = writer_.MarkHere();
  EXPECT_EQ(Update(11, first_, "two").version, 2u);
  writer_.RollbackTo(mark);
  EXPECT_EQ(Find().outcome, Latest::Outcome::kWait);  // rolled back, but held from before
  EXPECT_EQ(Update(11, first_, "three").version, 2u);
  EXPECT_EQ(Update(11, first_, "four").outcome, WriteOutcome::kSelfModified);
  Commit(11);
  std::string document;
  EXPECT_EQ(Find(&document).outcome, Latest::Outcome::kFound);
  EXPECT_EQ(document, "three");
}

// An engine log with one document in it.
class OneBody final : public BodyReader {
 public:
  absl::StatusOr<std::string_view> ReadBody(const BodyPlace& place) override {
    EXPECT_EQ(place.xid, 11u);
    EXPECT_EQ(place.location, 4711u);
    return body;
  }
  const std::string body = std::string(500, 'b');
};

TEST_F(LatestTest, ABodyThatHasLeftMemoryIsReadAndHeld) {
  OneBody bodies;
  session_->set_bodies(&bodies);
  const WriteResult second = Update(11, first_, bodies.body);
  Commit(11);
  {
    const Session::Pin pin(session_.get());
    DocumentSlot* slot = DocumentTable(session_.get(), &state_->table).Slot(second.number);
    auto* version = region_.region().At<Version>(slot->link().block());
    version->location.store(4711);
    ASSERT_GT(GiveBodyUp(session_.get(), &slot->head, version), 0u);
  }
  std::string document;
  EXPECT_EQ(Find(&document).outcome, Latest::Outcome::kFound);
  EXPECT_EQ(document, bodies.body);
  host_.current = {12};
  ASSERT_EQ(writer_.Lock(state_, TargetOf(second), document, {.xid = 12})->outcome,
            WriteOutcome::kDone);
  RowBatch batch;
  EXPECT_TRUE(*FindLocked(session_.get(), &host_, state_, second.number, &batch));
  EXPECT_EQ(batch[0].document, bodies.body);
  EXPECT_EQ(Update(12, second, "three").version, 3u);
  Abort(12);
  EXPECT_EQ(Find(&document).outcome, Latest::Outcome::kFound);
  EXPECT_EQ(document, bodies.body);
}

}  // namespace
}  // namespace quire
