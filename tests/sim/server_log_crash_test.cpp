// The log worker's half of the engine between a server's log, which loses nothing, and a disk that
// forgets. Seeded histories of a server (interleaved transactions, subtransactions, collections
// that are dropped and made anew, server crashes after which ids are handed out again) are
// followed, cut at every file operation, and followed again from where the engine log then ends.
// Whatever happened, the documents, their places in commit order and the estimate of live documents
// must be those of the model, and the engine log must never end before the slot that lets the
// server forget its log.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/quire.h"
#include "tests/support/manual_clock.h"
#include "tests/support/setting.h"
#include "tests/support/simulated_file_system.h"
#include "tests/support/test_region.h"

namespace quire {
namespace {

constexpr uint64_t kNamespace = 7;
constexpr int kKeys = 16;
constexpr uint64_t kOperationsMin = 50;

// One record of the server's log.
struct ServerRecord {
  enum class Kind { kChanges, kOutcome, kIncarnation, kAbortBelow, kOther };
  Kind kind = Kind::kOther;
  uint64_t lsn = 0;
  std::string batch;
  bool committed = false;
  uint32_t xid = 0;
  std::vector<uint32_t> subxids;
};

struct Stored {
  std::string document;
  uint64_t seq = 0;
  uint32_t version = 0;

  bool operator==(const Stored&) const = default;
};

// Invents a server's history and keeps the model of what it means.
class History {
 public:
  explicit History(uint64_t seed) : random_(seed) {
    for (int step = 0; step < 260; ++step) Step();
    EndOfServer();
  }

  const std::vector<ServerRecord>& records() const { return records_; }
  const std::map<std::string, Stored>& documents() const { return documents_; }
  uint64_t seq() const { return seq_; }
  // Of the collection that is not dropped; lower ones were.
  uint64_t collection() const { return collection_; }

 private:
  struct ChangeMade {
    std::string key;
    bool put;
    std::string document;
    uint64_t xid;
    uint32_t version;
    bool drop = false;
  };
  struct Transaction {
    uint64_t xid = 0;
    std::vector<uint64_t> subxids;  // alive
    std::vector<ChangeMade> changes;
    std::set<std::string> locks;
    uint32_t ordinal = 0;

    bool drops() const {
      return std::any_of(changes.begin(), changes.end(),
                         [](const ChangeMade& made) { return made.drop; });
    }
    uint64_t current_xid() const { return subxids.empty() ? xid : subxids.back(); }
  };

  uint64_t Draw(uint64_t below) { return random_() % below; }

  ServerRecord& Record(ServerRecord::Kind kind) {
    lsn_ += 8 + Draw(400);
    records_.push_back(ServerRecord{.kind = kind, .lsn = lsn_});
    return records_.back();
  }

  void Step() {
    const uint64_t choice = Draw(100);
    if (choice < 12 && running_.size() < 4) {
      running_.push_back(Transaction{.xid = next_xid_++});
    } else if (choice < 62 && !running_.empty()) {
      Write(&running_[Draw(running_.size())]);
    } else if (choice < 70 && !running_.empty()) {
      Subtransaction(&running_[Draw(running_.size())]);
    } else if (choice < 88 && !running_.empty()) {
      End(Draw(running_.size()), Draw(4) != 0);
    } else if (choice < 91) {
      Crash();
    } else if (choice < 95) {
      uint64_t oldest = next_xid_;
      for (const Transaction& one : running_) oldest = std::min(oldest, one.xid);
      Record(ServerRecord::Kind::kAbortBelow).xid = static_cast<uint32_t>(oldest);
    } else if (choice < 98 && !running_.empty()) {
      Drop(&running_[Draw(running_.size())]);
    } else {
      Record(ServerRecord::Kind::kOther);
    }
  }

  // As the server's locks have it: a drop waits for all who have written, and they for it.
  void Drop(Transaction* transaction) {
    for (const Transaction& other : running_) {
      if (other.drops() || (&other != transaction && !other.locks.empty())) return;
    }
    const uint64_t xid = transaction->current_xid();
    ChangeBatchBuilder batch;
    batch.Append(Change{.kind = ChangeKind::kDropCollection,
                        .ordinal = transaction->ordinal++,
                        .xid = xid,
                        .namespace_id = kNamespace,
                        .collection_id = collection_});
    transaction->changes.push_back(
        ChangeMade{.put = false, .xid = xid, .version = 0, .drop = true});
    Record(ServerRecord::Kind::kChanges).batch = batch.Finish(99);
  }

  void Write(Transaction* transaction) {
    for (const Transaction& other : running_) {
      if (other.drops()) return;
    }
    ChangeBatchBuilder batch;
    const uint64_t count = 1 + Draw(3);
    for (uint64_t i = 0; i < count; ++i) {
      const std::string key = absl::StrCat("key", Draw(kKeys));
      bool locked = false;
      for (const Transaction& other : running_) {
        locked = locked || (&other != transaction && other.locks.contains(key));
      }
      if (locked) continue;
      transaction->locks.insert(key);
      const uint64_t xid = transaction->current_xid();
      ChangeMade made{.key = key,
                      .put = Draw(5) != 0,
                      .document = absl::StrCat(random_(), std::string(Draw(200), 'd')),
                      .xid = xid,
                      .version = static_cast<uint32_t>(1 + Draw(1000))};
      batch.Append(Change{.kind = made.put ? ChangeKind::kPut : ChangeKind::kDelete,
                          .ordinal = transaction->ordinal++,
                          .version = made.version,
                          .xid = xid,
                          .hlc = random_() >> 20,
                          .namespace_id = kNamespace,
                          .collection_id = collection_,
                          .key = made.key,
                          .document = made.put ? made.document : std::string_view()});
      transaction->changes.push_back(std::move(made));
    }
    if (!batch.empty()) Record(ServerRecord::Kind::kChanges).batch = batch.Finish(99);
  }

  void Subtransaction(Transaction* transaction) {
    if (transaction->subxids.empty() || Draw(2) == 0) {
      transaction->subxids.push_back(next_xid_++);
      return;
    }
    // Rolls the newest one back.
    const uint64_t xid = transaction->subxids.back();
    transaction->subxids.pop_back();
    ServerRecord& record = Record(ServerRecord::Kind::kOutcome);
    record.xid = static_cast<uint32_t>(xid);
    highest_decided_ = std::max(highest_decided_, xid);
    std::erase_if(transaction->changes, [&](const ChangeMade& made) { return made.xid == xid; });
  }

  void End(uint64_t index, bool commit) {
    Transaction transaction = std::move(running_[index]);
    running_.erase(running_.begin() + static_cast<ptrdiff_t>(index));
    ServerRecord& record = Record(ServerRecord::Kind::kOutcome);
    record.xid = static_cast<uint32_t>(transaction.xid);
    record.committed = commit;
    highest_decided_ = std::max(highest_decided_, transaction.xid);
    for (const uint64_t xid : transaction.subxids) {
      record.subxids.push_back(static_cast<uint32_t>(xid));
      highest_decided_ = std::max(highest_decided_, xid);
    }
    if (!commit) return;
    for (const ChangeMade& made : transaction.changes) {
      ++seq_;
      if (made.drop) {
        documents_.clear();
        ++collection_;
      } else if (made.put) {
        documents_[made.key] = Stored{made.document, seq_, made.version};
      } else {
        documents_.erase(made.key);
      }
    }
  }

  // What runs is lost; ids that stand in nothing but change records may be given out again.
  void Crash() {
    running_.clear();
    Record(ServerRecord::Kind::kIncarnation);
    if (highest_decided_ != 0) next_xid_ = highest_decided_ + 1;
  }

  void EndOfServer() {
    running_.clear();
    Record(ServerRecord::Kind::kIncarnation);
    Record(ServerRecord::Kind::kOther);
  }

  std::mt19937_64 random_;
  std::vector<ServerRecord> records_;
  std::map<std::string, Stored> documents_;
  std::vector<Transaction> running_;
  uint64_t next_xid_ = (uint64_t{3} << 32) - 20;  // the low halves wrap within the history
  uint64_t highest_decided_ = 0;
  uint64_t lsn_ = 1000;
  uint64_t seq_ = 0;
  uint64_t collection_ = 1;
};

// Follows the history on a disk, from where the engine log ends. Returns the slot's position.
struct Followed {
  uint64_t slot = 0;
  bool cut = false;
};

class Follower {
 public:
  Follower(const History& history, uint64_t seed) : history_(history), seed_(seed) {}

  Followed Run(SimulatedFileSystem* disk, uint64_t slot_before) {
    TestRegion region(8 << 20, 3);
    auto session = region.OpenSession();
    Followed followed{.slot = slot_before};
    const absl::Status status = Follow(session.get(), disk, &followed);
    if (!status.ok()) {
      EXPECT_TRUE(disk->crashed()) << status;
      followed.cut = true;
      return followed;
    }
    Compare(session.get());
    return followed;
  }

 private:
  absl::Status Follow(Session* session, SimulatedFileSystem* disk, Followed* followed) {
    ManualClock clock;
    std::mt19937_64 random(seed_);
    auto opened = LogFollower::Open(session, disk, &clock,
                                    LogFollowerOptions{.directory = "/log",
                                                       .identity = {.system_id = 1, .engine_id = 2},
                                                       .segment_bytes = 9000,
                                                       .sync_bytes = 3000});
    if (!opened.ok()) return opened.status();
    LogFollower& follower = **opened;
    EXPECT_GE(follower.end().lsn, followed->slot) << "the server may have forgotten its log";
    for (const ServerRecord& record : history_.records()) {
      if (record.lsn <= follower.end().lsn) continue;
      QUIRE_RETURN_IF_ERROR(Feed(&follower, record));
      clock.Advance(10'000);
      const uint64_t choice = random() % 10;
      if (choice < 5) QUIRE_RETURN_IF_ERROR(follower.Sync(/*now=*/false));
      if (choice == 9) {
        QUIRE_RETURN_IF_ERROR(follower.Mark());
        followed->slot = follower.durable().lsn;
      }
    }
    EXPECT_EQ(follower.undecided(), 0u);
    return follower.Sync(/*now=*/true);
  }

  static absl::Status Feed(LogFollower* follower, const ServerRecord& record) {
    const ServerPosition at{.lsn = record.lsn, .timeline = 1};
    switch (record.kind) {
      case ServerRecord::Kind::kChanges:
        return follower->Changes(at, record.batch);
      case ServerRecord::Kind::kOutcome:
        return follower->Outcome(
            at, {.committed = record.committed, .xid = record.xid, .subxids = record.subxids});
      case ServerRecord::Kind::kIncarnation:
        return follower->Incarnation(at, {});
      case ServerRecord::Kind::kAbortBelow:
        return follower->AbortBelow(at, record.xid, {});
      case ServerRecord::Kind::kOther:
        follower->Advance(at);
        return absl::OkStatus();
    }
    return absl::OkStatus();
  }

  void Compare(Session* session) {
    for (uint64_t number = 1; number < history_.collection(); ++number) {
      EXPECT_EQ(Catalog(session).Find({kNamespace, number}), nullptr);
    }
    session->Reclaim();
    EXPECT_EQ(GetEngineState(session->region())->seq.load(), history_.seq());
    CollectionState* state = Catalog(session).Find({kNamespace, history_.collection()});
    if (state == nullptr) {
      EXPECT_TRUE(history_.documents().empty());
      EXPECT_EQ(UsedBytes(session->region(), Purpose::kDocuments), 0);
      return;
    }
    std::map<std::string, Stored> found;
    const Session::Pin pin(session);
    const DocumentTable table(session, &state->table);
    for (uint32_t number = 0; number < table.end(); ++number) {
      const DocumentSlot* slot = table.Slot(number);
      if (slot->link().kind() != VersionLink::Kind::kRegion) continue;
      const auto* version = session->region().At<Version>(slot->link().block());
      EXPECT_EQ(version->verdict(), Verdict::kCommitted);
      EXPECT_TRUE(version->older_link().empty());
      EXPECT_FALSE(version->tombstone()) << "nobody can see that it was deleted";
      EXPECT_EQ(slot->seq.load(), version->seq.load());
      found[std::string(version->key())] =
          Stored{std::string(version->document()), version->seq.load(), version->version};
    }
    EXPECT_EQ(found, history_.documents());
    EXPECT_EQ(state->primary.entries.load(), found.size());
    EXPECT_EQ(state->versions.load(), static_cast<int64_t>(found.size()));
    EXPECT_EQ(UsedBytes(session->region(), Purpose::kDocuments), state->bytes.load());
    EXPECT_EQ(state->documents.load(), static_cast<int64_t>(history_.documents().size()));
  }

  const History& history_;
  const uint64_t seed_;
};

TEST(ServerLogCrash, EveryCutIsFollowedToTheSameEnd) {
  const uint64_t first = Setting("QUIRE_SIM_SEED", 1);
  const uint64_t scripts = Setting("QUIRE_SIM_SCRIPTS", 20);
  uint64_t cuts = 0;
  uint64_t drops = 0;
  for (uint64_t seed = first; seed < first + scripts; ++seed) {
    SCOPED_TRACE(absl::StrCat("QUIRE_SIM_SEED=", seed, " QUIRE_SIM_SCRIPTS=1"));
    const History history(seed);
    drops += history.collection() - 1;
    Follower follower(history, seed);
    SimulatedFileSystem whole;
    ASSERT_FALSE(follower.Run(&whole, 0).cut);
    const uint64_t operations = whole.operations();
    ASSERT_GE(operations, kOperationsMin);
    for (uint64_t operation = 1; operation <= operations; ++operation) {
      SCOPED_TRACE(absl::StrCat("operation ", operation));
      SimulatedFileSystem disk;
      disk.CrashAt(operation);
      const Followed cut = follower.Run(&disk, 0);
      const CrashPolicy policy{.data = static_cast<CrashPolicy::Data>(operation % 4),
                               .names = static_cast<CrashPolicy::Names>(operation % 3)};
      auto after = disk.AfterPowerCut(policy, seed * 1000 + operation);
      // Cut once more, somewhere in the second run, before the run that must succeed.
      after->CrashAt(1 + operation % 7);
      const Followed again = follower.Run(after.get(), cut.slot);
      auto last = after->AfterPowerCut(policy, seed * 2000 + operation);
      EXPECT_FALSE(follower.Run(last.get(), again.slot).cut);
      if (HasFailure()) return;
      ++cuts;
    }
  }
  std::printf("%lu histories, %lu cuts, %lu collections dropped\n", scripts, cuts, drops);
  EXPECT_TRUE(drops > 0 || scripts < 10);
}

}  // namespace
}  // namespace quire
