#include "extension/settings.h"

extern "C" {
#include "postgres.h"

#include "utils/guc.h"
}

namespace quire {

namespace {

// The smallest change buffer: a batch that holds less is mostly header.
constexpr int kSessionBufferKbMin = 16;
// A document is one change in the log, whose own limit is 512 MB (log/change_record.h), and parsing
// one takes a few times its size.
constexpr int kDocumentKbMax = 256 * 1024;
constexpr int kMemoryMbMax = 64 * 1024 * 1024;

int memory_mb = 1024;
int cache_mb = -1;
int huge_pages = static_cast<int>(HugePages::kTry);
int log_segment_mb = 64;
int log_sync_interval_ms = 1000;
int session_buffer_kb = 256;
int document_kb_max = 16 * 1024;
int depth_max = 100;
int fields_max = 100'000;
int array_length_max = 1'000'000;
int worker_delay_ms = 10;

const config_enum_entry kHugePagesWords[] = {{"off", static_cast<int>(HugePages::kOff), false},
                                             {"on", static_cast<int>(HugePages::kOn), false},
                                             {"try", static_cast<int>(HugePages::kTry), false},
                                             {"true", static_cast<int>(HugePages::kOn), true},
                                             {"false", static_cast<int>(HugePages::kOff), true},
                                             {"yes", static_cast<int>(HugePages::kOn), true},
                                             {"no", static_cast<int>(HugePages::kOff), true},
                                             {"1", static_cast<int>(HugePages::kOn), true},
                                             {"0", static_cast<int>(HugePages::kOff), true},
                                             {nullptr, 0, false}};

struct IntSetting {
  const char* name;
  const char* description;
  int* value;
  int min;
  int max;
  GucContext context;
  int unit;
};

void Define(const IntSetting& setting) {
  DefineCustomIntVariable(setting.name, setting.description, nullptr, setting.value, *setting.value,
                          setting.min, setting.max, setting.context, setting.unit, nullptr, nullptr,
                          nullptr);
}

void DefineMemorySettings() {
  Define({"quire.memory", "Shared memory for documents and indexes, allocated as it is needed.",
          &memory_mb, 64, kMemoryMbMax, PGC_POSTMASTER, GUC_UNIT_MB});
  DefineCustomEnumVariable("quire.huge_pages", "Use of huge pages for quire.memory.", nullptr,
                           &huge_pages, huge_pages, kHugePagesWords, PGC_POSTMASTER, 0, nullptr,
                           nullptr, nullptr);
}

}  // namespace

void DefineSettings(bool preloaded) {
  if (preloaded) DefineMemorySettings();
  const IntSetting settings[] = {
      {"quire.cache_size", "Memory for documents; -1 is what quire.memory leaves for them.",
       &cache_mb, -1, kMemoryMbMax, PGC_SIGHUP, GUC_UNIT_MB},
      {"quire.log_segment_size", "Size of the engine log's files.", &log_segment_mb, 1, 1024,
       PGC_SIGHUP, GUC_UNIT_MB},
      {"quire.log_sync_interval", "Time between two syncs of the engine log.",
       &log_sync_interval_ms, 10, 60'000, PGC_SIGHUP, GUC_UNIT_MS},
      {"quire.session_buffer", "Changes of a transaction that are kept back before they go to WAL.",
       &session_buffer_kb, kSessionBufferKbMin, 64 * 1024, PGC_BACKEND, GUC_UNIT_KB},
      {"quire.max_document_size", "The largest document that is accepted.", &document_kb_max, 1,
       kDocumentKbMax, PGC_SUSET, GUC_UNIT_KB},
      {"quire.max_depth", "How deeply arrays and objects may nest in a document.", &depth_max, 1,
       static_cast<int>(DocumentLimits::kDepthHardMax), PGC_SUSET, 0},
      {"quire.max_fields", "The most fields of one object.", &fields_max, 1, INT_MAX, PGC_SUSET, 0},
      {"quire.max_array_length", "The most elements of one array.", &array_length_max, 1, INT_MAX,
       PGC_SUSET, 0},
      {"quire.worker_delay",
       "The pause of the log worker between two rounds, and of the collector between two turns.",
       &worker_delay_ms, 1, 10'000, PGC_SIGHUP, GUC_UNIT_MS},
  };
  for (const IntSetting& setting : settings) Define(setting);
  MarkGUCPrefixReserved("quire");
}

uint64_t MemoryBytes() {
  return static_cast<uint64_t>(memory_mb) << 20;
}

uint64_t CacheBytes() {
  return cache_mb < 0 ? UINT64_MAX : static_cast<uint64_t>(cache_mb) << 20;
}

HugePages HugePagesWanted() {
  return static_cast<HugePages>(huge_pages);
}

uint64_t LogSegmentBytes() {
  return static_cast<uint64_t>(log_segment_mb) << 20;
}

int64_t LogSyncIntervalUs() {
  return int64_t{1000} * log_sync_interval_ms;
}

int64_t WorkerDelayMs() {
  return worker_delay_ms;
}

uint64_t SessionBufferBytes() {
  return static_cast<uint64_t>(session_buffer_kb) << 10;
}

DocumentLimits CurrentLimits() {
  DocumentLimits limits;
  limits.bytes_max = static_cast<uint64_t>(document_kb_max) << 10;
  limits.depth_max = static_cast<uint32_t>(depth_max);
  limits.fields_max = static_cast<uint32_t>(fields_max);
  limits.array_length_max = static_cast<uint32_t>(array_length_max);
  return limits;
}

}  // namespace quire
