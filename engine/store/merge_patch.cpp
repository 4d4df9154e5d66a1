#include "engine/store/merge_patch.h"

#include "engine/base/status.h"

namespace quire {

namespace {

// Writes what the patch, an object, makes of `target`, which is null where there is nothing.
void MergeObject(const ValueView* target, ValueView patch, DocumentBuilder* builder) {
  const bool merges = target != nullptr && target->tag() == ValueTag::kObject;
  const uint32_t old_count = merges ? target->count() : 0;
  const uint32_t patch_count = patch.count();
  uint32_t old_field = 0;
  builder->BeginObject();
  // Both have their fields in the order of names, each name once.
  for (uint32_t i = 0; i < patch_count && builder->status().ok(); ++i) {
    const std::string_view name = patch.FieldName(i);
    const uint32_t first = old_field;
    while (old_field < old_count && CompareNames(target->FieldName(old_field), name) < 0) {
      ++old_field;
    }
    if (old_field != first) builder->CopyFields(*target, first, old_field);
    const bool present = old_field < old_count && target->FieldName(old_field) == name;
    const ValueView old = present ? target->FieldValue(old_field) : ValueView();
    if (present) ++old_field;
    const ValueView value = patch.FieldValue(i);
    if (value.is_null()) continue;
    builder->Key(name);
    if (value.tag() == ValueTag::kObject) {
      MergeObject(present ? &old : nullptr, value, builder);
    } else {
      builder->Value(value);
    }
  }
  if (old_field != old_count) builder->CopyFields(*target, old_field, old_count);
  builder->EndObject();
}

}  // namespace

absl::StatusOr<std::string_view> ApplyMergePatch(ValueView target, ValueView patch,
                                                 const DocumentLimits& limits,
                                                 DocumentBuilder* scratch) {
  scratch->Clear();
  scratch->set_limits(limits);
  if (patch.tag() == ValueTag::kObject) {
    MergeObject(&target, patch, scratch);
  } else {
    scratch->Value(patch);
  }
  return scratch->Finish();
}

}  // namespace quire
