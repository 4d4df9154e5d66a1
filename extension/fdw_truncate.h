// TRUNCATE of foreign tables: every document of their collections is deleted, in the running
// transaction. Backends; called by the server, may raise.
#pragma once

struct List;

namespace quire {

// Callback of FdwRoutine: `tables` are open and locked, but what lies under other tables of a
// collection is not, so other writers are waited for. `behavior` (CASCADE) and the restart of
// sequences are the server's affair.
void ExecForeignTruncate(List* tables, int behavior, bool restart_sequences);

}  // namespace quire
