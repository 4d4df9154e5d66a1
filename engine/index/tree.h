// An ordered map from byte strings (encoded keys, compared by memcmp) to 64-bit payloads, in the
// region: a B+tree with optimistic latch coupling (V. Leis et al., "The ART of practical
// synchronization", 2016), whose nodes keep their keys' common prefix once (R. Bayer, K. Unterauer,
// "Prefix B-trees", 1977; G. Graefe, "Modern B-tree techniques", 2011).
//
// A Tree is a process-local handle, copied freely; any number of sessions work on one TreeRoot at
// the same time. Every call is made under a Session::Pin of the caller and holds no latch when it
// returns. Readers write nothing shared. Whatever a change needs is allocated before its first
// store under a latch: kResourceExhausted leaves the tree as it was. A leaf that becomes empty is
// taken out at once ("free at empty": T. Johnson, D. Shasha, "B-trees with inserts and deletes: why
// free-at-empty is better than merge-at-half", 1993) and freed when no pin can see it; neighbours
// are never merged. There are no links between leaves: a scan descends again for each leaf.
//
// The payload is opaque here; collections keep the document number in its low half and a hint at
// the document's version in its high half.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/index/key.h"
#include "engine/memory/session.h"
#include "engine/memory/version_latch.h"

namespace quire {

class SearchKey;

// The part in the region, embedded in what owns the tree. All zero is an empty tree.
struct TreeRoot {
  VersionLatch latch;             // guards `node`
  std::atomic<uint64_t> node;     // offset of the topmost node, 0 while the tree is empty
  std::atomic<uint64_t> entries;  // exact when nobody writes
  std::atomic<uint64_t> nodes;
};
static_assert(sizeof(TreeRoot) == 32);

// Keys from `lower` on, as far as `upper`.
struct KeyRange {
  std::string_view lower = {};
  bool lower_inclusive = true;
  std::optional<std::string_view> upper = {};  // none: to the end
  bool upper_inclusive = false;
};

// A reusable block of entries, copied out of the tree.
class TreeScanBatch {
 public:
  explicit TreeScanBatch(size_t entries_max) : entries_max_(entries_max) {}

  size_t size() const { return entries_.size(); }
  // Valid until the next scan into this batch.
  std::string_view key(size_t i) const {
    return {keys_.get() + entries_[i].offset, entries_[i].length};
  }
  uint64_t payload(size_t i) const { return entries_[i].payload; }

  // Whether the range ends with this batch. If not, the scan goes on: forward from `next_lower`,
  // inclusive, backward from `next_upper`, exclusive. An empty batch is no end.
  bool at_end() const { return at_end_; }
  const std::string& next_lower() const { return next_; }
  const std::string& next_upper() const { return next_; }

 private:
  friend class Tree;
  struct Entry {
    uint64_t payload;
    uint32_t offset;
    uint32_t length;
  };
  // Room for one more key of `length` bytes, not counted in yet.
  char* Reserve(size_t length);

  const size_t entries_max_;
  std::vector<Entry> entries_;
  std::unique_ptr<char[]> keys_;
  size_t keys_capacity_ = 0;
  size_t keys_used_ = 0;
  std::string next_;
  bool at_end_ = true;
};

class Tree {
 public:
  // REQUIRES: both outlive the handle.
  Tree(Session* session, TreeRoot* root) : session_(session), root_(root) {}

  // REQUIRES for all that take a key: key.size() <= kKeyBytesMax; all calls under a pin.

  // The payload of `key`; false when it is absent.
  [[nodiscard]] bool Find(std::string_view key, uint64_t* payload) const;

  // Asks for the memory of the leaf in which `key` is or would be, so that it is there when the key
  // comes.
  void FetchLeaf(std::string_view key) const;

  struct InsertResult {
    bool inserted = false;
    uint64_t payload = 0;  // what the tree holds for the key now
  };
  // Errors: kResourceExhausted when memory is full.
  absl::StatusOr<InsertResult> InsertIfAbsent(std::string_view key, uint64_t payload);

  // Replaces the payload of `key` if it is there and is `expected`. Returns whether it did.
  bool UpdatePayload(std::string_view key, uint64_t expected, uint64_t desired);

  // Removes `key`. Returns whether it was there. Retires at most kLevelsMax nodes, nearly always
  // one or none.
  bool Erase(std::string_view key) { return EraseIf(key, 0, 0); }
  // The same, if those bits of its payload that are set in `mask` are those of `payload`.
  bool EraseIf(std::string_view key, uint64_t payload, uint64_t mask);

  // Fills the batch (cleared first) with the next entries of the range, in order, after looking at
  // a bounded number of leaves. Each leaf is read in one consistent state, the whole batch need not
  // be. Returns the number of entries.
  size_t Scan(const KeyRange& range, TreeScanBatch* batch) const;
  // The same from the range's end, in descending order.
  size_t ScanBackward(const KeyRange& range, TreeScanBatch* batch) const;

  // About how many entries a range has: exact when it lies within a few leaves and nobody writes,
  // else from the separators along its two ends and a bounded number of nodes between them.
  double EstimateEntries(const KeyRange& range) const;

  struct Statistics {
    uint64_t entries = 0;  // exact when nobody writes
    uint64_t nodes = 0;
    uint64_t bytes = 0;
    uint32_t height = 0;  // levels; 0 when nothing was ever inserted
  };
  Statistics statistics() const;

  // Frees all nodes at once and leaves an empty tree. REQUIRES: nobody else sees the tree.
  void FreeAll();

 private:
  struct Leaf;
  struct BoundedLeaf;
  struct UpperBound;
  struct SplitPath;
  struct SplitNeed;
  struct EmptyPath;
  class Spares;
  enum class SplitOutcome : uint8_t { kDone, kConflict, kParentFull, kMemoryFull };

  // The leaf for `key` and the place of it there, to be believed when the leaf's read is valid.
  // False when the tree has no node yet.
  bool FindLeaf(const SearchKey& key, Leaf* leaf) const;
  bool TryFindLeaf(const SearchKey& key, Leaf* leaf, bool* empty) const;
  // Holds the leaf of `key`. False when the key is absent, or when those bits of its payload that
  // are set in `mask` are not those of `payload`.
  bool HoldEntry(const SearchKey& key, uint64_t payload, uint64_t mask, Leaf* leaf,
                 VersionHold* hold) const;
  absl::Status CreateFirstLeaf();
  // Makes room for `key` in its leaf.
  absl::Status Split(const SearchKey& key);
  SplitOutcome SplitAtLevel(const SearchKey& key, SplitNeed* need, Spares* spares);
  bool FindForSplit(const SearchKey& key, uint32_t level, SplitPath* path) const;
  SplitOutcome SplitHeld(SplitNeed* need, SplitPath* path, Spares* spares);
  // Takes the leaf for `key` out of the tree if it is empty, with all nodes above that would be
  // empty without it.
  void UnlinkEmptyLeaf(const SearchKey& key);
  bool FindEmptyLeaf(const SearchKey& key, EmptyPath* path) const;
  bool TryUnlink(EmptyPath* path);
  // Takes topmost nodes with a single child out.
  void LowerTop();
  // The leaf on one side of a place between keys, where a scan goes on forward or backward from
  // there; false on a conflict.
  bool TryFindBoundedLeaf(const UpperBound& place, bool forward, BoundedLeaf* out) const;
  struct EdgePath;
  bool TryFindEdge(const UpperBound& bound, EdgePath* path) const;
  static void CopyEntry(const Leaf& leaf, uint32_t i, TreeScanBatch* batch);
  // Appends what the leaf behind `lower` has; false on a conflict.
  bool ScanLeaf(const UpperBound& lower, const KeyRange& range, TreeScanBatch* batch) const;
  bool ScanLeafBackward(const UpperBound& upper, const KeyRange& range, TreeScanBatch* batch) const;

  Session* session_;
  TreeRoot* root_;
};

}  // namespace quire
