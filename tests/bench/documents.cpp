#include "tests/bench/documents.h"

#include <bit>
#include <cstdio>

namespace quire::bench {

namespace {

constexpr std::array<std::string_view, 16> kFirstNames = {
    "Ada",    "Bela",  "Chloe",  "Dmitri", "Emeka", "Fatima", "Grace", "Hiro",
    "Ingrid", "Jorge", "Kamala", "Lars",   "Mei",   "Noor",   "Olga",  "Pedro"};
constexpr std::array<std::string_view, 16> kLastNames = {
    "Lovelace", "Okafor", "Novak",   "Tanaka", "Garcia", "Johansson", "Haddad", "Silva",
    "Kowalski", "Nguyen", "Schmidt", "Rossi",  "Dubois", "Patel",     "Murphy", "Yilmaz"};
constexpr std::array<std::string_view, 16> kCities = {
    "London", "Lagos",   "Prague",  "Osaka",  "Bogota", "Malmo", "Beirut", "Porto",
    "Krakow", "Da Nang", "Leipzig", "Torino", "Lyon",   "Pune",  "Galway", "Izmir"};
constexpr std::array<std::string_view, 8> kTags = {"alpha", "beta",  "paid",  "trial",
                                                   "staff", "press", "early", "club"};

template <size_t n>
std::string_view Pick(const std::array<std::string_view, n>& words, uint64_t bits) {
  return words[bits % n];
}

template <typename... Values>
std::string Format(const char* format, Values... values) {
  std::array<char, 128> text;
  const int length = std::snprintf(text.data(), text.size(), format, values...);
  return std::string(text.data(), static_cast<size_t>(length));
}

void AppendField(std::string_view name, std::string_view text, std::string* out) {
  out->append(",\"").append(name).append("\":\"").append(text).append("\"");
}

void AppendNumber(std::string_view name, int64_t number, std::string* out) {
  out->append(",\"").append(name).append("\":").append(std::to_string(number));
}

}  // namespace

Shuffle::Shuffle(uint64_t n, uint64_t seed) : n_(n), seed_(seed) {
  const auto bits = static_cast<uint32_t>(std::bit_width(n == 0 ? 0 : n - 1));
  half_bits_ = (bits + 1) / 2;
  if (half_bits_ == 0) half_bits_ = 1;
}

uint64_t Shuffle::operator()(uint64_t i) const {
  const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
  // Numbers that the square of the domain has beyond n are walked through until one is inside.
  do {
    uint64_t left = i >> half_bits_;
    uint64_t right = i & mask;
    for (uint64_t round = 0; round < 4; ++round) {
      const uint64_t next = left ^ (Mix(right ^ seed_ ^ (round << 56)) & mask);
      left = right;
      right = next;
    }
    i = left << half_bits_ | right;
  } while (i >= n_);
  return i;
}

std::string KeyOf(uint64_t number, KeyForm form) {
  if (form == KeyForm::kRising) {
    return Format("u%09llu", static_cast<unsigned long long>(number));
  }
  const uint64_t high = Mix(number ^ (uint64_t{1} << 62));
  const uint64_t low = Mix(high);
  return Format("%08x-%04x-4%03x-%04x-%012llx", static_cast<unsigned>(high >> 32),
                static_cast<unsigned>(high >> 16 & 0xffff), static_cast<unsigned>(high & 0xfff),
                static_cast<unsigned>(low >> 50 | 0x8000),
                static_cast<unsigned long long>(low & 0xffff'ffff'ffff));
}

Person PersonOf(uint64_t number, KeyForm form) {
  const uint64_t bits = Mix(number);
  const uint64_t more = Mix(bits);
  const std::string_view first = Pick(kFirstNames, bits);
  const std::string_view last = Pick(kLastNames, bits >> 4);
  Person person;
  person.id = KeyOf(number, form);
  person.name = std::string(first) + " " + std::string(last);
  person.email = Format("%.*s.%llu@example.org", static_cast<int>(last.size()), last.data(),
                        static_cast<unsigned long long>(number));
  person.age = static_cast<int64_t>(18 + (bits >> 8) % 70);
  person.active = (bits >> 16 & 3) != 0;
  person.score_hundredths = static_cast<int64_t>((bits >> 20) % 1'000'000);
  person.visits = static_cast<int64_t>((bits >> 40) % 5'000);
  person.created = Format("20%02u-%02u-%02u", static_cast<unsigned>(more % 25),
                          static_cast<unsigned>((more >> 8) % 12 + 1),
                          static_cast<unsigned>((more >> 12) % 28 + 1));
  person.street = Format("%u %.*s Street", static_cast<unsigned>((more >> 40) % 300 + 1),
                         static_cast<int>(last.size()), last.data());
  person.city = Pick(kCities, more >> 50);
  person.zip = Format("%05u", static_cast<unsigned>((more >> 30) % 100'000));
  person.level = static_cast<int64_t>((more >> 20) % 100);
  person.tags = {Pick(kTags, more >> 54), Pick(kTags, more >> 57)};
  return person;
}

void AppendJson(const Person& person, std::string* out) {
  out->append("{\"_id\":\"").append(person.id).append("\"");
  AppendField("name", person.name, out);
  AppendField("email", person.email, out);
  AppendNumber("age", person.age, out);
  out->append(",\"active\":").append(person.active ? "true" : "false");
  out->append(Format(",\"score\":%lld.%02lld",
                     static_cast<long long>(person.score_hundredths / 100),
                     static_cast<long long>(person.score_hundredths % 100)));
  AppendNumber("visits", person.visits, out);
  AppendField("created", person.created, out);
  out->append(",\"address\":{\"street\":\"").append(person.street).append("\"");
  AppendField("city", person.city, out);
  AppendField("zip", person.zip, out);
  AppendNumber("level", person.level, out);
  out->append("},\"tags\":[");
  for (size_t i = 0; i < person.tags.size(); ++i) {
    if (i != 0) out->append(",");
    out->append("\"").append(person.tags[i]).append("\"");
  }
  out->append("]}");
}

}  // namespace quire::bench
