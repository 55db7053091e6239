// Version order: google/osv-scalibr's pairs, apk-tools' own list, and the comparisons of package-url/vers-spec.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "suites.h"
#include "waybill/base/bytes.h"
#include "waybill/base/json_in.h"
#include "waybill/identity/version.h"

namespace waybill::conformance {
namespace {

using identity::Scheme;

struct FileScheme {
  std::string_view start;
  Scheme scheme;
};
constexpr FileScheme kPairFiles[] = {
    {"alpine-", Scheme::apk},  {"cran-", Scheme::cran},   {"debian-", Scheme::deb},          {"hackage-", Scheme::hackage},
    {"maven-", Scheme::maven}, {"nuget-", Scheme::nuget}, {"packagist-", Scheme::packagist}, {"pub-", Scheme::pub},
    {"pypi-", Scheme::pep440}, {"redhat-", Scheme::rpm},  {"rubygems-", Scheme::rubygems},   {"semver-", Scheme::semver},
};
struct VersScheme {
  std::string_view name;
  Scheme scheme;
};
constexpr VersScheme kVersSchemes[] = {{"apk", Scheme::apk},
                                       {"alpine", Scheme::apk},
                                       {"alpm", Scheme::alpm},
                                       {"maven", Scheme::maven},
                                       {"nuget", Scheme::nuget},
                                       {"pypi", Scheme::pep440},
                                       {"deb", Scheme::deb},
                                       {"rpm", Scheme::rpm},
                                       {"gem", Scheme::rubygems},
                                       {"npm", Scheme::semver},
                                       {"golang", Scheme::go},
                                       {"cargo", Scheme::semver},
                                       {"composer", Scheme::packagist},
                                       {"lexicographic", Scheme::text}};

// True disagreements, each by the rule that makes it one. Asked only where we disagree.
bool has_dotted_word(std::string_view text) {
  for (size_t i = 0; i + 1 < text.size(); ++i)
    if (text[i] == '.' && ((text[i + 1] >= 'a' && text[i + 1] <= 'z') || (text[i + 1] >= 'A' && text[i + 1] <= 'Z'))) return true;
  return false;
}
std::string_view known_reason(Scheme scheme, std::string_view a, std::string_view b) {
  if (scheme == Scheme::maven && (has_dotted_word(a) || has_dotted_word(b)))
    return "compares a .qualifier by the rule before Maven 3.9, by which the order is not total (MNG-7644)";
  if (scheme == Scheme::packagist && (a.find('#') != std::string_view::npos || b.find('#') != std::string_view::npos))
    return "a '#' is internal to PHP's version_compare; nobody publishes such a version";
  if (scheme == Scheme::alpm && (a.find('-') == std::string_view::npos) != (b.find('-') == std::string_view::npos))
    return "vercmp ignores a release that only one side has, by which the order is not total";
  if (scheme == Scheme::apk && (!identity::to_version_key(scheme, a) || !identity::to_version_key(scheme, b)))
    return "a version that apk-tools itself calls invalid: tests only its fall-back";
  return {};
}

// nullopt: one of the two is no version of the scheme.
std::optional<char> order(Scheme scheme, std::string_view a, std::string_view b) {
  const auto result = identity::compare_versions(scheme, a, b);
  if (!result) return std::nullopt;
  return *result < 0 ? '<' : *result > 0 ? '>' : '=';
}

void run_pairs(Counts& counts, const std::string& file, std::string_view bytes, Scheme scheme) {
  const auto name = file.substr(file.rfind('/') + 1);
  for (const auto line : split(bytes, '\n')) {
    const auto text = trim(line);
    if (text.empty() || text.starts_with('#') || text.starts_with("//")) continue;
    size_t at = std::string_view::npos;
    for (const std::string_view sign : {" < ", " > ", " = "})
      if (const size_t found = text.find(sign); found != std::string_view::npos) at = std::min(at, found);
    if (at == std::string_view::npos) continue;
    const char wanted = text[at + 1];
    const auto a = trim(text.substr(0, at)), b = trim(text.substr(at + 3));
    const auto got = order(scheme, a, b);
    if (got == wanted)
      ++counts.passed;
    else if (const auto reason = known_reason(scheme, a, b); !reason.empty())
      report_skip(counts, name, text, reason);
    else
      report_failure(counts, name, text, std::string(1, wanted), got ? std::string(1, *got) : "no version");
  }
}

// apk-tools' test/unit/version.data: "a < b", a single version that must be valid, "!a" one that must not.
void run_apk_tools(Counts& counts, std::string_view bytes) {
  constexpr std::string_view name = "apk-tools-version.data.txt";
  for (const auto line : split(bytes, '\n')) {
    auto text = trim(line.substr(0, line.find('#')));
    if (text.empty()) continue;
    std::vector<std::string_view> words;
    for (const auto word : split(text, ' '))
      if (!word.empty()) words.push_back(word);
    if (words.size() == 1) {
      const bool wanted = !words[0].starts_with('!');
      const auto version = wanted ? words[0] : words[0].substr(1);
      const bool got = identity::to_version_key(Scheme::apk, version).has_value();
      if (got == wanted)
        ++counts.passed;
      else
        report_failure(counts, name, text, wanted ? "valid" : "invalid", got ? "valid" : "invalid");
    } else if (words.size() == 3) {
      if (words[1].find('~') != std::string_view::npos) {
        report_skip(counts, name, text, "'~' is a question of apk's package selection, not of the order");
        continue;
      }
      const auto got = order(Scheme::apk, words[0], words[2]);
      if (got && *got == words[1][0])
        ++counts.passed;
      else if (const auto reason = known_reason(Scheme::apk, words[0], words[2]); !reason.empty())
        report_skip(counts, name, text, reason);
      else
        report_failure(counts, name, text, words[1], got ? std::string(1, *got) : "no version");
    }
  }
}

Result<void> run_vers(Counts& counts, const std::string& file, std::string_view bytes) {
  const auto name = file.substr(file.rfind('/') + 1);
  auto document = JsonDocument::parse(bytes);
  if (!document) return fail(std::move(document).error().at(file));
  for (const auto test : document->root()["tests"].items()) {
    const auto type = test["test_type"].string_or("");
    const auto label = std::string(type) + " " + test["input"].to_json();
    const auto scheme_name = test["input"]["input_scheme"].string_or("");
    if (type != "comparison" && type != "equality") {
      report_skip(counts, name, label, "vers: range expressions are not read by Waybill; OSV's ranges are");
      continue;
    }
    std::optional<Scheme> scheme;
    for (const auto& row : kVersSchemes)
      if (row.name == scheme_name) scheme = row.scheme;
    if (!scheme) {
      report_skip(counts, name, label, "no ecosystem of OSV orders versions by the scheme " + std::string(scheme_name));
      continue;
    }
    std::vector<std::string> versions;
    for (const auto version : test["input"]["versions"].items()) versions.emplace_back(version.string_or(""));
    bool valid = true;
    for (const auto& version : versions) valid = valid && identity::to_version_key(*scheme, version).has_value();
    std::string got, wanted;
    if (!valid) {
      got = "no version";
      wanted = test["expected_output"].to_json();
    } else if (type == "equality") {
      got = order(*scheme, versions.at(0), versions.at(1)) == '=' ? "true" : "false";
      wanted = test["expected_output"].to_json();
    } else {
      std::sort(versions.begin(), versions.end(), [&](const auto& a, const auto& b) { return order(*scheme, a, b) == '<'; });
      // The expected texts are normalised: what counts is that each place holds an equal version.
      size_t at = 0;
      for (const auto version : test["expected_output"].items()) {
        wanted += std::string(version.string_or("")) + " ";
        if (at < versions.size()) got += (order(*scheme, versions[at], version.string_or("")) == '=' ? std::string(version.string_or("")) : versions[at]) + " ";
        ++at;
      }
    }
    if (got == wanted)
      ++counts.passed;
    else if (const auto reason = versions.size() == 2 ? known_reason(*scheme, versions[0], versions[1]) : std::string_view(); !reason.empty())
      report_skip(counts, name, label, reason);
    else
      report_failure(counts, name, label, wanted, got);
  }
  return {};
}

Result<Counts> run(const std::string& path) {
  Counts counts;
  for (const auto& file : list_files(path, ".txt")) {
    TRY(const auto bytes, read_file(file));
    const auto name = file.substr(file.rfind('/') + 1);
    if (name == "apk-tools-version.data.txt") run_apk_tools(counts, bytes);
    for (const auto& row : kPairFiles)
      if (name.starts_with(row.start)) run_pairs(counts, file, bytes, row.scheme);
  }
  for (const auto& file : list_files(path, ".json")) {
    TRY(const auto bytes, read_file(file));
    TRY_DO(run_vers(counts, file, bytes));
  }
  return counts;
}

const Registration suite{"versions", "version order: osv-scalibr's pairs, apk-tools' list, vers-spec's comparisons", run};

}  // namespace
}  // namespace waybill::conformance
