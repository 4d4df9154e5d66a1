// What a server process does at the turns of its transactions.
//
//   before commit           changes go to the server's log, which may still fail the transaction;
//                           from here on every further write goes there at once
//   before PREPARE          refused when documents were written
//   after commit, abort     the session's own versions are settled, or undone. Cannot fail: a
//                           broken promise stops the process, and the server recovers
//   subtransaction          marked at its start, undone to the mark at its abort
#pragma once

#include <algorithm>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "engine/memory/session.h"
#include "engine/store/writer.h"

namespace quire {

// Called once, from _PG_init. The callbacks do nothing in a process that has no backend.
void InstallTransactionCallbacks();

// Where the process's open subtransactions began, for its writer. One thread.
class SubtransactionMarks {
 public:
  // REQUIRES: the running transaction has written nothing.
  explicit SubtransactionMarks(const Writer& writer) : none_(writer.MarkHere()) {}

  void Started(int level, const Writer& writer) { marks_.push_back({level, writer.MarkHere()}); }
  void Ended(int level) { Pop(level); }
  // Whether nothing was written since the subtransaction of this level began.
  bool NothingSince(int level, const Writer& writer) const {
    const auto mark = std::find_if(marks_.begin(), marks_.end(),
                                   [level](const Entry& entry) { return entry.level >= level; });
    return mark == marks_.end() || writer.IsAt(mark->mark);
  }
  // Lets the subtransactions of this and higher levels begin here.
  void Move(int level, const Writer& writer) {
    for (Entry& entry : marks_) {
      if (entry.level >= level) entry.mark = writer.MarkHere();
    }
  }
  // The mark to return to. One that was never taken belongs to a subtransaction that began before
  // the process had a writer.
  Writer::Mark Aborted(int level) {
    const Writer::Mark mark = Pop(level);
    return mark;
  }
  // The top-level transaction is over.
  void Clear(const Writer& writer) {
    marks_.clear();
    none_ = writer.MarkHere();
  }

 private:
  struct Entry {
    int level;
    Writer::Mark mark;
  };
  Writer::Mark Pop(int level) {
    Writer::Mark mark = none_;
    while (!marks_.empty() && marks_.back().level >= level) {
      mark = marks_.back().mark;
      marks_.pop_back();
    }
    return mark;
  }

  Writer::Mark none_;
  absl::InlinedVector<Entry, 16> marks_;
};

}  // namespace quire
