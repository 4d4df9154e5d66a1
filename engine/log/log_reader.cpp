#include "engine/log/log_reader.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace quire {

LogReader::LogReader(FileSystem* files, std::string directory, const LogReaderOptions& options)
    : files_(files), directory_(std::move(directory)), options_(options) {}

absl::StatusOr<std::unique_ptr<LogReader>> LogReader::Open(FileSystem* files, std::string directory,
                                                           const LogReaderOptions& options) {
  std::unique_ptr<LogReader> reader(new LogReader(files, std::move(directory), options));
  QUIRE_RETURN_IF_ERROR(reader->ChooseFirstSegment());
  if (reader->segments_.empty()) {
    reader->ended_ = true;
    return reader;
  }
  QUIRE_ASSIGN_OR_RETURN(bool usable, reader->OpenSegment());
  reader->ended_ = !usable;
  return reader;
}

absl::StatusOr<bool> LogReader::Next(LogRecordView* record) {
  while (!ended_) {
    QUIRE_ASSIGN_OR_RETURN(Step step, ReadRecord(record));
    if (step == Step::kRecord) {
      if (record->position >= options_.from) return true;
      continue;
    }
    bool more = false;
    if (step == Step::kSegmentEnd) {
      QUIRE_ASSIGN_OR_RETURN(more, NextSegment());
    }
    ended_ = !more;
  }
  if (end_.position < options_.from) {
    return absl::DataLossError(absl::StrCat("engine log \"", directory_,
                                            "\": expected to reach position ", options_.from,
                                            ", found its end at ", end_.position));
  }
  return false;
}

absl::Status LogReader::ChooseFirstSegment() {
  QUIRE_ASSIGN_OR_RETURN(segments_, ListLogSegments(*files_, directory_));
  auto after = std::upper_bound(segments_.begin(), segments_.end(), options_.from);
  if (after == segments_.begin()) {
    if (segments_.empty()) return absl::OkStatus();  // Next() says so if that is too little.
    return absl::DataLossError(absl::StrCat("engine log \"", directory_, "\": expected position ",
                                            options_.from, ", found its beginning at ",
                                            segments_.front()));
  }
  size_t first = static_cast<size_t>(after - segments_.begin()) - 1;
  // A segment that was to begin just here may be a creation cut short: then the end is its
  // predecessor's.
  if (segments_[first] == options_.from && first > 0) --first;
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<ptrdiff_t>(first));
  return absl::OkStatus();
}

// Opens segments_[segment_]. False: the log ends before it.
absl::StatusOr<bool> LogReader::OpenSegment() {
  const uint64_t start = segments_[segment_];
  const bool first_of_log = start == 0;
  const bool first_read = segment_ == 0;
  const std::string path = LogSegmentPath(directory_, start);
  QUIRE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, files_->OpenForRead(path));
  QUIRE_ASSIGN_OR_RETURN(const uint64_t bytes, file->Size());
  std::string page(kLogSegmentHeaderBytes, '\0');
  QUIRE_ASSIGN_OR_RETURN(size_t got, file->ReadAt(0, page.data(), page.size()));
  QUIRE_ASSIGN_OR_RETURN(
      std::optional<LogSegmentHeader> header,
      DecodeLogSegmentHeader(std::string_view(page).substr(0, got), start, path));
  const bool may_end_here = first_of_log || !first_read;
  if (!header) {
    if (may_end_here && options_.after_restore) return false;
    const bool last = segment_ + 1 == segments_.size();
    if (may_end_here && last && bytes <= kLogSegmentHeaderBytes) return false;
    return absl::DataLossError(absl::StrCat("engine log segment \"", path,
                                            "\", offset 0: expected a valid ",
                                            "segment header, found none in ", bytes, " bytes"));
  }
  const LogIdentity& wanted = first_read ? options_.identity : identity_;
  if (header->identity.system_id != wanted.system_id ||
      (wanted.engine_id != 0 && header->identity.engine_id != wanted.engine_id)) {
    return absl::FailedPreconditionError(
        absl::StrCat("engine log segment \"", path, "\" belongs to system ",
                     header->identity.system_id, ", engine ", header->identity.engine_id,
                     "; this is system ", wanted.system_id, ", engine ", wanted.engine_id));
  }
  const uint32_t seed = first_of_log ? FirstLogSegmentSeed(header->identity)
                        : first_read ? header->seed
                                     : end_.crc;
  if (header->seed != seed) {
    if (may_end_here && options_.after_restore) return false;
    return absl::DataLossError(absl::StrCat("engine log segment \"", path,
                                            "\", offset 40: expected seed ", seed, ", found ",
                                            header->seed));
  }
  identity_ = header->identity;
  file_ = std::move(file);
  file_bytes_ = bytes;
  buffer_bytes_ = 0;
  end_.crc = end_.segment_seed = header->seed;
  end_.segment_start = end_.synced = start;
  end_.position = start + kLogSegmentHeaderBytes;
  return true;
}

absl::StatusOr<LogReader::Step> LogReader::ReadRecord(LogRecordView* record) {
  const uint64_t position = end_.position;
  const uint64_t rest = file_bytes_ - (position - end_.segment_start);
  if (rest == 0) return Step::kSegmentEnd;
  const char* at = nullptr;
  if (rest < kLogRecordHeaderBytes) {
    return Invalid(absl::StrCat(kLogRecordHeaderBytes, " bytes of record header"),
                   absl::StrCat(rest));
  }
  QUIRE_ASSIGN_OR_RETURN(bool there, Fetch(position, kLogRecordHeaderBytes, &at));
  LogRecordHeader header;
  if (!there || !DecodeLogRecordHeader(at, position, end_.segment_seed, &header)) {
    return Invalid("a valid record header", "none");
  }
  if (header.incarnation < end_.incarnation) {
    return Invalid(absl::StrCat("incarnation ", end_.incarnation, " or greater"),
                   absl::StrCat(header.incarnation));
  }
  const uint64_t bytes = kLogRecordHeaderBytes + header.length;
  if (bytes > rest) {
    return Invalid(absl::StrCat("a record of ", bytes, " bytes"), absl::StrCat(rest, " bytes"));
  }
  QUIRE_ASSIGN_OR_RETURN(there, Fetch(position, bytes, &at));
  if (!there || !LogRecordChecksumHolds(std::string_view(at, bytes), end_.crc)) {
    return Invalid(absl::StrCat("checksum ", header.crc), "another");
  }
  QUIRE_RETURN_IF_ERROR(CheckContent(header));
  record->type = header.type;
  record->position = position;
  record->lsn = header.lsn;
  record->timeline = header.timeline;
  record->incarnation = header.incarnation;
  record->payload = std::string_view(at + kLogRecordHeaderBytes, header.length);
  end_.position = position + bytes;
  end_.synced = std::max(end_.synced, header.synced);
  end_.lsn = header.lsn;
  end_.timeline = header.timeline;
  end_.crc = header.crc;
  end_.incarnation = header.incarnation;
  return Step::kRecord;
}

// REQUIRES: the present segment is read to its last byte.
absl::StatusOr<bool> LogReader::NextSegment() {
  if (segment_ + 1 == segments_.size()) return false;
  const uint64_t start = segments_[segment_ + 1];
  if (start != end_.position) {
    if (options_.after_restore) return false;
    return DataLoss(end_.position, absl::StrCat("records up to the next segment at ", start),
                    absl::StrCat("the segment's end at ", end_.position));
  }
  ++segment_;
  return OpenSegment();
}

// What the checksum has shown to be written so: never a torn tail.
absl::Status LogReader::CheckContent(const LogRecordHeader& header) const {
  const auto type = static_cast<uint8_t>(header.type);
  if (type < 1 || type > kLogRecordTypeMax) {
    return DataLoss(header.position, absl::StrCat("record type 1 to ", kLogRecordTypeMax + 0),
                    absl::StrCat(type + 0));
  }
  if (header.type == LogRecordType::kPosition && header.length != 0) {
    return DataLoss(header.position, "no payload in a position record",
                    absl::StrCat(header.length, " bytes"));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> LogReader::Fetch(uint64_t position, size_t n, const char** bytes) {
  const bool begins_inside =
      position >= buffer_position_ && position - buffer_position_ <= buffer_bytes_;
  size_t kept = 0;
  if (begins_inside && buffer_bytes_ > 0) {
    const size_t skip = position - buffer_position_;
    kept = buffer_bytes_ - skip;
    if (kept >= n) {
      *bytes = buffer_.data() + skip;
      return true;
    }
    std::memmove(buffer_.data(), buffer_.data() + skip, kept);
  }
  const size_t wanted = std::max(n, options_.buffer_bytes);
  if (buffer_.size() < wanted) buffer_.resize(wanted);
  buffer_position_ = position;
  buffer_bytes_ = kept;
  QUIRE_ASSIGN_OR_RETURN(size_t got, file_->ReadAt(position + kept - end_.segment_start,
                                                   buffer_.data() + kept, wanted - kept));
  buffer_bytes_ = kept + got;
  *bytes = buffer_.data();
  return buffer_bytes_ >= n;
}

// Judges the invalid record at end_.position.
absl::StatusOr<LogReader::Step> LogReader::Invalid(const std::string& expected,
                                                   const std::string& found) {
  torn_bytes_ = file_bytes_ - (end_.position - end_.segment_start);
  if (options_.after_restore) return Step::kLogEnd;
  if (segment_ + 1 < segments_.size()) {
    return DataLoss(end_.position, expected,
                    absl::StrCat(found, ", with a later segment at ", segments_[segment_ + 1]));
  }
  QUIRE_ASSIGN_OR_RETURN(uint64_t behind, DurableHeaderBehind(end_.position));
  if (behind != 0) {
    return DataLoss(end_.position, expected,
                    absl::StrCat(found, ", with a record at ", behind, " written after its sync"));
  }
  return Step::kLogEnd;
}

// The position of the first header behind `position` that was written when `position` was durable;
// 0: none.
absl::StatusOr<uint64_t> LogReader::DurableHeaderBehind(uint64_t position) {
  const uint64_t file_end = end_.segment_start + file_bytes_;
  uint64_t at = position + 1;
  while (at + kLogRecordHeaderBytes <= file_end) {
    const char* bytes = nullptr;
    const size_t n = std::min<uint64_t>(file_end - at, options_.buffer_bytes);
    QUIRE_ASSIGN_OR_RETURN(bool there, Fetch(at, n, &bytes));
    if (!there || n < kLogRecordHeaderBytes) break;
    LogRecordHeader header;
    const size_t places = n - kLogRecordHeaderBytes + 1;
    for (size_t i = 0; i < places; ++i) {
      if (DecodeLogRecordHeader(bytes + i, at + i, end_.segment_seed, &header) &&
          header.synced > position) {
        return at + i;
      }
    }
    at += places;
  }
  return 0;
}

absl::Status LogReader::DataLoss(uint64_t position, const std::string& expected,
                                 const std::string& found) const {
  return absl::DataLossError(absl::StrCat("engine log segment \"", file_->path(), "\", offset ",
                                          position - end_.segment_start, ": expected ", expected,
                                          ", found ", found));
}

}  // namespace quire
