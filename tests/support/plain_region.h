// A formatted region in this process's own memory with nothing in it, for tests of what lives in
// regions. One thread makes and destroys it.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <memory>

#include "engine/base/check.h"
#include "engine/memory/region.h"
#include "engine/memory/session.h"

namespace quire {

class PlainRegion {
 public:
  explicit PlainRegion(uint64_t bytes, uint32_t session_count = 16) : bytes_(bytes) {
    mapping_ = mmap(nullptr, bytes_ + kAlignment, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    QUIRE_CHECK(mapping_ != MAP_FAILED);
    const auto address = reinterpret_cast<uintptr_t>(mapping_);
    base_ = reinterpret_cast<void*>((address + kAlignment - 1) & ~(kAlignment - 1));
    FormatRegion(base_, bytes_, {.session_count = session_count, .incarnation = 1});
  }
  ~PlainRegion() { munmap(mapping_, bytes_ + kAlignment); }
  PlainRegion(const PlainRegion&) = delete;
  PlainRegion& operator=(const PlainRegion&) = delete;

  Region region() const { return Region(base_, bytes_); }
  std::unique_ptr<Session> Open(uint64_t owner = 1) const {
    return Session::Open(region(), owner).value();
  }

 private:
  static constexpr uintptr_t kAlignment = 65536;

  const uint64_t bytes_;
  void* mapping_;
  void* base_;
};

}  // namespace quire
