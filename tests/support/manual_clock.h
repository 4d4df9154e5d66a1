// A clock that stands still until a test moves it. Any thread.
#pragma once

#include <atomic>

#include "engine/host/clock.h"

namespace quire {

class ManualClock final : public Clock {
 public:
  int64_t WallTimeUs() override { return now_us_; }
  int64_t MonotonicTimeUs() override { return now_us_; }
  void Advance(int64_t us) { now_us_ += us; }

 private:
  std::atomic<int64_t> now_us_{1'700'000'000'000'000};
};

}  // namespace quire
