#include "waybill/report/zip.h"

#include <gtest/gtest.h>

namespace waybill::report {
namespace {

ZipMembers sample() {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "line " + std::to_string(i % 37) + "\n";
  std::string noise;
  for (uint32_t i = 0, x = 1; i < 3000; ++i) x = x * 1664525 + 1013904223, noise.push_back(static_cast<char>(x >> 24));
  return {{"dbom.json", "{\"a\":1}"}, {"documents/größe", text}, {"documents/noise", noise}, {"empty", ""}};
}

TEST(Zip, RoundTripsAndIsDeterministic) {
  const auto zip = write_zip(sample());
  EXPECT_EQ(zip, write_zip(sample()));
  EXPECT_TRUE(is_zip(zip));
  const auto back = read_zip(zip, 100, size_t{1} << 20);
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(*back, sample());
  EXPECT_TRUE(read_zip(write_zip({}), 1, 1)->empty());
}
TEST(Zip, LimitsHold) {
  const auto zip = write_zip(sample());
  EXPECT_EQ(read_zip(zip, 3, size_t{1} << 20).error().code(), Code::exhausted);
  EXPECT_EQ(read_zip(zip, 100, 1000).error().code(), Code::exhausted);
}
TEST(Zip, EveryCutIsRefused) {
  const auto zip = write_zip({{"a", "alpha"}, {"b", std::string(200, 'b')}});
  for (size_t cut = 0; cut < zip.size(); ++cut) EXPECT_FALSE(read_zip(zip.substr(0, cut), 10, 10'000)) << cut;
}
TEST(Zip, NoFlippedBitChangesWhatIsRead) {
  const ZipMembers members{{"a", "alpha"}, {"b", std::string(200, 'b')}};
  const auto zip = write_zip(members);
  for (size_t at = 0; at < zip.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      auto damaged = zip;
      damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
      const auto back = read_zip(damaged, 10, 10'000);
      if (!back) continue;
      // Names stand twice and times and attributes mean nothing to us; content is under a checksum.
      for (size_t i = 0; i < back->size() && i < members.size(); ++i) EXPECT_EQ((*back)[i].second, members[i].second) << at;
    }
}
TEST(Zip, NamesThatPointOutsideAreRefused) {
  for (const char* name : {"/etc/passwd", "../x", "a/../../x", "a\\b", ""}) EXPECT_FALSE(read_zip(write_zip({{name, "x"}}), 10, 100)) << name;
  EXPECT_FALSE(read_zip(write_zip({{"a", "x"}, {"a", "y"}}), 10, 100));
}

}  // namespace
}  // namespace waybill::report
