// tests/golden/formats/<case>/input.* and what it must give. WAYBILL_UPDATE_GOLDEN=1 rewrites expected.json.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "waybill/base/json_in.h"
#include "waybill/formats/formats.h"

namespace waybill::formats {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

// One fact a line, so that a difference can be read.
std::string spread(const std::string& json) {
  std::string out;
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    out += c;
    if (in_string) {
      if (c == '\\')
        out += json[++i];
      else if (c == '"')
        in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if ((c == ',' && depth <= 2) || (c == '[' && depth == 2)) out += '\n';
  }
  return out + "\n";
}

TEST(Golden, EveryFormatGivesItsFacts) {
  const bool update = std::getenv("WAYBILL_UPDATE_GOLDEN") != nullptr;
  size_t cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(WAYBILL_SOURCE_DIR "/tests/golden/formats")) {
    if (!entry.is_directory()) continue;
    for (const auto& file : std::filesystem::directory_iterator(entry.path())) {
      if (file.path().stem() != "input") continue;
      ++cases;
      auto batch = parse(read_file(file.path()));
      ASSERT_TRUE(batch) << file.path() << ": " << batch.error().to_string();
      const std::string got = spread(facts::to_json(*batch));
      ASSERT_TRUE(JsonDocument::parse(got)) << file.path();
      const auto expected = entry.path() / "expected.json";
      if (update) {
        std::ofstream(expected, std::ios::binary) << got;
        continue;
      }
      EXPECT_EQ(got, read_file(expected)) << entry.path().filename();
    }
  }
  EXPECT_GE(cases, 25u);
}

TEST(Golden, SameDocumentSameFacts) {
  for (const auto& entry : std::filesystem::directory_iterator(WAYBILL_SOURCE_DIR "/tests/golden/formats")) {
    for (const auto& file : std::filesystem::directory_iterator(entry.path())) {
      if (file.path().stem() != "input") continue;
      const std::string text = read_file(file.path());
      const auto first = parse(text), second = parse(text), marked = parse("\xef\xbb\xbf" + text);
      ASSERT_TRUE(first && second) << file.path();
      EXPECT_EQ(facts::to_json(*first), facts::to_json(*second)) << file.path();
      ASSERT_TRUE(marked) << file.path() << ": with a byte order mark: " << marked.error().to_string();
      EXPECT_EQ(facts::to_counts_json(*first), facts::to_counts_json(*marked)) << file.path();
    }
  }
}

// Cut anywhere, a document is refused with a place, or (where the cut left a whole one) read: never a crash.
TEST(Golden, CutAnywhereIsRefusedWithAPlace) {
  for (const auto& entry : std::filesystem::directory_iterator(WAYBILL_SOURCE_DIR "/tests/golden/formats")) {
    for (const auto& file : std::filesystem::directory_iterator(entry.path())) {
      if (file.path().stem() != "input") continue;
      const std::string text = read_file(file.path());
      const Format format = detect(text);
      for (size_t length = 0; length < text.size(); ++length) {
        auto batch = parse_as(format, std::make_shared<const std::string>(text.substr(0, length)));
        if (batch) continue;
        EXPECT_FALSE(batch.error().message().empty());
        EXPECT_FALSE(batch.error().where().empty()) << file.path() << " cut at " << length << ": " << batch.error().to_string();
        (void)parse(text.substr(0, length));
      }
    }
  }
}

}  // namespace
}  // namespace waybill::formats
