#include "engine/index/tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "engine/index/tree_node.h"
#include "tests/support/plain_region.h"

namespace quire {
namespace {

using Model = std::map<std::string, uint64_t>;

// A key of 0 to 1,024 bytes, of a shape that stresses prefixes, padding and sizes.
std::string RandomKey(std::mt19937_64* random) {
  static constexpr size_t kLengths[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 33, 200, 1000, 1024};
  const auto below = [random](uint64_t n) { return (*random)() % n; };
  std::string key;
  switch (below(6)) {
    case 0:  // few bytes, zeros among them
      key.resize(below(9));
      for (char& c : key) c = static_cast<char>(below(3) == 0 ? 0 : below(3));
      break;
    case 1:  // one long prefix
      key = std::string(below(2) == 0 ? 1015 : 500, 'p') + std::to_string(below(100'000));
      key.resize(std::min<size_t>(key.size(), 1024));
      break;
    case 2:
      key = "user:" + std::to_string(below(50'000));
      break;
    case 3:  // any length, zeros at the end
      key.assign(kLengths[below(std::size(kLengths))], '\0');
      for (size_t i = 0; i < key.size() && i < 6; ++i) key[i] = static_cast<char>(below(256));
      break;
    case 4:
      key.resize(kLengths[below(std::size(kLengths))]);
      for (char& c : key) c = static_cast<char>(below(256));
      break;
    default:
      key.resize(8);
      StoreBigEndian64(key.data(), below(20'000) << 24);
      break;
  }
  return key;
}

class TreeTest : public testing::Test {
 protected:
  explicit TreeTest(uint64_t bytes = uint64_t{64} << 20)
      : memory_(bytes), session_(memory_.Open()), tree_(session_.get(), &root_) {}

  // All entries of a range, from its end to its begin, in small batches.
  Model ScanAllBackward(KeyRange range, size_t entries_max, bool* ordered) {
    Model found;
    *ordered = true;
    TreeScanBatch batch(entries_max);
    std::string upper;
    std::string last;
    do {
      const Session::Pin pin(session_.get());
      tree_.ScanBackward(range, &batch);
      for (size_t i = 0; i < batch.size(); ++i) {
        if (!found.empty() && batch.key(i) >= last) *ordered = false;
        last = batch.key(i);
        found.emplace(last, batch.payload(i));
      }
      if (!batch.at_end()) upper = batch.next_upper();
      range.upper = upper;
      range.upper_inclusive = false;
    } while (!batch.at_end());
    return found;
  }

  // All entries of a range, in small batches.
  Model ScanAll(KeyRange range, size_t entries_max, bool* ordered) {
    Model found;
    *ordered = true;
    TreeScanBatch batch(entries_max);
    std::string lower(range.lower);
    std::string last;
    do {
      range.lower = lower;
      const Session::Pin pin(session_.get());
      tree_.Scan(range, &batch);
      for (size_t i = 0; i < batch.size(); ++i) {
        if (!found.empty() && batch.key(i) <= last) *ordered = false;
        last = batch.key(i);
        found.emplace(last, batch.payload(i));
      }
      if (!batch.at_end()) lower = batch.next_lower();
      range.lower_inclusive = true;
    } while (!batch.at_end());
    return found;
  }

  void ExpectEqual(const Model& model) {
    EXPECT_EQ(tree_.statistics().entries, model.size());
    bool ordered = false;
    EXPECT_EQ(ScanAll({}, 100, &ordered), model);
    EXPECT_TRUE(ordered);
  }

  PlainRegion memory_;
  std::unique_ptr<Session> session_;
  TreeRoot root_ = {};
  Tree tree_;
};

TEST_F(TreeTest, EmptyTree) {
  const Session::Pin pin(session_.get());
  uint64_t payload = 7;
  EXPECT_FALSE(tree_.Find("a", &payload));
  EXPECT_FALSE(tree_.Erase("a"));
  EXPECT_FALSE(tree_.UpdatePayload("a", 0, 1));
  TreeScanBatch batch(10);
  EXPECT_EQ(tree_.Scan({}, &batch), 0u);
  EXPECT_TRUE(batch.at_end());
  EXPECT_EQ(tree_.ScanBackward({}, &batch), 0u);
  EXPECT_TRUE(batch.at_end());
  EXPECT_EQ(tree_.EstimateEntries({}), 0.0);
  EXPECT_EQ(tree_.statistics().height, 0u);
  tree_.FreeAll();
}

TEST_F(TreeTest, InsertTellsWhatIsThere) {
  const Session::Pin pin(session_.get());
  const auto first = tree_.InsertIfAbsent("key", 1);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(first->inserted);
  EXPECT_EQ(first->payload, 1u);
  const auto second = tree_.InsertIfAbsent("key", 2);
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(second->inserted);
  EXPECT_EQ(second->payload, 1u);
  EXPECT_FALSE(tree_.UpdatePayload("key", 2, 3));
  EXPECT_TRUE(tree_.UpdatePayload("key", 1, UINT64_MAX));
  uint64_t payload = 0;
  EXPECT_TRUE(tree_.Find("key", &payload));
  EXPECT_EQ(payload, UINT64_MAX);
}

TEST_F(TreeTest, BehavesAsAMap) {
  for (int round = 0; round < 12; ++round) {
    const uint64_t seed = std::random_device{}();
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    Model model;
    const int steps = round < 6 ? 3'000 : 20'000;
    for (int step = 0; step < steps; ++step) {
      const Session::Pin pin(session_.get());
      const std::string key = RandomKey(&random);
      const auto known = model.find(key);
      uint64_t payload = 0;
      switch (random() % 8) {
        case 0:
          ASSERT_EQ(tree_.Erase(key), model.erase(key) > 0);
          break;
        case 1:
          ASSERT_EQ(tree_.Find(key, &payload), known != model.end());
          if (known != model.end()) {
            ASSERT_EQ(payload, known->second);
          }
          break;
        case 2:
          if (known == model.end()) break;
          payload = random();
          ASSERT_TRUE(tree_.UpdatePayload(key, known->second, payload));
          known->second = payload;
          break;
        default: {
          payload = random();
          const auto result = tree_.InsertIfAbsent(key, payload);
          ASSERT_TRUE(result.ok()) << result.status();
          const auto [entry, inserted] = model.emplace(key, payload);
          ASSERT_EQ(result->inserted, inserted);
          ASSERT_EQ(result->payload, entry->second);
          break;
        }
      }
    }
    ExpectEqual(model);
    for (int i = 0; i < 20; ++i) {
      const std::string lower = RandomKey(&random);
      const std::string upper = RandomKey(&random);
      const bool bounded = random() % 4 != 0;
      KeyRange range = {.lower = lower,
                        .lower_inclusive = random() % 2 == 0,
                        .upper_inclusive = random() % 2 == 0};
      if (bounded) range.upper = upper;
      Model expected;
      for (auto at = model.lower_bound(lower); at != model.end(); ++at) {
        if (!range.lower_inclusive && at->first == lower) continue;
        if (bounded && (at->first > upper || (at->first == upper && !range.upper_inclusive))) break;
        expected.insert(*at);
      }
      bool ordered = false;
      ASSERT_EQ(ScanAll(range, 1 + random() % 300, &ordered), expected);
      ASSERT_TRUE(ordered);
      ASSERT_EQ(ScanAllBackward(range, 1 + random() % 300, &ordered), expected);
      ASSERT_TRUE(ordered);
    }
    tree_.FreeAll();
    EXPECT_EQ(tree_.statistics().nodes, 0u);
    EXPECT_EQ(UsedBytes(memory_.region(), Purpose::kIndexes), 0);
  }
}

// Estimates of ranges, against what is there: exact when few leaves are between, else near.
TEST_F(TreeTest, EstimatesAreNear) {
  enum class Arrival { kAscending, kDescending, kRandom, kMixed };
  for (const auto arrival :
       {Arrival::kAscending, Arrival::kDescending, Arrival::kRandom, Arrival::kMixed}) {
    const uint64_t seed = std::random_device{}();
    SCOPED_TRACE(testing::Message() << "seed " << seed << " arrival " << static_cast<int>(arrival));
    std::mt19937_64 random(seed);
    constexpr uint32_t kKeys = 100'000;
    std::vector<uint64_t> numbers(kKeys);
    for (uint32_t i = 0; i < kKeys; ++i) numbers[i] = uint64_t{i} * 1000;
    if (arrival == Arrival::kDescending) std::reverse(numbers.begin(), numbers.end());
    if (arrival == Arrival::kRandom) std::shuffle(numbers.begin(), numbers.end(), random);
    // Half of them in order, then the others between the upper ones.
    if (arrival == Arrival::kMixed)
      std::shuffle(numbers.begin() + kKeys / 2, numbers.end(), random);
    for (const uint64_t number : numbers) {
      char key[8];
      StoreBigEndian64(key, number);
      const Session::Pin pin(session_.get());
      ASSERT_TRUE(tree_.InsertIfAbsent({key, 8}, number).ok());
    }
    ASSERT_GE(tree_.statistics().height, 3u);
    const auto estimate = [&](uint64_t low, uint64_t high) {
      char keys[2][8];
      StoreBigEndian64(keys[0], low * 1000);
      StoreBigEndian64(keys[1], high * 1000);
      const Session::Pin pin(session_.get());
      return tree_.EstimateEntries({.lower = {keys[0], 8}, .upper = std::string_view(keys[1], 8)});
    };
    for (int i = 0; i < 300; ++i) {
      const uint64_t low = random() % kKeys;
      const uint64_t width = uint64_t{1} << random() % 17;
      const uint64_t high = std::min<uint64_t>(low + width, kKeys);
      const auto exact = static_cast<double>(high - low);
      const double tolerance = exact <= 500 ? 0 : exact * 0.15;
      ASSERT_NEAR(estimate(low, high), exact, tolerance) << low << " to " << high;
    }
    EXPECT_EQ(estimate(100, 100), 0);
    EXPECT_EQ(estimate(100, 50), 0);
    {
      const Session::Pin pin(session_.get());
      EXPECT_NEAR(tree_.EstimateEntries({}), kKeys, kKeys * 0.1);
      char low[8];
      StoreBigEndian64(low, uint64_t{kKeys - 1} * 1000);
      EXPECT_EQ(tree_.EstimateEntries({.lower = {low, 8}}), 1);
      EXPECT_EQ(tree_.EstimateEntries({.lower = {low, 8}, .lower_inclusive = false}), 0);
    }
    tree_.FreeAll();
  }
}

TEST_F(TreeTest, OrderedKeysFillTheirNodes) {
  for (const bool ascending : {true, false}) {
    constexpr uint32_t kKeys = 100'000;
    for (uint32_t i = 0; i < kKeys; ++i) {
      char key[8];
      StoreBigEndian64(key, ascending ? i : kKeys - i);
      const Session::Pin pin(session_.get());
      ASSERT_TRUE(tree_.InsertIfAbsent({key, 8}, i).ok());
    }
    // 16 bytes of slot and payload: what is left of the key fits the slot.
    EXPECT_LT(tree_.statistics().bytes, kKeys * 18);
    tree_.FreeAll();
  }
}

TEST_F(TreeTest, LongestKeysStillBranch) {
  std::mt19937_64 random(5);
  Model model;
  for (int i = 0; i < 3'000; ++i) {
    std::string key(kKeyBytesMax, 'k');
    // They differ at the end only, or at the begin only.
    StoreBigEndian32(key.data() + (i % 2 == 0 ? 0 : kKeyBytesMax - 4),
                     static_cast<uint32_t>(random()));
    const Session::Pin pin(session_.get());
    ASSERT_TRUE(tree_.InsertIfAbsent(key, static_cast<uint64_t>(i)).ok());
    model.emplace(key, i);
  }
  ExpectEqual(model);
}

TEST_F(TreeTest, EmptiedLeavesAreTakenOutAndScansPassThem) {
  const auto key_of = [](uint64_t i) {
    std::string key(8, '\0');
    StoreBigEndian64(key.data(), i);
    return key;
  };
  for (uint32_t i = 0; i < 100'000; ++i) {
    const Session::Pin pin(session_.get());
    ASSERT_TRUE(tree_.InsertIfAbsent(key_of(i), i).ok());
  }
  EXPECT_EQ(tree_.statistics().height, 3u);
  Model model;
  for (uint32_t i = 0; i < 100'000; ++i) {
    const Session::Pin pin(session_.get());
    if (i % 50'000 == 49'999) {
      model.emplace(key_of(i), i);
    } else {
      ASSERT_TRUE(tree_.Erase(key_of(i)));
    }
  }
  ExpectEqual(model);
  EXPECT_LE(tree_.statistics().nodes, 5u);
  for (const auto& [key, payload] : model) {
    const Session::Pin pin(session_.get());
    ASSERT_TRUE(tree_.Erase(key));
  }
  EXPECT_EQ(tree_.statistics().nodes, 0u);
  EXPECT_EQ(tree_.statistics().height, 0u);
  session_->Reclaim();
  EXPECT_EQ(UsedBytes(memory_.region(), Purpose::kIndexes), 0);
}

// A queue: what comes has greater keys than what goes, and the tree stays as small as its content.
TEST_F(TreeTest, KeysThatMoveOnDoNotGrowTheTree) {
  std::mt19937_64 random(17);
  std::vector<uint64_t> keys;
  uint64_t nodes_max = 0;
  for (uint64_t i = 0; i < 200'000; ++i) {
    char key[8];
    {
      StoreBigEndian64(key, i);
      const Session::Pin pin(session_.get());
      ASSERT_TRUE(tree_.InsertIfAbsent({key, 8}, i).ok());
      keys.push_back(i);
    }
    if (keys.size() > 2000) {
      // Nearly in order.
      const size_t at = random() % 50;
      StoreBigEndian64(key, keys[at]);
      keys.erase(keys.begin() + static_cast<ptrdiff_t>(at));
      const Session::Pin pin(session_.get());
      ASSERT_TRUE(tree_.Erase({key, 8}));
    }
    nodes_max = std::max(nodes_max, tree_.statistics().nodes);
  }
  Model model;
  for (const uint64_t k : keys) {
    std::string key(8, '\0');
    StoreBigEndian64(key.data(), k);
    model.emplace(key, k);
  }
  ExpectEqual(model);
  EXPECT_LT(nodes_max, 100u);
}

TEST_F(TreeTest, EraseIfLooksAtThePayload) {
  const Session::Pin pin(session_.get());
  ASSERT_TRUE(tree_.InsertIfAbsent("a", 0x5'0000'0007).ok());
  EXPECT_FALSE(tree_.EraseIf("a", 6, UINT32_MAX));
  EXPECT_FALSE(tree_.EraseIf("b", 7, UINT32_MAX));
  EXPECT_TRUE(tree_.EraseIf("a", 7, UINT32_MAX));
  uint64_t payload = 0;
  EXPECT_FALSE(tree_.Find("a", &payload));
}

class FullTreeTest : public TreeTest {
 protected:
  FullTreeTest() : TreeTest(uint64_t{4} << 20) {}
};

TEST_F(FullTreeTest, FullMemoryChangesNothing) {
  Model model;
  std::mt19937_64 random(11);
  int refused = 0;
  while (refused < 2'000) {
    std::string key(8 + random() % 200, '\0');
    for (char& c : key) c = static_cast<char>(random());
    const Session::Pin pin(session_.get());
    const auto result = tree_.InsertIfAbsent(key, model.size());
    if (result.ok()) {
      model.emplace(key, model.size());
      continue;
    }
    ASSERT_EQ(result.status().code(), absl::StatusCode::kResourceExhausted);
    uint64_t payload = 0;
    ASSERT_FALSE(tree_.Find(key, &payload));
    ++refused;
  }
  ExpectEqual(model);
  EXPECT_EQ(UsedBytes(memory_.region(), Purpose::kIndexes),
            static_cast<int64_t>(tree_.statistics().bytes));
  tree_.FreeAll();
  EXPECT_EQ(UsedBytes(memory_.region(), Purpose::kIndexes), 0);
}

}  // namespace
}  // namespace quire
