#include "extension/door.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "extension/memory_full.h"

extern "C" {
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/errcodes.h"
#include "utils/memutils.h"
}

namespace quire {

namespace {

// What a Status carries beside code and message. The server's error is a pointer into a context of
// the server: the Status never outlives the call that made it.
constexpr absl::string_view kSqlStatePayload = "quire/sqlstate";
constexpr absl::string_view kDetailPayload = "quire/detail";
constexpr absl::string_view kHintPayload = "quire/hint";
constexpr absl::string_view kServerErrorPayload = "quire/server_error";

// Abseil's view is a type of its own when the library was built for an older C++.
absl::string_view ToAbsl(std::string_view text) {
  return {text.data(), text.size()};
}

template <typename T>
absl::Cord ToCord(const T& value) {
  return absl::Cord(absl::string_view(reinterpret_cast<const char*>(&value), sizeof(T)));
}

template <typename T>
bool FromPayload(const absl::Status& status, absl::string_view name, T* value) {
  const absl::optional<absl::Cord> payload = status.GetPayload(name);
  if (!payload || payload->size() != sizeof(T)) return false;
  const std::string bytes(*payload);
  std::memcpy(value, bytes.data(), sizeof(T));
  return true;
}

int SqlStateOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return ERRCODE_INVALID_PARAMETER_VALUE;
    case absl::StatusCode::kOutOfRange:
      return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
    case absl::StatusCode::kResourceExhausted:
      return ERRCODE_OUT_OF_MEMORY;
    case absl::StatusCode::kDataLoss:
      return ERRCODE_DATA_CORRUPTED;
    case absl::StatusCode::kUnavailable:
      return ERRCODE_IO_ERROR;
    case absl::StatusCode::kFailedPrecondition:
      return ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
    case absl::StatusCode::kUnimplemented:
      return ERRCODE_FEATURE_NOT_SUPPORTED;
    case absl::StatusCode::kAlreadyExists:
      return ERRCODE_UNIQUE_VIOLATION;
    case absl::StatusCode::kAborted:
      return ERRCODE_T_R_SERIALIZATION_FAILURE;
    case absl::StatusCode::kCancelled:
      return ERRCODE_QUERY_CANCELED;
    case absl::StatusCode::kPermissionDenied:
      return ERRCODE_INSUFFICIENT_PRIVILEGE;
    default:
      return ERRCODE_INTERNAL_ERROR;
  }
}

void CopyText(absl::string_view from, char* to, size_t capacity) {
  const size_t n = std::min(from.size(), capacity - 1);
  std::memcpy(to, from.data(), n);
  to[n] = '\0';
}

void CopyPayload(const absl::Status& status, absl::string_view name, char* to, size_t capacity) {
  const absl::optional<absl::Cord> payload = status.GetPayload(name);
  CopyText(payload ? std::string(*payload) : std::string(), to, capacity);
}

// A text that was cut may end in the middle of a character.
const char* Clipped(const char* text) {
  const int length = static_cast<int>(std::strlen(text));
  char* copy = pnstrdup(text, pg_mbcliplen(text, length, length));
  return copy;
}

}  // namespace

absl::Status WithSqlState(absl::Status status, int sqlstate) {
  status.SetPayload(kSqlStatePayload, ToCord(sqlstate));
  return status;
}

absl::Status WithDetail(absl::Status status, std::string_view detail) {
  if (!detail.empty()) status.SetPayload(kDetailPayload, absl::Cord(ToAbsl(detail)));
  return status;
}

absl::Status WithHint(absl::Status status, std::string_view hint) {
  if (!hint.empty()) status.SetPayload(kHintPayload, absl::Cord(ToAbsl(hint)));
  return status;
}

absl::Status SqlError(int sqlstate, std::string_view message, std::string_view detail,
                      std::string_view hint) {
  return WithHint(WithDetail(WithSqlState(absl::UnknownError(ToAbsl(message)), sqlstate), detail),
                  hint);
}

void FillReport(const absl::Status& status, Report* report) {
  report->failed = true;
  report->server_error = nullptr;
  report->sqlstate = SqlStateOf(status.code());
  FromPayload(status, kSqlStatePayload, &report->sqlstate);
  FromPayload(status, kServerErrorPayload, &report->server_error);
  CopyText(status.message(), report->message, sizeof(report->message));
  CopyPayload(status, kDetailPayload, report->detail, sizeof(report->detail));
  CopyPayload(status, kHintPayload, report->hint, sizeof(report->hint));
  report->memory_full =
      status.code() == absl::StatusCode::kResourceExhausted && report->hint[0] == '\0';
}

void FillReportFromException(Report* report) {
  report->failed = true;
  report->memory_full = false;
  report->server_error = nullptr;
  report->detail[0] = '\0';
  report->hint[0] = '\0';
  try {
    throw;
  } catch (const std::bad_alloc&) {
    report->sqlstate = ERRCODE_OUT_OF_MEMORY;
    CopyText("the process has run out of memory", report->message, sizeof(report->message));
  } catch (const std::exception& error) {
    report->sqlstate = ERRCODE_INTERNAL_ERROR;
    CopyText(error.what(), report->message, sizeof(report->message));
  } catch (...) {
    report->sqlstate = ERRCODE_INTERNAL_ERROR;
    CopyText("unknown exception", report->message, sizeof(report->message));
  }
}

void RaiseReport(const Report& report) {
  if (report.server_error != nullptr) ReThrowError(report.server_error);
  if (report.memory_full && report.sqlstate == ERRCODE_OUT_OF_MEMORY) RaiseMemoryFull(report);
  ereport(ERROR, (errcode(report.sqlstate), errmsg_internal("%s", Clipped(report.message)),
                  report.detail[0] == '\0' ? 0 : errdetail_internal("%s", Clipped(report.detail)),
                  report.hint[0] == '\0' ? 0 : errhint("%s", Clipped(report.hint))));
  pg_unreachable();
}

namespace door_internal {

namespace {

// The only frame that long jumps come back to. It holds no C++ object, and nothing that changes
// between setjmp and longjmp is read afterwards.
ErrorData* CaughtError(void (*call)(void*), void* body) {
  const MemoryContext context = CurrentMemoryContext;
  ErrorData* volatile error = nullptr;
  PG_TRY();
  { call(body); }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    error = CopyErrorData();
    FlushErrorState();
  }
  PG_END_TRY();
  return error;
}

}  // namespace

absl::Status CallServerErased(void (*call)(void*), void* body) {
  ErrorData* error = CaughtError(call, body);
  if (error == nullptr) [[likely]] {
    return absl::OkStatus();
  }
  absl::Status status =
      absl::UnknownError(error->message == nullptr ? "error of the server" : error->message);
  status.SetPayload(kServerErrorPayload, ToCord(error));
  return status;
}

void* AllocateInContext(void* owner, uint64_t bytes, void (*destroy)(void*), void (*make)(void*)) {
  struct Tied {
    MemoryContextCallback callback;
    void (*destroy)(void*);
  };
  const auto context = static_cast<MemoryContext>(owner);
  const uint64_t header = MAXALIGN(sizeof(Tied));
  auto* tied = static_cast<Tied*>(MemoryContextAlloc(context, header + bytes));
  void* object = reinterpret_cast<char*>(tied) + header;
  make(object);
  tied->destroy = destroy;
  tied->callback.func = [](void* arg) {
    auto* self = static_cast<Tied*>(arg);
    self->destroy(reinterpret_cast<char*>(self) + MAXALIGN(sizeof(Tied)));
  };
  tied->callback.arg = tied;
  MemoryContextRegisterResetCallback(context, &tied->callback);
  return object;
}

}  // namespace door_internal

absl::Status CheckForInterrupts() {
  if (!INTERRUPTS_PENDING_CONDITION()) return absl::OkStatus();
  return CallServer([] { CHECK_FOR_INTERRUPTS(); });
}

}  // namespace quire
