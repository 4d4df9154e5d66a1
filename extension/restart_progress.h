// How far a restart of the engine is, in words, and when it is time to say so: at the pace of the
// server's own setting log_startup_progress_interval.
//
// Called by the log worker while it loads, and by sessions that wait for it; one timer each.
#pragma once

#include <cstdint>

#include "engine/store/engine_state.h"

namespace quire {

// "it reads its log, 12 of 340 MB"; in the current memory context.
const char* RestartProgress(const EngineState& engine);

class ProgressTimer {
 public:
  // True when an interval has passed since the timer was made, or since it was last true. Never
  // when the setting is 0.
  bool Due();

 private:
  int64_t since_ = 0;  // microseconds of the server's clock; 0: not started
};

// A line in the server's log when it is time for one.
void LogRestartProgress(ProgressTimer* timer);

}  // namespace quire
