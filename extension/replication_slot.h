// The physical replication slot that keeps the server's log from being recycled before the log
// worker has read it.
//
// A backup never contains slots, and during recovery the server recycles its log before anybody may
// connect: so the slot is made by the startup process, before the first record is redone. After a
// clean stop that call does not come; then the worker makes it, and nothing can have been recycled.
#pragma once

#include <cstdint>

namespace quire {

inline constexpr char kSlotName[] = "quire";

// Called by the server's startup process. Never raises: an error there would stop the server. What
// goes wrong is said in the server's log, and the worker tries again.
void MakeSlotBeforeRedo();

// The rest is the log worker's, which holds the slot while it runs.

// Takes the slot, making it at the last checkpoint's redo position when there is none. A slot that
// the server has given up (max_slot_wal_keep_size) is replaced, with a line in the server's log.
// Raises: 55000 when the server's settings allow no slots; 53400 when all are in use; 55006 when
// another process holds it.
void AcquireSlot();
// The server's log is kept from here on; 0 when the server has given the slot up.
uint64_t SlotPosition();
// The same by the slot's name, whether this process holds it or nobody does; 0 when there is none.
uint64_t KeptFrom();
// Lets go what lies before `lsn`. REQUIRES: all of it is durable in the engine log. Raises.
void MoveSlot(uint64_t lsn);

}  // namespace quire
