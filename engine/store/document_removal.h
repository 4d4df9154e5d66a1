// Takes documents and versions that nobody needs out of a collection: the steps that sessions, the
// log worker and the collector share. Called under a pin of the caller's, without a latch; nothing
// here fails.
//
// The end of a document (protocol; the test quotes the numbers):
//   1 claim    the slot's head, the only version left, is replaced by kRemoved. From here on no
//              version can be linked there; whoever meets the mark takes the document for absent.
//   2 erase    the key leaves the primary tree, if it still leads to this number. A writer who
//   comes
//              by the key between 1 and 2 does this step himself, and enters the key anew.
//   3 retire   the version's block is freed, and the number serves again, when no pin is left that
//              began before.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/memory/session.h"
#include "engine/mvcc/version.h"
#include "engine/store/collection.h"
#include "engine/store/document_table.h"

namespace quire {

// Takes the version that is the head of a chain out of it, and with the last one the document.
// False when it is not the head any more: another visitor was faster, or a newer version came.
// REQUIRES: its (sub)transaction was rolled back, or it is a lock whose transaction has ended.
bool UnlinkHead(Session* session, CollectionState* collection, uint32_t number, Version* version);

// Ends the document whose chain begins with `head`. False when it does not any more.
// REQUIRES: it is a tombstone that every snapshot sees, and the log worker has numbered it.
bool RemoveDocument(Session* session, CollectionState* collection, uint32_t number, Version* head);

// Step 2, for a writer who met the mark in the slot of `number` on his way from `key`.
void FinishRemoval(Session* session, CollectionState* collection, uint32_t number,
                   std::string_view key);

// Cuts off what is older than `version`, and retires it. Returns the number of versions; 0 also
// when the version is busy (version_chain.h). REQUIRES: every snapshot sees `version` or a newer
// one.
uint32_t CutBehind(Session* session, CollectionState* collection, Version* version);

// Counts a version that was linked, and one that was unlinked.
inline void CountVersion(CollectionState* collection, const Version& version, int64_t sign) {
  collection->versions.fetch_add(sign, std::memory_order_relaxed);
  collection->bytes.fetch_add(sign * static_cast<int64_t>(version.taken_bytes()),
                              std::memory_order_relaxed);
  if (!version.body_in_log()) return;
  collection->bytes_in_log.fetch_add(sign * int64_t{version.document_bytes},
                                     std::memory_order_relaxed);
}

}  // namespace quire
