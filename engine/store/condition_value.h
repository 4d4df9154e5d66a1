// The values that a condition compares: what a column shows of a document, or a constant, in the
// form in which they are compared. For condition.cpp; one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/decimal.h"
#include "engine/store/collection.h"
#include "engine/store/condition_program.h"
#include "engine/store/value.h"

namespace quire {

// A value of one kind of comparison. Points into the document, or into its owner.
struct ComparableValue {
  bool is_null = true;
  int32_t exponent = 0;            // of a number whose coefficient fits `integer`
  int64_t integer = 0;             // an integer, or a number's coefficient
  double real = 0;                 // a real
  const Decimal* large = nullptr;  // a number that does not fit
  std::string_view bytes;
};

// Negative, zero or positive, as a stands to b. REQUIRES: neither is NULL.
template <typename T>
int Order(T a, T b) {
  return (a > b) - (a < b);
}
int CompareReals(double a, double b);
int CompareNumbers(const ComparableValue& a, const ComparableValue& b);
int CompareBytes(std::string_view a, std::string_view b);

// A number in its comparable form; `large` holds it when it must.
void SetNumber(const Decimal& decimal, Decimal* large, ComparableValue* value);

// One column, read from one document after the other.
class ColumnReader {
 public:
  explicit ColumnReader(const ConditionColumn& column) : column_(column) {}
  ColumnReader(ColumnReader&&) = default;

  // What the column shows; valid until the next call, and as long as the row's document.
  void Read(const DocumentRow& row, ComparableValue* value);

 private:
  bool ReadShown(ValueView shown, ComparableValue* value);
  bool ReadInteger(ValueView shown, int64_t min, int64_t max, ComparableValue* value);
  bool ReadNumber(ValueView shown, ComparableValue* value);
  bool ReadText(ValueView shown, ComparableValue* value);
  bool ReadMoment(std::optional<int64_t> microseconds, ComparableValue* value) const;

  const ConditionColumn column_;
  PathHints hints_;
  // What does not lie in the document as it is compared. `large_` is on the heap because its place
  // must not change.
  std::string memory_;
  std::unique_ptr<Decimal> large_;
};

}  // namespace quire
