#include "engine/log/log_record.h"

#include "absl/strings/str_cat.h"
#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "engine/base/crc32c.h"

namespace quire {
namespace {

constexpr size_t kChainBegin = 4;
constexpr size_t kCheckBegin = 8;

template <typename T>
void Append(T value, std::string* to) {
  char bytes[sizeof(T)];
  Store(bytes, value);
  to->append(bytes, sizeof(T));
}

template <typename Expected, typename Found>
absl::Status Wrong(const char* record, const char* what, const Expected& expected,
                   const Found& found) {
  return absl::DataLossError(
      absl::StrCat(record, ", ", what, ": expected ", expected, ", found ", found));
}

template <size_t n>
void AppendIds(const absl::InlinedVector<uint64_t, n>& ids, std::string* to) {
  Append(static_cast<uint32_t>(ids.size()), to);
  for (uint64_t id : ids) Append(id, to);
}

// Reads a count and as many ids, which must be all that is left.
template <size_t n>
absl::Status ReadIds(const char* record, ByteReader reader, absl::InlinedVector<uint64_t, n>* ids) {
  ids->clear();
  uint32_t count = 0;
  if (!reader.Read(&count)) return Wrong(record, "count of ids", "4 bytes", reader.rest().size());
  if (reader.rest().size() != uint64_t{count} * 8) {
    return Wrong(record, "bytes of ids", uint64_t{count} * 8, reader.rest().size());
  }
  ids->reserve(count);
  for (uint64_t id = 0; reader.Read(&id);) ids->push_back(id);
  return absl::OkStatus();
}

}  // namespace

uint32_t EncodeLogRecordHeader(const LogRecordHeader& header, const LogChain& chain,
                               std::string_view payload, char* to) {
  QUIRE_ASSERT(header.length == payload.size());
  Store(to + 8, header.length);
  Store(to + 12, static_cast<uint32_t>(header.type));  // The type and three zero bytes.
  Store(to + 16, header.position);
  Store(to + 24, header.synced);
  Store(to + 32, header.lsn);
  Store(to + 40, header.timeline);
  Store(to + 44, header.incarnation);
  Store(to + 4, Crc32c(chain.segment_seed,
                       std::string_view(to + kCheckBegin, kLogRecordHeaderBytes - kCheckBegin)));
  uint32_t crc = Crc32c(chain.predecessor_crc,
                        std::string_view(to + kChainBegin, kLogRecordHeaderBytes - kChainBegin));
  crc = Crc32c(crc, payload);
  Store(to, crc);
  return crc;
}

bool DecodeLogRecordHeader(const char* from, uint64_t position, uint32_t segment_seed,
                           LogRecordHeader* header) {
  // The position first: a search behind damage fails here at nearly every byte.
  if (Load<uint64_t>(from + 16) != position) return false;
  const uint32_t check = Crc32c(
      segment_seed, std::string_view(from + kCheckBegin, kLogRecordHeaderBytes - kCheckBegin));
  if (Load<uint32_t>(from + 4) != check) return false;
  const uint32_t type = Load<uint32_t>(from + 12);
  if (type > 255) return false;
  header->crc = Load<uint32_t>(from);
  header->length = Load<uint32_t>(from + 8);
  header->type = static_cast<LogRecordType>(type);
  header->position = position;
  header->synced = Load<uint64_t>(from + 24);
  header->lsn = Load<uint64_t>(from + 32);
  header->timeline = Load<uint32_t>(from + 40);
  header->incarnation = Load<uint32_t>(from + 44);
  return header->length <= kLogPayloadBytesMax && header->synced <= position;
}

bool LogRecordChecksumHolds(std::string_view record, uint32_t predecessor_crc) {
  return Load<uint32_t>(record.data()) == Crc32c(predecessor_crc, record.substr(kChainBegin));
}

void AppendOutcome(const LogOutcome& outcome, std::string* to) {
  Append(uint32_t{outcome.committed}, to);  // The verdict and three zero bytes.
  Append(outcome.change_count, to);
  Append(outcome.xid, to);
  Append(outcome.first_seq, to);
  Append(outcome.commit_time_us, to);
  AppendIds(outcome.subxids, to);
}

absl::Status DecodeOutcome(std::string_view payload, LogOutcome* outcome) {
  ByteReader reader(payload);
  uint32_t verdict = 0;
  if (!reader.Read(&verdict) || !reader.Read(&outcome->change_count) ||
      !reader.Read(&outcome->xid) || !reader.Read(&outcome->first_seq) ||
      !reader.Read(&outcome->commit_time_us)) {
    return Wrong("outcome record", "length", "at least 36", payload.size());
  }
  if (verdict > 1) return Wrong("outcome record", "verdict", "0 or 1", verdict);
  outcome->committed = verdict == 1;
  if (!outcome->committed && outcome->change_count != 0) {
    return Wrong("outcome record", "numbered changes of an abort", 0, outcome->change_count);
  }
  return ReadIds("outcome record", reader, &outcome->subxids);
}

void AppendUndecidedAbort(const UndecidedAbort& abort, std::string* to) {
  Append(abort.limit_xid, to);
  AppendIds(abort.prepared, to);
}

absl::Status DecodeUndecidedAbort(std::string_view payload, UndecidedAbort* abort) {
  ByteReader reader(payload);
  if (!reader.Read(&abort->limit_xid)) {
    return Wrong("abort record", "length", "at least 12", payload.size());
  }
  return ReadIds("abort record", reader, &abort->prepared);
}

}  // namespace quire
