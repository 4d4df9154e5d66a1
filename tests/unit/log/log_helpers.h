// What the tests of the engine log share: options that make segments small, and whole logs read and
// written at once. Single-threaded.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/status.h"
#include "engine/log/log_reader.h"
#include "engine/log/log_tail.h"
#include "engine/log/log_writer.h"
#include "tests/support/simulated_file_system.h"

namespace quire {

inline const std::string kLogFolder = "log";

inline LogWriterOptions SmallLog(uint64_t record_bytes_per_segment = 1500) {
  LogWriterOptions options;
  options.identity = {11, 22};
  options.segment_bytes = kLogSegmentHeaderBytes + record_bytes_per_segment;
  options.buffer_bytes = 700;
  return options;
}

struct LogContent {
  std::vector<std::string> payloads;
  std::vector<uint64_t> positions;  // Of the records.
  LogEnd end;
  uint64_t torn_bytes = 0;
};

inline LogReaderOptions ReadFrom(uint64_t from, bool after_restore = false) {
  LogReaderOptions options;
  options.identity = {11, 22};
  options.from = from;
  options.after_restore = after_restore;
  options.buffer_bytes = 300;
  return options;
}

inline absl::StatusOr<LogContent> ReadLog(FileSystem& files,
                                          const LogReaderOptions& options = ReadFrom(0)) {
  QUIRE_ASSIGN_OR_RETURN(std::unique_ptr<LogReader> reader,
                         LogReader::Open(&files, kLogFolder, options));
  LogContent content;
  for (LogRecordView record;;) {
    QUIRE_ASSIGN_OR_RETURN(bool more, reader->Next(&record));
    if (!more) break;
    content.payloads.emplace_back(record.payload);
    content.positions.push_back(record.position);
  }
  content.end = reader->end();
  content.torn_bytes = reader->torn_bytes();
  return content;
}

// Appends and syncs `n` records of some 200 bytes, each by itself; returns their positions and
// payloads.
inline LogContent WriteSyncedLog(FileSystem& files, int n,
                                 const LogWriterOptions& options = SmallLog()) {
  auto writer = LogWriter::Open(&files, kLogFolder, options, LogEnd{}).value();
  LogContent content;
  for (int i = 0; i < n; ++i) {
    const std::string payload(150 + i * 7 % 100, static_cast<char>('a' + i % 26));
    const LogWriter::Source source{1000 + static_cast<uint64_t>(i), 1};
    const uint64_t position = writer->Append(LogRecordType::kChanges, source, payload).value();
    QUIRE_CHECK(writer->Sync().ok());
    content.payloads.push_back(payload);
    content.positions.push_back(position - kLogRecordHeaderBytes);
  }
  content.end = writer->end();
  return content;
}

// What a start does: read, cut, make durable, continue.
inline absl::StatusOr<std::unique_ptr<LogWriter>> Recover(FileSystem& files, LogContent* content,
                                                          bool after_restore = false) {
  QUIRE_ASSIGN_OR_RETURN(*content, ReadLog(files, ReadFrom(0, after_restore)));
  QUIRE_RETURN_IF_ERROR(TruncateLogTo(files, kLogFolder, content->end));
  QUIRE_RETURN_IF_ERROR(RewriteLogTail(files, kLogFolder, content->end.position, &content->end));
  return LogWriter::Open(&files, kLogFolder, SmallLog(), content->end);
}

}  // namespace quire
