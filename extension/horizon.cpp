#include "extension/horizon.h"

#include "extension/shared_region.h"
#include "extension/transaction_host.h"

extern "C" {
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/twophase.h"
#include "access/xlog.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "pgstat.h"
#include "replication/slot.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
}

namespace quire {

namespace {

// Columns of the server's function pg_prepared_xact.
constexpr int kPreparedXid = 1;
constexpr int kPreparedName = 2;

// What holds the oldest id.
struct Holder {
  TransactionId xid = InvalidTransactionId;
  int pid = 0;
  bool running = false;            // the id is its own, and no snapshot's that waits for it
  const char* prepared = nullptr;  // its name, when it is no process
};

// Among many that hold the same id the transaction of that id is the cause; then, others rather
// than who asks.
void Consider(TransactionId xid, const PGPROC& proc, bool running, Holder* holder) {
  if (!TransactionIdIsNormal(xid)) return;
  if (TransactionIdIsNormal(holder->xid)) {
    const bool better = running ? !holder->running : !holder->running && holder->pid == MyProcPid;
    const bool precedes = TransactionIdPrecedes(xid, holder->xid);
    if (!precedes && !(xid == holder->xid && better)) return;
  }
  *holder = {.xid = xid, .pid = proc.pid, .running = running};
}

// Each word is read once, without a lock: the answer is for people.
Holder OldestOfProcesses() {
  Holder holder;
  constexpr int kDoNotCount = PROC_IN_VACUUM | PROC_IN_LOGICAL_DECODING;
  for (uint32_t i = 0; i < ProcGlobal->allProcCount; ++i) {
    const PGPROC& proc = ProcGlobal->allProcs[i];
    if ((proc.statusFlags & kDoNotCount) != 0) continue;
    Consider(proc.xid, proc, true, &holder);
    Consider(proc.xmin, proc, false, &holder);
  }
  return holder;
}

// The older one of two ids, of which each may be none.
TransactionId OlderOf(TransactionId a, TransactionId b) {
  if (!TransactionIdIsNormal(a)) return b;
  return TransactionIdIsNormal(b) && TransactionIdPrecedes(b, a) ? b : a;
}

// The slot that holds an older id than `xid`, or the empty string. What a slot keeps of catalogs
// counts, for the horizon is that of tables which all databases share.
const char* OldestSlot(TransactionId xid) {
  const char* name = "";
  LWLockAcquire(ReplicationSlotControlLock, LW_SHARED);
  for (int i = 0; i < max_replication_slots; ++i) {
    const ReplicationSlot& slot = ReplicationSlotCtl->replication_slots[i];
    if (!slot.in_use) continue;
    const TransactionId held = OlderOf(slot.effective_xmin, slot.effective_catalog_xmin);
    if (!TransactionIdIsNormal(held)) continue;
    if (TransactionIdIsNormal(xid) && !TransactionIdPrecedes(held, xid)) continue;
    xid = held;
    name = pstrdup(NameStr(slot.data.name));
  }
  LWLockRelease(ReplicationSlotControlLock);
  return name;
}

// Takes the oldest prepared transaction for the holder, if it is as old as what holds now.
void ConsiderPrepared(Holder* holder) {
  if (max_prepared_xacts == 0) return;
  FmgrInfo function;
  fmgr_info(F_PG_PREPARED_XACT, &function);
  ReturnSetInfo result = {};
  result.type = T_ReturnSetInfo;
  result.econtext = CreateStandaloneExprContext();
  result.allowedModes = SFRM_ValuePerCall;
  LOCAL_FCINFO(call, 0);
  InitFunctionCallInfoData(*call, &function, 0, InvalidOid, nullptr,
                           reinterpret_cast<Node*>(&result));
  for (;;) {
    const Datum row = FunctionCallInvoke(call);
    if (result.isDone != ExprMultipleResult) break;
    HeapTupleHeader tuple = DatumGetHeapTupleHeader(row);
    bool is_null = false;
    const TransactionId xid =
        DatumGetTransactionId(GetAttributeByNum(tuple, kPreparedXid, &is_null));
    if (TransactionIdIsNormal(holder->xid) && TransactionIdPrecedes(holder->xid, xid)) continue;
    *holder = {.xid = xid,
               .prepared = TextDatumGetCString(GetAttributeByNum(tuple, kPreparedName, &is_null))};
  }
  FreeExprContext(result.econtext, true);
}

const char* ApplicationOf(int pid) {
  const int backends = pgstat_fetch_stat_numbackends();
  for (int i = 1; i <= backends; ++i) {
    const PgBackendStatus* status = pgstat_fetch_stat_beentry(i);
    if (status == nullptr || status->st_procpid != pid || status->st_appname == nullptr) continue;
    return status->st_appname;
  }
  return "";
}

}  // namespace

void PublishHorizon() {
  if (RecoveryInProgress()) return;
  // The next id is read first: it is then ahead of the horizon.
  const uint64_t next = NextXid();
  const uint64_t horizon = FullXid(GetOldestNonRemovableTransactionId(nullptr), next);
  SharedEngineState()->horizon.store(horizon, std::memory_order_release);
}

const char* HorizonHolder() {
  Holder holder = OldestOfProcesses();
  ConsiderPrepared(&holder);
  const char* slot = OldestSlot(holder.xid);
  if (slot[0] != '\0') return psprintf("replication slot \"%s\"", slot);
  if (holder.prepared != nullptr) {
    return psprintf("prepared transaction \"%s\" (%u)", holder.prepared, holder.xid);
  }
  if (holder.pid == 0) return "";
  const char* application = ApplicationOf(holder.pid);
  if (application[0] == '\0') return psprintf("process %d", holder.pid);
  return psprintf("process %d (%s)", holder.pid, application);
}

}  // namespace quire
