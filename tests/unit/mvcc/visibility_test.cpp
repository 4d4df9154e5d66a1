#include "engine/mvcc/visibility.h"

#include <gtest/gtest.h>

#include "tests/support/scripted_host.h"
#include "tests/support/test_region.h"

namespace quire {
namespace {

constexpr auto kCommitted = TransactionState::kCommitted;
constexpr auto kAborted = TransactionState::kAborted;

class VisibilityTest : public ::testing::Test {
 protected:
  Version* Make(uint64_t xid, uint32_t command = 0, Version* older = nullptr) {
    Version* version =
        NewVersion(session_.get(), {.xid = xid, .command = command, .key = "k", .document = "d"});
    if (older != nullptr) {
      version->older.store(VersionLink::ToBlock(region_.region().RefOf(older).offset).word());
    }
    return version;
  }
  bool Sees(Version* version, const Snapshot& snapshot) {
    const auto visible = IsVisible(version, snapshot, &host_);
    EXPECT_TRUE(visible.ok());
    return *visible;
  }

  TestRegion region_;
  std::unique_ptr<Session> session_ = region_.OpenSession();
  ScriptedHost host_;
};

TEST_F(VisibilityTest, CommittedBelowTheSnapshotIsSeenAndSettled) {
  Version* version = Make(5);
  host_.states[5] = kCommitted;
  const Snapshot snapshot{.xmin = 10, .xmax = 10};
  EXPECT_TRUE(Sees(version, snapshot));
  EXPECT_EQ(version->verdict(), Verdict::kCommitted);
  EXPECT_EQ(version->xid(), 5u);
  host_.questions = 0;
  EXPECT_TRUE(Sees(version, snapshot));
  EXPECT_EQ(host_.questions, 0);
}

TEST_F(VisibilityTest, AbortedIsNeverSeen) {
  Version* version = Make(5);
  host_.states[5] = kAborted;
  EXPECT_FALSE(Sees(version, {.xmin = 10, .xmax = 10}));
  EXPECT_EQ(version->verdict(), Verdict::kAborted);
}

TEST_F(VisibilityTest, CommittedAfterTheSnapshotIsNotSeenThoughSettled) {
  Version* running_then = Make(12);
  Version* begun_later = Make(20);
  host_.states[12] = host_.states[20] = kCommitted;
  running_then->Settle(Verdict::kCommitted);
  begun_later->Settle(Verdict::kCommitted);
  const uint64_t running[] = {12, 14};
  const Snapshot snapshot{.xmin = 12, .xmax = 20, .in_progress = running};
  EXPECT_FALSE(Sees(running_then, snapshot));
  EXPECT_FALSE(Sees(begun_later, snapshot));
  Version* ended_before = Make(13);
  host_.states[13] = kCommitted;
  EXPECT_TRUE(Sees(ended_before, snapshot));
}

TEST_F(VisibilityTest, AVerdictIsNotStoredForWhatTheSnapshotSawRunning) {
  Version* version = Make(12);
  host_.states[12] = kCommitted;
  const uint64_t running[] = {12};
  EXPECT_FALSE(Sees(version, {.xmin = 12, .xmax = 20, .in_progress = running}));
  EXPECT_EQ(version->verdict(), Verdict::kUnknown);
}

TEST_F(VisibilityTest, OwnChangesCountByCommand) {
  Version* version = Make(30, /*command=*/4);
  host_.current = {30};
  const Snapshot before{.xmin = 10, .xmax = 20, .own_xid = 30, .command = 4};
  const Snapshot after{.xmin = 10, .xmax = 20, .own_xid = 30, .command = 5};
  EXPECT_FALSE(Sees(version, before));
  EXPECT_TRUE(Sees(version, after));
  EXPECT_EQ(version->verdict(), Verdict::kUnknown);
}

TEST_F(VisibilityTest, OwnRolledBackSubtransactionIsNotSeen) {
  Version* version = Make(31);
  host_.current = {30};
  host_.states[31] = kAborted;
  EXPECT_FALSE(Sees(version, {.xmin = 10, .xmax = 40, .own_xid = 30, .command = 9}));
}

TEST_F(VisibilityTest, AnOverflowedSnapshotAsksForTheTopmost) {
  Version* child_of_running = Make(15);
  Version* child_of_ended = Make(16);
  host_.topmost = {{15, 12}, {16, 11}};
  host_.states[15] = host_.states[16] = kCommitted;
  const uint64_t running[] = {12};
  const Snapshot snapshot{.xmin = 12, .xmax = 20, .in_progress = running, .overflowed = true};
  EXPECT_FALSE(Sees(child_of_running, snapshot));
  EXPECT_TRUE(Sees(child_of_ended, snapshot));
}

TEST_F(VisibilityTest, TheFirstSeenVersionOfAChainIsTheState) {
  Version* oldest = Make(5);
  Version* middle = Make(12, 0, oldest);
  Version* newest = Make(25, 0, middle);
  host_.states = {{5, kCommitted}, {12, kCommitted}, {25, kCommitted}};
  const VersionLink head = VersionLink::ToBlock(region_.region().RefOf(newest).offset);
  const auto at = [&](uint64_t xmax) {
    return *VisibleVersion(region_.region(), head, {.xmin = xmax, .xmax = xmax}, &host_);
  };
  EXPECT_EQ(at(30), newest);
  EXPECT_EQ(at(25), middle);
  EXPECT_EQ(at(12), oldest);
  EXPECT_EQ(at(5), nullptr);
}

}  // namespace
}  // namespace quire
