// A formatted engine in this process's own memory, for tests. One thread makes and destroys it.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdint>
#include <memory>

#include "engine/quire.h"

namespace quire {

class TestRegion {
 public:
  explicit TestRegion(uint64_t bytes = 16 << 20, uint32_t sessions = 8, uint64_t incarnation = 1)
      : bytes_(AlignUp(bytes, kPageBytes)) {
    mapping_ = mmap(nullptr, bytes_ + kPageBytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    QUIRE_CHECK(mapping_ != MAP_FAILED);
    void* base =
        reinterpret_cast<void*>(AlignUp(reinterpret_cast<uintptr_t>(mapping_), kPageBytes));
    const absl::Status formatted =
        FormatEngine(base, bytes_, {.session_count = sessions, .incarnation = incarnation});
    QUIRE_CHECK(formatted.ok());
    region_ = Region(base, bytes_);
  }
  ~TestRegion() { munmap(mapping_, bytes_ + kPageBytes); }
  TestRegion(const TestRegion&) = delete;
  TestRegion& operator=(const TestRegion&) = delete;

  const Region& region() const { return region_; }
  std::unique_ptr<Session> OpenSession() {
    auto session = Session::Open(region_, ++owners_);
    QUIRE_CHECK(session.ok());
    return *std::move(session);
  }

 private:
  const uint64_t bytes_;
  void* mapping_;
  Region region_;
  uint64_t owners_ = 1;
};

}  // namespace quire
