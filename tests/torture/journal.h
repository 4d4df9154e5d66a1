// What one client knows that the server has promised: kept in a file outside the server, so that it
// survives whatever is done to the server and to the client. One writer at a time.
//
// A line each; a line without its newline was cut and does not count:
//   S <key>=<value> …     the state from which the lines behind it start; there is one, the first
//   T <number> <key>=<value> …   written before COMMIT is sent: what the transaction leaves behind
//   A <number>            written after the server has acknowledged that COMMIT, before anything
//   else
// A value is a number that no other write of this client has; 0 says that the key is absent.
// A rolled-back transaction has no line, and so must have no effect.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace quire::torture {

inline constexpr int64_t kAbsent = 0;

// Keys that are not in it are absent, too.
using State = std::map<std::string, int64_t>;

// 0 when there is no such key.
inline int64_t ValueOf(const State& state, const std::string& key) {
  const auto found = state.find(key);
  return found == state.end() ? kAbsent : found->second;
}

struct History {
  State base;
  std::vector<State> transactions;  // what each of them changed, in order
  size_t acknowledged = 0;          // so many of them: all, or all but the last

  // The state after the first `count` transactions.
  State After(size_t count) const;
  // The largest value that was ever given to a key.
  int64_t ValueMax() const;
};

class Journal {
 public:
  // An absent file reads as the history of a client that has done nothing.
  static absl::StatusOr<History> Read(const std::string& file);
  // Replaces the file by one that starts from `base`.
  static absl::Status Restart(const std::string& file, const State& base);

  static absl::StatusOr<Journal> OpenToAppend(const std::string& file);
  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&&) = delete;
  ~Journal();

  absl::Status Intent(const State& changes);
  absl::Status Acknowledged();

 private:
  explicit Journal(int descriptor) : descriptor_(descriptor) {}
  absl::Status Write(const std::string& line);

  int descriptor_;
  uint64_t number_ = 0;  // of the last intent
};

}  // namespace quire::torture
