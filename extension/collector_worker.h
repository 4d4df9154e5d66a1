// The collector: the background process that takes away what writers leave behind
// (engine/store/collector.h). It runs once the server has recovered and the engine is ready,
// belongs to no database, and always ends with exit code 1, so that the server starts it anew.
#pragma once

namespace quire {

// Called once, from _PG_init while the server preloads.
void RegisterCollector();

}  // namespace quire
