#include "engine/memory/session.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "engine/base/bytes.h"
#include "tests/support/plain_region.h"

namespace quire {
namespace {

constexpr uint64_t kMegabyte = uint64_t{1} << 20;

class SessionTest : public testing::Test {
 protected:
  SessionTest() : memory_(16 * kMegabyte, 4) {}

  int64_t Used() { return UsedBytes(memory_.region(), Purpose::kDocuments); }

  PlainRegion memory_;
};

TEST_F(SessionTest, SlotsAreFew) {
  std::vector<std::unique_ptr<Session>> sessions;
  for (uint64_t i = 1; i <= 4; ++i) sessions.push_back(memory_.Open(i));
  const auto refused = Session::Open(memory_.region(), 5);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  sessions.erase(sessions.begin() + 1);
  EXPECT_TRUE(Session::Open(memory_.region(), 5).ok());
}

TEST_F(SessionTest, RetiredMemoryWaitsForReaders) {
  const auto writer = memory_.Open(1);
  const auto reader = memory_.Open(2);
  const uint64_t block = writer->Allocate(100, Purpose::kDocuments);
  const int64_t used = Used();
  {
    const Session::Pin before(reader.get());
    writer->Retire(block, Purpose::kDocuments);
    EXPECT_EQ(writer->Reclaim(), 1u);
    {
      const Session::Pin nested(reader.get());
      EXPECT_EQ(writer->Reclaim(), 1u);
    }
    EXPECT_EQ(writer->Reclaim(), 1u) << "pins nest";
    EXPECT_EQ(Used(), used);
  }
  // Whoever pins now cannot see the block any more.
  const Session::Pin after(reader.get());
  EXPECT_EQ(writer->Reclaim(), 0u);
  EXPECT_EQ(Used(), 0);
}

TEST_F(SessionTest, OwnPinProtectsAsWell) {
  const auto session = memory_.Open();
  const uint64_t block = session->Allocate(100, Purpose::kDocuments);
  {
    const Session::Pin pin(session.get());
    session->Retire(block, Purpose::kDocuments);
    EXPECT_EQ(session->Reclaim(), 1u);
  }
  EXPECT_EQ(session->Reclaim(), 0u);
}

TEST_F(SessionTest, PinsMakeRoomForWhatTheyRetire) {
  const auto session = memory_.Open();
  for (int round = 0; round < 100; ++round) {
    const Session::Pin pin(session.get());
    for (uint32_t i = 0; i < Session::kRetiredPerPin; ++i) {
      session->Retire(session->Allocate(100, Purpose::kDocuments), Purpose::kDocuments);
    }
  }
  EXPECT_EQ(session->Reclaim(), 0u);
  EXPECT_EQ(Used(), 0);
}

TEST_F(SessionTest, ChainsAreFreedWhole) {
  const auto session = memory_.Open();
  uint64_t first = 0;
  for (int i = 0; i < 10; ++i) {
    const uint64_t block = session->Allocate(200, Purpose::kDocuments);
    // What stands above the link's 48 bits is not part of it.
    const uint64_t link = first | (first == 0 ? 0 : uint64_t{1} << 62);
    Store(memory_.region().base() + block + Session::kChainLinkOffset, link);
    first = block;
  }
  session->RetireChain(first, Purpose::kDocuments);
  EXPECT_EQ(session->Reclaim(), 0u);
  EXPECT_EQ(Used(), 0);
}

TEST_F(SessionTest, TheNextOwnerInheritsWhatWaits) {
  const auto reader = memory_.Open(1);
  auto writer = memory_.Open(2);
  const SessionSlot* slot = writer->slot();
  {
    const Session::Pin pin(reader.get());
    writer->Retire(writer->Allocate(100, Purpose::kDocuments), Purpose::kDocuments);
    writer.reset();
    writer = memory_.Open(3);
    ASSERT_EQ(writer->slot(), slot);
    EXPECT_EQ(writer->Reclaim(), 1u);
  }
  EXPECT_EQ(writer->Reclaim(), 0u);
  EXPECT_EQ(Used(), 0);
}

TEST_F(SessionTest, ReleasePinsEndsThemAll) {
  const auto reader = memory_.Open(1);
  const auto writer = memory_.Open(2);
  {
    const Session::Pin outer(reader.get());
    const Session::Pin inner(reader.get());
    writer->Retire(writer->Allocate(100, Purpose::kDocuments), Purpose::kDocuments);
    reader->ReleasePins();
    EXPECT_EQ(writer->Reclaim(), 0u);
  }
  // Their guards ran after it; a new pin counts from zero.
  const Session::Pin pin(reader.get());
  writer->Retire(writer->Allocate(100, Purpose::kDocuments), Purpose::kDocuments);
  EXPECT_EQ(writer->Reclaim(), 1u);
}

TEST_F(SessionTest, AnEndingSessionReturnsItsStock) {
  auto session = memory_.Open();
  const uint64_t pages = session->allocator().pages_free();
  std::vector<uint64_t> blocks;
  for (int i = 0; i < 50; ++i) blocks.push_back(session->Allocate(300, Purpose::kDocuments));
  for (const uint64_t block : blocks) session->FreeNow(block, Purpose::kDocuments);
  session.reset();
  session = memory_.Open();
  EXPECT_EQ(session->allocator().pages_free(), pages);
}

// Writers replace blocks that readers follow: a reader never meets a block that was given to
// somebody else meanwhile. Under ThreadSanitizer also a test of the ordering between them.
TEST_F(SessionTest, ReadersNeverMeetReusedMemory) {
  constexpr uint64_t kWords = 12;
  constexpr int kPlaces = 4;
  std::atomic<uint64_t> places[kPlaces] = {};
  std::atomic<uint64_t> torn = 0;
  std::atomic<int> writing = 2;
  const Region region = memory_.region();
  const auto write = [&](uint64_t owner) {
    const auto session = memory_.Open(owner);
    for (uint64_t i = 0; i < 20'000; ++i) {
      const Session::Pin pin(session.get());
      const uint64_t block = session->Allocate(kWords * 8, Purpose::kDocuments);
      for (uint64_t w = 0; w < kWords; ++w) Store(region.base() + block + 8 * w, i << 8 | owner);
      // Each writer has places of its own, so that a plain store makes a block unreachable.
      std::atomic<uint64_t>& place = places[2 * (i % 2) + owner - 1];
      const uint64_t before = place.load(std::memory_order_relaxed);
      place.store(block, std::memory_order_release);
      if (before != 0) session->Retire(before, Purpose::kDocuments);
    }
    --writing;
  };
  const auto read = [&](uint64_t owner) {
    const auto session = memory_.Open(owner);
    for (uint64_t i = 0; writing > 0; ++i) {
      const Session::Pin pin(session.get());
      const uint64_t block = places[i % kPlaces].load(std::memory_order_acquire);
      if (block == 0) continue;
      const auto first = Load<uint64_t>(region.base() + block);
      for (uint64_t w = 1; w < kWords; ++w) {
        if (Load<uint64_t>(region.base() + block + 8 * w) != first) ++torn;
      }
    }
  };
  std::vector<std::thread> threads;
  threads.emplace_back(write, 1);
  threads.emplace_back(write, 2);
  threads.emplace_back(read, 3);
  threads.emplace_back(read, 4);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(torn, 0u);
  const auto session = memory_.Open();
  for (auto& place : places) session->FreeNow(place.load(), Purpose::kDocuments);
}

}  // namespace
}  // namespace quire
