// What the views quire.stat_log and quire.progress show. Called by the server, in sessions.

#include <type_traits>

#include "engine/store/engine_state.h"
#include "extension/readiness.h"
#include "extension/shared_region.h"

extern "C" {
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xlog.h"
#include "access/xlogrecovery.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/pg_lsn.h"

PG_FUNCTION_INFO_V1(quire_stat_log);
PG_FUNCTION_INFO_V1(quire_progress);
}

namespace quire {

namespace {

const char* PhaseName(EnginePhase phase) {
  switch (phase) {
    case EnginePhase::kStarting:
      return "starting";
    case EnginePhase::kReplayingLog:
      return "reading the engine log";
    case EnginePhase::kFollowing:
      return "reading the server's log";
    case EnginePhase::kReady:
      return "ready";
    case EnginePhase::kFailed:
      return "failed";
  }
  return "unknown";
}

// A row that is filled from left to right.
class Row {
 public:
  explicit Row(FunctionCallInfo call) {
    if (get_call_result_type(call, nullptr, &type_) != TYPEFUNC_COMPOSITE) {
      elog(ERROR, "a function that returns a row was called for something else");
    }
  }
  void AddLsn(uint64_t lsn) { Add(LSNGetDatum(lsn), lsn == 0); }
  void AddNumber(uint64_t number) { Add(Int64GetDatum(static_cast<int64_t>(number)), false); }
  void AddPid(int32_t pid) { Add(Int32GetDatum(pid), pid == 0); }
  void AddText(const char* text) {
    Add(text[0] == '\0' ? Datum{0} : CStringGetTextDatum(text), text[0] == '\0');
  }
  Datum Finish() {
    Assert(count_ == type_->natts);
    return HeapTupleGetDatum(heap_form_tuple(type_, values_, nulls_));
  }

 private:
  static constexpr int kColumnsMax = 16;

  void Add(Datum value, bool null) {
    values_[count_] = value;
    nulls_[count_++] = null;
  }

  TupleDesc type_ = nullptr;
  int count_ = 0;
  Datum values_[kColumnsMax];
  bool nulls_[kColumnsMax];
};
static_assert(std::is_trivially_destructible_v<Row>);

uint64_t Behind(uint64_t end, uint64_t position) {
  return position == 0 || position > end ? 0 : end - position;
}

}  // namespace

}  // namespace quire

Datum quire_stat_log(PG_FUNCTION_ARGS) {
  using namespace quire;
  RequirePreload();
  const EngineState& engine = *SharedEngineState();
  const WorkerWords& words = *SharedWorkerWords();
  const uint64_t end = RecoveryInProgress() ? GetXLogReplayRecPtr(nullptr) : GetXLogWriteRecPtr();
  const uint64_t applied = engine.applied_lsn.load();
  const uint64_t read = words.read_lsn.load();
  const uint64_t slot = words.slot_lsn.load();
  Row row(fcinfo);
  row.AddText(PhaseName(engine.phase.load()));
  row.AddLsn(applied);
  row.AddLsn(engine.synced_lsn.load());
  row.AddLsn(slot);
  row.AddNumber(Behind(end, read));
  row.AddNumber(Behind(end, slot));
  row.AddNumber(engine.log_first_position.load());
  row.AddNumber(engine.applied_position.load());
  row.AddNumber(engine.synced_position.load());
  row.AddNumber(engine.seq.load());
  row.AddNumber(engine.horizon.load());
  row.AddPid(words.pid.load());
  return row.Finish();
}

Datum quire_progress(PG_FUNCTION_ARGS) {
  using namespace quire;
  RequirePreload();
  const EngineState& engine = *SharedEngineState();
  const EnginePhase phase = engine.phase.load();
  Row row(fcinfo);
  row.AddText("restart");
  row.AddText(PhaseName(phase));
  row.AddNumber(engine.progress_done.load());
  row.AddNumber(engine.progress_total.load());
  row.AddText(phase == EnginePhase::kFailed ? engine.failure : "");
  return row.Finish();
}
