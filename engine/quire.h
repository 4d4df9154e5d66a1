// The engine's one public header: what a host (the server's extension, the server-less engine of
// engine/local, a test) needs to run it.
//
// A host maps a Region and formats it once (FormatEngine), opens a Session per process or thread,
// reads through Collection with a Snapshot of its own, writes through a Writer, and runs one
// LogFollower and one Collector.
#pragma once

#include "engine/durability/log_follower.h"
#include "engine/host/clock.h"
#include "engine/host/file_system.h"
#include "engine/host/transactions.h"
#include "engine/index/key.h"
#include "engine/memory/memory_figures.h"
#include "engine/memory/region.h"
#include "engine/memory/session.h"
#include "engine/mvcc/snapshot.h"
#include "engine/store/catalog.h"
#include "engine/store/collection.h"
#include "engine/store/collector.h"
#include "engine/store/document.h"
#include "engine/store/document_builder.h"
#include "engine/store/document_key.h"
#include "engine/store/engine_state.h"
#include "engine/store/evictor.h"
#include "engine/store/jsonb.h"
#include "engine/store/limits.h"
#include "engine/store/path.h"
#include "engine/store/path_update.h"
#include "engine/store/shown_value.h"
#include "engine/store/writer.h"

namespace quire {

// Lays out an empty engine in zeroed bytes: region, catalog, state.
// Errors: kResourceExhausted when the bytes are too few.
absl::Status FormatEngine(void* base, uint64_t bytes, const RegionOptions& options);

}  // namespace quire
