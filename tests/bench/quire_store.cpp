// The engine without a server, sync policy `none`.
#include <memory>

#include "engine/host/posix_file_system.h"
#include "engine/host/system_clock.h"
#include "engine/local/local_engine.h"
#include "tests/bench/measure.h"
#include "tests/bench/store.h"

namespace quire::bench {

namespace {

constexpr CollectionId kCollection{.name_space = 1, .number = 1};

void Require(const absl::Status& status) {
  if (!status.ok()) Die(status.ToString());
}

class QuireStore final : public Store {
 public:
  explicit QuireStore(const StoreOptions& options) {
    LocalOptions local;
    local.directory = options.folder + "/log";
    local.memory_bytes = (uint64_t{256} << 20) + options.documents * 700;
    local.sync = SyncPolicy::kNone;
    auto engine = LocalEngine::Open(&files_, &clock_, local);
    Require(engine.status());
    engine_ = *std::move(engine);
    auto session = engine_->OpenSession();
    Require(session.status());
    session_ = *std::move(session);
  }

  std::string_view name() const override { return "quire"; }

  void Put(std::string_view key, std::string_view document) override {
    Require(session_->Begin());
    Require(session_->Insert(kCollection, key, document));
    Require(session_->Commit());
  }

  void Settle() override {}

  int64_t GetAge(std::string_view key) override {
    batch_.Clear();
    Require(session_->Begin());
    const auto found = session_->Get(kCollection, key, &batch_);
    Require(found.status());
    if (!*found) Die("quire: a document is missing");
    const int64_t age = AgeOf(batch_[0].document);
    Require(session_->Commit());
    return age;
  }

 private:
  PosixFileSystem files_;
  SystemClock clock_;
  std::unique_ptr<LocalEngine> engine_;
  std::unique_ptr<LocalSession> session_;
  RowBatch batch_;
};

}  // namespace

std::unique_ptr<Store> OpenQuire(const StoreOptions& options) {
  return std::make_unique<QuireStore>(options);
}

int64_t AgeOf(std::string_view document) {
  ValueView age;
  if (!RootOf(document).Find("age", &age)) Die("a document has no age");
  return age.AsInt64();
}

}  // namespace quire::bench
