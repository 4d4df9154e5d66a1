// The time of a write, as the server's timestamptz. Any process.
#pragma once

#include <cstdint>

#include "engine/store/engine_state.h"

namespace quire {

// Seconds from 1970-01-01 to 2000-01-01, where the server's timestamps begin.
constexpr int64_t kServerEpochSeconds = 946'684'800;

// A hybrid stamp counts milliseconds since 1970.
constexpr int64_t TimestampOfHlc(uint64_t hlc) {
  return static_cast<int64_t>(HlcMilliseconds(hlc)) * 1000 - kServerEpochSeconds * 1'000'000;
}

}  // namespace quire
