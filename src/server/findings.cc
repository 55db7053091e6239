#include "waybill/server/findings.h"

#include "waybill/base/http.h"

namespace waybill::server {

VexWord vex_of(const graph::View& view, graph::Id vulnerability, graph::Id package, graph::Id artifact) {
  VexWord word;
  for (const auto& statement : view.exploitability(vulnerability)) {
    const auto product = statement.fact.product;
    bool fits = product.empty() || product == view.text(package) || (artifact && product == view.text(artifact));
    for (const auto part : statement.fact.subcomponents) fits = fits || part == view.text(package);
    if (!fits) continue;
    word.status = facts::to_string(statement.fact.status);
    const auto entry = view.entry(statement.entry);
    word.closes = entry && entry->is_signed && (statement.fact.status == facts::Vex::not_affected || statement.fact.status == facts::Vex::fixed);
    return word;
  }
  return word;
}

const std::vector<OpenFinding>& FindingCounter::of(graph::Id artifact) {
  const auto [it, fresh] = by_artifact_.try_emplace(artifact);
  if (!fresh) return it->second;
  for (const auto& match : view_.vulnerabilities(artifact)) {
    const auto [known, first] = by_vulnerability_.try_emplace(match.vulnerability);
    if (first) {
      if (const auto whole = view_.vulnerability(match.vulnerability)) {
        known->second.serious = whole->severity >= facts::Severity::high;
        known->second.exploited = whole->known_exploited;
        known->second.withdrawn = whole->withdrawn.is_set();
      }
    }
    if (known->second.withdrawn || vex_of(view_, match.vulnerability, match.package, artifact).closes) continue;
    it->second.push_back({match.vulnerability, match.package, known->second.serious, known->second.exploited});
  }
  return it->second;
}

std::vector<NameLink> names_in(const graph::View& view, std::string_view sentence) {
  std::vector<NameLink> links;
  size_t at = 0;
  while (at < sentence.size() && links.size() < 4) {
    const auto is_part = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
    size_t end = at;
    while (end < sentence.size() && is_part(sentence[end])) ++end;
    if (end == at) {
      ++at;
      continue;
    }
    const std::string word(sentence.substr(at, end - at));
    at = end;
    if (word.size() < 4 || word.find('-') == std::string::npos) {
      if (word.starts_with("d_") && view.decision(word)) links.push_back({word, "/decisions/" + word});
      continue;
    }
    if (view.find(graph::Kind::vulnerability, word)) links.push_back({word, "/vulnerabilities/" + http::percent_encode(word)});
  }
  return links;
}

}  // namespace waybill::server
