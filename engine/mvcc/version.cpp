#include "engine/mvcc/version.h"

#include <cstring>

namespace quire {

Version* NewVersion(Session* session, const VersionContent& content, Allocator::Access access) {
  const std::string_view document = content.tombstone ? content.moved_to : content.document;
  const std::string_view body = content.body_in_log ? std::string_view() : document;
  const uint64_t bytes = sizeof(Version) + content.key.size() + body.size();
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
  version->document_bytes = static_cast<uint32_t>(document.size());
  version->key_bytes = static_cast<uint16_t>(content.key.size());
  version->origin = content.origin;
  version->flags = static_cast<uint16_t>(
      (content.tombstone ? kTombstone : 0) | (content.body_in_log ? kBodyInLog : 0) |
      (content.moved_to.empty() ? 0 : kMoved) | (content.lock ? kLock : 0));
  version->touched.store(0, std::memory_order_relaxed);
  char* bytes_of_key = reinterpret_cast<char*>(version + 1);
  if (!content.key.empty()) {
    std::memcpy(bytes_of_key, content.key.data(), content.key.size());
  }
  if (!body.empty()) std::memcpy(bytes_of_key + content.key.size(), body.data(), body.size());
  return version;
}

Version* NewVersionWithoutBody(Session* session, const Version& from) {
  const uint64_t block = session->Allocate(sizeof(Version) + from.key_bytes, Purpose::kDocuments,
                                           Allocator::Access::kHalfReserve);
  if (block == 0) return nullptr;
  auto* to = session->region().At<Version>(block);
  // A verdict that is settled in the old block from here on is settled in the new one by whoever
  // asks next, and by those who must not leave it out (Version::verdict). What the log worker
  // writes it writes to both (LogFollower::Note).
  to->xid_and_verdict.store(from.xid_and_verdict.load(std::memory_order_seq_cst),
                            std::memory_order_relaxed);
  to->older.store(from.older_link().word(), std::memory_order_relaxed);
  to->location.store(from.location.load(std::memory_order_seq_cst), std::memory_order_relaxed);
  to->seq.store(from.seq.load(std::memory_order_seq_cst), std::memory_order_relaxed);
  to->hlc = from.hlc;
  to->command = from.command;
  to->ordinal = from.ordinal;
  to->version = from.version;
  to->document_bytes = from.document_bytes;
  to->key_bytes = from.key_bytes;
  to->origin = from.origin;
  to->flags = from.flags | kBodyInLog;
  to->touched.store(0, std::memory_order_relaxed);
  if (from.key_bytes != 0) {
    std::memcpy(reinterpret_cast<char*>(to + 1), from.key().data(), from.key_bytes);
  }
  return to;
}

}  // namespace quire
