#include "engine/store/document_removal.h"

#include "engine/index/tree.h"
#include "engine/store/version_chain.h"

namespace quire {

namespace {

// The number is the low half of the primary tree's payload.
constexpr uint64_t kNumberMask = UINT32_MAX;

// Retires a block that was the head of its chain, with the document when that is being removed.
void Retire(Session* session, CollectionState* collection, uint32_t number, const Version& version,
            bool removed) {
  if (removed) FinishRemoval(session, collection, number, version.key());
  CountVersion(collection, version, -1);
  session->Retire(session->region().RefOf(&version).offset, Purpose::kDocuments);
  if (removed) DocumentTable(session, &collection->table).RetireNumber(number);
}

}  // namespace

bool RemoveDocument(Session* session, CollectionState* collection, uint32_t number, Version* head) {
  QUIRE_ASSERT(head->tombstone());
  CutBehind(session, collection, head);
  const VersionLink self = VersionLink::ToBlock(session->region().RefOf(head).offset);
  DocumentSlot* slot = DocumentTable(session, &collection->table).Slot(number);
  if (!slot->Replace(self, VersionLink::Removed(0))) return false;
  Retire(session, collection, number, *head, true);
  return true;
}

void FinishRemoval(Session* session, CollectionState* collection, uint32_t number,
                   std::string_view key) {
  Tree(session, &collection->primary).EraseIf(key, number, kNumberMask);
}

bool UnlinkHead(Session* session, CollectionState* collection, uint32_t number, Version* version) {
  const Region& region = session->region();
  DocumentSlot* slot = DocumentTable(session, &collection->table).Slot(number);
  const uint64_t xid = version->xid();
  const uint32_t ordinal = version->ordinal;
  for (;;) {
    const VersionLink self = VersionLink::ToBlock(region.RefOf(version).offset);
    const VersionLink older(version->older.fetch_or(kVersionLeaving, std::memory_order_acq_rel) &
                            ~kVersionBusy);
    QUIRE_ASSERT(!version->lock() || !older.empty());
    // Whoever replaces the head frees the block. Without an older version there is no document.
    const VersionLink next = older.empty() ? VersionLink::Removed(0) : older;
    if (slot->Replace(self, next)) {
      Retire(session, collection, number, *version, older.empty());
      return true;
    }
    // Another visitor took it away, unless it stands there still without its body.
    const VersionLink head = slot->link();
    if (head.kind() != VersionLink::Kind::kRegion) return false;
    version = region.At<Version>(head.block());
    if (version->xid() != xid || version->ordinal != ordinal) return false;
  }
}

uint32_t CutBehind(Session* session, CollectionState* collection, Version* version) {
  const VersionLink tail = TakeTail(version);
  if (tail.kind() != VersionLink::Kind::kRegion) return 0;
  uint32_t count = 0;
  // Another visitor, who went by an older horizon, may be about to cut further down, and a third to
  // move a body out: each link has one owner, so that no version is counted twice.
  for (VersionLink link = tail; link.kind() == VersionLink::Kind::kRegion; ++count) {
    auto* older = session->region().At<Version>(link.block());
    link = VersionLink(older->older.fetch_or(kVersionDetached, std::memory_order_acq_rel) &
                       ~kVersionBusy);
    CountVersion(collection, *older, -1);
  }
  session->RetireChain(tail.block(), Purpose::kDocuments);
  return count;
}

}  // namespace quire
