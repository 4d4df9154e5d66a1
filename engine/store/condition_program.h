// A condition on documents in its plain form, as whoever compiles it hands it to the engine
// (condition.h evaluates it). Definitions only; everything here is trivially destructible.
//
// A program is a list of steps in postfix order over a stack of truths (true, false, unknown). What
// the steps compare are operands: columns of the document, from 0, and constants, from -1 downwards
// (~i is constant i). Constants get their values later, and new ones whenever a scan starts anew.
//
//   a < 1 AND b IS NULL      Compare(a, ~0) Branch(false → end) Absent(b) And
//
// A branch looks at the top of the stack and leaves it there: the rest of an AND is skipped once it
// is false. Branches lead forward only.
#pragma once

#include <cstdint>

#include "absl/types/span.h"
#include "engine/store/path.h"

namespace quire {

// How values of a type are compared. Two operands of a comparison are of one kind.
enum class Comparable : uint8_t {
  kInteger,  // integers, truths, dates and moments: as 64 bits
  kReal,     // as a float8: NaN equals itself and is above everything
  kNumber,   // by decimal value; NaN as above
  kBytes,    // texts, bytes, uuids: byte by byte, a prefix first
};

// What a column shows (shown_value.h).
enum class ShownAs : uint8_t {
  kInt2,
  kInt4,
  kInt8,
  kFloat4,
  kFloat8,
  kNumeric,
  kBool,
  kText,
  kBytes,
  kUuid,
  kDate,
  kTimestamp,
  kTimestamptz,
  kAnything,  // the value itself, whatever it is: only whether it is there can be asked
  kVersion,   // not in the document: its version's number
  kModified,  // and the time when that was written
};

// A cast of a shown integer that cannot fail.
enum class Conversion : uint8_t { kNone, kToFloat4, kToFloat8, kToNumber };

struct ConditionColumn {
  const Path* path = nullptr;  // outlives the condition; not used by kVersion and kModified
  ShownAs shown = ShownAs::kAnything;
  Conversion conversion = Conversion::kNone;
  bool multibyte = false;       // texts are UTF-8; otherwise a character is a byte
  int32_t characters_max = -1;  // of a text that is shown; -1: any number
  int32_t modifier = -1;        // of numeric and the moments: type_modifier.h

  bool operator==(const ConditionColumn&) const = default;
};

// The outcomes of a comparison that make it true, as bits.
enum Outcome : uint8_t { kLess = 1, kEqual = 2, kGreater = 4 };

// Values of the stack, ordered so that AND is the minimum and OR the maximum.
enum class Truth : uint8_t { kFalse = 0, kUnknown = 1, kTrue = 2 };
constexpr uint8_t BitOf(Truth truth) {
  return static_cast<uint8_t>(1 << static_cast<int>(truth));
}

struct ConditionStep {
  enum class Code : uint8_t {
    kCompare,   // pushes: left against right, unknown if either is NULL
    kDistinct,  // pushes: whether they differ; NULL is a value like others
    kAnyOf,     // pushes: left against any of list `right`
    kPresent,   // pushes: left is not NULL
    kTruth,     // pushes: left, which is a truth
    kNot,       // of the top
    kAnd,       // of the two on top
    kOr,
    kTest,    // the top becomes true if it is among `accepted`, else false
    kBranch,  // to step `target` if the top is among `accepted`
  };
  Code code;
  uint8_t accepted = 0;  // Outcome or BitOf(Truth)
  Comparable kind = Comparable::kInteger;
  int32_t left = 0;
  int32_t right = 0;
  uint32_t target = 0;
};

struct ConditionProgram {
  // Truths that may lie on the stack at once.
  static constexpr uint32_t kDepthMax = 32;
  // Of one condition, for whoever compiles it; a program may join any number of them.
  static constexpr uint32_t kStepsOfClauseMax = 4096;

  absl::Span<const ConditionStep> steps;
  absl::Span<const ConditionColumn> columns;
  uint32_t constants = 0;
  uint32_t lists = 0;
};

// The value of a constant or of a list's element, as its kind of comparison wants it.
struct ConditionConstant {
  bool is_null = true;
  uint32_t size = 0;           // of data
  const char* data = nullptr;  // kBytes: the bytes; kNumber: digits, as Decimal::Parse reads them
  int64_t integer = 0;         // kInteger
  double real = 0;             // kReal
};

}  // namespace quire
