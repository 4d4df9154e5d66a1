// What the view quire.stat_memory shows. Called by the server, in sessions.

#include "engine/memory/memory_figures.h"
#include "extension/horizon.h"
#include "extension/readiness.h"
#include "extension/shared_region.h"

extern "C" {
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/execnodes.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"
#include "utils/xid8.h"

PG_FUNCTION_INFO_V1(quire_stat_memory);
PG_FUNCTION_INFO_V1(quire_horizon);
}

namespace quire {

namespace {

const char* NameOf(Purpose purpose) {
  switch (purpose) {
    case Purpose::kDocuments:
      return "documents";
    case Purpose::kIndexes:
      return "indexes";
    case Purpose::kTables:
      return "tables";
    case Purpose::kCatalog:
      return "catalog";
    case Purpose::kOther:
    case Purpose::kCount:
      return "engine";
  }
  return "engine";
}

void PutRow(ReturnSetInfo* result, const char* purpose, int64_t bytes) {
  Datum values[] = {CStringGetTextDatum(purpose), Int64GetDatum(bytes)};
  bool nulls[] = {false, false};
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

}  // namespace

}  // namespace quire

Datum quire_stat_memory(PG_FUNCTION_ARGS) {
  using namespace quire;
  RequirePreload();
  InitMaterializedSRF(fcinfo, 0);
  auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  const MemoryFigures figures = MeasureMemory(SharedRegion());
  for (uint32_t purpose = 0; purpose < static_cast<uint32_t>(Purpose::kCount); ++purpose) {
    int64_t bytes = figures.used[purpose];
    if (static_cast<Purpose>(purpose) == Purpose::kOther) bytes += figures.overhead;
    PutRow(result, NameOf(static_cast<Purpose>(purpose)), bytes);
  }
  PutRow(result, "unused", figures.unused);
  PutRow(result, "reserve", figures.reserve);
  PutRow(result, "free", figures.free);
  return Datum{0};
}

Datum quire_horizon(PG_FUNCTION_ARGS) {
  using namespace quire;
  RequirePreload();
  TupleDesc type = nullptr;
  if (get_call_result_type(fcinfo, nullptr, &type) != TYPEFUNC_COMPOSITE) {
    elog(ERROR, "a function that returns a row was called for something else");
  }
  const uint64_t horizon = SharedEngineState()->horizon.load();
  const char* holder = HorizonHolder();
  Datum values[] = {FullTransactionIdGetDatum(FullTransactionIdFromU64(horizon)),
                    holder[0] == '\0' ? Datum{0} : CStringGetTextDatum(holder)};
  bool nulls[] = {horizon == 0, holder[0] == '\0'};
  return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(type), values, nulls));
}
