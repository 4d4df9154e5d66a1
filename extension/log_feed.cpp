#include "extension/log_feed.h"

#include <string_view>

#include "extension/log_worker.h"
#include "extension/resource_manager.h"

extern "C" {
#include "postgres.h"

#include "access/rmgr.h"
#include "access/xact.h"
#include "access/xlogreader.h"
#include "catalog/pg_control.h"
#include "datatype/timestamp.h"
#include "storage/standbydefs.h"
}

namespace quire {

namespace {

// From the server's epoch, 2000-01-01, to the engine's.
constexpr int64_t kEpochUs =
    int64_t{POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE} * SECS_PER_DAY * USECS_PER_SEC;

void FeedChanges(LogWorker* worker, const ServerPosition& at) {
  const XLogReaderState* reader = WalReader(worker->source);
  const std::string_view batch(XLogRecGetData(reader), XLogRecGetDataLen(reader));
  WorkerCall([&] { return worker->follower->Changes(at, batch); });
}

void FeedOutcome(LogWorker* worker, const ServerPosition& at,
                 const LogFollower::ServerOutcome& outcome) {
  WorkerCall([&] { return worker->follower->Outcome(at, outcome); });
}

absl::Span<const uint32_t> Ids(const TransactionId* ids, int count) {
  return absl::MakeConstSpan(ids, static_cast<size_t>(count));
}

void FeedTransactionEnd(LogWorker* worker, const ServerPosition& at) {
  XLogReaderState* reader = WalReader(worker->source);
  const uint8_t info = XLogRecGetInfo(reader);
  LogFollower::ServerOutcome outcome;
  outcome.xid = XLogRecGetXid(reader);
  switch (info & XLOG_XACT_OPMASK) {
    case XLOG_XACT_COMMIT:
    case XLOG_XACT_COMMIT_PREPARED: {
      xl_xact_parsed_commit parsed;
      ParseCommitRecord(info, reinterpret_cast<xl_xact_commit*>(XLogRecGetData(reader)), &parsed);
      if (TransactionIdIsValid(parsed.twophase_xid)) outcome.xid = parsed.twophase_xid;
      outcome.committed = true;
      outcome.subxids = Ids(parsed.subxacts, parsed.nsubxacts);
      outcome.commit_time_us = parsed.xact_time + kEpochUs;
      FeedOutcome(worker, at, outcome);
      return;
    }
    case XLOG_XACT_ABORT:
    case XLOG_XACT_ABORT_PREPARED: {
      xl_xact_parsed_abort parsed;
      ParseAbortRecord(info, reinterpret_cast<xl_xact_abort*>(XLogRecGetData(reader)), &parsed);
      if (TransactionIdIsValid(parsed.twophase_xid)) outcome.xid = parsed.twophase_xid;
      outcome.subxids = Ids(parsed.subxacts, parsed.nsubxacts);
      outcome.commit_time_us = parsed.xact_time + kEpochUs;
      FeedOutcome(worker, at, outcome);
      return;
    }
    default:
      return;
  }
}

// Whatever was running when the server began anew is over. A prepared transaction would go on, but
// one that has written documents cannot be prepared.
void FeedServerState(LogWorker* worker, const ServerPosition& at) {
  const uint8_t info = XLogRecGetInfo(WalReader(worker->source)) & ~XLR_INFO_MASK;
  if (info != XLOG_CHECKPOINT_SHUTDOWN && info != XLOG_END_OF_RECOVERY) return;
  WorkerCall([&] { return worker->follower->Incarnation(at, {}); });
}

void FeedRunningTransactions(LogWorker* worker, const ServerPosition& at) {
  const XLogReaderState* reader = WalReader(worker->source);
  if ((XLogRecGetInfo(reader) & ~XLR_INFO_MASK) != XLOG_RUNNING_XACTS) return;
  const auto* running = reinterpret_cast<const xl_running_xacts*>(XLogRecGetData(reader));
  const uint32_t oldest = running->oldestRunningXid;
  WorkerCall([&] { return worker->follower->AbortBelow(at, oldest, {}); });
}

}  // namespace

void FeedRecord(LogWorker* worker) {
  const XLogReaderState* reader = WalReader(worker->source);
  const ServerPosition at{.lsn = reader->EndRecPtr,
                          .timeline = WalTimelineBefore(worker->source, reader->EndRecPtr)};
  const uint8_t manager = XLogRecGetRmid(reader);
  if (manager == kResourceManagerId) {
    const auto kind = static_cast<WalRecordKind>(XLogRecGetInfo(reader) & ~XLR_INFO_MASK);
    if (kind == WalRecordKind::kChanges) FeedChanges(worker, at);
    return;
  }
  // Outcomes concern us as far as they decide something.
  if (worker->follower->undecided() == 0) return;
  if (manager == RM_XACT_ID) {
    FeedTransactionEnd(worker, at);
  } else if (manager == RM_XLOG_ID) {
    FeedServerState(worker, at);
  } else if (manager == RM_STANDBY_ID) {
    FeedRunningTransactions(worker, at);
  }
}

}  // namespace quire
