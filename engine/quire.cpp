#include "engine/quire.h"

#include "engine/base/status.h"

namespace quire {

absl::Status FormatEngine(void* base, uint64_t bytes, const RegionOptions& options) {
  if (bytes < kRegionBytesMin || bytes > kRegionBytesMax ||
      RegionOverheadBytes(bytes, options) + kRegionBytesMin / 2 > bytes) {
    return absl::ResourceExhaustedError("the engine's memory is too small");
  }
  FormatRegion(base, bytes, options);
  QUIRE_ASSIGN_OR_RETURN(const auto session, Session::Open(Region(base, bytes), 1));
  QUIRE_RETURN_IF_ERROR(Catalog::Format(session.get()));
  return FormatEngineState(session.get());
}

}  // namespace quire
