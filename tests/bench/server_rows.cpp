#include "tests/bench/server_rows.h"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <thread>

#include "tests/bench/documents.h"
#include "tests/bench/measure.h"

namespace quire::bench {

namespace {

constexpr size_t kClients = 8;
// So many documents are updated again and again: each page of theirs has been written once since
// the last checkpoint before a measurement begins, which spares the heap its full-page images.
constexpr uint64_t kUpdatedDocuments = 20'000;
constexpr uint64_t kInsertRange = 10'000'000;
// A nested number, which about 30 of 100 documents have below 30.
constexpr char kHeapCount[] = "count(*) FROM bench.heap WHERE (doc->'address'->>'level')::int < 30";
constexpr char kCount[] = "count(*) FROM bench.collection WHERE level < 30";

}  // namespace

ServerRows::ServerRows(const ServerBenchOptions& options)
    : options_(options), run_(std::to_string(time(nullptr))) {
  for (size_t i = 0; i < kClients; ++i) clients_.push_back(std::make_unique<Connection>());
}

void ServerRows::CreateCollection(const std::string& table, const std::string& type) {
  if (options_.control) {
    main_.Run("CREATE TABLE " + table +
              " (_id text COLLATE \"C\" PRIMARY KEY, _doc jsonb NOT NULL)");
    return;
  }
  main_.Run("CREATE FOREIGN TABLE " + table +
            " (_id text COLLATE \"C\" NOT NULL, name text, age int, visits int,"
            " city text OPTIONS (path 'address.city'),"
            " level int OPTIONS (path 'address.level'), _doc " +
            type + ") SERVER quire OPTIONS (collection '" + table + "_" + run_ + "')");
}

std::string ServerRows::CopyText(uint64_t documents, KeyForm keys) {
  std::string text;
  for (uint64_t i = 0; i < documents; ++i) {
    const Person person = PersonOf(i, keys);
    text.append(person.id).append("\t");
    AppendJson(person, &text);
    text.append("\n");
  }
  return text;
}

void ServerRows::Load() {
  copy_text_ = CopyText(options_.documents, KeyForm::kRising);
  main_.Run("CREATE EXTENSION IF NOT EXISTS pg_prewarm");
  if (!options_.control) main_.Run("CREATE EXTENSION IF NOT EXISTS quire");
  main_.Run("CREATE SCHEMA bench");
  main_.Run("CREATE TABLE bench.heap (id text COLLATE \"C\" PRIMARY KEY, doc jsonb NOT NULL)");
  CreateCollection("bench.collection");
  CreateCollection("bench.copy_warm");
  main_.CopyIn("COPY bench.heap (id, doc) FROM STDIN", copy_text_);
  const double before = RegionBytes();
  main_.CopyIn("COPY bench.collection (_id, _doc) FROM STDIN", copy_text_);
  const double loaded = RegionBytes();
  main_.Run("VACUUM (FREEZE, ANALYZE) bench.heap");
  if (loaded > 0) {
    memory_.push_back({.name = "after COPY",
                       .heap_bytes = std::stod(main_.Value(
                           "SELECT pg_table_size('bench.heap') + pg_indexes_size('bench.heap')")),
                       .region_bytes = loaded - before,
                       .bar = 1.1});
  }
  if (options_.control) {
    main_.Run("VACUUM (FREEZE, ANALYZE) bench.collection");
  } else {
    main_.Try("ANALYZE bench.collection");
  }
  main_.Run("CHECKPOINT");
  main_.Run("SELECT pg_prewarm('bench.heap'), pg_prewarm('bench.heap_pkey')");
  if (!SameContents()) Die("the tables differ after loading");
  PrepareStatements(&main_);
  for (auto& client : clients_) PrepareStatements(client.get());
}

void ServerRows::Drop() {
  main_.Run("SET client_min_messages = error");
  main_.Run("DROP SCHEMA IF EXISTS bench CASCADE");
}

std::vector<std::string> ServerRows::Sizes() {
  return main_.Rows(
      "SELECT 'documents ' || count(*) || ', jsonb ' || round(avg(pg_column_size(doc))) || "
      "' bytes each, heap ' || pg_size_pretty(pg_table_size('bench.heap')) || ' + index ' || "
      "pg_size_pretty(pg_indexes_size('bench.heap')) FROM bench.heap");
}

void ServerRows::PrepareStatements(Connection* connection) {
  const std::string heap_fields = "doc->>'name', (doc->>'age')::int, doc->'address'->>'city'";
  const std::string control_fields = "_doc->>'name', (_doc->>'age')::int, _doc->'address'->>'city'";
  const std::string update = "jsonb_set(doc, '{age}', to_jsonb($2::int))";
  const std::string control_update = "jsonb_set(_doc, '{age}', to_jsonb($2::int))";

  connection->Prepare("floor", "SELECT 1");
  // What a transaction costs that only writes so many bytes to the server's log and commits.
  connection->Prepare("floor_insert", "SELECT pg_logical_emit_message(true, 'bench', $1)");
  connection->Prepare("heap_fields", "SELECT " + heap_fields + " FROM bench.heap WHERE id = $1");
  connection->Prepare("heap_document", "SELECT doc FROM bench.heap WHERE id = $1");
  connection->Prepare("heap_insert", "INSERT INTO bench.heap (id, doc) VALUES ($1, $2)");
  connection->Prepare("heap_update", "UPDATE bench.heap SET doc = " + update + " WHERE id = $1");

  connection->Prepare("collection_fields",
                      "SELECT " + (options_.control ? control_fields : "name, age, city") +
                          " FROM bench.collection WHERE _id = $1");
  connection->Prepare("collection_document", "SELECT _doc FROM bench.collection WHERE _id = $1");
  connection->Prepare("collection_insert",
                      "INSERT INTO bench.collection (_id, _doc) VALUES ($1, $2)");
  connection->Prepare("collection_update",
                      "UPDATE bench.collection SET " +
                          (options_.control ? "_doc = " + control_update : "age = $2") +
                          " WHERE _id = $1");
}

std::string ServerRows::Contents(const std::string& table, const std::string& document) {
  return main_.Value("SELECT count(*) || ' ' || sum(hashtextextended(" + document +
                     "::text, 0)) FROM " + table);
}

bool ServerRows::SameContents() {
  const std::string heap = Contents("bench.heap", "doc");
  const std::string collection = Contents("bench.collection", "_doc");
  if (heap == collection) return true;
  std::fprintf(stderr, "bench: heap has %s, collection has %s\n", heap.c_str(), collection.c_str());
  return false;
}

void ServerRows::PickKeys(uint64_t first, uint64_t operations, uint64_t among) {
  const Shuffle shuffle(options_.documents, 7);
  keys_.clear();
  for (uint64_t i = first; i < first + operations; ++i) keys_.push_back(KeyOf(shuffle(i % among)));
}

uint64_t ServerRows::Get(Side side, const char* heap, const char* collection) {
  Checksum sum;
  const char* statement = side == Side::kHeap ? heap : collection;
  for (const std::string& key : keys_) {
    if (side == Side::kFloor) {
      main_.Fetch("floor", {}, &sum);
    } else {
      main_.Fetch(statement, {key.c_str()}, &sum);
    }
  }
  return sum.value();
}

Row ServerRows::Fields() {
  Row row;
  row.name = "get three fields by id";
  row.statement =
      "SELECT doc->>'name', (doc->>'age')::int, doc->'address'->>'city' … WHERE id = $1"
      " | SELECT name, age, city … WHERE _id = $1";
  row.bar = 1.3;
  row.operations = options_.brief ? 200 : 5'000;
  row.connections = {&main_};
  row.prepare = [this, n = row.operations](uint64_t first) {
    PickKeys(first, n, options_.documents);
  };
  row.run = [this](Side side) { return Get(side, "heap_fields", "collection_fields"); };
  return row;
}

Row ServerRows::Document() {
  Row row = Fields();
  row.name = "get the document by id";
  row.statement = "SELECT doc … WHERE id = $1 | SELECT _doc … WHERE _id = $1";
  row.bar = 1.2;
  row.run = [this](Side side) { return Get(side, "heap_document", "collection_document"); };
  return row;
}

void ServerRows::InsertEach(Side side, Connection* connection, size_t begin, size_t step) {
  const char* statement = side == Side::kHeap ? "heap_insert" : "collection_insert";
  Checksum sum;
  for (size_t i = begin; i < keys_.size(); i += step) {
    if (side == Side::kFloor) {
      connection->Fetch("floor_insert", {values_[i].c_str()}, &sum);
    } else {
      connection->Change(statement, {keys_[i].c_str(), values_[i].c_str()});
    }
  }
}

Row ServerRows::Insert(const std::string& name, double bar, size_t clients, bool durable) {
  Row row;
  row.name = name;
  row.statement = std::string("INSERT INTO … VALUES ($1, $2), synchronous_commit = ") +
                  (durable ? "on" : "off");
  row.bar = bar;
  row.one_core = clients == 1;
  row.operations = (options_.brief ? 50 : clients == 1 ? 500 : 200) * clients;
  for (size_t i = 0; i < clients; ++i) row.connections.push_back(clients_[i].get());
  row.prepare = [this, n = row.operations,
                 base = options_.documents + kInsertRange * inserts_++](uint64_t first) {
    keys_.clear();
    values_.clear();
    for (uint64_t i = base + first; i < base + first + n; ++i) {
      const Person person = PersonOf(i);
      keys_.push_back(person.id);
      AppendJson(person, &values_.emplace_back());
    }
  };
  row.run = [this, clients](Side side) {
    if (clients == 1) {
      InsertEach(side, clients_[0].get(), 0, 1);
      return uint64_t{0};
    }
    std::vector<std::thread> threads;
    for (size_t i = 0; i < clients; ++i) {
      threads.emplace_back(
          [this, side, i, clients] { InsertEach(side, clients_[i].get(), i, clients); });
    }
    for (std::thread& thread : threads) thread.join();
    return uint64_t{0};
  };
  row.begin_round = [this, clients, durable] {
    for (size_t i = 0; i < clients; ++i) {
      clients_[i]->Run(durable ? "SET synchronous_commit = on" : "SET synchronous_commit = off");
    }
  };
  row.verify = [this] { return SameContents(); };
  return row;
}

Row ServerRows::Update() {
  Row row;
  row.name = "update one field by id";
  row.statement =
      "UPDATE … SET doc = jsonb_set(doc, '{age}', to_jsonb($2::int)) WHERE id = $1"
      " | UPDATE … SET age = $2 WHERE _id = $1, synchronous_commit = off";
  row.bar = 1.5;
  row.operations = options_.brief ? 100 : 2'500;
  row.connections = {&main_};
  const uint64_t among = std::min(options_.documents, kUpdatedDocuments);
  row.prepare = [this, among, n = row.operations](uint64_t first) {
    PickKeys(first, n, among);
    values_.clear();
    for (uint64_t i = first; i < first + n; ++i) values_.push_back(std::to_string(Mix(i) % 90));
  };
  row.begin_round = [this] { main_.Run("SET synchronous_commit = off"); };
  row.end_round = [this] {
    main_.Run("RESET synchronous_commit");
    main_.Run("VACUUM bench.heap");
    if (options_.control) main_.Run("VACUUM bench.collection");
  };
  row.run = [this](Side side) {
    const char* statement = side == Side::kHeap ? "heap_update" : "collection_update";
    Checksum sum;
    for (size_t i = 0; i < keys_.size(); ++i) {
      if (side == Side::kFloor) {
        main_.Fetch("floor", {}, &sum);
      } else {
        main_.Change(statement, {keys_[i].c_str(), values_[i].c_str()});
      }
    }
    return uint64_t{0};
  };
  row.verify = [this] { return SameContents(); };
  return row;
}

Row ServerRows::Scan(const std::string& name, const std::string& heap,
                     const std::string& collection, double bar) {
  Row row;
  row.name = name;
  row.statement = "SELECT " + heap + " | SELECT " + collection + ", no parallel workers";
  row.bar = bar;
  row.operations = options_.documents;
  row.slices = options_.brief ? 1 : 2;
  row.connections = {&main_};
  row.begin_round = [this] { main_.Run("SET max_parallel_workers_per_gather = 0"); };
  row.end_round = [this] { main_.Run("RESET max_parallel_workers_per_gather"); };
  row.run = [this, heap, collection](Side side) {
    Checksum sum;
    sum.Add(main_.Value("SELECT " + (side == Side::kHeap         ? heap
                                     : side == Side::kCollection ? collection
                                                                 : "1")));
    return sum.value();
  };
  return row;
}

Row ServerRows::CountNested(double bar) {
  return Scan("count with a nested numeric condition", kHeapCount,
              options_.control
                  ? "count(*) FROM bench.collection WHERE (_doc->'address'->>'level')::int < 30"
                  : kCount,
              bar);
}

Row ServerRows::ReadField(double bar) {
  return Scan("scan of one text field", "sum(octet_length(doc->>'name')) FROM bench.heap",
              options_.control ? "sum(octet_length(_doc->>'name')) FROM bench.collection"
                               : "sum(octet_length(name)) FROM bench.collection",
              bar);
}

double ServerRows::RegionBytes() {
  constexpr char kBytes[] =
      "SELECT coalesce(sum(bytes), 0) FROM quire.stat_memory WHERE purpose IN "
      "('documents', 'indexes', 'tables', 'catalog', 'unused')";
  if (options_.control || !main_.Try(kBytes)) return 0;
  return std::stod(main_.Value(kBytes));
}

double ServerRows::CollectedRegionBytes() {
  if (RegionBytes() == 0) return 0;
  constexpr char kCollected[] = "SELECT bool_and(versions = documents) FROM quire.collections";
  constexpr auto kTurn = std::chrono::milliseconds(100);
  constexpr auto kPatience = std::chrono::minutes(5);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (main_.Value(kCollected) != "t") {
    if (std::chrono::steady_clock::now() > deadline) Die("the collector leaves old versions");
    std::this_thread::sleep_for(kTurn);
  }
  return RegionBytes();
}

// Each document once, in an order that has nothing to do with where it lies, in transactions of
// 10,000 statements; then what both sides have for tidying up.
void ServerRows::UpdateAll() {
  if (all_updated_) return;
  all_updated_ = true;
  const auto update = [](const std::string& table, const std::string& id, const std::string& set) {
    return "DO $$ DECLARE k record; n int := 0; BEGIN FOR k IN SELECT id FROM bench.heap ORDER BY "
           "hashtext(id), id LOOP UPDATE bench." +
           table + " SET " + set + " WHERE " + id +
           " = k.id; n := n + 1; IF n % 10000 = 0 THEN COMMIT; END IF; END LOOP; END $$";
  };
  const auto raised = [](const std::string& document) {
    return document + " = jsonb_set(" + document + ", '{visits}', to_jsonb((" + document +
           "->>'visits')::int + 1))";
  };
  const double before = CollectedRegionBytes();
  main_.Run("SET synchronous_commit = off");
  main_.Run(update("heap", "id", raised("doc")));
  main_.Run(update("collection", "_id", options_.control ? raised("_doc") : "visits = visits + 1"));
  main_.Run("RESET synchronous_commit");
  if (!memory_.empty()) {
    MemoryRow row = memory_.front();
    row.name = "after updating each document once and collecting";
    row.region_bytes += CollectedRegionBytes() - before;
    row.bar = 1.35;
    memory_.push_back(row);
  }
  main_.Run("VACUUM (FREEZE, ANALYZE) bench.heap");
  if (options_.control) main_.Run("VACUUM (FREEZE, ANALYZE) bench.collection");
  main_.Run("CHECKPOINT");
}

Row ServerRows::CountNestedAfterUpdates(double bar) {
  Row row = CountNested(bar);
  row.name += ", all updated in random order";
  row.begin_round = [this, before = row.begin_round] {
    UpdateAll();
    before();
  };
  row.verify = [this] { return SameContents(); };
  return row;
}

Row ServerRows::Copy(KeyForm keys, const std::string& type, double bar) {
  Row row;
  row.name = "COPY of " + std::to_string(options_.documents) +
             (keys == KeyForm::kRising ? ", rising keys" : ", random keys") +
             (type == "json" ? ", _doc json" : "");
  row.statement = "COPY … FROM STDIN, one transaction, heap (doc jsonb), collection (_doc " + type +
                  "); the floor parses the heap's rows and drops them";
  row.bar = bar;
  row.operations = options_.documents;
  row.slices = 1;
  row.connections = {&main_};
  row.begin_round = [this, keys, type] {
    ++copies_;
    copy_text_ = CopyText(options_.documents, keys);
    // The kernel hands out memory at its first touch, which the shared buffers have long behind
    // them. A load that is rolled back leaves used and free memory behind for the collection, too.
    main_.Run("BEGIN");
    main_.CopyIn("COPY bench.copy_warm (_id, _doc) FROM STDIN", copy_text_);
    main_.Run("ROLLBACK");
    main_.Run(
        "CREATE TABLE bench.copy_heap (id text COLLATE \"C\" PRIMARY KEY, doc jsonb NOT NULL)");
    CreateCollection("bench.copy_" + std::to_string(copies_), type);
  };
  row.run = [this](Side side) {
    const std::string collection = "bench.copy_" + std::to_string(copies_);
    switch (side) {
      case Side::kHeap:
        return main_.CopyIn("COPY bench.copy_heap (id, doc) FROM STDIN", copy_text_);
      case Side::kCollection:
        return main_.CopyIn("COPY " + collection + " (_id, _doc) FROM STDIN", copy_text_);
      case Side::kFloor:
        return main_.CopyIn("COPY bench.copy_heap (id, doc) FROM STDIN WHERE false", copy_text_);
    }
    return uint64_t{0};
  };
  row.end_round = [this, name = row.name] {
    const std::string collection = "bench.copy_" + std::to_string(copies_);
    if (checked_ != name && Contents("bench.copy_heap", "doc") != Contents(collection, "_doc")) {
      Die("the tables differ after COPY");
    }
    checked_ = name;
    main_.Run("DROP TABLE bench.copy_heap");
    if (options_.control) {
      main_.Run("DROP TABLE " + collection);
      return;
    }
    // Gives its memory back, if it can; otherwise quire.memory holds all of them.
    if (main_.Try("SELECT quire.drop_collection('" + collection + "')")) return;
    main_.Run("DROP FOREIGN TABLE " + collection);
  };
  return row;
}

std::vector<Row> ServerRows::Rows() {
  return {Fields(), Document(), CountNested(3), ReadField(2),
          Insert("durable insert, 1 client", 1.15, 1, true),
          Insert("durable insert, " + std::to_string(kClients) + " clients", 1.1, kClients, true),
          // For orientation: the part of an insert that is not the flush.
          Insert("insert, not durable, 1 client", 0, 1, false), Update(),
          // Before the rows that make and drop collections, which leave free blocks behind.
          CountNestedAfterUpdates(2), Copy(KeyForm::kRising, "jsonb", 1.3),
          Copy(KeyForm::kRising, "json", 1.3), Copy(KeyForm::kRandom, "jsonb", 0)};
}

}  // namespace quire::bench
