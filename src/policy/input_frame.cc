// Looking up a question's words in the graph, and the frame's objects.
#include "waybill/base/json_in.h"
#include "waybill/identity/image.h"
#include "waybill/identity/subject.h"
#include "waybill/policy/decide.h"
#include "waybill/policy/input.h"
#include "waybill/policy/input_parts.h"

namespace waybill::policy {
namespace {

std::string without_scope(std::string_view scope) {
  const auto slash = scope.rfind('/');
  return std::string(slash == std::string_view::npos ? scope : scope.substr(slash + 1));
}

// The service that an artifact belongs to, when the question does not say: the one that it was deployed as last, else the
// one whose repository it was built from.
graph::Id find_service_of(const graph::View& view, graph::Id artifact) {
  if (!artifact) return {};
  if (const auto deployments = view.deployments_of(artifact); !deployments.empty()) return deployments.front().service;
  const auto sources = view.built_from(artifact);
  if (sources.empty()) return {};
  graph::Id found;
  for (const auto& service : view.services()) {
    if (service.json.empty()) continue;
    auto json = JsonDocument::parse(service.json);
    if (!json) continue;
    auto repository = identity::canonical_repository(json->root()["repository"].string_or(""));
    if (!repository) continue;
    for (const auto source : sources)
      if (view.text(source).starts_with(*repository + "@")) {
        if (found && found != service.id) return {};  // two could be meant: do not guess
        found = service.id;
      }
  }
  return found;
}

}  // namespace

std::string scope_of(const graph::View& view, graph::Id service) {
  const auto known = view.service(service);
  if (!known) return std::string(view.text(service));
  auto json = JsonDocument::parse(known->json.empty() ? std::string_view("{}") : known->json);
  const auto scope = json ? json->root()["scope"].string_or("") : std::string_view();
  if (scope.empty()) return std::string(known->scope.empty() ? known->name : known->scope);
  const auto name = std::string_view(known->name);
  if (scope == name || scope.ends_with("/" + std::string(name))) return std::string(scope);
  return std::string(scope) + "/" + std::string(name);
}

graph::Id find_service_by(const graph::View& view, std::string_view name_or_scope) {
  if (const auto found = view.find_service(name_or_scope)) return found;
  const auto slash = name_or_scope.rfind('/');
  if (slash == std::string_view::npos) return {};
  const auto found = view.find_service(name_or_scope.substr(slash + 1));
  return found && scope_of(view, found) == name_or_scope ? found : graph::Id{};
}

Tier tier_of(std::string_view name, JsonValue configuration) {
  if (const auto tier = find_tier(configuration["tier"].string_or(""))) return *tier;
  if (!configuration.exists())
    if (const auto tier = find_tier(name)) return *tier;
  return Tier::production;
}

Result<Asked> resolve_question(const graph::View& view, const Question& question, Time now) {
  Asked asked;
  asked.now = Time{now.ms / 1000 * 1000};
  asked.gate = question.gate;
  asked.action = question.action;
  asked.who = question.who.id;
  asked.issuer = question.who.issuer;
  asked.groups.assign(question.who.groups.begin(), question.who.groups.end());
  asked.reason = question.reason;
  asked.ticket = question.ticket;
  asked.preview = question.preview || question.at.has_value();

  auto environment = std::string(question.environment);
  auto service = std::string(question.service);
  auto subject = identity::Subject::parse(question.subject);
  if (!subject) return fail(std::move(subject.error()).at("subject"));
  switch (subject->kind) {
    case identity::SubjectKind::artifact: {
      asked.digest = asked.id = subject->id;
      asked.name = subject->name;
      if (!subject->name.empty()) asked.resolved_by = "digest";
      break;
    }
    case identity::SubjectKind::image: {
      const auto found = view.resolve_image(subject->id);
      if (!found)
        return fail(Error(Code::not_found, "nobody has said yet which digest " + subject->id + " is")
                        .at("subject")
                        .next("name it by digest: " + subject->id + "@sha256:…"));
      asked.digest = asked.id = std::string(view.text(found));
      asked.name = subject->id;
      asked.resolved_by = "tag";
      break;
    }
    case identity::SubjectKind::package: {
      const auto found = view.find(graph::Kind::package, subject->id);
      asked.id = subject->id;
      asked.name = subject->id;
      asked.artifact = found;
      break;
    }
    case identity::SubjectKind::revision: {
      asked.kind = SubjectKind::revision;
      asked.id = subject->id;
      asked.name = subject->id;
      asked.source = view.find(graph::Kind::source, subject->id);
      break;
    }
    case identity::SubjectKind::service: {
      asked.kind = SubjectKind::service;
      if (service.empty()) service = subject->service;
      if (environment.empty()) environment = subject->environment;
      break;
    }
  }

  if (environment.empty()) {
    if (const auto all = view.environments(); all.size() == 1) environment = all.front().name;
  }
  if (!environment.empty()) {
    asked.environment = view.find_environment(environment);
    const auto known = asked.environment ? view.environment(asked.environment) : std::nullopt;
    if (!known || known->json.empty()) {
      // Where environments are set up, a name that is not among them is a slip of the pen.
      std::string names;
      for (const auto& one : view.environments())
        if (!one.json.empty()) names += (names.empty() ? "" : ", ") + std::string(one.name);
      if (!known && !names.empty())
        return fail(Error(Code::not_found, "there is no environment \"" + environment + "\"")
                        .at("environment")
                        .next("choose one of: " + names + "; or set it up with an environment document"));
    }
    asked.environment_name = known ? std::string(known->name) : environment;
    auto json = JsonDocument::parse(known && !known->json.empty() ? known->json : std::string_view("null"));
    asked.tier = tier_of(asked.environment_name, json && json->root().is_object() ? json->root() : JsonValue{});
  }

  if (asked.kind == SubjectKind::artifact && !asked.artifact && !asked.digest.empty()) asked.artifact = view.find(graph::Kind::artifact, asked.digest);
  if (!service.empty()) {
    asked.service = find_service_by(view, service);
    if (!asked.service) asked.service_name = without_scope(service), asked.service_scope = asked.service_text = service;
  } else if (asked.kind == SubjectKind::artifact) {
    asked.service = find_service_of(view, asked.artifact);
  }
  if (asked.service) {
    const auto known = view.service(asked.service);
    asked.service_name = known ? std::string(known->name) : service;
    asked.service_scope = scope_of(view, asked.service);
    asked.service_text = view.text(asked.service);
    if (asked.environment) asked.place = view.place(asked.service, asked.environment);
  }
  if (asked.kind == SubjectKind::service) {
    asked.id = asked.service_scope + "@" + asked.environment_name;
    asked.name = asked.service_name + " in " + asked.environment_name;
    const auto running = asked.place ? view.running(asked.place) : std::nullopt;
    if (!running)
      return fail(Error(Code::not_found, "nothing runs as " + std::string(service) + " in " + environment)
                      .at("subject")
                      .next("record a deployment: waybill deploy IMAGE@DIGEST --service " + service + " --env " + environment));
    asked.artifact = running->artifact;
    asked.digest = running->digest;
  }
  if (asked.kind == SubjectKind::artifact) {
    if (asked.name.empty() && asked.artifact) {
      asked.name = view.name(asked.artifact);
      const auto names = view.images_of(asked.artifact);
      if (!names.empty()) asked.resolved_by = "digest";
      if (view.subject(asked.artifact).type == "container") asked.resolved_by = "digest";
    }
    if (asked.name.empty()) asked.name = asked.id;
    if (!asked.resolved_by.empty())
      if (auto image = identity::ImageReference::parse(asked.name)) asked.registry = image->registry, asked.repository = image->repository;
  }
  return asked;
}

std::string build_subject(const Asked& asked, const graph::View& view) {
  JsonObject o;
  o.text("id", asked.id).text("kind", to_string(asked.kind)).text("name", asked.name);
  if (!asked.digest.empty()) o.text("digest", asked.digest);
  const auto id = asked.kind == SubjectKind::revision ? asked.source : asked.artifact;
  std::vector<uint64_t> entries;
  bool known = false;
  if (id)
    for (const auto& entry : view.entries_of(id, {.from = 0, .limit = 64}))
      if (entry.kind == "evidence") {
        known = true;
        if (entries.size() < 8) entries.push_back(entry.index);
      }
  o.yes("known", known).entries(entries);
  if (asked.kind != SubjectKind::artifact) return std::move(o).take();

  const bool image = !asked.resolved_by.empty();
  const auto type = id ? view.subject(id).type : std::string_view();
  o.text("type", image || type == "container"                        ? "image"
                 : asked.id.starts_with("pkg:") || type == "library" ? "package"
                 : type == "application"                             ? "binary"
                                                                     : "other");
  o.raw("labels", "{}");
  Time created;
  std::string base_name, base_digest;
  if (id) {
    for (const auto& build : view.builds(id))
      if (const auto at = build.fact.finished_at.is_set() ? build.fact.finished_at : build.fact.started_at; at.is_set() && at.ms > created.ms) created = at;
    for (const auto& source : view.sources(id)) {
      if (base_name.empty()) base_name = source.fact.base_name;
      if (base_digest.empty()) base_digest = source.fact.base_digest;
    }
    if (!created.is_set())
      for (const auto& list : view.inventories(id))
        if (list.listed.generated_at.is_set() && list.listed.phase == "build") created = list.listed.generated_at;
  }
  if (created.is_set()) {
    created.ms = created.ms / 1000 * 1000;
    o.time("created_at", created).number("age_days", std::max<int64_t>(0, days_between(created, asked.now)));
  } else {
    o.unknown("created_at").unknown("age_days");
  }
  if (image) {
    o.text("registry", asked.registry).text("repository", asked.repository).text("resolved_by", asked.resolved_by);
    std::vector<std::string> tags;
    if (id)
      for (const auto& name : view.images_of(id))
        if (const auto colon = name.image.rfind(':'); colon != std::string_view::npos) tags.emplace_back(name.image.substr(colon + 1));
    std::sort(tags.begin(), tags.end());
    o.texts("tags", tags).unknown("user");
    if (base_name.empty() && base_digest.empty()) {
      o.unknown("base");
    } else {
      JsonObject base;
      if (base_name.empty())
        o.unknown("base.name");
      else
        base.text("name", base_name);
      if (base_digest.empty())
        o.unknown("base.digest");
      else
        base.text("digest", base_digest);
      o.unknown("base.age_days");
      const auto now = base_name.empty() ? graph::Id{} : view.resolve_image(base_name);
      if (now && !base_digest.empty())
        base.yes("outdated", view.text(now) != base_digest);
      else
        o.unknown("base.outdated");
      o.object("base", std::move(base));
    }
  }
  return std::move(o).take();
}

namespace {
std::vector<std::string> texts_of(JsonValue list) {
  std::vector<std::string> out;
  for (const auto item : list.items())
    if (item.is_string()) out.emplace_back(item.string_or(""));
  return out;
}
std::string map_or_empty(JsonValue value) {
  if (!value.is_object()) return "{}";
  auto canonical = canonical_json(value.to_json());
  return canonical ? *canonical : "{}";
}
}  // namespace

std::string build_environment(const Asked& asked, const graph::View& view) {
  const auto known = asked.environment ? view.environment(asked.environment) : std::nullopt;
  auto document = JsonDocument::parse(known && !known->json.empty() ? known->json : std::string_view("{}"));
  const auto json = document ? document->root() : JsonValue{};
  JsonObject o;
  o.text("name", asked.environment_name).text("tier", to_string(asked.tier));
  o.text_or_unknown("exposure", json["exposure"].string_or(""));
  o.raw("labels", map_or_empty(json["labels"]))
      .texts("owners", texts_of(json["owners"]))
      .texts("after", texts_of(json["after"]))
      .texts("frameworks", texts_of(json["frameworks"]));
  o.number("order", json["order"].int_or(static_cast<int>(asked.tier)));
  std::vector<std::string> freezes;
  for (const auto freeze : json["freezes"].items()) {
    auto from = parse_time(freeze["from"].string_or("")), until = parse_time(freeze["until"].string_or(""));
    if (!from || !until || until->ms <= asked.now.ms || from->ms > asked.now.ms + 14 * kDayMs) continue;
    JsonObject one;
    one.text("id", freeze["id"].string_or("freeze")).text("reason", freeze["reason"].string_or("")).time("from", *from).time("until", *until);
    one.yes("active", *from <= asked.now && asked.now < *until).texts("allows", texts_of(freeze["allows"]));
    if (known) one.entries({known->entry});
    freezes.push_back(std::move(one).take());
  }
  o.raw("freezes", to_json_array(freezes));
  // Change windows: [{from, until}], absolute moments.
  if (json["windows"].is_array()) {
    JsonObject window;
    bool open = false;
    Time next;
    for (const auto item : json["windows"].items()) {
      auto from = parse_time(item["from"].string_or("")), until = parse_time(item["until"].string_or(""));
      if (!from || !until || *until <= asked.now) continue;
      if (*from <= asked.now) open = true;
      if (!next.is_set() || *from < next) next = *from;
    }
    window.yes("open", open);
    if (next.is_set()) window.time("opens_at", next);
    o.object("window", std::move(window));
  }
  o.entries(known && known->entry != graph::kNoEntry ? std::vector<uint64_t>{known->entry} : std::vector<uint64_t>{});
  return std::move(o).take();
}

std::string build_service(const Asked& asked, const graph::View& view) {
  const auto known = asked.service ? view.service(asked.service) : std::nullopt;
  auto document = JsonDocument::parse(known && !known->json.empty() ? known->json : std::string_view("{}"));
  const auto json = document ? document->root() : JsonValue{};
  JsonObject o;
  o.text("name", asked.service_name).text("scope", asked.service_scope);
  o.text_or_unknown("criticality", json["criticality"].string_or("")).text("lifecycle", json["lifecycle"].string_or("active"));
  std::vector<std::string> owners;
  for (const auto item : json["owners"].items()) {
    JsonObject owner;
    const auto id = item.is_string() ? item.string_or("") : item["id"].string_or("");
    if (id.empty()) continue;
    owner.text("id", id).text("kind", id.starts_with("person:") ? "person" : "team");
    owner.text_or_unknown("contact", item.is_string() ? "" : item["contact"].string_or(""));
    owners.push_back(std::move(owner).take());
  }
  std::sort(owners.begin(), owners.end());
  o.raw("owners", to_json_array(owners)).raw("labels", map_or_empty(json["labels"]));
  if (json["data_classes"].is_array())
    o.texts("data_classes", texts_of(json["data_classes"]));
  else
    o.unknown("data_classes");
  o.text_or_unknown("repository", json["repository"].string_or(""));
  o.entries(known && known->entry != graph::kNoEntry ? std::vector<uint64_t>{known->entry} : std::vector<uint64_t>{});
  return std::move(o).take();
}

std::string build_request(const Asked& asked, const graph::View& view, std::string_view approvals_json) {
  JsonObject o;
  o.text("gate", asked.gate).text("action", asked.action).yes("preview", asked.preview);
  JsonObject who;
  who.text("id", asked.who).text("kind", asked.who.starts_with("person:") ? "person" : "machine").texts("groups", asked.groups);
  if (asked.issuer.empty())
    o.unknown("who.issuer");
  else
    who.text("issuer", asked.issuer);
  o.object("who", std::move(who));
  if (!asked.reason.empty()) o.text("reason", asked.reason);
  if (!asked.ticket.empty()) o.text("ticket", asked.ticket);
  // The glass is broken when an approval that covers this subject says so.
  auto approvals = JsonDocument::parse(approvals_json);
  if (approvals)
    for (const auto item : approvals->root().items()) {
      if (!item["break_glass"].bool_or(false) || !item["covers"].bool_or(false)) continue;
      JsonObject glass;
      glass.text("by", item["by"].string_or(""))
          .text("reason", item["reason"].string_or(""))
          .text("at", item["at"].string_or(""))
          .text("until", item["until"].string_or(""));
      for (const auto other : approvals->root().items())
        if (other["covers"].bool_or(false) && other["by"].string_or("") != item["by"].string_or("") && other["at"].string_or("") > item["at"].string_or("")) {
          glass.text("confirmed_by", other["by"].string_or(""));
          break;
        }
      o.object("break_glass", std::move(glass));
      break;
    }
  (void)view;
  return std::move(o).take();
}

}  // namespace waybill::policy
