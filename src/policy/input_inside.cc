// The slices about what is inside: bills of materials, components, vulnerabilities.
#include <array>
#include <cmath>

#include "waybill/identity/ecosystem.h"
#include "waybill/policy/input_parts.h"

namespace waybill::policy {
namespace {

// CISA BOD 26-04, decision table 1.0.0: days until the fix must be in, -1 where it may wait for the next upgrade.
struct Deadline {
  int days = -1;
  bool forensic = false;
};
Deadline deadline_of(bool exploited, bool exposed, bool automatable, bool total) {
  if (exploited) {
    if (exposed && automatable) return {3, total};
    if ((exposed || automatable) && total) return {3, true};
    return {14, false};
  }
  if (exposed && automatable) return {total ? 3 : 14, false};
  if (exposed && total) return {14, false};
  if (exposed || automatable) return {60, false};
  return {};
}

std::string without_qualifiers(std::string_view purl) { return std::string(purl.substr(0, purl.find_first_of("?#"))); }

// SPDX ids of an expression, each once, in order. Exceptions (WITH …) and operators are no ids.
std::vector<std::string> ids_of(std::string_view expression) {
  std::vector<std::string> out;
  bool after_with = false;
  size_t i = 0;
  while (i < expression.size()) {
    while (i < expression.size() && (expression[i] == ' ' || expression[i] == '(' || expression[i] == ')')) ++i;
    size_t end = i;
    while (end < expression.size() && expression[end] != ' ' && expression[end] != '(' && expression[end] != ')') ++end;
    if (end == i) break;
    const auto word = expression.substr(i, end - i);
    i = end;
    if (word == "AND" || word == "OR") continue;
    if (word == "WITH") {
      after_with = true;
      continue;
    }
    if (after_with) {
      after_with = false;
      continue;
    }
    if (std::find(out.begin(), out.end(), word) == out.end()) out.emplace_back(word);
  }
  return out;
}

}  // namespace

Uncovered find_uncovered(const std::vector<std::string>& loaded, std::span<const graph::Component> components) {
  Uncovered out;
  // Which ecosystem a package belongs to follows from type, namespace and distribution: looked up once for each.
  absl::flat_hash_map<std::string, std::string> ecosystem_of;
  std::map<std::string, uint32_t> missing;
  std::string key;
  for (const auto& component : components) {
    key.assign(component.type);
    if (component.type == "deb" || component.type == "rpm" || component.type == "apk") {
      key += '/';
      key += component.group;
      if (const auto at = component.purl.find("distro="); at != std::string_view::npos) {
        const auto rest = component.purl.substr(at);
        key += rest.substr(0, rest.find('&'));
      }
    }
    auto it = ecosystem_of.find(key);
    if (it == ecosystem_of.end()) {
      std::string name;
      if (auto purl = identity::Purl::parse(component.purl))
        if (const auto filed = identity::advisory_name(*purl)) name = filed->ecosystem;
      it = ecosystem_of.emplace(key, std::move(name)).first;
    }
    const auto& ecosystem = it->second;
    if (ecosystem.empty()) continue;
    ++out.judged;
    if (component.version.empty()) ++out.without_version;
    bool there = std::binary_search(loaded.begin(), loaded.end(), ecosystem);
    // A package that does not say its release is looked up in all of them.
    if (!there && ecosystem.find(':') == std::string::npos) {
      const auto from = std::lower_bound(loaded.begin(), loaded.end(), ecosystem + ":");
      there = from != loaded.end() && from->starts_with(ecosystem + ":");
    }
    if (!there) ++missing[ecosystem];
  }
  out.ecosystems.assign(missing.begin(), missing.end());
  return out;
}

std::string Slices::build_sboms() {
  std::vector<std::string> out;
  for (const auto& one : inventories()) {
    const auto* signature = signature_of(one.entry);
    JsonObject o, quality;
    o.text("of", asked_.digest.empty() ? asked_.id : asked_.digest).yes("on_subject", true).yes("primary", one.primary);
    o.text("format", one.listed.format == "cyclonedx" || one.listed.format == "spdx" ? one.listed.format : std::string_view("other"))
        .text("version", one.listed.version);
    if (one.listed.generated_at.is_set()) {
      const auto at = Time{one.listed.generated_at.ms / 1000 * 1000};
      o.time("generated_at", at).number("age_days", age_days(at));
    } else {
      o.unknown("generated_at").unknown("age_days");
    }
    o.text_or_unknown("tool", one.listed.tool).text_or_unknown("phase", one.listed.phase).yes("signed", signature && trust_.trusts(signature->fact));
    quality.number("components", one.components).number("without_version", one.without_version).number("without_purl", one.without_purl);
    quality.number("without_licence", one.without_licence).number("without_hash", one.without_hash).number("without_supplier", one.without_supplier);
    quality.yes("has_graph", one.listed.has_graph || one.dependencies > 0);
    // NTIA's minimum elements; for BSI TR-03183-2 besides: licences, and SHA-512 of each component, which is not known here.
    std::vector<std::string> ntia, bsi;
    const auto lacks = [&](bool missing, const char* ntia_name, const char* bsi_name) {
      if (missing && ntia_name) ntia.emplace_back(ntia_name);
      if (missing && bsi_name) bsi.emplace_back(bsi_name);
    };
    lacks(one.listed.author.empty() && one.listed.tool.empty() && one.listed.supplier.empty(), "author", "creator");
    lacks(!one.listed.generated_at.is_set(), "timestamp", "timestamp");
    lacks(one.without_supplier > 0, "supplier", "supplier");
    lacks(one.without_name > 0, "name", "name");
    lacks(one.without_version > 0, "version", "version");
    lacks(one.without_purl > 0, "identifier", "identifier");
    lacks(!one.listed.has_graph && one.dependencies == 0 && one.components > 1, "dependencies", "dependencies");
    lacks(one.without_licence > 0, nullptr, "licence");
    lacks(one.components > 0, nullptr, "hash-sha512");
    quality.texts("missing_ntia", ntia).texts("missing_bsi", bsi);
    o.object("quality", std::move(quality)).unknown("quality.not_confirmed").entries({one.entry});
    out.push_back(std::move(o).take());
  }
  return to_json_array(out);
}

// The heavy slice: written by hand, in canonical order, without a tree in between.
std::string Slices::build_components() {
  std::vector<const graph::Component*> list;
  list.reserve(components().size());
  for (const auto& one : components()) list.push_back(&one);
  std::sort(list.begin(), list.end(), [](const auto* a, const auto* b) { return a->purl < b->purl; });
  absl::flat_hash_set<graph::Id> malicious;
  for (const auto& match : matches())
    if (match.advisory.starts_with("MAL-")) malicious.insert(match.package);
  const bool knows_running = bool(asked_.service) && bool(asked_.environment);
  absl::flat_hash_map<std::string_view, std::string> licences;
  // Which of eight facts are missing decides the list of unknowns: written once for each combination that comes up.
  std::array<std::string, 256> unknowns;
  const auto unknown_of = [&](const graph::Component& one) -> const std::string& {
    const bool missing[] = {one.direct == facts::Yes::unknown,  one.has_hash,         one.licence.empty(), !knows_running, !one.has_purl,
                            one.scope == facts::Scope::unknown, one.supplier.empty(), one.version.empty()};
    size_t which = 0;
    for (size_t i = 0; i < std::size(missing); ++i) which |= size_t{missing[i]} << i;
    auto& text = unknowns[which];
    if (!text.empty()) return text;
    text = R"(,"unknown":["age_days","deprecated","depth")";
    if (missing[0]) text += R"(,"direct")";
    text += R"(,"end_of_life")";
    if (missing[1]) text += R"(,"hashes")";
    text += R"(,"in_base","install_scripts")";
    if (missing[2]) text += R"(,"licence","licences")";
    if (missing[3]) text += R"(,"new")";
    text += R"(,"origin","provenance_verified","published_at")";
    if (missing[4]) text += R"(,"purl")";
    if (missing[5]) text += R"(,"scope")";
    text += R"(,"scorecard")";
    if (missing[6]) text += R"(,"supplier")";
    if (missing[7]) text += R"(,"version")";
    return text += R"(,"versions_behind"])";
  };
  std::string out, name;
  out.reserve(list.size() * 576 + 2);
  out += '[';
  uint64_t entry = graph::kNoEntry;
  std::string entry_text;
  for (const auto* component : list) {
    const auto& one = *component;
    if (one.entry != entry || entry_text.empty()) entry = one.entry, entry_text = std::to_string(one.entry);
    out += out.size() > 1 ? ",{" : "{";
    if (one.direct != facts::Yes::unknown) out += one.direct == facts::Yes::yes ? R"("direct":true,)" : R"("direct":false,)";
    out += R"("entries":[)";
    out += entry_text;
    out += R"(],"hashes":[],"integrity":"unchecked","kind":)";
    append_json_string(out, facts::to_string(one.kind));
    if (!one.licence.empty()) {
      auto [it, fresh] = licences.try_emplace(one.licence);
      if (fresh) {
        it->second = R"(,"licence":)";
        append_json_string(it->second, one.licence);
        JsonWriter ids;
        ids.begin_array();
        for (const auto& id : ids_of(one.licence)) ids.value(id);
        ids.end_array();
        it->second += R"(,"licences":)" + std::move(ids).take();
      }
      out += it->second;
    }
    out += malicious.contains(one.package) ? R"(,"malicious":true,"name":)" : R"(,"malicious":false,"name":)";
    if (one.group.empty()) {
      append_json_string(out, one.name);
    } else {
      name.assign(one.group).append("/").append(one.name);
      append_json_string(out, name);
    }
    if (knows_running) out += is_new(one.package) ? R"(,"new":true)" : R"(,"new":false)";
    out += R"(,"purl":)";
    append_json_string(out, one.purl);
    if (one.scope != facts::Scope::unknown) {
      out += R"(,"scope":)";
      append_json_string(out, facts::to_string(one.scope));
    }
    if (!one.supplier.empty()) {
      out += R"(,"supplier":)";
      append_json_string(out, one.supplier);
    }
    out += unknown_of(one);
    if (!one.version.empty()) {
      out += R"(,"version":)";
      append_json_string(out, one.version);
    }
    out += '}';
  }
  out += ']';
  return out;
}

std::string Slices::build_vulnerabilities() {
  struct Item {
    int rank;
    std::string key, json;
  };
  std::vector<Item> items;
  if (matches().empty()) return "[]";
  absl::flat_hash_map<graph::Id, const graph::Component*> component_of;
  for (const auto& one : components()) component_of.emplace(one.package, &one);
  // Ways through dependencies, for those that are not asked for directly.
  absl::flat_hash_map<graph::Id, std::vector<graph::Id>> path_of;
  if (from_.load_facts) {
    std::vector<graph::Id> wanted;
    for (const auto& match : matches()) {
      const auto it = component_of.find(match.package);
      if (it != component_of.end() && it->second->direct == facts::Yes::no) wanted.push_back(match.package);
    }
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    if (!wanted.empty())
      if (auto paths = view_.paths(asked_.artifact, wanted, from_.load_facts))
        for (size_t i = 0; i < wanted.size() && i < paths->size(); ++i) path_of[wanted[i]] = (*paths)[i];
  }
  const auto known_environment = asked_.environment ? view_.environment(asked_.environment) : std::nullopt;
  auto configuration = JsonDocument::parse(known_environment && !known_environment->json.empty() ? known_environment->json : std::string_view("{}"));
  const auto exposure = configuration ? configuration->root()["exposure"].string_or("") : std::string_view();
  // Who can reach it is not known: the worse is assumed where it would run.
  const bool exposed = !asked_.environment_name.empty() && (exposure == "internet" || exposure == "partner" || exposure.empty());
  const bool knows_running = bool(asked_.service) && bool(asked_.environment);

  absl::flat_hash_map<graph::Id, std::vector<std::string>> reported;
  if (asked_.artifact)
    for (const auto& one : view_.findings(asked_.artifact)) {
      if (one.fact.vulnerability.empty()) continue;
      if (const auto id = view_.find(graph::Kind::vulnerability, one.fact.vulnerability)) reported[id].emplace_back(one.fact.tool);
    }

  for (const auto& match : matches()) {
    const auto vulnerability = view_.vulnerability(match.vulnerability);
    if (!vulnerability || vulnerability->withdrawn.is_set()) continue;
    const auto purl = view_.text(match.package);
    const auto it = component_of.find(match.package);
    const auto* component = it == component_of.end() ? nullptr : it->second;
    const auto key = std::string(vulnerability->name) + " " + without_qualifiers(purl);
    JsonObject o;
    std::vector<uint64_t> entries = vulnerability->entries;
    if (match.advisory_entry != graph::kNoEntry) entries.push_back(match.advisory_entry);
    if (match.package_entry != graph::kNoEntry) entries.push_back(match.package_entry);
    o.text("key", key).text("id", vulnerability->name).texts("aliases", vulnerability->aliases).text("package", purl);
    o.text("match", match.undetermined ? "undetermined" : "affected");

    // The newest statement that speaks of this package, or of this artifact.
    std::string state = "open";
    bool open = true;
    for (const auto& statement : view_.exploitability(match.vulnerability)) {
      const auto& fact = statement.fact;
      const auto speaks_of = [&](std::string_view product) {
        return product == purl || product == without_qualifiers(purl) || (!asked_.digest.empty() && product == asked_.digest) ||
               (component && product == component->purl);
      };
      bool applies = speaks_of(fact.product);
      if (!fact.subcomponents.empty()) {
        bool inner = false;
        for (const auto sub : fact.subcomponents) inner = inner || speaks_of(sub);
        applies = applies ? inner : false;
      } else if (!applies) {
        for (const auto sub : fact.subcomponents) applies = applies || speaks_of(sub);
      }
      if (!applies) continue;
      // Whoever signed it with a key that we trust may speak; else the list of authors must name its author.
      const auto signed_by = signature_of(statement.entry);
      const bool listed = std::find(trust_.vex_authors.begin(), trust_.vex_authors.end(), fact.author) != trust_.vex_authors.end() ||
                          (signed_by && std::find(trust_.vex_authors.begin(), trust_.vex_authors.end(), signed_by->fact.identity) != trust_.vex_authors.end());
      const auto entry = view_.entry(statement.entry);
      const bool trusted = listed && entry && entry->is_signed;
      JsonObject vex;
      vex.text("status", facts::to_string(fact.status)).text("justification", fact.justification).text("by", fact.author).yes("trusted", trusted);
      o.object("vex", std::move(vex));
      entries.push_back(statement.entry);
      if (trusted && fact.status == facts::Vex::not_affected) open = false, state = "not_affected";
      if (trusted && fact.status == facts::Vex::fixed) open = false, state = "fixed";
      if (trusted && fact.status == facts::Vex::under_investigation) state = "in_triage";
      break;
    }
    o.yes("open", open).text("state", state).text("severity", facts::to_string(vulnerability->severity));
    if (vulnerability->score >= 0) {
      JsonObject cvss;
      const auto vector = vulnerability->vector;
      const auto version = vector.starts_with("CVSS:")                ? vector.substr(5, 3)
                           : vulnerability->score_scheme == "CVSS_V2" ? std::string_view("2.0")
                                                                      : std::string_view();
      cvss.real("score", vulnerability->score);
      if (!version.empty())
        cvss.text("version", version);
      else
        o.unknown("cvss.version");
      if (!vector.empty())
        cvss.text("vector", vector);
      else
        o.unknown("cvss.vector");
      if (!vulnerability->score_source.empty())
        cvss.text("source", vulnerability->score_source);
      else
        o.unknown("cvss.source");
      o.object("cvss", std::move(cvss));
    } else {
      o.unknown("cvss");
    }
    if (vulnerability->epss >= 0) {
      JsonObject epss;
      epss.real("probability", vulnerability->epss);
      if (vulnerability->epss_percentile >= 0)
        epss.real("percentile", vulnerability->epss_percentile);
      else
        o.unknown("epss.percentile");
      if (vulnerability->epss_at.is_set())
        epss.text("date", to_date(vulnerability->epss_at));
      else
        o.unknown("epss.date");
      o.object("epss", std::move(epss));
    } else {
      o.unknown("epss");
    }
    o.yes("known_exploited", vulnerability->known_exploited);
    if (vulnerability->known_exploited) {
      JsonObject kev;
      if (vulnerability->exploited_since.is_set()) kev.text("since", to_date(vulnerability->exploited_since));
      if (vulnerability->exploited_due.is_set()) kev.text("due", to_date(vulnerability->exploited_due));
      kev.yes("ransomware", vulnerability->ransomware);
      o.object("kev", std::move(kev));
    }
    o.unknown("ssvc").unknown("in_base").unknown("reachable");
    JsonObject fix;
    fix.yes("available", !match.fixed.empty()).texts("versions", match.fixed);
    if (!match.fixed.empty() && component)
      fix.text("upgrade", (component->group.empty() ? std::string() : std::string(component->group) + "/") + std::string(component->name) + " " +
                              std::string(match.fixed.front()));
    o.object("fix", std::move(fix));
    if (component && component->direct != facts::Yes::unknown)
      o.yes("direct", component->direct == facts::Yes::yes);
    else
      o.unknown("direct");
    if (component && component->scope != facts::Scope::unknown)
      o.text("scope", facts::to_string(component->scope));
    else
      o.unknown("scope");
    std::vector<std::string_view> path;
    if (component && component->direct == facts::Yes::yes) {
      path.push_back(purl);
    } else if (const auto way = path_of.find(match.package); way != path_of.end()) {
      for (const auto step : way->second) path.push_back(view_.text(step));
    }
    if (path.empty()) o.unknown("path");
    o.texts("path", path);
    if (knows_running)
      o.yes("new", is_new(match.package));
    else
      o.unknown("new");
    o.time_or_unknown("published_at", vulnerability->published);
    const auto known_at = Time{match.known_at.ms / 1000 * 1000};
    o.time("known_at", known_at).number("age_days", age_days(known_at));
    // What is not known of it (can it be automated, is the impact total) counts as the worse where it is exposed.
    const auto deadline = deadline_of(vulnerability->known_exploited, exposed, exposed, exposed);
    if (deadline.days >= 0 && !asked_.environment_name.empty()) {
      const auto at = Time{known_at.ms + deadline.days * kDayMs};
      JsonObject d;
      std::string because = vulnerability->known_exploited ? "in KEV" : "not in KEV";
      because += exposure.empty() ? ", exposure not known and taken as public"
                 : exposed        ? ", exposed to " + std::string(exposure == "partner" ? "partners" : "the internet")
                                  : ", not exposed";
      because += exposed ? ", automation and impact not known and taken as the worse" : ", automation and impact not known and taken as the better";
      because += ": " + std::to_string(deadline.days) + " days" + (deadline.forensic ? " and a forensic look" : "");
      d.time("at", at).number("days_left", days_between(asked_.now, at)).text("because", because);
      o.object("deadline", std::move(d));
    }
    std::vector<std::string> by;
    if (const auto found = reported.find(match.vulnerability); found != reported.end()) by = found->second;
    std::sort(by.begin(), by.end());
    by.erase(std::unique(by.begin(), by.end()), by.end());
    o.texts("reported_by", by).raw("silent", "[]").entries(entries);
    items.push_back({9 - static_cast<int>(vulnerability->severity), key, std::move(o).take()});
  }
  std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return std::tie(a.rank, a.key) < std::tie(b.rank, b.key); });
  std::vector<std::string> out;
  for (auto& item : items) out.push_back(std::move(item.json));
  return to_json_array(out);
}

}  // namespace waybill::policy
