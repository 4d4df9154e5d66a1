#include "extension/pending_rows.h"

#include "engine/base/status.h"
#include "extension/door.h"
#include "extension/memory_pressure.h"
#include "extension/process_backend.h"

extern "C" {
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"
}

namespace quire {

namespace {

// Those that hold rows back, of this process.
PendingRows* first_listed = nullptr;

}  // namespace

void PendingRows::Begin(Backend* backend, CollectionState* collection, const WriteContext& context,
                        void* memory) {
  memory_ = memory;
  backend_ = backend;
  collection_ = collection;
  context_ = context;
  level_ = GetCurrentTransactionNestLevel();
}

void PendingRows::Add(std::string_view key, std::string_view document) {
  CallEngine([&] {
    rows_.push_back(
        Place{.offset = bytes_.size(), .key_bytes = key.size(), .document_bytes = document.size()});
    bytes_.Append(key);
    bytes_.Append(document);
    return absl::OkStatus();
  });
  if (listed_) return;
  listed_ = true;
  next_listed_ = first_listed;
  first_listed = this;
}

PendingRows::Row PendingRows::RowAt(size_t i) const {
  const Place& place = rows_[i];
  const char* begin = bytes_.data() + place.offset;
  return Row{.key = {begin, place.key_bytes},
             .document = {begin + place.key_bytes, place.document_bytes}};
}

absl::Status PendingRows::WriteSome(WriteResult* result) {
  batch_.clear();
  for (size_t i = next_; i < rows_.size(); ++i) {
    const Row row = RowAt(i);
    batch_.push_back(NewDocument{.key = row.key, .document = row.document});
  }
  size_t done = 0;
  const auto written = backend_->writer()->InsertMany(collection_, batch_, context_, &done);
  next_ += done;
  QUIRE_RETURN_IF_ERROR(written.status());
  *result = *written;
  return absl::OkStatus();
}

bool PendingRows::Write() {
  if (error_ != nullptr) ReThrowError(error_);
  while (!duplicate_ && next_ < rows_.size()) {
    WriteResult result;
    CallWriter(backend_, [&] { return WriteSome(&result); });
    if (result.outcome == WriteOutcome::kWait) WaitForTransaction(result.wait_for);
    duplicate_ = result.outcome == WriteOutcome::kDuplicate;
  }
  if (duplicate_) return false;
  Clear();
  return true;
}

void PendingRows::WriteBelow(int level) {
  SubtransactionMarks* marks = ProcessBackendIfAny()->marks();
  const Writer& writer = *backend_->writer();
  if (level == level_) {
    Write();
    return;
  }
  // Whoever wrote in the subtransaction had the rows written first. Those that are left have met a
  // duplicate key.
  if (!marks->NothingSince(level_ + 1, writer)) return;
  PG_TRY();
  { Write(); }
  PG_CATCH();
  {
    marks->Move(level_ + 1, writer);
    KeepError();
    PG_RE_THROW();
  }
  PG_END_TRY();
  marks->Move(level_ + 1, writer);
}

void PendingRows::KeepError() {
  if (error_ != nullptr) return;
  const MemoryContext previous = MemoryContextSwitchTo(static_cast<MemoryContext>(memory_));
  error_ = CopyErrorData();
  MemoryContextSwitchTo(previous);
}

void PendingRows::Clear() {
  rows_.clear();
  bytes_.Clear();
  next_ = 0;
  duplicate_ = false;
  Forget();
}

void PendingRows::Forget() {
  if (!listed_) return;
  listed_ = false;
  PendingRows** place = &first_listed;
  while (*place != nullptr && *place != this) place = &(*place)->next_listed_;
  if (*place == this) *place = next_listed_;
}

void WritePendingRows() {
  if (first_listed == nullptr) [[likely]] {
    return;
  }
  const int level = GetCurrentTransactionNestLevel();
  PendingRows* next = nullptr;
  for (PendingRows* pending = first_listed; pending != nullptr; pending = next) {
    next = pending->next_listed_;
    pending->WriteBelow(level);
  }
}

void ForgetPendingRows(int level) {
  PendingRows* next = nullptr;
  for (PendingRows* pending = first_listed; pending != nullptr; pending = next) {
    next = pending->next_listed_;
    if (pending->level_ >= level) pending->Forget();
  }
}

bool AnyRowsPending() {
  return first_listed != nullptr;
}

}  // namespace quire
