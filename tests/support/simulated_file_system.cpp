#include "tests/support/simulated_file_system.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/check.h"

namespace quire {
namespace {

constexpr size_t kSectorBytes = 512;

// A change of a file that is in the cache only.
struct DataChange {
  uint64_t offset;                   // Of the write, or the size to cut to.
  std::optional<std::string> bytes;  // Empty: a truncate.
};

struct Inode {
  std::string cached;
  std::string durable;
  std::vector<DataChange>
      pending;  // What leads from durable to cached, but for what a failed sync lost.
};

using InodePtr = std::shared_ptr<Inode>;
// A folder's entry; a null inode is a folder, whose entries stand under its own path.
using Names = std::map<std::string, InodePtr>;

struct NameChange {
  std::string name;
  std::optional<InodePtr> entry;  // Empty: removed.
  std::string renamed_from;       // Empty: no rename.
};

struct Directory {
  Names cached;
  Names durable;
  std::vector<NameChange> pending;
};

void Apply(const DataChange& change, std::string* content) {
  if (!change.bytes) {
    content->resize(change.offset, '\0');
    return;
  }
  const size_t end = change.offset + change.bytes->size();
  if (content->size() < end) content->resize(end, '\0');
  content->replace(change.offset, change.bytes->size(), *change.bytes);
}

void Apply(const NameChange& change, Names* names) {
  if (!change.renamed_from.empty()) names->erase(change.renamed_from);
  if (change.entry) {
    (*names)[change.name] = *change.entry;
  } else {
    names->erase(change.name);
  }
}

// Any subset of the sectors that were written, then any size on the way.
std::string Torn(const Inode& inode, std::mt19937_64& random) {
  std::string content = inode.durable;
  for (const DataChange& change : inode.pending) {
    if (!change.bytes) {
      if (random() % 2 == 0) Apply(change, &content);
      continue;
    }
    for (size_t at = 0; at < change.bytes->size();) {
      const size_t to_boundary = kSectorBytes - (change.offset + at) % kSectorBytes;
      const size_t n = std::min(to_boundary, change.bytes->size() - at);
      if (random() % 2 == 0) {
        Apply(DataChange{change.offset + at, change.bytes->substr(at, n)}, &content);
      }
      at += n;
    }
  }
  const size_t low = std::min(content.size(), inode.durable.size());
  if (random() % 2 == 0) content.resize(low + random() % (content.size() - low + 1));
  return content;
}

std::string Survivor(const Inode& inode, CrashPolicy::Data policy, std::mt19937_64& random) {
  if (policy == CrashPolicy::Data::kMixed) policy = static_cast<CrashPolicy::Data>(random() % 3);
  switch (policy) {
    case CrashPolicy::Data::kDropped:
      return inode.durable;
    case CrashPolicy::Data::kTorn:
      return Torn(inode, random);
    case CrashPolicy::Data::kKept:
    case CrashPolicy::Data::kMixed:
      break;
  }
  // Not simply the cache: what a failed sync has lost is in the cache and not on the disk.
  std::string content = inode.durable;
  for (const DataChange& change : inode.pending) Apply(change, &content);
  return content;
}

std::string BaseName(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

absl::Status NotFound(const std::string& path) {
  return absl::NotFoundError(absl::StrCat("\"", path, "\" does not exist"));
}

}  // namespace

struct SimulatedFileSystem::State {
  enum class Fate { kRun, kFail, kCut, kDead };

  // Counts an operation and says what becomes of it.
  Fate Begin() {
    if (crashed) return Fate::kDead;
    ++operations;
    if (operations == crash_at) {
      crashed = true;
      return Fate::kCut;
    }
    const bool fails = operations == fail_at || (fail_from != 0 && operations >= fail_from);
    return fails ? Fate::kFail : Fate::kRun;
  }

  // The answer to an operation whose work, if any, is done.
  absl::Status End(Fate fate, const std::string& what) const {
    if (fate == Fate::kRun) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat(fate == Fate::kFail ? "simulated failure: " : "simulated crash: ", what));
  }
  static bool Happens(Fate fate) { return fate == Fate::kRun || fate == Fate::kCut; }

  Directory* Find(const std::string& directory) {
    auto found = directories.find(directory);
    return found == directories.end() ? nullptr : &found->second;
  }

  // The file of that path; null when there is none.
  InodePtr FindFile(const std::string& path) {
    Directory* directory = Find(ParentDirectory(path));
    if (directory == nullptr) return nullptr;
    auto found = directory->cached.find(BaseName(path));
    return found == directory->cached.end() ? nullptr : found->second;
  }

  static void Change(Directory* directory, NameChange change) {
    Apply(change, &directory->cached);
    directory->pending.push_back(std::move(change));
  }

  std::mutex mutex;  // Guards everything here and the inodes.
  std::map<std::string, Directory> directories;
  uint64_t operations = 0;
  uint64_t crash_at = 0;
  uint64_t fail_at = 0;
  uint64_t fail_from = 0;
  bool crashed = false;
};

namespace {

using State = SimulatedFileSystem::State;
using Fate = State::Fate;

class SimulatedFile final : public File {
 public:
  SimulatedFile(std::shared_ptr<State> state, InodePtr inode, std::string path, bool writable)
      : state_(std::move(state)),
        inode_(std::move(inode)),
        path_(std::move(path)),
        writable_(writable) {}

  absl::Status WriteAt(uint64_t offset, std::string_view bytes) override {
    std::lock_guard lock(state_->mutex);
    QUIRE_CHECK(writable_);
    const Fate fate = state_->Begin();
    if (fate == Fate::kFail) bytes = bytes.substr(0, bytes.size() / 2);
    if (fate != Fate::kDead && !bytes.empty()) Change({offset, std::string(bytes)});
    return state_->End(fate, absl::StrCat("write at ", offset, " of \"", path_, "\""));
  }

  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* to, size_t n) override {
    std::lock_guard lock(state_->mutex);
    if (state_->crashed) return state_->End(Fate::kDead, absl::StrCat("read of \"", path_, "\""));
    const std::string& content = inode_->cached;
    if (offset >= content.size()) return size_t{0};
    return content.copy(to, n, offset);
  }

  absl::Status Sync() override {
    std::lock_guard lock(state_->mutex);
    const Fate fate = state_->Begin();
    if (fate == Fate::kRun) {
      for (const DataChange& change : inode_->pending) Apply(change, &inode_->durable);
    }
    // Failed: the cache believes itself clean from now on.
    if (fate == Fate::kRun || fate == Fate::kFail) inode_->pending.clear();
    return state_->End(fate, absl::StrCat("sync of \"", path_, "\""));
  }

  absl::Status Truncate(uint64_t size) override {
    std::lock_guard lock(state_->mutex);
    QUIRE_CHECK(writable_);
    const Fate fate = state_->Begin();
    if (State::Happens(fate)) Change({size, std::nullopt});
    return state_->End(fate, absl::StrCat("truncate of \"", path_, "\""));
  }

  absl::StatusOr<uint64_t> Size() override {
    std::lock_guard lock(state_->mutex);
    if (state_->crashed) return state_->End(Fate::kDead, absl::StrCat("size of \"", path_, "\""));
    return inode_->cached.size();
  }

  const std::string& path() const override { return path_; }

 private:
  void Change(DataChange change) {
    Apply(change, &inode_->cached);
    inode_->pending.push_back(std::move(change));
  }

  const std::shared_ptr<State> state_;
  const InodePtr inode_;
  const std::string path_;
  const bool writable_;
};

}  // namespace

SimulatedFileSystem::SimulatedFileSystem() : state_(std::make_shared<State>()) {
  state_->directories["."];
  state_->directories["/"];
}
SimulatedFileSystem::SimulatedFileSystem(std::shared_ptr<State> state) : state_(std::move(state)) {}
SimulatedFileSystem::~SimulatedFileSystem() = default;

absl::StatusOr<std::unique_ptr<File>> SimulatedFileSystem::OpenForWrite(const std::string& path,
                                                                        WriteMode mode) {
  std::lock_guard lock(state_->mutex);
  const std::string what = absl::StrCat("open of \"", path, "\"");
  if (state_->crashed) return state_->End(Fate::kDead, what);
  Directory* directory = state_->Find(ParentDirectory(path));
  if (directory == nullptr) return NotFound(path);
  InodePtr inode = state_->FindFile(path);
  if (inode == nullptr) {
    if (mode == WriteMode::kExisting) return NotFound(path);
    const Fate fate = state_->Begin();
    inode = std::make_shared<Inode>();
    if (State::Happens(fate)) State::Change(directory, {BaseName(path), inode, ""});
    if (fate != Fate::kRun) return state_->End(fate, what);
  } else if (mode == WriteMode::kCreateEmpty && !inode->cached.empty()) {
    const Fate fate = state_->Begin();
    if (State::Happens(fate)) {
      inode->cached.clear();
      inode->pending.push_back({0, std::nullopt});
    }
    if (fate != Fate::kRun) return state_->End(fate, what);
  }
  return std::make_unique<SimulatedFile>(state_, std::move(inode), path, true);
}

absl::StatusOr<std::unique_ptr<File>> SimulatedFileSystem::OpenForRead(const std::string& path) {
  std::lock_guard lock(state_->mutex);
  if (state_->crashed) return state_->End(Fate::kDead, absl::StrCat("open of \"", path, "\""));
  InodePtr inode = state_->FindFile(path);
  if (inode == nullptr) return NotFound(path);
  return std::make_unique<SimulatedFile>(state_, std::move(inode), path, false);
}

absl::Status SimulatedFileSystem::Rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(state_->mutex);
  QUIRE_CHECK(ParentDirectory(from) == ParentDirectory(to));
  const std::string what = absl::StrCat("rename of \"", from, "\"");
  if (state_->crashed) return state_->End(Fate::kDead, what);
  InodePtr inode = state_->FindFile(from);
  if (inode == nullptr) return NotFound(from);
  const Fate fate = state_->Begin();
  if (State::Happens(fate) && from != to) {
    State::Change(state_->Find(ParentDirectory(from)), {BaseName(to), inode, BaseName(from)});
  }
  return state_->End(fate, what);
}

absl::Status SimulatedFileSystem::Remove(const std::string& path) {
  std::lock_guard lock(state_->mutex);
  const std::string what = absl::StrCat("remove of \"", path, "\"");
  if (state_->crashed) return state_->End(Fate::kDead, what);
  if (state_->FindFile(path) == nullptr) return NotFound(path);
  const Fate fate = state_->Begin();
  if (State::Happens(fate)) {
    State::Change(state_->Find(ParentDirectory(path)), {BaseName(path), std::nullopt, ""});
  }
  return state_->End(fate, what);
}

absl::StatusOr<std::vector<std::string>> SimulatedFileSystem::List(const std::string& directory) {
  std::lock_guard lock(state_->mutex);
  if (state_->crashed) {
    return state_->End(Fate::kDead, absl::StrCat("list of \"", directory, "\""));
  }
  Directory* found = state_->Find(directory);
  if (found == nullptr) return NotFound(directory);
  std::vector<std::string> names;
  for (const auto& [name, inode] : found->cached) names.push_back(name);
  return names;
}

absl::Status SimulatedFileSystem::CreateDirectory(const std::string& directory) {
  std::lock_guard lock(state_->mutex);
  const std::string what = absl::StrCat("create of folder \"", directory, "\"");
  if (state_->crashed) return state_->End(Fate::kDead, what);
  if (state_->Find(directory) != nullptr) return absl::OkStatus();
  Directory* parent = state_->Find(ParentDirectory(directory));
  if (parent == nullptr) return NotFound(ParentDirectory(directory));
  const Fate fate = state_->Begin();
  if (State::Happens(fate)) {
    State::Change(parent, {BaseName(directory), InodePtr(), ""});
    state_->directories[directory];
  }
  return state_->End(fate, what);
}

absl::Status SimulatedFileSystem::SyncDirectory(const std::string& directory) {
  std::lock_guard lock(state_->mutex);
  const std::string what = absl::StrCat("sync of folder \"", directory, "\"");
  if (state_->crashed) return state_->End(Fate::kDead, what);
  Directory* found = state_->Find(directory);
  if (found == nullptr) return NotFound(directory);
  const Fate fate = state_->Begin();
  if (fate == Fate::kRun) {
    found->durable = found->cached;
    found->pending.clear();
  }
  return state_->End(fate, what);
}

uint64_t SimulatedFileSystem::operations() const {
  std::lock_guard lock(state_->mutex);
  return state_->operations;
}

bool SimulatedFileSystem::crashed() const {
  std::lock_guard lock(state_->mutex);
  return state_->crashed;
}

void SimulatedFileSystem::CrashAt(uint64_t operation) {
  std::lock_guard lock(state_->mutex);
  state_->crash_at = operation;
}

void SimulatedFileSystem::FailAt(uint64_t operation) {
  std::lock_guard lock(state_->mutex);
  state_->fail_at = operation;
}

void SimulatedFileSystem::FailFrom(uint64_t operation) {
  std::lock_guard lock(state_->mutex);
  state_->fail_from = operation;
}

std::unique_ptr<SimulatedFileSystem> SimulatedFileSystem::AfterPowerCut(const CrashPolicy& policy,
                                                                        uint64_t seed) const {
  std::lock_guard lock(state_->mutex);
  std::mt19937_64 random(seed);
  auto fresh = std::make_shared<State>();
  std::map<Inode*, InodePtr> copies;  // An inode may stand under two names after a torn rename.
  // Parents come before their folders, so a folder whose name is lost is known when it is met.
  for (const auto& [path, directory] : state_->directories) {
    if (path != "." && path != "/") {
      Directory* parent = fresh->Find(ParentDirectory(path));
      if (parent == nullptr || !parent->durable.contains(BaseName(path))) continue;
    }
    Names names = directory.durable;
    for (const NameChange& change : directory.pending) {
      const bool kept = policy.names == CrashPolicy::Names::kKept ||
                        (policy.names == CrashPolicy::Names::kMixed && random() % 2 == 0);
      if (kept) Apply(change, &names);
    }
    for (auto& [name, inode] : names) {
      if (inode == nullptr) continue;
      InodePtr& copy = copies[inode.get()];
      if (copy == nullptr) {
        copy = std::make_shared<Inode>();
        copy->cached = copy->durable = Survivor(*inode, policy.data, random);
      }
      inode = copy;
    }
    fresh->directories[path] = Directory{names, names, {}};
  }
  return std::unique_ptr<SimulatedFileSystem>(new SimulatedFileSystem(std::move(fresh)));
}

std::unique_ptr<SimulatedFileSystem> SimulatedFileSystem::AfterProcessCrash() const {
  std::lock_guard lock(state_->mutex);
  auto fresh = std::make_shared<State>();
  std::map<Inode*, InodePtr> copies;
  auto copied = [&](const InodePtr& inode) {
    if (inode == nullptr) return InodePtr();
    InodePtr& copy = copies[inode.get()];
    if (copy == nullptr) copy = std::make_shared<Inode>(*inode);
    return copy;
  };
  fresh->directories = state_->directories;
  for (auto& [path, directory] : fresh->directories) {
    for (auto& [name, inode] : directory.cached) inode = copied(inode);
    for (auto& [name, inode] : directory.durable) inode = copied(inode);
    for (NameChange& change : directory.pending) {
      if (change.entry) change.entry = copied(*change.entry);
    }
  }
  return std::unique_ptr<SimulatedFileSystem>(new SimulatedFileSystem(std::move(fresh)));
}

void SimulatedFileSystem::SetContent(const std::string& path, std::string_view bytes) {
  std::lock_guard lock(state_->mutex);
  Directory* directory = state_->Find(ParentDirectory(path));
  QUIRE_CHECK(directory != nullptr);
  InodePtr inode = state_->FindFile(path);
  if (inode == nullptr) {
    inode = std::make_shared<Inode>();
    directory->cached[BaseName(path)] = directory->durable[BaseName(path)] = inode;
  }
  inode->cached = inode->durable = bytes;
  inode->pending.clear();
}

std::string SimulatedFileSystem::Content(const std::string& path) const {
  std::lock_guard lock(state_->mutex);
  InodePtr inode = state_->FindFile(path);
  QUIRE_CHECK(inode != nullptr);
  return inode->cached;
}

}  // namespace quire
