// Which columns of a foreign table somebody looks at: only those are made from a document.
// Backends; may raise for lack of memory only.
#pragma once

#include "extension/server_types.h"

struct Bitmapset;
struct List;

namespace quire {

struct TableMap;

// The positions (from 0, ascending) in a set of the server's attribute numbers, as pull_varattnos
// collects them. A reference to the whole row stands for all columns. A list of integers.
List* NeededColumns(const TableMap& map, Bitmapset* attributes);
// All columns there are.
List* AllColumns(const TableMap& map);

}  // namespace quire
