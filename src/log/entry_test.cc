#include "waybill/log/entry.h"

#include <gtest/gtest.h>

#include "waybill/base/json_out.h"

namespace waybill::log {
namespace {

TEST(Entry, KindsHaveWordsThatComeBack) {
  for (size_t i = 0; i < kEntryKinds; ++i) {
    const auto kind = static_cast<EntryKind>(i);
    EXPECT_EQ(parse_entry_kind(to_string(kind)), kind);
    EXPECT_FALSE(entry_kind_info(kind).sentence.empty());
  }
  EXPECT_FALSE(parse_entry_kind("Evidence"));
  EXPECT_FALSE(parse_entry_kind(""));
}

TEST(Entry, TheCanonicalFormIsCheckedToTheLetter) {
  const struct {
    std::string_view json;
    bool canonical;
  } kRows[] = {
      {"{}", true},
      {R"({"a":1,"b":[],"c":{"d":null}})", true},
      {R"({"a":[1,-2,0,true,false,null,"x"]})", true},
      {R"({"a":1.5,"b":1e+30,"c":1e-7,"d":0.000001,"e":9007199254740993})", false},  // 2^53 + 1 is no double
      {R"({"a":1.5,"b":1e+30,"c":1e-7,"d":0.000001,"e":9007199254740992})", true},
      {R"({"a":1e30})", false},
      {R"({"a":1.0})", false},
      {R"({"a":-0})", false},
      {R"({"a":01})", false},
      {R"({"a":-})", false},
      {R"({"a":+1})", false},
      {R"({"a":.5})", false},
      {R"({"a":NaN})", false},
      {R"({"a":1,"a":2})", false},
      {R"({"b":1,"a":2})", false},
      {R"({"a":1 })", false},
      {R"({ "a":1})", false},
      {"{\"a\":1}\n", false},
      {R"({"a":1,})", false},
      {R"({"a"})", false},
      {R"({"a":[1,]})", false},
      {R"([])", false},
      {R"("a")", false},
      {"", false},
      {"{", false},
      {R"({"a":"\n\t\b\f\r\"\\"})", true},
      {R"({"a":"\u000a"})", false},
      {R"({"a":"\u001f"})", true},
      {R"({"a":"\u001F"})", false},
      {R"({"a":"\u0041"})", false},
      {R"({"a":"\/"})", false},
      {R"({"a":"é€😀"})", true},
      {R"({"a":"\u00e9"})", false},
      {"{\"a\":\"\x01\"}", false},
      {"{\"a\":\"\x7f\"}", true},
      {"{\"a\":\"\xff\"}", false},
      {"{\"a\":\"\xed\xa0\x80\"}", false},
      // RFC 8785 §3.2.3: by UTF-16 code units, so U+1F600 (d83d de00) comes before U+FB33.
      {"{\"\\n\":1,\"\\r\":2,\"1\":3,\"\xc2\x80\":4,\"\xc3\xb6\":5,\"\xe2\x82\xac\":6,\"\xf0\x9f\x98\x80\":7,\"\xef\xac\xb3\":8}", true},
      {"{\"\xef\xac\xb3\":8,\"\xf0\x9f\x98\x80\":7}", false},
      {R"({"a":1,"a\"":2})", true},
      {R"({"a\"":1,"a":2})", false},
      {R"({"":1,"a":2})", true},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(check_canonical_object(row.json).has_value(), row.canonical) << row.json;
    const auto slow = canonical_json(row.json);
    EXPECT_EQ(slow && *slow == row.json && row.json.starts_with('{'), row.canonical) << "base's own writer says otherwise: " << row.json;
  }
  const std::string deep = "{\"a\":" + std::string(300, '[') + std::string(300, ']') + "}";
  EXPECT_FALSE(check_canonical_object(deep));
}

constexpr std::string_view kGood =
    R"({"actor":"machine:ci","body":{"a":{"b":[1]}},"documents":[{"bytes":13,"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","type":"text/plain"}],"kind":"server_key","time":"2026-11-22T14:43:00.123Z"})";

TEST(Entry, WhatIsParsedComesBackByteForByte) {
  const auto entry = parse_entry(std::string(kGood));
  ASSERT_TRUE(entry) << entry.error().to_string();
  EXPECT_EQ(entry->actor, "machine:ci");
  EXPECT_EQ(entry->body(), R"({"a":{"b":[1]}})");
  EXPECT_EQ(entry->kind, EntryKind::server_key);
  EXPECT_EQ(to_rfc3339_ms(entry->time), "2026-11-22T14:43:00.123Z");
  ASSERT_EQ(entry->documents.size(), 1u);
  EXPECT_EQ(entry->documents[0], (DocumentRef{sha256(""), 13, "text/plain"}));
  EXPECT_EQ(format_entry(entry->kind, entry->actor, entry->body(), entry->documents, entry->time).value(), kGood);
  const auto strange = format_entry(EntryKind::grant, "person:\"ö\n", "{}", {}, Time{1}).value();
  EXPECT_EQ(parse_entry(strange)->actor, "person:\"ö\n");
  EXPECT_EQ(canonical_json(strange).value(), strange);
}

TEST(Entry, EveryOtherSpellingIsRefused) {
  const struct {
    std::string_view from, to;
  } kRows[] = {
      {"{\"actor\"", "{ \"actor\""},
      {"machine:ci", ""},
      {"\"bytes\":13", "\"bytes\":013"},
      {"\"bytes\":13", "\"bytes\":-1"},
      {"\"bytes\":13", "\"bytes\":13.0"},
      {"\"bytes\":13,", ""},
      {"e3b0", "E3B0"},
      {"e3b0", "e3b"},
      {"text/plain", ""},
      {"server_key", "serverkey"},
      {".123Z", "Z"},
      {".123Z", ".1234Z"},
      {".123Z", ".123+00:00"},
      {"2026-11-22", "2026-02-30"},
      {"\"time\"", "\"Time\""},
      {"\"kind\":\"server_key\",", ""},
      {"[1]}}", "[1 ]}}"},
      {"}],\"kind\"", "},],\"kind\""},
  };
  for (const auto& row : kRows) {
    std::string leaf(kGood);
    const size_t at = leaf.find(row.from);
    ASSERT_NE(at, std::string::npos) << row.from;
    leaf.replace(at, row.from.size(), row.to);
    const auto entry = parse_entry(leaf);
    ASSERT_FALSE(entry) << leaf;
    EXPECT_EQ(entry.error().code(), Code::invalid);
    EXPECT_NE(entry.error().to_string().find("byte "), std::string::npos) << entry.error().to_string();
  }
  for (size_t cut = 0; cut < kGood.size(); ++cut) EXPECT_FALSE(parse_entry(std::string(kGood.substr(0, cut)))) << cut;
  EXPECT_FALSE(parse_entry(std::string(kGood) + "\n"));
  EXPECT_EQ(parse_entry(std::string(70000, 'x')).error().code(), Code::exhausted);
}

}  // namespace
}  // namespace waybill::log
