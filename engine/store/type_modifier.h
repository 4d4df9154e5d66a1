// What a type's modifier does to a shown value: numeric(p, s) and timestamp(p). Any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/decimal.h"

namespace quire {

struct NumericModifier {
  int precision;  // digits at most
  int scale;      // of them after the point; negative: zeros before it
};

// Of the server's typmod; none for a plain numeric.
std::optional<NumericModifier> NumericModifierOf(int32_t modifier);
// Rounded half away from zero, as a cast to the type does; none when the digits do not fit. NaN is
// itself, the infinities do not fit.
std::optional<Decimal> RoundedTo(const Decimal& value, const NumericModifier& modifier);

// Microseconds, rounded to the modifier's digits of a second; -1: all six.
int64_t RoundedMoment(int64_t microseconds, int32_t modifier);

}  // namespace quire
