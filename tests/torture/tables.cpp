#include "tests/torture/tables.h"

#include <random>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace quire::torture {
namespace {

constexpr char kCollection[] = R"(
  CREATE EXTENSION IF NOT EXISTS quire;
  CREATE FOREIGN TABLE docs (
    _id text COLLATE "C", v bigint, deep text OPTIONS (path 'n.a.b'), _version bigint,
    _doc jsonb) SERVER quire)";

// Columns that show and set a path of the document, as the collection's do.
constexpr char kHeap[] = R"(
  CREATE TABLE docs (
    _id text COLLATE "C" PRIMARY KEY, v bigint, deep text, _version bigint, _doc jsonb);
  CREATE FUNCTION docs_paths() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' AND NEW.v IS DISTINCT FROM OLD.v THEN
        NEW._doc := jsonb_set(NEW._doc, '{v}', to_jsonb(NEW.v));
      END IF;
      IF TG_OP = 'UPDATE' AND NEW.deep IS DISTINCT FROM OLD.deep THEN
        NEW._doc := jsonb_set(NEW._doc, '{n,a,b}', to_jsonb(NEW.deep));
      END IF;
      NEW._version := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE OLD._version + 1 END;
      NEW.v := NEW._doc->>'v';
      NEW.deep := NEW._doc#>>'{n,a,b}';
      RETURN NEW;
    END $$;
  CREATE TRIGGER docs_paths BEFORE INSERT OR UPDATE ON docs
    FOR EACH ROW EXECUTE FUNCTION docs_paths())";

constexpr char kTwin[] = R"(
  CREATE TABLE twin (
    _id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL DEFAULT 1, _doc jsonb))";

// Letters that need no escape in JSON, SQL or COPY.
std::string Padding(uint64_t seed, size_t bytes) {
  static constexpr char kLetters[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-";
  static_assert(sizeof(kLetters) == 65);
  std::mt19937_64 random(seed);
  std::string text(bytes, ' ');
  for (char& letter : text) {
    letter = kLetters[random() >> 58];
  }
  return text;
}

}  // namespace

absl::Status MakeTables(Connection* connection, TwinKind kind) {
  if (auto made = connection->Run(kind == TwinKind::kHeap ? kHeap : kCollection); !made.ok()) {
    return made.status();
  }
  return connection->Run(kTwin).status();
}

std::string SingleKey(int client, int index) {
  return absl::StrFormat("c%d-s%05d", client, index);
}
std::string BlockBegin(int client) {
  return absl::StrFormat("c%d-b", client);
}
std::string BlockEnd(int client) {
  return absl::StrFormat("c%d-c", client);
}
std::string BlockName(int client) {
  return absl::StrFormat("c%d-block", client);
}

std::string HotKey(int index) {
  return absl::StrFormat("hot-%d", index);
}
bool IsHotKey(absl::string_view key) {
  return key.substr(0, 4) == "hot-";
}

int OwnerOf(absl::string_view key, bool* in_block) {
  const size_t dash = key.find('-');
  int client = -1;
  if (dash == absl::string_view::npos || dash + 1 == key.size() || key[0] != 'c' ||
      !absl::SimpleAtoi(key.substr(1, dash - 1), &client)) {
    return -1;
  }
  *in_block = key[dash + 1] == 'b';
  return client;
}

std::string Document(absl::string_view key, int64_t value, size_t padding) {
  return absl::StrCat(R"({"_id":")", key, R"(","v":)", value, R"(,"n":{"a":{"b":"d)", value,
                      R"("},"list":[1,2.50,null,true]},"pad":")",
                      Padding(static_cast<uint64_t>(value), padding), R"("})");
}

std::string BlockQuery() {
  return R"(SELECT k, jsonb_build_object('_id', k, 'v', $2::bigint, 'pad', md5(i::text))
    FROM (SELECT i, 'c' || $1::int || '-b' || lpad(i::text, 5, '0') AS k
            FROM generate_series(0, 9999) i) b)";
}

std::string BlockCopyText(int client, int64_t value) {
  std::string text;
  for (int i = 0; i < kBlockKeys; ++i) {
    const std::string key = absl::StrFormat("c%d-b%05d", client, i);
    absl::StrAppend(&text, key, "\t{\"_id\":\"", key, "\",\"v\":", value, ",\"pad\":\"", i * 7919,
                    "\"}\n");
  }
  return text;
}

}  // namespace quire::torture
