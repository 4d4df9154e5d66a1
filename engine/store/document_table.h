// The documents of a collection by number: one 16-byte slot each, in chunks of 1,024 that never
// move.
//
// A number is stable for the life of its document, so everything else (the primary tree, the log's
// bindings, later the secondary indexes) carries the four-byte number. Slots are read and changed
// by any session; a chain's head changes only by compare-and-swap. The table grows under its latch;
// nothing shrinks.
//
// The number of a document that is gone serves again once nobody can hold it: whoever follows a key
// or a scan to a slot does so under one epoch pin, and whoever keeps a number longer has seen a
// version there with a snapshot that he still holds, which keeps the document from being removed.
//
// Beside each chunk stands a note of what garbage it may hold, so that the collector finds it
// without looking at every slot.
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/status/statusor.h"
#include "engine/memory/latch.h"
#include "engine/memory/session.h"
#include "engine/mvcc/version.h"

namespace quire {

struct DocumentSlot {
  std::atomic<uint64_t> head;  // a VersionLink
  // Of the newest numbered version. In a slot that is free, or waits to be, one more than the next
  // such number.
  std::atomic<uint64_t> seq;

  VersionLink link() const { return VersionLink(head.load(std::memory_order_acquire)); }
  bool Replace(VersionLink expected, VersionLink desired) {
    uint64_t word = expected.word();
    return head.compare_exchange_strong(word, desired.word(), std::memory_order_acq_rel);
  }
};
static_assert(sizeof(DocumentSlot) == 16);

constexpr uint32_t kSlotsPerChunk = 1024;
constexpr uint32_t kTableFanout = 1024;  // references in a node of the directory
constexpr uint32_t kDocumentsMax = uint32_t{1} << 30;

// What the collector may find in a chunk: about how many versions it will free or settle, and the
// lowest id that must be below the horizon before it can begin. Kept in one atomic word of 16 and
// 48 bits; an id that does not fit is cut to the largest, a count too.
struct GarbageNote {
  uint32_t count = 0;
  uint64_t xid = 0;
};

// Embedded in a collection. All zero is an empty table.
struct DocumentTableState {
  Latch latch;
  std::atomic<uint64_t>
      directory;              // offset of kTableFanout offsets of nodes of kTableFanout chunks
  std::atomic<uint32_t> end;  // one more than the largest number ever given
  // Guarded by latch; one more than a number, 0 for none. Numbers that may still be held wait in a
  // queue, the longest waiting first.
  uint32_t free_first;
  uint32_t waiting_first;
  uint32_t waiting_last;
};

class DocumentTable {
 public:
  DocumentTable(Session* session, DocumentTableState* state) : session_(session), state_(state) {}

  // A number whose slot is empty. Errors: kResourceExhausted when memory or the numbers are used
  // up.
  absl::StatusOr<uint32_t> TakeNumber();
  // Gives a number back that nobody else ever saw. REQUIRES: its slot is empty.
  void ReturnNumber(uint32_t number);
  // Gives a number back that others may still hold. REQUIRES: its slot is claimed (kRemoved) by the
  // caller, and nothing leads to it any more.
  void RetireNumber(uint32_t number);
  // Lets those retired numbers serve again that nobody can hold any more. Returns how many.
  uint32_t ReclaimNumbers();
  // Free the chunk that holds `number`, without what its slots refer to, and everything but the
  // chunks. REQUIRES: nobody else sees the table, and nobody asks for the slots again.
  void FreeChunk(uint32_t number);
  void FreeAll();
  // Whether the chunk that holds `number` was not freed. REQUIRES: number < end().
  bool HasChunk(uint32_t number) const;
  // REQUIRES: number < end().
  DocumentSlot* Slot(uint32_t number) const;

  // Adds to the note of the number's chunk. Returns by how much the count rose.
  uint32_t AddGarbage(uint32_t number, const GarbageNote& note);
  // The note of a chunk that holds `number`, as it is, or taken away.
  GarbageNote PeekGarbage(uint32_t number) const;
  GarbageNote TakeGarbage(uint32_t number);

  uint32_t end() const { return state_->end.load(std::memory_order_acquire); }

 private:
  struct Node;

  absl::Status AddChunk(uint32_t first_number);
  Node* NodeOf(uint32_t number) const;
  // REQUIRES: the latch is held.
  uint32_t ReclaimNumbersHeld();

  Session* session_;
  DocumentTableState* state_;
};

}  // namespace quire
