// What a statement is told when quire.memory is full: how much it is, what there was no memory for,
// and who keeps old versions from being freed.
#pragma once

namespace quire {

struct Report;

// Raises 53200. Called by the door (door.h), on the server's side.
[[noreturn]] void RaiseMemoryFull(const Report& report);

}  // namespace quire
