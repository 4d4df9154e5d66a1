#include "engine/store/range_cursor.h"

#include "engine/base/check.h"

namespace quire {

void RangeCursor::Begin(const KeyRange& range, bool backward) {
  lower_ = range.lower;
  lower_inclusive_ = range.lower_inclusive;
  bounded_ = range.upper.has_value();
  upper_ = range.upper.value_or(std::string_view());
  upper_inclusive_ = range.upper_inclusive;
  backward_ = backward;
  tree_at_end_ = false;
  // Whatever an earlier scan left is not of this range.
  next_entry_ = entries_.size();
}

void RangeCursor::Refill(const Tree& tree) {
  QUIRE_ASSERT(NothingLeft() && !tree_at_end_);
  KeyRange range{.lower = lower_,
                 .lower_inclusive = lower_inclusive_,
                 .upper = {},
                 .upper_inclusive = upper_inclusive_};
  if (bounded_) range.upper = upper_;
  if (backward_) {
    tree.ScanBackward(range, &entries_);
  } else {
    tree.Scan(range, &entries_);
  }
  next_entry_ = 0;
  tree_at_end_ = entries_.at_end();
  if (tree_at_end_) return;
  if (backward_) {
    bounded_ = true;
    upper_ = entries_.next_upper();
    upper_inclusive_ = false;
  } else {
    lower_ = entries_.next_lower();
    lower_inclusive_ = true;
  }
}

}  // namespace quire
