#include "waybill/server/findings.h"
#include "waybill/server/handlers.h"
#include "waybill/server/present.h"
#include "waybill/server/world.h"
#include "waybill/trust/merkle.h"

namespace waybill::server {
namespace {

constexpr size_t kMaxComponents = 200;      // of one answer; ?cursor= for more
constexpr size_t kMaxGraphVulnerable = 12;  // components drawn

std::string display_name(const graph::View& view, graph::Id id) {
  const auto name = view.name(id);
  if (name.empty() || name == view.text(id)) {
    const auto text = view.text(id);
    return text.starts_with("sha256:") ? short_digest(text) : std::string(text);
  }
  return std::string(name);
}

// "registry.example/harbour:1.4.0" → "harbour:1.4.0"
std::string tail_of(std::string_view name) {
  const auto slash = name.rfind('/');
  return std::string(slash == std::string_view::npos || name.starts_with("pkg:") || name.starts_with("git+") ? name : name.substr(slash + 1));
}

std::string subject_href(std::string_view id) { return "/subjects/" + http::percent_encode(id); }

// Does the caller see it? What runs (or ran) only outside of the scopes stays hidden; what belongs to nobody is seen.
bool may_see(const Context& context, const graph::View& view, graph::Id id) {
  if (id.kind() != graph::Kind::artifact) return true;
  bool any = false;
  for (const auto& deployment : view.deployments_of(id)) {
    any = true;
    if (context.sees(service_info(view, deployment.service).scope)) return true;
  }
  return !any;
}

}  // namespace

Result<http::Response> list_subjects(Context& context) {
  TRY(const auto view, context.view());
  TRY(const auto page, context.paging(50));
  const auto q = context.parameter_or("q", "");
  std::vector<graph::Id> ids;
  bool more = false;
  if (!q.empty()) {
    for (const auto& hit : view.search(q, 500))
      if (hit.id.kind() == graph::Kind::artifact || hit.id.kind() == graph::Kind::package || hit.id.kind() == graph::Kind::source) ids.push_back(hit.id);
    more = ids.size() > page.from + page.limit;
    ids.erase(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(std::min(page.from, ids.size())));
    if (ids.size() > page.limit) ids.resize(page.limit);
  } else {
    // Newest first: ids are given in log order.
    const size_t total = view.counts().artifacts;
    const size_t end = total > page.from ? total - page.from : 0, begin = end > page.limit ? end - page.limit : 0;
    ids = view.all(graph::Kind::artifact, {begin, end - begin});
    std::reverse(ids.begin(), ids.end());
    more = begin > 0;
  }
  const Verdicts verdicts(context, view);
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  w.key("items").begin_array();
  for (const auto id : ids) {
    if (!may_see(context, view, id)) continue;
    const auto subject = view.subject(id);
    w.begin_object().field("id", subject.text).field("name", display_name(view, id)).field("kind", graph::to_string(id.kind()));
    append_id_or_null(w, "type", subject.type);
    std::vector<std::string> services;
    std::map<std::string, std::string> by_environment;
    if (id.kind() == graph::Kind::artifact) {
      for (const auto& deployment : view.deployments_of(id)) {
        const auto service = service_info(view, deployment.service).name;
        if (std::find(services.begin(), services.end(), service) == services.end()) services.push_back(service);
        if (!deployment.until.is_set()) by_environment[std::string(deployment.environment_name)] = verdicts.of(deployment).verdict;
      }
      graph::View::DecisionFilter filter;
      filter.subject = id;
      for (const auto& decision : view.decisions(filter, {.limit = 10}))
        if (!decision.fact.environment.empty() && decision.superseded_by.empty())
          by_environment.try_emplace(std::string(decision.fact.environment), decision.fact.verdict);
    }
    w.key("services").begin_array();
    for (const auto& service : services) w.value(service);
    w.end_array().key("verdicts").begin_object();
    for (const auto& [environment, verdict] : by_environment) w.field(environment, verdict);
    w.end_object();
    if (subject.last_entry != graph::kNoEntry) {
      w.field("entry", subject.last_entry);
      if (const auto entry = view.entry(subject.last_entry)) w.field("at", to_rfc3339(entry->at));
    }
    w.end_object();
  }
  w.end_array();
  if (more) w.field("next", std::to_string(page.from + page.limit));
  w.end_object();
  return json_response(std::move(w));
}

namespace {

struct Station {
  std::string key, title, text, detail, proof = "missing", link;
  uint64_t entry = graph::kNoEntry;
  std::string verdict;
};

std::string_view proof_of(const graph::View& view, uint64_t entry) {
  if (entry == graph::kNoEntry) return "missing";
  const auto known = view.entry(entry);
  return known && known->is_signed ? "signed" : "logged";
}

std::vector<Station> stations_of(const graph::View& view, graph::Id id, const std::vector<graph::Decision>& decisions,
                                 const std::vector<graph::Deployment>& deployments, Time now) {
  std::vector<Station> all;
  const auto builds = view.builds(id);
  const auto sources = view.sources(id);
  Station source{"source", "Source", "No source is known", "waybill attest links an artifact to its commit"};
  if (!sources.empty()) {
    const auto& fact = sources.front().fact;
    const auto at = fact.source.rfind('@');
    source.text = std::string(fact.source.substr(at == std::string_view::npos ? 0 : at + 1).substr(0, 12));
    source.detail = fact.source;
    source.entry = sources.front().entry;
    source.link = subject_href(fact.source);
  }
  all.push_back(std::move(source));
  Station build{"build", "Build", "No provenance", "waybill run -- CMD states how it was built"};
  if (!builds.empty()) {
    const auto& fact = builds.front().fact;
    build.text = tail_of(fact.builder);
    build.detail = std::string(fact.builder) + (fact.finished_at.is_set() ? ", " + clock_text(fact.finished_at, now) : std::string());
    build.entry = builds.front().entry;
  }
  all.push_back(std::move(build));
  const auto inventories = view.inventories(id);
  Station sbom{"sbom", "Bill of materials", "None", "waybill collect sbom.json"};
  if (!inventories.empty()) {
    const auto& first = inventories.front();
    sbom.text = count_text(view.component_count(id), "component", "components");
    sbom.detail = std::string(first.listed.format) + " " + std::string(first.listed.version) +
                  (first.listed.tool.empty() ? std::string() : " by " + std::string(first.listed.tool));
    sbom.entry = first.entry;
  }
  all.push_back(std::move(sbom));
  const auto tests = view.tests(id);
  Station test{"tests", "Tests", "No results", "waybill collect junit.xml --subject DIGEST"};
  if (!tests.empty()) {
    uint64_t passed = 0, failed = 0, skipped = 0;
    for (const auto& one : tests) {
      passed += one.fact.passed;
      failed += one.fact.failed;
      skipped += one.fact.skipped;
    }
    test.text = std::to_string(passed) + " passed" + (failed > 0 ? ", " + std::to_string(failed) + " failed" : std::string()) +
                (skipped > 0 ? ", " + std::to_string(skipped) + " skipped" : std::string());
    test.detail = count_text(tests.size(), "suite", "suites");
    test.entry = tests.front().entry;
    test.verdict = failed > 0 ? "warn" : "";
  }
  all.push_back(std::move(test));
  const auto signatures = view.signatures(id);
  Station signature{"signature", "Signature", "Not signed", "waybill sign IMAGE@DIGEST"};
  if (!signatures.empty()) {
    const graph::Known<facts::Signed>* best = &signatures.front();
    for (const auto& one : signatures)
      if (one.fact.verified) {
        best = &one;
        break;
      }
    signature.text = best->fact.verified ? "Holds" : "Does not hold";
    signature.detail = best->fact.verified
                           ? (best->fact.identity.empty() ? "key " + std::string(best->fact.key.substr(0, 12)) : "by " + std::string(best->fact.identity))
                           : std::string(best->fact.reason);
    signature.entry = best->entry;
    signature.verdict = best->fact.verified ? "" : "warn";
  }
  all.push_back(std::move(signature));
  Station decision{"decision", "Decision", "Nobody has asked", "waybill check DIGEST --env ENVIRONMENT"};
  if (!decisions.empty()) {
    const auto& fact = decisions.front().fact;
    decision.text = std::string(fact.verdict) + (fact.environment.empty() ? std::string() : " for " + std::string(fact.environment));
    decision.detail = fact.summary;
    decision.entry = decisions.front().entry;
    decision.link = "/decisions/" + std::string(fact.id);
    decision.verdict = fact.verdict;
  }
  all.push_back(std::move(decision));
  Station deployment{"deployment", "Deployment", "Runs nowhere", "waybill deploy IMAGE@DIGEST --service S --env E"};
  std::string where;
  for (const auto& one : deployments)
    if (!one.until.is_set()) where += (where.empty() ? "" : ", ") + std::string(one.environment_name);
  if (!where.empty()) {
    deployment.text = where;
    deployment.detail = "since " + clock_text(deployments.front().from, now);
    deployment.entry = deployments.front().entry;
  } else if (!deployments.empty()) {
    deployment.text = "No longer runs";
    deployment.detail = "until " + clock_text(deployments.front().until, now);
    deployment.entry = deployments.front().entry;
  }
  all.push_back(std::move(deployment));
  for (auto& station : all)
    if (station.entry != graph::kNoEntry) station.proof = proof_of(view, station.entry);
  return all;
}

// The picture around an artifact: source → build → artifact → what is wrong in it; → services → environments.
class Picture {
 public:
  std::string node(std::string_view kind, std::string_view key, std::string_view label, std::string_view detail, std::string_view verdict,
                   std::string_view link) {
    const auto it = ids_.find(std::string(kind) + "\n" + std::string(key));
    if (it != ids_.end()) return it->second;
    const std::string id = "n" + std::to_string(ids_.size() + 1);
    ids_.emplace(std::string(kind) + "\n" + std::string(key), id);
    nodes_.begin_object().field("id", id).field("kind", kind).field("label", label).field("detail", detail);
    append_id_or_null(nodes_, "verdict", verdict);
    append_id_or_null(nodes_, "link", link);
    nodes_.end_object();
    return id;
  }
  void edge(const std::string& from, const std::string& to, std::string_view word) { edges_.begin_array().value(from).value(to).value(word).end_array(); }
  void write(JsonWriter& w) && {
    nodes_.end_array();
    edges_.end_array();
    w.key("graph").begin_object().field_raw("nodes", nodes_.text()).field_raw("edges", edges_.text()).end_object();
  }
  Picture() {
    nodes_.begin_array();
    edges_.begin_array();
  }

 private:
  std::map<std::string, std::string> ids_;
  JsonWriter nodes_, edges_;
};

}  // namespace

Result<http::Response> show_subject(Context& context) {
  TRY(const auto view, context.view());
  TRY(const auto page, context.paging(kMaxComponents));
  const auto& asked = context.parts[0];
  auto found = view.find_subject(asked);
  if (!found || !may_see(context, view, *found)) {
    if (!found && found.error().code() != Code::not_found) return fail(std::move(found.error()));
    return fail(Error(Code::not_found, "nothing is known of " + asked).next("collect evidence about it: `waybill collect FILE --subject " + asked + "`"));
  }
  auto id = *found;
  const Time now = context.is_live() ? context.world().clock().now() : view.time();
  const Verdicts verdicts(context, view);
  // A place is shown by what runs there.
  if (id.kind() == graph::Kind::image) {
    const auto artifact = view.resolve_image(view.text(id));
    if (artifact) id = artifact;
  }
  const auto subject = view.subject(id);
  const bool is_artifact = id.kind() == graph::Kind::artifact, is_package = id.kind() == graph::Kind::package;

  std::vector<graph::Deployment> deployments;
  if (is_artifact) deployments = view.deployments_of(id);
  std::erase_if(deployments, [&](const graph::Deployment& one) { return !context.sees(service_info(view, one.service).scope); });
  graph::View::DecisionFilter filter;
  filter.subject = id;
  const auto decisions = view.decisions(filter, {.limit = 100});

  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  w.field("id", subject.text).field("name", display_name(view, id)).field("kind", graph::to_string(id.kind()));
  append_id_or_null(w, "type", subject.type);
  w.field("known", true);

  // --- where it stands, by environment
  std::string worst = "unknown", headline;
  JsonWriter standing_json;
  standing_json.begin_array();
  std::vector<std::string> environments_seen;
  for (const auto& deployment : deployments) {
    if (deployment.until.is_set()) continue;
    const auto standing = verdicts.of(deployment);
    environments_seen.emplace_back(deployment.environment_name);
    if (worst == "unknown" || badness(standing.verdict) > badness(worst)) {
      worst = standing.verdict;
      headline = standing.summary;
    }
    standing_json.begin_object()
        .field("environment", deployment.environment_name)
        .field("service", service_info(view, deployment.service).name)
        .field("verdict", standing.verdict);
    append_id_or_null(standing_json, "decision", standing.decision);
    append_time(standing_json, "at", standing.at);
    standing_json.field("summary", standing.summary).field("deployed", true).field("deployment", ref_of('r', deployment.entry)).end_object();
  }
  for (const auto& decision : decisions) {
    const std::string environment(decision.fact.environment);
    if (environment.empty() || !decision.superseded_by.empty() ||
        std::find(environments_seen.begin(), environments_seen.end(), environment) != environments_seen.end())
      continue;
    environments_seen.push_back(environment);
    if (worst == "unknown" || badness(decision.fact.verdict) > badness(worst)) {
      worst = decision.fact.verdict;
      headline = decision.fact.summary;
    }
    standing_json.begin_object()
        .field("environment", environment)
        .field("verdict", decision.fact.verdict)
        .field("decision", decision.fact.id)
        .field("at", to_rfc3339(decision.fact.at));
    standing_json.field("summary", decision.fact.summary).field("deployed", false).key("deployment").null().end_object();
  }
  standing_json.end_array();
  if (headline.empty()) {
    if (is_package) {
      const auto in = view.artifacts_with(id, {.limit = 1000}).size();
      headline = in == 0 ? "In no artifact that is known here." : "In " + count_text(in, "artifact", "artifacts") + " known here.";
    } else {
      headline = decisions.empty() ? "Nobody has asked a gate about it." : "No verdict stands.";
    }
  }
  w.key("headline").begin_object().field("verdict", worst).field("text", headline).end_object().field_raw("standing", standing_json.text());

  // --- the way
  w.key("stations").begin_array();
  if (is_artifact) {
    for (const auto& station : stations_of(view, id, decisions, deployments, now)) {
      w.begin_object()
          .field("key", station.key)
          .field("title", station.title)
          .field("text", station.text)
          .field("detail", station.detail)
          .field("proof", station.proof);
      if (station.entry == graph::kNoEntry) {
        w.key("entry").null();
      } else {
        w.field("entry", station.entry);
      }
      append_id_or_null(w, "link", station.link);
      append_id_or_null(w, "verdict", station.verdict);
      w.end_object();
    }
  }
  w.end_array();

  // --- facts, each with its source
  w.key("facts").begin_array();
  const auto fact = [&](std::string_view label, std::string_view value, uint64_t entry) {
    if (value.empty()) return;
    w.begin_object().field("label", label).field("value", value);
    if (entry != graph::kNoEntry) w.field("source", "#" + std::to_string(entry)).field("entry", entry);
    w.end_object();
  };
  fact("Digest", is_artifact ? subject.text : std::string_view{}, subject.first_entry);
  for (const auto& image : view.images_of(id)) fact("Named", image.image, image.entry);
  const auto builds = view.builds(id);
  if (!builds.empty()) {
    const auto& built = builds.front();
    fact("Built by", built.fact.builder, built.entry);
    fact("Build type", built.fact.type, built.entry);
    fact("Built from", built.fact.source, built.entry);
    fact("Invocation", built.fact.invocation, built.entry);
    if (built.fact.finished_at.is_set()) fact("Built at", to_rfc3339(built.fact.finished_at), built.entry);
  }
  for (const auto& source : view.sources(id)) fact("Source", source.fact.source, source.entry);
  for (const auto& review : view.reviews(id)) fact("Reviewed by", review.fact.reviewer, review.entry);
  for (const auto& test : view.tests(id))
    fact("Tests",
         (test.fact.suite.empty() ? std::string(facts::to_string(test.fact.kind)) : std::string(test.fact.suite)) + ": " + std::to_string(test.fact.passed) +
             " passed, " + std::to_string(test.fact.failed) + " failed, " + std::to_string(test.fact.skipped) + " skipped",
         test.entry);
  for (const auto& scan : view.scans(id))
    fact("Scanned",
         std::string(facts::to_string(scan.fact.kind)) + " by " + std::string(scan.fact.tool) +
             (scan.fact.version.empty() ? std::string() : " " + std::string(scan.fact.version)),
         scan.entry);
  for (const auto& signature : view.signatures(id))
    fact("Signature",
         (signature.fact.verified ? "holds" : "does not hold") +
             (signature.fact.identity.empty() ? std::string() : ", by " + std::string(signature.fact.identity)) +
             (signature.fact.reason.empty() ? std::string() : ": " + std::string(signature.fact.reason)),
         signature.entry);
  for (const auto& observed : view.observations(id)) fact(observed.fact.property, observed.fact.value, observed.entry);
  if (is_package) {
    const auto component = view.component(id);
    fact("Ecosystem", component.type, component.entry);
    fact("Version", component.version, component.entry);
    fact("Licence", component.licence, component.entry);
    fact("Supplier", component.supplier, component.entry);
  }
  w.end_array();

  // --- inside
  std::vector<graph::Match> matches;
  if (is_artifact) matches = view.vulnerabilities(id);
  if (is_package) matches = view.matches_of(id);
  std::map<graph::Id, std::vector<std::string>> by_package;
  for (const auto& match : matches) by_package[match.package].emplace_back(view.text(match.vulnerability));
  w.key("components");
  if (is_artifact && !view.inventories(id).empty()) {
    auto components = view.components(id);
    const auto q = to_lower(context.parameter_or("q", ""));
    if (!q.empty()) std::erase_if(components, [&](const graph::Component& one) { return to_lower(one.purl).find(q) == std::string::npos; });
    // Those with findings first.
    std::sort(components.begin(), components.end(), [&](const graph::Component& a, const graph::Component& b) {
      return std::make_tuple(!by_package.contains(a.package), a.package) < std::make_tuple(!by_package.contains(b.package), b.package);
    });
    size_t fresh = 0;  // not in what the same service ran before
    if (!deployments.empty()) {
      const auto before = view.previous(deployments.front().place);
      if (before && before->artifact != id)
        for (const auto& one : components) fresh += view.contains(before->artifact, one.package) ? 0 : 1;
    }
    const size_t total = components.size();
    const size_t begin = std::min(page.from, total), end = std::min(total, begin + page.limit);
    std::vector<graph::Id> wanted;
    for (size_t i = begin; i < end && wanted.size() < 50; ++i)
      if (by_package.contains(components[i].package)) wanted.push_back(components[i].package);
    std::map<graph::Id, std::vector<graph::Id>> paths;
    if (!wanted.empty())
      if (auto ways = view.paths(id, wanted, context.world().load_facts()))
        for (size_t i = 0; i < wanted.size() && i < ways->size(); ++i) paths[wanted[i]] = std::move((*ways)[i]);
    w.begin_object().field("total", total).field("new", fresh).key("items").begin_array();
    for (size_t i = begin; i < end; ++i) {
      const auto& one = components[i];
      w.begin_object()
          .field("purl", one.purl)
          .field("name", one.group.empty() ? std::string(one.name) : std::string(one.group) + "/" + std::string(one.name))
          .field("type", one.type);
      append_id_or_null(w, "version", one.version);
      append_id_or_null(w, "licence", one.licence);
      w.field("scope", facts::to_string(one.scope)).key("path").begin_array();
      if (const auto way = paths.find(one.package); way != paths.end())
        for (const auto step : way->second) w.value(view.text(step));
      w.end_array().key("findings").begin_array();
      if (const auto it = by_package.find(one.package); it != by_package.end())
        for (const auto& name : it->second) w.value(name);
      w.end_array().field("entry", one.entry).end_object();
    }
    w.end_array();
    if (end < total) {
      w.field("next", std::to_string(end));
    } else {
      w.key("next").null();
    }
    w.end_object();
  } else {
    w.null();
  }
  w.key("vulnerabilities").begin_array();
  std::map<graph::Id, graph::Vulnerability> whole;
  for (const auto& match : matches) {
    auto it = whole.find(match.vulnerability);
    if (it == whole.end()) {
      auto known = view.vulnerability(match.vulnerability);
      if (!known) continue;
      it = whole.emplace(match.vulnerability, std::move(*known)).first;
    }
    if (it->second.withdrawn.is_set()) continue;
    const auto vex = vex_of(view, match.vulnerability, match.package, is_artifact ? id : graph::Id());
    w.begin_object().field("id", it->second.name).field("key", std::string(it->second.name) + " " + std::string(view.text(match.package)));
    w.field("severity", facts::to_string(it->second.severity))
        .field("open", !vex.closes)
        .field("package", view.text(match.package))
        .field("undetermined", match.undetermined);
    append_id_or_null(w, "vex", vex.status);
    append_id_or_null(w, "fix", match.fixed.empty() ? std::string_view{} : match.fixed.front());
    append_time(w, "known_at", match.known_at);
    w.end_object();
  }
  w.end_array();

  // --- decisions, deployments, evidence
  w.key("decisions").begin_array();
  for (const auto& decision : decisions) {
    w.begin_object().field("id", decision.fact.id).field("at", to_rfc3339(decision.fact.at));
    append_id_or_null(w, "environment", decision.fact.environment);
    w.field("gate", decision.fact.gate).field("verdict", decision.fact.verdict).field("summary", decision.fact.summary).field("entry", decision.entry);
    w.field("asked", context.world().decider().count_of(decision.fact.id).asked);
    append_id_or_null(w, "superseded_by", decision.superseded_by);
    w.end_object();
  }
  w.end_array().key("deployments").begin_array();
  for (const auto& deployment : deployments) {
    w.begin_object()
        .field("id", ref_of('r', deployment.entry))
        .field("service", service_info(view, deployment.service).name)
        .field("environment", deployment.environment_name);
    append_time(w, "from", deployment.from);
    append_time(w, "until", deployment.until);
    w.field("entry", deployment.entry).end_object();
  }
  w.end_array().key("evidence").begin_array();
  uint64_t first_evidence = graph::kNoEntry;
  for (const auto& entry : view.entries_of(id, {.limit = 200})) {
    if (entry.kind != "evidence") continue;
    first_evidence = entry.index;
    w.begin_object()
        .field("entry", entry.index)
        .field("at", to_rfc3339(entry.at))
        .field("kind", entry.document_kind)
        .field("format", entry.format)
        .field("document", entry.document.to_string());
    w.field("bytes", entry.document_bytes).field("actor", entry.actor).field("signed", entry.is_signed).field("trusted", entry.is_signed).end_object();
  }
  w.end_array();

  // --- the picture
  if (is_artifact) {
    Picture picture;
    const auto self = picture.node("artifact", subject.text, tail_of(display_name(view, id)), short_digest(subject.text), worst, subject_href(subject.text));
    std::string before;
    for (const auto& source : view.built_from(id)) {
      const auto text = view.text(source);
      const auto at = text.rfind('@');
      before = picture.node("source", text, tail_of(text.substr(0, at)), at == std::string_view::npos ? std::string_view{} : text.substr(at + 1, 12), "",
                            subject_href(text));
    }
    if (!builds.empty()) {
      const auto build = picture.node("build", builds.front().fact.builder, tail_of(builds.front().fact.builder), builds.front().fact.type, "", "");
      if (!before.empty()) picture.edge(before, build, "built");
      picture.edge(build, self, "made");
    } else if (!before.empty()) {
      picture.edge(before, self, "made");
    }
    size_t drawn = 0;
    for (const auto& [package, names] : by_package) {
      if (drawn++ == kMaxGraphVulnerable) break;
      const auto component = view.component(package);
      const auto node = picture.node("component", view.text(package), component.name, component.version, "", subject_href(view.text(package)));
      picture.edge(self, node, "contains");
      for (size_t i = 0; i < names.size() && i < 4; ++i)
        picture.edge(node, picture.node("vulnerability", names[i], names[i], "", "", "/vulnerabilities/" + http::percent_encode(names[i])), "affected by");
    }
    for (const auto& deployment : deployments) {
      if (deployment.until.is_set()) continue;
      const auto service = service_info(view, deployment.service);
      const auto standing = verdicts.of(deployment);
      const auto node = picture.node("service", service.scope, service.name, service.owners.empty() ? std::string() : service.owners.front(), "",
                                     "/services/" + http::percent_encode(service.name));
      picture.edge(self, node, "runs as");
      picture.edge(node,
                   picture.node("environment", std::string(deployment.environment_name), deployment.environment_name, "", standing.verdict,
                                standing.decision.empty() ? std::string() : "/decisions/" + standing.decision),
                   "in");
    }
    std::move(picture).write(w);
  } else {
    w.key("graph").null();
  }

  // --- and the proof that what it rests on is in the log
  const uint64_t proven = first_evidence != graph::kNoEntry ? first_evidence : subject.first_entry;
  w.key("proof");
  auto& log = context.world().log();
  const auto head = log.head();
  auto path = proven == graph::kNoEntry ? Result<trust::Hashes>(fail(Code::not_found, "none")) : log.prove_inclusion(proven, head.size);
  auto entry = proven == graph::kNoEntry ? Result<log::Entry>(fail(Code::not_found, "none")) : log.load_entry(proven);
  if (path && entry) {
    w.begin_object()
        .field("entry", proven)
        .field("leaf", trust::leaf_hash(entry->leaf).hex())
        .field("index", proven)
        .field("size", head.size)
        .field("root", head.root.hex())
        .key("path")
        .begin_array();
    for (const auto& hash : *path) w.value(hash.hex());
    w.end_array().field("checkpoint", head.note).end_object();
  } else {
    w.null();
  }
  w.end_object();
  return json_response(std::move(w));
}

Result<http::Response> search_all(Context& context) {
  TRY(const auto view, context.view());
  const auto q = context.parameter_or("q", "");
  TRY(const auto page, context.paging(20));
  struct Hit {
    std::string kind, title, detail, href;
  };
  std::vector<Hit> hits;
  if (!q.empty()) {
    for (const auto& service : services_of(view, context))
      if (to_lower(service.scope).find(to_lower(q)) != std::string::npos || to_lower(service.name).find(to_lower(q)) != std::string::npos)
        hits.push_back({"service", service.name, service.scope, "/services/" + http::percent_encode(service.name)});
    for (const auto& hit : view.search(q, page.limit * 2)) {
      const std::string text(hit.text);
      switch (hit.id.kind()) {
        case graph::Kind::artifact:
        case graph::Kind::source:
          if (may_see(context, view, hit.id)) hits.push_back({"subject", hit.name.empty() ? text : std::string(hit.name), text, subject_href(text)});
          break;
        case graph::Kind::package: hits.push_back({"package", text, "", subject_href(text)}); break;
        case graph::Kind::image: hits.push_back({"subject", text, "image", subject_href(text)}); break;
        case graph::Kind::vulnerability:
          hits.push_back(
              {"vulnerability", text, hit.name == hit.text ? std::string() : std::string(hit.name), "/vulnerabilities/" + http::percent_encode(text)});
          break;
        case graph::Kind::decision: hits.push_back({"decision", text, "", "/decisions/" + text}); break;
        default: break;
      }
    }
    constexpr std::pair<std::string_view, std::string_view> kPages[] = {{"Overview", "/"},           {"Deliveries", "/deliveries"},
                                                                        {"Subjects", "/subjects"},   {"Vulnerabilities", "/vulnerabilities"},
                                                                        {"Decisions", "/decisions"}, {"Log", "/log"}};
    for (const auto& [title, href] : kPages)
      if (to_lower(title).starts_with(to_lower(q))) hits.push_back({"page", std::string(title), "", std::string(href)});
  }
  if (hits.size() > page.limit) hits.resize(page.limit);
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  w.key("items").begin_array();
  for (const auto& hit : hits)
    w.begin_object().field("kind", hit.kind).field("title", hit.title).field("detail", hit.detail).field("href", hit.href).end_object();
  w.end_array().end_object();
  return json_response(std::move(w));
}

}  // namespace waybill::server
