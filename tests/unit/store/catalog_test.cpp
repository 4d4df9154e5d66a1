#include "engine/store/catalog.h"

#include <gtest/gtest.h>

#include "tests/support/test_region.h"

namespace quire {
namespace {

TEST(Catalog, FindsWhatItCreated) {
  TestRegion region;
  auto session = region.OpenSession();
  Catalog catalog(session.get());
  const CollectionId id{.name_space = 12, .number = 34};
  EXPECT_EQ(catalog.Find(id), nullptr);
  const auto created = catalog.FindOrCreate(id);
  ASSERT_TRUE(created.ok());
  EXPECT_EQ((*created)->id, id);
  EXPECT_EQ(catalog.Find(id), *created);
  EXPECT_EQ(*catalog.FindOrCreate(id), *created);
  EXPECT_EQ(catalog.Find({.name_space = 34, .number = 12}), nullptr);
}

TEST(Catalog, HoldsMoreCollectionsThanBuckets) {
  TestRegion region;
  auto session = region.OpenSession();
  Catalog catalog(session.get());
  constexpr uint64_t kCount = kCatalogBuckets + 500;
  for (uint64_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(catalog.FindOrCreate({.name_space = 1, .number = i}).ok());
  }
  uint64_t visited = 0;
  catalog.ForEach([&](CollectionState* collection) {
    EXPECT_EQ(catalog.Find(collection->id), collection);
    ++visited;
  });
  EXPECT_EQ(visited, kCount);
}

}  // namespace
}  // namespace quire
