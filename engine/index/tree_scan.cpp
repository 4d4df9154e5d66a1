// Reading keys in order: one leaf after the other, found anew from the top each time by the least
// key that the next one may hold.
#include <cstring>

#include "engine/index/tree_leaf.h"

namespace quire {

namespace {

// Leaves that one call looks at: more only where many were emptied.
constexpr uint32_t kLeavesPerScan = 64;

}  // namespace

char* TreeScanBatch::Reserve(size_t length) {
  if (keys_capacity_ - keys_used_ < length) {
    const size_t capacity = std::max(keys_capacity_ * 2, keys_used_ + length + 4096);
    auto keys = std::make_unique_for_overwrite<char[]>(capacity);
    if (keys_used_ > 0) std::memcpy(keys.get(), keys_.get(), keys_used_);
    keys_ = std::move(keys);
    keys_capacity_ = capacity;
  }
  return keys_.get() + keys_used_;
}

// A leaf, and where the next one in the direction of the scan begins: a separator above the path to
// it. Forward that is the least key behind the leaf, backward the least that the leaf may hold.
struct Tree::BoundedLeaf {
  Leaf leaf;
  bool last = true;  // there is no next one
  uint32_t fence_size = 0;
  char fence[kNodeKeyRoom];
};

bool Tree::TryFindBoundedLeaf(const UpperBound& place, bool forward, BoundedLeaf* out) const {
  const Region& region = session_->region();
  // A separator is the least key of the child behind it: a scan that begins with that key goes
  // there, one that is to stay before it goes to the child in front.
  const UpperBound in_inner_nodes{.key = place.key, .inclusive = place.inclusive || forward};
  OptimisticRead above(&root_->latch);
  uint64_t offset = root_->node.load(std::memory_order_acquire);
  if (!above.Valid()) return false;
  out->leaf.node = nullptr;
  out->last = true;
  if (offset == 0) return true;
  for (;;) {
    TreeNode* node = NodeAt(region, offset);
    OptimisticRead read(&node->latch);
    if (!above.Valid()) return false;
    const TreeShape shape = node->shape();
    if (shape.level == 0) {
      out->leaf.node = node;
      out->leaf.read = std::move(read);
      out->leaf.shape = shape;
      out->leaf.place = {.position = place.Position(*node, shape), .found = false};
      return true;
    }
    const uint32_t position = in_inner_nodes.Position(*node, shape);
    if (forward ? position < shape.count : position > 0) {
      out->fence_size = node->CopyKey(shape, forward ? position : position - 1, out->fence);
      out->last = false;
    }
    offset = node->Child(shape, position);
    if (!read.Valid()) return false;
    if (shape.level == 1) PrefetchNode(NodeAt(region, offset));
    above = std::move(read);
  }
}

void Tree::CopyEntry(const Leaf& leaf, uint32_t i, TreeScanBatch* batch) {
  const TreeSlot slot = leaf.node->slot(leaf.shape, i);
  char* key = batch->Reserve(kNodeKeyRoom);
  leaf.node->CopyPrefix(leaf.shape, key);
  const uint32_t length =
      leaf.shape.prefix_bytes + leaf.node->CopySuffix(slot, key + leaf.shape.prefix_bytes);
  batch->entries_.push_back({.payload = leaf.node->payload(slot),
                             .offset = static_cast<uint32_t>(batch->keys_used_),
                             .length = length});
  batch->keys_used_ += length;
}

bool Tree::ScanLeaf(const UpperBound& lower, const KeyRange& range, TreeScanBatch* batch) const {
  BoundedLeaf bounded;
  if (!TryFindBoundedLeaf(lower, /*forward=*/true, &bounded)) return false;
  batch->at_end_ = true;
  if (bounded.leaf.node == nullptr) return true;
  const TreeNode* node = bounded.leaf.node;
  const TreeShape shape = bounded.leaf.shape;

  uint32_t end = shape.count;
  if (range.upper.has_value()) {
    const TreePlace place = node->Search(shape, SearchKey(*range.upper));
    end = place.position + (place.found && range.upper_inclusive ? 1 : 0);
  }
  const size_t entries_before = batch->entries_.size();
  const size_t keys_before = batch->keys_used_;
  const uint32_t first = bounded.leaf.place.position;
  const auto room = static_cast<uint32_t>(
      std::min<size_t>(batch->entries_max_ - entries_before, kNodeEntriesMax));
  uint32_t i = first;
  for (; i < end && i - first < room; ++i) CopyEntry(bounded.leaf, i, batch);
  if (!bounded.leaf.read.Valid()) {
    batch->entries_.resize(entries_before);
    batch->keys_used_ = keys_before;
    return false;
  }

  if (i < end) {
    // Full: on from the least key behind the last one.
    const TreeScanBatch::Entry& last = batch->entries_.back();
    batch->next_.assign(batch->keys_.get() + last.offset, last.length);
    batch->next_.push_back('\0');
    batch->at_end_ = false;
  } else if (end == shape.count && !bounded.last) {
    const std::string_view fence(bounded.fence, bounded.fence_size);
    batch->at_end_ = range.upper.has_value() &&
                     (fence > *range.upper || (fence == *range.upper && !range.upper_inclusive));
    if (!batch->at_end_) batch->next_ = fence;
  }
  return true;
}

size_t Tree::Scan(const KeyRange& range, TreeScanBatch* batch) const {
  QUIRE_CHECK(batch->entries_max_ > 0);
  batch->entries_.clear();
  batch->keys_used_ = 0;
  SearchKey key(range.lower);
  UpperBound lower{.key = &key, .inclusive = !range.lower_inclusive};
  for (uint32_t leaves = 0; leaves < kLeavesPerScan; ++leaves) {
    while (!ScanLeaf(lower, range, batch)) {
    }
    if (batch->at_end_ || batch->entries_.size() >= batch->entries_max_) break;
    key = SearchKey(batch->next_);
    lower.inclusive = false;
  }
  return batch->entries_.size();
}

bool Tree::ScanLeafBackward(const UpperBound& upper, const KeyRange& range,
                            TreeScanBatch* batch) const {
  BoundedLeaf bounded;
  if (!TryFindBoundedLeaf(upper, /*forward=*/false, &bounded)) return false;
  batch->at_end_ = true;
  if (bounded.leaf.node == nullptr) return true;
  const TreePlace place = bounded.leaf.node->Search(bounded.leaf.shape, SearchKey(range.lower));
  const uint32_t begin = place.position + (place.found && !range.lower_inclusive ? 1 : 0);

  const size_t entries_before = batch->entries_.size();
  const size_t keys_before = batch->keys_used_;
  const auto room = static_cast<uint32_t>(
      std::min<size_t>(batch->entries_max_ - entries_before, kNodeEntriesMax));
  uint32_t i = bounded.leaf.place.position;
  for (uint32_t n = 0; i > begin && n < room; ++n) CopyEntry(bounded.leaf, --i, batch);
  if (!bounded.leaf.read.Valid()) {
    batch->entries_.resize(entries_before);
    batch->keys_used_ = keys_before;
    return false;
  }

  if (i > begin) {
    const TreeScanBatch::Entry& last = batch->entries_.back();
    batch->next_.assign(batch->keys_.get() + last.offset, last.length);
    batch->at_end_ = false;
  } else if (begin == 0 && !bounded.last) {
    const std::string_view fence(bounded.fence, bounded.fence_size);
    batch->at_end_ = fence <= range.lower;
    if (!batch->at_end_) batch->next_ = fence;
  }
  return true;
}

size_t Tree::ScanBackward(const KeyRange& range, TreeScanBatch* batch) const {
  QUIRE_CHECK(batch->entries_max_ > 0);
  batch->entries_.clear();
  batch->keys_used_ = 0;
  SearchKey key(range.upper.value_or(std::string_view()));
  UpperBound upper{.key = range.upper.has_value() ? &key : nullptr,
                   .inclusive = range.upper_inclusive};
  for (uint32_t leaves = 0; leaves < kLeavesPerScan; ++leaves) {
    while (!ScanLeafBackward(upper, range, batch)) {
    }
    if (batch->at_end_ || batch->entries_.size() >= batch->entries_max_) break;
    key = SearchKey(batch->next_);
    upper = {.key = &key, .inclusive = false};
  }
  return batch->entries_.size();
}

}  // namespace quire
