// Inserting several documents at once.
#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "engine/base/status.h"
#include "engine/store/writer.h"

namespace quire {

namespace {

// So many leaves are fetched ahead at a time: as many misses as a core has under way.
constexpr size_t kFetchedAhead = 8;

}  // namespace

// Keys that rise meet the leaf that the one before has left in the cache.
void Writer::FetchLeaves(CollectionState* collection, absl::Span<const NewDocument> documents) {
  const Session::Pin pin(session_);
  const Tree tree(session_, &collection->primary);
  for (size_t i = 1; i < documents.size(); ++i) {
    if (documents[i].key < documents[i - 1].key) tree.FetchLeaf(documents[i].key);
  }
}

absl::StatusOr<WriteResult> Writer::InsertMany(CollectionState* collection,
                                               absl::Span<const NewDocument> documents,
                                               const WriteContext& context, size_t* done) {
  *done = 0;
  WriteResult result;
  wall_ms_ = WallTimeMs();
  const absl::Cleanup forget_time = [this] { wall_ms_ = 0; };
  while (*done < documents.size()) {
    if (*done % kFetchedAhead == 0)
      FetchLeaves(collection, documents.subspan(*done, kFetchedAhead));
    const NewDocument& next = documents[*done];
    QUIRE_ASSIGN_OR_RETURN(result, Insert(collection, next.key, next.document, context));
    if (result.outcome != WriteOutcome::kDone) break;
    ++*done;
  }
  return result;
}

}  // namespace quire
