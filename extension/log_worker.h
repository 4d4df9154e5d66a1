// The log worker: the background process that reads the server's log and feeds the engine with it
// (engine/durability/log_follower.h). It runs from the server's start on, in recovery too, belongs
// to no database, and always ends with exit code 1, so that the server starts it anew.
//
// Its life:
//   1 learns who the engine is                                engine_start.h
//   2 reads the engine log into memory                        engine_start.h
//   3 takes the replication slot, once the server has its own replication_slot.h
//   4 reads the server's log from where the engine log ends   wal_source.h, log_feed.h
//   5 once it has come to where the server's recovery ended, sessions may read and write
//   6 at the end marks its place in the engine log and moves the slot there
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "engine/durability/log_follower.h"
#include "engine/host/system_clock.h"
#include "engine/memory/session.h"
#include "extension/door.h"
#include "extension/engine_identity.h"
#include "extension/server_file_system.h"
#include "extension/wal_source.h"

namespace quire {

// Called once, from _PG_init while the server preloads.
void RegisterLogWorker();

// What the worker's files share. Lives as long as the process; functions below run in it alone, on
// the server's side of the doors.
struct LogWorker {
  ServerFileSystem files;
  SystemClock clock;
  EngineIdentity identity;
  std::unique_ptr<Session> session;
  std::unique_ptr<LogFollower> follower;
  WalSource* source = nullptr;
};

// Says to all sessions why the engine cannot be used, and sleeps until the server stops: a worker
// that ended would only fail again.
[[noreturn]] void GiveUp(absl::StatusCode code, const char* message);
// The same for a needed part of the server's log that is not there.
[[noreturn]] void GiveUpOnMissingWal(const LogWorker& worker);
// Sleeps, reloads settings, and ends the process when the server wants it to.
void PauseWorker(int64_t timeout_ms);
// Leaves the process; the server starts the next one.
[[noreturn]] void EndWorker();

// Runs `body` on the engine's side. What a restart cannot heal (damage, too little memory, a format
// of another version) makes the worker give up; every other error is raised and so ends the
// process.
template <typename Body>
void WorkerCall(Body&& body) {
  Report report;
  absl::StatusCode code = absl::StatusCode::kOk;
  if (TryEngine(&report, [&] {
        absl::Status status = body();
        code = status.code();
        return status;
      })) {
    return;
  }
  switch (code) {
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnimplemented:
      GiveUp(code, report.message);
    case absl::StatusCode::kCancelled:
      EndWorker();
    default:
      RaiseReport(report);
  }
}

}  // namespace quire
