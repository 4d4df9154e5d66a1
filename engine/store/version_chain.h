// What is done to the chain of a document beside putting a new version at its head: a rolled-back
// version leaves it, a tail that nobody needs is cut off, a version gives its body up.
//
// Any session, under a pin, without a latch. Each step is one compare-and-swap of the word that
// refers to the version concerned (the slot's head, or `older` of the version in front). Two of
// them beside each other are kept apart by the bits of kVersionBusy in the version's own `older`:
//
//   leaving   the version is rolled back and at the head; `older` stays as it is for ever, for
//             whoever swings the head past the version
//   moving    one session makes a copy of the version without its body and puts it in the version's
//             place; `older` stays as it is until that is done, and the bit goes if it came to
//             nothing
//   detached  the version is part of a tail that was cut off; `older` belongs to whoever cut it
//
// So nothing is cut off, moved or unlinked behind a version whose link somebody is copying.
// Rolled-back versions and whole documents leave in document_removal.h.
#pragma once

#include <cstdint>

#include "engine/memory/session.h"
#include "engine/mvcc/version.h"
#include "engine/store/document_table.h"

namespace quire {

// Cuts off what is older than `version`. Returns the tail, for the caller to retire as a chain;
// none when there is none, or when the version is busy: a later visitor will do it. REQUIRES: a
// pin; every snapshot sees `version` or a newer one.
VersionLink TakeTail(Version* version);

// Puts a copy without the body in the place of a version whose body the engine log has. `place` is
// the word that refers to it. Returns the bytes that memory has gained, 0 when the version was busy
// or changed its place, or when there is no memory for the copy. Retires one block.
// REQUIRES: a pin under which `place` and `version` were reached; the change at the version's
// location can be read from the log.
uint64_t GiveBodyUp(Session* session, std::atomic<uint64_t>* place, Version* version);

}  // namespace quire
