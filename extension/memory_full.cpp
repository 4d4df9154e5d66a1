#include "extension/memory_full.h"

#include "extension/door.h"
#include "extension/horizon.h"
#include "extension/settings.h"

extern "C" {
#include "postgres.h"

#include "utils/errcodes.h"
}

namespace quire {

void RaiseMemoryFull(const Report& report) {
  const char* holder = HorizonHolder();
  ereport(ERROR,
          (errcode(ERRCODE_OUT_OF_MEMORY),
           errmsg("quire.memory, %llu MB, is full: %s",
                  static_cast<unsigned long long>(MemoryBytes() >> 20), report.message),
           holder[0] == '\0' ? errdetail("No transaction keeps old versions of documents.")
                             : errdetail("Old versions of documents are kept for %s.", holder),
           errhint("Delete documents, end transactions that have been open for long, or raise "
                   "quire.memory and restart the server.")));
  pg_unreachable();
}

}  // namespace quire
