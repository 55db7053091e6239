// OSV: real records are read and indexed, and what the OSV service answered for a package and version is what we answer,
// with the advisories of ../../data/osv-corpus.tar.zst (beside the suite) as the database.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "suites.h"
#include "waybill/advisory/advisory.h"
#include "waybill/base/bytes.h"
#include "waybill/base/compress.h"
#include "waybill/base/json_in.h"
#include "waybill/formats/formats.h"

namespace waybill::conformance {
namespace {

// Databases that the corpus holds whole (README of the suite): only their ids are compared.
constexpr std::string_view kHeld[] = {"GO-", "RUSTSEC-", "PYSEC-", "HSEC-"};
bool is_held(std::string_view id) {
  return std::any_of(std::begin(kHeld), std::end(kHeld), [&](std::string_view prefix) { return id.starts_with(prefix); });
}

// The corpus is younger than the recordings in one place, and the record of one advisory has changed since.
std::string_view newer_reason(std::string_view id, std::string_view name) {
  if (id.starts_with("GO-2026-") && id >= "GO-2026-4900") return "the corpus holds an advisory that is newer than the recording";
  if (id == "PYSEC-2021-108" && name == "urllib3") return "the corpus's record says introduced 0; OSV's own has been changed since";
  return {};
}

Result<void> load_corpus(advisory::Index& index, const std::string& path) {
  TRY(const auto frame, read_file(path));
  TRY(const auto tar, zstd_decompress(frame, size_t{1} << 30));
  uint64_t entry = 0;
  for (size_t at = 0; at + 512 <= tar.size() && tar[at] != '\0';) {  // ustar
    size_t size = 0;
    for (const char c : std::string_view(tar).substr(at + 124, 11))
      if (c >= '0' && c <= '7') size = size * 8 + static_cast<size_t>(c - '0');
    if (tar[at + 156] == '0' || tar[at + 156] == '\0')
      TRY_DO(formats::for_each_osv(std::string_view(tar).substr(at + 512, size), [&](const facts::Affects& fact) -> Result<void> {
        index.apply(fact, ++entry);
        return {};
      }));
    at += 512 + (size + 511) / 512 * 512;
  }
  return {};
}

std::string joined(const std::set<std::string>& ids) {
  std::string out;
  for (const auto& id : ids) out += id + " ";
  return out.empty() ? "none" : out;
}

Result<void> run_answers(Counts& counts, const std::string& file, const advisory::Index& index) {
  TRY(const auto bytes, read_file(file));
  const auto short_name = file.substr(file.rfind('/') + 1);
  for (const auto line : split(bytes, '\n')) {
    if (trim(line).empty()) continue;
    auto document = JsonDocument::parse(line);
    if (!document) return fail(std::move(document).error().at(file));
    const auto row = document->root();
    const auto ecosystem = row["ecosystem"].string_or(""), name = row["name"].string_or(""), version = row["version"].string_or("");
    const auto label = std::string(ecosystem) + " " + std::string(name) + " " + std::string(version);
    if (ecosystem.empty()) {
      report_skip(counts, short_name, label + std::string(row["commit"].string_or("")),
                  "asked by commit: without the repository a commit has no place in a range");
      continue;
    }
    if (!index.covers(ecosystem)) {
      report_skip(counts, short_name, label, "the corpus holds no advisories of this ecosystem");
      continue;
    }
    auto purl = identity::to_purl(ecosystem, name);
    if (!purl) {
      report_failure(counts, short_name, label, "a purl", "none");
      continue;
    }
    purl->version = version;
    std::set<std::string> wanted, got;
    for (const auto id : row["ids"].items())
      if (is_held(id.string_or("")) && index.find_record(id.string_or(""))) wanted.emplace(id.string_or(""));
    std::string_view excused;
    for (const auto& match : index.match(*purl)) {
      const std::string id(index.record(match.record).name);
      // The service calls an untagged pseudo-version affected where we say that it cannot be ordered; both report it.
      if (!is_held(id) || (match.standing != advisory::Standing::affected && !wanted.contains(id))) continue;
      if (const auto reason = newer_reason(id, name); !wanted.contains(id) && !reason.empty()) {
        excused = reason;
        continue;
      }
      got.insert(id);
    }
    if (got != wanted)
      report_failure(counts, short_name, label, joined(wanted), joined(got));
    else if (!excused.empty())
      report_skip(counts, short_name, label, excused);
    else
      ++counts.passed;
  }
  return {};
}

Result<Counts> run(const std::string& path) {
  Counts counts;
  for (const auto& file : list_files(path + "/documents", ".json")) {
    TRY(auto bytes, read_file(file));
    // Some fixtures are wrapped by the tool that keeps them: {"schema": …, "identifier": …, "item": the record}.
    const auto name = file.substr(file.rfind('/') + 1);
    if (const auto document = JsonDocument::parse(bytes); document) {
      const auto root = document->root();
      const auto first = root.is_array() ? root.at(0) : root["item"].is_object() ? root["item"] : root;
      if (!first["id"].exists()) {
        report_skip(counts, "documents", name, "a scanner's output that holds records, not a record");
        continue;
      }
      if (root["item"].is_object()) bytes = root["item"].to_json();
    }
    advisory::Index index;
    size_t records = 0;
    const auto tally = formats::for_each_osv(bytes, [&](const facts::Affects& fact) -> Result<void> {
      index.apply(fact, ++records);
      return {};
    });
    // "sad": kept by its project as a record that must not be read.
    const bool read = tally && records > 0 && index.record_count() == records, wanted = name.find("__sad__") == std::string::npos;
    if (read == wanted)
      ++counts.passed;
    else
      report_failure(counts, "documents", name, wanted ? "records" : "a refusal", read ? "records" : tally ? "none" : tally.error().to_string());
  }
  const std::string corpus = path + "/../../data/osv-corpus.tar.zst";
  advisory::Index index;
  if (auto loaded = load_corpus(index, corpus); !loaded) {
    report_skip(counts, "recorded-answers.ndjson", "all", "the advisory corpus cannot be read: " + loaded.error().to_string());
    return counts;
  }
  TRY_DO(run_answers(counts, path + "/recorded-answers.ndjson", index));
  report_skip(counts, "match-labels.ndjson", "all", "judges matches of whole images by distributions' and GitHub's databases, which are not in the corpus");
  return counts;
}

const Registration suite{"osv", "OSV records, and the answers of the OSV service for packages and versions", run};

}  // namespace
}  // namespace waybill::conformance
