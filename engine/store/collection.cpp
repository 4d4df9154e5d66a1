#include "engine/store/collection.h"

#include <algorithm>

#include "engine/base/status.h"
#include "engine/mvcc/visibility.h"
#include "engine/store/condition.h"
#include "engine/store/number_sample.h"
#include "engine/store/projection.h"

namespace quire {

namespace {

// Slots looked at under one pin, and how far ahead versions are fetched: a load from far memory
// costs 240 ns. First lines go in groups, at least so many ahead; the others follow when the first
// is there.
constexpr uint32_t kSlotsPerPin = 1024;
constexpr ptrdiff_t kHeadsPerGroup = 16;
constexpr ptrdiff_t kHeadsAhead = 8;
constexpr uint32_t kVersionsAhead = 4;
// The same for versions of a range of keys.
constexpr size_t kPrefetchDistance = 8;
// A scan stops here at the latest to give its caller a chance to handle interrupts.
constexpr uint32_t kSlotsPerBatch = 16 * kSlotsPerPin;

// The lines of a version and its document as far as they are usual; a line too far costs little.
void PrefetchVersion(const std::byte* block) {
  constexpr uint32_t kLines = 5;
  for (uint32_t line = 0; line < kLines; ++line) __builtin_prefetch(block + 64 * line);
}

// Fetches the first line of the versions of the next slots. A version near the one before it is
// prefetched. One that lies elsewhere is loaded, all at once so that the loads overlap: where the
// address of a page must be looked up first, prefetches were seen to go one by one (1,000,000
// versions in random order took 270 ms with them, 130 so).
// `before` is the block of the version before them, and becomes that of the last one.
const DocumentSlot* FetchHeads(const Region& region, const DocumentSlot* slot,
                               const DocumentSlot* end, uint64_t* before) {
  constexpr uint64_t kNear = 8 << 10;
  end = std::min(end, slot + kHeadsPerGroup);
  for (; slot < end; ++slot) {
    const VersionLink link = slot->link();
    if (link.kind() != VersionLink::Kind::kRegion) continue;
    const uint64_t block = link.block();
    if (block - *before + kNear < 2 * kNear) {
      __builtin_prefetch(region.base() + block);
    } else {
      region.At<Version>(block)->xid_and_verdict.load(std::memory_order_relaxed);
    }
    *before = block;
  }
  return slot;
}

// The lines that follow the first.
void PrefetchBody(const Region& region, const DocumentSlot* slot) {
  const VersionLink link = slot->link();
  if (link.kind() != VersionLink::Kind::kRegion) return;
  constexpr uint32_t kLines = 4;
  const std::byte* block = region.base() + link.block();
  for (uint32_t line = 1; line <= kLines; ++line) __builtin_prefetch(block + 64 * line);
}

// Entries of the primary tree looked at in one call, at most.
constexpr uint32_t kEntriesPerBatch = 4096;

}  // namespace

bool ScanFilter::Takes(const DocumentRow& row) {
  ++examined;
  return condition == nullptr || condition->Holds(row);
}

void RowBatch::Clear() {
  rows_.clear();
  bytes_.Clear();
  absent_.clear();
  absent_bytes_ = 0;
}

void RowBatch::Append(const DocumentRow& row) {
  const uint64_t offset = bytes_.size();
  bytes_.Append(row.document);
  rows_.push_back(Entry{row, offset});
}

void RowBatch::AppendVersion(uint32_t number, const Version& version, ScanFilter* filter) {
  // In its place from the start: a copy would wait for the words just written.
  Entry& entry = rows_.emplace_back();
  entry.row.number = number;
  entry.row.version = version.version;
  entry.row.hlc = version.hlc;
  const bool needs_body = filter == nullptr || filter->needs_bodies();
  if (!version.body_in_log() || !needs_body) [[likely]] {
    if (needs_body) entry.row.document = version.document();
    if (filter != nullptr && !filter->Takes(entry.row)) {
      rows_.pop_back();
    } else {
      Keep(filter, &entry);
    }
    return;
  }
  absent_.push_back(Absent{.row = rows_.size() - 1,
                           .place = {.location = version.location.load(std::memory_order_relaxed),
                                     .xid = version.xid(),
                                     .ordinal = version.ordinal,
                                     .document_bytes = version.document_bytes}});
  absent_bytes_ += version.document_bytes;
}

absl::Status RowBatch::ReadAbsent(Session* session, ScanFilter* filter) {
  if (absent_.empty()) return absl::OkStatus();
  BodyReader* bodies = session->bodies();
  if (bodies == nullptr) {
    return absl::InternalError("a document's body is not in memory, and nobody can read it");
  }
  bool all_taken = true;
  for (Absent& absent : absent_) {
    QUIRE_ASSIGN_OR_RETURN(const std::string_view body, bodies->ReadBody(absent.place));
    Entry& entry = rows_[absent.row];
    entry.row.document = body;
    absent.taken = filter == nullptr || filter->Takes(entry.row);
    all_taken &= absent.taken;
    if (absent.taken) Keep(filter, &entry);
  }
  if (!all_taken) RemoveRowsNotTaken();
  absent_.clear();
  absent_bytes_ = 0;
  return absl::OkStatus();
}

void RowBatch::Keep(const ScanFilter* filter, Entry* entry) {
  std::string_view* document = &entry->row.document;
  entry->offset = bytes_.size();
  if (filter == nullptr || (filter->keeps_documents && filter->projection == nullptr)) {
    bytes_.Append(*document);
    return;
  }
  if (filter->keeps_documents) filter->projection->Append(*document, &bytes_);
  // Its size counts; the bytes are found by the offset, which stays where they move.
  *document = {bytes_.data(), bytes_.size() - entry->offset};
}

void RowBatch::RemoveRowsNotTaken() {
  size_t kept = 0;
  auto absent = absent_.begin();
  for (size_t row = 0; row < rows_.size(); ++row) {
    const bool was_absent = absent != absent_.end() && absent->row == row;
    if (!was_absent || absent->taken) rows_[kept++] = rows_[row];
    if (was_absent) ++absent;
  }
  rows_.resize(kept);
}

absl::StatusOr<bool> Collection::Get(std::string_view key, const Snapshot& snapshot,
                                     RowBatch* batch, ScanFilter* filter) {
  const size_t before = batch->size();
  {
    const Session::Pin pin(session_);
    const Tree tree(session_, &state_->primary);
    uint64_t payload = 0;
    if (!tree.Find(key, &payload)) return false;
    // Slot and version are fetched at the same time; what the slot says counts.
    const uint64_t hint = (payload >> 32) * kVersionHintGranule;
    PrefetchVersion(session_->region().base() + hint % session_->region().bytes());
    QUIRE_RETURN_IF_ERROR(Look(static_cast<uint32_t>(payload), snapshot, batch, filter));
  }
  QUIRE_RETURN_IF_ERROR(batch->ReadAbsent(session_, filter));
  return batch->size() > before;
}

absl::StatusOr<bool> Collection::GetByNumber(uint32_t number, const Snapshot& snapshot,
                                             RowBatch* batch, ScanFilter* filter) {
  const size_t before = batch->size();
  {
    const Session::Pin pin(session_);
    QUIRE_RETURN_IF_ERROR(Look(number, snapshot, batch, filter));
  }
  QUIRE_RETURN_IF_ERROR(batch->ReadAbsent(session_, filter));
  return batch->size() > before;
}

absl::Status Collection::Look(uint32_t number, const Snapshot& snapshot, RowBatch* batch,
                              ScanFilter* filter) {
  const DocumentTable table(session_, &state_->table);
  if (number >= table.end()) return absl::OkStatus();
  QUIRE_ASSIGN_OR_RETURN(Version * version,
                         VisibleDocument(table.Slot(number)->link(), snapshot, filter));
  if (version == nullptr) return absl::OkStatus();
  if (state_->eviction.notes_look_ups.load(std::memory_order_relaxed) != 0 &&
      version->touched.load(std::memory_order_relaxed) == 0) {
    version->touched.store(1, std::memory_order_relaxed);
  }
  batch->AppendVersion(number, *version, filter);
  return absl::OkStatus();
}

inline absl::StatusOr<Version*> Collection::VisibleDocument(VersionLink head,
                                                            const Snapshot& snapshot,
                                                            ScanFilter* filter) {
  const Region& region = session_->region();
  if (head.kind() != VersionLink::Kind::kRegion) return nullptr;
  auto* version = region.At<Version>(head.block());
  if (!IsPlainlyVisible(*version, snapshot)) {
    uint64_t* skipped = filter == nullptr ? nullptr : &filter->versions_skipped;
    QUIRE_ASSIGN_OR_RETURN(version, VisibleVersion(region, head, snapshot, host_, skipped));
  }
  return version == nullptr || version->tombstone() ? nullptr : version;
}

ScanCursor Collection::BeginScan() const {
  return ScanCursor{0, numbers()};
}

absl::StatusOr<bool> Collection::NextBatch(const Snapshot& snapshot, size_t rows_max,
                                           uint64_t bytes_max, ScanCursor* cursor, RowBatch* batch,
                                           ScanFilter* filter) {
  batch->Clear();
  const BatchLimit limit{.rows_max = rows_max, .bytes_max = bytes_max};
  QUIRE_RETURN_IF_ERROR(ScanSlots(snapshot, limit, cursor, batch, filter));
  QUIRE_RETURN_IF_ERROR(batch->ReadAbsent(session_, filter));
  return batch->size() > 0 || cursor->next < cursor->end;
}

absl::Status Collection::ScanSlots(const Snapshot& snapshot, const BatchLimit& limit,
                                   ScanCursor* cursor, RowBatch* batch, ScanFilter* filter) {
  const Region& region = session_->region();
  const DocumentTable table(session_, &state_->table);
  const bool needs_bodies = filter == nullptr || filter->needs_bodies();
  const uint32_t end = std::min<uint64_t>(cursor->end, uint64_t{cursor->next} + kSlotsPerBatch);
  while (cursor->next < end) {
    const Session::Pin pin(session_);
    // A chunk is contiguous; a step never crosses one.
    const uint32_t chunk_end =
        std::min(end, cursor->next - cursor->next % kSlotsPerChunk + kSlotsPerPin);
    const DocumentSlot* slot = table.Slot(cursor->next);
    const DocumentSlot* const slots_end = slot + (chunk_end - cursor->next);
    uint64_t fetched_last = 0;
    const DocumentSlot* fetched = FetchHeads(region, slot, slots_end, &fetched_last);
    for (; slot < slots_end; ++slot) {
      if (batch->size() >= limit.rows_max || batch->bytes() >= limit.bytes_max) {
        return absl::OkStatus();
      }
      if (fetched - slot <= kHeadsAhead) {
        fetched = FetchHeads(region, fetched, slots_end, &fetched_last);
      }
      if (needs_bodies && slot + kVersionsAhead < slots_end) {
        PrefetchBody(region, slot + kVersionsAhead);
      }
      const uint32_t number = cursor->next++;
      const VersionLink head = slot->link();
      if (head.empty()) continue;
      QUIRE_ASSIGN_OR_RETURN(const Version* version, VisibleDocument(head, snapshot, filter));
      if (version != nullptr) batch->AppendVersion(number, *version, filter);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Collection::NextBatchInRange(const Snapshot& snapshot, const BatchLimit& limit,
                                                  RangeCursor* cursor, RowBatch* batch,
                                                  ScanFilter* filter) {
  batch->Clear();
  QUIRE_ASSIGN_OR_RETURN(const bool more, ScanRange(snapshot, limit, cursor, batch, filter));
  QUIRE_RETURN_IF_ERROR(batch->ReadAbsent(session_, filter));
  return more;
}

absl::StatusOr<bool> Collection::ScanRange(const Snapshot& snapshot, const BatchLimit& limit,
                                           RangeCursor* cursor, RowBatch* batch,
                                           ScanFilter* filter) {
  const Region& region = session_->region();
  const Tree tree(session_, &state_->primary);
  const DocumentTable table(session_, &state_->table);
  const TreeScanBatch& entries = cursor->entries_;
  const auto prefetch = [&](size_t i) {
    if (i >= entries.size()) return;
    const uint64_t hint = (entries.payload(i) >> 32) * kVersionHintGranule;
    PrefetchVersion(region.base() + hint % region.bytes());
    __builtin_prefetch(table.Slot(static_cast<uint32_t>(entries.payload(i))));
  };
  for (uint32_t looked_at = 0; looked_at < kEntriesPerBatch;) {
    const Session::Pin pin(session_);
    if (cursor->NothingLeft()) {
      if (cursor->tree_at_end_) return batch->size() > 0;
      cursor->Refill(tree);
    }
    size_t& next = cursor->next_entry_;
    for (size_t ahead = 0; ahead < kPrefetchDistance; ++ahead) prefetch(next + ahead);
    while (!cursor->NothingLeft()) {
      if (batch->size() >= limit.rows_max || batch->bytes() >= limit.bytes_max) return true;
      prefetch(next + kPrefetchDistance);
      const std::string_view key = entries.key(next);
      const auto number = static_cast<uint32_t>(entries.payload(next));
      ++next;
      ++looked_at;
      QUIRE_ASSIGN_OR_RETURN(const Version* version,
                             VisibleDocument(table.Slot(number)->link(), snapshot, filter));
      // An entry that was copied a while ago may name a number that is another document's now.
      if (version == nullptr || version->key() != key) continue;
      batch->AppendVersion(number, *version, filter);
    }
    ++looked_at;  // an empty part of the tree counts as well
  }
  return true;
}

uint32_t Collection::numbers() const {
  return DocumentTable(session_, &state_->table).end();
}

int64_t Collection::documents() const {
  return std::max<int64_t>(state_->documents.load(std::memory_order_relaxed), 0);
}

absl::StatusOr<double> Collection::EstimateVisible(const Snapshot& snapshot,
                                                   uint32_t sample) const {
  const DocumentTable table(session_, &state_->table);
  NumberSample numbers(table.end(), sample, state_->id.number);
  uint32_t visible = 0;
  const Session::Pin pin(session_);
  for (uint32_t number = 0; numbers.Next(&number);) {
    QUIRE_ASSIGN_OR_RETURN(
        const Version* version,
        VisibleVersion(session_->region(), table.Slot(number)->link(), snapshot, host_));
    if (version != nullptr && !version->tombstone()) ++visible;
  }
  return numbers.size() == 0 ? 0 : static_cast<double>(visible) * table.end() / numbers.size();
}

double Collection::FractionInRange(const KeyRange& range) const {
  const Session::Pin pin(session_);
  const Tree tree(session_, &state_->primary);
  const auto entries = static_cast<double>(tree.statistics().entries);
  if (entries < 1) return 0;
  double within = tree.EstimateEntries(range);
  if (within > entries / 2) {
    // What is outside is the smaller part, and so the better known one.
    within = entries - tree.EstimateEntries(
                           {.upper = range.lower, .upper_inclusive = !range.lower_inclusive});
    if (range.upper.has_value()) {
      within -=
          tree.EstimateEntries({.lower = *range.upper, .lower_inclusive = !range.upper_inclusive});
    }
  }
  return std::clamp(within / entries, 0.0, 1.0);
}

}  // namespace quire
