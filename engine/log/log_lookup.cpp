#include "engine/log/log_lookup.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/bytes.h"
#include "engine/base/status.h"

namespace quire {
namespace {

// Most changes come with one read.
constexpr size_t kFirstReadBytes = 1024;
// What is read when the change before was read last; a record's header may lie in between.
constexpr size_t kWindowBytes = 64 << 10;
constexpr uint64_t kGapBytesMax = 1024;
// Files that stay open. Few, since the server counts its own and leaves ten for the rest of the
// process.
constexpr int kOpenFilesMax = 4;

absl::Status Wrong(const File& file, uint64_t offset, const std::string& expected,
                   const std::string& found) {
  return absl::DataLossError(absl::StrCat("engine log segment \"", file.path(), "\", offset ",
                                          offset, ": expected ", expected, ", found ", found));
}

}  // namespace

absl::Status LogLookup::ReadChange(uint64_t position, std::string* bytes, Change* change) {
  size_t got = 0;
  return ReadAhead(position, kFirstReadBytes, bytes, &got, change);
}

absl::Status LogLookup::ReadAhead(uint64_t position, size_t ahead, std::string* bytes, size_t* had,
                                  Change* change) {
  QUIRE_ASSIGN_OR_RETURN(Segment * segment, Find(position));
  File& file = *segment->file;
  const uint64_t offset = position - segment->start;
  if (bytes->size() < ahead) bytes->resize(ahead);
  QUIRE_ASSIGN_OR_RETURN(const size_t got, file.ReadAt(offset, bytes->data(), ahead));
  if (got < kChangeHeaderBytes) {
    return Wrong(file, offset, absl::StrCat(kChangeHeaderBytes, " bytes of change header"),
                 absl::StrCat(got));
  }
  *had = got;
  const size_t length = Load<uint32_t>(bytes->data());
  if (length < kChangeHeaderBytes || length > kChangeBytesMax) {
    return Wrong(
        file, offset,
        absl::StrCat("a change of ", kChangeHeaderBytes, " to ", kChangeBytesMax, " bytes"),
        absl::StrCat(length));
  }
  if (length > got) {
    // The file's size first: a wrong length must not make half a gigabyte of memory.
    QUIRE_ASSIGN_OR_RETURN(uint64_t size, file.Size());
    if (length > size - std::min(size, offset)) {
      return Wrong(file, offset, absl::StrCat(length, " bytes of change"),
                   absl::StrCat(size - std::min(size, offset)));
    }
    if (bytes->size() < length) bytes->resize(length);
    QUIRE_ASSIGN_OR_RETURN(size_t more,
                           file.ReadAt(offset + got, bytes->data() + got, length - got));
    if (more != length - got) {
      return Wrong(file, offset, absl::StrCat(length, " bytes of change"),
                   absl::StrCat(got + more));
    }
    *had = length;
  }
  const std::string_view whole(bytes->data(), length);
  if (!ChangeChecksumHolds(whole)) {
    return Wrong(file, offset,
                 absl::StrCat("a change with checksum ", Load<uint32_t>(whole.data() + 4)),
                 "another checksum");
  }
  size_t size = 0;
  absl::Status decoded = DecodeChange(whole, change, &size);
  if (!decoded.ok()) return Wrong(file, offset, "a valid change", std::string(decoded.message()));
  return absl::OkStatus();
}

bool LogLookup::FindInWindow(uint64_t position, Change* change) const {
  if (position < window_start_) return false;
  const uint64_t from = position - window_start_;
  if (from + kChangeHeaderBytes > window_bytes_) return false;
  const size_t length = Load<uint32_t>(window_.data() + from);
  if (length < kChangeHeaderBytes || length > window_bytes_ - from) return false;
  const std::string_view whole(window_.data() + from, length);
  size_t size = 0;
  return ChangeChecksumHolds(whole) && DecodeChange(whole, change, &size).ok();
}

absl::StatusOr<std::string_view> LogLookup::ReadBody(const BodyPlace& place) {
  Change change;
  // A window may have been read before the change was written whole: then it is read again.
  if (!FindInWindow(place.location, &change)) {
    const bool follows = place.location - last_end_ <= kGapBytesMax;
    window_bytes_ = 0;
    window_start_ = place.location;
    const absl::Status read = ReadAhead(place.location, follows ? kWindowBytes : kFirstReadBytes,
                                        &window_, &window_bytes_, &change);
    if (absl::IsNotFound(read)) return absl::DataLossError(read.message());
    if (!read.ok()) return read;
  }
  last_end_ = place.location + ChangeBytes(change);
  if (change.xid != place.xid || change.ordinal != place.ordinal ||
      change.document.size() != place.document_bytes) {
    QUIRE_ASSIGN_OR_RETURN(Segment * segment, Find(place.location));
    return Wrong(*segment->file, place.location - segment->start,
                 absl::StrCat("change ", place.ordinal, " of transaction ", place.xid, " with ",
                              place.document_bytes, " bytes of document"),
                 absl::StrCat("change ", change.ordinal, " of transaction ", change.xid, " with ",
                              change.document.size()));
  }
  return change.document;
}

void LogLookup::ForgetBefore(uint64_t position) {
  auto kept = std::find_if(segments_.begin(), segments_.end(),
                           [&](const Segment& segment) { return segment.end > position; });
  segments_.erase(segments_.begin(), kept);
}

// Takes over the folder's present segments, keeping the files that are open.
absl::Status LogLookup::Refresh() {
  QUIRE_ASSIGN_OR_RETURN(std::vector<uint64_t> starts, ListLogSegments(*files_, directory_));
  std::vector<Segment> fresh;
  fresh.reserve(starts.size());
  for (size_t i = 0; i < starts.size(); ++i) {
    const uint64_t end =
        i + 1 < starts.size() ? starts[i + 1] : std::numeric_limits<uint64_t>::max();
    fresh.push_back(Segment{.start = starts[i], .end = end, .file = nullptr});
    for (Segment& old : segments_) {
      if (old.start != starts[i]) continue;
      fresh.back().file = std::move(old.file);
      fresh.back().bytes_known = old.bytes_known;
      fresh.back().last_use = old.last_use;
    }
  }
  segments_ = std::move(fresh);
  return absl::OkStatus();
}

// Opens a segment's file, and closes the one that was not used for longest when there are too many.
absl::Status LogLookup::OpenFile(Segment* segment) {
  int open = 0;
  Segment* idle = nullptr;
  for (Segment& other : segments_) {
    if (other.file == nullptr) continue;
    ++open;
    if (idle == nullptr || other.last_use < idle->last_use) idle = &other;
  }
  if (open >= kOpenFilesMax) idle->file.reset();
  QUIRE_ASSIGN_OR_RETURN(segment->file,
                         files_->OpenForRead(LogSegmentPath(directory_, segment->start)));
  return absl::OkStatus();
}

absl::StatusOr<LogLookup::Segment*> LogLookup::Find(uint64_t position) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto after = std::upper_bound(segments_.begin(), segments_.end(), position,
                                  [](uint64_t p, const Segment& s) { return p < s.start; });
    if (after != segments_.begin()) {
      Segment& segment = *(after - 1);
      if (segment.file == nullptr) QUIRE_RETURN_IF_ERROR(OpenFile(&segment));
      segment.last_use = ++uses_;
      // The newest segment known may have got a successor since; then the position may be that
      // one's.
      const bool newest = segment.end == std::numeric_limits<uint64_t>::max();
      const uint64_t offset = position - segment.start;
      if (!newest || attempt > 0 || offset < segment.bytes_known) return &segment;
      QUIRE_ASSIGN_OR_RETURN(segment.bytes_known, segment.file->Size());
      if (offset < segment.bytes_known) return &segment;
    }
    QUIRE_RETURN_IF_ERROR(Refresh());
  }
  return absl::NotFoundError(absl::StrCat("engine log \"", directory_,
                                          "\" has no segment that holds position ", position));
}

}  // namespace quire
