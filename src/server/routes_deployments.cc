#include "waybill/identity/subject.h"
#include "waybill/report/dbom.h"
#include "waybill/server/handlers.h"
#include "waybill/server/present.h"
#include "waybill/server/world.h"

namespace waybill::server {
namespace {

// "r-31" → 31
Result<uint64_t> parse_ref(std::string_view text, char letter, std::string_view what) {
  uint64_t number = 0;
  bool good = text.size() > 2 && text.size() < 20 && text[0] == letter && text[1] == '-';
  for (const char c : text.substr(std::min<size_t>(2, text.size()))) {
    good = good && c >= '0' && c <= '9';
    if (good) number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  if (!good) return fail(Error(Code::invalid, "\"" + std::string(text) + "\" is no " + std::string(what) + ": expected " + letter + "-NUMBER"));
  return number;
}

void append_deployment(JsonWriter& w, const graph::View& view, const Verdicts& verdicts, const graph::Deployment& deployment) {
  const auto service = service_info(view, deployment.service);
  w.begin_object().field("id", ref_of('r', deployment.entry)).field("service", service.name).field("scope", service.scope);
  w.field("environment", deployment.environment_name)
      .field("digest", deployment.digest)
      .field("name", deployment.name.empty() ? deployment.digest : deployment.name);
  append_time(w, "from", deployment.from);
  append_time(w, "until", deployment.until);
  w.field("by", deployment.by);
  append_id_or_null(w, "decision", deployment.decision);
  if (deployment.until.is_set()) {
    w.key("verdict").null();
  } else {
    const auto standing = verdicts.of(deployment);
    w.field("verdict", standing.verdict).field("summary", standing.summary);
    append_id_or_null(w, "standing_decision", standing.decision);
  }
  w.field("entry", deployment.entry).end_object();
}

}  // namespace

Result<http::Response> post_deployment(Context& context) {
  TRY(const auto document, context.body());
  const auto root = document.root();
  const auto service = root["service"].string_or(""), environment = root["environment"].string_or("");
  if (service.empty()) return fail(Error(Code::invalid, "which service? expected a name").at("/service"));
  if (environment.empty()) return fail(Error(Code::invalid, "which environment? expected a name").at("/environment"));
  if (!identity::is_service_name(service))
    return fail(Error(Code::invalid, "\"" + std::string(service) + "\" is no name of a service: letters, digits and . _ - /").at("/service"));
  if (!identity::is_service_name(environment))
    return fail(Error(Code::invalid, "\"" + std::string(environment) + "\" is no name of an environment: letters, digits and . _ -").at("/environment"));
  if (!context.sees(service)) return fail(Error(Code::denied, "the service " + std::string(service) + " is outside of your scopes"));
  const bool remove = root["remove"].bool_or(false);
  const Time now = context.world().clock().now();
  Time at = now;
  if (const auto text = root["at"].string_or(""); !text.empty()) {
    TRY(at, parse_time(text));
    if (at.ms > now.ms + kMinuteMs) return fail(Error(Code::invalid, "the deployment lies in the future").at("/at"));
  }
  JsonWriter body;
  std::string subject_id;
  if (remove) {
    const auto view = context.world().graph().view();
    const auto place = view.place(view.find_service(service), view.find_environment(environment));
    if (!place || !view.running(place))
      return fail(Error(Code::conflict, "nothing of " + std::string(service) + " runs in " + std::string(environment))
                      .next("`waybill show " + std::string(service) + "` says what does"));
    body.begin_object().field("at", to_rfc3339_ms(at)).field("by", context.actor()).field("environment", environment).field("service", service).end_object();
  } else {
    const auto text = root["subject"].string_or("");
    if (text.empty()) return fail(Error(Code::invalid, "what was deployed? expected IMAGE@sha256:… or a digest").at("/subject"));
    auto subject = identity::Subject::parse(text);
    if (!subject) return fail(std::move(subject.error()).at("/subject"));
    std::string name = subject->name;
    subject_id = subject->id;
    if (subject->kind == identity::SubjectKind::image) {
      const auto view = context.world().graph().view();
      const auto artifact = view.resolve_image(subject->id);
      if (!artifact)
        return fail(Error(Code::invalid, "a tag can move, and nobody has said which digest " + subject->id + " is")
                        .at("/subject")
                        .next("name what runs by its digest: " + subject->id + "@sha256:…"));
      name = subject->id;
      subject_id = view.text(artifact);
    } else if (subject->kind != identity::SubjectKind::artifact) {
      return fail(Error(Code::invalid, "only an artifact runs: expected IMAGE@sha256:… or a digest, found a " + std::string(identity::to_string(subject->kind)))
                      .at("/subject"));
    }
    if (const auto given = root["name"].string_or(""); !given.empty()) name = given;
    body.begin_object().field("artifact", subject_id).field("at", to_rfc3339_ms(at)).field("by", context.actor());
    if (const auto decision = root["decision"].string_or(""); !decision.empty()) body.field("decision", decision);
    body.field("environment", environment);
    if (!name.empty()) body.field("name", name);
    body.field("service", service).end_object();
  }
  TRY(const auto receipt,
      context.world().collector().record(remove ? log::EntryKind::removal : log::EntryKind::deployment, std::move(body).take(), std::string(context.actor())));
  JsonWriter w;
  w.begin_object().field("id", ref_of('r', receipt.index)).field("entry", receipt.index).field("at", to_rfc3339_ms(receipt.time)).field("removed", remove);
  w.field("service", service).field("environment", environment);
  if (!remove) w.field("subject", subject_id);
  w.field("leaf", receipt.leaf.hex()).field("tree_size", receipt.tree_size).end_object();
  return json_response(std::move(w), 201);
}

Result<http::Response> list_deployments(Context& context) {
  TRY(const auto view, context.view());
  TRY(const auto page, context.paging());
  const Verdicts verdicts(context, view);
  const auto service = context.parameter_or("service", ""), environment = context.parameter_or("environment", "");
  std::vector<graph::Deployment> all;
  if (context.flag("all")) {
    for (const auto& one : view.services())
      for (auto& deployment : view.deployments_of_service(one.id)) all.push_back(deployment);
  } else {
    all = view.running_everywhere();
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.entry > b.entry; });
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  w.key("items").begin_array();
  size_t seen = 0, shown = 0;
  bool more = false;
  for (const auto& deployment : all) {
    const auto info = service_info(view, deployment.service);
    if (!context.sees(info.scope)) continue;
    if (!service.empty() && service != info.scope && service != info.name) continue;
    if (!environment.empty() && environment != deployment.environment_name) continue;
    if (seen++ < page.from) continue;
    if (shown == page.limit) {
      more = true;
      break;
    }
    ++shown;
    append_deployment(w, view, verdicts, deployment);
  }
  w.end_array();
  if (more) w.field("next", std::to_string(page.from + shown));
  w.end_object();
  return json_response(std::move(w));
}

namespace {
Result<graph::Deployment> find_deployment(Context& context, const graph::View& view) {
  TRY(const auto entry, parse_ref(context.parts[0], 'r', "deployment"));
  const auto deployment = view.deployment(entry);
  if (!deployment || !context.sees(service_info(view, deployment->service).scope))
    return fail(Error(Code::not_found, "there is no deployment " + context.parts[0]).next("GET /api/v1/deployments lists them"));
  return *deployment;
}
}  // namespace

Result<http::Response> show_deployment(Context& context) {
  TRY(const auto view, context.view());
  TRY(const auto deployment, find_deployment(context, view));
  const Verdicts verdicts(context, view);
  JsonWriter w;
  append_deployment(w, view, verdicts, deployment);
  std::string body = std::move(w).take();
  JsonWriter as_of;
  as_of.begin_object();
  append_as_of(as_of, view, context.is_live());
  return http::Response::json(std::move(as_of).take() + "," + body.substr(1));
}

Result<http::Response> show_dbom(Context& context) {
  TRY(const auto view, context.view());
  TRY(const auto deployment, find_deployment(context, view));
  report::DbomOptions options;
  options.engine_version = context.site.version;
  options.server_url = context.world().options().server_url;
  TRY(auto dbom, report::make_dbom(context.world().log(), view, deployment.entry, options));
  http::Response response;
  const auto name = ref_of('r', deployment.entry);
  if (context.flag("with_documents")) {
    TRY(response.body, report::make_dbom_archive(context.world().log(), dbom));
    response.headers.emplace_back("content-type", "application/zip");
    response.headers.emplace_back("content-disposition", "attachment; filename=\"" + name + ".dbom.zip\"");
  } else {
    response.body = std::move(dbom);
    response.headers.emplace_back("content-type", std::string(report::kDbomMediaType));
    response.headers.emplace_back("content-disposition", "attachment; filename=\"" + name + ".dbom.json\"");
  }
  return response;
}

namespace {
void append_service(JsonWriter& w, const graph::View& view, const Verdicts& verdicts, const ServiceInfo& service) {
  w.begin_object().field("name", service.name).field("scope", service.scope).key("owners").begin_array();
  for (const auto& owner : service.owners) w.value(owner);
  w.end_array().key("running").begin_array();
  std::string worst = "allow";
  size_t running = 0;
  for (const auto& deployment : view.deployments_of_service(service.id)) {
    if (deployment.until.is_set()) continue;
    ++running;
    const auto standing = verdicts.of(deployment);
    if (badness(standing.verdict) > badness(worst)) worst = standing.verdict;
    append_deployment(w, view, verdicts, deployment);
  }
  w.end_array().field("verdict", running == 0 ? "unknown" : worst);
  if (const auto whole = view.service(service.id)) {
    if (!whole->json.empty()) w.field_raw("configuration", whole->json);
    if (whole->entry != graph::kNoEntry) w.field("entry", whole->entry);
  }
  w.end_object();
}
}  // namespace

Result<http::Response> list_services(Context& context) {
  TRY(const auto view, context.view());
  TRY(const auto page, context.paging());
  const Verdicts verdicts(context, view);
  const auto all = services_of(view, context);
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  w.key("items").begin_array();
  const size_t end = std::min(all.size(), page.from + page.limit);
  for (size_t i = std::min(page.from, all.size()); i < end; ++i) append_service(w, view, verdicts, all[i]);
  w.end_array();
  if (end < all.size()) w.field("next", std::to_string(end));
  w.field("total", all.size()).end_object();
  return json_response(std::move(w));
}

Result<http::Response> show_service(Context& context) {
  TRY(const auto view, context.view());
  const auto id = view.find_service(context.parts[0]);
  const auto info = id ? service_info(view, id) : ServiceInfo{};
  if (!id || !context.sees(info.scope)) return fail(Error(Code::not_found, "there is no service " + context.parts[0]).next("GET /api/v1/services lists them"));
  const Verdicts verdicts(context, view);
  JsonWriter w;
  append_service(w, view, verdicts, info);
  JsonWriter as_of;
  as_of.begin_object();
  append_as_of(as_of, view, context.is_live());
  return http::Response::json(std::move(as_of).take() + "," + std::move(w).take().substr(1));
}

Result<http::Response> list_environments(Context& context) {
  TRY(const auto view, context.view());
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  w.key("items").begin_array();
  for (const auto& environment : environments_of(view)) {
    w.begin_object()
        .field("name", environment.name)
        .field("tier", environment.tier)
        .field("order", environment.order)
        .field("configured", environment.configured);
    if (const auto whole = view.environment(environment.id); whole && !whole->json.empty()) w.field_raw("configuration", whole->json);
    w.end_object();
  }
  w.end_array().end_object();
  return json_response(std::move(w));
}

Result<http::Response> post_configuration(Context& context) {
  // People write YAML; the log keeps canonical JSON.
  std::string json(trim(context.request.body));
  if (json.empty())
    return fail(Error(Code::invalid, "the request has no body")
                    .next("send {\"kind\": \"environment\", \"name\": \"production\", \"tier\": \"production\", \"order\": 2}"));
  if (!json.starts_with('{')) {
    TRY(json, formats::yaml_to_json(json));
  }
  TRY(const auto document, JsonDocument::parse(json));
  const auto schema = document.root()["schema"].string_or("");
  auto kind = std::string(document.root()["kind"].string_or(""));
  if (schema.starts_with("waybill/") && schema.ends_with("/v1")) kind = schema.substr(8, schema.size() - 11);
  if (kind == "policy") return post_policy(context);
  if (kind != "service" && kind != "environment" && kind != "trust" && kind != "list")
    return fail(Error(Code::invalid, "\"" + kind + "\" cannot be set up here: expected service, environment, trust or list")
                    .at("/kind")
                    .next("policies have a route of their own: POST /api/v1/policies"));
  if (kind == "trust") {
    auto signers = collect::parse_signers(json);
    if (!signers) return fail(std::move(signers.error()));
  }
  TRY(const auto receipt,
      context.world().collector().record(kind == "trust" ? log::EntryKind::trust_list : log::EntryKind::configuration, json, std::string(context.actor())));
  JsonWriter w;
  w.begin_object().field("entry", receipt.index).field("at", to_rfc3339_ms(receipt.time)).field("kind", kind).field("leaf", receipt.leaf.hex()).end_object();
  return json_response(std::move(w), 201);
}

Result<http::Response> list_configuration(Context& context) {
  TRY(const auto view, context.view());
  const auto wanted = context.parameter_or("kind", "");
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  w.key("items").begin_array();
  for (const std::string_view kind : {"service", "environment", "trust", "list"}) {
    if (!wanted.empty() && wanted != kind) continue;
    for (const auto& one : view.configurations(kind))
      w.begin_object().field("kind", one.kind).field("name", one.name).field("entry", one.entry).field_raw("document", one.json).end_object();
  }
  w.end_array().end_object();
  return json_response(std::move(w));
}

}  // namespace waybill::server
