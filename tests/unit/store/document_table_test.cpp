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

}  // namespace
}  // namespace quire
