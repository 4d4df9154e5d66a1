// Quire's records in the server's write-ahead log, and what the server asks about them. Redo does
// nothing: the log worker reads the records itself, so that no error of ours can stop a standby.
#pragma once

#include <cstdint>

namespace quire {

// The id that all records bear. Reserved ids are on PostgreSQL's wiki; this is the one for
// experiments, to be replaced by a reserved one, which makes earlier records unreadable.
inline constexpr uint8_t kResourceManagerId = 128;

// The kinds of records, in the record's info bits.
enum class WalRecordKind : uint8_t {
  kChanges = 0x00,  // a change batch (engine/log/change_record.h)
  kEngine = 0x10,   // an engine has begun: u64 engine id. Standbys take the id over
};

// Called once, from _PG_init while the server preloads.
void RegisterResourceManager();

// Appends a change batch under the running (sub)transaction. Raises.
void LogChanges(const char* batch, uint64_t bytes);
// Appends and flushes the record of a new engine. Returns where it ends. Raises.
uint64_t LogEngine(uint64_t engine_id);

}  // namespace quire
