// Erasing keys, and taking out nodes that have become empty.
//
// A leaf goes together with the nodes above it that have no other child. The lowest node that has
// one (the anchor) loses a separator, and a neighbour of what goes takes over its keys; without an
// anchor the whole tree is empty. Anchor and all that goes are held at once, so that nobody is on
// the way from one to the other; who still reads a node that is gone finds its version changed.
#include "absl/container/inlined_vector.h"
#include "engine/index/tree_leaf.h"

namespace quire {

struct Tree::EmptyPath {
  struct Link {
    TreeNode* node;
    OptimisticRead read;
  };

  bool empty = false;                 // whether there is anything to take out
  TreeNode* anchor = nullptr;         // null: the tree itself
  OptimisticRead anchor_read;         // of the anchor, or of the tree's root
  uint32_t position = 0;              // of the child that goes, among the anchor's
  absl::InlinedVector<Link, 4> gone;  // from the top down; the leaf is the last
};

namespace {

// Takes a child out of an inner node that has another one.
void RemoveChild(TreeNode* node, uint32_t position) {
  const TreeShape shape = node->shape();
  QUIRE_ASSERT(shape.level > 0 && shape.count > 0 && position <= shape.count);
  if (position > 0) {
    RemoveEntry(node, position - 1);
    return;
  }
  node->leftmost.store(node->Child(shape, 1), std::memory_order_relaxed);
  RemoveEntry(node, 0);
}

}  // namespace

bool Tree::EraseIf(std::string_view key, uint64_t payload, uint64_t mask) {
  const SearchKey search(key);
  Leaf leaf;
  VersionHold hold;
  if (!HoldEntry(search, payload, mask, &leaf, &hold)) return false;
  hold.MarkDirty();
  RemoveEntry(leaf.node, leaf.place.position);
  hold.Release();
  root_->entries.fetch_sub(1, std::memory_order_relaxed);
  if (leaf.shape.count == 1) UnlinkEmptyLeaf(search);
  return true;
}

bool Tree::FindEmptyLeaf(const SearchKey& key, EmptyPath* path) const {
  path->empty = false;
  path->anchor = nullptr;
  path->gone.clear();
  path->anchor_read = OptimisticRead(&root_->latch);
  uint64_t offset = root_->node.load(std::memory_order_acquire);
  if (!path->anchor_read.Valid()) return false;
  if (offset == 0) return true;
  for (;;) {
    TreeNode* node = NodeAt(session_->region(), offset);
    OptimisticRead read(&node->latch);
    if (!(path->gone.empty() ? path->anchor_read : path->gone.back().read).Valid()) return false;
    const TreeShape shape = node->shape();
    if (shape.level == 0) {
      path->empty = shape.count == 0;
      if (!read.Valid()) return false;
      path->gone.push_back({node, std::move(read)});
      return true;
    }
    const TreePlace place = node->Search(shape, key);
    const uint32_t position = place.position + (place.found ? 1 : 0);
    offset = node->Child(shape, position);
    if (!read.Valid()) return false;
    if (shape.count == 0) {
      path->gone.push_back({node, std::move(read)});
      continue;
    }
    path->anchor = node;
    path->anchor_read = std::move(read);
    path->position = position;
    path->gone.clear();
  }
}

bool Tree::TryUnlink(EmptyPath* path) {
  VersionHold anchor_hold;
  if (!path->anchor_read.Upgrade(&anchor_hold)) return false;
  absl::InlinedVector<VersionHold, 4> holds;
  for (EmptyPath::Link& link : path->gone) {
    VersionHold hold;
    if (!link.read.Upgrade(&hold)) return false;
    holds.push_back(std::move(hold));
  }
  anchor_hold.MarkDirty();
  if (path->anchor != nullptr) {
    RemoveChild(path->anchor, path->position);
  } else {
    root_->node.store(0, std::memory_order_release);
  }
  for (VersionHold& hold : holds) {
    hold.MarkDirty();
    hold.Release();
  }
  anchor_hold.Release();
  root_->nodes.fetch_sub(path->gone.size(), std::memory_order_relaxed);
  for (const EmptyPath::Link& link : path->gone) {
    session_->Retire(session_->region().RefOf(link.node).offset, Purpose::kIndexes);
  }
  return true;
}

void Tree::UnlinkEmptyLeaf(const SearchKey& key) {
  for (;;) {
    EmptyPath path;
    if (!FindEmptyLeaf(key, &path)) continue;
    if (!path.empty) return;
    if (TryUnlink(&path)) break;
  }
  LowerTop();
}

void Tree::LowerTop() {
  for (;;) {
    OptimisticRead root_read(&root_->latch);
    const uint64_t offset = root_->node.load(std::memory_order_acquire);
    if (!root_read.Valid()) continue;
    if (offset == 0) return;
    TreeNode* top = NodeAt(session_->region(), offset);
    OptimisticRead read(&top->latch);
    if (!root_read.Valid()) continue;
    const TreeShape shape = top->shape();
    if (!read.Valid()) continue;
    if (shape.level == 0 || shape.count > 0) return;
    VersionHold root_hold;
    VersionHold hold;
    if (!root_read.Upgrade(&root_hold) || !read.Upgrade(&hold)) continue;
    root_hold.MarkDirty();
    hold.MarkDirty();
    root_->node.store(top->leftmost.load(std::memory_order_relaxed), std::memory_order_release);
    hold.Release();
    root_hold.Release();
    root_->nodes.fetch_sub(1, std::memory_order_relaxed);
    session_->Retire(offset, Purpose::kIndexes);
  }
}

}  // namespace quire
