#include "engine/store/jsonb.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "tests/unit/store/document_text.h"
#include "tests/unit/store/random_document.h"

namespace quire {
namespace {

// JSON, and the bytes that PostgreSQL 15 keeps for it, without the length word.
constexpr std::pair<const char*, const char*> kServerVectors[] = {
    // clang-format off
    {"null",
     "01000050000000c0"},
    {"true",
     "01000050000000b0"},
    {"false",
     "01000050000000a0"},
    {"0",
     "0100005006000090180000000080"},
    {"-1",
     "01000050080000902000000000a00100"},
    {"9999",
     "01000050080000902000000000800f27"},
    {"10000",
     "01000050080000902000000001800100"},
    {"12345678",
     "010000500a000090280000000180d2042e16"},
    {"9223372036854775807",
     "01000050100000904000000004809a032c0d70016515af16"},
    {"-9223372036854775808",
     "01000050100000904000000004a09a032c0d70016515b016"},
    {"9223372036854775808",
     "01000050100000904000000004809a032c0d70016515b016"},
    {"18446744073709551616",
     "01000050100000904000000004803407581ae102bb035006"},
    {"0.10",
     "0100005008000090200000007f81e803"},
    {"0.1",
     "010000500800009020000000ff80e803"},
    {"1.0",
     "01000050080000902000000080800100"},
    {"-0.0",
     "0100005006000090180000008080"},
    {"1e400",
     "010000500a00009028000000000064000100"},
    {"1e127",
     "0100005008000090200000001f80e803"},
    {"1e128",
     "01000050080000902000000020800100"},
    {"0.00001",
     "010000500800009020000000fe82e803"},
    {"123456789012345678901234567890.123456789",
     "010000501c0000907000000087840c00800dd21ed2042e163423800dd21ed2042e162823"},
    {"100000000000000000000",
     "01000050080000902000000005800100"},
    {"1e-64",
     "010000500a000090280000004000f0ff0100"},
    {"1.5e-260",
     "010000500c000090300000000501bfff01008813"},
    {"\"\"",
     "0100005000000080"},
    {"\"text\"",
     "010000500400008074657874"},
    {"\"é𝄞\"",
     "0100005006000080c3a9f09d849e"},
    {"[]",
     "00000040"},
    {"{}",
     "00000020"},
    {"[[]]",
     "01000040040000d000000040"},
    {"[1, \"a\", null, true, false, 2.50, {\"k\": []}]",
     "0700004008000090010000000000004000000030000000200d00001016000050200000000080010061000000"
     "2800000000810200881300000100002001000080070000506b00000000000040"},
    {"{\"\": 0}",
     "010000200000008006000010180000000080"},
    {"{\"b\": 1, \"a\": 2, \"aa\": 3, \"b\": 4}",
     "0300002001000080010000000200000008000010080000100800001061626161200000000080020020000000"
     "008004002000000000800300"},
    {"{\"name\": \"Ada\", \"age\": 36, \"address\": {\"city\": \"London\", \"zip\": \"N1\"}, \"tags\": [\"x\", \"yy\"]}",
     "04000020030000800400000004000000070000000a0000100300000010000050240000506167656e616d6574"
     "6167736164647265737300002000000000802400416461000200004001000080020000007879790002000020"
     "030000800400000002000000060000007a6970636974794e314c6f6e646f6e"},
    {"[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34]",
     "23000040060000900a0000100800001008000010080000100800001008000010080000100800001008000010"
     "0800001008000010080000100800001008000010080000100800001008000010080000100800001008000010"
     "0800001008000010080000100800001008000010080000100800001008000010080000100800001008000010"
     "0801009008000010080000101800000000800000200000000080010020000000008002002000000000800300"
     "2000000000800400200000000080050020000000008006002000000000800700200000000080080020000000"
     "008009002000000000800a002000000000800b002000000000800c002000000000800d002000000000800e00"
     "2000000000800f00200000000080100020000000008011002000000000801200200000000080130020000000"
     "0080140020000000008015002000000000801600200000000080170020000000008018002000000000801900"
     "2000000000801a002000000000801b002000000000801c002000000000801d002000000000801e0020000000"
     "00801f00200000000080200020000000008021002000000000802200"},
    {"{\"k00\":0,\"k01\":0,\"k02\":0,\"k03\":0,\"k04\":0,\"k05\":0,\"k06\":0,\"k07\":0,\"k08\":0,\"k09\":0,\"k10\":0,\"k11\":0,\"k12\":0,\"k13\":0,\"k14\":0,\"k15\":0,\"k16\":0,\"k17\":0}",
     "1200002003000080030000000300000003000000030000000300000003000000030000000300000003000000"
     "0300000003000000030000000300000003000000030000000300000003000000080000100800001008000010"
     "0800001008000010080000100800001008000010080000100800001008000010080000100800001008000010"
     "ae0000900800001008000010080000106b30306b30316b30326b30336b30346b30356b30366b30376b30386b"
     "30396b31306b31316b31326b31336b31346b31356b31366b3137000018000000008000001800000000800000"
     "1800000000800000180000000080000018000000008000001800000000800000180000000080000018000000"
     "0080000018000000008000001800000000800000180000000080000018000000008000001800000000800000"
     "1800000000800000180000000080000018000000008000001800000000800000180000000080"},
    {"{\"a.b\": \"dot\", \"quo\\\"te\": 1, \"xxx\": [{\"y\": -0.25}]}",
     "03000020030000800300000006000000030000002100005008000010612e6278787871756f227465646f7400"
     "01000040180000d001000020010000800b00001079000000200000007fa1c4092000000000800100"},
    // clang-format on
};

// Values that JSON does not have, and the bytes of the server's to_jsonb of the same value
// (float8), or of the JSON text that stands for it.
constexpr std::pair<const char*, const char*> kTypedVectors[] = {
    {"0.1f", "010000500800009020000000ff80e803"},
    {"-0f", "0100005006000090180000000080"},
    {"1e20f", "01000050080000902000000005800100"},
    {"1e23f", "0100005010000090400000000580e7030f270f270f272823"},
    {"5e-324f", "010000500a000090280000004401afff0500"},
    {"1.7976931348623157e308f", "01000050120000904800000000004d000100281f6124fe12550c"},
    {"123456.789f", "010000500c0000903000000081810c00800dd21e"},
    {"9007199254740993f", "010000500e0000903800000003802f23c8076215e003"},
    {"9.5367431640625e-07f", "010000500e000090380000007e8a5f005a0e5c0c7102"},
    {"0.5f", "010000500800009020000000ff808813"},
};

std::string ErrorOf(std::string_view jsonb, const DocumentLimits& limits = DocumentLimits::Hard()) {
  DocumentBuilder builder(DocumentLimits::Hard());
  const absl::Status status = JsonbToDocument(jsonb, limits, &builder);
  return status.ok() ? "OK" : std::string(status.message());
}

std::string DocumentOfJsonb(std::string_view jsonb) {
  DocumentBuilder builder(DocumentLimits::Hard());
  const absl::Status status = JsonbToDocument(jsonb, DocumentLimits::Hard(), &builder);
  EXPECT_TRUE(status.ok()) << status << ToHex(jsonb);
  const absl::StatusOr<std::string_view> bytes = builder.Finish();
  EXPECT_TRUE(bytes.ok());
  return bytes.ok() ? std::string(*bytes) : std::string();
}

std::string JsonbOf(std::string_view document) {
  std::string jsonb;
  EXPECT_TRUE(AppendJsonb(RootOf(document), &jsonb).ok());
  return jsonb;
}

TEST(Jsonb, AgreesWithTheServer) {
  for (const auto& [json, hex] : kServerVectors) {
    const std::string jsonb = FromHex(hex);
    const std::string document = DocumentOfJsonb(jsonb);
    EXPECT_TRUE(ValidateDocument(document, DocumentLimits::Hard()).ok()) << json;
    EXPECT_EQ(ToHex(document), ToHex(DocumentOf(json))) << json;
    EXPECT_EQ(ToHex(JsonbOf(document)), hex) << json;
  }
}

TEST(Jsonb, GivesTypedValuesTheFormOfTheServer) {
  for (const auto& [text, hex] : kTypedVectors)
    EXPECT_EQ(ToHex(JsonbOf(DocumentOf(text))), hex) << text;
  const std::pair<const char*, const char*> same[] = {
      {"x'00ff'", "\"\\\\x00ff\""},
      {"x''", "\"\\\\x\""},
      {"u'00112233445566778899aabbccddeeff'", "\"00112233-4455-6677-8899-aabbccddeeff\""},
      {"t'0'", "\"2000-01-01T00:00:00Z\""},
      {"NaN", "\"NaN\""},
      {"1e999f", "\"Infinity\""},
      {"-1e999f", "\"-Infinity\""},
      {"[@'users'(7)]", "[{\"$id\":7,\"$ref\":\"users\"}]"},
      {"@'users'(@'x'(\"y\"))", "{\"$id\":{\"$id\":\"y\",\"$ref\":\"x\"},\"$ref\":\"users\"}"},
  };
  for (const auto& [typed, json] : same) {
    EXPECT_EQ(ToHex(JsonbOf(DocumentOf(typed))), ToHex(JsonbOf(DocumentOf(json)))) << typed;
  }
}

TEST(Jsonb, NumbersAreIntegersOnlyWhenShownSo) {
  const std::pair<const char*, ValueType> cases[] = {
      {"7", ValueType::kInt64},     {"-9223372036854775808", ValueType::kInt64},
      {"1e15", ValueType::kInt64},  {"9223372036854775808", ValueType::kDecimal},
      {"7.0", ValueType::kDecimal}, {"0.10", ValueType::kDecimal},
  };
  for (const auto& [text, type] : cases) {
    EXPECT_EQ(RootOf(DocumentOfJsonb(JsonbOf(DocumentOf(text)))).type(), type) << text;
  }
}

TEST(Jsonb, KeepsDisplayScalesBeyondAByte) {
  for (const size_t scale : {254u, 255u, 256u, 300u}) {
    for (const std::string number : {"5", "123456789", "0", "-70000000000000000000"}) {
      const std::string document = DocumentOf(number + "." + std::string(scale, '0'));
      EXPECT_EQ(ToHex(DocumentOfJsonb(JsonbOf(document))), ToHex(document))
          << number << " " << scale;
    }
  }
}

TEST(Jsonb, AcceptsNumericsWithAOneByteLength) {
  // [1.50] with its numeric as the server's short form of a value: length byte 7 << 1 | 1.
  const std::string jsonb = FromHex(
      "010000400700009000"
      "0000000f008101008813");
  EXPECT_NE(ErrorOf(jsonb), "OK");
  const std::string sound = FromHex(
      "01000040"
      "07000090"
      "0f"
      "0081"
      "0100"
      "8813");
  EXPECT_EQ(TextOfDocument(DocumentOfJsonb(sound)), "[1.50]");
  // The least that is a value at all: zero.
  EXPECT_EQ(TextOfDocument(DocumentOfJsonb(FromHex("0100004003000090070080"))), "[0]");
}

TEST(Jsonb, AppendsWhereItIsPut) {
  // Alignment counts from the start of the append, wherever that is.
  const std::string document = DocumentOf("[\"a\",1,[2]]");
  ByteBuffer buffer;
  buffer.Append("xyz");
  ASSERT_TRUE(AppendJsonb(RootOf(document), &buffer).ok());
  EXPECT_EQ(buffer.view().substr(3), JsonbOf(document));
}

TEST(Jsonb, BecomesTheNextValueOfTheBuilder) {
  DocumentBuilder builder;
  builder.BeginObject();
  builder.Key("b");
  ASSERT_TRUE(
      JsonbToDocument(JsonbOf(DocumentOf("{\"x\":[1,2.50]}")), builder.limits(), &builder).ok());
  builder.Key("a");
  ASSERT_TRUE(JsonbToDocument(JsonbOf(DocumentOf("5")), builder.limits(), &builder).ok());
  builder.EndObject();
  EXPECT_EQ(TextOfDocument(*builder.Finish()), "{\"a\":5,\"b\":{\"x\":[1,2.50]}}");
}

TEST(Jsonb, TakesAboutFourFifthsOfTheBytes) {
  const std::string document = DocumentOf(
      "{\"_id\":\"7f1c5d3e-9a51-4a60-8f35-2e1c4c6f0b11\",\"name\":\"Ada Lovelace\",\"age\":36,"
      "\"email\":\"ada@example.com\",\"active\":true,\"score\":98.75,\"tags\":[\"math\",\"poetry\"]"
      ","
      "\"address\":{\"street\":\"12 St James Square\",\"city\":\"London\",\"zip\":\"SW1Y 4JH\"},"
      "\"visits\":1042,\"created\":\"2024-02-29T12:30:00Z\"}");
  const std::string jsonb = JsonbOf(document);
  RecordProperty("jsonb", static_cast<int>(jsonb.size()));
  RecordProperty("document", static_cast<int>(document.size()));
  EXPECT_LT(document.size(), jsonb.size() * 0.81);
}

TEST(Jsonb, RefusesMalformedBytes) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "container of at least 4 bytes"},
      {"010000", "container of at least 4 bytes"},
      {"00000000", "an array or an object"},
      {"00000060", "an array or an object"},
      {"00000080", "an array or an object"},
      {"00000050", "scalar as an array of one"},
      {"02000050"
       "0000004000000040",
       "scalar as an array of one"},
      {"01000050", "scalar as an array of one"},
      {"01000050"
       "04000050"
       "00000040",
       "a scalar"},
      {"01000050"
       "02000000"
       "616263",
       "all bytes left"},
      {"01000050"
       "00000060",
       "an entry type from 0 to 5"},
      {"01000040", "entries inside the array"},
      {"ffffff4f", "entries inside the array"},
      {"01000020"
       "00000000",
       "entries inside the object"},
      {"ffffff2f"
       "0000000000000000",
       "entries inside the object"},
      {"01000040"
       "04000080"
       "616263",
       "entry of a value inside its container"},
      {"01000040"
       "02000080"
       "616263",
       "no more bytes"},
      {"02000040"
       "02000080"
       "01000080"
       "6162",
       "entry of a value inside its container"},
      {"01000040"
       "01000040"
       "00",
       "no bytes of a null or boolean"},
      {"01000020"
       "01000010"
       "00000040"
       "61",
       "entry of a key inside its object"},
      {"01000020"
       "02000000"
       "00000040"
       "61",
       "entry of a key inside its object"},
      {"02000020"
       "01000000"
       "01000000"
       "00000040"
       "00000040"
       "6261",
       "keys in rising order"},
      {"02000020"
       "01000000"
       "01000000"
       "00000040"
       "00000040"
       "6161",
       "keys in rising order"},
      {"02000020"
       "02000000"
       "01000000"
       "00000040"
       "00000040"
       "616263",
       "keys in rising order"},
      {"01000020"
       "01000000"
       "01000000"
       "61",
       "entry of a value inside its container"},
      {"01000040"
       "03000050"
       "000000",
       "container of at least 4 bytes"},
      {"01000040"
       "04000050"
       "00000000",
       "an array or an object"},
      {"02000040"
       "01000000"
       "06000050"
       "61"
       "000000"
       "000000",
       "container of at least 4 bytes"},
      {"01000040"
       "02000010"
       "0000",
       "numeric of at least 3 bytes"},
      {"01000040"
       "05000010"
       "1400000080",
       "numeric of at least 6 bytes"},
      {"01000040"
       "06000010"
       "1c0000000080",
       "length word of a plain numeric"},
      {"01000040"
       "06000010"
       "1a0000000080",
       "length word of a plain numeric"},
      {"01000040"
       "03000010"
       "010080",
       "length word of a plain numeric"},
      {"01000040"
       "06000010"
       "1800000000c0",
       "a finite numeric"},
      {"01000040"
       "06000010"
       "180000000000",
       "numeric of at least 8 bytes"},
      {"01000040"
       "07000010"
       "1c000000008001",
       "whole digits"},
      {"01000040"
       "08000010"
       "2000000000801027",
       "digits up to 9999"},
      {"01000040"
       "0e000010"
       "38000000"
       "0080"
       "1027010001000100",
       "digits up to 9999"},
      {"01000040"
       "10000010"
       "40000000"
       "0580"
       "01001027010001000100",
       "digits up to 9999"},
      {"01000040"
       "0a000010"
       "28000000"
       "0000"
       "00f0"
       "0100",
       "at most 16383 decimals"},
  };
  for (const auto& [hex, message] : cases) {
    DocumentBuilder builder(DocumentLimits::Hard());
    const absl::Status status = JsonbToDocument(FromHex(hex), DocumentLimits::Hard(), &builder);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << hex;
    EXPECT_NE(std::string(status.message()).find(message), std::string::npos)
        << hex << ": " << status.message();
  }
}

TEST(Jsonb, EveryBeginningAndEveryChangedByteIsRefusedOrHarmless) {
  const std::string jsonb =
      JsonbOf(DocumentOf("{\"a\":[1,2.50,{\"b\":\"text\"}],\"cc\":null,\"d\":12345678901234567890,"
                         "\"e\":1e300,\"f\":{}}"));
  for (size_t size = 0; size < jsonb.size(); ++size) {
    EXPECT_NE(ErrorOf(std::string(jsonb, 0, size)), "OK") << size;
  }
  for (size_t i = 0; i < jsonb.size(); ++i) {
    for (int change = 1; change < 256; ++change) {
      std::string changed = jsonb;
      changed[i] = static_cast<char>(changed[i] ^ change);
      if (ErrorOf(changed) != "OK") continue;
      const std::string document = DocumentOfJsonb(changed);
      ASSERT_TRUE(ValidateDocument(document, DocumentLimits::Hard()).ok()) << ToHex(changed);
      ASSERT_EQ(DocumentOfJsonb(JsonbOf(document)), document) << ToHex(changed);
    }
  }
}

TEST(Jsonb, NamesTheLimitThatIsExceeded) {
  const DocumentLimits limits{60, 2, 2, 3};
  auto error = [&limits](const char* text) { return ErrorOf(JsonbOf(DocumentOf(text)), limits); };
  EXPECT_EQ(error("[{\"a\":1,\"b\":2},[1,2,3]]"), "OK");
  EXPECT_EQ(error("[{\"a\":[]}]"),
            "document of at least 3 levels exceeds the limit of 2 (quire.max_depth)");
  EXPECT_EQ(error("{\"a\":1,\"b\":2,\"c\":3}"),
            "object of 3 fields exceeds the limit of 2 (quire.max_fields)");
  EXPECT_EQ(error("[1,2,3,4]"),
            "array of 4 elements exceeds the limit of 3 (quire.max_array_length)");
  EXPECT_EQ(error("\"0123456789012345678901234567890123456789012345678901234567890\""),
            "document of at least 61 bytes exceeds the limit of 60 (quire.max_document_size)");
  // Levels around the jsonb count too.
  DocumentBuilder builder(limits);
  builder.BeginArray();
  builder.BeginArray();
  EXPECT_EQ(JsonbToDocument(JsonbOf(DocumentOf("[]")), limits, &builder).code(),
            absl::StatusCode::kOutOfRange);
}

TEST(Jsonb, NestsAsDeepAsTheHardLimit) {
  const std::string deepest = DocumentOf(std::string(1000, '[') + std::string(1000, ']'));
  EXPECT_EQ(DocumentOfJsonb(JsonbOf(deepest)), deepest);
  std::string jsonb = JsonbOf(deepest);
  const auto size = static_cast<uint32_t>(jsonb.size());
  std::string outer = FromHex("01000040");
  const uint32_t entry = 0xd0000000 | size;
  outer.append(reinterpret_cast<const char*>(&entry), 4);
  EXPECT_EQ(ErrorOf(outer + jsonb),
            "document of at least 1001 levels exceeds the limit of 1000 (quire.max_depth)");
}

TEST(Jsonb, RandomDocumentsComeBack) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 1000; ++i) {
    const std::string text = RandomText(&random, 4);
    // Typed values are strings after the first turn; from then on nothing changes.
    const std::string jsonb = JsonbOf(DocumentOf(text));
    const std::string document = DocumentOfJsonb(jsonb);
    ASSERT_TRUE(ValidateDocument(document, DocumentLimits::Hard()).ok()) << text;
    ASSERT_EQ(ToHex(JsonbOf(document)), ToHex(jsonb)) << text;
  }
}

}  // namespace
}  // namespace quire
