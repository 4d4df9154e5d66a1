// Who the engine of this data directory is: the file `quire/engine`, made once and never changed.
// The log worker only. Knows nothing of the server.
//
// File, 64 bytes, little-endian:
//    0  u64  magic "QUIREENG"
//    8  u32  format version (1)
//   12  u32  CRC-32C of the 64 bytes with this field zero
//   16  u64  system identifier of the server
//   24  u64  engine id: random, not 0
//   32  u64  begin: nothing of this engine is in the server's log before this place
//   40  u32  timeline of that place
//   44       zero
// Written aside, synced, renamed, folder synced: it is there wholly or not at all. A reader that
// does not know the version refuses. The engine log of an engine is empty only when it has just
// begun: then the log begins at `begin`, and nowhere else.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "engine/host/file_system.h"

namespace quire {

struct EngineIdentity {
  uint64_t system_id = 0;
  uint64_t engine_id = 0;
  uint64_t begin_lsn = 0;
  uint32_t begin_timeline = 0;
};

// Empty when there is no such file. Errors: kDataLoss for wrong bytes; kFailedPrecondition when it
// is another server's or of an unknown version.
absl::StatusOr<std::optional<EngineIdentity>> ReadEngineIdentity(FileSystem* files,
                                                                 uint64_t system_id);
// Makes the folder and the file, durably.
absl::Status WriteEngineIdentity(FileSystem* files, const EngineIdentity& identity);

}  // namespace quire
