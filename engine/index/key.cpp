#include "engine/index/key.h"

#include <bit>
#include <cfloat>
#include <cmath>
#include <limits>

namespace quire {

namespace {

constexpr int64_t kExactIntegers = int64_t{1} << 53;
constexpr uint64_t kSign = uint64_t{1} << 63;
constexpr uint64_t kNaN = 0x7ff8000000000000;
constexpr char kExact = 0;
constexpr char kDigitsFollow = 1;
constexpr char kEscape = '\xff';
constexpr int kWeightBias = 32768;

// The 8 bytes of a double as a number that is ordered as the doubles are.
uint64_t Ordered(double value) {
  if (value == 0) return kSign;
  const uint64_t bits = std::isnan(value) ? kNaN : std::bit_cast<uint64_t>(value);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

double Below(double value) {
  return std::nextafter(value, -std::numeric_limits<double>::infinity());
}

}  // namespace

void KeyWriter::PutNumber(double floor, const class Decimal* digits) {
  char bytes[10];
  bytes[0] = static_cast<char>(KeyTag::kNumber);
  StoreBigEndian64(bytes + 1, Ordered(floor));
  bytes[9] = digits == nullptr ? kExact : kDigitsFollow;
  Put(bytes, sizeof(bytes));
  if (digits == nullptr) return;
  const uint32_t mask = digits->negative() ? 0xffff : 0;
  const auto put = [this, mask](uint32_t number) {
    number ^= mask;
    const char two[2] = {static_cast<char>(number >> 8), static_cast<char>(number)};
    Put(two, 2);
  };
  put(static_cast<uint32_t>(digits->weight() + kWeightBias));
  for (const uint16_t digit : digits->digits()) put(digit + 1u);
  put(0);
}

void KeyWriter::Int64(int64_t value) {
  double nearest = static_cast<double>(value);
  if (value >= -kExactIntegers && value <= kExactIntegers) [[likely]] {
    PutNumber(nearest, nullptr);
    return;
  }
  // Rounding may have led to 2^63, which no int64 is.
  constexpr double kLimit = 9223372036854775808.0;
  const bool beyond = nearest >= kLimit;
  if (!beyond && static_cast<int64_t>(nearest) == value) {
    PutNumber(nearest, nullptr);
    return;
  }
  if (beyond || static_cast<int64_t>(nearest) > value) nearest = Below(nearest);
  const class Decimal digits = Decimal::FromInt64(value);
  PutNumber(nearest, &digits);
}

void KeyWriter::Double(double value) {
  PutNumber(value, nullptr);
}

void KeyWriter::Decimal(int64_t coefficient, int exponent) {
  static constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (coefficient < -kExactIntegers || coefficient > kExactIntegers || exponent < -22 ||
      exponent > 22) {
    PutDecimal(Decimal::FromCoefficient(coefficient, exponent, 0));
    return;
  }
  // Both factors are doubles, so one operation gives the nearest one, and a fused multiply-add the
  // sign of what it is too large by.
  const auto whole = static_cast<double>(coefficient);
  double nearest = 0;
  double excess = 0;
  if (exponent < 0) {
    nearest = whole / kPowers[-exponent];
    excess = std::fma(nearest, kPowers[-exponent], -whole);
  } else {
    nearest = whole * kPowers[exponent];
    excess = -std::fma(whole, kPowers[exponent], -nearest);
  }
  if (excess == 0) {
    PutNumber(nearest, nullptr);
    return;
  }
  const class Decimal digits = Decimal::FromCoefficient(coefficient, exponent, 0);
  PutNumber(excess > 0 ? Below(nearest) : nearest, &digits);
}

void KeyWriter::Decimal(const class Decimal& value) {
  int64_t coefficient = 0;
  int exponent = 0;
  if (value.ToCoefficient(&coefficient, &exponent)) {
    Decimal(coefficient, exponent);
    return;
  }
  PutDecimal(value);
}

void KeyWriter::PutDecimal(const class Decimal& value) {
  double nearest = value.ToDouble();
  if (!value.finite()) {
    PutNumber(nearest, nullptr);
    return;
  }
  if (std::isinf(nearest)) {
    PutNumber(nearest > 0 ? DBL_MAX : nearest, &value);
    return;
  }
  const int excess = Decimal::Compare(Decimal::FromDoubleExact(nearest), value);
  PutNumber(excess > 0 ? Below(nearest) : nearest, excess == 0 ? nullptr : &value);
}

void KeyWriter::Timestamp(int64_t microseconds) {
  char bytes[9];
  bytes[0] = static_cast<char>(KeyTag::kTimestamp);
  StoreBigEndian64(bytes + 1, static_cast<uint64_t>(microseconds) ^ kSign);
  Put(bytes, sizeof(bytes));
}

void KeyWriter::PutZeros(std::string_view* value) {
  for (;;) {
    const size_t zero = value->find('\0');
    if (zero == std::string_view::npos) return;
    Put(value->data(), zero + 1);
    Put(&kEscape, 1);
    value->remove_prefix(zero + 1);
  }
}

void KeyWriter::Invert(uint64_t begin) {
  for (uint64_t i = begin; i < view().size(); ++i) bytes_[i] = static_cast<char>(~bytes_[i]);
}

KeyReader::Item KeyReader::Next() {
  if (failed_) return Item::kMalformed;
  if (depth_ > 0 && frames_[depth_ - 1] == Frame::kIdEnd) {
    --depth_;
    return Item::kEndId;
  }
  if (rest_.empty()) return depth_ == 0 ? Item::kDone : Fail();
  const auto tag = static_cast<KeyTag>(rest_[0]);
  rest_.remove_prefix(1);
  if (depth_ == 0) return Value(tag);
  switch (frames_[depth_ - 1]) {
    case Frame::kArray:
      if (tag != KeyTag::kEnd) return Value(tag);
      --depth_;
      return Item::kEndArray;
    case Frame::kObject:
      if (tag == KeyTag::kField) {
        if (!Escaped() || !Push(Frame::kFieldValue)) return Fail();
        return Item::kField;
      }
      if (tag != KeyTag::kEnd) return Fail();
      --depth_;
      return Item::kEndObject;
    case Frame::kFieldValue:
      --depth_;
      return Value(tag);
    case Frame::kIdValue:
      frames_[depth_ - 1] = Frame::kIdEnd;
      return Value(tag);
    case Frame::kIdEnd:
      break;
  }
  return Fail();
}

KeyReader::Item KeyReader::Value(KeyTag tag) {
  switch (tag) {
    case KeyTag::kNull:
      return Item::kNull;
    case KeyTag::kFalse:
    case KeyTag::kTrue:
      int64_ = tag == KeyTag::kTrue ? 1 : 0;
      return Item::kBool;
    case KeyTag::kNumber:
      return Number();
    case KeyTag::kString:
      return Escaped() ? Item::kString : Fail();
    case KeyTag::kBytes:
      return Escaped() ? Item::kBytes : Fail();
    case KeyTag::kTimestamp:
      if (rest_.size() < 8) return Fail();
      int64_ = static_cast<int64_t>(LoadBigEndian64(rest_.data()) ^ kSign);
      rest_.remove_prefix(8);
      return Item::kTimestamp;
    case KeyTag::kUuid:
      if (rest_.size() < 16) return Fail();
      text_ = rest_.substr(0, 16);
      rest_.remove_prefix(16);
      return Item::kUuid;
    case KeyTag::kId:
      return Escaped() && Push(Frame::kIdValue) ? Item::kBeginId : Fail();
    case KeyTag::kArray:
      return Push(Frame::kArray) ? Item::kBeginArray : Fail();
    case KeyTag::kObject:
      return Push(Frame::kObject) ? Item::kBeginObject : Fail();
    case KeyTag::kEnd:
    case KeyTag::kField:
      break;
  }
  return Fail();
}

bool KeyReader::Push(Frame frame) {
  if (depth_ == kDepthMax) return false;
  frames_[depth_++] = frame;
  return true;
}

bool KeyReader::Escaped() {
  size_t size = 0;
  bool copied = false;
  for (;;) {
    const size_t zero = rest_.find('\0');
    if (zero == std::string_view::npos) return false;
    const bool end = zero + 1 == rest_.size() || rest_[zero + 1] != kEscape;
    if (end && !copied) {
      text_ = rest_.substr(0, zero);
      rest_.remove_prefix(zero + 1);
      return true;
    }
    // An escaped zero is part of the text, the last one is not.
    const size_t n = end ? zero : zero + 1;
    if (n > sizeof(unescaped_) - size) return false;
    std::memcpy(unescaped_ + size, rest_.data(), n);
    size += n;
    copied = true;
    rest_.remove_prefix(end ? zero + 1 : zero + 2);
    if (end) break;
  }
  text_ = {unescaped_, size};
  return true;
}

KeyReader::Item KeyReader::Number() {
  if (rest_.size() < 9) return Fail();
  const char* begin = rest_.data() - 1;
  const uint64_t ordered = LoadBigEndian64(rest_.data());
  const uint64_t bits = (ordered & kSign) != 0 ? ordered ^ kSign : ~ordered;
  const auto floor = std::bit_cast<double>(bits);
  const char flag = rest_[8];
  rest_.remove_prefix(9);
  if (flag == kExact) {
    // One NaN, one zero.
    if (Ordered(floor) != ordered) return Fail();
    constexpr double kLimit = 9223372036854775808.0;
    if (floor >= -kLimit && floor < kLimit && floor == std::trunc(floor)) {
      int64_ = static_cast<int64_t>(floor);
      return Item::kInt64;
    }
    number_ = floor;
    return Item::kDouble;
  }
  if (flag != kDigitsFollow || !Digits((bits & kSign) != 0)) return Fail();
  // There is one right floor to the digits: the one that is written for them.
  KeyWriter again;
  again.Decimal(decimal_);
  if (again.view() != std::string_view(begin, static_cast<size_t>(rest_.data() - begin))) {
    return Fail();
  }
  if (const std::optional<int64_t> integral = decimal_.ToInt64(); integral.has_value()) {
    int64_ = *integral;
    return Item::kInt64;
  }
  return Item::kDecimal;
}

bool KeyReader::Digits(bool negative) {
  const uint32_t mask = negative ? 0xffff : 0;
  const auto take = [this, mask](uint32_t* number) {
    if (rest_.size() < 2) return false;
    *number = (static_cast<uint8_t>(rest_[0]) << 8 | static_cast<uint8_t>(rest_[1])) ^ mask;
    rest_.remove_prefix(2);
    return true;
  };
  uint32_t weight = 0;
  if (!take(&weight)) return false;
  Decimal::Digits digits;
  for (;;) {
    uint32_t digit = 0;
    if (!take(&digit) || digit > 10'000) return false;
    if (digit == 0) break;
    digits.push_back(static_cast<uint16_t>(digit - 1));
  }
  if (digits.empty() || digits.front() == 0 || digits.back() == 0) return false;
  const int highest = static_cast<int>(weight) - kWeightBias;
  const int decimals = -4 * (highest - static_cast<int>(digits.size()) + 1);
  if (decimals > Decimal::kDisplayScaleMax + 1) return false;
  decimal_ = Decimal::FromDigits(negative, highest, 0, digits);
  return decimal_.display_scale() <= Decimal::kDisplayScaleMax;
}

}  // namespace quire
