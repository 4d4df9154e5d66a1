// Making room: a full node is split in two, its parent first when that is full as well.
//
// Every split is a whole change of its own that leaves a sound tree: the new node becomes reachable
// through the parent in the same hold that takes its keys away from the old one. New nodes are
// allocated before any latch is taken.
#include "engine/index/tree_leaf.h"

#include "engine/base/status.h"

namespace quire {

// Nodes allocated and not yet used; what is left over is given back.
class Tree::Spares {
 public:
  explicit Spares(Session* session) : session_(session) {}
  ~Spares() {
    while (count_ > 0) session_->FreeNow(blocks_[--count_], Purpose::kIndexes);
  }
  Spares(const Spares&) = delete;
  Spares& operator=(const Spares&) = delete;

  // Makes sure that there are `count`, at most two. False when memory is full.
  [[nodiscard]] bool Fill(uint32_t count) {
    while (count_ < count) {
      const uint64_t block = session_->Allocate(kNodeBytes, Purpose::kIndexes);
      if (block == 0) return false;
      blocks_[count_++] = block;
    }
    return true;
  }
  uint64_t Take() {
    QUIRE_CHECK(count_ > 0);
    return blocks_[--count_];
  }

 private:
  Session* const session_;
  uint64_t blocks_[2];
  uint32_t count_ = 0;
};

// What there must be room for: the key itself in its leaf, or the separator of a lower node.
struct Tree::SplitNeed {
  uint32_t level;
  SearchKey entry;
};

// A node, and the one above it, on the way to a key.
struct Tree::SplitPath {
  TreeNode* parent = nullptr;  // null: the node is the topmost one
  TreeNode* node = nullptr;
  OptimisticRead parent_read;  // of the parent, or of the tree's root
  OptimisticRead read;
  VersionHold parent_hold;
  VersionHold hold;
  uint32_t parent_position = 0;  // of the node among the parent's children
  bool rightmost = true;         // nothing in the tree is behind the node
};

namespace {

// The shortest key that is above `left` and not above `right`.
// REQUIRES: left < right.
std::string_view ShortestSeparator(std::string_view left, std::string_view right) {
  const size_t limit = std::min(left.size(), right.size());
  size_t n = 0;
  while (n < limit && left[n] == right[n]) ++n;
  return right.substr(0, n + 1);
}

// Where a full node is best cut.
struct Cut {
  uint32_t at;
  bool after_key;   // the key that needs the room follows the last entry that stays
  bool before_key;  // … precedes the first entry that goes
};

// Keys that come in order fill one node after the other: the cut is where the next one will stand.
// Else both halves get the same number of bytes.
Cut ChooseCut(const TreeNode& node, uint32_t position, bool rightmost) {
  constexpr int kRunMin = 8;
  const uint32_t count = node.shape().count;
  const bool leaf = node.shape().level == 0;
  if (!leaf) {
    // At the end the last child alone moves.
    if (rightmost && position == count) return {.at = count - 1};
    return {.at = std::min(MiddleOf(node), count - 1)};
  }
  const bool near_end = rightmost && position > count - count / 8;
  if (position > 0 && (node.run >= kRunMin || near_end)) return {.at = position, .after_key = true};
  if (position < count && node.run <= -kRunMin) return {.at = position, .before_key = true};
  return {.at = MiddleOf(node)};
}

}  // namespace

// False on a conflict. Without such a node, since the tree is not as high any more, path->node is
// null.
bool Tree::FindForSplit(const SearchKey& key, uint32_t level, SplitPath* path) const {
  const Region& region = session_->region();
  path->parent_read = OptimisticRead(&root_->latch);
  uint64_t offset = root_->node.load(std::memory_order_acquire);
  if (!path->parent_read.Valid()) return false;
  path->node = nullptr;
  for (;;) {
    if (offset == 0) return true;
    path->node = NodeAt(region, offset);
    path->read = OptimisticRead(&path->node->latch);
    if (!path->parent_read.Valid()) return false;
    const TreeShape shape = path->node->shape();
    if (shape.level == level) return true;
    if (shape.level < level) {
      // Levels fall by one with each step, so this is the topmost node of a tree that got lower.
      path->node = nullptr;
      return true;
    }
    const TreePlace place = path->node->Search(shape, key);
    const uint32_t position = place.position + (place.found ? 1 : 0);
    offset = path->node->Child(shape, position);
    if (!path->read.Valid()) return false;
    path->rightmost = path->rightmost && position == shape.count;
    path->parent_position = position;
    path->parent = path->node;
    path->parent_read = std::move(path->read);
  }
}

Tree::SplitOutcome Tree::SplitHeld(SplitNeed* need, SplitPath* path, Spares* spares) {
  const Region& region = session_->region();
  TreeNode* node = path->node;
  const TreeShape shape = node->shape();
  // Another session may have split it in the meantime, or entered the same key.
  if (RoomFor(*node, need->entry) != TreeRoom::kNone) return SplitOutcome::kDone;
  const TreePlace place = node->Search(shape, need->entry);
  if (place.found) return SplitOutcome::kDone;
  const Cut cut = ChooseCut(*node, place.position, path->rightmost);

  char left_buffer[kNodeKeyRoom];
  char right_buffer[kNodeKeyRoom];
  std::string_view left = need->entry.view();
  std::string_view right = need->entry.view();
  if (!cut.before_key && shape.level == 0) {
    left = {left_buffer, node->CopyKey(shape, cut.at - 1, left_buffer)};
  }
  if (!cut.after_key) right = {right_buffer, node->CopyKey(shape, cut.at, right_buffer)};
  const SearchKey separator(shape.level > 0 ? right : ShortestSeparator(left, right));
  // What the next keys in order will most likely begin with.
  const std::string_view guess =
      shape.level > 0 ? std::string_view() : separator.view().substr(0, separator.size() - 1);

  TreeRoom parent_room = TreeRoom::kDirect;
  if (path->parent != nullptr) {
    parent_room = RoomFor(*path->parent, separator);
    if (parent_room == TreeRoom::kNone) {
      need->entry = separator;
      return SplitOutcome::kParentFull;
    }
  }

  path->parent_hold.MarkDirty();
  path->hold.MarkDirty();
  const uint64_t right_block = spares->Take();
  TreeNode* right_node = NodeAt(region, right_block);
  new (right_node) TreeNode();
  SplitNode(node, cut.at, guess, right_node);
  if (path->parent != nullptr) {
    InsertEntry(path->parent, parent_room, separator, path->parent_position, right_block);
    root_->nodes.fetch_add(1, std::memory_order_relaxed);
  } else {
    const uint64_t top_block = spares->Take();
    TreeNode* top = NodeAt(region, top_block);
    new (top) TreeNode();
    InitNode(top, shape.level + 1u, {});
    top->leftmost.store(region.RefOf(node).offset, std::memory_order_relaxed);
    InsertEntry(top, RoomFor(*top, separator), separator, 0, right_block);
    root_->node.store(top_block, std::memory_order_release);
    root_->nodes.fetch_add(2, std::memory_order_relaxed);
  }
  path->hold.Release();
  path->parent_hold.Release();
  return SplitOutcome::kDone;
}

Tree::SplitOutcome Tree::SplitAtLevel(const SearchKey& key, SplitNeed* need, Spares* spares) {
  SplitPath path;
  if (!FindForSplit(key, need->level, &path)) return SplitOutcome::kConflict;
  // There is room below then; the caller looks anew.
  if (path.node == nullptr) return SplitOutcome::kDone;
  // The topmost node gets a new one above it.
  if (!spares->Fill(path.parent == nullptr ? 2 : 1)) return SplitOutcome::kMemoryFull;
  if (!path.parent_read.Upgrade(&path.parent_hold) || !path.read.Upgrade(&path.hold)) {
    return SplitOutcome::kConflict;
  }
  return SplitHeld(need, &path, spares);
}

absl::Status Tree::Split(const SearchKey& key) {
  Spares spares(session_);
  SplitNeed need = {.level = 0, .entry = key};
  for (;;) {
    switch (SplitAtLevel(key, &need, &spares)) {
      case SplitOutcome::kDone:
        if (need.level == 0) return absl::OkStatus();
        need = {.level = 0, .entry = key};
        break;
      case SplitOutcome::kConflict:
        break;
      case SplitOutcome::kParentFull:
        ++need.level;
        break;
      case SplitOutcome::kMemoryFull:
        return absl::ResourceExhaustedError("no memory left for an index");
    }
  }
}

}  // namespace quire
