#include "extension/keyed_writer.h"

#include "engine/base/status.h"
#include "engine/store/catalog.h"
#include "extension/door.h"
#include "extension/memory_pressure.h"

extern "C" {
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"
}

namespace quire {

namespace {

// For a snapshot that sees all changes of its own transaction.
constexpr uint32_t kEveryCommand = UINT32_MAX;

}  // namespace

void KeyedWriter::Begin(EState* state, ResultRelInfo* relation) {
  table_.Begin(state, relation);
}

int64_t KeyedWriter::Put(const PlainValue& id, const PlainValue& document) {
  return Write(id, document, Action::kPut);
}

int64_t KeyedWriter::Patch(const PlainValue& id, const PlainValue& patch) {
  return Write(id, patch, Action::kPatch);
}

bool KeyedWriter::Delete(const PlainValue& id) {
  return Write(id, PlainValue(), Action::kDelete) != 0;
}

bool KeyedWriter::FindNewest(DocumentRow* row) {
  FillSnapshot(IsolationUsesXactSnapshot() ? GetActiveSnapshot() : GetLatestSnapshot(),
               kEveryCommand, &snapshot_);
  bool found = false;
  CallEngine([&] {
    const TableMap* map = table_.map();
    Backend* backend = table_.backend();
    if (map->state == nullptr) map->state = Catalog(backend->session()).Find(map->collection_id);
    if (map->state == nullptr) return absl::OkStatus();
    Collection collection(backend->session(), backend->host(), map->state);
    found_.Clear();
    QUIRE_ASSIGN_OR_RETURN(found, collection.Get(id_.key(), snapshot_, &found_));
    return absl::OkStatus();
  });
  if (found) *row = found_[0];
  return found;
}

void KeyedWriter::Make(const DocumentRow* old, const PlainValue& content, Action action) {
  if (action == Action::kDelete) return;
  CallEngine([&] {
    DocumentMaker* maker = table_.maker();
    return action == Action::kPut ? maker->MakeWhole(content, id_.value())
                                  : maker->MakePatched(old->document, content);
  });
  table_.CheckConstraints(old == nullptr ? 1 : old->version + 1);
}

WriteResult KeyedWriter::Store(const DocumentRow* old, Action action) {
  const WriteContext context = table_.PrepareWrite();
  WriteResult result;
  CallWriter(table_.backend(), [&] {
    Writer* writer = table_.backend()->writer();
    CollectionState* state = table_.map()->state;
    const std::string_view document = table_.maker()->document();
    if (old == nullptr) {
      QUIRE_ASSIGN_OR_RETURN(result, writer->Insert(state, id_.key(), document, context));
    } else if (action == Action::kDelete) {
      QUIRE_ASSIGN_OR_RETURN(result, writer->Delete(state, old->number, snapshot_, context));
    } else {
      QUIRE_ASSIGN_OR_RETURN(result,
                             writer->Update(state, old->number, document, snapshot_, context));
    }
    return absl::OkStatus();
  });
  return result;
}

int64_t KeyedWriter::Write(const PlainValue& id, const PlainValue& content, Action action) {
  CallEngine([&] { return id_.Set(id, *table_.map()); });
  for (;;) {
    CHECK_FOR_INTERRUPTS();
    DocumentRow row;
    const DocumentRow* old = FindNewest(&row) ? &row : nullptr;
    if (old == nullptr && action != Action::kPut) return 0;
    Make(old, content, action);
    const WriteResult result = Store(old, action);
    if (result.outcome == WriteOutcome::kDone) return result.version;
    if (result.outcome == WriteOutcome::kWait) {
      WaitForTransaction(result.wait_for);
    } else if (IsolationUsesXactSnapshot()) {
      ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                      errmsg("could not serialize access due to concurrent update")));
    }
    // Otherwise somebody was faster: with what there is now.
  }
}

}  // namespace quire
