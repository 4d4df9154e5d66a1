#include "engine/store/document_table.h"

#include <algorithm>
#include <cstring>

#include "engine/base/status.h"

namespace quire {

namespace {

using Offset = std::atomic<uint64_t>;  // the directory: [kTableFanout], of nodes
constexpr uint32_t kSlotsPerNode = kSlotsPerChunk * kTableFanout;

constexpr uint64_t kNoteXidMax = (uint64_t{1} << 48) - 1;
constexpr uint32_t kNoteCountMax = (1 << 16) - 1;

uint64_t PackNote(const GarbageNote& note) {
  return uint64_t{std::min(note.count, kNoteCountMax)} << 48 | std::min(note.xid, kNoteXidMax);
}
GarbageNote UnpackNote(uint64_t word) {
  return {.count = static_cast<uint32_t>(word >> 48), .xid = word & kNoteXidMax};
}

absl::Status Full() {
  return absl::ResourceExhaustedError("no memory for the table of a collection's documents");
}

// A zeroed block, or 0.
uint64_t AllocateCleared(Session* session, uint64_t bytes) {
  const uint64_t block = session->Allocate(bytes, Purpose::kTables);
  if (block != 0) std::memset(session->region().base() + block, 0, bytes);
  return block;
}

}  // namespace

struct DocumentTable::Node {
  std::atomic<uint64_t> chunks[kTableFanout];   // offsets of kSlotsPerChunk slots
  std::atomic<uint64_t> garbage[kTableFanout];  // a packed GarbageNote for each chunk
};

DocumentTable::Node* DocumentTable::NodeOf(uint32_t number) const {
  const Region& region = session_->region();
  const Offset* directory = region.At<Offset>(state_->directory.load(std::memory_order_acquire));
  return region.At<Node>(directory[number / kSlotsPerNode].load(std::memory_order_acquire));
}

DocumentSlot* DocumentTable::Slot(uint32_t number) const {
  auto* chunk = session_->region().At<DocumentSlot>(
      NodeOf(number)->chunks[number / kSlotsPerChunk % kTableFanout].load(
          std::memory_order_acquire));
  return chunk + number % kSlotsPerChunk;
}

uint32_t DocumentTable::AddGarbage(uint32_t number, const GarbageNote& note) {
  static_assert(sizeof(Node) == kBlockBytesMax);
  std::atomic<uint64_t>& word = NodeOf(number)->garbage[number / kSlotsPerChunk % kTableFanout];
  uint64_t before = word.load(std::memory_order_relaxed);
  GarbageNote sum;
  do {
    sum = note;
    if (before != 0) {
      const GarbageNote old = UnpackNote(before);
      sum.count = std::min(old.count + note.count, kNoteCountMax);
      sum.xid = std::min(old.xid, note.xid);
    }
  } while (!word.compare_exchange_weak(before, PackNote(sum), std::memory_order_acq_rel));
  return std::min(sum.count, kNoteCountMax) - UnpackNote(before).count;
}

GarbageNote DocumentTable::PeekGarbage(uint32_t number) const {
  return UnpackNote(NodeOf(number)->garbage[number / kSlotsPerChunk % kTableFanout].load(
      std::memory_order_relaxed));
}

GarbageNote DocumentTable::TakeGarbage(uint32_t number) {
  // What was noted so far can be seen in the slots.
  return UnpackNote(NodeOf(number)->garbage[number / kSlotsPerChunk % kTableFanout].exchange(
      0, std::memory_order_acq_rel));
}

absl::Status DocumentTable::AddChunk(uint32_t first_number) {
  // REQUIRES: the latch is held. A step that succeeded stays when a later one fails: the next call
  // finds it there.
  const Region& region = session_->region();
  if (state_->directory.load(std::memory_order_relaxed) == 0) {
    const uint64_t block = AllocateCleared(session_, kTableFanout * sizeof(Offset));
    if (block == 0) return Full();
    state_->directory.store(block, std::memory_order_release);
  }
  auto* directory = region.At<Offset>(state_->directory.load(std::memory_order_relaxed));
  Offset& node_entry = directory[first_number / kSlotsPerNode];
  if (node_entry.load(std::memory_order_relaxed) == 0) {
    const uint64_t block = AllocateCleared(session_, sizeof(Node));
    if (block == 0) return Full();
    node_entry.store(block, std::memory_order_release);
  }
  Offset& chunk_entry = NodeOf(first_number)->chunks[first_number / kSlotsPerChunk % kTableFanout];
  if (chunk_entry.load(std::memory_order_relaxed) == 0) {
    const uint64_t block = AllocateCleared(session_, kSlotsPerChunk * sizeof(DocumentSlot));
    if (block == 0) return Full();
    chunk_entry.store(block, std::memory_order_release);
  }
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> DocumentTable::TakeNumber() {
  ExclusiveGuard guard(&state_->latch);
  const uint32_t number = state_->end.load(std::memory_order_relaxed);
  const bool chunk_is_full = number % kSlotsPerChunk == 0;
  if (chunk_is_full && state_->free_first == 0 && state_->waiting_first != 0) ReclaimNumbersHeld();
  if (state_->free_first != 0) {
    const uint32_t used_before = state_->free_first - 1;
    DocumentSlot* slot = Slot(used_before);
    state_->free_first = static_cast<uint32_t>(slot->seq.load(std::memory_order_relaxed));
    slot->seq.store(0, std::memory_order_relaxed);
    return used_before;
  }
  if (number >= kDocumentsMax) {
    return absl::ResourceExhaustedError("the collection holds 1,073,741,824 documents, its limit");
  }
  if (chunk_is_full) QUIRE_RETURN_IF_ERROR(AddChunk(number));
  state_->end.store(number + 1, std::memory_order_release);
  return number;
}

void DocumentTable::ReturnNumber(uint32_t number) {
  ExclusiveGuard guard(&state_->latch);
  DocumentSlot* slot = Slot(number);
  QUIRE_ASSERT(slot->link().empty());
  slot->seq.store(state_->free_first, std::memory_order_relaxed);
  state_->free_first = number + 1;
}

void DocumentTable::FreeChunk(uint32_t number) {
  std::atomic<uint64_t>& entry = NodeOf(number)->chunks[number / kSlotsPerChunk % kTableFanout];
  const uint64_t block = entry.exchange(0, std::memory_order_relaxed);
  if (block != 0) session_->FreeNow(block, Purpose::kTables);
}

bool DocumentTable::HasChunk(uint32_t number) const {
  const std::atomic<uint64_t>& entry =
      NodeOf(number)->chunks[number / kSlotsPerChunk % kTableFanout];
  return entry.load(std::memory_order_relaxed) != 0;
}

void DocumentTable::FreeAll() {
  const uint64_t block = state_->directory.exchange(0, std::memory_order_relaxed);
  state_->end.store(0, std::memory_order_relaxed);
  state_->free_first = state_->waiting_first = state_->waiting_last = 0;
  if (block == 0) return;
  const auto* directory = session_->region().At<Offset>(block);
  for (uint32_t i = 0; i < kTableFanout; ++i) {
    const uint64_t node = directory[i].load(std::memory_order_relaxed);
    if (node != 0) session_->FreeNow(node, Purpose::kTables);
  }
  session_->FreeNow(block, Purpose::kTables);
}

void DocumentTable::RetireNumber(uint32_t number) {
  ExclusiveGuard guard(&state_->latch);
  DocumentSlot* slot = Slot(number);
  QUIRE_ASSERT(slot->link().kind() == VersionLink::Kind::kRemoved);
  slot->head.store(VersionLink::Removed(session_->EpochOfRetirement()).word(),
                   std::memory_order_release);
  slot->seq.store(0, std::memory_order_relaxed);
  if (state_->waiting_last != 0) {
    Slot(state_->waiting_last - 1)->seq.store(number + 1, std::memory_order_relaxed);
  } else {
    state_->waiting_first = number + 1;
  }
  state_->waiting_last = number + 1;
}

uint32_t DocumentTable::ReclaimNumbersHeld() {
  const uint64_t reusable_below = session_->ReusableBelow();
  uint32_t count = 0;
  for (; state_->waiting_first != 0; ++count) {
    const uint32_t number = state_->waiting_first - 1;
    DocumentSlot* slot = Slot(number);
    if (slot->link().epoch() >= reusable_below) break;
    state_->waiting_first = static_cast<uint32_t>(slot->seq.load(std::memory_order_relaxed));
    slot->head.store(0, std::memory_order_release);
    slot->seq.store(state_->free_first, std::memory_order_relaxed);
    state_->free_first = number + 1;
  }
  if (state_->waiting_first == 0) state_->waiting_last = 0;
  return count;
}

uint32_t DocumentTable::ReclaimNumbers() {
  ExclusiveGuard guard(&state_->latch);
  return state_->waiting_first == 0 ? 0 : ReclaimNumbersHeld();
}

}  // namespace quire
