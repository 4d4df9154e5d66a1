// Entering keys.
#include "engine/index/tree_leaf.h"

#include "engine/base/status.h"

namespace quire {

absl::Status Tree::CreateFirstLeaf() {
  const uint64_t block = session_->Allocate(kNodeBytes, Purpose::kIndexes);
  if (block == 0) return absl::ResourceExhaustedError("no memory left for an index");
  TreeNode* leaf = NodeAt(session_->region(), block);
  new (leaf) TreeNode();
  InitNode(leaf, 0, {});
  OptimisticRead read(&root_->latch);
  VersionHold hold;
  if (root_->node.load(std::memory_order_acquire) != 0 || !read.Upgrade(&hold)) {
    // Somebody else was faster, or is about to be.
    session_->FreeNow(block, Purpose::kIndexes);
    return absl::OkStatus();
  }
  hold.MarkDirty();
  root_->node.store(block, std::memory_order_release);
  root_->nodes.fetch_add(1, std::memory_order_relaxed);
  hold.Release();
  return absl::OkStatus();
}

absl::StatusOr<Tree::InsertResult> Tree::InsertIfAbsent(std::string_view key, uint64_t payload) {
  QUIRE_CHECK(key.size() <= kKeyBytesMax);
  const SearchKey search(key);
  for (;;) {
    {
      Leaf leaf;
      if (!FindLeaf(search, &leaf)) {
        QUIRE_RETURN_IF_ERROR(CreateFirstLeaf());
        continue;
      }
      if (leaf.place.found) {
        const uint64_t present = leaf.node->payload(leaf.slot());
        if (leaf.read.Valid()) return InsertResult{.inserted = false, .payload = present};
        continue;
      }
      VersionHold hold;
      if (!leaf.read.Upgrade(&hold)) continue;
      const TreeRoom room = RoomFor(*leaf.node, search);
      if (room != TreeRoom::kNone) {
        hold.MarkDirty();
        InsertEntry(leaf.node, room, search, leaf.place.position, payload);
        hold.Release();
        root_->entries.fetch_add(1, std::memory_order_relaxed);
        return InsertResult{.inserted = true, .payload = payload};
      }
    }
    QUIRE_RETURN_IF_ERROR(Split(search));
  }
}

}  // namespace quire
