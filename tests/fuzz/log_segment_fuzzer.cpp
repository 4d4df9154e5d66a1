// Log segments from hostile bytes, past magic and checksums: the fuzzer writes the headers and the
// checksums around the input's bytes, then may spoil what it wrote, and reads the log as a start
// does. The input is a flag byte (bit 0: after a restore; bits 1 and 2 zero: continue what was
// read) and a list of commands, a byte each with its operands:
//   0 type, length, bytes     a record with correct header and chain, its changes' checksums too
//   1 fields, length, bytes   a record whose header fields are the input's, checksums correct
//   2 length, bytes           the bytes as they stand
//   3                         a new segment, chained to the last
//   4 offset, byte            spoils a byte of the present segment when all is written
//   5 fields                  a new segment whose header fields are the input's, checksum correct
//   6 position                where reading begins
//   7 position                a change is looked up there, whatever stands there
//   8 length                  cuts the present segment
//   9 offset, bytes           overwrites a part of the present segment's header, checksum correct
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "engine/base/crc32c.h"
#include "engine/log/change_record.h"
#include "engine/log/log_lookup.h"
#include "engine/log/log_reader.h"
#include "engine/log/log_tail.h"
#include "engine/log/log_writer.h"
#include "tests/support/simulated_file_system.h"

namespace quire {
namespace {

constexpr LogIdentity kIdentity{1, 2};
constexpr size_t kHeaderCrcOffset = 12;  // As log_segment.h specifies it.
const char* const kFolder = "log";

class LogMaker {
 public:
  explicit LogMaker(SimulatedFileSystem* files) : files_(files) {
    QUIRE_CHECK(files->CreateDirectory(kFolder).ok());
    StartSegment({kIdentity, 0, FirstLogSegmentSeed(kIdentity)});
  }

  // Writes the log; `from` and `lookups` are what commands 6 and 7 asked for.
  void Run(ByteReader input) {
    uint8_t command = 0;
    for (int n = 0; n < 32 && input.Read(&command); ++n) Command(command % 10, input);
    Finish();
  }

  uint64_t from() const { return from_; }
  const std::vector<uint64_t>& lookups() const { return lookups_; }

 private:
  void Command(uint8_t command, ByteReader& input) {
    LogRecordHeader header;
    header.position = start_ + bytes_.size();
    header.synced = start_;
    header.incarnation = 1;
    uint8_t type = 0;
    switch (command) {
      case 0:
        if (!input.Read(&type)) return;
        header.type = static_cast<LogRecordType>(type % (kLogRecordTypeMax + 1));
        Record(header, WithChangeChecksums(Bytes(input)));
        break;
      case 1:
        if (!input.Read(&type) || !input.Read(&header.synced) || !input.Read(&header.incarnation)) {
          return;
        }
        header.type = static_cast<LogRecordType>(type);
        header.lsn = header.synced;
        header.timeline = header.incarnation;
        Record(header, Bytes(input));
        break;
      case 2:
        bytes_.append(Bytes(input));
        break;
      case 3: {
        const uint64_t next = header.position;
        Finish();
        StartSegment({kIdentity, next, crc_});
        break;
      }
      case 4: {
        std::pair<uint16_t, uint8_t> spoil;
        if (input.Read(&spoil.first) && input.Read(&spoil.second)) spoils_.push_back(spoil);
        break;
      }
      case 5: {
        LogSegmentHeader segment{kIdentity, header.position, crc_};
        uint8_t distance = 0;
        if (!input.Read(&distance) || !input.Read(&segment.seed)) return;
        segment.start += distance;
        Finish();
        StartSegment(segment);
        break;
      }
      default:
        Place(command, input);
    }
  }

  void Place(uint8_t command, ByteReader& input) {
    uint16_t place = 0;
    uint64_t bytes = 0;
    if (!input.Read(&place)) return;
    if (command == 6) {
      from_ = place;
    } else if (command == 7) {
      lookups_.push_back(place);
    } else if (command == 8) {
      bytes_.resize(std::min<size_t>(bytes_.size(), std::max<size_t>(place, 1)));
    } else if (bytes_.size() >= kLogSegmentHeaderBytes && input.Read(&bytes)) {
      Store(&bytes_[place % (kLogSegmentHeaderBytes - sizeof(bytes))], bytes);
      Store(&bytes_[kHeaderCrcOffset], uint32_t{0});
      Store(&bytes_[kHeaderCrcOffset],
            Crc32c(0, std::string_view(bytes_).substr(0, kLogSegmentHeaderBytes)));
    }
  }

  static std::string_view Bytes(ByteReader& input) {
    uint16_t length = 0;
    std::string_view bytes;
    if (!input.Read(&length)) return bytes;
    const bool there =
        input.ReadBytes(length % 2048, &bytes) || input.ReadBytes(input.rest().size(), &bytes);
    QUIRE_CHECK(there);
    return bytes;
  }

  // Takes the bytes for a batch and makes right the checksum of every change whose length fits.
  static std::string WithChangeChecksums(std::string_view bytes) {
    std::string batch(bytes);
    for (size_t at = kChangeBatchHeaderBytes; at + kChangeHeaderBytes <= batch.size();) {
      const size_t length = Load<uint32_t>(&batch[at]);
      if (length < kChangeHeaderBytes || length > batch.size() - at) break;
      Store(&batch[at + 4], Crc32c(0, std::string_view(batch).substr(at + 8, length - 8)));
      at += length;
    }
    return batch;
  }

  void Record(LogRecordHeader header, std::string_view payload) {
    char bytes[kLogRecordHeaderBytes];
    header.length = static_cast<uint32_t>(payload.size());
    crc_ = EncodeLogRecordHeader(header, {seed_, crc_}, payload, bytes);
    bytes_.append(bytes, sizeof(bytes)).append(payload);
  }

  void StartSegment(const LogSegmentHeader& header) {
    start_ = header.start;
    seed_ = crc_ = header.seed;
    bytes_ = EncodeLogSegmentHeader(header);
  }

  void Finish() {
    for (const auto& [offset, byte] : spoils_) bytes_[offset % bytes_.size()] ^= byte;
    spoils_.clear();
    files_->SetContent(LogSegmentPath(kFolder, start_), bytes_);
  }

  SimulatedFileSystem* const files_;
  uint64_t start_ = 0;
  uint32_t seed_ = 0;
  uint32_t crc_ = 0;
  std::string bytes_;
  std::vector<std::pair<uint16_t, uint8_t>> spoils_;
  uint64_t from_ = 0;
  std::vector<uint64_t> lookups_;
};

// Decodes a record's payload, and reads its changes back by their positions.
void Decode(const LogRecordView& record, LogLookup& lookup) {
  LogOutcome outcome;
  UndecidedAbort abort;
  absl::Status status;
  switch (record.type) {
    case LogRecordType::kChanges: {
      ChangeBatchReader reader(record.payload);
      std::string bytes;
      for (Change change, again; reader.Next(&change);) {
        absl::Status read =
            lookup.ReadChange(record.payload_position() + reader.change_offset(), &bytes, &again);
        QUIRE_CHECK(read.ok() ? again.document == change.document : absl::IsDataLoss(read));
      }
      status = reader.status();
      break;
    }
    case LogRecordType::kOutcome:
      status = DecodeOutcome(record.payload, &outcome);
      if (status.ok()) {
        std::string encoded;
        AppendOutcome(outcome, &encoded);
        QUIRE_CHECK(encoded == record.payload);
      }
      break;
    case LogRecordType::kPosition:
      break;
    case LogRecordType::kIncarnation:
    case LogRecordType::kAbortBelow:
      status = DecodeUndecidedAbort(record.payload, &abort);
      if (status.ok()) {
        std::string encoded;
        AppendUndecidedAbort(abort, &encoded);
        QUIRE_CHECK(encoded == record.payload);
      }
  }
  QUIRE_CHECK(status.ok() || absl::IsDataLoss(status));
}

// Reads to the end; the number of records, or -1 for damage.
int Read(SimulatedFileSystem& files, uint64_t from, bool after_restore, LogEnd* end) {
  LogReaderOptions options;
  options.identity = kIdentity;
  options.from = from;
  options.after_restore = after_restore;
  options.buffer_bytes = 512;
  auto reader = LogReader::Open(&files, kFolder, options);
  if (!reader.ok()) {
    QUIRE_CHECK(absl::IsDataLoss(reader.status()) || absl::IsFailedPrecondition(reader.status()));
    return -1;
  }
  LogLookup lookup(&files, kFolder);
  LogRecordView record;
  for (int n = 0;; ++n) {
    absl::StatusOr<bool> more = (*reader)->Next(&record);
    if (!more.ok()) {
      QUIRE_CHECK(absl::IsDataLoss(more.status()) || absl::IsFailedPrecondition(more.status()));
      return -1;
    }
    if (!*more) {
      *end = (*reader)->end();
      return n;
    }
    Decode(record, lookup);
  }
}

// A log that was read to its end can be cut there, continued, and read again with one record more.
void Continue(SimulatedFileSystem& files, int records, LogEnd end) {
  QUIRE_CHECK(TruncateLogTo(files, kFolder, end).ok());
  QUIRE_CHECK(RewriteLogTail(files, kFolder, end.position, &end).ok());
  LogWriterOptions options;
  options.identity = kIdentity;
  options.buffer_bytes = 512;
  auto writer = LogWriter::Open(&files, kFolder, options, end);
  QUIRE_CHECK(writer.ok());
  QUIRE_CHECK((*writer)->Append(LogRecordType::kPosition, {1, 1}, "").ok());
  QUIRE_CHECK((*writer)->Sync().ok());
  LogEnd again;
  QUIRE_CHECK(Read(files, 0, false, &again) == records + 1);
  QUIRE_CHECK(again.position == (*writer)->end().position);
  // Nor does the end move when the segments in front of the last one are removed.
  const auto starts = ListLogSegments(files, kFolder);
  QUIRE_CHECK(starts.ok() && !starts->empty());
  const auto removed = RemoveLogSegmentsBefore(files, kFolder, again.position);
  QUIRE_CHECK(removed.ok() && *removed + size_t{1} == starts->size());
  LogEnd last;
  QUIRE_CHECK(Read(files, starts->back(), false, &last) >= 0);
  QUIRE_CHECK(last.position == again.position);
}

}  // namespace
}  // namespace quire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace quire;
  if (size == 0) return 0;
  SimulatedFileSystem files;
  LogMaker maker(&files);
  maker.Run(ByteReader(std::string_view(reinterpret_cast<const char*>(data + 1), size - 1)));
  LogEnd end;
  const bool after_restore = data[0] % 2 == 1;
  const int records = Read(files, maker.from(), after_restore, &end);
  LogLookup lookup(&files, kFolder);
  std::string bytes;
  Change change;
  for (uint64_t position : maker.lookups()) {
    absl::Status read = lookup.ReadChange(position, &bytes, &change);
    QUIRE_CHECK(read.ok() || absl::IsDataLoss(read));
  }
  // A greatest incarnation cannot be raised; a hostile one is the only way to it.
  if (data[0] / 2 % 4 == 0 && records >= 0 && maker.from() == 0 && end.incarnation != ~uint32_t{0})
    Continue(files, records, end);
  return 0;
}
