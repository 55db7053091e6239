#include "waybill/server/handlers.h"
#include "waybill/server/present.h"
#include "waybill/server/world.h"

namespace waybill::server {
namespace {

constexpr size_t kLookBack = 2000;  // newest artifacts that a list looks through
constexpr size_t kMeasured = 200;   // deliveries that medians are taken over

// docs/api.md: the seven stages, in order.
struct StageName {
  std::string_view key, name;
};
constexpr StageName kStages[] = {{"commit", "Commit"},        {"build", "Build"},
                                 {"evidence", "Evidence"},    {"gate-staging", "Gate: staging"},
                                 {"staging", "Staging"},      {"gate-production", "Gate: production"},
                                 {"production", "Production"}};
constexpr size_t kStageCount = std::size(kStages);

struct Stage {
  std::string state = "none", verdict, text, link;
  Time from, until;
  uint64_t entry = graph::kNoEntry;
};

struct Delivery {
  graph::Id artifact;
  std::string service, scope, revision, title, verdict = "unknown";
  std::array<Stage, kStageCount> stages;
  std::string waits_for, waits_command, waits_link;
  Time waits_since, newest;
};

// The environments of the two stages: those whose tier they are; with several, the first of the order.
std::string environment_of(const std::vector<EnvironmentInfo>& environments, std::string_view tier) {
  for (const auto& one : environments)
    if (one.tier == tier) return one.name;
  return std::string(tier);
}

Delivery make_delivery(const graph::View& view, const Verdicts& verdicts, const std::vector<EnvironmentInfo>& environments, graph::Id artifact, Time now) {
  Delivery delivery;
  delivery.artifact = artifact;
  const auto deployments = view.deployments_of(artifact);
  graph::View::DecisionFilter filter;
  filter.subject = artifact;
  const auto decisions = view.decisions(filter, {.limit = 100});
  if (!deployments.empty()) {
    const auto service = service_info(view, deployments.front().service);
    delivery.service = service.name;
    delivery.scope = service.scope;
  } else {
    for (const auto& decision : decisions)
      if (!decision.fact.service.empty()) {
        delivery.scope = decision.fact.service;
        delivery.service = last_part(decision.fact.service);
        break;
      }
  }
  auto& [commit, build, evidence, gate_staging, staging, gate_production, production] = delivery.stages;
  const auto touch = [&](Time at) {
    if (at > delivery.newest) delivery.newest = at;
  };

  const auto sources = view.sources(artifact);
  const auto builds = view.builds(artifact);
  std::string revision = sources.empty() ? std::string() : std::string(sources.front().fact.source);
  if (revision.empty() && !builds.empty()) revision = builds.front().fact.source;
  if (!revision.empty()) {
    delivery.revision = revision;
    const auto source = view.find(graph::Kind::source, revision);
    commit.state = "done";
    commit.entry = !sources.empty() ? sources.front().entry : builds.front().entry;
    const auto at = revision.rfind('@');
    commit.text = "Commit " + revision.substr(at == std::string::npos ? 0 : at + 1, 12);
    commit.link = "/subjects/" + http::percent_encode(revision);
    if (source) {
      for (const auto& observed : view.observations(source)) {
        if (observed.fact.property == "title" || observed.fact.property == "commit.title" || observed.fact.property == "message")
          delivery.title = observed.fact.value;
        if (observed.fact.property == "committed_at" || observed.fact.property == "commit.at")
          if (const auto when = parse_time(observed.fact.value)) commit.from = commit.until = *when;
      }
    }
  }
  if (!builds.empty()) {
    const auto& fact = builds.front().fact;
    build.state = "done";
    build.entry = builds.front().entry;
    build.from = fact.started_at;
    build.until = fact.finished_at.is_set() ? fact.finished_at : fact.started_at;
    build.text = "Built by " + std::string(last_part(fact.builder));
    if (!build.until.is_set())
      if (const auto entry = view.entry(build.entry)) build.until = entry->at;
  }
  size_t documents = 0;
  for (const auto& entry : view.entries_of(artifact, {.limit = 200})) {
    if (entry.kind != "evidence") continue;
    ++documents;
    if (!evidence.until.is_set()) evidence.until = entry.at, evidence.entry = entry.index;
    evidence.from = entry.at;
    touch(entry.at);
  }
  if (documents > 0) {
    evidence.state = "done";
    evidence.text = count_text(documents, "document", "documents");
    const bool sbom = !view.inventories(artifact).empty();
    if (!sbom) evidence.text += ", no bill of materials";
  }

  const auto gate_and_place = [&](Stage& gate, Stage& place, std::string_view tier) {
    const auto environment = environment_of(environments, tier);
    const graph::Decision* newest = nullptr;
    const graph::Decision* oldest = nullptr;
    for (const auto& decision : decisions) {
      if (decision.fact.environment != environment) continue;
      if (newest == nullptr) newest = &decision;
      oldest = &decision;
    }
    for (const auto& deployment : deployments) {
      if (deployment.environment_name != environment) continue;
      const bool runs = !deployment.until.is_set();
      place.state = runs ? "done" : "done";
      place.entry = deployment.entry;
      place.from = deployment.from;
      place.until = deployment.until;
      if (runs) {
        const auto standing = verdicts.of(deployment);
        place.verdict = standing.verdict;
        place.text = "Runs as " + std::string(last_part(deployment.service_name)) + " in " + environment + " since " + clock_text(deployment.from, now);
        if (!standing.decision.empty()) place.link = "/decisions/" + standing.decision;
        if (standing.verdict == "deny") place.state = "failed";
        if (badness(standing.verdict) > badness(delivery.verdict) || delivery.verdict == "unknown") delivery.verdict = standing.verdict;
      } else {
        place.text = "Ran in " + environment + " until " + clock_text(deployment.until, now);
      }
      touch(deployment.from);
      break;
    }
    if (newest != nullptr) {
      gate.verdict = newest->fact.verdict;
      gate.entry = newest->entry;
      gate.from = oldest->fact.at;
      gate.until = newest->fact.at;
      gate.text = newest->fact.summary;
      gate.link = "/decisions/" + std::string(newest->fact.id);
      gate.state = gate.verdict == "deny" ? "failed" : gate.verdict == "ask" ? "waiting" : "done";
      touch(newest->fact.at);
      const bool deployed_since = place.entry != graph::kNoEntry && place.entry > newest->entry;
      if (gate.verdict == "ask") {
        const auto id = view.find(graph::Kind::decision, newest->fact.id);
        if (id && !view.approvals(id).empty()) {
          gate.state = "done";
        } else if (!deployed_since) {
          delivery.waits_for = "an approval for " + environment;
          delivery.waits_command = "waybill approve " + std::string(newest->fact.id);
          delivery.waits_link = gate.link;
          delivery.waits_since = newest->fact.at;
          gate.until = {};
        }
      } else if (gate.verdict == "deny" && !deployed_since && delivery.waits_for.empty()) {
        delivery.waits_for = "what " + environment + " refuses: " + std::string(newest->fact.summary);
        delivery.waits_command = "waybill check " + std::string(view.text(artifact)) + " --env " + environment;
        delivery.waits_link = gate.link;
        delivery.waits_since = newest->fact.at;
      }
      if (place.entry == graph::kNoEntry || delivery.verdict == "unknown")
        if (delivery.verdict == "unknown" || badness(gate.verdict) > badness(delivery.verdict)) delivery.verdict = gate.verdict;
    } else if (place.entry != graph::kNoEntry) {
      gate.state = "skipped";
      gate.text = "It was deployed to " + environment + " without asking a gate.";
    }
  };
  gate_and_place(gate_staging, staging, "staging");
  gate_and_place(gate_production, production, "production");
  // What comes next is where it is now.
  if (delivery.waits_for.empty() && production.entry == graph::kNoEntry) {
    if (staging.entry != graph::kNoEntry && gate_production.state == "none")
      gate_production.state = "active", gate_production.text = "Next: ask the gate for production.";
    else if (gate_staging.state == "done" && staging.entry == graph::kNoEntry)
      staging.state = "active", staging.text = "Allowed, not deployed yet.";
    else if (gate_production.state == "done")
      production.state = "active", production.text = "Allowed, not deployed yet.";
    else if (gate_staging.state == "none" && documents > 0)
      gate_staging.state = "active", gate_staging.text = "Next: ask the gate for staging.";
  }
  return delivery;
}

void append_delivery(JsonWriter& w, const graph::View& view, const Delivery& delivery) {
  const auto id = view.text(delivery.artifact);
  auto name = std::string(view.name(delivery.artifact));
  if (name.empty() || name == id) {
    name = short_digest(id);
  } else {
    name = last_part(name);
    const auto colon = name.rfind(':');
    if (colon != std::string::npos) name[colon] = ' ';
  }
  w.field("id", id).field("service", delivery.service).field("scope", delivery.scope).field("name", name);
  append_id_or_null(w, "revision", delivery.revision);
  append_id_or_null(w, "title", delivery.title);
  w.field("verdict", delivery.verdict).key("stages").begin_array();
  for (size_t i = 0; i < kStageCount; ++i) {
    const auto& stage = delivery.stages[i];
    w.begin_object().field("key", kStages[i].key).field("state", stage.state);
    append_time(w, "from", stage.from);
    append_time(w, "until", stage.until);
    append_id_or_null(w, "verdict", stage.verdict);
    if (stage.entry == graph::kNoEntry)
      w.key("entry").null();
    else
      w.field("entry", stage.entry);
    append_id_or_null(w, "text", stage.text);
    append_id_or_null(w, "link", stage.link);
    w.end_object();
  }
  w.end_array();
  if (delivery.waits_for.empty()) {
    w.key("waits").null();
  } else {
    w.key("waits").begin_object().field("for", delivery.waits_for);
    append_time(w, "since", delivery.waits_since);
    append_id_or_null(w, "command", delivery.waits_command);
    append_id_or_null(w, "link", delivery.waits_link);
    w.end_object();
  }
}

void append_stage_heads(JsonWriter& w, const std::vector<Delivery>& deliveries) {
  w.key("stages").begin_array();
  for (size_t i = 0; i < kStageCount; ++i) {
    std::vector<int64_t> took, waited;
    for (const auto& delivery : deliveries) {
      const auto& stage = delivery.stages[i];
      if (stage.from.is_set() && stage.until.is_set() && stage.until >= stage.from && stage.state == "done")
        took.push_back((stage.until.ms - stage.from.ms) / 1000);
      // Waiting: from the end of the stage before that has one, to the beginning of this.
      for (size_t before = i; before-- > 0;) {
        const auto& last = delivery.stages[before];
        if (!last.until.is_set()) continue;
        if (stage.from.is_set() && stage.from >= last.until) waited.push_back((stage.from.ms - last.until.ms) / 1000);
        break;
      }
    }
    const auto median = [&](std::string_view name, std::vector<int64_t>& values) {
      if (values.empty()) {
        w.key(name).null();
        return;
      }
      std::sort(values.begin(), values.end());
      w.field(name, values[values.size() / 2]);
    };
    w.begin_object().field("key", kStages[i].key).field("name", kStages[i].name);
    median("median_seconds", took);
    median("waiting_median_seconds", waited);
    w.end_object();
  }
  w.end_array();
}

// Artifacts that are on their way or arrived: built, judged or deployed. A bill of materials alone makes no delivery.
bool is_delivery(const graph::View& view, graph::Id artifact) {
  if (!view.deployments_of(artifact).empty() || !view.builds(artifact).empty()) return true;
  graph::View::DecisionFilter filter;
  filter.subject = artifact;
  return !view.decisions(filter, {.limit = 1}).empty();
}

}  // namespace

Result<http::Response> list_deliveries(Context& context) {
  TRY(const auto view, context.view());
  TRY(const auto page, context.paging(50));
  const Time now = context.is_live() ? context.world().clock().now() : view.time();
  const Verdicts verdicts(context, view);
  const auto environments = environments_of(view);
  const auto service = context.parameter_or("service", ""), q = to_lower(context.parameter_or("q", ""));
  const size_t total = view.counts().artifacts;
  auto ids = view.all(graph::Kind::artifact, {total > kLookBack ? total - kLookBack : 0, kLookBack});
  std::vector<Delivery> all;
  for (auto it = ids.rbegin(); it != ids.rend(); ++it) {
    if (!is_delivery(view, *it)) continue;
    auto delivery = make_delivery(view, verdicts, environments, *it, now);
    if (!context.sees(delivery.scope)) continue;
    if (!service.empty() && service != delivery.service && service != delivery.scope) continue;
    if (!q.empty() && to_lower(view.text(*it)).find(q) == std::string::npos && to_lower(view.name(*it)).find(q) == std::string::npos &&
        to_lower(delivery.service).find(q) == std::string::npos && to_lower(delivery.revision).find(q) == std::string::npos)
      continue;
    all.push_back(std::move(delivery));
  }
  std::sort(all.begin(), all.end(), [](const Delivery& a, const Delivery& b) { return std::tie(b.newest, b.artifact) < std::tie(a.newest, a.artifact); });
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  std::vector<Delivery> measured(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), kMeasured)));
  append_stage_heads(w, measured);
  w.key("items").begin_array();
  const size_t end = std::min(all.size(), page.from + page.limit);
  for (size_t i = std::min(page.from, all.size()); i < end; ++i) {
    w.begin_object();
    append_delivery(w, view, all[i]);
    w.end_object();
  }
  w.end_array();
  if (end < all.size()) w.field("next", std::to_string(end));
  w.field("total", all.size()).end_object();
  return json_response(std::move(w));
}

Result<http::Response> show_delivery(Context& context) {
  TRY(const auto view, context.view());
  auto found = view.find_subject(context.parts[0]);
  if (found && found->kind() == graph::Kind::image) {
    const auto artifact = view.resolve_image(view.text(*found));
    if (artifact) *found = artifact;
  }
  if (!found || found->kind() != graph::Kind::artifact) {
    if (!found && found.error().code() != Code::not_found) return fail(std::move(found.error()));
    return fail(Error(Code::not_found, "there is no delivery " + context.parts[0]).next("a delivery is named by the digest of what is delivered"));
  }
  const Time now = context.is_live() ? context.world().clock().now() : view.time();
  const Verdicts verdicts(context, view);
  const auto environments = environments_of(view);
  const auto delivery = make_delivery(view, verdicts, environments, *found, now);
  if (!context.sees(delivery.scope)) return fail(Error(Code::not_found, "there is no delivery " + context.parts[0]));
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  append_delivery(w, view, delivery);
  w.key("entries").begin_array();
  auto entries = view.entries_of(*found, {.limit = 200});
  std::reverse(entries.begin(), entries.end());
  for (const auto& entry : entries) {
    std::string text;
    if (entry.kind == "evidence")
      text = std::string(entry.format);
    else if (const auto kind = log::parse_entry_kind(entry.kind))
      text = log::entry_kind_info(*kind).sentence;
    w.begin_object().field("entry", entry.index).field("at", to_rfc3339(entry.at)).field("kind", entry.kind).field("text", text).end_object();
  }
  w.end_array().end_object();
  return json_response(std::move(w));
}

}  // namespace waybill::server
