// The two doors between the server, whose errors are long jumps, and the engine, whose errors are
// Status values and exceptions. Neither kind crosses into the other's frames.
//
// Door in, CallEngine: a function that the server calls keeps only trivially destructible locals,
// fetches from the server what it needs, and makes one guarded call in which every C++ object
// lives. A Status or an exception becomes a plain report; the objects are gone before it is raised.
//
// Door out, CallServer: code of the engine's side calls one function of the server. An error that
// the server raises there is kept whole, comes back as a Status, and is raised again, unchanged, at
// the door in. That Status must reach the door in: the server's state is as the error left it.
// REQUIRES: no latch and no pin that others wait for is held at a door out.
//
// Any process of the server, its one thread.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"

struct ErrorData;

namespace quire {

// An error with everything that the server's report can say. `sqlstate` is one of the server's
// ERRCODE_… numbers. Without one, the Status code decides:
//   kInvalidArgument 22023    kOutOfRange 54000          kResourceExhausted 53200
//   kDataLoss XX001           kUnavailable 58030         kFailedPrecondition 55000
//   kUnimplemented 0A000      kAlreadyExists 23505       kAborted 40001
//   kCancelled 57014          kPermissionDenied 42501    every other XX000
absl::Status SqlError(int sqlstate, std::string_view message, std::string_view detail = {},
                      std::string_view hint = {});
// Adds to a Status what its code and message do not say. REQUIRES: not OK.
absl::Status WithSqlState(absl::Status status, int sqlstate);
absl::Status WithDetail(absl::Status status, std::string_view detail);
absl::Status WithHint(absl::Status status, std::string_view hint);

// What is left of an error once the C++ objects are gone.
struct Report {
  bool failed = false;
  bool memory_full = false;  // the engine's memory, not that of the process
  int sqlstate = 0;
  ErrorData* server_error = nullptr;  // raised again as it is, when there is one
  char message[1024];
  char detail[1024];
  char hint[512];
};
static_assert(std::is_trivially_destructible_v<Report>);

void FillReport(const absl::Status& status, Report* report);
// For use in a handler of `catch (...)` only.
void FillReportFromException(Report* report);
// Raises the report as an ERROR. Does not return.
[[noreturn]] void RaiseReport(const Report& report);

// Runs `body`, a callable that returns absl::Status, and says what became of it. `body` must not
// call the server except through CallServer.
template <typename Body>
bool TryEngine(Report* report, Body&& body) {
  static_assert(std::is_same_v<std::invoke_result_t<Body>, absl::Status>);
  report->failed = false;
  try {
    const absl::Status status = std::forward<Body>(body)();
    if (!status.ok()) [[unlikely]] {
      FillReport(status, report);
    }
  } catch (...) {
    FillReportFromException(report);
  }
  return !report->failed;
}

// The same; raises the report.
template <typename Body>
void CallEngine(Body&& body) {
  // What the server jumps over must not need destructors: captures are references.
  static_assert(std::is_trivially_destructible_v<std::remove_reference_t<Body>>);
  Report report;
  if (!TryEngine(&report, std::forward<Body>(body))) [[unlikely]] {
    RaiseReport(report);
  }
}

namespace door_internal {
absl::Status CallServerErased(void (*call)(void*), void* body);
}  // namespace door_internal

// Runs `body`, which calls one function of the server and keeps only trivially destructible locals.
template <typename Body>
[[nodiscard]] absl::Status CallServer(Body&& body) {
  using Plain = std::remove_reference_t<Body>;
  static_assert(std::is_trivially_destructible_v<Plain>);
  return door_internal::CallServerErased(
      [](void* erased) { (*static_cast<Plain*>(erased))(); },
      const_cast<void*>(static_cast<const void*>(std::addressof(body))));
}

// The server's CHECK_FOR_INTERRUPTS as a door out: an error when the statement was cancelled.
[[nodiscard]] absl::Status CheckForInterrupts();

// Ties a C++ object, made inside a door, to a memory context: it is destroyed when the context is
// reset or deleted, also by an error. `owner` is a MemoryContext; raises when memory is short.
// Usage, on the server's side of the door:
//   auto* state = NewInContext<ScanState>(estate->es_query_cxt);
// The constructor must not fail; T is default-constructible.
namespace door_internal {
void* AllocateInContext(void* owner, uint64_t bytes, void (*destroy)(void*), void (*make)(void*));
}  // namespace door_internal
template <typename T>
requires(alignof(T) <= 8 &&
         std::is_nothrow_default_constructible_v<T>) T* NewInContext(void* owner) {
  return static_cast<T*>(door_internal::AllocateInContext(
      owner, sizeof(T), [](void* object) { static_cast<T*>(object)->~T(); },
      [](void* place) { new (place) T(); }));
}

}  // namespace quire
