// One state of a document, and the words that refer to it.
//
// A version is one block of the region: this header, the encoded key, the document's bytes unless
// they have left memory.
// Versions of a document form a chain, newest first, that begins in the document's slot. A version
// is written before it is reachable and constant afterwards, except for the members marked atomic.
// It is identified by (xid, ordinal); its version number is not unique, because a rolled-back write
// gives it free again.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "engine/base/check.h"
#include "engine/host/transactions.h"
#include "engine/memory/region.h"
#include "engine/memory/session.h"

namespace quire {

// The verdict on a version's transaction, as far as it is settled for everyone.
enum class Verdict : uint64_t {
  kUnknown = 0,
  kCommitted = uint64_t{1} << 62,
  kAborted = uint64_t{2} << 62,
};
constexpr uint64_t kVerdictMask = uint64_t{3} << 62;

// Where a document's newest version is: nothing, a block of the region, or (a place that is kept,
// and not used yet) a position of the engine log; or that its number is being taken out of use
// (store/document_removal.h), with the epoch in which that happened. The top two bits tell which.
class VersionLink {
 public:
  enum class Kind : uint64_t { kNone = 0, kRegion = 1, kFile = 2, kRemoved = 3 };

  VersionLink() = default;
  explicit VersionLink(uint64_t word) : word_(word) {}
  static VersionLink ToBlock(uint64_t offset) {
    return VersionLink(offset == 0 ? 0 : offset | static_cast<uint64_t>(Kind::kRegion) << 62);
  }
  static VersionLink Removed(uint64_t epoch) {
    return VersionLink(epoch | static_cast<uint64_t>(Kind::kRemoved) << 62);
  }
  Kind kind() const { return static_cast<Kind>(word_ >> 62); }
  bool empty() const { return word_ == 0; }
  uint64_t block() const { return word_ & Session::kChainLinkMask; }
  uint64_t epoch() const { return word_ & ~(uint64_t{3} << 62); }
  uint64_t word() const { return word_; }
  bool operator==(const VersionLink&) const = default;

 private:
  uint64_t word_ = 0;
};

enum VersionFlags : uint16_t {
  kTombstone = 1,
  kBodyInLog = 2,  // the block ends behind the key; the document is in the engine log only
  // With kTombstone: the document went on under another key, which stands in the document's place.
  kMoved = 4,
  // A copy of the version below, stamp included, by which a transaction holds the document. It is
  // in no log, and goes when its transaction ends.
  kLock = 8,
};

// Beside the link in Version::older, above its 48 bits: what is being done to the version itself.
// While one is set nobody changes the link, so that it can be copied (version_chain.h).
constexpr uint64_t kVersionMoving = uint64_t{1} << 48;  // a session puts another block in its place
constexpr uint64_t kVersionLeaving = uint64_t{1} << 49;   // it was rolled back and leaves the chain
constexpr uint64_t kVersionDetached = uint64_t{1} << 50;  // it is part of a tail that was cut off
constexpr uint64_t kVersionBusy = kVersionMoving | kVersionLeaving | kVersionDetached;

struct Version {
  // Atomic: the creator's id in the low 62 bits, its verdict above.
  std::atomic<uint64_t> xid_and_verdict;
  // Atomic: the next older version, a VersionLink, and the bits of kVersionBusy. At
  // Session::kChainLinkOffset, so that a cut tail can be freed as a chain.
  std::atomic<uint64_t> older;
  // Atomic: position of the change in the engine log, 0 while it is not there.
  std::atomic<uint64_t> location;
  // Atomic: the change's place in commit order, 0 while it has none.
  std::atomic<uint64_t> seq;

  uint64_t hlc;
  uint32_t command;
  uint32_t ordinal;  // among the changes of its top-level transaction, from 0
  uint32_t version;  // 1 for a new document, one more with each change
  uint32_t document_bytes;
  uint16_t key_bytes;
  uint16_t origin;
  uint16_t flags;
  // Atomic: not 0 when the document was looked up since the eviction's hand came by.
  std::atomic<uint16_t> touched;

  uint64_t xid() const { return xid_and_verdict.load(std::memory_order_acquire) & ~kVerdictMask; }
  // Sequentially consistent, as are Settle, moving() and both steps of a copier, who first sets the
  // bit and then reads the verdict (version_chain.cpp). So whoever finds the verdict settled, or
  // settles it, and then the version not moving knows that no copy goes without it: a copier who
  // read it unsettled did so before it was settled, and his bit, which is older still, would be
  // there. (Of a version that was replaced the bit stays; when a copy comes to nothing it goes.)
  Verdict verdict() const {
    return static_cast<Verdict>(xid_and_verdict.load(std::memory_order_seq_cst) & kVerdictMask);
  }
  // Settles the verdict. Idempotent; sessions that race write the same.
  void Settle(Verdict verdict) {
    xid_and_verdict.store(xid() | static_cast<uint64_t>(verdict), std::memory_order_seq_cst);
  }
  VersionLink older_link() const {
    return VersionLink(older.load(std::memory_order_acquire) & ~kVersionBusy);
  }
  bool moving() const { return (older.load(std::memory_order_seq_cst) & kVersionMoving) != 0; }
  bool tombstone() const { return (flags & kTombstone) != 0; }
  bool body_in_log() const { return (flags & kBodyInLog) != 0; }
  bool lock() const { return (flags & kLock) != 0; }
  // Where the document went on; empty when it did not.
  std::string_view moved_to() const {
    return (flags & kMoved) != 0 ? document() : std::string_view();
  }
  std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), key_bytes}; }
  // REQUIRES: !body_in_log().
  std::string_view document() const {
    QUIRE_ASSERT(!body_in_log());
    return {reinterpret_cast<const char*>(this + 1) + key_bytes, document_bytes};
  }
  uint64_t block_bytes() const {
    return sizeof(Version) + key_bytes + (body_in_log() ? 0 : document_bytes);
  }
  // Of the region, for its block.
  uint64_t taken_bytes() const { return TakenBytes(block_bytes()); }
};
static_assert(sizeof(Version) == 64);
static_assert(offsetof(Version, older) == Session::kChainLinkOffset);
static_assert(static_cast<uint64_t>(VersionLink::Kind::kRegion) == Session::kChainLinkTag);

// What a new version is made of.
struct VersionContent {
  uint64_t xid = 0;
  uint32_t command = 0;
  uint32_t ordinal = 0;
  uint64_t hlc = 0;
  uint16_t origin = 0;
  bool tombstone = false;
  bool body_in_log = false;  // the document's bytes stay where they are; its size is noted
  bool lock = false;
  std::string_view key;
  std::string_view document;
  std::string_view moved_to;  // of a tombstone
};

// A new, unreachable version in the region, or null when memory is full. `version` and `older` are
// set when it is linked.
Version* NewVersion(Session* session, const VersionContent& content,
                    Allocator::Access access = Allocator::Access::kNormal);
// A new, unreachable copy of a version without its document, from the reserve if need be; null when
// there is no memory. REQUIRES: the version is moving, so that its link stands still.
Version* NewVersionWithoutBody(Session* session, const Version& from);

}  // namespace quire
