#include "engine/store/document_table.h"

#include <algorithm>
#include <cstring>

#include "engine/base/status.h"

namespace quire {

namespace {

using Node = std::atomic<uint64_t>;  // [kTableFanout]
constexpr uint32_t kSlotsPerNode = kSlotsPerChunk * kTableFanout;

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

DocumentSlot* DocumentTable::Slot(uint32_t number) const {
  const Region& region = session_->region();
  const Node* directory = region.At<Node>(state_->directory.load(std::memory_order_acquire));
  const Node* node =
      region.At<Node>(directory[number / kSlotsPerNode].load(std::memory_order_acquire));
  auto* chunk = region.At<DocumentSlot>(
      node[number / kSlotsPerChunk % kTableFanout].load(std::memory_order_acquire));
  return chunk + number % kSlotsPerChunk;
}

absl::Status DocumentTable::AddChunk(uint32_t first_number) {
  // REQUIRES: the latch is held. A step that succeeded stays when a later one fails: the next call
  // finds it there.
  const Region& region = session_->region();
  if (state_->directory.load(std::memory_order_relaxed) == 0) {
    const uint64_t block = AllocateCleared(session_, kTableFanout * sizeof(Node));
    if (block == 0) return Full();
    state_->directory.store(block, std::memory_order_release);
  }
  Node* directory = region.At<Node>(state_->directory.load(std::memory_order_relaxed));
  Node& node_entry = directory[first_number / kSlotsPerNode];
  if (node_entry.load(std::memory_order_relaxed) == 0) {
    const uint64_t block = AllocateCleared(session_, kTableFanout * sizeof(Node));
    if (block == 0) return Full();
    node_entry.store(block, std::memory_order_release);
  }
  Node* node = region.At<Node>(node_entry.load(std::memory_order_relaxed));
  Node& chunk_entry = node[first_number / kSlotsPerChunk % kTableFanout];
  if (chunk_entry.load(std::memory_order_relaxed) == 0) {
    const uint64_t block = AllocateCleared(session_, kSlotsPerChunk * sizeof(DocumentSlot));
    if (block == 0) return Full();
    chunk_entry.store(block, std::memory_order_release);
  }
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> DocumentTable::TakeNumber() {
  ExclusiveGuard guard(&state_->latch);
  if (state_->free_first != 0) {
    const uint32_t number = state_->free_first - 1;
    DocumentSlot* slot = Slot(number);
    state_->free_first = static_cast<uint32_t>(slot->seq.load(std::memory_order_relaxed));
    slot->seq.store(0, std::memory_order_relaxed);
    return number;
  }
  const uint32_t number = state_->end.load(std::memory_order_relaxed);
  if (number >= kDocumentsMax) {
    return absl::ResourceExhaustedError("the collection holds 1,073,741,824 documents, its limit");
  }
  if (number % kSlotsPerChunk == 0) QUIRE_RETURN_IF_ERROR(AddChunk(number));
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
  const Region& region = session_->region();
  Node* directory = region.At<Node>(state_->directory.load(std::memory_order_relaxed));
  Node* node = region.At<Node>(directory[number / kSlotsPerNode].load(std::memory_order_relaxed));
  Node& entry = node[number / kSlotsPerChunk % kTableFanout];
  const uint64_t block = entry.exchange(0, std::memory_order_relaxed);
  if (block != 0) session_->FreeNow(block, Purpose::kTables);
}

void DocumentTable::FreeAll() {
  const uint64_t block = state_->directory.exchange(0, std::memory_order_relaxed);
  state_->end.store(0, std::memory_order_relaxed);
  state_->free_first = 0;
  if (block == 0) return;
  const Node* directory = session_->region().At<Node>(block);
  for (uint32_t i = 0; i < kTableFanout; ++i) {
    const uint64_t node = directory[i].load(std::memory_order_relaxed);
    if (node != 0) session_->FreeNow(node, Purpose::kTables);
  }
  session_->FreeNow(block, Purpose::kTables);
}

}  // namespace quire
