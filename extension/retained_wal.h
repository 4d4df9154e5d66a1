// A line in the server's log when the engine's slot holds back more of the server's log than
// checkpoints would keep (max_wal_size), and one more each time that it has doubled.
//
// The log worker's, whether it works or has given up.
#pragma once

#include <cstdint>

namespace quire {

class RetainedWalWarning {
 public:
  // `end_lsn` is the end of the server's log, `read_lsn` how far the worker has come.
  void Look(uint64_t end_lsn, uint64_t read_lsn);

 private:
  uint64_t warned_bytes_ = 0;  // that the last line named; 0: none since little was held back
};

}  // namespace quire
