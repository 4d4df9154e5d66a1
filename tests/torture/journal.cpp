#include "tests/torture/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace quire::torture {
namespace {

std::string Print(const State& state) {
  std::string text;
  for (const auto& [key, value] : state) {
    absl::StrAppend(&text, " ", key, "=", value);
  }
  return text;
}

// The words from `first` on.
absl::StatusOr<State> Parse(const std::vector<absl::string_view>& words, size_t first) {
  State state;
  for (size_t i = first; i < words.size(); ++i) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(words[i], '=');
    if (!absl::SimpleAtoi(pair.second, &state[pair.first])) {
      return absl::DataLossError(absl::StrCat("journal: not key=value: ", words[i]));
    }
  }
  return state;
}

absl::Status ParseLine(absl::string_view line, History* history) {
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
  if (words[0] == "S") {
    auto state = Parse(words, 1);
    if (state.ok()) {
      history->base = *std::move(state);
    }
    return state.status();
  }
  if (words[0] == "T") {
    auto changes = Parse(words, 2);
    if (changes.ok()) {
      history->transactions.push_back(*std::move(changes));
    }
    return changes.status();
  }
  if (words[0] == "A") {
    history->acknowledged = history->transactions.size();
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat("journal: not a line: ", line));
}

void Apply(const State& changes, State* state) {
  for (const auto& [key, value] : changes) {
    if (value == kAbsent) {
      state->erase(key);
    } else {
      (*state)[key] = value;
    }
  }
}

}  // namespace

State History::After(size_t count) const {
  State state = base;
  for (size_t i = 0; i < count; ++i) {
    Apply(transactions[i], &state);
  }
  return state;
}

int64_t History::ValueMax() const {
  int64_t max = 0;
  for (const auto& [key, value] : base) {
    max = std::max(max, value);
  }
  for (const State& changes : transactions) {
    for (const auto& [key, value] : changes) {
      max = std::max(max, value);
    }
  }
  return max;
}

absl::StatusOr<History> Journal::Read(const std::string& file) {
  History history;
  std::ifstream input(file);
  const std::string text{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  absl::string_view rest = text;
  for (size_t end; (end = rest.find('\n')) != absl::string_view::npos;) {
    if (absl::Status status = ParseLine(rest.substr(0, end), &history); !status.ok()) {
      return status;
    }
    rest.remove_prefix(end + 1);
  }
  return history;
}

absl::Status Journal::Restart(const std::string& file, const State& base) {
  const std::string next = file + ".next";
  unlink(next.c_str());
  auto journal = OpenToAppend(next);
  if (!journal.ok()) {
    return journal.status();
  }
  if (absl::Status status = journal->Write(absl::StrCat("S", Print(base))); !status.ok()) {
    return status;
  }
  return std::rename(next.c_str(), file.c_str()) == 0 ? absl::OkStatus()
                                                      : absl::InternalError(std::strerror(errno));
}

absl::StatusOr<Journal> Journal::OpenToAppend(const std::string& file) {
  const int descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return absl::InternalError(absl::StrCat(file, ": ", std::strerror(errno)));
  }
  return Journal(descriptor);
}

Journal::Journal(Journal&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), number_(other.number_) {}

Journal::~Journal() {
  if (descriptor_ >= 0) {
    close(descriptor_);
  }
}

absl::Status Journal::Intent(const State& changes) {
  return Write(absl::StrCat("T ", ++number_, Print(changes)));
}

absl::Status Journal::Acknowledged() {
  return Write(absl::StrCat("A ", number_));
}

absl::Status Journal::Write(const std::string& line) {
  const std::string bytes = line + "\n";
  const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
  return written == static_cast<ssize_t>(bytes.size())
             ? absl::OkStatus()
             : absl::InternalError(absl::StrCat("journal: ", std::strerror(errno)));
}

}  // namespace quire::torture
