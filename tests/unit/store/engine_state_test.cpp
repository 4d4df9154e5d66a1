#include "engine/store/engine_state.h"

#include <gtest/gtest.h>

#include "tests/support/test_region.h"

namespace quire {
namespace {

TEST(EngineState, StampsOnlyGrow) {
  TestRegion region;
  EngineState* state = GetEngineState(region.region());
  const uint64_t first = NextHlc(state, 1000, 0);
  EXPECT_EQ(HlcMilliseconds(first), 1000u);
  // The wall clock went back: the counter goes on.
  EXPECT_EQ(NextHlc(state, 500, 0), first + 1);
  // A document from a later clock is outdone.
  const uint64_t later = uint64_t{2000} << 16;
  EXPECT_EQ(NextHlc(state, 500, later), later + 1);
  EXPECT_EQ(HlcMilliseconds(NextHlc(state, 3000, 0)), 3000u);
}

}  // namespace
}  // namespace quire
