// The server's plain types under names that need none of its headers: those must come after every
// C++ header, so a header of the extension cannot include them. Definitions only.
#pragma once

#include <cstdint>

struct RelationData;
struct TupleTableSlot;

namespace quire {

using ServerOid = uint32_t;           // Oid
using ServerDatum = uintptr_t;        // Datum
using ServerColumn = int16_t;         // AttrNumber, from 1
constexpr int kServerNameBytes = 64;  // NAMEDATALEN, the terminating zero included

}  // namespace quire
