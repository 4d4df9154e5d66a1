// What stands behind Backend (backend.h): the objects that this process uses the engine with. For
// backend.cpp, transaction_callbacks.cpp and pending_rows.cpp only.
#pragma once

#include <memory>

#include "engine/host/system_clock.h"
#include "engine/log/log_lookup.h"
#include "extension/backend.h"
#include "extension/memory_pressure.h"
#include "extension/paths.h"
#include "extension/server_file_system.h"
#include "extension/transaction_callbacks.h"
#include "extension/transaction_host.h"

namespace quire {

class ProcessBackend final : public Backend {
 public:
  ProcessBackend(std::unique_ptr<Session> session, const WriterOptions& options, uint64_t engine_id)
      : session_(std::move(session)),
        writer_(session_.get(), &transactions_, &sink_, &clock_, options),
        pressure_(session_.get(), &writer_),
        marks_(writer_),
        engine_id_(engine_id) {
    session_->set_bodies(&bodies_);
  }

  Session* session() override { return session_.get(); }
  TransactionHost* host() override { return &transactions_; }
  Writer* writer() override { return &writer_; }
  MemoryPressure* pressure() override { return &pressure_; }
  Clock* clock() override { return &clock_; }
  uint64_t engine_id() const override { return engine_id_; }
  SubtransactionMarks* marks() { return &marks_; }

 private:
  const std::unique_ptr<Session> session_;
  ServerFileSystem files_;
  LogLookup bodies_{&files_, kLogFolder};
  ServerTransactions transactions_;
  ServerChangeSink sink_;
  SystemClock clock_;
  Writer writer_;
  MemoryPressure pressure_;
  SubtransactionMarks marks_;
  const uint64_t engine_id_;
};

ProcessBackend* ProcessBackendIfAny();

}  // namespace quire
