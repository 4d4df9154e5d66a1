#include "engine/store/document_builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/base/status.h"
#include "engine/store/document_form.h"

namespace quire {
namespace {

// What one large document may leave behind for the next.
constexpr size_t kKeptBytesMax = 1 << 20;
// Shortened integers are stored as whole words, of which only the first bytes count.
constexpr size_t kStoreSlack = 8;
constexpr uint32_t kNotPlaced = UINT32_MAX;

}  // namespace

DocumentBuilder::DocumentBuilder(const DocumentLimits& limits) : limits_(limits.Clamped()) {
  Clear();
}

void DocumentBuilder::Clear() {
  status_ = absl::OkStatus();
  buffer_.Clear();
  buffer_.ShrinkTo(kKeptBytesMax);
  names_.Clear();
  names_.ShrinkTo(kKeptBytesMax);
  scratch_.Clear();
  scratch_.ShrinkTo(kKeptBytesMax);
  entries_.clear();
  frames_.clear();
  char* header = buffer_.Extend(kDocumentHeaderSize);
  header[0] = static_cast<char>(kDocumentVersion);
  header[1] = 0;
  header[2] = 0;
}

void DocumentBuilder::Fail(absl::Status status) {
  if (status_.ok()) status_ = std::move(status);
}

DocumentBuilder::Entry& DocumentBuilder::NextEntry() {
  if (!frames_.empty() && frames_.back().tag == ValueTag::kObject) {
    QUIRE_ASSERT(!entries_.empty() && entries_.back().value_begin == kNotPlaced);
    return entries_.back();
  }
  // Every value takes at least two bytes in the tables of its container.
  if (entries_.size() >= limits_.bytes_max / 2 + 1) [[unlikely]] {
    Fail(limits_.BytesError(entries_.size() * 2));
    return entries_.back();
  }
  return entries_.emplace_back();
}

char* DocumentBuilder::Open(ValueTag tag, size_t size) {
  Entry& entry = NextEntry();
  entry.value_begin = static_cast<uint32_t>(buffer_.size());
  entry.tag = tag;
  if (buffer_.size() + size > limits_.bytes_max) [[unlikely]] {
    Fail(limits_.BytesError(buffer_.size() + size));
    return nullptr;
  }
  buffer_.Reserve(size + kStoreSlack);
  return buffer_.Extend(size);
}

void DocumentBuilder::Place(ValueTag tag, std::string_view payload) {
  char* at = Open(tag, payload.size());
  if (at != nullptr && !payload.empty()) std::memcpy(at, payload.data(), payload.size());
}

void DocumentBuilder::Int64(int64_t value) {
  char* at = Open(ValueTag::kInt64, ShortenedSize(value));
  if (at != nullptr) Store(at, value);
}

void DocumentBuilder::Double(double value) {
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  char* at = Open(ValueTag::kFloat64, sizeof value);
  if (at != nullptr) Store(at, value);
}

void DocumentBuilder::Decimal(const class Decimal& value) {
  if (!value.finite()) return Double(value.ToDouble());
  uint32_t size;
  const ValueTag tag = EncodeDecimal(value, ReservePayload(16 + value.digits().size() * 2), &size);
  CommitPayload(tag, size);
}

void DocumentBuilder::Timestamp(int64_t microseconds) {
  char* at = Open(ValueTag::kTimestamp, sizeof microseconds);
  if (at != nullptr) Store(at, microseconds);
}

void DocumentBuilder::Uuid(std::string_view value) {
  QUIRE_ASSERT(value.size() == 16);
  Place(ValueTag::kUuid, value);
}

void DocumentBuilder::Value(ValueView value) {
  switch (value.tag()) {
    // At the root these have another length than inside a container.
    case ValueTag::kInt64:
      return Int64(value.AsInt64());
    case ValueTag::kDecimal:
      return Decimal(value.AsDecimal());
    case ValueTag::kId:
    case ValueTag::kArray:
    case ValueTag::kObject:
      if (frames_.size() + DepthOf(value) > limits_.depth_max) [[unlikely]] {
        Fail(limits_.DepthError());
      }
      break;
    default:
      break;
  }
  Place(value.tag(), value.payload());
}

absl::StatusOr<char*> DocumentBuilder::CopyDocument(ValueView root) {
  QUIRE_ASSERT(root.is_container() && entries_.empty());
  Place(root.tag(), root.payload());
  QUIRE_RETURN_IF_ERROR(Finish().status());
  return buffer_.data() + kDocumentHeaderSize;
}

bool DocumentBuilder::AppendBlock(std::string_view block) {
  if (buffer_.size() + block.size() > limits_.bytes_max) [[unlikely]] {
    Fail(limits_.BytesError(buffer_.size() + block.size()));
    return false;
  }
  buffer_.Append(block);
  return true;
}

void DocumentBuilder::CopyFields(ValueView object, uint32_t begin, uint32_t end) {
  if (begin == end || !status_.ok()) return;
  const ValueView::Fields fields(object);
  // The first takes the usual way, which checks its order after what is there already.
  Key(fields.Name(begin));
  Place(fields.Value(begin).tag(), fields.Value(begin).payload());
  if (++begin == end) return;
  const char* const names = fields.Name(begin).data();
  const std::string_view last_name = fields.Name(end - 1);
  const char* const values = fields.Value(begin).payload().data();
  const std::string_view last_value = fields.Value(end - 1).payload();
  const auto names_begin = static_cast<uint32_t>(names_.size());
  const auto values_begin = static_cast<uint32_t>(buffer_.size());
  if (!AppendBlock({values, static_cast<size_t>(last_value.data() + last_value.size() - values)})) {
    return;
  }
  names_.Append({names, static_cast<size_t>(last_name.data() + last_name.size() - names)});
  for (uint32_t i = begin; i < end; ++i) {
    const std::string_view name = fields.Name(i);
    const ValueView value = fields.Value(i);
    entries_.push_back(Entry{names_begin + static_cast<uint32_t>(name.data() - names),
                             static_cast<uint32_t>(name.size()),
                             values_begin + static_cast<uint32_t>(value.payload().data() - values),
                             value.tag()});
  }
}

void DocumentBuilder::CopyElements(ValueView array, uint32_t begin, uint32_t end) {
  if (begin == end || !status_.ok()) return;
  const char* const values = array.Element(begin).payload().data();
  const std::string_view last = array.Element(end - 1).payload();
  const auto values_begin = static_cast<uint32_t>(buffer_.size());
  if (!AppendBlock({values, static_cast<size_t>(last.data() + last.size() - values)})) return;
  for (uint32_t i = begin; i < end; ++i) {
    const ValueView value = array.Element(i);
    entries_.push_back(Entry{
        0, 0, values_begin + static_cast<uint32_t>(value.payload().data() - values), value.tag()});
  }
}

char* DocumentBuilder::ReservePayload(size_t size_max) {
  buffer_.Reserve(size_max + kStoreSlack);
  return buffer_.data() + buffer_.size();
}

void DocumentBuilder::CommitPayload(ValueTag tag, uint32_t size) {
  Open(tag, size);
}

void DocumentBuilder::Begin(ValueTag tag) {
  if (frames_.size() >= limits_.depth_max) [[unlikely]] {
    Fail(limits_.DepthError());
  }
  Open(tag, 0);
  frames_.push_back(Frame{tag, true, static_cast<uint32_t>(entries_.size()),
                          static_cast<uint32_t>(names_.size()),
                          static_cast<uint32_t>(buffer_.size())});
}

void DocumentBuilder::Key(std::string_view name) {
  QUIRE_ASSERT(!frames_.empty() && frames_.back().tag == ValueTag::kObject);
  Frame& frame = frames_.back();
  QUIRE_ASSERT(entries_.size() == frame.entries_begin || entries_.back().value_begin != kNotPlaced);
  if (names_.size() + name.size() > limits_.bytes_max) [[unlikely]] {
    Fail(limits_.BytesError(names_.size() + name.size()));
    name = {};
  }
  if (entries_.size() > frame.entries_begin && frame.ordered) {
    const Entry& last = entries_.back();
    frame.ordered = CompareNames({names_.data() + last.name_begin, last.name_size}, name) < 0;
  }
  entries_.push_back(Entry{static_cast<uint32_t>(names_.size()), static_cast<uint32_t>(name.size()),
                           kNotPlaced, ValueTag::kNull});
  names_.Append(name);
}

void DocumentBuilder::End([[maybe_unused]] ValueTag tag) {
  QUIRE_ASSERT(!frames_.empty() && frames_.back().tag == tag);
  const Frame frame = frames_.back();
  QUIRE_ASSERT(tag != ValueTag::kObject || entries_.size() == frame.entries_begin ||
               entries_.back().value_begin != kNotPlaced);
  QUIRE_ASSERT(tag != ValueTag::kId || entries_.size() == frame.entries_begin + 2);
  if (status_.ok()) [[likely]] {
    if (!frame.ordered) OrderFields(frame);
    CloseFrame(frame);
  }
  frames_.pop_back();
  entries_.resize(frame.entries_begin);
  names_.Truncate(frame.names_begin);
}

// Sorts the fields of the frame, keeps the last of equal names, and lays names and values out anew.
void DocumentBuilder::OrderFields(const Frame& frame) {
  const auto begin = entries_.begin() + frame.entries_begin;
  auto name_of = [this](const Entry& entry) {
    return std::string_view(names_.data() + entry.name_begin, entry.name_size);
  };
  auto size_of = [this](size_t index) {
    const size_t end =
        index + 1 < entries_.size() ? entries_[index + 1].value_begin : buffer_.size();
    return end - entries_[index].value_begin;
  };
  order_.clear();
  for (size_t i = frame.entries_begin; i < entries_.size(); ++i) {
    order_.push_back(static_cast<uint32_t>(i));
  }
  std::sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) {
    const int order = CompareNames(name_of(entries_[a]), name_of(entries_[b]));
    return order != 0 ? order < 0 : a < b;
  });
  auto kept = order_.begin();
  for (auto it = order_.begin(); it != order_.end(); ++it) {
    const bool replaced = it + 1 != order_.end() &&
                          CompareNames(name_of(entries_[*it]), name_of(entries_[it[1]])) == 0;
    if (!replaced) *kept++ = *it;
  }
  order_.erase(kept, order_.end());

  scratch_.Clear();
  ordered_.clear();
  for (const uint32_t index : order_) {
    Entry entry = entries_[index];
    const uint32_t value_begin = frame.values_begin + static_cast<uint32_t>(scratch_.size());
    scratch_.Append({buffer_.data() + entry.value_begin, size_of(index)});
    entry.value_begin = value_begin;
    ordered_.push_back(entry);
  }
  buffer_.Truncate(frame.values_begin);
  buffer_.Append(scratch_.view());

  scratch_.Clear();
  for (Entry& entry : ordered_) {
    const uint32_t name_begin = frame.names_begin + static_cast<uint32_t>(scratch_.size());
    scratch_.Append(name_of(entry));
    entry.name_begin = name_begin;
  }
  names_.Truncate(frame.names_begin);
  names_.Append(scratch_.view());
  std::copy(ordered_.begin(), ordered_.end(), begin);
  entries_.resize(frame.entries_begin + ordered_.size());
}

// Puts header, tables and names in front of the frame's values.
void DocumentBuilder::CloseFrame(const Frame& frame) {
  const bool object = frame.tag == ValueTag::kObject;
  const auto count = static_cast<uint32_t>(entries_.size() - frame.entries_begin);
  if (object ? count > limits_.fields_max : count > limits_.array_length_max) [[unlikely]] {
    return Fail(object ? limits_.FieldsError(count) : limits_.ArrayLengthError(count));
  }
  const auto values_size = static_cast<uint32_t>(buffer_.size() - frame.values_begin);
  const auto names_size = object ? static_cast<uint32_t>(names_.size() - frame.names_begin) : 0;
  const uint32_t first_log = WidthLog(std::max(count, object ? names_size : values_size));
  const uint32_t value_log = object ? WidthLog(values_size) : first_log;
  const uint64_t tables_size = 1 + (uint64_t{1} << first_log) +
                               uint64_t{count} * ((uint64_t{1} << value_log) + 1) +
                               (object ? uint64_t{count} << first_log : 0);
  if (buffer_.size() + tables_size + names_size > limits_.bytes_max) [[unlikely]] {
    return Fail(limits_.BytesError(buffer_.size() + tables_size + names_size));
  }
  buffer_.Extend(tables_size + names_size);
  char* at = buffer_.data() + frame.values_begin;
  std::memmove(at + tables_size + names_size, at, values_size);

  at[0] = static_cast<char>(object ? first_log | value_log << 2 : first_log);
  StoreEnd(at + 1, 0, first_log, count);
  char* name_ends = at + 1 + (size_t{1} << first_log);
  char* value_ends = object ? name_ends + (size_t{count} << first_log) : name_ends;
  char* tags = value_ends + (size_t{count} << value_log);
  const Entry* entries = entries_.data() + frame.entries_begin;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t end =
        i + 1 < count ? entries[i + 1].value_begin - frame.values_begin : values_size;
    StoreEnd(value_ends, i, value_log, end);
    tags[i] = static_cast<char>(entries[i].tag);
  }
  if (!object) return;
  for (uint32_t i = 0; i < count; ++i) {
    StoreEnd(name_ends, i, first_log,
             entries[i].name_begin + entries[i].name_size - frame.names_begin);
  }
  if (names_size != 0) std::memcpy(tags + count, names_.data() + frame.names_begin, names_size);
}

// Numbers shorten inside containers only (document.h says why).
void DocumentBuilder::WidenRootNumber() {
  const Entry& root = entries_.front();
  if (root.tag != ValueTag::kInt64 && root.tag != ValueTag::kDecimal) return;
  const size_t begin = kDocumentHeaderSize + (root.tag == ValueTag::kDecimal ? 2 : 0);
  const size_t size = buffer_.size() - begin;
  const bool negative = static_cast<int8_t>(buffer_.data()[buffer_.size() - 1]) < 0;
  std::memset(buffer_.Extend(8 - size), negative ? 0xff : 0, 8 - size);
}

absl::StatusOr<std::string_view> DocumentBuilder::Finish() {
  if (!status_.ok()) return status_;
  QUIRE_ASSERT(frames_.empty() && entries_.size() == 1);
  WidenRootNumber();
  if (buffer_.size() > limits_.bytes_max) Fail(limits_.BytesError(buffer_.size()));
  if (!status_.ok()) return status_;
  buffer_.data()[1] = static_cast<char>(entries_.front().tag);
  return buffer_.view();
}

}  // namespace quire
