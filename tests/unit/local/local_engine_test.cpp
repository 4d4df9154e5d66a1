#include "engine/local/local_engine.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/manual_clock.h"
#include "tests/support/simulated_file_system.h"

namespace quire {
namespace {

constexpr CollectionId kCollection = {.name_space = 1, .number = 1};

class LocalEngineTest : public ::testing::Test {
 protected:
  void Open() {
    auto opened = LocalEngine::Open(
        &disk_, &clock_,
        LocalOptions{.directory = "/log", .memory_bytes = 16 << 20, .sessions_max = 4});
    ASSERT_TRUE(opened.ok()) << opened.status();
    engine_ = *std::move(opened);
  }
  void SetUp() override { Open(); }
  std::unique_ptr<LocalSession> NewSession() {
    auto session = engine_->OpenSession();
    EXPECT_TRUE(session.ok());
    return *std::move(session);
  }
  static std::string Read(LocalSession* session, std::string_view key) {
    RowBatch batch;
    const auto found = session->Get(kCollection, key, &batch);
    EXPECT_TRUE(found.ok()) << found.status();
    return *found ? std::string(batch[0].document) : "(none)";
  }

  SimulatedFileSystem disk_;
  ManualClock clock_;
  std::unique_ptr<LocalEngine> engine_;
};

TEST_F(LocalEngineTest, CommittedIsThereAfterReopeningRolledBackIsNot) {
  auto session = NewSession();
  ASSERT_TRUE(session->Begin().ok());
  ASSERT_TRUE(session->Put(kCollection, "a", "1").ok());
  ASSERT_TRUE(session->Commit().ok());
  ASSERT_TRUE(session->Begin().ok());
  ASSERT_TRUE(session->Put(kCollection, "b", "2").ok());
  session->Rollback();
  session.reset();
  engine_.reset();
  Open();
  session = NewSession();
  ASSERT_TRUE(session->Begin().ok());
  EXPECT_EQ(Read(session.get(), "a"), "1");
  EXPECT_EQ(Read(session.get(), "b"), "(none)");
}

TEST_F(LocalEngineTest, ReadersKeepTheirSnapshot) {
  auto writer = NewSession();
  auto reader = NewSession();
  ASSERT_TRUE(writer->Begin().ok());
  ASSERT_TRUE(writer->Put(kCollection, "a", "1").ok());
  ASSERT_TRUE(writer->Commit().ok());
  ASSERT_TRUE(reader->Begin().ok());
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(writer->Begin().ok());
    ASSERT_TRUE(writer->Put(kCollection, "a", "2").ok());
    ASSERT_TRUE(writer->Commit().ok());
    ASSERT_EQ(Read(reader.get(), "a"), "1");
  }
  EXPECT_TRUE(reader->Commit().ok());
}

TEST_F(LocalEngineTest, AReadThatChangedFailsTheCommitOfAWriter) {
  auto one = NewSession();
  auto two = NewSession();
  ASSERT_TRUE(one->Begin().ok());
  ASSERT_TRUE(one->Put(kCollection, "a", "1").ok());
  ASSERT_TRUE(one->Put(kCollection, "b", "1").ok());
  ASSERT_TRUE(one->Commit().ok());
  // Write skew: each reads what the other writes.
  ASSERT_TRUE(one->Begin().ok());
  ASSERT_TRUE(two->Begin().ok());
  EXPECT_EQ(Read(one.get(), "a"), "1");
  EXPECT_EQ(Read(two.get(), "b"), "1");
  ASSERT_TRUE(one->Put(kCollection, "b", "2").ok());
  ASSERT_TRUE(two->Put(kCollection, "a", "2").ok());
  EXPECT_TRUE(one->Commit().ok());
  EXPECT_EQ(two->Commit().code(), absl::StatusCode::kAborted);
  // An absence that ended counts as well.
  ASSERT_TRUE(one->Begin().ok());
  ASSERT_TRUE(two->Begin().ok());
  EXPECT_EQ(Read(one.get(), "c"), "(none)");
  ASSERT_TRUE(two->Insert(kCollection, "c", "1").ok());
  ASSERT_TRUE(two->Commit().ok());
  ASSERT_TRUE(one->Put(kCollection, "d", "1").ok());
  EXPECT_EQ(one->Commit().code(), absl::StatusCode::kAborted);
}

TEST_F(LocalEngineTest, AWriterInTheWayIsAConflictNotAWait) {
  auto one = NewSession();
  auto two = NewSession();
  ASSERT_TRUE(one->Begin().ok());
  ASSERT_TRUE(two->Begin().ok());
  ASSERT_TRUE(one->Put(kCollection, "a", "1").ok());
  EXPECT_EQ(two->Put(kCollection, "a", "2").code(), absl::StatusCode::kAborted);
  two->Rollback();
  EXPECT_TRUE(one->Commit().ok());
}

TEST_F(LocalEngineTest, SavepointsUndoWhatCameAfterThemAlsoAfterReopening) {
  auto session = NewSession();
  const std::string large(300'000, 'x');
  ASSERT_TRUE(session->Begin().ok());
  ASSERT_TRUE(session->Put(kCollection, "a", "1").ok());
  const auto mark = session->Savepoint();
  // Larger than the buffer: it is in the log before it is undone.
  ASSERT_TRUE(session->Put(kCollection, "a", large).ok());
  ASSERT_TRUE(session->Put(kCollection, "b", large).ok());
  EXPECT_EQ(Read(session.get(), "a"), large);
  ASSERT_TRUE(session->RollbackTo(mark).ok());
  EXPECT_EQ(Read(session.get(), "a"), "1");
  ASSERT_TRUE(session->Put(kCollection, "c", "3").ok());
  ASSERT_TRUE(session->Commit().ok());
  session.reset();
  engine_.reset();
  Open();
  session = NewSession();
  ASSERT_TRUE(session->Begin().ok());
  EXPECT_EQ(Read(session.get(), "a"), "1");
  EXPECT_EQ(Read(session.get(), "b"), "(none)");
  EXPECT_EQ(Read(session.get(), "c"), "3");
}

TEST_F(LocalEngineTest, ATransactionLargerThanMemoryCommitsOrRollsBack) {
  const auto body = [](int i) { return std::to_string(i) + std::string(2000, 'x'); };
  auto session = NewSession();
  for (const bool commits : {false, true}) {
    ASSERT_TRUE(session->Begin().ok());
    LocalSession::SavepointMark mark;
    for (int i = 0; i < 24'000; ++i) {
      if (i == 20'000) mark = session->Savepoint();
      const absl::Status put = session->Put(kCollection, std::to_string(i), body(i));
      ASSERT_TRUE(put.ok()) << put;
    }
    EXPECT_EQ(Read(session.get(), "17"), body(17));
    ASSERT_TRUE(session->RollbackTo(mark).ok());
    if (commits) {
      ASSERT_TRUE(session->Commit().ok());
    } else {
      session->Rollback();
      session->session()->Reclaim();
      EXPECT_LT(UsedBytes(engine_->region(), Purpose::kDocuments), 100'000);
    }
  }
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(session->Begin().ok());
    for (int i = 0; i < 20'000; ++i) ASSERT_EQ(Read(session.get(), std::to_string(i)), body(i));
    EXPECT_EQ(Read(session.get(), "20000"), "(none)");
    session.reset();
    engine_.reset();
    Open();
    session = NewSession();
  }
}

TEST_F(LocalEngineTest, MistakesAreErrors) {
  auto session = NewSession();
  EXPECT_EQ(session->Put(kCollection, "a", "1").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(session->Commit().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(session->Begin().ok());
  EXPECT_EQ(session->Begin().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(session->Insert(kCollection, "a", "1").ok());
  EXPECT_EQ(session->Insert(kCollection, "a", "1").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_FALSE(*session->Delete(kCollection, "nobody"));
  EXPECT_TRUE(session->Commit().ok());
}

TEST_F(LocalEngineTest, AFailedSyncIsReportedAndFinal) {
  auto session = NewSession();
  disk_.FailFrom(disk_.operations() + 1);
  ASSERT_TRUE(session->Begin().ok());
  ASSERT_TRUE(session->Put(kCollection, "a", "1").ok());
  EXPECT_FALSE(session->Commit().ok());
  disk_.FailFrom(0);
  ASSERT_TRUE(session->Begin().ok());
  EXPECT_EQ(Read(session.get(), "a"), "(none)");
  ASSERT_TRUE(session->Put(kCollection, "b", "1").ok());
  EXPECT_FALSE(session->Commit().ok());
}

}  // namespace
}  // namespace quire
