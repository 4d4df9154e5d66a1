#include "engine/store/document_table.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/test_region.h"

namespace quire {
namespace {

TEST(DocumentTable, NumbersAscendAndSlotsAreEmptyAndStable) {
  TestRegion region;
  auto session = region.OpenSession();
  DocumentTableState state{};
  DocumentTable table(session.get(), &state);
  EXPECT_EQ(table.end(), 0u);
  std::set<DocumentSlot*> slots;
  for (uint32_t i = 0; i < 3 * kSlotsPerChunk; ++i) {
    const auto number = table.TakeNumber();
    ASSERT_TRUE(number.ok());
    ASSERT_EQ(*number, i);
    EXPECT_TRUE(table.Slot(i)->link().empty());
    slots.insert(table.Slot(i));
  }
  EXPECT_EQ(slots.size(), 3 * kSlotsPerChunk);
  EXPECT_EQ(table.end(), 3 * kSlotsPerChunk);
  EXPECT_EQ(table.Slot(0), *slots.find(table.Slot(0)));
}

TEST(DocumentTable, ReturnedNumbersAreGivenAgain) {
  TestRegion region;
  auto session = region.OpenSession();
  DocumentTableState state{};
  DocumentTable table(session.get(), &state);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(table.TakeNumber().ok());
  table.ReturnNumber(3);
  table.ReturnNumber(7);
  EXPECT_EQ(*table.TakeNumber(), 7u);
  EXPECT_EQ(*table.TakeNumber(), 3u);
  EXPECT_EQ(*table.TakeNumber(), 10u);
  EXPECT_EQ(table.Slot(3)->seq.load(), 0u);
}

TEST(DocumentTable, FullMemoryIsAnErrorAndNothingIsLost) {
  TestRegion region(4 << 20, 2);
  auto session = region.OpenSession();
  DocumentTableState state{};
  DocumentTable table(session.get(), &state);
  absl::Status status;
  uint32_t taken = 0;
  while (status.ok()) {
    status = table.TakeNumber().status();
    if (status.ok()) ++taken;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(table.end(), taken);
  EXPECT_EQ(taken % kSlotsPerChunk, 0u);
  EXPECT_GT(taken, 0u);
}

TEST(DocumentTable, RetiredNumbersServeAgainWhenNoOlderPinIsLeft) {
  TestRegion region;
  auto session = region.OpenSession();
  auto reader = region.OpenSession();
  DocumentTableState state{};
  DocumentTable table(session.get(), &state);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(table.TakeNumber().ok());
  const auto retire = [&](uint32_t number) {
    ASSERT_TRUE(table.Slot(number)->Replace(VersionLink(), VersionLink::Removed(0)));
    table.RetireNumber(number);
  };
  {
    const Session::Pin pin(reader.get());
    retire(3);
    EXPECT_EQ(table.ReclaimNumbers(), 0u);
    EXPECT_EQ(*table.TakeNumber(), 10u);
  }
  retire(4);
  EXPECT_EQ(table.ReclaimNumbers(), 2u);
  EXPECT_TRUE(table.Slot(3)->link().empty());
  EXPECT_EQ(*table.TakeNumber(), 4u);
  EXPECT_EQ(*table.TakeNumber(), 3u);
  EXPECT_EQ(table.Slot(3)->seq.load(), 0u);
  // Before the table grows by a chunk, what waits is asked for.
  retire(5);
  while (table.end() < kSlotsPerChunk) ASSERT_TRUE(table.TakeNumber().ok());
  EXPECT_EQ(*table.TakeNumber(), 5u);
  EXPECT_EQ(table.end(), kSlotsPerChunk);
}

TEST(DocumentTable, NotesOfGarbageAddUpAndAreCut) {
  TestRegion region;
  auto session = region.OpenSession();
  DocumentTableState state{};
  DocumentTable table(session.get(), &state);
  for (uint32_t i = 0; i < 2 * kSlotsPerChunk; ++i) ASSERT_TRUE(table.TakeNumber().ok());
  EXPECT_EQ(table.PeekGarbage(5).count, 0u);
  EXPECT_EQ(table.AddGarbage(5, {.count = 2, .xid = 70}), 2u);
  EXPECT_EQ(table.AddGarbage(1023, {.count = 3, .xid = 50}), 3u);
  EXPECT_EQ(table.AddGarbage(0, {.count = 1, .xid = 60}), 1u);
  EXPECT_EQ(table.PeekGarbage(1024).count, 0u);
  EXPECT_EQ(table.PeekGarbage(9).count, 6u);
  EXPECT_EQ(table.PeekGarbage(9).xid, 50u);
  EXPECT_EQ(table.AddGarbage(0, {.count = 100'000, .xid = UINT64_MAX}), 65'535u - 6);
  EXPECT_EQ(table.TakeGarbage(1).count, 65'535u);
  EXPECT_EQ(table.TakeGarbage(1).count, 0u);
  EXPECT_EQ(table.AddGarbage(0, {.count = 1, .xid = UINT64_MAX}), 1u);
  EXPECT_EQ(table.PeekGarbage(0).xid, (uint64_t{1} << 48) - 1);
}

}  // namespace
}  // namespace quire
