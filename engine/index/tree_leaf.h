// What the tree's operations share: where a key's leaf is. For the tree's own sources only.
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

}  // namespace quire
