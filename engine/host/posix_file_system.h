// FileSystem over the operating system's files. Any thread, any process.
#pragma once

#include "engine/host/file_system.h"

namespace quire {

class PosixFileSystem final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<File>> OpenForWrite(const std::string& path,
                                                     WriteMode mode) override;
  absl::StatusOr<std::unique_ptr<File>> OpenForRead(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  absl::Status CreateDirectory(const std::string& directory) override;
  absl::Status SyncDirectory(const std::string& directory) override;
};

}  // namespace quire
