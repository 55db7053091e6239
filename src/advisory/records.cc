#include "waybill/advisory/records.h"

#include <algorithm>

#include "waybill/advisory/cvss.h"
#include "waybill/advisory/flat.h"
#include "waybill/base/bytes.h"

namespace waybill::advisory {
namespace {

void put_texts(std::string& out, facts::Texts texts) {
  flat::put(out, static_cast<uint32_t>(texts.size()));
  for (const auto text : texts) flat::put_text(out, text);
}

// The CVE if the record names exactly one, else its own id.
std::string_view vulnerability_of(const facts::Affects& fact) {
  std::string_view cve;
  const auto consider = [&](std::string_view name) {
    if (!is_cve(name)) return true;
    if (!cve.empty() && !equals_ignore_case(cve, name)) return false;
    cve = name;
    return true;
  };
  bool one = consider(fact.id);
  for (const auto alias : fact.aliases) one = one && consider(alias);
  return one && !cve.empty() ? cve : fact.id;
}

}  // namespace

std::string index_name(std::string_view ecosystem, std::string_view name) {
  std::string out;
  out.reserve(ecosystem.size() + 1 + name.size());
  out += ecosystem;
  out += '\n';
  out += name;
  return out;
}

bool is_cve(std::string_view name) {
  return name.size() > 9 && equals_ignore_case(name.substr(0, 4), "CVE-") &&
         std::all_of(name.begin() + 4, name.end(), [](char c) { return (c >= '0' && c <= '9') || c == '-'; });
}

std::string to_upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

// head (vulnerability, withdrawn), then the fields of Record one after the other
std::string pack_record(const facts::Affects& fact, const std::vector<std::string>& packages, uint64_t log_index, uint64_t first_log_index) {
  facts::Severity severity = facts::Severity::unknown;
  double score = -1;
  std::string_view version, vector;
  for (const auto& [type, text] : fact.scores) {
    const auto cvss = parse_cvss(text);
    if (!cvss) continue;
    const auto named = to_string(cvss->version);
    // 4.0 before 3.1 before 3.0 before 2.0: the names compare like that. Of two of one version the higher score.
    if (named < version || (named == version && cvss->score <= score)) continue;
    version = named;
    vector = text;
    score = cvss->score;
    severity = cvss->severity;
  }
  auto word = fact.severity;
  for (const auto& package : fact.affected)
    if (word.empty()) word = package.severity;
  if (score < 0) severity = facts::parse_severity(word);

  std::string out;
  const std::string_view vulnerability = vulnerability_of(fact);
  flat::put_text(out, is_cve(vulnerability) ? to_upper(vulnerability) : std::string(vulnerability));
  flat::put(out, static_cast<uint8_t>(fact.withdrawn.is_set()));
  flat::put(out, static_cast<uint8_t>(severity));
  flat::put(out, score);
  flat::put(out, fact.published.ms);
  flat::put(out, fact.modified.ms);
  flat::put(out, fact.withdrawn.ms);
  flat::put(out, log_index);
  flat::put(out, first_log_index);
  for (const auto text : {fact.id, fact.summary, fact.source, word, version, vector}) flat::put_text(out, text);
  put_texts(out, fact.aliases);
  put_texts(out, fact.related);
  put_texts(out, fact.upstream);
  flat::put(out, static_cast<uint32_t>(fact.scores.size()));
  for (const auto& [type, text] : fact.scores) {
    flat::put_text(out, type);
    flat::put_text(out, text);
  }
  flat::put(out, static_cast<uint32_t>(packages.size()));
  for (const auto& package : packages) flat::put_text(out, package);
  return out;
}

RecordHead record_head(std::string_view bytes) {
  flat::Reader in(bytes);
  RecordHead head;
  head.vulnerability = in.take_text();
  head.withdrawn = in.take<uint8_t>() != 0;
  return head;
}

Record unpack_record(RecordId id, std::string_view bytes) {
  flat::Reader in(bytes);
  Record record;
  record.id = id;
  in.take_text();
  in.take<uint8_t>();
  record.severity = static_cast<facts::Severity>(std::min<uint8_t>(in.take<uint8_t>(), static_cast<uint8_t>(facts::Severity::critical)));
  record.score = in.take<double>();
  record.published.ms = in.take<int64_t>();
  record.modified.ms = in.take<int64_t>();
  record.withdrawn.ms = in.take<int64_t>();
  record.log_index = in.take<uint64_t>();
  record.first_log_index = in.take<uint64_t>();
  for (auto* text : {&record.name, &record.summary, &record.source, &record.severity_word, &record.cvss_version, &record.vector}) *text = in.take_text();
  record.aliases = in.take_texts();
  record.related = in.take_texts();
  record.upstream = in.take_texts();
  for (auto count = in.take<uint32_t>(); count > 0 && !in.empty(); --count) {
    const auto type = in.take_text();
    record.vectors.emplace_back(type, in.take_text());
  }
  record.packages = in.take_texts();
  return record;
}

std::string pack_scores(const std::vector<Score>& scores) {
  std::string out;
  flat::put(out, static_cast<uint32_t>(scores.size()));
  for (const auto& score : scores) {
    flat::put_text(out, score.scheme);
    flat::put_text(out, score.text);
    flat::put(out, score.value);
    flat::put(out, score.at.ms);
    flat::put(out, score.due.ms);
    flat::put(out, score.log_index);
  }
  return out;
}

std::vector<Score> unpack_scores(std::string_view bytes) {
  flat::Reader in(bytes);
  std::vector<Score> scores;
  for (auto count = in.take<uint32_t>(); count > 0 && !in.empty(); --count) {
    auto& score = scores.emplace_back();
    score.scheme = in.take_text();
    score.text = in.take_text();
    score.value = in.take<double>();
    score.at.ms = in.take<int64_t>();
    score.due.ms = in.take<int64_t>();
    score.log_index = in.take<uint64_t>();
  }
  return scores;
}

}  // namespace waybill::advisory
