// A condition on documents, evaluated on their encoded form: comparisons of what columns show with
// constants or with each other, joined in three-valued logic, with the server's meaning.
//
// One owner, one thread, for as long as a scan lasts. Holds() asks nobody, waits for nothing and
// cannot fail, so it runs under an epoch pin on a version in memory, and as well without one on
// bytes that were read from a file. Its memory is used again from document to document; documents
// whose numbers and texts are stored as such need none.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "engine/store/condition_program.h"
#include "engine/store/condition_value.h"

namespace quire {

class Condition {
 public:
  // Copies the program, except for its paths. REQUIRES: the program is well-formed: operands exist,
  // branches lead forward, every step finds the truths that it takes, one is left at the end, and
  // no more than kDepthMax lie on the stack.
  explicit Condition(const ConditionProgram& program);
  ~Condition();
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  // The values that constants and lists have from now on; NULL before. They are copied.
  absl::Status SetConstant(uint32_t constant, Comparable kind, const ConditionConstant& value);
  // An array; NULL elements are part of it. A list never set is NULL itself.
  absl::Status SetList(uint32_t list, Comparable kind,
                       absl::Span<const ConditionConstant> elements);
  void SetListToNull(uint32_t list);

  // Whether the condition is true (not false, not unknown) for a document.
  bool Holds(const DocumentRow& row) { return Evaluate(row) == Truth::kTrue; }
  Truth Evaluate(const DocumentRow& row);

 private:
  struct Column {
    explicit Column(const ConditionColumn& column) : reader(column) {}
    uint64_t read_at = 0;  // the document, by document_, whose value this is
    ComparableValue value;
    ColumnReader reader;
  };
  struct Constant;
  struct List;

  const ComparableValue& Operand(int32_t operand, const DocumentRow& row);
  Truth Compare(const ConditionStep& step, const DocumentRow& row);
  Truth Distinct(const ConditionStep& step, const DocumentRow& row);
  Truth AnyOf(const ConditionStep& step, const DocumentRow& row);

  std::vector<ConditionStep> steps_;
  std::vector<Column> columns_;
  std::vector<Constant> constants_;
  std::vector<List> lists_;
  uint64_t document_ = 0;  // counts the documents
};

}  // namespace quire
