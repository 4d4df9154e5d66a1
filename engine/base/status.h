// The two macros that carry an absl::Status upward. Any thread, any level.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the enclosing function when `expression` is not OK.
#define QUIRE_RETURN_IF_ERROR(expression)      \
  do {                                         \
    absl::Status quire_status_ = (expression); \
    if (!quire_status_.ok()) [[unlikely]] {    \
      return quire_status_;                    \
    }                                          \
  } while (false)

#define QUIRE_CONCAT_INNER_(a, b) a##b
#define QUIRE_CONCAT_(a, b) QUIRE_CONCAT_INNER_(a, b)
#define QUIRE_ASSIGN_OR_RETURN_(result, target, expression) \
  auto result = (expression);                               \
  if (!result.ok()) [[unlikely]] {                          \
    return std::move(result).status();                      \
  }                                                         \
  target = std::move(result).value()

// Assigns the value of a StatusOr to `target` (a declaration or an lvalue), or returns its error.
#define QUIRE_ASSIGN_OR_RETURN(target, expression) \
  QUIRE_ASSIGN_OR_RETURN_(QUIRE_CONCAT_(quire_or_, __LINE__), target, expression)
