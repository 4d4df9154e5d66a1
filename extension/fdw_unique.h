// Tells the planner that keys are unique. For foreign tables it looks for no indexes, so a hook
// shows it one that exists for planning only: it removes joins, knows that a join finds at most one
// row, and estimates accordingly, but makes no path of it.
#pragma once

namespace quire {

// Installs the hook. Called once in each process, from _PG_init.
void InstallUniqueKeys();

}  // namespace quire
