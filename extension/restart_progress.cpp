#include "extension/restart_progress.h"

#include "extension/shared_region.h"

extern "C" {
#include "postgres.h"

#include "postmaster/startup.h"
#include "utils/timestamp.h"
}

namespace quire {

const char* RestartProgress(const EngineState& engine) {
  const uint64_t done = engine.progress_done.load(std::memory_order_relaxed);
  const uint64_t total = engine.progress_total.load(std::memory_order_relaxed);
  const char* what = nullptr;
  switch (engine.phase.load(std::memory_order_acquire)) {
    case EnginePhase::kReplayingLog:
      what = "it reads its log";
      break;
    case EnginePhase::kFollowing:
      what = "it reads the server's log";
      break;
    default:
      return "its log worker has not begun";
  }
  if (total == 0 || done > total) return what;
  return psprintf("%s, %llu of %llu MB", what, static_cast<unsigned long long>(done >> 20),
                  static_cast<unsigned long long>(total >> 20));
}

bool ProgressTimer::Due() {
  if (log_startup_progress_interval <= 0) return false;
  const TimestampTz now = GetCurrentTimestamp();
  const int64_t interval_us = int64_t{1000} * log_startup_progress_interval;
  if (since_ != 0 && now < since_ + interval_us) return false;
  const bool due = since_ != 0;
  since_ = now;
  return due;
}

void LogRestartProgress(ProgressTimer* timer) {
  if (!timer->Due()) return;
  ereport(LOG, (errmsg("quire is not ready yet: %s", RestartProgress(*SharedEngineState()))));
}

}  // namespace quire
