// RocksDB with its own settings for point lookups (Bloom filters, hash index in the data blocks), a
// cache larger than the data, WAL on, sync off, no compression; compacted before the gets.
#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <memory>
#include <string>

#include "tests/bench/measure.h"
#include "tests/bench/store.h"

namespace quire::bench {

namespace {

void Require(const rocksdb::Status& status) {
  if (!status.ok()) Die("RocksDB: " + status.ToString());
}

rocksdb::Slice SliceOf(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

class RocksStore final : public Store {
 public:
  RocksStore(const StoreOptions& options, bool buffered_wal) {
    rocksdb::Options rocks;
    rocks.create_if_missing = true;
    rocks.compression = rocksdb::kNoCompression;
    rocks.OptimizeForPointLookup(256 + options.documents * 1'000 / (1 << 20));
    rocks.manual_wal_flush = buffered_wal;
    rocksdb::DB* database = nullptr;
    Require(rocksdb::DB::Open(rocks, options.folder, &database));
    database_.reset(database);
    write_.sync = false;
    write_.disableWAL = false;
  }

  std::string_view name() const override { return "RocksDB"; }

  void Put(std::string_view key, std::string_view document) override {
    Require(database_->Put(write_, SliceOf(key), SliceOf(document)));
  }

  void Settle() override {
    Require(database_->Flush({}));
    Require(database_->CompactRange({}, nullptr, nullptr));
  }

  int64_t GetAge(std::string_view key) override {
    Require(database_->Get(read_, database_->DefaultColumnFamily(), SliceOf(key), &document_));
    const int64_t age = AgeOf({document_.data(), document_.size()});
    document_.Reset();
    return age;
  }

 private:
  std::unique_ptr<rocksdb::DB> database_;
  rocksdb::WriteOptions write_;
  rocksdb::ReadOptions read_;
  rocksdb::PinnableSlice document_;
};

}  // namespace

std::unique_ptr<Store> OpenRocks(const StoreOptions& options) {
  return std::make_unique<RocksStore>(options, /*buffered_wal=*/false);
}

std::unique_ptr<Store> OpenRocksBuffered(const StoreOptions& options) {
  return std::make_unique<RocksStore>(options, /*buffered_wal=*/true);
}

}  // namespace quire::bench
