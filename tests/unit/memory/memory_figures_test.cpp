#include "engine/memory/memory_figures.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "engine/memory/session.h"
#include "tests/support/plain_region.h"

namespace quire {
namespace {

int64_t Sum(const MemoryFigures& figures) {
  return std::accumulate(std::begin(figures.used), std::end(figures.used), int64_t{0}) +
         figures.overhead + figures.unused + figures.reserve + figures.free;
}

TEST(MemoryFigures, AreExactByPurposeAndAddUp) {
  PlainRegion memory(uint64_t{64} << 20);
  const auto session = memory.Open();
  const MemoryFigures empty = MeasureMemory(memory.region());
  EXPECT_EQ(empty.total, 64 << 20);
  EXPECT_EQ(Sum(empty), empty.total);
  EXPECT_EQ(empty.unused, 0);
  EXPECT_GT(empty.reserve, 0);

  std::vector<uint64_t> blocks;
  for (int i = 0; i < 1000; ++i) blocks.push_back(session->Allocate(100, Purpose::kDocuments));
  const uint64_t node = session->Allocate(4096, Purpose::kIndexes);
  const uint64_t run = session->Allocate(100'000, Purpose::kTables);
  const MemoryFigures some = MeasureMemory(memory.region());
  EXPECT_EQ(some.used[static_cast<uint32_t>(Purpose::kDocuments)],
            static_cast<int64_t>(1000 * TakenBytes(100)));
  EXPECT_EQ(some.used[static_cast<uint32_t>(Purpose::kIndexes)], 4096);
  EXPECT_EQ(some.used[static_cast<uint32_t>(Purpose::kTables)], 2 * 65536);
  EXPECT_EQ(Sum(some), some.total);
  // Two pages of blocks of 104 bytes, one of nodes.
  EXPECT_EQ(some.unused, static_cast<int64_t>(3 * 65536 - 1000 * TakenBytes(100) - 4096));

  for (const uint64_t block : blocks) session->FreeNow(block, Purpose::kDocuments);
  session->FreeNow(node, Purpose::kIndexes);
  session->FreeNow(run, Purpose::kTables);
  session->allocator().DrainMagazines(session->slot());
  const MemoryFigures after = MeasureMemory(memory.region());
  EXPECT_EQ(after.free, empty.free);
  EXPECT_EQ(after.unused, 0);
}

TEST(MemoryFigures, TheReserveIsWhatIsLeftWhenMemoryIsFull) {
  PlainRegion memory(uint64_t{16} << 20);
  const auto session = memory.Open();
  while (session->Allocate(65536, Purpose::kDocuments) != 0) {
  }
  const MemoryFigures full = MeasureMemory(memory.region());
  EXPECT_EQ(full.free, 0);
  EXPECT_EQ(full.reserve, MeasureMemory(memory.region()).reserve);
  EXPECT_NE(session->Allocate(65536, Purpose::kDocuments, Allocator::Access::kReserve), 0u);
  const MemoryFigures less = MeasureMemory(memory.region());
  EXPECT_EQ(less.reserve, full.reserve - 65536);
  EXPECT_EQ(Sum(less), less.total);
}

}  // namespace
}  // namespace quire
