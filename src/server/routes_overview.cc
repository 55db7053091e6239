#include "waybill/server/findings.h"
#include "waybill/server/handlers.h"
#include "waybill/server/present.h"
#include "waybill/server/world.h"

namespace waybill::server {
namespace {

constexpr int64_t kStaleAdvisoryHours = 7 * 24;
constexpr size_t kSamples = 12;            // points of a history
constexpr size_t kMaxHistoryPlaces = 300;  // beyond, history is left out: it would cost more than it says

struct Known {
  std::string what, source, state, text, remedy;
  uint64_t records = 0;
  bool has_records = false;
  Time at;
};

// What is loaded and what is missing: never "0" for "not looked".
std::vector<Known> knowledge_of(Context& context, const graph::View& view, Time now) {
  std::vector<Known> all;
  const auto loaded = view.advisories_loaded();
  uint64_t exploited = 0;
  Time exploited_at, epss_at;
  bool any_advisory = false;
  for (const auto& one : loaded) {
    const auto source = to_lower(one.source);
    if (source == "kev" || source == "known-exploited" || source == "cisa-kev") {
      exploited = one.records;
      exploited_at = one.at;
      continue;
    }
    if (source == "epss" || source == "exploit-prediction") {
      epss_at = one.at;
      continue;
    }
    any_advisory = true;
    Known known;
    known.what = "advisories";
    known.source = one.source;
    known.records = one.records;
    known.has_records = true;
    known.at = one.at;
    const int64_t age = hours_between(one.at, now);
    known.state = age > kStaleAdvisoryHours ? "stale" : "complete";
    known.text = count_text(one.records, "record", "records") + " of " + std::string(one.source) + ", loaded " + clock_text(one.at, now) + ".";
    if (known.state == "stale") known.remedy = "waybill advisories sync";
    all.push_back(std::move(known));
  }
  if (!any_advisory)
    all.push_back({"advisories",
                   "",
                   "none",
                   "No advisories are loaded. So nothing can be said about vulnerabilities; this is not “0 found”.",
                   "waybill advisories sync",
                   0,
                   true,
                   {}});
  // The catalogue and the predictions say themselves when they speak of a vulnerability.
  if (!exploited_at.is_set() || !epss_at.is_set()) {
    for (const auto& entry : view.entries("advisories", {.limit = 200})) {
      const auto format = to_lower(entry.format);
      if (!exploited_at.is_set() && (format.find("exploited") != std::string::npos || format.find("kev") != std::string::npos)) exploited_at = entry.at;
      if (!epss_at.is_set() && (format.find("epss") != std::string::npos || format.find("prediction") != std::string::npos)) epss_at = entry.at;
    }
  }
  const auto feed = [&](std::string_view what, std::string_view name, Time at, uint64_t records, int64_t limit_hours) {
    Known known;
    known.what = what;
    known.source = name;
    known.at = at;
    known.records = records;
    known.has_records = records > 0;
    if (!at.is_set()) {
      known.state = "none";
      known.text = "The " + std::string(name) + " is not loaded.";
      known.remedy = "waybill advisories sync";
    } else {
      known.state = hours_between(at, now) > limit_hours ? "stale" : "complete";
      known.text = "The " + std::string(name) + " was loaded " + clock_text(at, now) + ".";
      if (known.state == "stale") known.remedy = "waybill advisories sync";
    }
    all.push_back(std::move(known));
  };
  feed("known-exploited", "known-exploited catalogue", exploited_at, exploited, kStaleAdvisoryHours);
  feed("exploit-prediction", "exploit predictions (EPSS)", epss_at, 0, 72);
  // Bills of materials of what runs.
  size_t running = 0, missing = 0;
  std::string first_missing;
  for (const auto& deployment : view.running_everywhere()) {
    if (!context.sees(service_info(view, deployment.service).scope)) continue;
    ++running;
    if (!view.inventories(deployment.artifact).empty()) continue;
    ++missing;
    if (first_missing.empty()) first_missing = deployment.digest;
  }
  Known sboms;
  sboms.what = "sboms";
  sboms.source = "bills of materials of what runs";
  sboms.records = running - missing;
  sboms.has_records = true;
  sboms.state = running == 0 ? "none" : missing == 0 ? "complete" : missing == running ? "none" : "partial";
  sboms.text = running == 0 ? "Nothing is deployed yet."
               : missing == 0
                   ? "All of " + count_text(running, "deployment", "deployments") + (running == 1 ? " has a bill of materials." : " have a bill of materials.")
                   : std::to_string(missing) + " of " + count_text(running, "deployment", "deployments") + " without a bill of materials.";
  if (missing > 0) sboms.remedy = "waybill collect sbom.json --subject " + first_missing;
  all.push_back(std::move(sboms));
  Known checkpoint;
  checkpoint.what = "checkpoint";
  checkpoint.source = context.world().log().origin();
  checkpoint.state = "complete";
  checkpoint.records = view.size();
  checkpoint.has_records = true;
  checkpoint.at = view.time();
  checkpoint.text = "The log has " + count_text(view.size(), "entry", "entries") + ", the last of " + clock_text(view.time(), now) + ".";
  all.push_back(std::move(checkpoint));
  return all;
}

// Decisions that wait for a person.
size_t count_waiting(Context& context, const graph::View& view, Time now) {
  size_t waiting = 0;
  graph::View::DecisionFilter filter;
  filter.verdict = "ask";
  for (const auto& decision : view.decisions(filter, {.limit = 500})) {
    if (!decision.superseded_by.empty() || !context.sees(decision.fact.service)) continue;
    if (decision.fact.until.is_set() && decision.fact.until < now) continue;
    const auto id = view.find(graph::Kind::decision, decision.fact.id);
    if (!id || view.approvals(id).empty()) ++waiting;
  }
  return waiting;
}

}  // namespace

Result<http::Response> show_status(Context& context) {
  TRY(const auto view, context.view());
  const Time now = context.is_live() ? context.world().clock().now() : view.time();
  const auto counts = view.counts();
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  w.field("version", context.site.version)
      .key("me")
      .begin_object()
      .field("id", context.who().id)
      .field("role", to_word(context.who().roles))
      .key("scopes")
      .begin_array();
  for (const auto& scope : context.who().scopes) w.value(scope);
  w.end_array().end_object().field("scope", context.site.scope);
  std::vector<graph::Id> delivered;
  for (const auto& deployment : view.running_everywhere()) delivered.push_back(deployment.artifact);
  for (const auto& decision : view.decisions({}, {.limit = 2000}))
    if (decision.subject.kind() == graph::Kind::artifact) delivered.push_back(decision.subject);
  std::sort(delivered.begin(), delivered.end());
  delivered.erase(std::unique(delivered.begin(), delivered.end()), delivered.end());
  w.key("counts").begin_object().field("services", counts.services).field("environments", counts.environments).field("subjects", counts.artifacts);
  w.field("packages", counts.packages).field("entries", counts.entries).field("waiting", count_waiting(context, view, now));
  w.field("open_vulnerabilities", view.running_vulnerabilities().size()).field("deliveries", delivered.size()).end_object();
  const auto knowledge = knowledge_of(context, view, now);
  w.key("knowledge").begin_array();
  for (const auto& known : knowledge) {
    w.begin_object().field("what", known.what).field("source", known.source).field("state", known.state);
    if (known.has_records) w.field("records", known.records);
    append_time(w, "at", known.at);
    if (known.at.is_set()) {
      w.field("age_hours", hours_between(known.at, now));
    } else {
      w.key("age_hours").null();
    }
    w.field("text", known.text);
    append_id_or_null(w, "remedy", known.remedy);
    w.end_object();
  }
  w.end_array().key("banners").begin_array();
  for (const auto& known : knowledge) {
    if (known.what == "advisories" && known.state == "none") {
      w.begin_object().field("verdict", "deny").field("word", "Missing").field("text", known.text).field("remedy", known.remedy).end_object();
    } else if (known.what == "advisories" && known.state == "stale") {
      w.begin_object()
          .field("verdict", "warn")
          .field("word", "Stale")
          .field("text", "Advisories of " + known.source + " are " + span_text(now.ms - known.at.ms) + " old.")
          .field("remedy", known.remedy)
          .end_object();
    } else if (known.what == "sboms" && (known.state == "partial" || (known.state == "none" && !known.remedy.empty()))) {
      w.begin_object().field("verdict", "warn").field("word", "Missing").field("text", known.text).field("remedy", known.remedy).end_object();
    }
  }
  w.end_array().end_object();
  return json_response(std::move(w));
}

namespace {

struct Cell {
  graph::Deployment deployment;
  StandingInfo standing;
};
struct Row {
  ServiceInfo service;
  std::map<std::string, Cell> cells;  // by environment
  int worst = 0;
};

// The moments of a history: evenly from the first entry (at most 14 days back) to now.
std::vector<Time> sample_times(const graph::View& view, Time now) {
  std::vector<Time> times;
  if (view.size() == 0) return times;
  const auto first = view.entry(0);
  const int64_t from = std::max(first ? first->at.ms : now.ms, now.ms - 14 * kDayMs);
  const int64_t step = std::max<int64_t>((now.ms - from) / static_cast<int64_t>(kSamples - 1), 1);
  for (size_t i = 0; i + 1 < kSamples; ++i) times.push_back({from + static_cast<int64_t>(i) * step});
  times.push_back(now);
  times.erase(std::unique(times.begin(), times.end()), times.end());
  return times;
}

}  // namespace

Result<http::Response> show_overview(Context& context) {
  TRY(const auto view, context.view());
  const Time now = context.is_live() ? context.world().clock().now() : view.time();
  const Verdicts verdicts(context, view);
  const auto environments = environments_of(view);

  std::map<graph::Id, Row> rows;
  for (auto& service : services_of(view, context)) rows[service.id].service = service;
  std::map<std::string, size_t> counts = {{"deny", 0}, {"warn", 0}, {"ask", 0}, {"unknown", 0}, {"allow", 0}, {"next", 0}};
  size_t running = 0;
  std::vector<std::string> denied;
  for (const auto& deployment : view.running_everywhere()) {
    const auto it = rows.find(deployment.service);
    if (it == rows.end()) continue;  // outside of the caller's scopes
    auto standing = verdicts.of(deployment);
    ++running;
    ++counts[standing.verdict];
    it->second.worst = std::max(it->second.worst, badness(standing.verdict) + 1);
    if (standing.verdict == "deny") denied.push_back(it->second.service.name + " in " + std::string(deployment.environment_name));
    it->second.cells[std::string(view.text(deployment.environment))] = {deployment, std::move(standing)};
  }
  std::vector<const Row*> ordered;
  for (const auto& [id, row] : rows) ordered.push_back(&row);
  std::sort(ordered.begin(), ordered.end(),
            [](const Row* a, const Row* b) { return std::tie(b->worst, a->service.name) < std::tie(a->worst, b->service.name); });
  const auto turned = view.transitions({.limit = 50});

  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  // --- one sentence
  std::string worst = "unknown", text, because;
  const graph::Known<facts::Turned>* newest_bad = nullptr;
  for (const auto& one : turned)
    if (one.fact.to == "deny" && newest_bad == nullptr) newest_bad = &one;
  if (running == 0) {
    text = rows.empty() ? "Nothing is here yet." : "Nothing is deployed yet.";
    because = "Record a deployment and it appears here: waybill deploy IMAGE@DIGEST --service S --env E";
  } else if (counts["deny"] > 0) {
    worst = "deny";
    text = std::to_string(counts["deny"]) + " of " + count_text(running, "deployment", "deployments") + " may not go on running: ";
    for (size_t i = 0; i < denied.size() && i < 3; ++i) text += (i == 0 ? "" : i + 1 == denied.size() ? " and " : ", ") + denied[i];
    if (denied.size() > 3) text += " and " + count_text(denied.size() - 3, "other", "others");
    text += ".";
    if (newest_bad != nullptr) because = "Since " + clock_text(newest_bad->fact.at, now) + ": " + std::string(newest_bad->fact.cause);
  } else if (counts["ask"] > 0) {
    worst = "ask";
    text = count_text(counts["ask"], "deployment waits", "deployments wait") + " for an approval.";
  } else if (counts["unknown"] > 0) {
    text = "Of " + count_text(running, "deployment", "deployments") + ", " + std::to_string(counts["unknown"]) + (counts["unknown"] == 1 ? " has" : " have") +
           " not been judged.";
  } else if (counts["warn"] > 0) {
    worst = "warn";
    text = count_text(running, "deployment runs", "deployments run") + "; somebody should look at " + std::to_string(counts["warn"]) + ".";
  } else {
    worst = "allow";
    text = running == 1 ? "The one deployment may go on running." : "All " + std::to_string(running) + " deployments may go on running.";
  }
  w.key("headline").begin_object().field("verdict", worst).field("text", text);
  if (!because.empty()) w.field("because", because);
  w.key("links").begin_array();
  if (worst == "deny" && newest_bad != nullptr)
    for (const auto& name : names_in(view, newest_bad->fact.cause)) w.begin_object().field("text", name.text).field("href", name.href).end_object();
  w.end_array().end_object();

  w.key("environments").begin_array();
  for (const auto& environment : environments)
    w.begin_object().field("name", environment.name).field("tier", environment.tier).field("order", environment.order).end_object();
  w.end_array();

  // --- histories, from the graph as it was
  const auto times = sample_times(view, now);
  const bool with_history = running <= kMaxHistoryPlaces;
  std::map<graph::Id, std::vector<std::pair<Time, size_t>>> history;
  std::vector<std::tuple<Time, size_t, size_t>> risk;
  if (with_history && running > 0) {
    for (const Time at : times) {
      const auto then = at == now ? context.world().graph().view(graph::At::size(view.size())) : context.world().graph().view(graph::At::time(at));
      if (then.size() == 0 || then.size() > view.size()) continue;
      FindingCounter counter(then);
      std::map<graph::Id, std::vector<graph::Id>> by_service;
      size_t serious = 0, urgent = 0;
      for (const auto& deployment : then.running_everywhere()) {
        if (!rows.contains(deployment.service)) continue;
        const auto& found = counter.of(deployment.artifact);
        for (const auto& one : found) {
          by_service[deployment.service].push_back(one.vulnerability);
        }
        bool is_serious = false, is_urgent = false;
        for (const auto& one : found) {
          is_serious = is_serious || one.serious;
          is_urgent = is_urgent || one.exploited;
        }
        serious += is_serious ? 1 : 0;
        urgent += is_urgent ? 1 : 0;
      }
      risk.emplace_back(at, serious, urgent);
      for (const auto& [id, row] : rows) {
        auto& found = by_service[id];
        std::sort(found.begin(), found.end());
        found.erase(std::unique(found.begin(), found.end()), found.end());
        history[id].emplace_back(at, found.size());
      }
    }
  }

  w.key("services").begin_array();
  for (const Row* row : ordered) {
    w.begin_object().field("name", row->service.name).field("scope", row->service.scope).key("owners").begin_array();
    for (const auto& owner : row->service.owners) w.value(owner);
    w.end_array().key("cells").begin_object();
    for (const auto& environment : environments) {
      const auto it = row->cells.find(environment.name);
      if (it == row->cells.end()) continue;
      const auto& [deployment, standing] = it->second;
      w.key(environment.name)
          .begin_object()
          .field("digest", deployment.digest)
          .field("name", deployment.name.empty() ? short_digest(deployment.digest) : std::string(deployment.name));
      w.field("deployment", ref_of('r', deployment.entry)).field("since", to_rfc3339(deployment.from)).field("verdict", standing.verdict);
      append_id_or_null(w, "decision", standing.decision);
      w.field("summary", standing.summary);
      // What stands before the door: the newest decision here about something else than what runs.
      graph::View::DecisionFilter filter;
      filter.environment = environment.name;
      filter.service = row->service.scope;
      for (const auto& decision : view.decisions(filter, {.limit = 8})) {
        if (decision.entry < deployment.entry) break;
        if (decision.subject == deployment.artifact || decision.subject.kind() != graph::Kind::artifact || !decision.superseded_by.empty()) continue;
        w.key("next")
            .begin_object()
            .field("verdict", decision.fact.verdict)
            .field("decision", decision.fact.id)
            .field("digest", decision.fact.subject)
            .end_object();
        ++counts["next"];
        break;
      }
      w.end_object();
    }
    w.end_object().key("findings");
    const auto past = history.find(row->service.id);
    if (row->cells.empty() || past == history.end() || past->second.empty()) {
      w.null();
    } else {
      w.begin_object().field("now", past->second.back().second).key("history").begin_array();
      for (const auto& [at, found] : past->second) w.begin_array().value(to_rfc3339(at)).value(found).end_array();
      w.end_array().end_object();
    }
    w.end_object();
  }
  w.end_array().key("counts").begin_object();
  for (const auto& [word, count] : counts) w.field(word, count);
  w.end_object();

  // --- what turned, changes of one cause together
  w.key("turned").begin_array();
  for (size_t i = 0; i < turned.size();) {
    const auto& first = turned[i].fact;
    size_t end = i;
    while (end < turned.size() && turned[end].fact.cause == first.cause && turned[end].fact.to == first.to && turned[end].fact.from == first.from) ++end;
    w.begin_object()
        .field("entry", turned[i].entry)
        .field("at", to_rfc3339(first.at))
        .field("from", first.from.empty() ? facts::Text("unknown") : first.from)
        .field("to", first.to)
        .field("cause", first.cause);
    w.key("links").begin_array();
    for (const auto& name : names_in(view, first.cause)) w.begin_object().field("text", name.text).field("href", name.href).end_object();
    w.end_array().key("deployments").begin_array();
    for (; i < end; ++i) {
      const auto& fact = turned[i].fact;
      if (!context.sees(fact.service)) continue;
      w.begin_object().field("service", last_part(fact.service)).field("environment", fact.environment);
      const auto place = view.place(view.find_service(fact.service), view.find_environment(fact.environment));
      if (const auto now_there = place ? view.running(place) : std::nullopt) w.field("deployment", ref_of('r', now_there->entry));
      w.end_object();
    }
    w.end_array().key("told").begin_array().end_array().end_object();
  }
  w.end_array().key("risk");
  if (risk.empty()) {
    w.null();
  } else {
    w.begin_object().key("labels").begin_array().value("high or critical").value("known exploited").end_array().key("points").begin_array();
    for (const auto& [at, serious, urgent] : risk) w.begin_array().value(to_rfc3339(at)).value(serious).value(urgent).end_array();
    w.end_array().field("of", running).end_object();
  }
  w.end_object();
  return json_response(std::move(w));
}

}  // namespace waybill::server
