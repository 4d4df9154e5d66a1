// What the stress tests share: the engine that they open, and the seed of what they draw.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <random>

#include "engine/local/local_engine.h"
#include "tests/support/setting.h"

namespace quire {

// Room for 8 sessions, and a log that is synced now and then: files are not what is tested.
inline LocalOptions StressOptions() {
  return LocalOptions{.directory = "/log",
                      .memory_bytes = 64 << 20,
                      .sessions_max = 8,
                      .sync = SyncPolicy::kInterval,
                      .sync_interval_us = 20'000};
}

// QUIRE_STRESS_SEED, or one that nobody chose. Printed, so that a failure can be repeated as far as
// threads repeat.
inline uint64_t StressSeed() {
  const uint64_t seed = Setting("QUIRE_STRESS_SEED", std::random_device{}());
  std::printf("QUIRE_STRESS_SEED=%" PRIu64 "\n", seed);
  return seed;
}

}  // namespace quire
