#include "extension/engine_identity.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/base/status.h"
#include "extension/paths.h"

namespace quire {

namespace {

constexpr uint64_t kMagic = 0x474E454552495551;  // "QUIREENG"
constexpr uint32_t kVersion = 1;
constexpr size_t kFileBytes = 64;
constexpr size_t kChecksumOffset = 12;

std::string TemporaryPath() {
  return absl::StrCat(kIdentityPath, ".new");
}

uint32_t Checksum(std::string bytes) {
  Store<uint32_t>(bytes.data() + kChecksumOffset, 0);
  return Crc32c(0, bytes);
}

std::string Encode(const EngineIdentity& identity) {
  std::string bytes(kFileBytes, '\0');
  char* to = bytes.data();
  Store(to, kMagic);
  Store(to + 8, kVersion);
  Store(to + 16, identity.system_id);
  Store(to + 24, identity.engine_id);
  Store(to + 32, identity.begin_lsn);
  Store(to + 40, identity.begin_timeline);
  Store(to + kChecksumOffset, Checksum(bytes));
  return bytes;
}

absl::Status Damaged(size_t offset, const std::string& expected, const std::string& found) {
  return absl::DataLossError(absl::StrCat("file \"", kIdentityPath, "\" is damaged at offset ",
                                          offset, ": expected ", expected, ", found ", found));
}

absl::StatusOr<EngineIdentity> Decode(const std::string& bytes, uint64_t system_id) {
  if (bytes.size() != kFileBytes) {
    return Damaged(0, absl::StrCat(kFileBytes, " bytes"), absl::StrCat(bytes.size()));
  }
  const char* from = bytes.data();
  if (Load<uint64_t>(from) != kMagic) {
    return Damaged(0, absl::StrFormat("%016x", kMagic),
                   absl::StrFormat("%016x", Load<uint64_t>(from)));
  }
  if (Load<uint32_t>(from + 8) != kVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("file \"", kIdentityPath, "\" has format version ", Load<uint32_t>(from + 8),
                     ", this version of quire knows ", kVersion));
  }
  const auto found = Load<uint32_t>(from + kChecksumOffset);
  if (found != Checksum(bytes)) {
    return Damaged(kChecksumOffset, absl::StrFormat("checksum %08x", Checksum(bytes)),
                   absl::StrFormat("%08x", found));
  }
  EngineIdentity identity;
  identity.system_id = Load<uint64_t>(from + 16);
  identity.engine_id = Load<uint64_t>(from + 24);
  identity.begin_lsn = Load<uint64_t>(from + 32);
  identity.begin_timeline = Load<uint32_t>(from + 40);
  if (identity.system_id != system_id) {
    return absl::FailedPreconditionError(absl::StrCat("the folder \"", kDataFolder,
                                                      "\" belongs to the server with the system "
                                                      "identifier ",
                                                      identity.system_id, ", this one has ",
                                                      system_id));
  }
  return identity;
}

}  // namespace

absl::StatusOr<std::optional<EngineIdentity>> ReadEngineIdentity(FileSystem* files,
                                                                 uint64_t system_id) {
  auto file = files->OpenForRead(kIdentityPath);
  if (absl::IsNotFound(file.status())) return std::optional<EngineIdentity>();
  QUIRE_RETURN_IF_ERROR(file.status());
  std::string bytes(kFileBytes + 1, '\0');
  QUIRE_ASSIGN_OR_RETURN(const size_t n, (*file)->ReadAt(0, bytes.data(), bytes.size()));
  bytes.resize(n);
  QUIRE_ASSIGN_OR_RETURN(const EngineIdentity identity, Decode(bytes, system_id));
  return std::optional<EngineIdentity>(identity);
}

absl::Status WriteEngineIdentity(FileSystem* files, const EngineIdentity& identity) {
  QUIRE_RETURN_IF_ERROR(CreateDirectoryDurably(*files, kDataFolder));
  QUIRE_ASSIGN_OR_RETURN(const auto file,
                         files->OpenForWrite(TemporaryPath(), FileSystem::WriteMode::kCreateEmpty));
  QUIRE_RETURN_IF_ERROR(file->WriteAt(0, Encode(identity)));
  QUIRE_RETURN_IF_ERROR(file->Sync());
  QUIRE_RETURN_IF_ERROR(files->Rename(TemporaryPath(), kIdentityPath));
  return files->SyncDirectory(kDataFolder);
}

}  // namespace quire
