#include "tests/differential/documents.h"

#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace quire::differential {
namespace {

std::string Quoted(const std::string& text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
}

// An integer from a range in which values meet again, and now and then one at the end of a type.
std::string Integer(Random* random) {
  static const std::vector<std::string> kEdges = {
      "32767",       "32768",      "-32768",      "-32769", "2147483647",
      "2147483648",  "4294967296", "-2147483648", "0",      "9007199254740993",
      "-2147483649", "16777217",   "-1",          "127",    "9223372036854775807",
      "1000000",     "100",        "10",          "99999",  "-9223372036854775808"};
  return random->Chance(0.15) ? random->Pick(kEdges) : absl::StrCat(random->Between(-6, 30));
}

std::string IntegerForm(Random* random) {
  const std::string text = Integer(random);
  switch (random->Below(10)) {
    case 0:
      return text + ".0";
    case 1:
      return text + ".000";
    case 2:
      return text + "e0";
    case 3:
      return text == "0" ? "0.0" : text + "0e-1";
    case 4:
      return Quoted(text);
    case 5:
      return absl::StartsWith(text, "-") ? Quoted(text) : Quoted("00" + text);
    default:
      return text;
  }
}

std::string Number(Random* random) {
  static const std::vector<std::string> kEdges = {
      "1e400",  "-1e400",  "1e-400",     "1e39",    "0.1",
      "1e308",  "-2.5e-8", "5e-324",     "1e-46",   "123456789012345678901234567890.5",
      "99.995", "999.995", "1234567.89", "1e20",    "0.30000000000000004",
      "-0.0",   "0.00",    "16777217",   "1e15",    "9223372036854775807.5",
      "1e16",   "1e-7",    "3.14159265", "1000000", "0.1000000000000000055511151231257827"};
  if (random->Chance(0.12)) return random->Pick(kEdges);
  const int64_t quarters = random->Between(-24, 120);
  switch (random->Below(5)) {
    case 0:
      return absl::StrCat(quarters / 4);
    case 1:
      return absl::StrFormat("%.2f", static_cast<double>(quarters) / 4);
    case 2:
      return absl::StrFormat("%de-2", quarters * 25);
    case 3:
      return absl::StrFormat("%.1f", static_cast<double>(quarters) / 10);
    default:
      return absl::StrFormat("%.4f", static_cast<double>(quarters) / 4);
  }
}

std::string NumberForm(Random* random) {
  static const std::vector<std::string> kStrings = {"NaN",  "Infinity", "-Infinity",
                                                    "1e-2", "2.50",     "1E+1"};
  if (random->Chance(0.08)) return Quoted(random->Pick(kStrings));
  const std::string text = Number(random);
  return random->Chance(0.1) ? Quoted(text) : text;
}

std::string Text(Random* random) {
  static const std::vector<std::string> kTexts = {
      "",
      "a",
      "A",
      "b",
      "é",
      "Straße",
      "a b",
      "%",
      "_",
      "'quoted'",
      "back\\slash",
      "ab",
      "Z",
      "aa",
      "a%",
      "10",
      "9",
      "true",
      "t",
      "-",
      "日本",
      "a string that is longer than one would put into a short column, and then some more"};
  if (random->Chance(0.5)) return Quoted(random->Pick(kTexts));
  return Quoted(absl::StrCat("t", random->Between(1, 25)));
}

std::string Uuid(Random* random, int number) {
  static constexpr char kLower[] = "%08x-5b8f-7c3e-9a1b-2f6d4c8e0a%02x";
  static constexpr char kUpper[] = "%08X-5B8F-7C3E-9A1B-2F6D4C8E0A%02X";
  return random != nullptr && random->Chance(0.2) ? absl::StrFormat(kUpper, number, number % 7)
                                                  : absl::StrFormat(kLower, number, number % 7);
}

std::string Moment(Random* random) {
  static const std::vector<std::string> kEdges = {
      "infinity",   "-infinity",  "0044-03-15 BC", "2023-02-29", "2024-02-29T24:00:00",
      "2024-02-29", "1969-12-31", "9999-12-31",    "today",      "2024-02-29T23:59:59.9999999"};
  static const std::vector<std::string> kZones = {"Z", "+00:00", "+05:30", "-08", "z", "+0100"};
  if (random->Chance(0.1)) return Quoted(random->Pick(kEdges));
  std::string text =
      absl::StrFormat("2024-%02d-%02d", random->Between(1, 2), random->Between(1, 9));
  if (random->Chance(0.35)) return Quoted(text);
  absl::StrAppendFormat(&text, "%s%02d:%02d", random->Chance(0.8) ? "T" : " ",
                        random->Pick<int>({0, 0, 6, 12, 23}), random->Pick<int>({0, 0, 30, 59}));
  if (random->Chance(0.8))
    absl::StrAppend(&text, random->Pick<const char*>({":00", ":00.5", ":59.123456"}));
  if (random->Chance(0.55)) absl::StrAppend(&text, random->Pick(kZones));
  return Quoted(text);
}

std::string Bytes(Random* random) {
  static const std::vector<std::string> kBytes = {R"(\x)",       R"(\x00)",   R"(\xff)",
                                                  R"(\xDEADbe)", R"(\x00ff)", R"(\x0)"};
  return Quoted(random->Pick(kBytes));
}

std::string Json(Random* random, int depth) {
  switch (random->Below(depth > 2 ? 5 : 8)) {
    case 0:
      return random->Pick<const char*>({"true", "false", "null", "{}", "[]"});
    case 1:
      return NumberForm(random);
    case 2:
      return Text(random);
    case 3:
      return IntegerForm(random);
    case 4:
      return Moment(random);
    case 5:
      return absl::StrCat("[", Json(random, depth + 1), ", ", Json(random, depth + 1), "]");
    default:
      return absl::StrCat("{\"a\": ", Json(random, depth + 1), ", \"b\": ", Json(random, depth + 1),
                          "}");
  }
}

std::string Array(Random* random) {
  std::string text = "[";
  for (uint64_t n = random->Below(4); n > 0; --n) {
    absl::StrAppend(&text, random->Chance(0.15) ? "null" : absl::StrCat(random->Between(1, 6)),
                    n > 1 ? ", " : "");
  }
  return text + "]";
}

// An object whose fields are texts of JSON or further objects.
struct Object {
  std::map<std::string, std::string> values;
  std::map<std::string, std::unique_ptr<Object>> objects;
};

std::string ToText(const Object& object, Random* random) {
  std::string text = "{";
  const char* comma = "";
  for (const auto& [name, value] : object.values) {
    absl::StrAppend(&text, comma, Quoted(name), ": ", value);
    comma = ", ";
  }
  for (const auto& [name, inner] : object.objects) {
    if (random->Chance(0.06)) continue;
    // Something else stands where the paths expect an object.
    absl::StrAppend(&text, comma, Quoted(name), ": ",
                    random->Chance(0.06) ? Json(random, 2) : ToText(*inner, random));
    comma = ", ";
  }
  return text + "}";
}

}  // namespace

std::string RandomValue(Kind kind, Random* random) {
  switch (kind) {
    case Kind::kInteger:
      return IntegerForm(random);
    case Kind::kNumber:
      return NumberForm(random);
    case Kind::kBool:
      return random->Pick<const char*>({"true", "true", "false", "\"true\"", "\"false\""});
    case Kind::kText:
      return Text(random);
    case Kind::kUuid:
      return Quoted(Uuid(random, static_cast<int>(random->Between(1, 25))));
    case Kind::kMoment:
      return Moment(random);
    case Kind::kBytes:
      return Bytes(random);
    case Kind::kJson:
      return Json(random, 0);
    case Kind::kArray:
      return Array(random);
  }
  return "null";
}

std::string RandomDocument(Random* random) {
  static const std::vector<Kind> kKinds = {Kind::kInteger, Kind::kNumber, Kind::kBool,
                                           Kind::kText,    Kind::kUuid,   Kind::kMoment,
                                           Kind::kBytes,   Kind::kJson,   Kind::kArray};
  Object root;
  for (const Column& column : Columns()) {
    if (random->Chance(0.12)) continue;
    std::string value = random->Chance(0.15) ? RandomValue(random->Pick(kKinds), random)
                                             : RandomValue(column.kind, random);
    if (random->Chance(0.07)) value = "null";
    // The last step of a path may be a position in an array.
    Object* at = &root;
    std::vector<std::string> steps =
        absl::StrSplit(column.path.empty() ? column.name : column.path, '.');
    if (steps.back() == "1") {
      steps.pop_back();
      value = random->Chance(0.2) ? absl::StrCat("[", value, "]")
                                  : absl::StrCat("[", Integer(random), ", ", value, "]");
    }
    for (size_t i = 0; i + 1 < steps.size(); ++i) {
      std::unique_ptr<Object>& inner = at->objects[steps[i]];
      if (inner == nullptr) inner = std::make_unique<Object>();
      at = inner.get();
    }
    at->values[steps.back()] = value;
  }
  // A field that no column shows.
  root.values["other"] = Json(random, 0);
  return ToText(root, random);
}

std::string KeyText(const Table& table, int number) {
  if (table.key_type == "uuid") return Uuid(nullptr, number);
  if (table.key_type == "text") return absl::StrCat("t", number);
  if (table.key_type == "int8" && number % 9 == 0) return absl::StrCat(number * 1000000000LL);
  return absl::StrCat(number - 6);
}

}  // namespace quire::differential
