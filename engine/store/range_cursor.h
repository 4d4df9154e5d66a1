// Where a scan of a range of keys stands, in either direction: between two batches it holds a few
// entries copied out of the primary tree, and the key from which the next descent goes on.
//
// One owner; Collection::NextBatchInRange moves it. Nothing in the region is held between calls.
#pragma once

#include <string>

#include "engine/index/tree.h"

namespace quire {

class RangeCursor {
 public:
  RangeCursor() noexcept : entries_(kEntriesPerDescent) {}

  // Before the first key of the range, or behind its last one. The bounds are copied.
  void Begin(const KeyRange& range, bool backward = false);

 private:
  friend class Collection;

  // Entries of one descent: about as many as a leaf has.
  static constexpr size_t kEntriesPerDescent = 128;

  bool NothingLeft() const { return next_entry_ == entries_.size(); }
  // Reads on in the tree. REQUIRES: nothing is left, under a pin.
  void Refill(const Tree& tree);

  std::string lower_;
  std::string upper_;
  bool lower_inclusive_ = true;
  bool upper_inclusive_ = false;
  bool bounded_ = false;  // whether there is an upper bound
  bool backward_ = false;
  bool tree_at_end_ = true;
  TreeScanBatch entries_;
  size_t next_entry_ = 0;
};

}  // namespace quire
