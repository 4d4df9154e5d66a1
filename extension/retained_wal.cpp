#include "extension/retained_wal.h"

#include "extension/lsn_text.h"
#include "extension/replication_slot.h"

extern "C" {
#include "postgres.h"

#include "access/xlog.h"
}

namespace quire {

void RetainedWalWarning::Look(uint64_t end_lsn, uint64_t read_lsn) {
  const uint64_t kept_from = KeptFrom();
  const uint64_t kept = kept_from == 0 || kept_from > end_lsn ? 0 : end_lsn - kept_from;
  if (kept <= static_cast<uint64_t>(max_wal_size_mb) << 20) {
    warned_bytes_ = 0;
    return;
  }
  if (warned_bytes_ != 0 && kept < 2 * warned_bytes_) return;
  warned_bytes_ = kept;
  ereport(
      WARNING,
      (errmsg("quire holds back %llu MB of the server's log",
              static_cast<unsigned long long>(kept >> 20)),
       errdetail("Its log worker has come to %s.", LsnText(read_lsn).text),
       errhint(
           "Views quire.stat_log and quire.progress tell what it does. max_slot_wal_keep_size "
           "limits what is held back; what goes beyond it the engine needs from the archive.")));
}

}  // namespace quire
