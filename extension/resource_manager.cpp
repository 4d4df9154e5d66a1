#include "extension/resource_manager.h"

#include "engine/base/bytes.h"
#include "engine/log/change_record.h"
#include "extension/replication_slot.h"

extern "C" {
#include "postgres.h"

#include "access/rmgr.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "access/xloginsert.h"
#include "access/xlogreader.h"
#include "lib/stringinfo.h"
}

namespace quire {

namespace {

static_assert(kResourceManagerId == RM_EXPERIMENTAL_ID);

void Redo(XLogReaderState*) {}

WalRecordKind KindOf(uint8_t info) {
  return static_cast<WalRecordKind>(info & ~XLR_INFO_MASK);
}

void Describe(StringInfo text, XLogReaderState* record) {
  const uint32_t bytes = XLogRecGetDataLen(record);
  const char* data = XLogRecGetData(record);
  if (KindOf(XLogRecGetInfo(record)) == WalRecordKind::kChanges &&
      bytes >= kChangeBatchHeaderBytes) {
    appendStringInfo(text, "%u changes, %u bytes", Load<uint32_t>(data + 4), bytes);
  } else if (KindOf(XLogRecGetInfo(record)) == WalRecordKind::kEngine &&
             bytes >= sizeof(uint64_t)) {
    appendStringInfo(text, "engine %016llX", static_cast<unsigned long long>(Load<uint64_t>(data)));
  }
}

const char* Identify(uint8 info) {
  switch (KindOf(info)) {
    case WalRecordKind::kChanges:
      return "CHANGES";
    case WalRecordKind::kEngine:
      return "ENGINE";
  }
  return nullptr;
}

const RmgrData kResourceManager = {.rm_name = "quire",
                                   .rm_redo = Redo,
                                   .rm_desc = Describe,
                                   .rm_identify = Identify,
                                   .rm_startup = MakeSlotBeforeRedo,
                                   .rm_cleanup = nullptr,
                                   .rm_mask = nullptr,
                                   .rm_decode = nullptr};

}  // namespace

void RegisterResourceManager() {
  RegisterCustomRmgr(kResourceManagerId, const_cast<RmgrData*>(&kResourceManager));
}

void LogChanges(const char* batch, uint64_t bytes) {
  static_assert(kChangeBatchBytesMax < UINT32_MAX);
  XLogBeginInsert();
  XLogRegisterData(const_cast<char*>(batch), static_cast<uint32_t>(bytes));
  XLogInsert(kResourceManagerId, static_cast<uint8_t>(WalRecordKind::kChanges));
}

uint64_t LogEngine(uint64_t engine_id) {
  XLogBeginInsert();
  XLogRegisterData(reinterpret_cast<char*>(&engine_id), sizeof(engine_id));
  const XLogRecPtr end =
      XLogInsert(kResourceManagerId, static_cast<uint8_t>(WalRecordKind::kEngine));
  XLogFlush(end);
  return end;
}

}  // namespace quire
