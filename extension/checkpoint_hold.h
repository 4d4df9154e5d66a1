// Makes every checkpoint wait until the engine log has come to its redo position. A base backup
// begins with a checkpoint and holds the server's log from the redo position on: with this, the
// engine log that it copies always reaches so far, and the restored server finds what it needs.
//
// The server knows processes that a checkpoint must wait for (DELAY_CHKPT_COMPLETE). It notes their
// virtual transaction ids once, after all buffers are written, and waits until each of them is
// another one. The log worker is such a process for as long as it works, and takes a new id
// whenever it has come to the redo position. The log worker only, and never in recovery, where it
// could not go on before the checkpoint has ended.
#pragma once

#include <cstdint>

namespace quire {

// Makes this process known to checkpoints. Called once.
void JoinCheckpoints();
// Checkpoints wait for this process from here on.
void HoldCheckpoints();
// What waits now may go on. REQUIRES: the engine log's file reaches RedoPosition().
void LetCheckpointPass();
// Checkpoints wait no more.
void StopHoldingCheckpoints();

// Where the running checkpoint, else the last one, would begin to redo; in recovery the last
// restartpoint. A page's header counts for nothing: the end of the last record before it will do.
uint64_t RedoPosition();

}  // namespace quire
