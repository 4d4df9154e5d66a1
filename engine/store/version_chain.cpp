#include "engine/store/version_chain.h"

namespace quire {

namespace {

VersionLink LinkTo(const Region& region, const Version* version) {
  return VersionLink::ToBlock(region.RefOf(version).offset);
}

}  // namespace

VersionLink TakeTail(Version* version) {
  uint64_t word = version->older.load(std::memory_order_acquire);
  while (word != 0 && (word & kVersionBusy) == 0) {
    if (version->older.compare_exchange_weak(word, 0, std::memory_order_acq_rel)) {
      return VersionLink(word);
    }
  }
  return VersionLink();
}

uint64_t GiveBodyUp(Session* session, std::atomic<uint64_t>* place, Version* version) {
  const Region& region = session->region();
  const VersionLink self = LinkTo(region, version);
  uint64_t older = version->older.load(std::memory_order_acquire);
  if ((older & kVersionBusy) != 0) return 0;
  // Sequentially consistent, as are the loads of the copy and what the log worker does (it writes,
  // then looks for the bit): either the copy has what it wrote, or it sees the bit and looks again.
  if (!version->older.compare_exchange_strong(older, older | kVersionMoving,
                                              std::memory_order_seq_cst)) {
    return 0;
  }
  Version* copy = NewVersionWithoutBody(session, *version);
  if (copy != nullptr) {
    const VersionLink to = LinkTo(region, copy);
    const uint64_t before = session->allocator().BlockBytes(self.block());
    const uint64_t after = session->allocator().BlockBytes(to.block());
    uint64_t expected = self.word();
    if (place->compare_exchange_strong(expected, to.word(), std::memory_order_seq_cst)) {
      session->Retire(self.block(), Purpose::kDocuments);
      return before - after;
    }
    session->FreeNow(to.block(), Purpose::kDocuments);
  }
  version->older.fetch_and(~kVersionMoving, std::memory_order_release);
  return 0;
}

}  // namespace quire
