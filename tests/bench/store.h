// A store of keys and documents as the engine's benchmark sees it: ours, LMDB, RocksDB. One thread.
// What fails ends the program.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quire::bench {

class Store {
 public:
  virtual ~Store() = default;

  virtual std::string_view name() const = 0;
  // One transaction that stores a new document; logged, not synced.
  virtual void Put(std::string_view key, std::string_view document) = 0;
  // After the puts, before the gets: brings the store into the form in which it reads best.
  virtual void Settle() = 0;
  // One read transaction that finds the document and returns its field `age`.
  virtual int64_t GetAge(std::string_view key) = 0;
};

struct StoreOptions {
  std::string folder;  // empty, and for this store alone
  uint64_t documents = 0;
};

std::unique_ptr<Store> OpenQuire(const StoreOptions& options);
std::unique_ptr<Store> OpenLmdb(const StoreOptions& options);
std::unique_ptr<Store> OpenRocks(const StoreOptions& options);
// RocksDB hands each put to the system at once unless told otherwise; this one, as we do without
// syncs, when a buffer is full.
std::unique_ptr<Store> OpenRocksBuffered(const StoreOptions& options);

// The field `age` of a document of ours, wherever its bytes lie.
int64_t AgeOf(std::string_view document);

}  // namespace quire::bench
