// What the tree's operations share: where keys are. For the tree's own sources only.
#pragma once

#include "engine/index/tree_node.h"

namespace quire {

// A leaf that is being read.
struct Tree::Leaf {
  TreeNode* node = nullptr;
  OptimisticRead read;
  TreeShape shape;
  TreePlace place = {};

  TreeSlot slot() const { return node->slot(shape, place.position); }
};

// A place between keys: before a key or, with `inclusive`, behind it; or the end of the tree.
struct Tree::UpperBound {
  const SearchKey* key;  // null: the end
  bool inclusive;

  // How many of a node's keys are before it. In an inner node that is also the child to go to: a
  // separator is the least key of the child behind it.
  uint32_t Position(const TreeNode& node, TreeShape shape) const {
    if (key == nullptr) return shape.count;
    const TreePlace place = node.Search(shape, *key);
    return place.position + (place.found && inclusive ? 1 : 0);
  }
};

}  // namespace quire
