#include "engine/log/log_writer.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/check.h"
#include "engine/base/status.h"

namespace quire {

LogWriter::LogWriter(FileSystem* files, std::string directory, const LogWriterOptions& options,
                     const LogEnd& end)
    : files_(files),
      directory_(std::move(directory)),
      options_(options),
      buffer_(new char[options.buffer_bytes]),
      end_(end) {
  ++end_.incarnation;
}

absl::StatusOr<std::unique_ptr<LogWriter>> LogWriter::Open(FileSystem* files, std::string directory,
                                                           const LogWriterOptions& options,
                                                           const LogEnd& end) {
  QUIRE_CHECK(options.buffer_bytes >= kLogRecordHeaderBytes);
  QUIRE_RETURN_IF_ERROR(CreateDirectoryDurably(*files, directory));
  std::unique_ptr<LogWriter> writer(new LogWriter(files, std::move(directory), options, end));
  if (!end.has_segment()) {
    writer->end_.crc = FirstLogSegmentSeed(options.identity);
    QUIRE_RETURN_IF_ERROR(writer->StartSegment());
    return writer;
  }
  const std::string path = LogSegmentPath(writer->directory_, end.segment_start);
  QUIRE_ASSIGN_OR_RETURN(writer->file_,
                         files->OpenForWrite(path, FileSystem::WriteMode::kExisting));
  QUIRE_ASSIGN_OR_RETURN(uint64_t bytes, writer->file_->Size());
  if (bytes != end.position - end.segment_start) {
    return absl::InternalError(
        absl::StrCat("log segment \"", path, "\" must end where it is continued: ", "expected ",
                     end.position - end.segment_start, " bytes, found ", bytes));
  }
  return writer;
}

absl::StatusOr<uint64_t> LogWriter::Append(LogRecordType type, const Source& source,
                                           std::string_view payload) {
  if (!status_.ok()) return status_;
  if (payload.size() > kLogPayloadBytesMax) {
    return absl::OutOfRangeError(absl::StrCat(
        "a log record of ", payload.size(), " bytes is above the limit of ", kLogPayloadBytesMax));
  }
  const uint64_t bytes = kLogRecordHeaderBytes + payload.size();
  const uint64_t used = end_.position - end_.segment_start;
  if (used > kLogSegmentHeaderBytes && used + bytes > options_.segment_bytes) {
    QUIRE_RETURN_IF_ERROR(Sync());
    QUIRE_RETURN_IF_ERROR(StartSegment());
  }
  if (buffered_ + bytes > options_.buffer_bytes) QUIRE_RETURN_IF_ERROR(Flush());

  LogRecordHeader header;
  header.length = static_cast<uint32_t>(payload.size());
  header.type = type;
  header.position = end_.position;
  header.synced = end_.synced;
  header.lsn = source.lsn;
  header.timeline = source.timeline;
  header.incarnation = end_.incarnation;
  const LogChain chain{end_.segment_seed, end_.crc};
  char* to = buffer_.get() + buffered_;
  const uint32_t crc = EncodeLogRecordHeader(header, chain, payload, to);
  if (bytes <= options_.buffer_bytes) {
    if (!payload.empty()) std::memcpy(to + kLogRecordHeaderBytes, payload.data(), payload.size());
    buffered_ += bytes;
    end_.position += bytes;
  } else {
    // Larger than the buffer, which is empty now: the payload goes to the file as it is.
    buffered_ += kLogRecordHeaderBytes;
    end_.position += kLogRecordHeaderBytes;
    QUIRE_RETURN_IF_ERROR(Flush());
    end_.position += payload.size();
    QUIRE_RETURN_IF_ERROR(WriteAtEnd(payload));
  }
  end_.crc = crc;
  end_.lsn = source.lsn;
  end_.timeline = source.timeline;
  return header.position + kLogRecordHeaderBytes;
}

absl::Status LogWriter::Flush() {
  if (!status_.ok()) return status_;
  if (buffered_ == 0) return absl::OkStatus();
  QUIRE_RETURN_IF_ERROR(WriteAtEnd(std::string_view(buffer_.get(), buffered_)));
  buffered_ = 0;
  return absl::OkStatus();
}

absl::Status LogWriter::Sync() {
  QUIRE_RETURN_IF_ERROR(Flush());
  if (end_.synced == end_.position) return absl::OkStatus();
  absl::Status synced = file_->Sync();
  if (!synced.ok()) return Fail(std::move(synced));
  end_.synced = end_.position;
  return absl::OkStatus();
}

void LogWriter::ForgetSynced() {
  if (file_ != nullptr) file_->Forget(end_.synced - end_.segment_start);
}

// REQUIRES: everything before end_.position is durable, or there is no segment yet.
absl::Status LogWriter::StartSegment() {
  QUIRE_ASSERT(buffered_ == 0);
  LogSegmentHeader header;
  header.identity = options_.identity;
  header.start = end_.position;
  header.seed = end_.crc;
  absl::StatusOr<std::unique_ptr<File>> file = CreateLogSegment(*files_, directory_, header);
  if (!file.ok()) return Fail(file.status());
  file_ = std::move(*file);
  end_.segment_start = header.start;
  end_.segment_seed = header.seed;
  end_.position = end_.synced = header.start + kLogSegmentHeaderBytes;
  return absl::OkStatus();
}

// Writes `bytes` so that they end at end_.position.
absl::Status LogWriter::WriteAtEnd(std::string_view bytes) {
  absl::Status written = file_->WriteAt(end_.position - end_.segment_start - bytes.size(), bytes);
  return written.ok() ? written : Fail(std::move(written));
}

absl::Status LogWriter::Fail(absl::Status status) {
  status_ = std::move(status);
  return status_;
}

}  // namespace quire
