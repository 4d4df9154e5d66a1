// Turns one record of the server's log into what the engine's follower wants to know. The log
// worker only, on the server's side of the doors.
#pragma once

namespace quire {

struct LogWorker;

// The record that the worker's source has read last. Raises, or gives up, as WorkerCall does.
void FeedRecord(LogWorker* worker);

}  // namespace quire
