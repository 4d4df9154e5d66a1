#include "extension/server_file_system.h"

#include <utility>

extern "C" {
#include "postgres.h"

#include "miscadmin.h"
#include "storage/fd.h"
}

namespace quire {

namespace {

// PANIC aborts the process without unwinding, so it may be said from within the engine.
absl::Status Synced(absl::Status status) {
  if (!status.ok() && data_sync_elevel(PANIC) == PANIC) {
    const std::string message(status.message());
    ereport(PANIC, (errcode(ERRCODE_IO_ERROR), errmsg_internal("%s", message.c_str())));
  }
  return status;
}

class ServerFile final : public File {
 public:
  explicit ServerFile(std::unique_ptr<File> file) : file_(std::move(file)) {}

  absl::Status WriteAt(uint64_t offset, std::string_view bytes) override {
    return file_->WriteAt(offset, bytes);
  }
  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* to, size_t n) override {
    return file_->ReadAt(offset, to, n);
  }
  absl::Status Sync() override { return enableFsync ? Synced(file_->Sync()) : absl::OkStatus(); }
  void Forget(uint64_t end) override { file_->Forget(end); }
  absl::Status Truncate(uint64_t size) override { return file_->Truncate(size); }
  absl::StatusOr<uint64_t> Size() override { return file_->Size(); }
  const std::string& path() const override { return file_->path(); }

 private:
  const std::unique_ptr<File> file_;
};

absl::StatusOr<std::unique_ptr<File>> Wrapped(absl::StatusOr<std::unique_ptr<File>> file) {
  if (!file.ok()) return file;
  return std::unique_ptr<File>(new ServerFile(*std::move(file)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<File>> ServerFileSystem::OpenForWrite(const std::string& path,
                                                                     WriteMode mode) {
  return Wrapped(posix_.OpenForWrite(path, mode));
}

absl::StatusOr<std::unique_ptr<File>> ServerFileSystem::OpenForRead(const std::string& path) {
  return Wrapped(posix_.OpenForRead(path));
}

absl::Status ServerFileSystem::Rename(const std::string& from, const std::string& to) {
  return posix_.Rename(from, to);
}

absl::Status ServerFileSystem::Remove(const std::string& path) {
  return posix_.Remove(path);
}

absl::StatusOr<std::vector<std::string>> ServerFileSystem::List(const std::string& directory) {
  return posix_.List(directory);
}

absl::Status ServerFileSystem::CreateDirectory(const std::string& directory) {
  return posix_.CreateDirectory(directory);
}

absl::Status ServerFileSystem::SyncDirectory(const std::string& directory) {
  return enableFsync ? Synced(posix_.SyncDirectory(directory)) : absl::OkStatus();
}

}  // namespace quire
