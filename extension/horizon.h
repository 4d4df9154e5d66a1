// The horizon: the transaction id below which everything is decided and seen alike by every
// snapshot, so that what was replaced before it can go. And who holds it back.
//
// Server's side of the doors; any process with a PGPROC.
#pragma once

#include <cstdint>

namespace quire {

// Asks the server for the horizon and publishes it in the region. Does nothing in recovery. The log
// worker calls it every 100 ms, the collector before each pass; a value that is a moment old is
// only lower than need be.
void PublishHorizon();

// Who keeps the horizon from moving on, in words: a process with its application, a prepared
// transaction with its name, a replication slot. Empty when nobody does. Palloc'd.
const char* HorizonHolder();

}  // namespace quire
