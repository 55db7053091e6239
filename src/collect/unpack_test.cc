#include <gtest/gtest.h>

#include "waybill/base/compress.h"
#include "waybill/collect/collect.h"

namespace waybill::collect {
namespace {

std::string octal(uint64_t value, int width) {
  std::string text(static_cast<size_t>(width), '0');
  for (int i = width - 2; i >= 0; --i, value >>= 3) text[static_cast<size_t>(i)] = static_cast<char>('0' + (value & 7));
  text.back() = '\0';
  return text;
}
std::string tar_file(const std::string& name, const std::string& content, char type = '0') {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(100, 8, octal(0644, 8));
  header.replace(124, 12, octal(content.size(), 12));
  header[156] = type;
  header.replace(257, 8, std::string("ustar\00000", 8));
  header.replace(148, 8, "        ");
  uint64_t sum = 0;
  for (const char c : header) sum += static_cast<uint8_t>(c);
  header.replace(148, 8, octal(sum, 7) + " ");
  std::string out = header + content;
  out.resize((out.size() + 511) / 512 * 512, '\0');
  return out;
}
std::vector<std::pair<std::string, std::string>> unpack(std::string_view body) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto done = for_each_in_tar(body, [&](const Piece& piece) {
    out.emplace_back(piece.name, piece.bytes);
    return true;
  });
  if (!done) out.emplace_back("error", done.error().to_string());
  return out;
}

TEST(Tar, GivesRegularFilesInOrderPlainOrCompressed) {
  const std::string end(1024, '\0');
  const std::string tar =
      tar_file("dir/", "", '5') + tar_file("a.json", "{}") + tar_file("link", "", '2') + tar_file("dir/b.json", std::string(1000, 'x')) + end;
  for (const auto& body : {tar, zstd_compress(tar), gzip_compress(tar)}) {
    const auto files = unpack(body);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(files[0], std::make_pair(std::string("a.json"), std::string("{}")));
    EXPECT_EQ(files[1].first, "dir/b.json");
    EXPECT_EQ(files[1].second.size(), 1000u);
  }
  EXPECT_TRUE(looks_like_tar(tar));
  EXPECT_FALSE(looks_like_tar(std::string(600, 'x')));
}
TEST(Tar, ReadsLongNamesOfPaxAndGnu) {
  const std::string name(180, 'n');
  std::string record = " path=" + name + "\n";
  size_t size = record.size() + 3;
  record = std::to_string(size) + record;
  EXPECT_EQ(unpack(tar_file("PaxHeader", record, 'x') + tar_file("short", "1"))[0].first, name);
  EXPECT_EQ(unpack(tar_file("././@LongLink", name + '\0', 'L') + tar_file("short", "1"))[0].first, name);
}
TEST(Tar, NamesThePlaceWhereItIsBroken) {
  const std::string tar = tar_file("a.json", std::string(2000, 'x'));
  EXPECT_NE(unpack(tar.substr(0, 1000)).back().second.find("cut short"), std::string::npos);
  std::string bad = tar;
  bad[0] = 'Z';
  EXPECT_NE(unpack(bad).back().second.find("checksum"), std::string::npos);
  EXPECT_NE(unpack(tar + "rubbish").back().second.find("inside a header"), std::string::npos);
}
TEST(Lines, PassOverEmptyOnesAndCountFromOne) {
  std::vector<std::string> names;
  ASSERT_TRUE(for_each_line("{}\n\n  \r\n{\"a\":1}\n{}", [&](const Piece& piece) {
    names.emplace_back(piece.name);
    return true;
  }));
  EXPECT_EQ(names, (std::vector<std::string>{"line 1", "line 4", "line 5"}));
}

}  // namespace
}  // namespace waybill::collect
