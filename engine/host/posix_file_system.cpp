#include "engine/host/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace quire {
namespace {

absl::Status SystemError(const std::string& what, const std::string& path, int error) {
  std::string message =
      absl::StrCat("could not ", what, " \"", path, "\": ", std::generic_category().message(error));
  return error == ENOENT ? absl::NotFoundError(message) : absl::UnavailableError(message);
}

// Runs a system call again for as long as a signal interrupts it.
template <typename Call>
auto Uninterrupted(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result == -1 && errno == EINTR);
  return result;
}

// No system that this runs on has larger ones.
constexpr uint64_t kPageBytesMax = 65536;

class PosixFile final : public File {
 public:
  PosixFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  // Not repeated on EINTR: Linux has closed the descriptor by then, and another thread may own its
  // number.
  ~PosixFile() override { ::close(descriptor_); }

  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  absl::Status WriteAt(uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      ssize_t written = Uninterrupted([&] {
        return ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      });
      // A short write of nothing has no reason of its own; the usual one is a full disk.
      if (written <= 0) return At("write", bytes.size(), offset, written == 0 ? ENOSPC : errno);
      bytes.remove_prefix(static_cast<size_t>(written));
      offset += static_cast<uint64_t>(written);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* to, size_t n) override {
    size_t done = 0;
    while (done < n) {
      ssize_t got = Uninterrupted([&] {
        return ::pread(descriptor_, to + done, n - done, static_cast<off_t>(offset + done));
      });
      if (got < 0) return At("read", n - done, offset + done, errno);
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

  // Not repeated on EINTR either: whether the interrupted call has dropped an error is not known.
  absl::Status Sync() override {
    if (::fdatasync(descriptor_) != 0) return SystemError("sync file", path_, errno);
    return absl::OkStatus();
  }

  // Advice: what comes of it is not asked. A page that is written on must stay, or it would have to
  // be read again.
  void Forget(uint64_t end) override {
    const auto whole = static_cast<off_t>(end / kPageBytesMax * kPageBytesMax);
    if (whole > 0) ::posix_fadvise(descriptor_, 0, whole, POSIX_FADV_DONTNEED);
  }

  absl::Status Truncate(uint64_t size) override {
    if (Uninterrupted([&] { return ::ftruncate(descriptor_, static_cast<off_t>(size)); }) != 0) {
      return SystemError(absl::StrCat("truncate to ", size, " bytes the file"), path_, errno);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> Size() override {
    struct stat status;
    if (::fstat(descriptor_, &status) != 0) return SystemError("stat file", path_, errno);
    return static_cast<uint64_t>(status.st_size);
  }

  const std::string& path() const override { return path_; }

 private:
  absl::Status At(const char* verb, size_t n, uint64_t offset, int error) const {
    return SystemError(absl::StrCat(verb, " ", n, " bytes at offset ", offset, " of file"), path_,
                       error);
  }

  const std::string path_;
  const int descriptor_;
};

absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, int flags) {
  int descriptor =
      Uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, S_IRUSR | S_IWUSR); });
  if (descriptor < 0) return SystemError("open file", path, errno);
  return std::make_unique<PosixFile>(path, descriptor);
}

}  // namespace

absl::StatusOr<std::unique_ptr<File>> PosixFileSystem::OpenForWrite(const std::string& path,
                                                                    WriteMode mode) {
  int flags = O_RDWR;
  if (mode != WriteMode::kExisting) flags |= O_CREAT;
  if (mode == WriteMode::kCreateEmpty) flags |= O_TRUNC;
  return Open(path, flags);
}

absl::StatusOr<std::unique_ptr<File>> PosixFileSystem::OpenForRead(const std::string& path) {
  return Open(path, O_RDONLY);
}

absl::Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return SystemError(absl::StrCat("rename to \"", to, "\" the file"), from, errno);
  }
  return absl::OkStatus();
}

absl::Status PosixFileSystem::Remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return SystemError("remove file", path, errno);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> PosixFileSystem::List(const std::string& directory) {
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), &::closedir);
  if (stream == nullptr) return SystemError("open folder", directory, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return SystemError("read folder", directory, errno);
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status PosixFileSystem::CreateDirectory(const std::string& directory) {
  if (::mkdir(directory.c_str(), S_IRWXU) == 0) return absl::OkStatus();
  int error = errno;
  struct stat status;
  if (error == EEXIST && ::stat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return absl::OkStatus();
  }
  return SystemError("create folder", directory, error);
}

absl::Status PosixFileSystem::SyncDirectory(const std::string& directory) {
  int descriptor =
      Uninterrupted([&] { return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (descriptor < 0) return SystemError("open folder", directory, errno);
  int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (error != 0) return SystemError("sync folder", directory, error);
  return absl::OkStatus();
}

}  // namespace quire
