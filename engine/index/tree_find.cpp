// Descending to a key, and what needs no more than its leaf: finding, exchanging a payload, and the
// tree's figures.
#include "engine/index/tree_leaf.h"

namespace quire {

bool Tree::TryFindLeaf(const SearchKey& key, Leaf* leaf, bool* empty) const {
  const Region& region = session_->region();
  OptimisticRead above(&root_->latch);
  uint64_t offset = root_->node.load(std::memory_order_acquire);
  if (!above.Valid()) return false;
  *empty = offset == 0;
  if (*empty) return true;
  for (;;) {
    TreeNode* node = NodeAt(region, offset);
    OptimisticRead read(&node->latch);
    // Only now is it sure that this node was still the key's when its reading began.
    if (!above.Valid()) return false;
    const TreeShape shape = node->shape();
    const TreePlace place = node->Search(shape, key);
    if (shape.level == 0) {
      leaf->node = node;
      leaf->read = std::move(read);
      leaf->shape = shape;
      leaf->place = place;
      return true;
    }
    // A separator is the least key of the child behind it.
    offset = node->Child(shape, place.position + (place.found ? 1 : 0));
    if (!read.Valid()) return false;
    if (shape.level == 1) PrefetchNode(NodeAt(region, offset));
    above = std::move(read);
  }
}

bool Tree::FindLeaf(const SearchKey& key, Leaf* leaf) const {
  bool empty = false;
  while (!TryFindLeaf(key, leaf, &empty)) {
  }
  return !empty;
}

void Tree::FetchLeaf(std::string_view key) const {
  const SearchKey search(key);
  const Region& region = session_->region();
  uint64_t offset = root_->node.load(std::memory_order_acquire);
  // Nobody builds on what is read here: a node that changes meanwhile, or has left the tree since
  // the caller's pin began, still is one, because its block is not freed before the pin ends; but
  // only what is read in one state leads on.
  while (offset != 0) {
    TreeNode* node = NodeAt(region, offset);
    OptimisticRead read(&node->latch);
    const TreeShape shape = node->shape();
    if (shape.level == 0) return;
    const TreePlace place = node->Search(shape, search);
    offset = node->Child(shape, place.position + (place.found ? 1 : 0));
    if (!read.Valid()) return;
    if (shape.level == 1) return PrefetchNode(NodeAt(region, offset));
  }
}

bool Tree::Find(std::string_view key, uint64_t* payload) const {
  const SearchKey search(key);
  for (;;) {
    Leaf leaf;
    if (!FindLeaf(search, &leaf)) return false;
    uint64_t found = 0;
    if (leaf.place.found) found = leaf.node->payload(leaf.slot());
    if (!leaf.read.Valid()) continue;
    if (leaf.place.found) *payload = found;
    return leaf.place.found;
  }
}

bool Tree::HoldEntry(const SearchKey& key, uint64_t payload, uint64_t mask, Leaf* leaf,
                     VersionHold* hold) const {
  for (;;) {
    *leaf = Leaf();
    if (!FindLeaf(key, leaf)) return false;
    uint64_t found = 0;
    if (leaf->place.found) found = leaf->node->payload(leaf->slot());
    if (!leaf->place.found || ((found ^ payload) & mask) != 0) {
      if (leaf->read.Valid()) return false;
      continue;
    }
    if (leaf->read.Upgrade(hold)) return true;
  }
}

bool Tree::UpdatePayload(std::string_view key, uint64_t expected, uint64_t desired) {
  Leaf leaf;
  VersionHold hold;
  if (!HoldEntry(SearchKey(key), expected, UINT64_MAX, &leaf, &hold)) return false;
  hold.MarkDirty();
  leaf.node->set_payload(leaf.slot(), desired);
  hold.Release();
  return true;
}

Tree::Statistics Tree::statistics() const {
  Statistics result = {.entries = root_->entries.load(std::memory_order_relaxed),
                       .nodes = root_->nodes.load(std::memory_order_relaxed)};
  result.bytes = result.nodes * kNodeBytes;
  const uint64_t node = root_->node.load(std::memory_order_acquire);
  if (node != 0) result.height = NodeAt(session_->region(), node)->shape().level + 1u;
  return result;
}

void Tree::FreeAll() {
  const Region& region = session_->region();
  // From the bottom up along a path that is no longer than the tree is high: where each node on it
  // stands in its parent.
  uint64_t nodes[kLevelsMax];
  uint32_t next[kLevelsMax];
  uint32_t depth = 0;
  const uint64_t root = root_->node.load(std::memory_order_relaxed);
  if (root == 0) return;
  nodes[0] = root;
  next[0] = 0;
  for (;;) {
    const TreeNode* node = NodeAt(region, nodes[depth]);
    const TreeShape shape = node->shape();
    if (shape.level > 0 && next[depth] <= shape.count) {
      QUIRE_CHECK(depth + 1 < kLevelsMax);
      nodes[depth + 1] = node->Child(shape, next[depth]++);
      next[++depth] = 0;
      continue;
    }
    session_->FreeNow(nodes[depth], Purpose::kIndexes);
    if (depth == 0) break;
    --depth;
  }
  root_->node.store(0, std::memory_order_relaxed);
  root_->entries.store(0, std::memory_order_relaxed);
  root_->nodes.store(0, std::memory_order_relaxed);
}

}  // namespace quire
