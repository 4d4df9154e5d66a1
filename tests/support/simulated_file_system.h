// A disk in memory that forgets what was not synced. Any thread.
//
// Operations are the calls that change something or make it durable: write, sync, truncate, create,
// rename, remove, create folder, sync folder. They are counted from 1, so that a test can run a
// script once to learn their number and then cut it at each. A power cut then gives the disk that
// may be found afterwards: what was synced, and of the rest what the policy says. Everything
// follows from the seed.
//
// A failed sync behaves as ext4 was seen to: the bytes stay in the cache and never reach the disk
// unless written anew, and the next sync says OK.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/host/file_system.h"

namespace quire {

// What became of the unsynced.
struct CrashPolicy {
  enum class Data {
    kDropped,
    kKept,
    kTorn,   // any subset of the 512-byte sectors, and any size in between
    kMixed,  // one of the above for each file
  };
  enum class Names {  // created, renamed and removed names
    kDropped,
    kKept,
    kMixed,  // any subset
  };
  Data data = Data::kDropped;
  Names names = Names::kDropped;
};

class SimulatedFileSystem final : public FileSystem {
 public:
  struct State;

  SimulatedFileSystem();
  ~SimulatedFileSystem() override;

  absl::StatusOr<std::unique_ptr<File>> OpenForWrite(const std::string& path,
                                                     WriteMode mode) override;
  absl::StatusOr<std::unique_ptr<File>> OpenForRead(const std::string& path) override;
  // Within one folder only.
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  // "." and "/" exist from the start.
  absl::Status CreateDirectory(const std::string& directory) override;
  absl::Status SyncDirectory(const std::string& directory) override;

  [[nodiscard]] uint64_t operations() const;
  [[nodiscard]] bool crashed() const;

  // The machine stops in the middle of the operation of that number: a change may have happened, a
  // sync has not; this call and all later ones fail. 0: never.
  void CrashAt(uint64_t operation);
  // That operation fails, a write after half of its bytes. 0: none.
  void FailAt(uint64_t operation);
  // From that operation on every one fails, as on a full or dead disk. 0: none.
  void FailFrom(uint64_t operation);

  // The disk after a power cut now; this one stays as it is. Counters of the new one begin at 0.
  [[nodiscard]] std::unique_ptr<SimulatedFileSystem> AfterPowerCut(const CrashPolicy& policy,
                                                                   uint64_t seed) const;
  // The same machine after a crash of the process alone: the cache is still there, as are its sins.
  [[nodiscard]] std::unique_ptr<SimulatedFileSystem> AfterProcessCrash() const;

  // Damage: sets or reads a file's bytes behind the engine's back, durably, uncounted.
  void SetContent(const std::string& path, std::string_view bytes);
  [[nodiscard]] std::string Content(const std::string& path) const;

 private:
  explicit SimulatedFileSystem(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;  // Shared with the open files.
};

}  // namespace quire
