// The elements of an array of the server. Backends; may raise.
#pragma once

#include <cstdint>

#include "extension/server_types.h"

namespace quire {

// The server's memory. Elements that are passed by reference lie in the array.
struct ArrayElements {
  const ServerDatum* values;
  const bool* nulls;
  uint32_t count;
  int dimensions;
};

// REQUIRES: an array that is not NULL.
ArrayElements TakeApart(ServerDatum array);

}  // namespace quire
