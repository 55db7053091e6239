// waybill-conformance SUITE PATH: runs an outside suite's own files through our code.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "suites.h"

namespace waybill::conformance {
namespace {

struct Suite {
  std::string about;
  RunSuite run;
};
std::map<std::string, Suite, std::less<>>& suites() {
  static std::map<std::string, Suite, std::less<>> all;
  return all;
}

// Failures are one line each, however long the values are.
std::string one_line(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, 2000)) {
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  if (text.size() > 2000) out += "…";
  return out;
}

}  // namespace

Registration::Registration(std::string_view name, std::string_view about, RunSuite run) { suites()[std::string(name)] = {std::string(about), run}; }

void report_failure(Counts& counts, std::string_view file, std::string_view name, std::string_view wanted, std::string_view got) {
  ++counts.failed;
  std::printf("FAIL %s: %s: wanted %s, got %s\n", std::string(file).c_str(), one_line(name).c_str(), one_line(wanted).c_str(), one_line(got).c_str());
}

void report_skip(Counts& counts, std::string_view file, std::string_view name, std::string_view reason) {
  ++counts.skipped;
  std::printf("SKIP %s: %s: %s\n", std::string(file).c_str(), one_line(name).c_str(), one_line(reason).c_str());
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Code::not_found, "cannot read " + path);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

std::vector<std::string> list_files(const std::string& path, std::string_view ending) {
  std::vector<std::string> found;
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) return {path};
  for (auto it = std::filesystem::recursive_directory_iterator(path, ignored); it != std::filesystem::recursive_directory_iterator(); it.increment(ignored)) {
    if (it->is_regular_file(ignored) && it->path().string().ends_with(ending)) found.push_back(it->path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

namespace {

int usage() {
  std::fprintf(stderr, "usage: waybill-conformance SUITE PATH\n\nRuns an outside test suite's own files through Waybill's code. Suites:\n");
  for (const auto& [name, suite] : suites()) std::fprintf(stderr, "  %-10s %s\n", name.c_str(), suite.about.c_str());
  return 2;
}

int run(int argc, char** argv) {
  if (argc != 3) return usage();
  const auto it = suites().find(std::string_view(argv[1]));
  if (it == suites().end()) {
    std::fprintf(stderr, "waybill-conformance: no suite is called '%s'\n\n", argv[1]);
    return usage();
  }
  std::error_code ignored;
  if (!std::filesystem::exists(argv[2], ignored)) {
    std::fprintf(stderr, "waybill-conformance: %s: no such file or directory\n", argv[2]);
    return 2;
  }
  const auto counts = it->second.run(argv[2]);
  if (!counts) {
    std::fprintf(stderr, "waybill-conformance: %s\n", counts.error().to_string().c_str());
    return 1;
  }
  std::printf("%zu passed, %zu failed, %zu skipped\n", counts->passed, counts->failed, counts->skipped);
  return counts->failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace waybill::conformance

int main(int argc, char** argv) { return waybill::conformance::run(argc, argv); }
