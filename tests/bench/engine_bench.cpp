// The engine alone beside LMDB and RocksDB: one thread, equal documents, keys in an equal random
// order, one transaction for each put and each get, one field read from each document.
//
//   engine_bench [--short]
//
//   --short   tiny sizes and one round: only whether everything runs and the answers are equal
//
// Environment: BENCH_DOCUMENTS, BENCH_ROUNDS, BENCH_FOLDER (for the stores' files);
// BENCH_PROFILE=1 profiles our gets and puts even when no bar is missed.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/document_builder.h"
#include "tests/bench/documents.h"
#include "tests/bench/measure.h"
#include "tests/bench/profile.h"
#include "tests/bench/store.h"
#include "tests/support/setting.h"

namespace quire::bench {

namespace {

// The last one is measured by its puts only.
enum Which : size_t { kQuire, kLmdb, kRocks, kRocksBuffered };
constexpr size_t kStores = 4;
constexpr size_t kGetStores = 3;
constexpr std::array<std::unique_ptr<Store> (*)(const StoreOptions&), kStores> kOpen = {
    OpenQuire, OpenLmdb, OpenRocks, OpenRocksBuffered};

std::string BuildDocument(uint64_t number, DocumentBuilder* builder) {
  const Person person = PersonOf(number);
  builder->Clear();
  builder->BeginObject();
  builder->Key("_id");
  builder->String(person.id);
  builder->Key("name");
  builder->String(person.name);
  builder->Key("email");
  builder->String(person.email);
  builder->Key("age");
  builder->Int64(person.age);
  builder->Key("active");
  builder->Bool(person.active);
  builder->Key("score");
  builder->Double(static_cast<double>(person.score_hundredths) / 100);
  builder->Key("visits");
  builder->Int64(person.visits);
  builder->Key("created");
  builder->String(person.created);
  builder->Key("address");
  builder->BeginObject();
  builder->Key("street");
  builder->String(person.street);
  builder->Key("city");
  builder->String(person.city);
  builder->Key("zip");
  builder->String(person.zip);
  builder->EndObject();
  builder->Key("tags");
  builder->BeginArray();
  for (const std::string_view tag : person.tags) builder->String(tag);
  builder->EndArray();
  builder->EndObject();
  const auto document = builder->Finish();
  if (!document.ok()) Die(document.status().ToString());
  return std::string(*document);
}

class EngineBench {
 public:
  EngineBench(uint64_t documents, int rounds, bool brief)
      : documents_(documents), rounds_(rounds), brief_(brief) {
    const char* folder = std::getenv("BENCH_FOLDER");
    folder_ = std::string(folder == nullptr ? "." : folder) + "/engine";
  }

  bool Run();

 private:
  struct Results {
    std::array<Series, kStores> put_us;
    std::array<Series, kStores> get_us;
  };

  std::unique_ptr<Store> Fresh(size_t which);
  double Puts(Store* store);
  double Gets(Store* store, uint64_t* sum);
  void Arrange(uint64_t seed, bool with_bodies);
  bool Round(int round, Results* results);
  void Report(const Results& results);
  void ProfileOurs();

  const uint64_t documents_;
  const int rounds_;
  const bool brief_;
  std::string folder_;
  uint64_t bytes_ = 0;
  std::vector<std::string> keys_;    // as Arrange left them
  std::vector<std::string> bodies_;  // of the keys, when asked for
};

std::unique_ptr<Store> EngineBench::Fresh(size_t which) {
  const std::string folder = folder_ + "/" + std::to_string(which);
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return kOpen[which]({.folder = folder, .documents = documents_});
}

// Keys and bodies lie in memory in the order in which they are used: what is measured is the store,
// not the way to its arguments.
void EngineBench::Arrange(uint64_t seed, bool with_bodies) {
  const Shuffle shuffle(documents_, seed);
  DocumentBuilder builder;
  keys_.resize(documents_);
  bodies_.resize(with_bodies ? documents_ : 0);
  if (with_bodies) bytes_ = 0;
  for (uint64_t i = 0; i < documents_; ++i) {
    const uint64_t number = shuffle(i);
    keys_[i] = KeyOf(number);
    if (!with_bodies) continue;
    bodies_[i] = BuildDocument(number, &builder);
    bytes_ += bodies_[i].size();
  }
}

// Seconds of all puts.
double EngineBench::Puts(Store* store) {
  const Stopwatch watch;
  for (uint64_t i = 0; i < documents_; ++i) store->Put(keys_[i], bodies_[i]);
  return watch.Seconds();
}

// Seconds of as many gets.
double EngineBench::Gets(Store* store, uint64_t* sum) {
  *sum = 0;
  const Stopwatch watch;
  for (const std::string& key : keys_) {
    *sum = *sum * 31 + static_cast<uint64_t>(store->GetAge(key));
  }
  return watch.Seconds();
}

// Returns whether all stores gave the same answers.
bool EngineBench::Round(int round, Results* results) {
  constexpr int kPasses = 2;  // over all documents; the stores take turns
  const double operations = static_cast<double>(documents_);
  Arrange(1, /*with_bodies=*/true);
  std::array<std::unique_ptr<Store>, kStores> stores;
  std::array<double, kStores> get_seconds = {};
  for (size_t i = 0; i < kStores; ++i) {
    const size_t which = (i + static_cast<size_t>(round)) % kStores;
    stores[which] = Fresh(which);
    results->put_us[which].values.push_back(Puts(stores[which].get()) / operations * 1e6);
    if (which >= kGetStores) {
      stores[which].reset();
      continue;
    }
    stores[which]->Settle();
    // Brings the data into the store's cache.
    uint64_t sum = 0;
    Gets(stores[which].get(), &sum);
  }
  // What the others have left to write must not be written during the gets.
  if (!brief_) sync();
  bool equal = true;
  for (int pass = 0; pass < kPasses; ++pass) {
    std::array<uint64_t, kGetStores> sums = {};
    Arrange(static_cast<uint64_t>(10 * round + pass + 2), /*with_bodies=*/false);
    for (size_t i = 0; i < kGetStores; ++i) {
      const size_t which = (i + static_cast<size_t>(round + pass)) % kGetStores;
      get_seconds[which] += Gets(stores[which].get(), &sums[which]);
    }
    equal = equal && sums[0] == sums[1] && sums[0] == sums[2];
  }
  for (size_t which = 0; which < kGetStores; ++which) {
    results->get_us[which].values.push_back(get_seconds[which] / kPasses / operations * 1e6);
  }
  return equal;
}

void EngineBench::ProfileOurs() {
  for (const bool puts : {true, false}) {
    std::unique_ptr<Store> store = Fresh(kQuire);
    Arrange(1, /*with_bodies=*/true);
    if (!puts) Puts(store.get());
    Arrange(puts ? 1 : 2, puts);
    const std::string name = puts ? "engine_puts" : "engine_gets";
    Profile profile(folder_ + "/..", name, {getpid()});
    uint64_t sum = 0;
    if (puts) {
      Puts(store.get());
    } else {
      for (int pass = 0; pass < 3; ++pass) Gets(store.get(), &sum);
    }
    std::printf("\nWhere the time goes: %s\n", name.c_str());
    for (const std::string& line : profile.Finish(30)) std::printf("  %s\n", line.c_str());
  }
}

void EngineBench::Report(const Results& results) {
  std::printf(
      "\nEngine alone: %llu documents of %.0f bytes, one thread, no sync; microseconds of "
      "an operation, medians of %d rounds; ratio: other / quire, median (lowest to highest "
      "round).\n\n",
      static_cast<unsigned long long>(documents_),
      static_cast<double>(bytes_) / static_cast<double>(documents_), rounds_);
  Table table({"row", "quire us", "other us", "ratio", "bar", ""});
  bool missed = false;
  const auto add = [&](const char* name, const std::array<Series, kStores>& series, size_t other,
                       double bar) {
    const Series ratio = series[other].Over(series[kQuire]);
    const std::string verdict = Verdict(ratio.Median(), bar);
    missed = missed || verdict == "MISSED";
    table.Add({name, Number(series[kQuire].Median(), 3), Number(series[other].Median(), 3),
               WithSpread(ratio), bar == 0 ? "-" : Number(bar, 2), verdict});
  };
  add("get, LMDB", results.get_us, kLmdb, 1.0);
  add("get, RocksDB", results.get_us, kRocks, 3.0);
  add("put, RocksDB", results.put_us, kRocks, 1.5);
  add("put, RocksDB with a buffered WAL", results.put_us, kRocksBuffered, 0);
  add("put, LMDB", results.put_us, kLmdb, 0);
  table.Print();
  if (missed || Setting("BENCH_PROFILE", 0) != 0) ProfileOurs();
}

bool EngineBench::Run() {
  Results results;
  bool equal = true;
  for (int round = 0; round < rounds_; ++round) equal = Round(round, &results) && equal;
  if (brief_) {
    std::printf("%s engine beside LMDB and RocksDB: equal results\n", equal ? "ok" : "not ok");
  } else {
    Report(results);
    if (!equal) std::printf("NOT EQUAL: the stores gave different answers.\n");
  }
  std::filesystem::remove_all(folder_);
  return equal;
}

}  // namespace

}  // namespace quire::bench

int main(int argc, char** argv) {
  using quire::Setting;
  bool brief = false;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) != "--short") {
      quire::bench::Die("no such argument: " + std::string(argv[i]));
    }
    brief = true;
  }
  const uint64_t documents = Setting("BENCH_DOCUMENTS", brief ? 2'000 : 1'000'000);
  const auto rounds = static_cast<int>(Setting("BENCH_ROUNDS", brief ? 1 : 7));
  if (documents == 0 || rounds == 0) quire::bench::Die("nothing to do");
  return quire::bench::EngineBench(documents, rounds, brief).Run() ? 0 : 1;
}
