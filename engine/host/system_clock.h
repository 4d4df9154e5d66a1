// The machine's clocks. Any thread.
#pragma once

#include <time.h>

#include "engine/host/clock.h"

namespace quire {

class SystemClock final : public Clock {
 public:
  int64_t WallTimeUs() override { return Read(CLOCK_REALTIME); }
  int64_t MonotonicTimeUs() override { return Read(CLOCK_MONOTONIC); }

 private:
  static int64_t Read(clockid_t clock) {
    timespec now;
    clock_gettime(clock, &now);
    return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
  }
};

}  // namespace quire
