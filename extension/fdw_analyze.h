// ANALYZE of a foreign table: a uniform sample of its documents as rows, and their exact number.
// The server makes its statistics of them, as for a heap table. Backends; may raise.
#pragma once

#include <cstdint>

struct HeapTupleData;
struct RelationData;

namespace quire {

// Callback of FdwRoutine. Reads nothing yet; always true.
bool AnalyzeForeignTable(RelationData* relation,
                         int (**sample)(RelationData*, int, HeapTupleData**, int, double*, double*),
                         uint32_t* pages);

}  // namespace quire
