// How many entries a range has, about, without reading them: two descents say where it begins and
// ends, and what lies between is whole children, of which some are looked at. Separators of an
// inner node divide its keys into parts of about one size each, so this is an equi-depth histogram
// that costs nothing to keep (P. G. Selinger et al., "Access path selection", 1979, for its use).
#include "engine/index/tree_leaf.h"

namespace quire {

// The way to a place between keys, from the top.
struct Tree::EdgePath {
  struct Step {
    uint64_t node;
    TreeShape shape;
    uint32_t position;  // keys before the place; in an inner node the child that was entered
  };
  Step steps[kLevelsMax];
  uint32_t height = 0;
};

namespace {

// Nodes looked at to count the leaves of a run of children, on the level above the leaves and on
// each higher one, and leaves looked at for how full they are: some 20 µs from far memory.
constexpr uint32_t kNodesSampled = 64;
constexpr uint32_t kHigherNodesSampled = 8;
constexpr uint32_t kLeavesSampled = 32;

// Neighbouring children of an inner node.
struct ChildRun {
  uint64_t node;
  uint32_t first;
  uint32_t count;
};

class Sampler {
 public:
  explicit Sampler(const Region& region) : region_(region) {}

  // Entries below the run, about.
  double Entries(const ChildRun& run) const {
    if (run.count == 0) return 0;
    return Leaves(run, kNodesSampled) * EntriesPerLeaf(run);
  }

 private:
  // One node in one consistent state. The child may be a later one's when the node was split since
  // its position was noted; an estimate does not mind.
  struct View {
    TreeShape shape;
    uint64_t child;
  };
  View Look(uint64_t offset, uint32_t position) const {
    TreeNode* node = NodeAt(region_, offset);
    for (;;) {
      OptimisticRead read(&node->latch);
      View view = {.shape = node->shape(), .child = 0};
      if (view.shape.level > 0) {
        view.child = node->Child(view.shape, std::min<uint32_t>(position, view.shape.count));
      }
      if (read.Valid()) return view;
    }
  }

  // The position of the i-th of `samples` children that are spread evenly over the run.
  static uint32_t Spread(const ChildRun& run, uint32_t i, uint32_t samples) {
    return run.first + static_cast<uint32_t>((uint64_t{i} * run.count + run.count / 2) / samples);
  }

  double Leaves(const ChildRun& run, uint32_t samples_max) const {
    if (Look(run.node, run.first).shape.level == 1) return run.count;
    const uint32_t samples = std::min(run.count, samples_max);
    double leaves = 0;
    for (uint32_t i = 0; i < samples; ++i) {
      const uint64_t child = Look(run.node, Spread(run, i, samples)).child;
      const TreeShape shape = Look(child, 0).shape;
      leaves += Leaves({.node = child, .first = 0, .count = shape.count + 1u}, kHigherNodesSampled);
    }
    return leaves * run.count / samples;
  }

  // Below the same number of children each; within a child any leaf is as good as another one.
  double EntriesPerLeaf(const ChildRun& run) const {
    const bool above_leaves = Look(run.node, run.first).shape.level == 1;
    const uint32_t samples = above_leaves ? std::min(run.count, kLeavesSampled) : kLeavesSampled;
    double entries = 0;
    for (uint32_t i = 0; i < samples; ++i) {
      uint64_t offset = Look(run.node, Spread(run, i, samples)).child;
      View view = Look(offset, 0);
      while (view.shape.level > 0) {
        // Steps that do not fall into a pattern of the tree's own.
        const uint32_t position = i * 0x9e3779b9u % (view.shape.count + 1u);
        offset = Look(offset, position).child;
        view = Look(offset, 0);
      }
      entries += view.shape.count;
    }
    return entries / samples;
  }

  const Region& region_;
};

}  // namespace

bool Tree::TryFindEdge(const UpperBound& bound, EdgePath* path) const {
  const Region& region = session_->region();
  OptimisticRead above(&root_->latch);
  uint64_t offset = root_->node.load(std::memory_order_acquire);
  if (!above.Valid()) return false;
  path->height = 0;
  while (offset != 0) {
    TreeNode* node = NodeAt(region, offset);
    OptimisticRead read(&node->latch);
    if (!above.Valid()) return false;
    QUIRE_CHECK(path->height < kLevelsMax);
    EdgePath::Step& step = path->steps[path->height++];
    step = {.node = offset, .shape = node->shape(), .position = 0};
    step.position = bound.Position(*node, step.shape);
    offset = step.shape.level == 0 ? 0 : node->Child(step.shape, step.position);
    if (!read.Valid()) return false;
    above = std::move(read);
  }
  return true;
}

double Tree::EstimateEntries(const KeyRange& range) const {
  const SearchKey lower_key(range.lower);
  const SearchKey upper_key(range.upper.value_or(std::string_view()));
  const UpperBound lower_bound{.key = &lower_key, .inclusive = !range.lower_inclusive};
  const UpperBound upper_bound{.key = range.upper.has_value() ? &upper_key : nullptr,
                               .inclusive = range.upper_inclusive};
  EdgePath lower;
  EdgePath upper;
  do {
    while (!TryFindEdge(lower_bound, &lower)) {
    }
    while (!TryFindEdge(upper_bound, &upper)) {
    }
    // Nothing says so when the tree grew in between, except that its top is another node.
  } while (lower.height != upper.height);
  if (lower.height == 0) return 0;

  const uint32_t leaf = lower.height - 1;
  uint32_t fork = 0;  // the lowest node that both ways share
  while (fork < leaf && lower.steps[fork + 1].node == upper.steps[fork + 1].node) ++fork;
  const uint32_t begin = lower.steps[fork].position;
  const uint32_t end = upper.steps[fork].position;
  if (fork == leaf || end <= begin) return end > begin ? end - begin : 0;

  const Sampler sampler(session_->region());
  double entries = sampler.Entries(
      {.node = lower.steps[fork].node, .first = begin + 1, .count = end - begin - 1});
  for (uint32_t i = fork + 1; i < leaf; ++i) {
    const EdgePath::Step& left = lower.steps[i];
    entries += sampler.Entries(
        {.node = left.node, .first = left.position + 1, .count = left.shape.count - left.position});
    entries += sampler.Entries(
        {.node = upper.steps[i].node, .first = 0, .count = upper.steps[i].position});
  }
  entries += lower.steps[leaf].shape.count - lower.steps[leaf].position;
  return entries + upper.steps[leaf].position;
}

}  // namespace quire
