// LMDB, MDB_NOSYNC. Its read transaction is renewed and reset, the cheapest way it offers, and the
// field is read where the document lies in the map.
#include <lmdb.h>

#include <memory>
#include <string>

#include "tests/bench/measure.h"
#include "tests/bench/store.h"

namespace quire::bench {

namespace {

void Require(int result) {
  if (result != MDB_SUCCESS) Die(std::string("LMDB: ") + mdb_strerror(result));
}

MDB_val ValueOf(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}

class LmdbStore final : public Store {
 public:
  explicit LmdbStore(const StoreOptions& options) {
    Require(mdb_env_create(&environment_));
    Require(mdb_env_set_mapsize(environment_, (uint64_t{1} << 30) + options.documents * 2'000));
    Require(mdb_env_open(environment_, options.folder.c_str(), MDB_NOSYNC, 0600));
    MDB_txn* transaction = nullptr;
    Require(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    Require(mdb_dbi_open(transaction, nullptr, 0, &database_));
    Require(mdb_txn_commit(transaction));
    Require(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &reader_));
    mdb_txn_reset(reader_);
  }
  ~LmdbStore() override {
    mdb_txn_abort(reader_);
    mdb_env_close(environment_);
  }

  std::string_view name() const override { return "LMDB"; }

  void Put(std::string_view key, std::string_view document) override {
    MDB_txn* transaction = nullptr;
    Require(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    MDB_val key_value = ValueOf(key);
    MDB_val document_value = ValueOf(document);
    Require(mdb_put(transaction, database_, &key_value, &document_value, MDB_NOOVERWRITE));
    Require(mdb_txn_commit(transaction));
  }

  void Settle() override {}

  int64_t GetAge(std::string_view key) override {
    Require(mdb_txn_renew(reader_));
    MDB_val key_value = ValueOf(key);
    MDB_val document{};
    Require(mdb_get(reader_, database_, &key_value, &document));
    const int64_t age = AgeOf({static_cast<const char*>(document.mv_data), document.mv_size});
    mdb_txn_reset(reader_);
    return age;
  }

 private:
  MDB_env* environment_ = nullptr;
  MDB_dbi database_ = 0;
  MDB_txn* reader_ = nullptr;
};

}  // namespace

std::unique_ptr<Store> OpenLmdb(const StoreOptions& options) {
  return std::make_unique<LmdbStore>(options);
}

}  // namespace quire::bench
