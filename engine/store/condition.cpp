#include "engine/store/condition.h"

#include <algorithm>
#include <utility>

#include "engine/base/status.h"

namespace quire {

namespace {

// Lists up to this length are walked through; longer ones are searched.
constexpr size_t kWalkedList = 8;

bool Accepts(uint8_t outcomes, int order) {
  const int sign = (order > 0) - (order < 0);
  return (outcomes >> (sign + 1) & 1) != 0;
}

bool AsksForEquality(uint8_t outcomes) {
  return outcomes == kEqual || outcomes == (kLess | kGreater);
}

// REQUIRES: neither is NULL.
int CompareOperands(Comparable kind, uint8_t outcomes, const ComparableValue& a,
                    const ComparableValue& b) {
  switch (kind) {
    case Comparable::kInteger:
      return Order(a.integer, b.integer);
    case Comparable::kReal:
      return CompareReals(a.real, b.real);
    case Comparable::kNumber:
      return CompareNumbers(a, b);
    case Comparable::kBytes:
      break;
  }
  if (!AsksForEquality(outcomes)) return CompareBytes(a.bytes, b.bytes);
  const bool equal = a.bytes.size() == b.bytes.size() &&
                     EqualBytes(a.bytes.data(), b.bytes.data(), a.bytes.size());
  return equal ? 0 : 1;
}

// Whether an element is among the outcomes; `order` tells how the value stands to an element, by
// which the list is sorted.
template <typename T, typename OrderTo>
bool AnyAccepted(const std::vector<T>& list, uint8_t outcomes, OrderTo order) {
  // All of it may have been NULL.
  if (list.empty()) return false;
  // What is above, below or beside any element is so to the first or to the last.
  if (outcomes != kEqual) {
    return Accepts(outcomes, order(list.front())) || Accepts(outcomes, order(list.back()));
  }
  if (list.size() > kWalkedList) {
    const auto found = std::partition_point(list.begin(), list.end(),
                                            [&](const T& element) { return order(element) > 0; });
    return found != list.end() && order(*found) == 0;
  }
  return std::any_of(list.begin(), list.end(),
                     [&](const T& element) { return order(element) == 0; });
}

absl::Status ReadNumber(const ConditionConstant& constant, Decimal* large, ComparableValue* value) {
  const std::optional<Decimal> decimal = Decimal::Parse({constant.data, constant.size});
  if (!decimal) return absl::InternalError("a condition's number cannot be read");
  SetNumber(*decimal, large, value);
  return absl::OkStatus();
}

[[maybe_unused]] bool IsOperand(const ConditionProgram& program, int32_t operand) {
  return operand >= 0 ? static_cast<size_t>(operand) < program.columns.size()
                      : static_cast<uint32_t>(~operand) < program.constants;
}

// The truths on the stack after a step that found `depth` of them; 0 when it cannot run.
[[maybe_unused]] uint32_t DepthAfter(const ConditionProgram& program, size_t at, uint32_t depth) {
  const ConditionStep& step = program.steps[at];
  switch (step.code) {
    case ConditionStep::Code::kCompare:
    case ConditionStep::Code::kDistinct:
      return IsOperand(program, step.left) && IsOperand(program, step.right) ? depth + 1 : 0;
    case ConditionStep::Code::kAnyOf:
      return IsOperand(program, step.left) && static_cast<uint32_t>(step.right) < program.lists
                 ? depth + 1
                 : 0;
    case ConditionStep::Code::kPresent:
    case ConditionStep::Code::kTruth:
      return IsOperand(program, step.left) ? depth + 1 : 0;
    case ConditionStep::Code::kNot:
    case ConditionStep::Code::kTest:
      return depth;
    case ConditionStep::Code::kAnd:
    case ConditionStep::Code::kOr:
      return depth > 1 ? depth - 1 : 0;
    case ConditionStep::Code::kBranch:
      break;
  }
  return step.target > at && step.target <= program.steps.size() ? depth : 0;
}

[[maybe_unused]] bool IsWellFormed(const ConditionProgram& program) {
  uint32_t depth = 0;
  for (size_t at = 0; at < program.steps.size(); ++at) {
    depth = DepthAfter(program, at, depth);
    if (depth == 0 || depth > ConditionProgram::kDepthMax) return false;
  }
  return depth == 1;
}

}  // namespace

struct Condition::Constant {
  ComparableValue value;
  std::string memory;
  std::unique_ptr<Decimal> large = std::make_unique<Decimal>();
};

// One of the vectors is in use, sorted.
struct Condition::List {
  bool is_null = true;
  bool has_null = false;
  bool is_empty = false;
  std::vector<int64_t> integers;
  std::vector<double> reals;
  std::vector<ComparableValue> numbers;
  std::vector<std::string_view> bytes;
  std::string memory;
  std::vector<std::unique_ptr<Decimal>> large;

  absl::Status Add(Comparable kind, const ConditionConstant& element);
  void Sort();
};

absl::Status Condition::List::Add(Comparable kind, const ConditionConstant& element) {
  switch (kind) {
    case Comparable::kInteger:
      integers.push_back(element.integer);
      break;
    case Comparable::kReal:
      reals.push_back(element.real);
      break;
    case Comparable::kNumber: {
      auto decimal = std::make_unique<Decimal>();
      ComparableValue value;
      QUIRE_RETURN_IF_ERROR(ReadNumber(element, decimal.get(), &value));
      numbers.push_back(value);
      if (value.large != nullptr) large.push_back(std::move(decimal));
      break;
    }
    case Comparable::kBytes: {
      // The memory was reserved for all of them.
      const size_t begin = memory.size();
      if (element.size != 0) memory.append(element.data, element.size);
      bytes.push_back(std::string_view(memory).substr(begin));
      break;
    }
  }
  return absl::OkStatus();
}

void Condition::List::Sort() {
  std::sort(integers.begin(), integers.end());
  std::sort(reals.begin(), reals.end(), [](double a, double b) { return CompareReals(a, b) < 0; });
  std::sort(numbers.begin(), numbers.end(),
            [](const auto& a, const auto& b) { return CompareNumbers(a, b) < 0; });
  std::sort(bytes.begin(), bytes.end(),
            [](std::string_view a, std::string_view b) { return CompareBytes(a, b) < 0; });
}

Condition::Condition(const ConditionProgram& program)
    : steps_(program.steps.begin(), program.steps.end()),
      constants_(program.constants),
      lists_(program.lists) {
  QUIRE_ASSERT(IsWellFormed(program));
  columns_.reserve(program.columns.size());
  for (const ConditionColumn& column : program.columns) columns_.emplace_back(column);
}

Condition::~Condition() = default;

absl::Status Condition::SetConstant(uint32_t index, Comparable kind,
                                    const ConditionConstant& from) {
  Constant* constant = &constants_[index];
  ComparableValue* value = &constant->value;
  value->is_null = from.is_null;
  if (from.is_null) return absl::OkStatus();
  switch (kind) {
    case Comparable::kInteger:
      value->integer = from.integer;
      break;
    case Comparable::kReal:
      value->real = from.real;
      break;
    case Comparable::kNumber:
      return ReadNumber(from, constant->large.get(), value);
    case Comparable::kBytes:
      constant->memory.assign(from.data == nullptr ? "" : from.data, from.size);
      value->bytes = constant->memory;
      break;
  }
  return absl::OkStatus();
}

absl::Status Condition::SetList(uint32_t index, Comparable kind,
                                absl::Span<const ConditionConstant> elements) {
  List list;
  list.is_null = false;
  list.is_empty = elements.empty();
  size_t bytes = 0;
  for (const ConditionConstant& element : elements) bytes += element.size;
  // A short string lies in its object and would move with it.
  if (kind == Comparable::kBytes) list.memory.reserve(std::max(bytes, sizeof(std::string)));
  for (const ConditionConstant& element : elements) {
    if (element.is_null) {
      list.has_null = true;
    } else {
      QUIRE_RETURN_IF_ERROR(list.Add(kind, element));
    }
  }
  list.Sort();
  lists_[index] = std::move(list);
  return absl::OkStatus();
}

void Condition::SetListToNull(uint32_t index) {
  lists_[index] = List();
}

inline const ComparableValue& Condition::Operand(int32_t operand, const DocumentRow& row) {
  // A constant's number is the complement of its place.
  if (operand < 0) return constants_[static_cast<size_t>(~int64_t{operand})].value;
  Column& column = columns_[static_cast<size_t>(operand)];
  if (column.read_at != document_) {
    column.read_at = document_;
    column.reader.Read(row, &column.value);
  }
  return column.value;
}

inline Truth Condition::Compare(const ConditionStep& step, const DocumentRow& row) {
  const ComparableValue& left = Operand(step.left, row);
  if (left.is_null) return Truth::kUnknown;
  const ComparableValue& right = Operand(step.right, row);
  if (right.is_null) return Truth::kUnknown;
  return Accepts(step.accepted, CompareOperands(step.kind, step.accepted, left, right))
             ? Truth::kTrue
             : Truth::kFalse;
}

Truth Condition::Distinct(const ConditionStep& step, const DocumentRow& row) {
  const ComparableValue& left = Operand(step.left, row);
  const ComparableValue& right = Operand(step.right, row);
  const bool distinct = left.is_null || right.is_null
                            ? left.is_null != right.is_null
                            : CompareOperands(step.kind, kEqual, left, right) != 0;
  return distinct ? Truth::kTrue : Truth::kFalse;
}

Truth Condition::AnyOf(const ConditionStep& step, const DocumentRow& row) {
  const List& list = lists_[static_cast<size_t>(step.right)];
  if (list.is_null) return Truth::kUnknown;
  // Compared with nothing, even NULL is not any of it.
  if (list.is_empty) return Truth::kFalse;
  const ComparableValue& left = Operand(step.left, row);
  if (left.is_null) return Truth::kUnknown;
  bool found = false;
  switch (step.kind) {
    case Comparable::kInteger:
      found = AnyAccepted(list.integers, step.accepted,
                          [&](int64_t element) { return Order(left.integer, element); });
      break;
    case Comparable::kReal:
      found = AnyAccepted(list.reals, step.accepted,
                          [&](double element) { return CompareReals(left.real, element); });
      break;
    case Comparable::kNumber:
      found = AnyAccepted(list.numbers, step.accepted, [&](const ComparableValue& element) {
        return CompareNumbers(left, element);
      });
      break;
    case Comparable::kBytes:
      found = AnyAccepted(list.bytes, step.accepted, [&](std::string_view element) {
        return CompareBytes(left.bytes, element);
      });
      break;
  }
  if (found) return Truth::kTrue;
  return list.has_null ? Truth::kUnknown : Truth::kFalse;
}

Truth Condition::Evaluate(const DocumentRow& row) {
  using Code = ConditionStep::Code;
  ++document_;
  // The top moves up from the first place, which holds nothing; the program was checked to leave it
  // inside.
  Truth stack[ConditionProgram::kDepthMax + 1];
  Truth* top = stack;
  const size_t end = steps_.size();
  for (size_t at = 0; at < end;) {
    const ConditionStep& step = steps_[at++];
    switch (step.code) {
      case Code::kCompare:
        *++top = Compare(step, row);
        break;
      case Code::kDistinct:
        *++top = Distinct(step, row);
        break;
      case Code::kAnyOf:
        *++top = AnyOf(step, row);
        break;
      case Code::kPresent:
        *++top = Operand(step.left, row).is_null ? Truth::kFalse : Truth::kTrue;
        break;
      case Code::kTruth: {
        const ComparableValue& value = Operand(step.left, row);
        *++top = value.is_null        ? Truth::kUnknown
                 : value.integer != 0 ? Truth::kTrue
                                      : Truth::kFalse;
        break;
      }
      case Code::kNot:
        *top = static_cast<Truth>(2 - static_cast<int>(*top));
        break;
      case Code::kAnd:
        --top;
        *top = std::min(top[0], top[1]);
        break;
      case Code::kOr:
        --top;
        *top = std::max(top[0], top[1]);
        break;
      case Code::kTest:
        *top = (step.accepted & BitOf(*top)) != 0 ? Truth::kTrue : Truth::kFalse;
        break;
      case Code::kBranch:
        if ((step.accepted & BitOf(*top)) != 0) at = step.target;
        break;
    }
  }
  return *top;
}

}  // namespace quire
