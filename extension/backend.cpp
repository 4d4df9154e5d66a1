#include "extension/backend.h"

#include <algorithm>

#include "engine/base/status.h"
#include "extension/door.h"
#include "extension/pending_rows.h"
#include "extension/process_backend.h"
#include "extension/readiness.h"
#include "extension/settings.h"
#include "extension/shared_region.h"

extern "C" {
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "utils/snapshot.h"
}

namespace quire {

namespace {

ProcessBackend* process_backend = nullptr;

// Called after the process has left its last transaction: the slot goes back with all that the
// session pinned.
void LeaveEngine(int, Datum) {
  delete process_backend;
  process_backend = nullptr;
}

void JoinEngine() {
  CallEngine([] {
    auto session = Session::Open(SharedRegion(), static_cast<uint64_t>(MyProcPid));
    if (!session.ok()) {
      return WithSqlState(std::move(session).status(), ERRCODE_TOO_MANY_CONNECTIONS);
    }
    process_backend =
        new ProcessBackend(*std::move(session), WriterOptions{.buffer_bytes = SessionBufferBytes()},
                           SharedWorkerWords()->engine_id.load(std::memory_order_acquire));
    return absl::OkStatus();
  });
  on_shmem_exit(LeaveEngine, 0);
}

void RefuseSerializable() {
  if (!IsolationIsSerializable()) return;
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("collections cannot be used in a SERIALIZABLE transaction yet"),
                  errhint("Use REPEATABLE READ, or WHERE _version = … to detect other writers.")));
}

}  // namespace

Backend* RequireBackend() {
  if (process_backend == nullptr) {
    WaitUntilReady();
    JoinEngine();
  } else if (SharedEngineState()->phase.load(std::memory_order_acquire) != EnginePhase::kReady) {
    WaitUntilReady();
  }
  WritePendingRows();
  return process_backend;
}

Backend* BackendIfAny() {
  return process_backend;
}

ProcessBackend* ProcessBackendIfAny() {
  return process_backend;
}

void FillSnapshot(const SnapshotData* from, uint32_t command, Snapshot* snapshot) {
  RefuseSerializable();
  if (from == nullptr || from->snapshot_type != SNAPSHOT_MVCC) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("collections can be read with an MVCC snapshot only")));
  }
  const uint64_t next = NextXid();
  // A snapshot of a running server lists top-level transactions, and their subtransactions unless
  // they overflowed; one taken during recovery has all ids in the second list.
  const bool with_subxids = !from->suboverflowed || from->takenDuringRecovery;
  const uint32_t subxids = with_subxids ? static_cast<uint32_t>(from->subxcnt) : 0;
  const uint32_t count = from->xcnt + subxids;
  auto* ids = static_cast<uint64_t*>(palloc(sizeof(uint64_t) * Max(count, 1u)));
  for (uint32_t i = 0; i < from->xcnt; ++i) ids[i] = FullXid(from->xip[i], next);
  for (uint32_t i = 0; i < subxids; ++i) ids[from->xcnt + i] = FullXid(from->subxip[i], next);
  std::sort(ids, ids + count);
  *snapshot = Snapshot{.xmin = FullXid(from->xmin, next),
                       .xmax = FullXid(from->xmax, next),
                       .in_progress = absl::MakeConstSpan(ids, count),
                       .overflowed = from->suboverflowed,
                       .own_xid = U64FromFullTransactionId(GetTopFullTransactionIdIfAny()),
                       .command = command};
}

WriteContext CurrentWriteContext(uint32_t command) {
  RefuseSerializable();
  PreventCommandIfReadOnly("a write to a collection");
  PreventCommandIfParallelMode("a write to a collection");
  PreventCommandDuringRecovery("a write to a collection");
  return WriteContext{.xid = U64FromFullTransactionId(GetCurrentFullTransactionId()),
                      .command = command};
}

void WaitForTransaction(uint64_t xid) {
  Assert(process_backend == nullptr || process_backend->session()->slot()->pinned.load() == 0);
  XactLockTableWait(static_cast<TransactionId>(xid), nullptr, nullptr, XLTW_None);
}

}  // namespace quire
