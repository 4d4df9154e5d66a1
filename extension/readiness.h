// Whether the engine can be used now, and the wait until it can. Any process of the server, on the
// server's side of the doors.
#pragma once

namespace quire {

// Raises 55000, with the statement that helps, when the library was not preloaded.
void RequirePreload();

// Returns when the engine is ready. Waits while it is being loaded, and can be cancelled.
// Raises: 55000 not preloaded, single-user mode, binary upgrade; 57P03 cancelled while waiting,
// with progress; 0A000 on a standby; what the engine failed with.
void WaitUntilReady();

}  // namespace quire
