// A transaction host whose transactions do what a test says. One thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/host/transactions.h"

namespace quire {

class ScriptedHost final : public TransactionHost, public ChangeSink {
 public:
  absl::StatusOr<TransactionState> StateOf(uint64_t xid) override {
    ++questions;
    const auto found = states.find(xid);
    return found == states.end() ? TransactionState::kInProgress : found->second;
  }
  bool IsCurrent(uint64_t xid) override { return current.contains(xid); }
  absl::StatusOr<uint64_t> TopmostOf(uint64_t xid) override {
    const auto found = topmost.find(xid);
    return found == topmost.end() ? xid : found->second;
  }
  absl::Status AppendChanges(std::string_view batch) override {
    if (!sink_status.ok()) return sink_status;
    batches.emplace_back(batch);
    return absl::OkStatus();
  }

  std::map<uint64_t, TransactionState> states;
  std::map<uint64_t, uint64_t> topmost;
  std::set<uint64_t> current;
  std::vector<std::string> batches;
  absl::Status sink_status;
  int questions = 0;
};

}  // namespace quire
