#include "engine/local/local_engine.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <random>

#include "absl/strings/str_cat.h"
#include "engine/base/bytes.h"
#include "engine/base/status.h"

namespace quire {

namespace {

// Commits between two looks at who still needs old versions.
constexpr uint64_t kCommitsPerHorizon = 64;
// Identifies a log written without a server.
constexpr LogIdentity kLocalIdentity = {.system_id = 0x4C4143304C515551, .engine_id = 1};

constexpr uint32_t kChunksPerTurn = 64;

// How transactions look to the collector, who has none himself.
class CollectorsView final : public TransactionHost {
 public:
  explicit CollectorsView(const CommitTable& commits) : commits_(commits) {}

  absl::StatusOr<TransactionState> StateOf(uint64_t xid) override { return commits_.StateOf(xid); }
  bool IsCurrent(uint64_t) override { return false; }
  absl::StatusOr<uint64_t> TopmostOf(uint64_t xid) override { return xid; }

 private:
  const CommitTable& commits_;
};

}  // namespace

LocalEngine::LocalEngine(FileSystem* files, Clock* clock, const LocalOptions& options)
    : files_(files),
      clock_(clock),
      options_(options),
      snapshot_floors_(new std::atomic<uint64_t>[options.sessions_max + 1]()) {}

absl::StatusOr<std::unique_ptr<LocalEngine>> LocalEngine::Open(FileSystem* files, Clock* clock,
                                                               const LocalOptions& options) {
  std::unique_ptr<LocalEngine> engine(new LocalEngine(files, clock, options));
  QUIRE_RETURN_IF_ERROR(engine->Load());
  return engine;
}

absl::Status LocalEngine::Load() {
  const uint64_t bytes = AlignUp(options_.memory_bytes, kPageBytes);
  // One page more, because a mapping is aligned to 4 KiB only.
  memory_ = mmap(nullptr, bytes + kPageBytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory_ == MAP_FAILED) {
    memory_ = nullptr;
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot map ", bytes, " bytes of memory: errno ", errno));
  }
  void* base = reinterpret_cast<void*>(AlignUp(reinterpret_cast<uintptr_t>(memory_), kPageBytes));
  QUIRE_RETURN_IF_ERROR(
      FormatEngine(base, bytes,
                   RegionOptions{.session_count = options_.sessions_max + 2,
                                 .incarnation = std::random_device{}() | uint64_t{1} << 32}));
  region_ = Region(base, bytes);
  engine_ = GetEngineState(region_);

  const MutexLock lock(&commit_mutex_);
  QUIRE_ASSIGN_OR_RETURN(log_session_, Session::Open(region_, 1));
  QUIRE_ASSIGN_OR_RETURN(
      follower_,
      LogFollower::Open(log_session_.get(), files_, clock_,
                        LogFollowerOptions{.directory = options_.directory,
                                           .identity = kLocalIdentity,
                                           .segment_bytes = options_.segment_bytes,
                                           .sync_interval_us = options_.sync_interval_us}));
  next_lsn_ = follower_->end().lsn + 1;
  // What had no outcome when the last process ended has failed.
  QUIRE_RETURN_IF_ERROR(follower_->Incarnation({.lsn = next_lsn_++, .timeline = 1}, {}));
  commits_ = std::make_unique<CommitTable>(follower_->xid_max() + 1);
  PublishHorizon();
  follower_->SetReady();
  return absl::OkStatus();
}

LocalEngine::~LocalEngine() {
  {
    const MutexLock lock(&commit_mutex_);
    // A failed sync has no one left to be told: the caller who needs to know calls Sync.
    if (follower_ != nullptr) follower_->Sync(/*now=*/true).IgnoreError();
    follower_.reset();
    log_session_.reset();
  }
  if (memory_ != nullptr) {
    munmap(memory_, AlignUp(options_.memory_bytes, kPageBytes) + kPageBytes);
  }
}

absl::StatusOr<std::unique_ptr<LocalSession>> LocalEngine::OpenSession() {
  QUIRE_ASSIGN_OR_RETURN(auto session, Session::Open(region_, next_owner_.fetch_add(1)));
  // The slot's index is the session's own for as long as it holds the slot.
  const auto* first = region_.At<SessionSlot>(region_.header().sessions_offset);
  const auto index = static_cast<uint64_t>(session->slot() - first);
  if (index > options_.sessions_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat("all ", options_.sessions_max, " sessions are in use"));
  }
  return std::unique_ptr<LocalSession>(new LocalSession(this, std::move(session), index));
}

absl::Status LocalEngine::Sync() {
  const MutexLock lock(&commit_mutex_);
  return follower_->Sync(/*now=*/true);
}

absl::Status LocalEngine::Collect() {
  {
    const MutexLock lock(&commit_mutex_);
    PublishHorizon();
  }
  QUIRE_ASSIGN_OR_RETURN(const auto session, Session::Open(region_, next_owner_.fetch_add(1)));
  CollectorsView transactions(*commits_);
  Collector collector(session.get(), &transactions);
  collector.BeginPass(1);
  for (bool done = false; !done;) {
    QUIRE_ASSIGN_OR_RETURN(done, collector.Turn(kChunksPerTurn));
  }
  return absl::OkStatus();
}

absl::Status LocalEngine::LogChanges(std::string_view batch) {
  const MutexLock lock(&commit_mutex_);
  return follower_->Changes({.lsn = next_lsn_++, .timeline = 1}, batch);
}

absl::Status LocalEngine::FlushLog() {
  const MutexLock lock(&commit_mutex_);
  engine_->bindings_wanted.fetch_add(1, std::memory_order_acq_rel);
  return follower_->Sync(/*now=*/false);
}

absl::Status LocalEngine::LogOutcome(absl::Span<const uint64_t> xids, bool committed) {
  std::vector<uint32_t> subxids;
  for (const uint64_t xid : xids.subspan(1)) subxids.push_back(static_cast<uint32_t>(xid));
  QUIRE_RETURN_IF_ERROR(
      follower_->Outcome({.lsn = next_lsn_++, .timeline = 1},
                         LogFollower::ServerOutcome{.committed = committed,
                                                    .xid = static_cast<uint32_t>(xids.front()),
                                                    .subxids = subxids,
                                                    .commit_time_us = clock_->WallTimeUs()}));
  if (!committed) return absl::OkStatus();
  if (++commit_count_ % kCommitsPerHorizon == 0) PublishHorizon();
  switch (options_.sync) {
    case SyncPolicy::kAlways:
      return follower_->Sync(/*now=*/true);
    case SyncPolicy::kInterval:
      return follower_->SyncIfDue();
    case SyncPolicy::kNone:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

void LocalEngine::PublishHorizon() {
  uint64_t horizon = commits_->OldestRunning();
  for (uint32_t i = 0; i <= options_.sessions_max; ++i) {
    const uint64_t floor = snapshot_floors_[i].load(std::memory_order_seq_cst);
    if (floor != 0) horizon = std::min(horizon, floor);
  }
  engine_->horizon.store(horizon, std::memory_order_release);
}

}  // namespace quire
