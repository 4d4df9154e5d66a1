#include "extension/transaction_callbacks.h"

#include "extension/door.h"
#include "extension/pending_rows.h"
#include "extension/process_backend.h"
#include "extension/shared_region.h"

extern "C" {
#include "postgres.h"

#include "access/xact.h"
}

namespace quire {

namespace {

void BeforeCommit(ProcessBackend* backend) {
  // Every statement writes its rows before it ends.
  if (AnyRowsPending()) elog(ERROR, "rows of an unfinished INSERT are left at commit");
  CallEngine([backend] {
    Writer* writer = backend->writer();
    if (!writer->has_changes()) return absl::OkStatus();
    // Later callbacks of the same commit may still write.
    writer->set_eager(true);
    return writer->Flush();
  });
}

void BeforePrepare(ProcessBackend* backend) {
  if (!backend->writer()->has_changes()) return;
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("cannot PREPARE a transaction that has written documents"),
                  errdetail("Two-phase commit of collections is not supported yet."),
                  errhint("Write documents in transactions that end with COMMIT.")));
}

// No error can be answered any more: an exception ends the process.
void AfterEnd(ProcessBackend* backend, bool committed) noexcept {
  ForgetPendingRows(0);
  Writer* writer = backend->writer();
  const bool wrote = writer->has_changes();
  if (committed) {
    writer->Committed();
  } else {
    writer->Aborted();
  }
  writer->set_eager(false);
  backend->session()->ReleasePins();
  // What was rolled back may be much memory in few blocks.
  if (backend->session()->MayReclaim() || (wrote && !committed)) backend->session()->Reclaim();
  backend->marks()->Clear(*writer);
  if (!wrote) return;
  WakeWorker();
  // Most transactions only insert, which leaves nothing behind.
  if (writer->left_garbage()) WakeCollector();
}

void AtTransaction(XactEvent event, void*) {
  ProcessBackend* backend = ProcessBackendIfAny();
  if (backend == nullptr) return;
  switch (event) {
    case XACT_EVENT_PRE_COMMIT:
      BeforeCommit(backend);
      break;
    case XACT_EVENT_PRE_PREPARE:
      BeforePrepare(backend);
      break;
    case XACT_EVENT_COMMIT:
      AfterEnd(backend, true);
      break;
    case XACT_EVENT_ABORT:
      AfterEnd(backend, false);
      break;
    // A prepared transaction has written nothing, and a parallel worker must not write.
    case XACT_EVENT_PREPARE:
    case XACT_EVENT_PARALLEL_COMMIT:
    case XACT_EVENT_PARALLEL_ABORT:
      AfterEnd(backend, false);
      break;
    case XACT_EVENT_PARALLEL_PRE_COMMIT:
      break;
  }
}

void SubtransactionAborted(ProcessBackend* backend, int level) noexcept {
  ForgetPendingRows(level);
  backend->writer()->RollbackTo(backend->marks()->Aborted(level));
  backend->session()->ReleasePins();
}

void AtSubtransaction(SubXactEvent event, SubTransactionId, SubTransactionId, void*) {
  ProcessBackend* backend = ProcessBackendIfAny();
  if (backend == nullptr) return;
  const int level = GetCurrentTransactionNestLevel();
  switch (event) {
    case SUBXACT_EVENT_START_SUB:
      CallEngine([backend, level] {
        backend->marks()->Started(level, *backend->writer());
        return absl::OkStatus();
      });
      break;
    case SUBXACT_EVENT_COMMIT_SUB:
      backend->marks()->Ended(level);
      break;
    case SUBXACT_EVENT_ABORT_SUB:
      SubtransactionAborted(backend, level);
      break;
    case SUBXACT_EVENT_PRE_COMMIT_SUB:
      break;
  }
}

}  // namespace

void InstallTransactionCallbacks() {
  RegisterXactCallback(AtTransaction, nullptr);
  RegisterSubXactCallback(AtSubtransaction, nullptr);
}

}  // namespace quire
