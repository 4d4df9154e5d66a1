// Files, as the engine gets them: POSIX in production (posix_file_system.h), a simulation that
// forgets what was not synced in tests. Any thread may call any function; two calls on one file may
// run at the same time when they touch different bytes.
//
// Errors name the operation, the file and the system's reason. A file or folder that is not there
// is kNotFound, every other failure is kUnavailable. What a crash leaves:
//  - bytes written and not synced may be there wholly, partly (any subset of their sectors) or not
//  at all;
//  - a created, renamed or removed name may be as before until its folder is synced.
// A failed Sync is final: the data may be lost although a second Sync says OK, so the caller must
// stop using the file, and after a restart write the doubtful bytes anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace quire {

// An open file. Closed by its destructor; closing syncs nothing and reports nothing.
class File {
 public:
  virtual ~File() = default;

  // Writes all of `bytes`, lengthening the file as needed; a gap reads as zeros.
  [[nodiscard]] virtual absl::Status WriteAt(uint64_t offset, std::string_view bytes) = 0;
  // Reads up to `n` bytes; fewer only where the file ends. Returns how many.
  [[nodiscard]] virtual absl::StatusOr<size_t> ReadAt(uint64_t offset, char* to, size_t n) = 0;
  // Makes the file's bytes and size durable (not its name).
  [[nodiscard]] virtual absl::Status Sync() = 0;
  // Says that the bytes before `end`, which are synced, will not be read soon: the system need not
  // keep them in memory.
  virtual void Forget(uint64_t /*end*/) {}
  [[nodiscard]] virtual absl::Status Truncate(uint64_t size) = 0;
  [[nodiscard]] virtual absl::StatusOr<uint64_t> Size() = 0;
  // The path it was opened by, for messages.
  [[nodiscard]] virtual const std::string& path() const = 0;
};

class FileSystem {
 public:
  enum class WriteMode {
    kExisting,     // kNotFound when it is not there
    kCreate,       // what is there stays
    kCreateEmpty,  // what is there is cut to nothing
  };

  virtual ~FileSystem() = default;

  // For reading and writing. A file that is made here is readable by its owner only.
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<File>> OpenForWrite(const std::string& path,
                                                                           WriteMode mode) = 0;
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<File>> OpenForRead(
      const std::string& path) = 0;
  // Replaces `to` when it exists.
  [[nodiscard]] virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual absl::Status Remove(const std::string& path) = 0;
  // The names in a folder, without "." and "..", in byte order.
  [[nodiscard]] virtual absl::StatusOr<std::vector<std::string>> List(
      const std::string& directory) = 0;
  // OK also when the folder exists. The parent must exist.
  [[nodiscard]] virtual absl::Status CreateDirectory(const std::string& directory) = 0;
  // Makes durable which names the folder holds.
  [[nodiscard]] virtual absl::Status SyncDirectory(const std::string& directory) = 0;
};

// The folder that holds `path`: "a/b" for "a/b/c", "." for "c", "/" for "/c".
[[nodiscard]] inline std::string ParentDirectory(const std::string& path) {
  size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Creates a folder (its parent must exist) and makes its name durable.
[[nodiscard]] inline absl::Status CreateDirectoryDurably(FileSystem& files,
                                                         const std::string& directory) {
  absl::Status created = files.CreateDirectory(directory);
  return created.ok() ? files.SyncDirectory(ParentDirectory(directory)) : created;
}

}  // namespace quire
