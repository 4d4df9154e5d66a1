// Where the engine's files are, from the data directory, in which all processes of the server
// stand.
#pragma once

namespace quire {

inline constexpr char kDataFolder[] = "quire";
inline constexpr char kLogFolder[] = "quire/log";
// Who the engine is (engine_identity.h).
inline constexpr char kIdentityPath[] = "quire/engine";
// There while the files are an unopened copy (restored_marker.h).
inline constexpr char kRestoredPath[] = "quire/restored";

}  // namespace quire
