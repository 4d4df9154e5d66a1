// Numbers that the environment gives to tests and benchmarks. Any thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace quire {

// The environment variable as a number, or `otherwise` when it is unset or empty. One that is no
// number ends the program: nobody should take the run for the one that was asked for.
inline uint64_t Setting(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return otherwise;
  char* end = nullptr;
  const uint64_t value = std::strtoull(text, &end, 10);
  if (*end != '\0') {
    std::fprintf(stderr, "%s is not a number: %s\n", name, text);
    std::exit(1);
  }
  return value;
}

}  // namespace quire
