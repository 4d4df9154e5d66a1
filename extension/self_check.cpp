// For tests only: makes errors of every kind at both doors and counts the C++ objects that outlive
// them. No script of the extension names these functions; a test declares them for itself.

#include <new>
#include <stdexcept>

#include "absl/status/status.h"
#include "engine/base/status.h"
#include "extension/door.h"

extern "C" {
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(quire_check_door);
PG_FUNCTION_INFO_V1(quire_check_door_alive);
}

namespace quire {

namespace {

int alive = 0;

struct Counted {
  Counted() { ++alive; }
  ~Counted() { --alive; }
};

[[noreturn]] void RaiseServerError() {
  ereport(ERROR, (errcode(ERRCODE_DIVISION_BY_ZERO), errmsg("error of the server"),
                  errdetail("its detail"), errhint("its hint")));
}

// Objects above and below a door out.
absl::Status ThroughServer() {
  const Counted outer;
  QUIRE_RETURN_IF_ERROR(CallServer([] {}));
  const Counted inner;
  return CallServer([] { RaiseServerError(); });
}

absl::Status MakeError(std::string_view kind) {
  const Counted counted;
  if (kind == "server") return ThroughServer();
  if (kind == "memory") throw std::bad_alloc();
  if (kind == "exception") throw std::runtime_error("an exception");
  if (kind == "other exception") throw 1;
  if (kind == "damage") return absl::DataLossError("damaged");
  if (kind == "full") return absl::ResourceExhaustedError("full");
  if (kind == "all") return SqlError(ERRCODE_LOCK_NOT_AVAILABLE, "message", "detail", "hint");
  if (kind == "long") return absl::InternalError(std::string(5000, 'x'));
  return absl::OkStatus();
}

}  // namespace

}  // namespace quire

// Fails in the way that the argument names; returns what it was given when it names none.
Datum quire_check_door(PG_FUNCTION_ARGS) {
  const text* kind = PG_GETARG_TEXT_PP(0);
  const std::string_view name(VARDATA_ANY(kind), VARSIZE_ANY_EXHDR(kind));
  quire::CallEngine([&] { return quire::MakeError(name); });
  PG_RETURN_TEXT_P(kind);
}

Datum quire_check_door_alive(PG_FUNCTION_ARGS) {
  static_cast<void>(fcinfo);
  PG_RETURN_INT32(quire::alive);
}
