#include "extension/collection_drop.h"

#include <cstring>

#include "absl/container/flat_hash_set.h"
#include "engine/base/status.h"
#include "engine/store/catalog.h"
#include "extension/backend.h"
#include "extension/door.h"
#include "extension/fdw_options.h"
#include "extension/shared_region.h"

extern "C" {
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "commands/tablecmds.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(quire_drop_collection_of);
PG_FUNCTION_INFO_V1(quire_drop_collection);
}

namespace quire {

namespace {

// Waits for all who use these tables, and lets all forget what they knew of them.
void LockTables(List* tables) {
  ListCell* cell;
  foreach (cell, tables) {
    const ServerOid table = lfirst_oid(cell);
    // It may be gone once its lock is granted.
    Relation relation = try_relation_open(table, AccessExclusiveLock);
    if (relation == nullptr) continue;
    CheckTableNotInUse(relation, "drop the collection of");
    CacheInvalidateRelcache(relation);
    relation_close(relation, NoLock);
  }
}

void DropInEngine(const CollectionId& id) {
  Backend* backend = RequireBackend();
  const WriteContext context = CurrentWriteContext(GetCurrentCommandId(true));
  CallEngine([&] { return backend->writer()->DropCollection(id, context); });
}

void CopyName(const text* from, char (&to)[kServerNameBytes]) {
  const char* name = text_to_cstring(from);
  if (strlen(name) >= sizeof(to)) {
    ereport(ERROR,
            (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("collection \"%s\" does not exist", name),
             errdetail("Names have at most %zu bytes.", sizeof(to) - 1)));
  }
  memset(to, 0, sizeof(to));
  memcpy(to, name, strlen(name));
}

bool EngineHasFailed() {
  return SharedEngineState()->phase.load() == EnginePhase::kFailed;
}

void WarnOfDocumentsLeft() {
  ereport(WARNING,
          (errmsg("documents of this database stay in the engine, which cannot be used now")));
}

// The id of a namespace begins with its database's oid; CREATE EXTENSION makes it. One that was
// made anew may meet what a restored backup brought back, so there may be several.
absl::Status DropNamespacesOf(Backend* backend, ServerOid database, const WriteContext& context) {
  absl::flat_hash_set<uint64_t> name_spaces;
  {
    const Session::Pin pin(backend->session());
    Catalog(backend->session()).ForEach([&](const CollectionState* collection) {
      if (collection->id.name_space >> 32 == database)
        name_spaces.insert(collection->id.name_space);
    });
  }
  for (const uint64_t name_space : name_spaces) {
    const CollectionId id{.name_space = name_space, .number = kWholeNamespace};
    QUIRE_RETURN_IF_ERROR(backend->writer()->DropCollection(id, context));
  }
  return absl::OkStatus();
}

}  // namespace

void DropCollection(const CollectionName& name) {
  PreventCommandIfReadOnly("quire.drop_collection()");
  PreventCommandIfParallelMode("quire.drop_collection()");
  RequireBackend();
  // From here on nobody declares a table over it.
  const CollectionId id = RemoveCollection(name);
  LockTables(TablesOver(name));
  DropInEngine(id);
  CommandCounterIncrement();
}

void DropAllCollections() {
  if (!HasSharedRegion() || EngineHasFailed()) {
    WarnOfDocumentsLeft();
    return;
  }
  CollectionId id;
  if (!FindNamespace(&id.name_space)) return;
  id.number = kWholeNamespace;
  DropInEngine(id);
}

void DropCollectionsOfDatabase(ServerOid database) {
  if (!HasSharedRegion()) return;
  if (EngineHasFailed()) {
    WarnOfDocumentsLeft();
    return;
  }
  Backend* backend = RequireBackend();
  const WriteContext context = CurrentWriteContext(GetCurrentCommandId(true));
  CallEngine([&] { return DropNamespacesOf(backend, database, context); });
}

}  // namespace quire

extern "C" Datum quire_drop_collection_of(PG_FUNCTION_ARGS) {
  const Oid table = PG_GETARG_OID(0);
  const char* name = get_rel_name(table);
  if (name == nullptr) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("relation with OID %u does not exist", table)));
  }
  if (!quire::IsQuireTable(table)) {
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("\"%s\" is not a foreign table of the server quire", name)));
  }
  quire::DropCollection(quire::ReadTableOptions(table).collection);
  PG_RETURN_VOID();
}

extern "C" Datum quire_drop_collection(PG_FUNCTION_ARGS) {
  quire::CollectionName name;
  quire::CopyName(PG_GETARG_TEXT_PP(0), name.name_space);
  quire::CopyName(PG_GETARG_TEXT_PP(1), name.name);
  quire::DropCollection(name);
  PG_RETURN_VOID();
}
