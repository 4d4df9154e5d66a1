#include "engine/log/log_tail.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/log/log_reader.h"

namespace quire {
namespace {

constexpr size_t kCopyBytes = size_t{1} << 20;

// Writes the file's bytes from `from` to `to` anew and syncs it.
absl::Status RewriteFile(File& file, uint64_t from, uint64_t to) {
  std::string buffer(std::min<uint64_t>(to - from, kCopyBytes), '\0');
  for (uint64_t at = from; at < to;) {
    const size_t n = std::min<uint64_t>(to - at, buffer.size());
    QUIRE_ASSIGN_OR_RETURN(size_t got, file.ReadAt(at, buffer.data(), n));
    if (got != n) {
      return absl::DataLossError(absl::StrCat("engine log segment \"", file.path(), "\", offset ",
                                              at, ": expected ", n, " bytes, found ", got));
    }
    QUIRE_RETURN_IF_ERROR(file.WriteAt(at, std::string_view(buffer.data(), n)));
    at += n;
  }
  return file.Sync();
}

// Reads the end's segment again. Its header gives the chain, so nothing before it is needed.
absl::Status CheckEnd(FileSystem& files, const std::string& directory, const LogEnd& end) {
  const std::string path = LogSegmentPath(directory, end.segment_start);
  QUIRE_ASSIGN_OR_RETURN(std::unique_ptr<File> file, files.OpenForRead(path));
  std::string page(kLogSegmentHeaderBytes, '\0');
  QUIRE_ASSIGN_OR_RETURN(size_t got, file->ReadAt(0, page.data(), page.size()));
  QUIRE_ASSIGN_OR_RETURN(
      std::optional<LogSegmentHeader> header,
      DecodeLogSegmentHeader(std::string_view(page).substr(0, got), end.segment_start, path));
  LogEnd found;
  if (header) {
    LogReaderOptions options;
    options.identity = header->identity;
    options.buffer_bytes =
        std::min<uint64_t>(end.position - end.segment_start, options.buffer_bytes);
    // One byte into the segment: its predecessor is of no concern here.
    options.from = end.segment_start == 0 ? 0 : end.segment_start + 1;
    QUIRE_ASSIGN_OR_RETURN(std::unique_ptr<LogReader> reader,
                           LogReader::Open(&files, directory, options));
    for (LogRecordView record;;) {
      QUIRE_ASSIGN_OR_RETURN(bool more, reader->Next(&record));
      if (!more) break;
    }
    found = reader->end();
  }
  if (found.position != end.position || found.crc != end.crc) {
    return absl::DataLossError(absl::StrCat(
        "engine log segment \"", path, "\", written anew: expected its end at position ",
        end.position, " with checksum ", end.crc, ", found ", found.position, " with ", found.crc));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status TruncateLogTo(FileSystem& files, const std::string& directory, const LogEnd& end) {
  QUIRE_ASSIGN_OR_RETURN(std::vector<uint64_t> starts, ListLogSegments(files, directory));
  for (; !starts.empty(); starts.pop_back()) {
    if (end.has_segment() && starts.back() <= end.segment_start) break;
    QUIRE_RETURN_IF_ERROR(files.Remove(LogSegmentPath(directory, starts.back())));
    // Each by itself, so that no crash leaves a later segment without an earlier one.
    QUIRE_RETURN_IF_ERROR(files.SyncDirectory(directory));
  }
  if (!end.has_segment()) return absl::OkStatus();
  QUIRE_ASSIGN_OR_RETURN(std::unique_ptr<File> file,
                         files.OpenForWrite(LogSegmentPath(directory, end.segment_start),
                                            FileSystem::WriteMode::kExisting));
  const uint64_t bytes = end.position - end.segment_start;
  QUIRE_ASSIGN_OR_RETURN(uint64_t present, file->Size());
  if (present == bytes) return absl::OkStatus();
  if (present < bytes) {
    return absl::DataLossError(absl::StrCat("engine log segment \"", file->path(), "\": expected ",
                                            bytes, " bytes, found ", present));
  }
  QUIRE_RETURN_IF_ERROR(file->Truncate(bytes));
  return file->Sync();
}

absl::Status RewriteLogTail(FileSystem& files, const std::string& directory, uint64_t from,
                            LogEnd* end) {
  if (!end->has_segment()) return absl::OkStatus();
  from = std::min(from, end->synced);
  QUIRE_ASSIGN_OR_RETURN(std::vector<uint64_t> starts, ListLogSegments(files, directory));
  for (size_t i = 0; i < starts.size(); ++i) {
    const uint64_t segment_end = i + 1 < starts.size() ? starts[i + 1] : end->position;
    if (segment_end <= from) continue;
    QUIRE_ASSIGN_OR_RETURN(
        std::unique_ptr<File> file,
        files.OpenForWrite(LogSegmentPath(directory, starts[i]), FileSystem::WriteMode::kExisting));
    // A segment that begins behind `from` is written anew with its header.
    QUIRE_RETURN_IF_ERROR(
        RewriteFile(*file, std::max(from, starts[i]) - starts[i], segment_end - starts[i]));
  }
  QUIRE_RETURN_IF_ERROR(files.SyncDirectory(directory));
  QUIRE_RETURN_IF_ERROR(CheckEnd(files, directory, *end));
  end->synced = end->position;
  return absl::OkStatus();
}

}  // namespace quire
