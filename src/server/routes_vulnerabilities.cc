#include <chrono>

#include "waybill/policy/decision.h"
#include "waybill/server/findings.h"
#include "waybill/server/handlers.h"
#include "waybill/server/present.h"
#include "waybill/server/world.h"

namespace waybill::server {
namespace {

int64_t micros_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start).count();
}

struct Item {
  graph::Vulnerability what;
  graph::Trace trace;
  std::vector<std::string> owners;
  std::vector<std::string> fixed;
  size_t deployments = 0, production = 0;
  Time known_at;
  std::string vex;
  bool open = true;
};

int severity_rank(facts::Severity severity) { return static_cast<int>(severity); }

// What matters first (docs/api.md): known to be exploited, reaches production, severity, prediction, how many run it.
auto order_of(const Item& item) {
  return std::make_tuple(!item.open, !item.what.known_exploited, item.production == 0, -severity_rank(item.what.severity), -item.what.epss,
                         -static_cast<int64_t>(item.deployments), item.known_at.ms, item.what.name);
}

Item make_item(Context& context, const graph::View& view, const std::vector<EnvironmentInfo>& environments, graph::Id id, graph::Vulnerability what) {
  Item item;
  item.what = std::move(what);
  item.trace = view.trace(id, {.count_undeployed = false});
  size_t closed = 0;
  for (const auto& deployment : item.trace.deployments) {
    const auto service = service_info(view, deployment.service);
    if (!context.sees(service.scope)) continue;
    ++item.deployments;
    for (const auto& environment : environments)
      if (environment.id == deployment.environment && environment.tier == "production") ++item.production;
    for (const auto& owner : service.owners)
      if (std::find(item.owners.begin(), item.owners.end(), owner) == item.owners.end()) item.owners.push_back(owner);
    for (const auto& package : item.trace.packages) {
      const auto vex = vex_of(view, id, package.id, deployment.artifact);
      if (!vex.status.empty()) item.vex = vex.status;
      if (vex.closes) ++closed;
    }
  }
  item.open = !(item.deployments > 0 && closed >= item.deployments * std::max<size_t>(1, item.trace.packages.size()));
  for (const auto& package : item.trace.packages) {
    for (const auto fixed : package.fixed)
      if (std::find(item.fixed.begin(), item.fixed.end(), fixed) == item.fixed.end()) item.fixed.emplace_back(fixed);
  }
  for (const auto& match : view.matches_of(id))
    if (!item.known_at.is_set() || match.known_at < item.known_at) item.known_at = match.known_at;
  return item;
}

void append_item(JsonWriter& w, const Item& item, size_t rank, Time now) {
  const auto& what = item.what;
  if (rank > 0) w.field("rank", rank);
  w.field("id", what.name).key("aliases").begin_array();
  for (const auto alias : what.aliases) w.value(alias);
  w.end_array().field("title", what.summary).key("packages").begin_array();
  for (const auto& package : item.trace.packages) w.value(package.purl);
  w.end_array().key("why").begin_array();
  std::string reasons;
  const auto why = [&](std::string_view word, bool hard, const std::string& text) {
    w.begin_object().field("word", word).field("hard", hard).field("text", text).end_object();
    reasons += (reasons.empty() ? "" : "; ") + text;
  };
  if (what.known_exploited)
    why("exploited", true, "in the known-exploited catalogue" + (what.exploited_since.is_set() ? " since " + to_date(what.exploited_since) : std::string()));
  if (what.exploited_due.is_set() && what.exploited_due < now) why("overdue", true, "its deadline passed on " + to_date(what.exploited_due));
  if (what.ransomware) why("ransomware", true, "used by ransomware");
  if (item.production > 0) why("production", false, "runs in production, " + count_text(item.production, "deployment", "deployments"));
  if (what.severity >= facts::Severity::high)
    why(facts::to_string(what.severity), false,
        std::string(facts::to_string(what.severity)) + (what.score >= 0 ? ", score " + to_json_number(what.score) : std::string()));
  if (what.epss >= 0.1) why("predicted", false, "exploitation is predicted with " + std::to_string(static_cast<int>(what.epss * 100 + 0.5)) + " % in 30 days");
  if (!item.fixed.empty()) why("fixable", false, "fixed in " + item.fixed.front());
  w.end_array();
  if (what.severity == facts::Severity::unknown) {
    w.field("severity", "unknown");
  } else {
    w.field("severity", facts::to_string(what.severity));
  }
  const auto number = [&](std::string_view name, double value) {
    if (value < 0)
      w.key(name).null();
    else
      w.field(name, value);
  };
  number("cvss", what.score);
  number("epss", what.epss);
  w.field("deployments", item.deployments).field("production", item.production).key("owners").begin_array();
  for (const auto& owner : item.owners) w.value(owner);
  w.end_array();
  append_time(w, "known_at", item.known_at);
  w.key("fixed_in").begin_array();
  for (const auto& fixed : item.fixed) w.value(fixed);
  w.end_array();
  append_id_or_null(w, "vex", item.vex);
  w.field("open", item.open).field("reasons", reasons.empty() ? std::string("nothing raises it") : reasons);
}

}  // namespace

Result<http::Response> list_vulnerabilities(Context& context) {
  TRY(const auto view, context.view());
  TRY(const auto page, context.paging());
  const Time now = context.is_live() ? context.world().clock().now() : view.time();
  const auto environments = environments_of(view);
  const auto q = to_lower(context.parameter_or("q", "")), env = context.parameter_or("env", ""), owner = context.parameter_or("owner", ""),
             sort = context.parameter_or("sort", "rank");
  const auto running = view.running_vulnerabilities();
  std::vector<Item> items;
  for (const auto id : running) {
    auto what = view.vulnerability(id);
    if (!what || what->withdrawn.is_set()) continue;
    if (!q.empty()) {
      bool fits = to_lower(what->name).find(q) != std::string::npos || to_lower(what->summary).find(q) != std::string::npos;
      for (const auto alias : what->aliases) fits = fits || to_lower(alias).find(q) != std::string::npos;
      if (!fits) {
        for (const auto& match : view.matches_of(id)) fits = fits || to_lower(view.text(match.package)).find(q) != std::string::npos;
      }
      if (!fits) continue;
    }
    auto item = make_item(context, view, environments, id, std::move(*what));
    if (item.deployments == 0) continue;  // only what the caller may see
    if (!owner.empty() && std::find(item.owners.begin(), item.owners.end(), owner) == item.owners.end()) continue;
    if (!env.empty() && std::none_of(item.trace.deployments.begin(), item.trace.deployments.end(), [&](const auto& d) { return d.environment_name == env; }))
      continue;
    items.push_back(std::move(item));
  }
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return order_of(a) < order_of(b); });
  std::vector<size_t> order(items.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (sort == "severity")
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return std::make_tuple(-severity_rank(items[a].what.severity), -items[a].what.score, a) <
             std::make_tuple(-severity_rank(items[b].what.severity), -items[b].what.score, b);
    });
  if (sort == "known")
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return std::make_tuple(-items[a].known_at.ms, a) < std::make_tuple(-items[b].known_at.ms, b); });
  if (sort == "deployments")
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return std::make_tuple(items[b].deployments, a) < std::make_tuple(items[a].deployments, b); });
  size_t urgent = 0, serious = 0;
  for (const auto& item : items) {
    if (!item.open) continue;
    const bool overdue = item.what.exploited_due.is_set() && item.what.exploited_due < now;
    if (item.what.known_exploited || overdue)
      ++urgent;
    else if (item.what.severity >= facts::Severity::high && item.production > 0)
      ++serious;
  }
  std::string text, sub;
  if (view.advisories_loaded().empty()) {
    text = "No advisories are loaded, so nothing can be said about vulnerabilities.";
    sub = "This is not “0 found”. `waybill advisories sync` loads them.";
  } else if (urgent > 0) {
    text = urgent == 1 ? "One vulnerability needs hands today." : std::to_string(urgent) + " vulnerabilities need hands today.";
    sub = "Known to be exploited, and running.";
  } else if (serious > 0) {
    text = count_text(serious, "serious vulnerability runs", "serious vulnerabilities run") + " in production.";
    sub = "None is known to be exploited.";
  } else if (!items.empty()) {
    text = count_text(items.size(), "vulnerability reaches", "vulnerabilities reach") + " what runs; none is urgent.";
  } else {
    text = "No known vulnerability reaches what runs.";
    sub = "As far as the loaded advisories and the bills of materials go.";
  }
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  w.key("headline").begin_object().field("text", text).field("sub", sub).end_object().key("items").begin_array();
  const size_t end = std::min(order.size(), page.from + page.limit);
  for (size_t i = std::min(page.from, order.size()); i < end; ++i) {
    w.begin_object();
    append_item(w, items[order[i]], order[i] + 1, now);
    w.end_object();
  }
  w.end_array();
  if (end < order.size()) w.field("next", std::to_string(end));
  const uint64_t known = view.counts().vulnerabilities;
  w.field("total", items.size()).field("unreached", known > running.size() ? known - running.size() : 0).end_object();
  return json_response(std::move(w));
}

namespace {

// How a package is raised, in the words of its own tool.
std::string raise_command(std::string_view type, std::string_view name, std::string_view version) {
  const std::string n(name), v(version);
  if (type == "npm") return "npm install " + n + "@" + v;
  if (type == "pypi") return "pip install '" + n + ">=" + v + "'";
  if (type == "golang") return "go get " + n + "@" + (v.starts_with("v") ? v : "v" + v);
  if (type == "cargo") return "cargo update -p " + n + " --precise " + v;
  if (type == "deb") return "apt-get install " + n + "=" + v;
  if (type == "gem") return "bundle update " + n;
  if (type == "composer") return "composer require " + n + ":" + v;
  if (type == "nuget") return "dotnet add package " + n + " --version " + v;
  return "";
}

// Would the verdict be milder without this vulnerability? Read off the decision that stands: all its results of this
// verdict speak of nothing else.
bool clears(World& world, const StandingInfo& standing, const graph::Vulnerability& what) {
  if (standing.decision.empty()) return false;
  const auto document = world.decider().load_decision(standing.decision);
  if (!document) return false;
  const auto decision = policy::parse_decision(*document);
  if (!decision) return false;
  bool any = false;
  for (const auto& result : decision->results) {
    if (policy::to_string(result.verdict) != standing.verdict) continue;
    for (const auto& finding : result.findings) {
      bool about = finding.on.find(what.name) != std::string::npos;
      for (const auto alias : what.aliases) about = about || finding.on.find(alias) != std::string::npos;
      if (!about) return false;
      any = true;
    }
  }
  return any;
}

}  // namespace

Result<http::Response> show_vulnerability(Context& context) {
  TRY(const auto view, context.view());
  const auto start = std::chrono::steady_clock::now();
  TRY(const auto id, view.find_subject(context.parts[0]));
  if (id.kind() != graph::Kind::vulnerability) return fail(Error(Code::not_found, context.parts[0] + " is no vulnerability that is known here"));
  const auto what = view.vulnerability(id);
  if (!what) return fail(Error(Code::not_found, "nothing is known of " + context.parts[0]).next("`waybill advisories status` says what is loaded"));
  const Time now = context.is_live() ? context.world().clock().now() : view.time();
  const auto environments = environments_of(view);
  const Verdicts verdicts(context, view);
  auto item = make_item(context, view, environments, id, *what);
  const auto trace = view.trace(id);
  const int64_t micros = micros_since(start);
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  append_item(w, item, 0, now);
  w.field("details", what->details).key("references").begin_array();
  for (const auto reference : what->references) w.value(reference);
  w.end_array().key("when").begin_array();
  const auto event = [&](std::string_view name, Time at, uint64_t entry, const std::string& text) {
    if (!at.is_set()) return;
    w.begin_object().field("what", name).field("at", to_rfc3339(at));
    if (entry != graph::kNoEntry) w.field("entry", entry);
    w.field("text", text).end_object();
  };
  event("published", what->published, graph::kNoEntry, "The advisory was published.");
  event("listed", what->exploited_since, graph::kNoEntry, "Listed as known to be exploited.");
  if (what->first_entry != graph::kNoEntry)
    if (const auto entry = view.entry(what->first_entry)) event("known here", entry->at, what->first_entry, "The advisory was loaded.");
  if (item.known_at.is_set()) {
    uint64_t entry = graph::kNoEntry;
    for (const auto& match : view.matches_of(id))
      if (match.known_at == item.known_at) entry = match.known_entry;
    event("matched", item.known_at, entry, "It met a package that is known here.");
  }
  event("withdrawn", what->withdrawn, graph::kNoEntry, "The advisory was withdrawn.");
  w.end_array().key("reach").begin_object();
  append_trace(w, context, view, verdicts, trace, what->name, micros);
  w.end_object().key("fixes").begin_array();
  for (size_t p = 0; p < trace.packages.size(); ++p) {
    const auto& package = trace.packages[p];
    if (package.fixed.empty()) continue;
    const auto component = view.component(package.id);
    std::vector<std::string> services;
    size_t deny = 0, warn = 0;
    for (const auto& [in_package, artifact] : trace.contains) {
      if (in_package != p) continue;
      for (const auto& [of_artifact, deployment] : trace.runs) {
        if (of_artifact != artifact) continue;
        const auto& one = trace.deployments[deployment];
        const auto service = service_info(view, one.service);
        if (!context.sees(service.scope)) continue;
        if (std::find(services.begin(), services.end(), service.name) == services.end()) services.push_back(service.name);
        const auto standing = verdicts.of(one);
        if (standing.verdict == "deny" && clears(context.world(), standing, *what)) ++deny;
        if (standing.verdict == "warn" && clears(context.world(), standing, *what)) ++warn;
      }
    }
    if (services.empty()) continue;
    std::string in;
    for (size_t i = 0; i < services.size(); ++i) in += (i == 0 ? "" : i + 1 == services.size() ? " and " : ", ") + services[i];
    const std::string fixed(package.fixed.front());
    std::string name(component.name);
    if (!component.group.empty()) name = std::string(component.group) + "/" + name;
    w.begin_object().field("text", "Raise " + name + " to " + fixed + " in " + in + ".");
    append_id_or_null(w, "command", raise_command(component.type, name, fixed));
    w.key("clears").begin_object().field("deny", deny).field("warn", warn).end_object().field("checked", false).end_object();
  }
  w.end_array().end_object();
  return json_response(std::move(w));
}

Result<http::Response> trace_of(Context& context) {
  const auto of = context.parameter_or("of", "");
  if (of.empty()) return fail(Error(Code::invalid, "trace what?").at("of").next("?of=CVE-2026-1, a purl, a digest, an image or a service"));
  TRY(const auto view, context.view());
  const auto start = std::chrono::steady_clock::now();
  TRY(const auto id, view.find_subject(of));
  const auto trace = view.trace(id);
  const int64_t micros = micros_since(start);
  const Verdicts verdicts(context, view);
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  append_trace(w, context, view, verdicts, trace, id.kind() == graph::Kind::artifact ? view.text(id) : of, micros);
  w.end_object();
  return json_response(std::move(w));
}

}  // namespace waybill::server
