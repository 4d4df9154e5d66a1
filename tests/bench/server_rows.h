// What the server's benchmark measures: each row is one kind of statement, done on a heap table
// with a jsonb column, on a collection, and as the floor below both: a constant is selected, a
// message of the same bytes goes into the server's log, COPY drops what it has parsed. One thread,
// except that a row of several clients starts its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/connection.h"

namespace quire::bench {

enum class Side { kHeap, kCollection, kFloor };

struct ServerBenchOptions {
  uint64_t documents = 1'000'000;
  int rounds = 7;
  bool brief = false;    // tiny: only whether everything runs and the results are equal
  bool control = false;  // a second heap table plays the collection: all ratios should be 1
};

struct Row {
  std::string name;
  std::string statement;  // for the reader
  double bar = 0;
  bool one_core = true;
  uint64_t operations = 0;  // of one slice
  int slices = 4;           // of one round; the sides alternate from slice to slice
  std::vector<Connection*> connections;

  // Not measured: before the slice that begins at operation `first`; before and after a round.
  std::function<void(uint64_t first)> prepare = [](uint64_t) {};
  std::function<void()> begin_round = [] {};
  std::function<void()> end_round = [] {};
  // Measured. Returns a checksum of what came back: equal for heap and collection.
  std::function<uint64_t(Side)> run;
  // After the last round: whether both sides now hold the same.
  std::function<bool()> verify = [] { return true; };
};

// The engine's memory against the heap table with its primary key, as they are on disk after COPY.
struct MemoryRow {
  std::string name;
  double heap_bytes = 0;
  double region_bytes = 0;
  double bar = 0;  // at most
};

class ServerRows {
 public:
  explicit ServerRows(const ServerBenchOptions& options);

  // Makes both tables, fills, vacuums and prewarms them.
  void Load();
  // All rows, in the order in which they are to be run.
  std::vector<Row> Rows();
  void Drop();

  Connection* control_connection() { return &main_; }
  std::vector<std::string> Sizes();
  // Filled while the rows are run; empty where the engine does not tell.
  const std::vector<MemoryRow>& memory() const { return memory_; }

 private:
  Row Fields();
  Row Document();
  Row Insert(const std::string& name, double bar, size_t clients, bool durable);
  Row Update();
  // Both tables read from end to end by one process. `heap` and `collection` are the columns that
  // the statement returns, FROM and WHERE included.
  Row Scan(const std::string& name, const std::string& heap, const std::string& collection,
           double bar);
  Row CountNested(double bar);
  Row CountNestedAfterUpdates(double bar);
  Row ReadField(double bar);
  void UpdateAll();
  // Bytes of the region in use, free blocks in its pages included; 0 when the engine does not tell.
  double RegionBytes();
  // The same once the collector has left one version of each document.
  double CollectedRegionBytes();
  Row Copy(KeyForm keys, const std::string& type, double bar);
  static std::string CopyText(uint64_t documents, KeyForm keys);

  // `type` is that of `_doc`: jsonb, or json, whose text the engine reads itself.
  void CreateCollection(const std::string& table, const std::string& type = "jsonb");
  void PrepareStatements(Connection* connection);
  void PickKeys(uint64_t first, uint64_t operations, uint64_t among);
  uint64_t Get(Side side, const char* heap, const char* collection);
  void InsertEach(Side side, Connection* connection, size_t begin, size_t step);
  std::string Contents(const std::string& table, const std::string& document);
  bool SameContents();

  const ServerBenchOptions options_;
  const std::string run_;  // collections outlive their tables, so each run has its own
  Connection main_;
  std::vector<std::unique_ptr<Connection>> clients_;
  std::string copy_text_;  // the documents of the load, then those of the row of COPY
  uint64_t inserts_ = 0;   // insert rows so far; each has a range of numbers of its own
  int copies_ = 0;
  bool all_updated_ = false;
  std::vector<MemoryRow> memory_;
  std::string checked_;  // the row of COPY whose result was compared last

  // The operations of the slice.
  std::vector<std::string> keys_;
  std::vector<std::string> values_;
};

}  // namespace quire::bench
