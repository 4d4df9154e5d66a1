#include "engine/store/engine_state.h"

#include <algorithm>
#include <cstring>

namespace quire {

absl::Status FormatEngineState(Session* session) {
  const uint64_t block = session->Allocate(sizeof(EngineState), Purpose::kOther);
  if (block == 0) return absl::ResourceExhaustedError("no memory for the engine's state");
  std::memset(session->region().base() + block, 0, sizeof(EngineState));
  session->region().set_root(RegionRoot::kEngineState, block);
  return absl::OkStatus();
}

EngineState* GetEngineState(const Region& region) {
  return region.At<EngineState>(region.root(RegionRoot::kEngineState));
}

uint64_t NextHlc(EngineState* state, uint64_t wall_ms, uint64_t after) {
  uint64_t before = state->hlc.load(std::memory_order_relaxed);
  uint64_t stamp = 0;
  do {
    stamp = std::max({before + 1, wall_ms << 16, after + 1});
  } while (!state->hlc.compare_exchange_weak(before, stamp, std::memory_order_acq_rel));
  return stamp;
}

}  // namespace quire
