// The range of keys that a scan reads: the operands of its conditions (range_clause.h), evaluated
// once for each (re)scan, as encoded keys. Backends.
#pragma once

#include <string>

#include "engine/index/tree.h"
#include "extension/plain_value.h"
#include "extension/range_clause.h"
#include "extension/table_map.h"

namespace quire {

// A bound, taken apart; an operand that is NULL is of that kind. Trivially destructible.
struct RangeOperand {
  BoundKind kind = BoundKind::kLess;
  PlainValue value;
};

// One owner, inside a door.
class RangeBounds {
 public:
  // All keys.
  void Clear();
  // Narrows the range; NULL makes it empty. REQUIRES: the planner accepted the operand's type.
  void Add(const RangeOperand& operand, ScalarType key_type);

  // Whether no key can be within. Then range() must not be asked for.
  bool empty() const;
  // Valid until the next change.
  KeyRange range() const;

 private:
  void RaiseLower(std::string_view key, bool inclusive);
  void CutUpper(std::string_view key, bool inclusive);

  KeyWriter key_;
  std::string lower_;
  std::string upper_;
  bool lower_inclusive_ = true;
  bool upper_inclusive_ = false;
  bool bounded_ = false;  // above
  bool nothing_ = false;
};

}  // namespace quire
