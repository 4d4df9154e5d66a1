#include "engine/mvcc/version.h"

#include <cstring>

namespace quire {

Version* NewVersion(Session* session, const VersionContent& content, Allocator::Access access) {
  const uint64_t bytes = sizeof(Version) + content.key.size() + content.document.size();
  const uint64_t block = session->Allocate(bytes, Purpose::kDocuments, access);
  if (block == 0) return nullptr;
  auto* version = session->region().At<Version>(block);
  version->xid_and_verdict.store(content.xid, std::memory_order_relaxed);
  version->older.store(0, std::memory_order_relaxed);
  version->location.store(0, std::memory_order_relaxed);
  version->seq.store(0, std::memory_order_relaxed);
  version->hlc = content.hlc;
  version->command = content.command;
  version->ordinal = content.ordinal;
  version->version = 0;
  version->document_bytes = static_cast<uint32_t>(content.document.size());
  version->key_bytes = static_cast<uint16_t>(content.key.size());
  version->origin = content.origin;
  version->flags = content.tombstone ? kTombstone : 0;
  version->reserved = 0;
  char* bytes_of_key = reinterpret_cast<char*>(version + 1);
  std::memcpy(bytes_of_key, content.key.data(), content.key.size());
  if (!content.document.empty()) {
    std::memcpy(bytes_of_key + content.key.size(), content.document.data(),
                content.document.size());
  }
  return version;
}

}  // namespace quire
