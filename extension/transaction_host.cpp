#include "extension/transaction_host.h"

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "extension/door.h"
#include "extension/resource_manager.h"

extern "C" {
#include "postgres.h"

#include "access/subtrans.h"
#include "access/transam.h"
#include "access/xact.h"
#include "storage/procarray.h"
}

namespace quire {

namespace {

constexpr uint64_t kXidsKnown = uint64_t{1} << 31;

}  // namespace

uint64_t FullXid(uint32_t xid, uint64_t next_xid) {
  if (!TransactionIdIsNormal(xid)) return xid;
  const auto behind = static_cast<int32_t>(static_cast<uint32_t>(next_xid) - xid);
  return next_xid - static_cast<uint64_t>(static_cast<int64_t>(behind));
}

uint64_t NextXid() {
  return U64FromFullTransactionId(ReadNextFullTransactionId());
}

absl::Status ServerTransactions::CheckKnown(uint64_t xid) {
  if (xid >= next_xid_) {
    uint64_t next = 0;
    QUIRE_RETURN_IF_ERROR(CallServer([&] { next = NextXid(); }));
    next_xid_ = next;
  }
  if (xid < next_xid_ && next_xid_ - xid < kXidsKnown) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("a document refers to transaction ", xid,
                                          ", of which the server knows nothing; its next one is ",
                                          next_xid_));
}

absl::StatusOr<TransactionState> ServerTransactions::StateOf(uint64_t xid) {
  if (IsCurrent(xid)) return TransactionState::kInProgress;
  QUIRE_RETURN_IF_ERROR(CheckKnown(xid));
  const auto id = static_cast<TransactionId>(xid);
  TransactionState state = TransactionState::kInProgress;
  // In this order: a transaction that has written its commit record still counts as running until
  // every snapshot to come sees it, which for a synchronous standby may be much later.
  QUIRE_RETURN_IF_ERROR(CallServer([&] {
    if (TransactionIdIsInProgress(id)) return;
    state = TransactionIdDidCommit(id) ? TransactionState::kCommitted : TransactionState::kAborted;
  }));
  return state;
}

bool ServerTransactions::IsCurrent(uint64_t xid) {
  const uint64_t own = U64FromFullTransactionId(GetTopFullTransactionIdIfAny());
  // Subtransactions have greater ids than their parents.
  if (own == 0 || xid < own || xid - own >= kXidsKnown) return false;
  return TransactionIdIsCurrentTransactionId(static_cast<TransactionId>(xid));
}

absl::StatusOr<uint64_t> ServerTransactions::TopmostOf(uint64_t xid) {
  QUIRE_RETURN_IF_ERROR(CheckKnown(xid));
  TransactionId topmost = InvalidTransactionId;
  QUIRE_RETURN_IF_ERROR(CallServer(
      [&] { topmost = SubTransGetTopmostTransaction(static_cast<TransactionId>(xid)); }));
  return FullXid(topmost, xid);
}

absl::Status ServerChangeSink::AppendChanges(std::string_view batch) {
  const char* data = batch.data();
  const uint64_t bytes = batch.size();
  return CallServer([data, bytes] { LogChanges(data, bytes); });
}

}  // namespace quire
