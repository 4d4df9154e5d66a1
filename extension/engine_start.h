// The log worker's start: who the engine is, and its log into memory.
#pragma once

namespace quire {

struct LogWorker;

// Reads the engine's identity. False when the data directory has no engine yet.
bool ReadIdentity(LogWorker* worker);
// Makes an identity. A standby reads the server's log until it finds the primary's.
// REQUIRES: the slot is held.
void MakeOrFindIdentity(LogWorker* worker);

// Opens the engine log and brings memory up to its end. While an archive is being recovered this
// waits until replay has come to the log's end or has ended before it: only then is it known which
// part of the log belongs to this server's history.
void OpenEngineLog(LogWorker* worker);

}  // namespace quire
