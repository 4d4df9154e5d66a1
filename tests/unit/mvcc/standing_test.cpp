#include "engine/mvcc/standing.h"

#include <gtest/gtest.h>

#include "tests/support/scripted_host.h"
#include "tests/support/test_region.h"

namespace quire {
namespace {

constexpr auto kCommitted = TransactionState::kCommitted;
constexpr auto kAborted = TransactionState::kAborted;

class StandingTest : public ::testing::Test {
 protected:
  // Puts a version on top of the chain.
  Version* Add(uint64_t xid, uint64_t hlc, VersionContent content = {}) {
    content.xid = xid;
    Version* version = NewVersion(session_.get(), content);
    version->hlc = hlc;
    version->older.store(head_.word());
    head_ = VersionLink::ToBlock(region_.region().RefOf(version).offset);
    return version;
  }
  Standing Of(uint64_t hlc) {
    const auto standing = StandingOf(region_.region(), head_, hlc, &host_);
    EXPECT_TRUE(standing.ok());
    return *standing;
  }

  TestRegion region_;
  std::unique_ptr<Session> session_ = region_.OpenSession();
  ScriptedHost host_;
  VersionLink head_;
};

TEST_F(StandingTest, TheNewestVersionStandsAlone) {
  Add(10, 100);
  Version* newest = Add(11, 101);
  host_.states = {{10, kCommitted}, {11, kCommitted}};
  const Standing standing = Of(101);
  EXPECT_TRUE(standing.found);
  EXPECT_EQ(standing.newest, newest);
  EXPECT_EQ(standing.end, nullptr);
  EXPECT_EQ(standing.own, nullptr);
  EXPECT_EQ(standing.pending, kNoXid);
}

TEST_F(StandingTest, WhatWasRolledBackDoesNotCount) {
  Version* named = Add(10, 100);
  Add(11, 101);
  Add(12, 102, {.tombstone = true});
  host_.states = {{10, kCommitted}, {11, kAborted}, {12, kAborted}};
  const Standing standing = Of(100);
  EXPECT_TRUE(standing.found);
  EXPECT_EQ(standing.newest, named);
  EXPECT_EQ(standing.end, nullptr);
}

TEST_F(StandingTest, ACommittedVersionIsNewestBelowOneThatIsPending) {
  Add(10, 100);
  Version* newer = Add(11, 101);
  Add(12, 102);
  host_.states = {{10, kCommitted}, {11, kCommitted}};
  const Standing standing = Of(100);
  EXPECT_EQ(standing.newest, newer);
  EXPECT_EQ(standing.pending, 12u);
}

TEST_F(StandingTest, ADocumentThatBeganAnewEndedBefore) {
  Add(10, 100);
  Version* end = Add(11, 101, {.tombstone = true});
  Add(12, 102);
  Add(13, 103, {.tombstone = true});
  host_.states = {{10, kCommitted}, {11, kCommitted}, {12, kCommitted}, {13, kCommitted}};
  EXPECT_EQ(Of(100).end, end);
}

TEST_F(StandingTest, OwnChangesAreTold) {
  Add(10, 100);
  Version* own = Add(11, 101);
  host_.states = {{10, kCommitted}};
  host_.current = {11};
  EXPECT_EQ(Of(100).own, own);
  EXPECT_EQ(Of(100).pending, kNoXid);
  EXPECT_EQ(Of(101).own, nullptr);
  EXPECT_EQ(Of(101).newest, own);
}

TEST_F(StandingTest, LocksHoldOnlyWhileTheirTransactionRuns) {
  Add(10, 100);
  Add(11, 100, {.lock = true});
  host_.states = {{10, kCommitted}};
  EXPECT_EQ(Of(100).pending, 11u);
  host_.current = {11};
  EXPECT_EQ(Of(100).pending, kNoXid);
  EXPECT_EQ(Of(100).own, nullptr);
  EXPECT_TRUE(Of(100).found);
  host_.current.clear();
  host_.states[11] = kCommitted;
  EXPECT_EQ(Of(100).newest->hlc, 100u);
}

TEST_F(StandingTest, AVersionThatIsGoneIsNotFound) {
  Add(10, 100);
  host_.states = {{10, kCommitted}};
  EXPECT_FALSE(Of(99).found);
}

}  // namespace
}  // namespace quire
