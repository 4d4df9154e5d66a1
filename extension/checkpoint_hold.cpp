#include "extension/checkpoint_hold.h"

extern "C" {
#include "postgres.h"

#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "storage/proc.h"
}

namespace quire {

namespace {

// The process runs no transactions, so that all its virtual ids are ours to give.
LocalTransactionId last_id = InvalidLocalTransactionId;

}  // namespace

void JoinCheckpoints() {
  InitProcessPhase2();
}

void HoldCheckpoints() {
  if ((MyProc->delayChkptFlags & DELAY_CHKPT_COMPLETE) != 0) return;
  MyProc->lxid = ++last_id;
  MyProc->delayChkptFlags |= DELAY_CHKPT_COMPLETE;
}

void LetCheckpointPass() {
  if (++last_id == InvalidLocalTransactionId) ++last_id;
  MyProc->lxid = last_id;
}

void StopHoldingCheckpoints() {
  MyProc->delayChkptFlags &= ~DELAY_CHKPT_COMPLETE;
  MyProc->lxid = InvalidLocalTransactionId;
}

uint64_t RedoPosition() {
  const XLogRecPtr redo = GetRedoRecPtr();
  const uint64_t header = XLogSegmentOffset(redo, wal_segment_size) < XLOG_BLCKSZ
                              ? SizeOfXLogLongPHD
                              : SizeOfXLogShortPHD;
  return redo % XLOG_BLCKSZ == header ? redo - header : redo;
}

}  // namespace quire
