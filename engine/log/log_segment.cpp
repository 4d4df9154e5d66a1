#include "engine/log/log_segment.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/base/status.h"

namespace quire {
namespace {

constexpr std::string_view kMagic = "QUIRELOG";
constexpr uint32_t kFormatVersion = 1;
constexpr std::string_view kSuffix = ".qlog";
constexpr size_t kDigits = 16;
constexpr size_t kCrcOffset = 12;
constexpr size_t kFieldsEnd = 44;

static_assert(kMagic.size() == 8);

uint32_t HeaderCrc(std::string_view header) {
  uint32_t crc = Crc32c(0, header.substr(0, kCrcOffset));
  crc = Crc32c(crc, std::string_view("\0\0\0\0", 4));
  return Crc32c(crc, header.substr(kCrcOffset + 4));
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string LogSegmentName(uint64_t start) {
  char name[kDigits + kSuffix.size() + 1];
  std::snprintf(name, sizeof(name), "%016" PRIx64 ".qlog", start);
  return name;
}

std::optional<uint64_t> ParseLogSegmentName(std::string_view name) {
  if (name.size() != kDigits + kSuffix.size() || name.substr(kDigits) != kSuffix) {
    return std::nullopt;
  }
  uint64_t start = 0;
  for (size_t i = 0; i < kDigits; ++i) {
    int digit = HexDigit(name[i]);
    if (digit < 0) return std::nullopt;
    start = start << 4 | static_cast<uint64_t>(digit);
  }
  return start;
}

std::string LogSegmentPath(const std::string& directory, uint64_t start) {
  return absl::StrCat(directory, "/", LogSegmentName(start));
}

absl::StatusOr<std::vector<uint64_t>> ListLogSegments(FileSystem& files,
                                                      const std::string& directory) {
  std::vector<uint64_t> starts;
  absl::StatusOr<std::vector<std::string>> names = files.List(directory);
  if (absl::IsNotFound(names.status())) return starts;
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {  // Byte order of the names is the order of the starts.
    if (std::optional<uint64_t> start = ParseLogSegmentName(name)) starts.push_back(*start);
  }
  return starts;
}

uint32_t FirstLogSegmentSeed(const LogIdentity& identity) {
  char ids[16];
  Store(ids, identity.system_id);
  Store(ids + 8, identity.engine_id);
  return Crc32c(0, std::string_view(ids, sizeof(ids)));
}

std::string EncodeLogSegmentHeader(const LogSegmentHeader& header) {
  std::string bytes(kLogSegmentHeaderBytes, '\0');
  bytes.replace(0, kMagic.size(), kMagic);
  Store(&bytes[8], kFormatVersion);
  Store(&bytes[16], header.identity.system_id);
  Store(&bytes[24], header.identity.engine_id);
  Store(&bytes[32], header.start);
  Store(&bytes[40], header.seed);
  Store(&bytes[kCrcOffset], HeaderCrc(bytes));
  return bytes;
}

absl::StatusOr<std::optional<LogSegmentHeader>> DecodeLogSegmentHeader(std::string_view bytes,
                                                                       uint64_t start,
                                                                       const std::string& path) {
  if (bytes.size() < kLogSegmentHeaderBytes) return std::nullopt;
  bytes = bytes.substr(0, kLogSegmentHeaderBytes);
  const char* at = bytes.data();
  if (bytes.substr(0, kMagic.size()) != kMagic ||
      Load<uint32_t>(at + kCrcOffset) != HeaderCrc(bytes) || Load<uint64_t>(at + 32) != start) {
    return std::nullopt;
  }
  const uint32_t version = Load<uint32_t>(at + 8);
  if (version != kFormatVersion) {
    return absl::DataLossError(absl::StrCat("log segment \"", path,
                                            "\", offset 8, format version: expected ",
                                            kFormatVersion, ", found ", version));
  }
  // All zero: the first byte is, and each equals the next.
  if (at[kFieldsEnd] != 0 ||
      std::memcmp(at + kFieldsEnd, at + kFieldsEnd + 1, bytes.size() - kFieldsEnd - 1) != 0) {
    return std::nullopt;
  }
  LogSegmentHeader header;
  header.identity.system_id = Load<uint64_t>(at + 16);
  header.identity.engine_id = Load<uint64_t>(at + 24);
  header.start = start;
  header.seed = Load<uint32_t>(at + 40);
  return header;
}

absl::StatusOr<std::unique_ptr<File>> CreateLogSegment(FileSystem& files,
                                                       const std::string& directory,
                                                       const LogSegmentHeader& header) {
  QUIRE_ASSIGN_OR_RETURN(std::unique_ptr<File> file,
                         files.OpenForWrite(LogSegmentPath(directory, header.start),
                                            FileSystem::WriteMode::kCreateEmpty));
  QUIRE_RETURN_IF_ERROR(file->WriteAt(0, EncodeLogSegmentHeader(header)));
  QUIRE_RETURN_IF_ERROR(file->Sync());
  QUIRE_RETURN_IF_ERROR(files.SyncDirectory(directory));
  return file;
}

absl::StatusOr<int> RemoveLogSegmentsBefore(FileSystem& files, const std::string& directory,
                                            uint64_t position) {
  QUIRE_ASSIGN_OR_RETURN(std::vector<uint64_t> starts, ListLogSegments(files, directory));
  int removed = 0;
  for (size_t i = 0; i + 1 < starts.size() && starts[i + 1] <= position; ++i) {
    QUIRE_RETURN_IF_ERROR(files.Remove(LogSegmentPath(directory, starts[i])));
    // Each by itself: a crash must not keep the older of two and lose the younger, which would be a
    // hole.
    QUIRE_RETURN_IF_ERROR(files.SyncDirectory(directory));
    ++removed;
  }
  return removed;
}

}  // namespace quire
