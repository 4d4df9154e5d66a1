#include "extension/wal_source.h"

#include <fcntl.h>
#include <unistd.h>

#include "extension/lsn_text.h"

extern "C" {
#include "postgres.h"

#include "access/timeline.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "access/xlogreader.h"
#include "access/xlogrecovery.h"
#include "nodes/pg_list.h"
#include "storage/fd.h"
#include "utils/memutils.h"
}

namespace quire {

struct WalSource {
  XLogReaderState* reader;
  MemoryContext context;
  WalLimit limit;

  // The timelines that lead to limit.timeline, oldest first, each with its first byte.
  struct Stretch {
    TimeLineID timeline;
    XLogRecPtr begin;
  };
  Stretch* history;
  int history_count;

  // The open segment, file -1 when there is none.
  int file;
  XLogSegNo segment;
  TimeLineID file_timeline;

  WalRead failure;  // why the last page could not be had
  char problem[256];
};

namespace {

// The server's default, 64 kB, would have memory mapped and given back for each record that holds a
// session's whole buffer.
constexpr size_t kDecodeBufferBytes = 1 << 20;

void CloseSegment(WalSource* source) {
  if (source->file >= 0) close(source->file);
  source->file = -1;
}

// The newest timeline that has a part of the segment which may be read; -1 when there is none.
int NewestStretchOf(const WalSource* source, XLogSegNo segment) {
  XLogRecPtr end = 0;
  XLogSegNoOffsetToRecPtr(segment + 1, 0, wal_segment_size, end);
  int i = source->history_count - 1;
  while (i >= 0 && source->history[i].begin >= end) --i;
  return i;
}

bool OpenSegment(WalSource* source, XLogSegNo segment) {
  const int newest = NewestStretchOf(source, segment);
  XLogRecPtr begin = 0;
  XLogSegNoOffsetToRecPtr(segment, 0, wal_segment_size, begin);
  if (source->file >= 0 && source->segment == segment && newest >= 0 &&
      source->file_timeline == source->history[newest].timeline) {
    return true;
  }
  CloseSegment(source);
  // An older timeline's file serves as long as that timeline reaches into the segment.
  for (int i = newest; i >= 0; --i) {
    char path[MAXPGPATH];
    XLogFilePath(path, source->history[i].timeline, segment, wal_segment_size);
    source->file = BasicOpenFile(path, O_RDONLY | PG_BINARY);
    if (source->file >= 0) {
      source->segment = segment;
      source->file_timeline = source->history[newest].timeline;
      return true;
    }
    if (errno != ENOENT) {
      ereport(ERROR, (errcode_for_file_access(), errmsg("could not open file \"%s\": %m", path)));
    }
    if (i == newest) strlcpy(source->problem, path, sizeof(source->problem));
    if (source->history[i].begin <= begin) break;
  }
  return false;
}

int ReadPage(XLogReaderState* reader, XLogRecPtr page, int wanted, XLogRecPtr, char* to) {
  auto* source = static_cast<WalSource*>(reader->private_data);
  if (page + static_cast<uint64_t>(wanted) > source->limit.lsn) {
    source->failure = WalRead::kEnd;
    return -1;
  }
  XLogSegNo segment = 0;
  XLByteToSeg(page, segment, wal_segment_size);
  if (!OpenSegment(source, segment)) {
    source->failure = WalRead::kMissing;
    return -1;
  }
  const off_t offset = XLogSegmentOffset(page, wal_segment_size);
  const ssize_t n = pg_pread(source->file, to, XLOG_BLCKSZ, offset);
  if (n != XLOG_BLCKSZ) {
    source->failure = WalRead::kInvalid;
    snprintf(source->problem, sizeof(source->problem), "could not read 8 kB at %s: %s",
             LsnText(page).text, n < 0 ? strerror(errno) : "the file ends");
    return -1;
  }
  reader->seg.ws_segno = segment;
  reader->seg.ws_tli = source->file_timeline;
  return static_cast<int>(Min(source->limit.lsn - page, XLOG_BLCKSZ));
}

void NeverOpen(XLogReaderState*, XLogSegNo, TimeLineID*) {}

void NeverClose(XLogReaderState*) {}

}  // namespace

WalLimit CurrentWalLimit() {
  WalLimit limit;
  limit.in_recovery = RecoveryInProgress();
  limit.lsn =
      limit.in_recovery ? GetXLogReplayRecPtr(&limit.timeline) : GetFlushRecPtr(&limit.timeline);
  if (limit.timeline == 0) limit.lsn = 0;
  return limit;
}

WalSource* NewWalSource() {
  auto* source = static_cast<WalSource*>(palloc0(sizeof(WalSource)));
  source->context = CurrentMemoryContext;
  source->file = -1;
  XLogReaderRoutine routine = {};
  routine.page_read = ReadPage;
  routine.segment_open = NeverOpen;
  routine.segment_close = NeverClose;
  source->reader = XLogReaderAllocate(wal_segment_size, nullptr, &routine, source);
  if (source->reader == nullptr) {
    ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
  }
  XLogReaderSetDecodeBuffer(source->reader, palloc(kDecodeBufferBytes), kDecodeBufferBytes);
  return source;
}

void BeginWal(WalSource* source, uint64_t lsn) {
  XLogBeginRead(source->reader, lsn);
}

void SetWalLimit(WalSource* source, const WalLimit& limit) {
  source->limit = limit;
  if (limit.timeline == 0 ||
      (source->history_count > 0 &&
       source->history[source->history_count - 1].timeline == limit.timeline)) {
    return;
  }
  const MemoryContext before = MemoryContextSwitchTo(source->context);
  List* history = readTimeLineHistory(limit.timeline);
  auto* stretches = static_cast<WalSource::Stretch*>(
      palloc(sizeof(WalSource::Stretch) * static_cast<size_t>(list_length(history))));
  int n = list_length(history);
  source->history_count = n;
  ListCell* cell = nullptr;
  // The server lists the newest first.
  foreach (cell, history) {
    const auto* entry = static_cast<TimeLineHistoryEntry*>(lfirst(cell));
    stretches[--n] = {entry->tli, entry->begin};
  }
  list_free_deep(history);
  if (source->history != nullptr) pfree(source->history);
  source->history = stretches;
  CloseSegment(source);
  MemoryContextSwitchTo(before);
}

WalRead ReadWal(WalSource* source) {
  if (source->limit.timeline == 0 || source->reader->EndRecPtr >= source->limit.lsn) {
    return WalRead::kEnd;
  }
  source->failure = WalRead::kInvalid;
  source->problem[0] = '\0';
  const XLogRecPtr begin = source->reader->EndRecPtr;
  char* message = nullptr;
  const MemoryContext before = MemoryContextSwitchTo(source->context);
  const XLogRecord* record = XLogReadRecord(source->reader, &message);
  MemoryContextSwitchTo(before);
  if (record != nullptr) return WalRead::kRecord;
  if (message != nullptr) {
    source->failure = WalRead::kInvalid;
    strlcpy(source->problem, message, sizeof(source->problem));
  }
  // The reader forgets nothing by itself: the same place is tried again next time.
  XLogBeginRead(source->reader, begin);
  return source->failure;
}

XLogReaderState* WalReader(WalSource* source) {
  return source->reader;
}

uint64_t WalPosition(const WalSource* source) {
  return source->reader->EndRecPtr;
}

uint32_t WalTimelineBefore(const WalSource* source, uint64_t lsn) {
  for (int i = source->history_count - 1; i > 0; --i) {
    if (source->history[i].begin < lsn) return source->history[i].timeline;
  }
  return source->history_count > 0 ? source->history[0].timeline : 0;
}

const char* WalProblem(const WalSource* source) {
  return source->problem;
}

bool WalHistoryHolds(const WalSource* source, uint64_t lsn, uint32_t timeline) {
  for (int i = 0; i < source->history_count; ++i) {
    if (source->history[i].timeline != timeline) continue;
    return i + 1 == source->history_count || lsn <= source->history[i + 1].begin;
  }
  return false;
}

}  // namespace quire
