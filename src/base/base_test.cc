// Tables for what base/ promises: text and bytes, hashes, time, JSON in and out, compression, HTTP values.
#include <gtest/gtest.h>

#include <random>

#include "waybill/base/bytes.h"
#include "waybill/base/compress.h"
#include "waybill/base/disk.h"
#include "waybill/base/http.h"
#include "waybill/base/intern.h"
#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/base/sha256.h"
#include "waybill/base/time.h"

namespace waybill {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(Error(Code::invalid, "odd").at("half").next("pass an even number"));
  return n / 2;
}
Result<int> quarter(int n) {
  TRY(const int h, half(n));
  TRY(const int q, half(h));
  return q;
}

TEST(Result, TryPassesTheErrorOn) {
  EXPECT_EQ(*quarter(8), 2);
  const auto bad = quarter(6);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().to_string(), "half: odd; pass an even number");
}

TEST(Sha256, Fips180Vectors) {
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')).hex(), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
TEST(Sha256, FastAndPortableAndStreamedAgreeAtEveryLength) {
  std::mt19937 random(1);
  std::string text;
  for (int length = 0; length < 300; ++length) {
    const auto whole = sha256(text);
    EXPECT_EQ(whole, sha256_portable(as_bytes(text)));
    Sha256Stream stream;
    for (size_t at = 0; at < text.size();) {
      const size_t take = std::min<size_t>(random() % 90, text.size() - at);
      stream.update(std::string_view(text).substr(at, take));
      at += take;
    }
    EXPECT_EQ(stream.finish(), whole) << length;
    text.push_back(static_cast<char>(random()));
  }
}
TEST(Sha256, ParsesItsOwnText) {
  EXPECT_EQ(*parse_sha256(sha256("x").to_string()), sha256("x"));
  EXPECT_FALSE(parse_sha256("sha256:abc"));
  EXPECT_FALSE(parse_sha256("sha512:" + sha256("x").hex()));
}

TEST(Bytes, Base64OfRfc4648) {
  const std::pair<const char*, const char*> rows[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : rows) {
    EXPECT_EQ(to_base64(as_bytes(plain)), coded);
    EXPECT_EQ(*parse_base64(coded), plain);
  }
  for (const char* bad : {"Zg", "Zg=", "Zg==\n", "Z g=", "Zh==", "====", "Zg==Zg==", "Zm9v="}) EXPECT_FALSE(parse_base64(bad)) << bad;
  EXPECT_EQ(to_base64(as_bytes("\xfb\xff"), Base64::url), "-_8");
  EXPECT_EQ(*parse_base64("-_8", Base64::url), "\xfb\xff");
  EXPECT_EQ(*parse_base64_lenient("-_8="), "\xfb\xff");
}
TEST(Bytes, Utf8) {
  EXPECT_FALSE(find_invalid_utf8("Größe 船 🚢"));
  EXPECT_EQ(find_invalid_utf8("a\xc0\x80"), 1u);
  EXPECT_EQ(find_invalid_utf8("ab\xed\xa0\x80"), 2u);
  EXPECT_EQ(find_invalid_utf8("\xf4\x90\x80\x80"), 0u);
  EXPECT_EQ(find_invalid_utf8("\xe8\x88"), 0u);
}

TEST(Time, ReadsAndWritesRfc3339) {
  struct Row {
    const char *in, *out;
  };
  const Row rows[] = {{"2026-11-22T14:43:00Z", "2026-11-22T14:43:00Z"},
                      {"2026-11-22T15:43:00.5+01:00", "2026-11-22T14:43:00Z"},
                      {"2026-11-22", "2026-11-22T00:00:00Z"},
                      {"2024-02-29T23:59:60Z", "2024-03-01T00:00:00Z"},
                      {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59Z"},
                      {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
                      {"2026-11-22t14:43:00.123456789z", "2026-11-22T14:43:00Z"}};
  for (const auto& row : rows) {
    const auto time = parse_time(row.in);
    ASSERT_TRUE(time) << row.in;
    EXPECT_EQ(to_rfc3339(*time), row.out);
  }
  for (const char* bad : {"", "2026", "2026-13-01", "2026-02-29", "2026-11-22T24:00:00Z", "2026-11-22T14:43:00", "2026-11-22T14:43:00.Z", "2026-11-22T14:43Z",
                          "2026-11-22T14:43:00+1:00"})
    EXPECT_FALSE(parse_time(bad)) << bad;
  EXPECT_EQ(to_rfc3339_ms(Time{1}), "1970-01-01T00:00:00.001Z");
}
TEST(Time, Durations) {
  EXPECT_EQ(*parse_duration_ms("90d"), 90 * kDayMs);
  EXPECT_EQ(*parse_duration_ms("1d12h"), 36 * kHourMs);
  for (const char* bad : {"", "d", "9", "9x", "-1d", "1d2"}) EXPECT_FALSE(parse_duration_ms(bad)) << bad;
  EXPECT_EQ(days_between(Time{kDayMs}, Time{0}), -1);
  EXPECT_EQ(days_between(Time{1}, Time{kDayMs}), 0);
}

TEST(JsonIn, WalksATree) {
  auto document = JsonDocument::parse(R"({"a":{"b":[1,2.5,"x",null,true,{"c":-7}]},"n":18446744073709551615})");
  ASSERT_TRUE(document);
  const auto root = document->root();
  EXPECT_EQ(root["a"]["b"].at(0).int_or(9), 1);
  EXPECT_EQ(root["a"]["b"].at(1).number_or(0), 2.5);
  EXPECT_EQ(root["a"]["b"].at(1).int_or(9), 9);
  EXPECT_EQ(root["a"]["b"].at(2).string_or(""), "x");
  EXPECT_TRUE(root["a"]["b"].at(3).is_null());
  EXPECT_TRUE(root["a"]["b"].at(4).bool_or(false));
  EXPECT_EQ(root["a"]["b"].at(5)["c"].int_or(0), -7);
  EXPECT_EQ(root["a"]["b"].size(), 6u);
  EXPECT_FALSE(root["no"]["such"].at(3)["thing"].exists());
  EXPECT_EQ(root["n"].int_or(-1), -1);
  EXPECT_EQ(root["n"].to_json(), "18446744073709551615");
  EXPECT_EQ(root["a"].to_json(), R"({"b":[1,2.5,"x",null,true,{"c":-7}]})");
  EXPECT_EQ(root["a"].as_string("/a").error().to_string(), "/a: expected a string, found an object");
}
TEST(JsonIn, RefusalsNameThePlace) {
  struct Row {
    std::string json;
    const char* says;
  };
  const Row rows[] = {
      {"", "line 1, column 1 (byte 0): expected a JSON value, found the end of the text"},
      {"{\"a\":1,\n\"b\":]}", "line 2, column 5 (byte 12): expected a value, found ']'"},
      {"{\"a\":1 \"b\":2}", "line 1, column 8 (byte 7): expected ',' or '}', found '\"'"},
      {"[1,2", "line 1, column 5 (byte 4): expected ',' or ']', found the end of the text"},
      {"{\"a\"}", "line 1, column 5 (byte 4): expected ':' after a member's name, found '}'"},
      {"[\"\x01\"]", "line 1, column 3 (byte 2): a control character in a string must be escaped"},
      {"[\"\\x\"]", "line 1, column 4 (byte 3): unknown escape in a string"},
      {"[\"\xff\"]", "line 1, column 3 (byte 2): the text is not valid UTF-8"},
      {"[01]", "line 1, column 2 (byte 1): a number may not begin with 0"},
      {"[1]x", "line 1, column 4 (byte 3): expected the end of the text, found 'x'"},
      {"{\"a\":{\"b\":1,\"b\":2}}", "/a/b: the name stands twice in one object"},
      {"[1e999]", "JSON: a number is too large or too precise to be read"},
  };
  for (const auto& row : rows) {
    const auto document = JsonDocument::parse(row.json);
    ASSERT_FALSE(document) << row.json;
    EXPECT_EQ(document.error().to_string(), row.says) << row.json;
  }
  EXPECT_EQ(JsonDocument::parse(std::string(5000, '[') + std::string(5000, ']')).error().code(), Code::exhausted);
  EXPECT_EQ(JsonDocument::parse("[1]", {.bytes = 2}).error().code(), Code::exhausted);
  EXPECT_TRUE(JsonDocument::parse("\xef\xbb\xbf{}"));
}
TEST(JsonIn, EveryCutOfADocumentIsRefusedWithAPlace) {
  const std::string whole = R"({"a":[1,-2.5e3,"\u00e9\ud83d\ude00"],"b":{"c":null,"d":false}})";
  ASSERT_TRUE(JsonDocument::parse(whole));
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    const auto document = JsonDocument::parse(whole.substr(0, cut));
    ASSERT_FALSE(document) << cut;
    EXPECT_NE(document.error().to_string().find("byte"), std::string::npos) << document.error().to_string();
  }
}
TEST(JsonIn, ManyMembersWithADuplicate) {
  std::string json = "{";
  for (int i = 0; i < 100; ++i) json += "\"k" + std::to_string(i) + "\":0,";
  EXPECT_FALSE(JsonDocument::parse(json + "\"k3\":1}"));
  EXPECT_TRUE(JsonDocument::parse(json + "\"k\":1}"));
}

TEST(JsonOut, WritesWhatItIsTold) {
  JsonWriter w;
  w.begin_object().field("s", "a\"\\\n\x01é").field("n", -3).field("d", 0.1).key("l").begin_array().value(true).null().raw("{}").end_array().end_object();
  EXPECT_EQ(w.text(), "{\"s\":\"a\\\"\\\\\\n\\u0001é\",\"n\":-3,\"d\":0.1,\"l\":[true,null,{}]}");
}
TEST(JsonOut, CanonicalFormOfRfc8785) {
  // RFC 8785 §3.2.3 and appendix B.
  EXPECT_EQ(
      *canonical_json(
          "{\"\\u20ac\":\"Euro\",\"\\r\":\"CR\",\"\\ufb33\":\"Dalet\",\"1\":\"One\",\"\\ud83d\\ude00\":\"Smiley\",\"\\u0080\":\"Ctl\",\"\\u00f6\":\"o\"}"),
      "{\"\\r\":\"CR\",\"1\":\"One\",\"\xc2\x80\":\"Ctl\",\"ö\":\"o\",\"€\":\"Euro\",\"😀\":\"Smiley\",\"\xef\xac\xb3\":\"Dalet\"}");
  const std::pair<double, const char*> numbers[] = {{0.0, "0"},
                                                    {-0.0, "0"},
                                                    {5e-324, "5e-324"},
                                                    {1.7976931348623157e308, "1.7976931348623157e+308"},
                                                    {9007199254740992.0, "9007199254740992"},
                                                    {295147905179352830000.0, "295147905179352830000"},
                                                    {1e21, "1e+21"},
                                                    {9.999999999999997e22, "9.999999999999997e+22"},
                                                    {1e23, "1e+23"},
                                                    {0.000001, "0.000001"},
                                                    {1e-7, "1e-7"},
                                                    {333333333.33333329, "333333333.3333333"},
                                                    {-0.0000033333333333333333, "-0.0000033333333333333333"},
                                                    {1424953923781206.2, "1424953923781206.2"}};
  for (const auto& [number, text] : numbers) EXPECT_EQ(to_json_number(number), text);
  EXPECT_EQ(*canonical_json(" [ 1.0 , 1e3 , \"\\u0041\" ] "), "[1,1000,\"A\"]");
  EXPECT_FALSE(canonical_json("{\"a\":1,\"a\":1}"));
}

TEST(Compress, RoundTripsAndLimits) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "line " + std::to_string(i * 7919 % 1000) + "\n";
  EXPECT_EQ(*zstd_decompress(zstd_compress(text), text.size()), text);
  EXPECT_EQ(*zstd_decompress(zstd_compress(""), 0), "");
  EXPECT_EQ(*gzip_decompress(gzip_compress(text), text.size()), text);
  EXPECT_EQ(zstd_decompress(zstd_compress(text), text.size() - 1).error().code(), Code::exhausted);
  EXPECT_EQ(gzip_decompress(gzip_compress(text), text.size() - 1).error().code(), Code::exhausted);
  const auto near = text + "more";
  const auto delta = zstd_compress_with_prefix(near, text);
  EXPECT_LT(delta.size(), 100u);
  EXPECT_EQ(*zstd_decompress_with_prefix(delta, text, near.size()), near);
  const auto frame = zstd_compress(text);
  for (size_t cut = 0; cut < frame.size(); cut += 17) EXPECT_FALSE(zstd_decompress(frame.substr(0, cut), text.size())) << cut;
  const auto member = gzip_compress(text);
  for (size_t cut = 0; cut < member.size(); cut += 17) EXPECT_FALSE(gzip_decompress(member.substr(0, cut), text.size())) << cut;
}

TEST(Http, QueryAndProblem) {
  http::Request request;
  request.query = "of=pkg%3Anpm%2F%40a%2Fb&q=a+b&empty=&x";
  EXPECT_EQ(*request.parameter("of"), "pkg:npm/@a/b");
  EXPECT_EQ(*request.parameter("q"), "a b");
  EXPECT_EQ(*request.parameter("x"), "");
  EXPECT_FALSE(request.parameter("no"));
  EXPECT_EQ(http::percent_encode("é/ "), "%C3%A9%2F%20");
  const auto problem = http::Response::problem(Error(Code::not_found, "no such subject").at("sha256:1").next("collect it"));
  EXPECT_EQ(problem.status, 404);
  EXPECT_EQ(
      problem.body,
      R"({"type":"about:blank","title":"Not found","status":404,"detail":"no such subject","code":"not_found","where":["sha256:1"],"next":"collect it"})");
}

TEST(Interner, GivesIdsInOrderOfFirstSight) {
  Interner interner;
  EXPECT_EQ(interner.intern("a"), 0u);
  EXPECT_EQ(interner.intern("b"), 1u);
  EXPECT_EQ(interner.intern("a"), 0u);
  EXPECT_EQ(interner.text(1), "b");
  EXPECT_FALSE(interner.find("c"));
}

TEST(Disk, WritesWholeFilesAndNamesThePath) {
  auto& disk = Disk::system();
  const std::string dir = ::testing::TempDir() + "waybill-disk-test/a/b";
  ASSERT_TRUE(disk.make_directories(dir));
  ASSERT_TRUE(disk.write_file(dir + "/f", "one"));
  ASSERT_TRUE(disk.write_file(dir + "/f", "two"));
  EXPECT_EQ(*disk.read_file(dir + "/f"), "two");
  EXPECT_EQ(disk.read_file(dir + "/f", 2).error().code(), Code::exhausted);
  EXPECT_EQ(disk.read_file(dir + "/none").error().to_string(), dir + "/none: cannot open the file: No such file or directory");
  EXPECT_EQ(disk.read_file(dir).error().code(), Code::invalid);
  EXPECT_EQ(disk.list_files(::testing::TempDir() + "waybill-disk-test")->size(), 1u);
  EXPECT_TRUE(disk.remove_file(dir + "/f"));
}

}  // namespace
}  // namespace waybill
