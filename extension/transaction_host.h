// The server's transactions as the engine asks about them. One object per process, used inside
// doors (door.h); its questions to the server are doors out.
#pragma once

#include <cstdint>

#include "engine/host/transactions.h"

namespace quire {

class ServerTransactions final : public TransactionHost {
 public:
  absl::StatusOr<TransactionState> StateOf(uint64_t xid) override;
  bool IsCurrent(uint64_t xid) override;
  absl::StatusOr<uint64_t> TopmostOf(uint64_t xid) override;

 private:
  // The server keeps the state of the two thousand million ids before its next one.
  absl::Status CheckKnown(uint64_t xid);

  // Every id below it was handed out; at most what the server's next id was at the last look.
  uint64_t next_xid_ = 0;
};

class ServerChangeSink final : public ChangeSink {
 public:
  absl::Status AppendChanges(std::string_view batch) override;
};

// The full id of a 32-bit id that is at most half the range away from the next id to be handed out.
// Called on the server's side of the doors.
uint64_t FullXid(uint32_t xid, uint64_t next_xid);
uint64_t NextXid();

}  // namespace quire
