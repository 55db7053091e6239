#include "waybill/identity/subject.h"
#include "waybill/policy/policy.h"
#include "waybill/server/handlers.h"
#include "waybill/server/present.h"
#include "waybill/server/questions.h"
#include "waybill/server/world.h"

namespace waybill::server {
namespace {

void append_acted(JsonWriter& w, World& world, const policy::Acted& acted) {
  w.begin_object().field("id", acted.id).field("entry", acted.entry).key("receipt").begin_object();
  w.field("index", acted.entry)
      .field("leaf", acted.leaf)
      .field("tree_size", acted.tree_size)
      .field("checkpoint", world.log().checkpoint())
      .end_object()
      .end_object();
}

Result<Time> parse_until(JsonValue value, Time now, std::string_view place) {
  const auto text = value.string_or("");
  if (text.empty()) return Time{};
  if (const auto span = parse_duration_ms(text)) return Time{now.ms + *span};
  auto time = parse_time(text);
  if (!time) return fail(std::move(time.error()).at(std::string(place)).next("give a time (2026-12-01T00:00:00Z, 2026-12-01) or a span (7d, 36h)"));
  return *time;
}

policy::Actor actor_of(const Context& context) {
  policy::Actor actor;
  actor.id = context.actor();
  actor.groups = context.who().groups;
  return actor;
}

}  // namespace

Result<QuestionText> parse_question(const JsonDocument& document, std::string_view gate) {
  const auto root = document.root();
  QuestionText q;
  q.subject = root["subject"].string_or("");
  if (q.subject.empty())
    return fail(Error(Code::invalid, "what is it about? expected a digest, IMAGE@sha256:…, purl, git+URL@commit or service@environment").at("/subject"));
  q.environment = root["environment"].string_or("");
  q.service = root["service"].string_or("");
  q.action = root["action"].string_or("deploy");
  q.reason = root["reason"].string_or("");
  q.ticket = root["ticket"].string_or("");
  q.preview = root["preview"].bool_or(false);
  q.gate = gate;
  return q;
}

policy::Question to_question(const QuestionText& text, const Principal& who) {
  policy::Question question;
  question.subject = text.subject;
  question.environment = text.environment;
  question.service = text.service;
  question.gate = text.gate;
  question.action = text.action;
  question.reason = text.reason;
  question.ticket = text.ticket;
  question.preview = text.preview;
  question.who.id = who.id;
  question.who.groups = who.groups;
  return question;
}

Result<http::Response> post_decision(Context& context) {
  TRY(const auto document, context.body());
  TRY(const auto text, parse_question(document, context.parts[0]));
  auto question = to_question(text, context.who());
  if (const auto at = context.parameter("at"); at && !at->empty()) {
    TRY(const auto view, context.view());
    if (view.size() == 0) return fail(Error(Code::not_found, "nothing was known then").at("at"));
    question.at = view.index();
    question.preview = true;
  }
  // A reader may look, but leaves nothing in the log.
  if (!context.who().may(kCollectorBit | kApproverBit | kAdminBit)) question.preview = true;
  if (!context.sees(question.service)) return fail(Error(Code::denied, "the service " + std::string(question.service) + " is outside of your scopes"));
  TRY(const auto answer, context.world().decider().ask(question));
  if (!context.sees(answer.decision->service_scope))
    return fail(Error(Code::denied, "this belongs to " + answer.decision->service_scope + ", which is outside of your scopes"));
  return http::Response::json(*answer.document);
}

Result<http::Response> list_decisions(Context& context) {
  TRY(const auto view, context.view());
  TRY(const auto page, context.paging());
  const auto verdict = context.parameter_or("verdict", ""), environment = context.parameter_or("environment", ""),
             service = context.parameter_or("service", "");
  graph::View::DecisionFilter filter;
  filter.verdict = verdict;
  filter.environment = environment;
  filter.service = service;
  auto all = view.decisions(filter, {page.from, page.limit + 1});
  const bool more = all.size() > page.limit;
  if (more) all.resize(page.limit);
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  w.key("items").begin_array();
  for (const auto& decision : all) {
    if (!context.sees(decision.fact.service)) continue;
    w.begin_object()
        .field("id", decision.fact.id)
        .field("at", to_rfc3339(decision.fact.at))
        .field("gate", decision.fact.gate)
        .field("action", decision.fact.action);
    w.field("verdict", decision.fact.verdict).field("summary", decision.fact.summary);
    const auto name = view.name(decision.subject);
    w.key("subject").begin_object().field("id", decision.fact.subject).field("name", name.empty() ? decision.fact.subject : name).end_object();
    append_id_or_null(w, "environment", decision.fact.environment);
    append_id_or_null(w, "service", last_part(decision.fact.service));
    w.field("scope", decision.fact.service).field("entry", decision.entry).field("asked", context.world().decider().count_of(decision.fact.id).asked);
    append_id_or_null(w, "superseded_by", decision.superseded_by);
    w.end_object();
  }
  w.end_array();
  if (more) w.field("next", std::to_string(page.from + page.limit));
  w.end_object();
  return json_response(std::move(w));
}

Result<http::Response> show_decision(Context& context) {
  TRY(auto document, context.world().decider().load_decision(context.parts[0]));
  const auto render = context.parameter_or("render", "");
  if (render.empty() || render == "json") return http::Response::json(std::move(document));
  TRY(const auto decision, policy::parse_decision(document));
  const std::span<const policy::Decision> one(&decision, 1);
  const auto reader = context.parameter_or("reader", "developer");
  if (render == "text")
    return http::Response::text(policy::to_text(decision, reader == "security"  ? policy::Reader::security
                                                          : reader == "auditor" ? policy::Reader::auditor
                                                                                : policy::Reader::developer));
  if (render == "markdown") return http::Response::text(policy::to_markdown(one));
  if (render == "sarif") return http::Response::json(policy::to_sarif(one));
  if (render == "junit") {
    auto response = http::Response::text(policy::to_junit(one));
    response.headers[0].second = "application/xml";
    return response;
  }
  return fail(Error(Code::invalid, "\"" + render + "\" is no way to show a decision").at("render").next("one of text, markdown, sarif, junit, json"));
}

Result<http::Response> replay_decision(Context& context) {
  TRY(const auto replayed, policy::replay(context.world().decider(), context.parts[0]));
  JsonWriter w;
  w.begin_object()
      .field("same", replayed.same)
      .field("decision", replayed.decision)
      .field("recorded_digest", replayed.recorded_digest)
      .field("replayed_digest", replayed.replayed_digest);
  w.field("recorded", policy::to_string(replayed.recorded)).field("replayed", policy::to_string(replayed.replayed)).key("differences").begin_array();
  for (const auto& difference : replayed.differences)
    w.begin_object().field("rule", difference.rule).field("recorded", difference.recorded).field("replayed", difference.replayed).end_object();
  w.end_array().field("text", replayed.to_text()).end_object();
  return json_response(std::move(w));
}

Result<http::Response> post_approval(Context& context) {
  TRY(const auto document, context.body());
  const auto root = document.root();
  policy::ApprovalRequest request;
  request.decision = context.parts[0];
  request.reason = root["reason"].string_or("");
  TRY(request.until, parse_until(root["until"], context.world().clock().now(), "/until"));
  request.break_glass = root["break_glass"].bool_or(false);
  request.reject = root["reject"].bool_or(false);
  TRY(const auto acted, policy::approve(context.world().decider(), request, actor_of(context)));
  JsonWriter w;
  append_acted(w, context.world(), acted);
  return json_response(std::move(w), 201);
}

Result<http::Response> list_approvals(Context& context) {
  JsonWriter w;
  w.begin_object().key("items").begin_array();
  for (const auto& approval : policy::list_approvals(context.world().decider(), context.parts[0])) {
    w.begin_object()
        .field("id", approval.id)
        .field("decision", approval.decision)
        .field("subject", approval.subject)
        .field("environment", approval.environment);
    w.field("by", approval.by)
        .field("reason", approval.reason)
        .field("machine", approval.machine)
        .field("break_glass", approval.break_glass)
        .field("rejected", approval.rejected);
    append_time(w, "at", approval.at);
    append_time(w, "until", approval.until);
    w.field("entry", approval.entry).end_object();
  }
  w.end_array().end_object();
  return json_response(std::move(w));
}

Result<http::Response> list_exceptions(Context& context) {
  TRY(const auto view, context.view());
  TRY(const auto page, context.paging());
  const auto all = policy::list_exceptions(context.world().decider());
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  w.key("items").begin_array();
  size_t seen = 0, shown = 0;
  bool more = false;
  for (const auto& one : all) {
    // As of an older index: those that had been requested by then.
    if (!context.is_live() && (one.entries.empty() || one.entries.front() >= view.size())) continue;
    if (!context.sees(one.scope)) continue;
    if (seen++ < page.from) continue;
    if (shown == page.limit) {
      more = true;
      break;
    }
    ++shown;
    w.begin_object()
        .field("id", one.id)
        .field("state", policy::to_string(one.state))
        .field("rule", one.rule)
        .field("matches", one.matches)
        .field("scope", one.scope);
    append_id_or_null(w, "service", one.service);
    append_id_or_null(w, "environment", one.environment);
    w.field("reason", one.reason).field("control", one.control).field("requested_by", one.requested_by).key("approved_by").begin_array();
    for (const auto& by : one.approved_by) w.value(by);
    w.end_array();
    append_time(w, "requested_at", one.requested_at);
    append_time(w, "until", one.until);
    w.field("days_left", one.days_left).field("renewals", one.renewals).field("used", one.used);
    if (!one.entries.empty()) w.field("entry", one.entries.front());
    w.key("entries").begin_array();
    for (const uint64_t entry : one.entries) w.value(entry);
    w.end_array().end_object();
  }
  w.end_array();
  if (more) w.field("next", std::to_string(page.from + shown));
  w.end_object();
  return json_response(std::move(w));
}

Result<http::Response> post_exception(Context& context) {
  TRY(const auto document, context.body());
  const auto root = document.root();
  policy::ExceptionRequest request;
  request.rule = root["rule"].string_or("");
  request.matches = root["matches"].string_or("*");
  request.scope = root["scope"].string_or("");
  request.service = root["service"].string_or("");
  request.environment = root["environment"].string_or("");
  request.reason = root["reason"].string_or("");
  request.control = root["control"].string_or("");
  TRY(request.until, parse_until(root["until"], context.world().clock().now(), "/until"));
  if (!context.sees(request.scope.empty() ? request.service : request.scope)) return fail(Error(Code::denied, "that is outside of your scopes"));
  TRY(const auto acted, policy::request_exception(context.world().decider(), request, actor_of(context)));
  JsonWriter w;
  append_acted(w, context.world(), acted);
  return json_response(std::move(w), 201);
}

namespace {
Result<std::string> reason_of(Context& context) {
  if (trim(context.request.body).empty()) return context.parameter_or("reason", "");
  TRY(const auto document, context.body());
  return std::string(document.root()["reason"].string_or(""));
}
}  // namespace

Result<http::Response> approve_exception_route(Context& context) {
  TRY(const auto reason, reason_of(context));
  TRY(const auto acted, policy::approve_exception(context.world().decider(), context.parts[0], actor_of(context), reason));
  JsonWriter w;
  append_acted(w, context.world(), acted);
  return json_response(std::move(w), 201);
}

Result<http::Response> revoke_exception_route(Context& context) {
  TRY(const auto reason, reason_of(context));
  TRY(const auto acted, policy::revoke_exception(context.world().decider(), context.parts[0], actor_of(context), reason));
  JsonWriter w;
  append_acted(w, context.world(), acted);
  return json_response(std::move(w));
}

Result<http::Response> list_policies(Context& context) {
  auto& decider = context.world().decider();
  const auto set = decider.policies();
  const auto scope = context.parameter_or("scope", "");
  // What is in force for the scope, by tier; a tier whose policies do not load says nothing.
  std::array<std::shared_ptr<const policy::Resolved>, 3> by_tier;
  for (const auto tier : policy::kTiers)
    if (auto resolved = decider.resolve(scope, tier)) by_tier[static_cast<size_t>(tier)] = std::move(*resolved);
  const auto per_tier = [&](JsonWriter& w, std::string_view name, const std::function<std::string_view(const policy::Resolved&)>& word) {
    w.key(name).begin_object();
    for (const auto tier : policy::kTiers)
      if (const auto& resolved = by_tier[static_cast<size_t>(tier)]) w.field(policy::to_string(tier), word(*resolved));
    w.end_object();
  };
  JsonWriter w;
  w.begin_object().field("scope", scope).key("documents").begin_array();
  for (const auto& document : set->documents())
    w.begin_object()
        .field("scope", document.scope)
        .field("entry", document.entry)
        .field_raw("document", document.json.empty() ? "{}" : document.json)
        .end_object();
  w.end_array().key("packs").begin_array();
  for (const auto& pack : set->packs()) {
    w.begin_object().field("pack", pack.name).field("version", pack.version).field("title", pack.title).field("digest", pack.digest.to_string());
    per_tier(w, "mode", [&](const policy::Resolved& resolved) {
      for (const auto& used : resolved.packs)
        if (used.pack == pack.name) return policy::to_string(used.mode);
      return policy::to_string(policy::Mode::off);
    });
    w.key("rules").begin_array();
    for (const auto& rule : pack.rules) {
      w.begin_object().field("id", rule.id).field("title", rule.title).field("severity", rule.severity).field("remedy", rule.remedy);
      per_tier(w, "verdict", [&](const policy::Resolved& resolved) {
        for (const auto& in_force : resolved.rules)
          if (in_force.rule != nullptr && in_force.rule->id == rule.id) return policy::to_string(in_force.verdict);
        return std::string_view("off");
      });
      per_tier(w, "mode", [&](const policy::Resolved& resolved) {
        for (const auto& in_force : resolved.rules)
          if (in_force.rule != nullptr && in_force.rule->id == rule.id) return policy::to_string(in_force.mode);
        return policy::to_string(policy::Mode::off);
      });
      w.key("controls").begin_array();
      for (const auto& control : rule.controls) w.value(control);
      w.end_array().end_object();
    }
    w.end_array().end_object();
  }
  w.end_array().end_object();
  return json_response(std::move(w));
}

Result<http::Response> post_policy(Context& context) {
  TRY(const auto entry, context.world().decider().apply_policy(context.request.body, actor_of(context)));
  JsonWriter w;
  w.begin_object().field("entry", entry).end_object();
  return json_response(std::move(w), 201);
}

}  // namespace waybill::server
