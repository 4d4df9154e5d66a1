#include "engine/store/path_update.h"

#include <algorithm>
#include <cstring>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/store/document_form.h"

namespace quire {
namespace {

// One change while it is carried down; `order` is its place in the caller's list.
struct Pending {
  const PathChange* change;
  size_t order;
};

// Walks the old value and the changes together, level by level, and writes the new value. Recursion
// is as deep as the longest path, at most Path::kStepsMax.
class Updater {
 public:
  explicit Updater(DocumentBuilder* builder) : builder_(builder) {}

  // Writes the value at depth `depth`: `*old` (or nothing, when null) with the changes, all of
  // which lead here or through here. False: there is no value here afterwards, and nothing was
  // written. `name` is the field to write it under, null in arrays and at the root.
  absl::StatusOr<bool> Value(const ValueView* old, absl::Span<Pending> changes, size_t depth,
                             const std::string_view* name) {
    // The last change of exactly this value replaces the old one and all changes made before.
    std::sort(changes.begin(), changes.end(),
              [](const Pending& a, const Pending& b) { return a.order < b.order; });
    for (size_t i = changes.size(); i > 0; --i) {
      const PathChange& change = *changes[i - 1].change;
      if (change.path->steps().size() != depth) continue;
      old = change.remove ? nullptr : &change.value;
      changes.remove_prefix(i);
      // What is copied out of a new value stands deeper than it did.
      if (old != nullptr && builder_->depth() + DepthOf(*old) > builder_->limits().depth_max) {
        return builder_->limits().DepthError();
      }
      break;
    }
    // Without a value, removals below have nothing to remove.
    if (old == nullptr) {
      const auto kept = std::remove_if(changes.begin(), changes.end(), [](const Pending& pending) {
        return pending.change->remove;
      });
      changes = changes.subspan(0, static_cast<size_t>(kept - changes.begin()));
      if (changes.empty()) return false;
    }
    if (name != nullptr) builder_->Key(*name);
    if (changes.empty()) {
      builder_->Value(*old);
      return true;
    }
    if (old == nullptr || old->tag() == ValueTag::kObject) {
      QUIRE_RETURN_IF_ERROR(Object(old, changes, depth));
    } else if (old->tag() == ValueTag::kArray) {
      QUIRE_RETURN_IF_ERROR(Array(*old, changes, depth));
    } else {
      for (const Pending& pending : changes) {
        if (!pending.change->remove) return Refused(pending, depth, old->type());
      }
      builder_->Value(*old);
    }
    return true;
  }

 private:
  static const PathStep& StepOf(const Pending& pending, size_t depth) {
    return pending.change->path->steps()[depth];
  }

  // The run of changes, from `begin` on, that share the step at `depth`.
  static size_t RunEnd(absl::Span<Pending> changes, size_t begin, size_t depth) {
    const std::string& name = StepOf(changes[begin], depth).name;
    size_t end = begin + 1;
    while (end < changes.size() && StepOf(changes[end], depth).name == name) ++end;
    return end;
  }

  absl::Status Object(const ValueView* old, absl::Span<Pending> changes, size_t depth) {
    std::sort(changes.begin(), changes.end(), [depth](const Pending& a, const Pending& b) {
      return CompareNames(StepOf(a, depth).name, StepOf(b, depth).name) < 0;
    });
    const uint32_t count = old == nullptr ? 0 : old->count();
    uint32_t field = 0;
    builder_->BeginObject();
    for (size_t begin = 0; begin < changes.size();) {
      const size_t end = RunEnd(changes, begin, depth);
      const std::string_view name = StepOf(changes[begin], depth).name;
      const uint32_t first = field;
      while (field < count && CompareNames(old->FieldName(field), name) < 0) ++field;
      if (field != first) builder_->CopyFields(*old, first, field);
      const bool present = field < count && old->FieldName(field) == name;
      const ValueView child = present ? old->FieldValue(field) : ValueView();
      QUIRE_RETURN_IF_ERROR(
          Value(present ? &child : nullptr, changes.subspan(begin, end - begin), depth + 1, &name)
              .status());
      if (present) ++field;
      begin = end;
    }
    if (field != count) builder_->CopyFields(*old, field, count);
    builder_->EndObject();
    return absl::OkStatus();
  }

  absl::Status Array(ValueView old, absl::Span<Pending> changes, size_t depth) {
    // By position; steps that are none (kNoIndex) come last.
    std::sort(changes.begin(), changes.end(), [depth](const Pending& a, const Pending& b) {
      return StepOf(a, depth).index < StepOf(b, depth).index;
    });
    const uint32_t count = old.count();
    uint32_t at = 0;        // next element of `old`
    uint32_t next = count;  // the position that a change may append at
    builder_->BeginArray();
    for (size_t begin = 0; begin < changes.size();) {
      const uint32_t index = StepOf(changes[begin], depth).index;
      size_t end = begin + 1;
      while (end < changes.size() && StepOf(changes[end], depth).index == index) ++end;
      const absl::Span<Pending> run = changes.subspan(begin, end - begin);
      const uint32_t first = at;
      at = std::max(at, std::min(count, index));
      builder_->CopyElements(old, first, at);
      const bool present = index < count;
      if (!present && index != next) {
        for (const Pending& pending : run) {
          if (!pending.change->remove) return Refused(pending, depth, ValueType::kArray);
        }
      } else {
        const ValueView child = present ? old.Element(index) : ValueView();
        QUIRE_ASSIGN_OR_RETURN(const bool written,
                               Value(present ? &child : nullptr, run, depth + 1, nullptr));
        if (present) {
          ++at;
        } else if (written) {
          ++next;
        }
      }
      begin = end;
    }
    builder_->CopyElements(old, at, count);
    builder_->EndArray();
    return absl::OkStatus();
  }

  // Says why a change cannot be made through a value of type `met`.
  static absl::Status Refused(const Pending& pending, size_t depth, ValueType met) {
    const PathStep& step = StepOf(pending, depth);
    const std::string found =
        met == ValueType::kId ? "an id" : absl::StrCat("a ", std::string(TypeName(met)));
    const std::string why = met != ValueType::kArray
                                ? absl::StrCat("is not inside an object or array but ", found)
                            : step.index == PathStep::kNoIndex ? "is no position in an array"
                                                               : "is beyond the array's end";
    return absl::InvalidArgumentError(absl::StrCat("cannot set path \"",
                                                   pending.change->path->ToString(), "\": step \"",
                                                   step.name, "\" ", why));
  }

  DocumentBuilder* builder_;
};

// Whether a scalar has the form that values inside containers have: a number that is the root of a
// document is not shortened.
bool HasInnerForm(ValueView value) {
  switch (value.tag()) {
    case ValueTag::kInt64:
      return value.payload().size() == ShortenedSize(value.AsInt64());
    case ValueTag::kDecimal:
      return value.payload().size() == 2 + ShortenedSize(value.DecimalCoefficient());
    default:
      return true;
  }
}

// The value that the change replaces, when the new one is a scalar of the same tag and size and
// can take its place as it stands: a counter, a flag's date, an id. Null otherwise.
const char* PlaceOf(ValueView root, const PathChange& change) {
  ValueView old;
  if (change.remove || !Lookup(root, *change.path, nullptr, &old)) return nullptr;
  const bool fits = old.tag() == change.value.tag() && !old.is_container() &&
                    old.payload().size() == change.value.payload().size() &&
                    HasInnerForm(change.value);
  return fits ? old.payload().data() : nullptr;
}

bool AllHavePlaces(ValueView root, absl::Span<const PathChange> changes) {
  for (const PathChange& change : changes) {
    if (PlaceOf(root, change) == nullptr) return false;
  }
  return true;
}

// REQUIRES: all changes have places. None of them moves a value, so none concerns another.
absl::StatusOr<std::string_view> Exchange(ValueView root, absl::Span<const PathChange> changes,
                                          DocumentBuilder* scratch) {
  QUIRE_ASSIGN_OR_RETURN(char* const copy, scratch->CopyDocument(root));
  for (const PathChange& change : changes) {
    const std::string_view value = change.value.payload();
    if (value.empty()) continue;
    std::memcpy(copy + (PlaceOf(root, change) - root.payload().data()), value.data(), value.size());
  }
  return scratch->Finish();
}

}  // namespace

absl::StatusOr<std::string_view> ApplyChanges(ValueView root, absl::Span<const PathChange> changes,
                                              const DocumentLimits& limits,
                                              DocumentBuilder* scratch) {
  scratch->Clear();
  scratch->set_limits(limits);
  if (root.is_container() && AllHavePlaces(root, changes)) return Exchange(root, changes, scratch);
  absl::InlinedVector<Pending, 16> pending;
  for (const PathChange& change : changes) pending.push_back({&change, pending.size()});
  QUIRE_ASSIGN_OR_RETURN(const bool written,
                         Updater(scratch).Value(&root, absl::MakeSpan(pending), 0, nullptr));
  if (!written) return absl::InvalidArgumentError("cannot remove the whole document");
  return scratch->Finish();
}

}  // namespace quire
