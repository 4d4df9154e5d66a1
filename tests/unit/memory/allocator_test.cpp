#include "engine/memory/allocator.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "engine/base/bytes.h"
#include "tests/support/plain_region.h"

namespace quire {
namespace {

constexpr uint64_t kMegabyte = uint64_t{1} << 20;

TEST(SizeClassTest, ClassesHoldWhatTheyAreFor) {
  for (uint32_t bytes = 1; bytes <= kBlockBytesMax; ++bytes) {
    const uint32_t size_class = ClassOf(bytes);
    ASSERT_LT(size_class, kSizeClassCount);
    ASSERT_GE(ClassBytes(size_class), bytes);
    if (size_class > 0) {
      ASSERT_LT(ClassBytes(size_class - 1), bytes);
    }
    if (bytes > 64) {
      ASSERT_LE(ClassBytes(size_class) * 8, bytes * 9 + 8);
    }
    ASSERT_EQ(ClassBytes(size_class) % 8, 0u);
  }
}

class AllocatorTest : public testing::Test {
 protected:
  AllocatorTest() : memory_(16 * kMegabyte, 4), session_(memory_.Open()) {}

  Allocator& allocator() { return session_->allocator(); }
  char* At(uint64_t block) { return reinterpret_cast<char*>(memory_.region().base() + block); }
  int64_t Used(Purpose purpose) { return UsedBytes(memory_.region(), purpose); }

  PlainRegion memory_;
  std::unique_ptr<Session> session_;
};

TEST_F(AllocatorTest, AgreesWithAModel) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  struct Block {
    uint64_t bytes;
    Purpose purpose;
    char fill;
  };
  std::map<uint64_t, Block> blocks;
  int64_t used[2] = {};
  const uint64_t pages_free = allocator().pages_free();
  for (int step = 0; step < 60'000; ++step) {
    // Grows and shrinks in waves, so that pages are given back and change their class.
    const bool grow = random() % 10 < (step / 10'000 % 2 == 0 ? 7u : 3u);
    if (grow) {
      const uint64_t kind = random() % 20;
      const uint64_t bytes = kind < 14   ? 1 + random() % 600
                             : kind < 19 ? 1 + random() % kBlockBytesMax
                                         : 1 + random() % (4 * kPageBytes);
      const auto purpose = static_cast<Purpose>(random() % 2);
      const uint64_t block = session_->Allocate(bytes, purpose);
      if (block == 0) {
        continue;
      }
      ASSERT_EQ(block % 8, 0u);
      const uint64_t real = allocator().BlockBytes(block);
      ASSERT_GE(real, bytes);
      ASSERT_LE(block + real, memory_.region().bytes());
      // Overlaps no other block.
      const auto next = blocks.lower_bound(block);
      if (next != blocks.end()) {
        ASSERT_LE(block + real, next->first);
      }
      if (next != blocks.begin()) {
        const auto before = std::prev(next);
        ASSERT_LE(before->first + allocator().BlockBytes(before->first), block);
      }
      const auto fill = static_cast<char>(random());
      std::memset(At(block), fill, bytes);
      blocks[block] = {bytes, purpose, fill};
      used[static_cast<int>(purpose)] += static_cast<int64_t>(real);
    } else if (!blocks.empty()) {
      auto at = blocks.lower_bound(random() % memory_.region().bytes());
      if (at == blocks.end()) at = blocks.begin();
      const auto [block, content] = *at;
      ASSERT_EQ(At(block)[0], content.fill);
      ASSERT_EQ(std::memcmp(At(block), At(block) + 1, content.bytes - 1), 0);
      used[static_cast<int>(content.purpose)] -=
          static_cast<int64_t>(allocator().BlockBytes(block));
      session_->FreeNow(block, content.purpose);
      blocks.erase(at);
    }
    ASSERT_EQ(Used(Purpose::kDocuments), used[0]);
    ASSERT_EQ(Used(Purpose::kIndexes), used[1]);
  }
  for (const auto& [block, content] : blocks) session_->FreeNow(block, content.purpose);
  allocator().DrainMagazines(session_->slot());
  EXPECT_EQ(allocator().pages_free(), pages_free);
  EXPECT_EQ(Used(Purpose::kDocuments), 0);
  EXPECT_EQ(Used(Purpose::kIndexes), 0);
}

TEST_F(AllocatorTest, FullMemoryKeepsItsReserve) {
  std::vector<uint64_t> blocks;
  uint64_t block = 0;
  while ((block = session_->Allocate(4096, Purpose::kDocuments)) != 0) blocks.push_back(block);
  const uint64_t reserve = allocator().pages_free();
  EXPECT_EQ(reserve, std::max<uint64_t>(allocator().pages_total() / kReserveDivisor, 1));
  // Nearly all of the memory was to be had.
  EXPECT_GE(blocks.size() * 4096, (allocator().pages_total() - reserve - 1) * kPageBytes);
  EXPECT_EQ(session_->Allocate(kPageBytes, Purpose::kOther), 0u);
  block = session_->Allocate(kPageBytes, Purpose::kOther, Allocator::Access::kReserve);
  EXPECT_NE(block, 0u);
  session_->FreeNow(block, Purpose::kOther);
  session_->UseReserve();
  block = session_->Allocate(kPageBytes, Purpose::kOther);
  EXPECT_NE(block, 0u);
  session_->FreeNow(block, Purpose::kOther);
  for (const uint64_t taken : blocks) session_->FreeNow(taken, Purpose::kDocuments);
  allocator().DrainMagazines(session_->slot());
  EXPECT_EQ(allocator().pages_free(), allocator().pages_total());
  // Free pages serve any class again.
  block = session_->Allocate(8 * kMegabyte, Purpose::kOther);
  EXPECT_NE(block, 0u);
  EXPECT_EQ(block % kPageBytes, 0u);
  EXPECT_EQ(allocator().BlockBytes(block), 8 * kMegabyte);
}

TEST_F(AllocatorTest, RefusesMoreThanThereIs) {
  for (const uint64_t bytes : {16 * kMegabyte, uint64_t{1} << 40, UINT64_MAX - 1, UINT64_MAX}) {
    EXPECT_EQ(session_->Allocate(bytes, Purpose::kOther), 0u) << bytes;
  }
  EXPECT_EQ(Used(Purpose::kOther), 0);
}

TEST_F(AllocatorTest, BlocksOfOnePageAreAligned) {
  for (const uint64_t bytes : {64, 128, 1024, 4096, 16384}) {
    for (int i = 0; i < 20; ++i) EXPECT_EQ(session_->Allocate(bytes, Purpose::kOther) % bytes, 0u);
  }
}

TEST_F(AllocatorTest, AnotherSessionMayFree) {
  const auto other = memory_.Open(2);
  std::vector<uint64_t> blocks;
  for (int i = 0; i < 1'000; ++i) blocks.push_back(session_->Allocate(100, Purpose::kTables));
  for (const uint64_t block : blocks) other->FreeNow(block, Purpose::kTables);
  EXPECT_EQ(Used(Purpose::kTables), 0);
  allocator().DrainMagazines(session_->slot());
  allocator().DrainMagazines(other->slot());
  EXPECT_EQ(allocator().pages_free(), allocator().pages_total());
}

}  // namespace
}  // namespace quire
