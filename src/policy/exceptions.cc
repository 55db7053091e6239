#include "waybill/policy/exceptions.h"

#include <algorithm>
#include <set>

#include "waybill/policy/decider_state.h"
#include "waybill/policy/json_object.h"

namespace waybill::policy {
namespace {

constexpr int64_t kMaxExceptionMs = 366 * kDayMs;
constexpr int64_t kDefaultApprovalMs = kDayMs;
constexpr int64_t kMaxApprovalMs = 30 * kDayMs;
constexpr int64_t kMaxBreakGlassMs = kDayMs;
constexpr std::string_view kStates[] = {"requested", "approved", "revoked", "expired"};

Acted to_acted(char kind, const log::Receipt& receipt) {
  return {std::string(1, kind) + "-" + std::to_string(receipt.index), receipt.index, receipt.leaf.hex(), receipt.tree_size};
}

Exception to_exception(const graph::Exception& from, Time now) {
  Exception out;
  out.id = from.name;
  out.state = static_cast<ExceptionState>(from.state);
  out.rule = from.rule;
  out.matches = from.matches.empty() ? "*" : std::string(from.matches);
  out.scope = from.scope;
  out.service = from.service;
  out.environment = from.environment;
  out.reason = from.reason;
  out.control = from.control;
  out.requested_by = from.requested_by;
  out.approved_by.assign(from.approved_by.begin(), from.approved_by.end());
  out.requested_at = from.requested_at;
  out.until = from.until;
  out.days_left = std::max<int64_t>(0, days_between(now, from.until));
  out.renewals = static_cast<int>(from.renewals);
  out.entries = from.entries;
  return out;
}

}  // namespace

std::string_view to_string(ExceptionState state) { return kStates[static_cast<size_t>(state)]; }

bool matches_glob(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool touches(std::string_view limit_scope, std::string_view limit_service, std::string_view limit_environment, std::string_view scope, std::string_view service,
             std::string_view environment) {
  if (!limit_scope.empty() && limit_scope != "*" && limit_scope != scope &&
      !(scope.size() > limit_scope.size() && scope.starts_with(limit_scope) && scope[limit_scope.size()] == '/'))
    return false;
  if (!limit_service.empty() && limit_service != service && limit_service != scope) return false;
  return limit_environment.empty() || limit_environment == environment;
}

bool covers(const Exception& exception, std::string_view rule, std::string_view on, std::string_view scope, std::string_view service,
            std::string_view environment) {
  return exception.rule == rule && touches(exception.scope, exception.service, exception.environment, scope, service, environment) &&
         matches_glob(exception.matches, on);
}

Result<Acted> request_exception(Decider& decider, const ExceptionRequest& request, const Actor& who) {
  auto& state = decider.state();
  const auto now = state.setup.clock->now();
  if (trim(request.reason).empty())
    return fail(Error(Code::invalid, "an exception needs a reason").at("reason").next("--reason \"why it is acceptable until then\""));
  if (!request.until.is_set()) return fail(Error(Code::invalid, "an exception needs an end").at("until").next("--until 2027-01-31, or --until 14d"));
  if (request.until <= now) return fail(Error(Code::invalid, "the end " + to_rfc3339(request.until) + " has passed already").at("until"));
  if (request.until.ms - now.ms > kMaxExceptionMs)
    return fail(Error(Code::invalid, "an exception lasts a year at most").at("until").next("ask again when it ends, or change the policy"));
  TRY(const auto set, state.current_policies());
  const auto* rule = set->find_rule(request.rule);
  if (!rule)
    return fail(
        Error(Code::invalid, "there is no rule \"" + std::string(request.rule.substr(0, 80)) + "\"").at("rule").next("`waybill policy list` names them"));
  JsonObject body;
  body.text("act", "request")
      .time("at", now)
      .text("by", who.id)
      .text("rule", rule->id)
      .text("matches", request.matches.empty() ? std::string_view("*") : request.matches);
  body.text("reason", request.reason).time("until", request.until);
  if (!request.scope.empty()) body.text("scope", request.scope);
  if (!request.service.empty()) body.text("service", request.service);
  if (!request.environment.empty()) body.text("environment", request.environment);
  if (!request.control.empty()) body.text("control", request.control);
  TRY(const auto receipt, state.append(log::EntryKind::exception, std::move(body).take(), who.id));
  return to_acted('x', receipt);
}

Result<Exception> find_exception(Decider& decider, std::string_view id) {
  auto& state = decider.state();
  const auto now = state.setup.clock->now();
  const auto view = state.setup.graph->view();
  const auto found = view.exception(id, now);
  if (!found) return fail(Error(Code::not_found, "there is no exception " + std::string(id.substr(0, 40))).next("`waybill exception list` names them"));
  return to_exception(*found, now);
}

namespace {
Result<Acted> act(Decider& decider, std::string_view id, std::string_view what, const Actor& who, std::string_view reason) {
  auto& state = decider.state();
  JsonObject body;
  body.text("act", what).time("at", state.setup.clock->now()).text("by", who.id).text("id", id);
  if (!reason.empty()) body.text("reason", reason);
  TRY(const auto receipt, state.append(log::EntryKind::exception, std::move(body).take(), who.id));
  auto acted = to_acted('x', receipt);
  acted.id = id;
  return acted;
}
}  // namespace

Result<Acted> approve_exception(Decider& decider, std::string_view id, const Actor& who, std::string_view reason) {
  TRY(const auto exception, find_exception(decider, id));
  if (exception.state == ExceptionState::revoked || exception.state == ExceptionState::expired)
    return fail(Error(Code::conflict, exception.id + " is " + std::string(to_string(exception.state)) + " already").next("request another one"));
  if (!who.is_person()) return fail(Error(Code::denied, "only a person can approve an exception; " + std::string(who.id) + " is none"));
  if (exception.requested_by == who.id)
    return fail(Error(Code::denied, std::string(who.id) + " requested " + exception.id + " and cannot approve it")
                    .next("ask a colleague to run: waybill exception approve " + exception.id));
  if (std::find(exception.approved_by.begin(), exception.approved_by.end(), who.id) != exception.approved_by.end())
    return fail(Code::conflict, std::string(who.id) + " has approved " + exception.id + " already");
  return act(decider, exception.id, "approve", who, reason);
}

Result<Acted> revoke_exception(Decider& decider, std::string_view id, const Actor& who, std::string_view reason) {
  TRY(const auto exception, find_exception(decider, id));
  if (exception.state == ExceptionState::revoked || exception.state == ExceptionState::expired)
    return fail(Code::conflict, exception.id + " is " + std::string(to_string(exception.state)) + " already");
  return act(decider, exception.id, "revoke", who, reason);
}

std::vector<Exception> list_exceptions(Decider& decider) {
  auto& state = decider.state();
  const auto now = state.setup.clock->now();
  const auto view = state.setup.graph->view();
  std::vector<Exception> out;
  for (const auto& one : view.exceptions(now)) out.push_back(to_exception(one, now));
  // How many deployed things lean on each: by the answers that stand in memory about services.
  std::map<std::string, std::set<std::string>> used;
  {
    std::shared_lock lock(state.memory_mutex);
    for (const auto& [key, one] : state.memory) {
      if (one->answer.decision->subject_kind != SubjectKind::service) continue;
      for (const auto& exception : one->answer.decision->exceptions_used) used[exception.id].insert(one->answer.decision->subject_id);
    }
  }
  for (auto& one : out)
    if (const auto it = used.find(one.id); it != used.end()) one.used = it->second.size();
  return out;
}

Result<Acted> approve(Decider& decider, const ApprovalRequest& request, const Actor& who) {
  auto& state = decider.state();
  const auto now = state.setup.clock->now();
  TRY(const auto json, state.load_decision(request.decision));
  TRY(const auto decision, parse_decision(json));
  if (decision.preview)
    return fail(Error(Code::invalid, decision.id + " is a preview: it has no effect, so there is nothing to approve").next("ask without --preview first"));
  if (!request.reject) {
    if (!who.is_person()) return fail(Error(Code::denied, "only a person can approve; " + std::string(who.id) + " is none"));
    if (who.id == decision.asked_by)
      return fail(Error(Code::denied, std::string(who.id) + " asked for " + decision.id + " and cannot approve it")
                      .next("ask a colleague to run: waybill approve " + decision.id));
    if (!request.break_glass && decision.verdict != Verdict::ask)
      return fail(Error(Code::conflict, decision.id + " is " + std::string(to_string(decision.verdict)) + ": it does not wait for an approval")
                      .next(decision.verdict == Verdict::deny ? "what denies it must be mended, or excepted: waybill exception request --rule …"
                                                              : "nothing needs to be done"));
    if (request.break_glass && trim(request.reason).empty()) return fail(Error(Code::invalid, "breaking the glass needs a reason").at("reason"));
  }
  const auto view = state.setup.graph->view();
  if (const auto known = view.decision(decision.id); known && !known->superseded_by.empty())
    return fail(Error(Code::conflict, decision.id + " is no longer the newest: " + std::string(known->superseded_by) + " has taken its place")
                    .next("look at it: waybill show " + std::string(known->superseded_by)));
  const auto most = request.break_glass ? kMaxBreakGlassMs : kMaxApprovalMs;
  auto until = request.until.is_set() ? request.until : Time{now.ms + kDefaultApprovalMs};
  if (until <= now) return fail(Error(Code::invalid, "the end " + to_rfc3339(until) + " has passed already").at("until"));
  if (until.ms - now.ms > most)
    return fail(Error(Code::invalid, request.break_glass ? "a broken glass lasts a day at most" : "an approval lasts 30 days at most").at("until"));
  // Bound to what would run: of a service, the digest that runs there.
  auto subject = decision.subject_id;
  if (decision.subject_kind == SubjectKind::service)
    if (const auto place = view.place(find_service_by(view, decision.service_scope), view.find_environment(decision.environment)))
      if (const auto running = view.running(place)) subject = running->digest;
  JsonObject body;
  body.time("at", now)
      .text("by", who.id)
      .text("decision", decision.id)
      .text("subject", subject)
      .texts("groups", who.groups)
      .yes("machine", !who.is_person())
      .time("until", until);
  if (!decision.environment.empty()) body.text("environment", decision.environment);
  if (!request.reason.empty()) body.text("reason", request.reason);
  if (request.break_glass) body.yes("break_glass", true);
  if (request.reject) body.yes("rejected", true);
  TRY(const auto receipt, state.append(log::EntryKind::approval, std::move(body).take(), who.id));
  return to_acted('a', receipt);
}

std::vector<Approval> list_approvals(Decider& decider, std::string_view decision) {
  const auto view = decider.state().setup.graph->view();
  std::vector<Approval> out;
  const auto id = view.find(graph::Kind::decision, decision);
  if (!id) return out;
  for (const auto& one : view.approvals(id)) {
    Approval a;
    a.id = "a-" + std::to_string(one.entry);
    a.decision = one.fact.decision;
    a.subject = one.fact.subject;
    a.environment = one.fact.environment;
    a.by = one.fact.by;
    a.reason = one.fact.reason;
    a.groups.assign(one.fact.groups.begin(), one.fact.groups.end());
    a.machine = one.fact.machine;
    a.break_glass = one.fact.break_glass;
    a.rejected = one.fact.rejected;
    a.at = one.fact.at;
    a.until = one.fact.until;
    a.entry = one.entry;
    out.push_back(std::move(a));
  }
  return out;
}

}  // namespace waybill::policy
