// The settings that a user finds in postgresql.conf under `quire.`, and their values in this
// process. Any process of the server; the values are the server's to change, here they are read.
#pragma once

#include <cstdint>

#include "engine/store/limits.h"

namespace quire {

// Defines the settings with the server. Called once, from _PG_init. Those that need a restart exist
// only when the library is preloaded.
void DefineSettings(bool preloaded);

// Constant while the server runs.
uint64_t MemoryBytes();  // quire.memory
enum class HugePages : int { kOff, kTry, kOn };
HugePages HugePagesWanted();  // quire.huge_pages

// What documents may take of it before their bodies leave memory; read anew at each reload.
uint64_t CacheBytes();  // quire.cache_size

// Of the log worker, read anew at each reload.
uint64_t LogSegmentBytes();   // quire.log_segment_size
int64_t LogSyncIntervalUs();  // quire.log_sync_interval
int64_t WorkerDelayMs();      // quire.worker_delay

// Constant while a session lives.
uint64_t SessionBufferBytes();  // quire.session_buffer

// Of the running statement: quire.max_document_size, max_depth, max_fields, max_array_length.
DocumentLimits CurrentLimits();

}  // namespace quire
