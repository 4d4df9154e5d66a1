// The documents of a collection by number: one 16-byte slot each, in chunks of 1,024 that never
// move.
//
// A number is stable for the life of its document, so everything else (the primary tree, the log's
// bindings, later the secondary indexes) carries the four-byte number. Slots are read and changed
// by any session; a chain's head changes only by compare-and-swap. The table grows under its latch;
// nothing shrinks.
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
  std::atomic<uint64_t> seq;  // of the newest numbered version; the next free number in a free slot

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

// Embedded in a collection. All zero is an empty table.
struct DocumentTableState {
  Latch latch;
  std::atomic<uint64_t>
      directory;              // offset of kTableFanout offsets of nodes of kTableFanout chunks
  std::atomic<uint32_t> end;  // one more than the largest number ever given
  uint32_t free_first;        // guarded by latch: one more than a free number, 0 for none
};

class DocumentTable {
 public:
  DocumentTable(Session* session, DocumentTableState* state) : session_(session), state_(state) {}

  // A number whose slot is empty. Errors: kResourceExhausted when memory or the numbers are used
  // up.
  absl::StatusOr<uint32_t> TakeNumber();
  // Gives a number back that no index refers to. REQUIRES: its slot is empty.
  void ReturnNumber(uint32_t number);
  // Free the chunk that holds `number`, without what its slots refer to, and everything but the
  // chunks. REQUIRES: nobody else sees the table, and nobody asks for the slots again.
  void FreeChunk(uint32_t number);
  void FreeAll();
  // REQUIRES: number < end().
  DocumentSlot* Slot(uint32_t number) const;
  uint32_t end() const { return state_->end.load(std::memory_order_acquire); }

 private:
  absl::Status AddChunk(uint32_t first_number);

  Session* session_;
  DocumentTableState* state_;
};

}  // namespace quire
