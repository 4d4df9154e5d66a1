// What is done about a broken invariant: the process stops, so that a server restarts and recovers.
// Any thread; never used for input, which gets a Status.
#pragma once

#include <cstdio>
#include <cstdlib>

// Stops the process when `condition` does not hold. The message goes to stderr, which a server
// collects in its log.
#define QUIRE_CHECK(condition)                                                           \
  do {                                                                                   \
    if (!(condition)) [[unlikely]] {                                                     \
      std::fprintf(stderr, "quire: broken invariant at %s:%d: %s\n", __FILE__, __LINE__, \
                   #condition);                                                          \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)

// The same in builds with assertions; costs nothing in others.
#ifdef NDEBUG
#define QUIRE_ASSERT(condition) static_cast<void>(0)
#else
#define QUIRE_ASSERT(condition) QUIRE_CHECK(condition)
#endif
