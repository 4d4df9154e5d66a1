// A place in the server's log as the server writes it, for messages. The server's own macro for
// this is for C only. Any process; no destructor.
#pragma once

#include <cstdint>
#include <cstdio>

namespace quire {

struct LsnText {
  explicit LsnText(uint64_t lsn) {
    std::snprintf(text, sizeof(text), "%X/%X", static_cast<unsigned>(lsn >> 32),
                  static_cast<unsigned>(lsn));
  }
  char text[20];
};

}  // namespace quire
