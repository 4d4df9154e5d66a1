#include "engine/log/change_record.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "engine/base/crc32c.h"

namespace quire {
namespace {

constexpr uint16_t kBatchVersion = 1;
constexpr uint8_t kFlagDocumentNumber = 1;
constexpr size_t kChecksumEnd = 8;  // Where a change's checksum begins to count.
constexpr size_t kBufferBytesMin = 8192;

template <typename Expected, typename Found>
absl::Status Wrong(const char* what, size_t offset, const Expected& expected, const Found& found) {
  return absl::DataLossError(absl::StrCat("change batch, ", what, " at offset ", offset,
                                          ": expected ", expected, ", found ", found));
}

bool HasDocument(ChangeKind kind) {
  return kind == ChangeKind::kPut;
}
bool HasKey(ChangeKind kind) {
  return kind == ChangeKind::kPut || kind == ChangeKind::kDelete;
}

// `base` is where the change stands in its batch, for messages.
absl::Status DecodeChangeAt(std::string_view bytes, size_t base, Change* change, size_t* size) {
  if (bytes.size() < kChangeHeaderBytes) {
    return Wrong("change header", base, absl::StrCat(kChangeHeaderBytes, " bytes"), bytes.size());
  }
  const char* at = bytes.data();
  const uint32_t length = Load<uint32_t>(at);
  const uint8_t kind = Load<uint8_t>(at + 8);
  const uint8_t flags = Load<uint8_t>(at + 9);
  const uint16_t key_length = Load<uint16_t>(at + 10);
  const uint32_t document_length = Load<uint32_t>(at + 12);
  const uint64_t sum = uint64_t{kChangeHeaderBytes} + key_length + document_length;
  if (sum != length) return Wrong("change length", base, sum, length);
  if (length > kChangeBytesMax) {
    return Wrong("change length", base, absl::StrCat("at most ", kChangeBytesMax), length);
  }
  if (length > bytes.size()) {
    return Wrong("change", base, absl::StrCat(length, " bytes"), bytes.size());
  }
  if (kind < static_cast<uint8_t>(ChangeKind::kPut) ||
      kind > static_cast<uint8_t>(ChangeKind::kTruncateCollection)) {
    return Wrong("change kind", base + 8, "1 to 4", static_cast<int>(kind));
  }
  if ((flags & ~kFlagDocumentNumber) != 0) {
    return Wrong("change flags", base + 9, "0 or 1", static_cast<int>(flags));
  }
  if (Load<uint16_t>(at + 30) != 0) {
    return Wrong("reserved field", base + 30, 0, Load<uint16_t>(at + 30));
  }
  change->kind = static_cast<ChangeKind>(kind);
  if (!HasKey(change->kind) && key_length != 0) {
    return Wrong("key length", base + 10, "0 for this kind", key_length);
  }
  if (!HasDocument(change->kind) && document_length != 0) {
    return Wrong("document length", base + 12, "0 for this kind", document_length);
  }
  change->document_number_valid = (flags & kFlagDocumentNumber) != 0;
  change->document_number = Load<uint32_t>(at + 16);
  change->ordinal = Load<uint32_t>(at + 20);
  change->version = Load<uint32_t>(at + 24);
  change->origin = Load<uint16_t>(at + 28);
  change->xid = Load<uint64_t>(at + 32);
  change->hlc = Load<uint64_t>(at + 40);
  change->namespace_id = Load<uint64_t>(at + 48);
  change->collection_id = Load<uint64_t>(at + 56);
  change->key = bytes.substr(kChangeHeaderBytes, key_length);
  change->document = bytes.substr(kChangeHeaderBytes + key_length, document_length);
  *size = length;
  return absl::OkStatus();
}

char* Copy(std::string_view bytes, char* to) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

}  // namespace

char* EncodeChange(const Change& change, char* to) {
  const size_t length = ChangeBytes(change);
  QUIRE_ASSERT(change.key.size() <= kChangeKeyBytesMax && length <= kChangeBytesMax);
  QUIRE_ASSERT(HasKey(change.kind) || change.key.empty());
  QUIRE_ASSERT(HasDocument(change.kind) || change.document.empty());
  Store(to, static_cast<uint32_t>(length));
  Store(to + 8, static_cast<uint8_t>(change.kind));
  Store(to + 9, change.document_number_valid ? kFlagDocumentNumber : uint8_t{0});
  Store(to + 10, static_cast<uint16_t>(change.key.size()));
  Store(to + 12, static_cast<uint32_t>(change.document.size()));
  Store(to + 16, change.document_number);
  Store(to + 20, change.ordinal);
  Store(to + 24, change.version);
  Store(to + 28, change.origin);
  Store(to + 30, uint16_t{0});
  Store(to + 32, change.xid);
  Store(to + 40, change.hlc);
  Store(to + 48, change.namespace_id);
  Store(to + 56, change.collection_id);
  char* end = Copy(change.document, Copy(change.key, to + kChangeHeaderBytes));
  Store(to + 4, Crc32c(0, std::string_view(to + kChecksumEnd, length - kChecksumEnd)));
  return end;
}

void AppendChange(const Change& change, std::string* to) {
  const size_t before = to->size();
  to->resize(before + ChangeBytes(change));
  EncodeChange(change, to->data() + before);
}

absl::Status DecodeChange(std::string_view bytes, Change* change, size_t* size) {
  return DecodeChangeAt(bytes, 0, change, size);
}

bool ChangeChecksumHolds(std::string_view bytes) {
  return Load<uint32_t>(bytes.data() + 4) == Crc32c(0, bytes.substr(kChecksumEnd));
}

void ChangeBatchBuilder::Append(const Change& change) {
  const size_t needed = size_ + ChangeBytes(change);
  QUIRE_ASSERT(needed <= kChangeBatchBytesMax);
  if (needed > capacity_) Grow(needed);
  EncodeChange(change, bytes_.get() + size_);
  size_ = needed;
  ++count_;
}

std::string_view ChangeBatchBuilder::Finish(uint64_t region_incarnation) {
  QUIRE_ASSERT(!empty());
  char* to = bytes_.get();
  Store(to, kBatchVersion);
  Store(to + 2, uint16_t{0});
  Store(to + 4, count_);
  Store(to + 8, region_incarnation);
  return std::string_view(to, size_);
}

void ChangeBatchBuilder::Clear() {
  size_ = kChangeBatchHeaderBytes;
  count_ = 0;
  ++generation_;
}

void ChangeBatchBuilder::CutBack(const Mark& mark) {
  if (mark.generation != generation_) {
    // What stood before the mark has left the buffer: all that is here came after it.
    QUIRE_ASSERT(mark.generation < generation_);
    size_ = kChangeBatchHeaderBytes;
    count_ = 0;
    return;
  }
  // A mark behind the present end was taken in a subtransaction whose parent was cut back already.
  if (mark.bytes >= size_) return;
  size_ = mark.bytes;
  count_ = mark.count;
}

void ChangeBatchBuilder::Shrink(size_t bytes_max) {
  QUIRE_ASSERT(empty());
  if (capacity_ <= bytes_max) return;
  bytes_.reset();
  capacity_ = 0;
}

void ChangeBatchBuilder::Grow(size_t capacity_min) {
  // Doubled, so that a batch costs one copy of itself however many changes it has.
  const size_t capacity = std::max({capacity_min, capacity_ * 2, kBufferBytesMin});
  std::unique_ptr<char[]> grown(new char[capacity]);
  if (count_ > 0) std::memcpy(grown.get(), bytes_.get(), size_);
  bytes_ = std::move(grown);
  capacity_ = capacity;
}

ChangeBatchReader::ChangeBatchReader(std::string_view batch) : batch_(batch) {
  if (batch.size() < kChangeBatchHeaderBytes) {
    status_ = Wrong("header", 0, absl::StrCat(kChangeBatchHeaderBytes, " bytes"), batch.size());
    return;
  }
  const uint16_t version = Load<uint16_t>(batch.data());
  const uint16_t flags = Load<uint16_t>(batch.data() + 2);
  if (version != kBatchVersion) {
    status_ = Wrong("format version", 0, kBatchVersion, version);
  } else if (flags != 0) {
    status_ = Wrong("flags", 2, 0, flags);
  } else {
    count_ = Load<uint32_t>(batch.data() + 4);
    region_incarnation_ = Load<uint64_t>(batch.data() + 8);
    offset_ = change_offset_ = kChangeBatchHeaderBytes;
  }
}

bool ChangeBatchReader::Next(Change* change) {
  if (!status_.ok()) return false;
  if (offset_ == batch_.size() || seen_ == count_) {
    if (offset_ != batch_.size()) {
      status_ = Wrong("end", offset_, batch_.size(), absl::StrCat("the last of ", count_));
    } else if (seen_ != count_) {
      status_ = Wrong("number of changes", 4, count_, seen_);
    }
    return false;
  }
  size_t size = 0;
  status_ = DecodeChangeAt(batch_.substr(offset_), offset_, change, &size);
  if (!status_.ok()) return false;
  change_offset_ = offset_;
  offset_ += size;
  ++seen_;
  return true;
}

}  // namespace quire
