// The two tables of the torture test and what is written to them: `docs`, a collection (or, to try
// the tool itself, a heap table that behaves like one), and its heap twin `twin`. Every client owns
// a range of keys: single keys, and a block of kBlockKeys keys that it only writes as a whole. A
// few hot keys belong to nobody.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tests/client/connection.h"

namespace quire::torture {

inline constexpr int kSingleKeys = 200;
inline constexpr int kBlockKeys = 10'000;
inline constexpr int kHotKeys = 5;

enum class TwinKind { kCollection, kHeap };

// Makes both tables, empty.
absl::Status MakeTables(Connection* connection, TwinKind kind);

// `c3-s00017`. REQUIRES: index < kSingleKeys.
std::string SingleKey(int client, int index);
// All keys k of the block have BlockBegin <= k < BlockEnd.
std::string BlockBegin(int client);
std::string BlockEnd(int client);
// Under this name the journal has the block.
std::string BlockName(int client);
std::string HotKey(int index);
bool IsHotKey(absl::string_view key);
// Whose key it is; -1 when it is no key of these tables. `in_block`: a key of the block.
int OwnerOf(absl::string_view key, bool* in_block);

// A document with this `_id`, value, and so many bytes that do not compress. A pure function.
std::string Document(absl::string_view key, int64_t value, size_t padding);
// SQL that gives the documents of a block, `_id` and `_doc`, with parameters $1 (client), $2
// (value); and the same rows as text for COPY.
std::string BlockQuery();
std::string BlockCopyText(int client, int64_t value);

}  // namespace quire::torture
