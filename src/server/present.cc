#include "waybill/server/present.h"

#include <tuple>

#include "waybill/base/json_in.h"
#include "waybill/server/world.h"

namespace waybill::server {

std::vector<std::string> strings_of(JsonValue list) {
  std::vector<std::string> out;
  for (const JsonValue& item : list.items())
    if (item.is_string()) out.emplace_back(item.string_or(""));
  return out;
}

std::vector<EnvironmentInfo> environments_of(const graph::View& view) {
  std::vector<EnvironmentInfo> all;
  for (const auto& one : view.environments()) {
    EnvironmentInfo info;
    info.id = one.id;
    info.name = one.name;
    info.order = 1'000'000;
    if (!one.json.empty()) {
      if (const auto document = JsonDocument::parse(one.json)) {
        info.configured = true;
        info.tier = document->root()["tier"].string_or("");
        info.order = document->root()["order"].int_or(info.order);
      }
    }
    if (info.tier.empty()) info.tier = policy::find_tier(info.name) ? info.name : "production";  // the strict one until somebody says
    if (info.order == 1'000'000) {
      const auto tier = policy::find_tier(info.tier);
      info.order = 100 * (tier ? static_cast<int64_t>(*tier) + 1 : 3);
    }
    all.push_back(std::move(info));
  }
  std::sort(all.begin(), all.end(), [](const EnvironmentInfo& a, const EnvironmentInfo& b) { return std::tie(a.order, a.id) < std::tie(b.order, b.id); });
  return all;
}

std::string_view last_part(std::string_view scope) {
  const auto slash = scope.rfind('/');
  return slash == std::string_view::npos ? scope : scope.substr(slash + 1);
}

ServiceInfo service_info(const graph::View& view, graph::Id id) {
  ServiceInfo info;
  info.id = id;
  if (const auto service = view.service(id)) {
    info.scope = service->scope;
    info.name = last_part(service->name.empty() ? service->scope : service->name);
    if (!service->json.empty())
      if (const auto document = JsonDocument::parse(service->json)) info.owners = strings_of(document->root()["owners"]);
  } else {
    info.scope = view.text(id);
    info.name = last_part(info.scope);
  }
  return info;
}

std::vector<ServiceInfo> services_of(const graph::View& view, const Context& context) {
  std::vector<ServiceInfo> all;
  for (const auto& service : view.services()) {
    auto info = service_info(view, service.id);
    if (context.sees(info.scope)) all.push_back(std::move(info));
  }
  return all;
}

Verdicts::Verdicts(Context& context, const graph::View& view) : view_(view), live_(context.is_live()) {
  if (!live_) return;
  for (auto& standing : context.world().standing().list()) {
    StandingInfo info;
    info.verdict = policy::to_string(standing.verdict);
    info.decision = std::move(standing.decision);
    info.summary = std::move(standing.summary);
    info.at = standing.since;
    by_deployment_.emplace(std::move(standing.deployment), std::move(info));
  }
}

StandingInfo Verdicts::of(const graph::Deployment& deployment) const {
  if (live_) {
    const auto it = by_deployment_.find(ref_of('r', deployment.entry));
    if (it != by_deployment_.end()) return it->second;
  }
  auto decided = view_.standing(deployment.place);
  if (!decided) decided = view_.standing(deployment.artifact, deployment.environment);
  if (!decided) return {};
  StandingInfo info;
  info.verdict = decided->fact.verdict;
  info.decision = decided->fact.id;
  info.summary = decided->fact.summary;
  info.at = decided->fact.at;
  return info;
}

int badness(std::string_view verdict) {
  if (verdict == "deny") return 4;
  if (verdict == "ask") return 3;
  if (verdict == "warn") return 2;
  if (verdict == "allow") return 0;
  return 1;
}

std::string short_digest(std::string_view digest) { return std::string(digest.substr(0, digest.starts_with("sha256:") ? 19 : 12)); }
std::string ref_of(char letter, uint64_t entry) { return std::string(1, letter) + "-" + std::to_string(entry); }
std::string severity_word(facts::Severity severity) { return std::string(facts::to_string(severity)); }

std::string count_text(size_t count, std::string_view one, std::string_view many) { return std::to_string(count) + " " + std::string(count == 1 ? one : many); }
std::string span_text(int64_t ms) {
  if (ms < kMinuteMs) return "less than a minute";
  if (ms < 2 * kHourMs) return count_text(static_cast<size_t>(ms / kMinuteMs), "minute", "minutes");
  if (ms < 2 * kDayMs) return count_text(static_cast<size_t>(ms / kHourMs), "hour", "hours");
  return count_text(static_cast<size_t>(ms / kDayMs), "day", "days");
}
std::string clock_text(Time at, Time now) {
  const std::string text = to_rfc3339(at);
  if (text.substr(0, 10) == to_date(now)) return text.substr(11, 5) + " UTC";
  return text.substr(0, 10) + " " + text.substr(11, 5) + " UTC";
}

void append_time(JsonWriter& w, std::string_view name, Time at) {
  if (at.is_set()) {
    w.field(name, to_rfc3339(at));
  } else {
    w.key(name).null();
  }
}
void append_id_or_null(JsonWriter& w, std::string_view name, std::string_view text) {
  if (text.empty()) {
    w.key(name).null();
  } else {
    w.field(name, text);
  }
}

namespace {
std::string_view kind_word(graph::Kind kind) { return graph::to_string(kind); }
}  // namespace

void append_trace(JsonWriter& w, Context& context, const graph::View& view, const Verdicts& verdicts, const graph::Trace& trace, std::string_view of,
                  int64_t micros) {
  w.field("of", of).field("kind", kind_word(trace.of.kind())).field("micros", micros);
  w.key("packages").begin_array();
  for (size_t i = 0; i < trace.packages.size(); ++i) {
    const auto& package = trace.packages[i];
    w.begin_object().field("id", "p" + std::to_string(i)).field("purl", package.purl).key("fixed_in").begin_array();
    for (const auto fixed : package.fixed) w.value(fixed);
    w.end_array();
    if (package.entry != graph::kNoEntry) w.field("entry", package.entry);
    w.end_object();
  }
  w.end_array().key("artifacts").begin_array();
  for (size_t i = 0; i < trace.artifacts.size(); ++i) {
    const auto& artifact = trace.artifacts[i];
    w.begin_object()
        .field("id", "a" + std::to_string(i))
        .field("digest", artifact.digest)
        .field("name", artifact.name.empty() ? artifact.digest : artifact.name);
    w.field("deployed", artifact.deployed).end_object();
  }
  w.end_array();
  const auto environments = environments_of(view);
  std::vector<std::string> owners;  // in the order of first sight
  std::vector<std::pair<std::string, std::string>> edges;
  std::vector<bool> visible(trace.deployments.size(), false);
  size_t hidden = 0;
  w.key("deployments").begin_array();
  for (size_t i = 0; i < trace.deployments.size(); ++i) {
    const auto& deployment = trace.deployments[i];
    const auto service = service_info(view, deployment.service);
    if (!context.sees(service.scope)) {
      ++hidden;
      continue;
    }
    visible[i] = true;
    const auto id = ref_of('r', deployment.entry);
    const auto standing = verdicts.of(deployment);
    std::string tier;
    for (const auto& environment : environments)
      if (environment.id == deployment.environment) tier = environment.tier;
    w.begin_object()
        .field("id", id)
        .field("service", service.name)
        .field("scope", service.scope)
        .field("environment", deployment.environment_name)
        .field("tier", tier);
    w.field("digest", deployment.digest).field("verdict", standing.verdict);
    append_id_or_null(w, "decision", standing.decision);
    append_time(w, "since", deployment.from);
    w.end_object();
    for (const auto& owner : service.owners) {
      auto at = std::find(owners.begin(), owners.end(), owner);
      if (at == owners.end()) at = owners.insert(owners.end(), owner);
      edges.emplace_back(id, "o" + std::to_string(at - owners.begin()));
    }
  }
  w.end_array().key("owners").begin_array();
  for (size_t i = 0; i < owners.size(); ++i) w.begin_object().field("id", "o" + std::to_string(i)).field("name", owners[i]).end_object();
  w.end_array().key("edges").begin_array();
  const auto edge = [&](const std::string& from, const std::string& to) { w.begin_array().value(from).value(to).end_array(); };
  if (trace.of.kind() == graph::Kind::vulnerability)
    for (size_t i = 0; i < trace.packages.size(); ++i) edge("v", "p" + std::to_string(i));
  for (const auto& [package, artifact] : trace.contains) edge("p" + std::to_string(package), "a" + std::to_string(artifact));
  for (const auto& [artifact, deployment] : trace.runs)
    if (visible[deployment]) edge("a" + std::to_string(artifact), ref_of('r', trace.deployments[deployment].entry));
  for (const auto& [from, to] : edges) edge(from, to);
  w.end_array().field("not_deployed", trace.not_deployed).key("totals").begin_object();
  w.field("packages", trace.total_packages).field("artifacts", trace.total_artifacts).field("deployments", trace.total_deployments - hidden).end_object();
}

}  // namespace waybill::server
