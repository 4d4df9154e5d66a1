// Files as the log worker uses them, and sessions that read bodies back: POSIX, under the server's
// own rules. A sync that fails stops the server (a second one would say OK although the disk keeps
// the old bytes), unless data_sync_retry says otherwise; `fsync = off` leaves syncs out.
#pragma once

#include "engine/host/posix_file_system.h"

namespace quire {

class ServerFileSystem final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<File>> OpenForWrite(const std::string& path,
                                                     WriteMode mode) override;
  absl::StatusOr<std::unique_ptr<File>> OpenForRead(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  absl::Status CreateDirectory(const std::string& directory) override;
  absl::Status SyncDirectory(const std::string& directory) override;

 private:
  PosixFileSystem posix_;
};

}  // namespace quire
