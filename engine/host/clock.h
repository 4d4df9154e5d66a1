// The time, as the engine gets it: from the system in production, from a test in a test.
// Any thread. Wall time may jump in both directions; monotonic time only grows.
#pragma once

#include <cstdint>

namespace quire {

class Clock {
 public:
  virtual ~Clock() = default;

  // Microseconds since 1970-01-01 UTC.
  [[nodiscard]] virtual int64_t WallTimeUs() = 0;
  // Microseconds since a fixed moment of this machine's run; for intervals.
  [[nodiscard]] virtual int64_t MonotonicTimeUs() = 0;
};

}  // namespace quire
