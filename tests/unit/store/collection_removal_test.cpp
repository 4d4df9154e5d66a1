#include "engine/store/collection_removal.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/manual_clock.h"
#include "tests/support/scripted_host.h"
#include "tests/support/test_region.h"

namespace quire {
namespace {

constexpr auto kCommitted = TransactionState::kCommitted;
constexpr uint32_t kDocuments = 5000;  // five chunks, and a tree of two levels

class CollectionRemovalTest : public ::testing::Test {
 protected:
  CollectionState* Fill(const CollectionId& id, uint32_t documents = kDocuments) {
    CollectionState* state = *Catalog(session_.get()).FindOrCreate(id);
    const uint64_t xid = ++xid_;
    host_.current = {xid};
    for (uint32_t i = 0; i < documents; ++i) {
      const auto result =
          writer_.Insert(state, "key" + std::to_string(i), "document", {.xid = xid, .command = 1});
      EXPECT_TRUE(result.ok()) << result.status();
    }
    Change(state, xid);
    host_.states[xid] = kCommitted;
    EXPECT_TRUE(writer_.Flush().ok());
    writer_.Committed();
    return state;
  }
  // Makes chains and tombstones.
  void Change(CollectionState* state, uint64_t xid) {
    const Snapshot own{.xmin = 1000, .xmax = 1000, .own_xid = xid, .command = 9};
    for (uint32_t number = 0; number < kDocuments; number += 3) {
      EXPECT_TRUE(writer_.Update(state, number, std::string(300, 'x'), own, {.xid = xid}).ok());
    }
    for (uint32_t number = 0; number < kDocuments; number += 7) {
      EXPECT_TRUE(writer_.Delete(state, number, own, {.xid = xid}).ok());
    }
  }
  std::vector<int64_t> Used() {
    session_->Reclaim();
    std::vector<int64_t> used;
    for (uint32_t i = 0; i < static_cast<uint32_t>(Purpose::kCount); ++i) {
      used.push_back(UsedBytes(region_.region(), static_cast<Purpose>(i)));
    }
    return used;
  }
  int Steps() {
    int steps = 0;
    for (; !remover_.idle() && steps < 1000; ++steps) remover_.Step();
    return steps;
  }

  TestRegion region_{64 << 20};
  std::unique_ptr<Session> session_ = region_.OpenSession();
  ScriptedHost host_;
  ManualClock clock_;
  Writer writer_{session_.get(), &host_, &host_, &clock_, WriterOptions{}};
  CollectionRemover remover_{session_.get()};
  uint64_t xid_ = 9;
};

TEST_F(CollectionRemovalTest, GivesBackEveryByte) {
  const std::vector<int64_t> before = Used();
  Fill({1, 1});
  EXPECT_NE(Used(), before);
  remover_.Drop({1, 1});
  remover_.Drop({1, 1});
  EXPECT_LT(Steps(), 10);
  EXPECT_EQ(Catalog(session_.get()).Find({1, 1}), nullptr);
  EXPECT_EQ(Used(), before);
  remover_.Drop({1, 1});
  EXPECT_TRUE(remover_.idle());
  // And again, at once and with neighbours, which stay.
  Fill({1, 1});
  CollectionState* other = Fill({1, 2});
  const std::vector<int64_t> with_other = Used();
  Fill({1, 3});
  remover_.Drop({1, 3});
  remover_.Finish();
  EXPECT_EQ(Used(), with_other);
  EXPECT_EQ(other->documents.load(), kDocuments - (kDocuments + 6) / 7);
}

TEST_F(CollectionRemovalTest, TakesAWholeNamespace) {
  CollectionState* other = Fill({2, 1});
  const std::vector<int64_t> before = Used();
  Fill({1, 1});
  Fill({1, 2});
  remover_.Drop({1, kWholeNamespace});
  Steps();
  EXPECT_EQ(Used(), before);
  EXPECT_EQ(Catalog(session_.get()).Find({2, 1}), other);
}

TEST_F(CollectionRemovalTest, AnotherWorkerGoesOnWhereOneWasStopped) {
  const std::vector<int64_t> before = Used();
  Fill({1, 1}, 100'000);
  remover_.Drop({1, 1});
  remover_.Step();
  ASSERT_FALSE(remover_.idle()) << "more chunks than one step frees";
  CollectionRemover next(session_.get());
  next.Drop({1, 1});
  for (int steps = 0; !next.idle() && steps < 1000; ++steps) next.Step();
  EXPECT_TRUE(next.idle());
  EXPECT_EQ(Catalog(session_.get()).Find({1, 1}), nullptr);
  EXPECT_EQ(Used(), before);
}

// Protocol of collection_removal.h: 3 waits for the holders of 1 and for pins older than 2.
TEST_F(CollectionRemovalTest, WaitsForWhoMayStillLook) {
  CollectionState* state = Fill({1, 1});
  ASSERT_TRUE(writer_.DropCollection({1, 1}, {.xid = 20}).ok());
  std::unique_ptr<Session> reader = region_.OpenSession();
  {
    const Session::Pin pin(reader.get());
    remover_.Drop({1, 1});
    const std::vector<int64_t> before = Used();
    EXPECT_EQ(Steps(), 1000);
    writer_.Committed();
    EXPECT_EQ(Steps(), 1000);
    EXPECT_EQ(Used(), before);
    EXPECT_EQ(state->dropped.load(), 1u);
  }
  {
    // Who comes later sees the mark, and need not be waited for.
    const Session::Pin pin(reader.get());
    EXPECT_EQ(Catalog(reader.get()).Find({1, 1})->dropped.load(), 1u);
    EXPECT_LT(Steps(), 10);
  }
  EXPECT_EQ(Catalog(session_.get()).Find({1, 1}), nullptr);
}

}  // namespace
}  // namespace quire
