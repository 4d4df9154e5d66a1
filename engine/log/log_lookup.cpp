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

absl::Status Wrong(const File& file, uint64_t offset, const std::string& expected,
                   const std::string& found) {
  return absl::DataLossError(absl::StrCat("engine log segment \"", file.path(), "\", offset ",
                                          offset, ": expected ", expected, ", found ", found));
}

}  // namespace

absl::Status LogLookup::ReadChange(uint64_t position, std::string* bytes, Change* change) {
  QUIRE_ASSIGN_OR_RETURN(Segment * segment, Find(position));
  File& file = *segment->file;
  const uint64_t offset = position - segment->start;
  if (bytes->size() < kFirstReadBytes) bytes->resize(kFirstReadBytes);
  QUIRE_ASSIGN_OR_RETURN(size_t got, file.ReadAt(offset, bytes->data(), kFirstReadBytes));
  if (got < kChangeHeaderBytes) {
    return Wrong(file, offset, absl::StrCat(kChangeHeaderBytes, " bytes of change header"),
                 absl::StrCat(got));
  }
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
    fresh.push_back({starts[i], end, nullptr});
    for (Segment& old : segments_) {
      if (old.start == starts[i]) fresh.back().file = std::move(old.file);
    }
  }
  segments_ = std::move(fresh);
  return absl::OkStatus();
}

absl::StatusOr<LogLookup::Segment*> LogLookup::Find(uint64_t position) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto after = std::upper_bound(segments_.begin(), segments_.end(), position,
                                  [](uint64_t p, const Segment& s) { return p < s.start; });
    if (after != segments_.begin()) {
      Segment& segment = *(after - 1);
      if (segment.file == nullptr) {
        QUIRE_ASSIGN_OR_RETURN(segment.file,
                               files_->OpenForRead(LogSegmentPath(directory_, segment.start)));
      }
      // The newest segment known may have got a successor since; then the position may be that
      // one's.
      const bool newest = segment.end == std::numeric_limits<uint64_t>::max();
      if (!newest || attempt > 0) return &segment;
      QUIRE_ASSIGN_OR_RETURN(uint64_t size, segment.file->Size());
      if (position - segment.start < size) return &segment;
    }
    QUIRE_RETURN_IF_ERROR(Refresh());
  }
  return absl::NotFoundError(absl::StrCat("engine log \"", directory_,
                                          "\" has no segment that holds position ", position));
}

}  // namespace quire
