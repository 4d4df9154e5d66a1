// The library's entry points: what the server calls when it loads quire, and what the script of
// the extension names. Called by the server, in any of its processes.

extern "C" {
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(quire_fdw_handler);
PG_FUNCTION_INFO_V1(quire_fdw_validator);
}

// The wrapper is named by the extension, but nothing can be done with it yet.
extern "C" Datum quire_fdw_handler(PG_FUNCTION_ARGS) {
  static_cast<void>(fcinfo);
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("foreign tables over collections are not supported yet")));
}

// Takes every option; the handler refuses before any of them could matter.
extern "C" Datum quire_fdw_validator(PG_FUNCTION_ARGS) {
  static_cast<void>(fcinfo);
  PG_RETURN_VOID();
}
