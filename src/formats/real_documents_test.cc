// Documents of the real world, where they are at hand (../shared, or WAYBILL_SHARED): nothing valid is refused.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "waybill/base/compress.h"
#include "waybill/formats/formats.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WAYBILL_UNDER_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WAYBILL_UNDER_SANITIZER
#endif
#endif

namespace waybill::formats {
namespace {

std::string shared_folder() {
  const char* named = std::getenv("WAYBILL_SHARED");
  return named != nullptr ? named : WAYBILL_SOURCE_DIR "/../shared";
}
std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

// The regular files of an uncompressed tar (ustar).
std::vector<std::pair<std::string, std::string>> untar(std::string_view tar) {
  std::vector<std::pair<std::string, std::string>> files;
  for (size_t at = 0; at + 512 <= tar.size() && tar[at] != '\0';) {
    const std::string_view header = tar.substr(at, 512);
    const size_t size = std::strtoull(std::string(header.substr(124, 11)).c_str(), nullptr, 8);
    if (header[156] == '0' || header[156] == '\0')
      files.emplace_back(std::string(header.substr(0, std::min<size_t>(100, header.find('\0')))), std::string(tar.substr(at + 512, size)));
    at += 512 + (size + 511) / 512 * 512;
  }
  return files;
}
std::string unpacked(const std::string& path) {
  auto bytes = zstd_decompress(read_file(path), size_t{1} << 30);
  return bytes ? std::move(*bytes) : std::string();
}

TEST(RealDocuments, AllBillsOfMaterialsInJsonAreRead) {
  const std::string path = shared_folder() + "/data/sboms/sboms.tar.zst";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no real SBOMs at hand: " << path << " is not there";
  size_t read = 0, by_name = 0;
  for (const auto& [name, text] : untar(unpacked(path))) {
    const auto batch = parse(text);
    if (row_of(detect(text)).read) {
      ASSERT_TRUE(batch) << name << ": " << batch.error().to_string();
      EXPECT_FALSE(batch->contains.empty()) << name;
      ++read;
    } else {
      EXPECT_NE(detect(text), Format::unknown) << name;
      EXPECT_FALSE(batch) << name;
      ++by_name;
    }
  }
  EXPECT_GE(read, 40u);
  EXPECT_EQ(read + by_name, 60u);
}

TEST(RealDocuments, AllAdvisoriesAreRead) {
  const std::string path = shared_folder() + "/data/osv-corpus.tar.zst";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no advisories at hand: " << path << " is not there";
  size_t records = 0;
  for (const auto& [name, text] : untar(unpacked(path))) {
    const auto tally = for_each_osv(text, [](const facts::Affects& record) -> Result<void> {
      if (record.id.empty()) return fail(Code::invalid, "no id");
      return {};
    });
    ASSERT_TRUE(tally) << name << ": " << tally.error().to_string();
    records += tally->records;
  }
  EXPECT_EQ(records, 19'545u);
}

TEST(RealDocuments, ProvenanceOfGitHubsBuildersIsRead) {
  const std::string folder = shared_folder() + "/conformance/slsa/slsa-verifier";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no provenance at hand: " << folder << " is not there";
  size_t read = 0, sourced = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (!entry.is_regular_file() || !(name.ends_with(".intoto.jsonl") || name.ends_with(".sigstore"))) continue;
    const std::string text = read_file(entry.path());
    const Format format = detect(text);
    if (format != Format::envelope && format != Format::bundle) continue;
    const auto batch = parse(text);
    if (!batch) continue;  // some are broken on purpose; what is read must make sense
    ++read;
    if (batch->kind != "provenance") continue;
    EXPECT_FALSE(batch->built_by.empty()) << name;
    EXPECT_FALSE(batch->subject.empty()) << name;
    if (!batch->built_by.empty() && !batch->built_by[0].source.empty()) ++sourced;
  }
  EXPECT_GE(read, 20u);
  EXPECT_GE(sourced, 15u);
}

// A bill of materials of 50 MB in a process of its own: never more than three times its size.
TEST(Memory, ABigBillOfMaterialsNeedsLessThanThreeTimesItsSize) {
#if defined(WAYBILL_UNDER_SANITIZER)
  GTEST_SKIP() << "a sanitizer's own memory would be measured";
#endif
  std::string text =
      R"({"bomFormat":"CycloneDX","specVersion":"1.5","metadata":{"component":{"type":"application","name":"big","bom-ref":"root"}},"components":[)";
  std::string dependencies = R"(],"dependencies":[{"ref":"root","dependsOn":[]})";
  const std::string hash(64, 'a');
  for (uint32_t i = 0; text.size() + dependencies.size() < size_t{50} << 20; ++i) {
    const std::string purl = "pkg:npm/package-" + std::to_string(i * 2654435761u) + "@1." + std::to_string(i);
    text += (i == 0 ? "" : ",") + std::string(R"({"bom-ref":")") + purl +
            R"(","type":"library","name":"package","version":"1","hashes":[{"alg":"SHA-256","content":")" + hash +
            R"("}],"licenses":[{"license":{"id":"MIT"}}],"purl":")" + purl +
            R"(","properties":[{"name":"location","value":"/app/vendor/npm/package/package.json"}]})";
    dependencies += R"(,{"ref":")" + purl + R"(","dependsOn":["root"]})";
  }
  text += dependencies + "]}";
  const std::string path = testing::TempDir() + "/big.cdx.json";
  std::ofstream(path, std::ios::binary) << text;
  const size_t size = text.size();
  std::string().swap(text);
  std::string().swap(dependencies);
  const pid_t child = fork();
  if (child == 0) {
    // A process of its own, so that only what reading takes is counted.
    const auto resident = [] {
      size_t pages = 0, kept = 0;
      std::ifstream("/proc/self/statm") >> pages >> kept;
      return kept * static_cast<size_t>(sysconf(_SC_PAGESIZE));
    };
    std::ofstream("/proc/self/clear_refs") << 5;  // the peak starts here
    const size_t before = resident();
    auto document = std::make_shared<std::string>(size, '\0');
    std::ifstream(path, std::ios::binary).read(document->data(), static_cast<std::streamsize>(size));
    const auto batch = parse(std::shared_ptr<const std::string>(document));
    if (!batch || batch->contains.size() < 50'000) _exit(1);
    std::ifstream status("/proc/self/status");
    size_t peak = 0;
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmHWM:")) peak = std::strtoull(line.c_str() + 6, nullptr, 10) << 10;
    std::fprintf(stderr, "%zu MB of document, %zu MB of memory\n", size >> 20, (peak - before) >> 20);
    _exit(peak - before <= 3 * size ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  std::filesystem::remove(path);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: not read, 2: more than three times its size";
}

}  // namespace
}  // namespace waybill::formats
