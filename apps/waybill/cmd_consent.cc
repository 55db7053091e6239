// exception, approve: what people say.
#include "apps/waybill/api.h"
#include "apps/waybill/commands.h"
#include "apps/waybill/terminal.h"
#include "waybill/base/json_out.h"
#include "waybill/base/time.h"

namespace waybill::cli {
namespace {

// A date, a time, or a duration from now: "2026-12-05", "14d".
Result<std::string> until_of(const std::string& text) {
  if (const auto duration = parse_duration_ms(text)) return to_rfc3339(Time{Clock::system().now().ms + *duration});
  const auto time = parse_time(text);
  if (!time) return fail(Error(Code::invalid, "\"" + text + "\" is no end: expected a date (2026-12-05), a time, or a duration (14d)").at("--until"));
  return to_rfc3339(*time);
}

int exception_request(const Invocation& invocation) {
  for (const char* needed : {"rule", "until", "reason"})
    if (!invocation.value(needed)) {
      talk("waybill exception request: expected --" + std::string(needed) + "; an exception names a rule, has a reason and ends by itself\n");
      return kWrongUsage;
    }
  auto until = until_of(*invocation.value("until"));
  if (!until) return report(invocation, until.error());
  auto api = Api::open(invocation, Access::write);
  if (!api) return report(invocation, api.error());
  JsonWriter w;
  w.begin_object()
      .field("rule", *invocation.value("rule"))
      .field("matches", invocation.value_or("matches", "*"))
      .field("until", *until)
      .field("reason", *invocation.value("reason"));
  for (const auto& [flag, name] :
       std::initializer_list<std::pair<const char*, const char*>>{{"service", "service"}, {"env", "environment"}, {"scope", "scope"}, {"control", "control"}})
    if (const auto value = invocation.value(flag)) w.field(name, *value);
  w.end_object();
  auto answer = (*api)->post("/api/v1/exceptions", w.text());
  if (!answer) return report(invocation, answer.error());
  if (print_as(invocation.output(), answer->root())) return kFine;
  const std::string id(answer->root()["id"].string_or(""));
  print(id + " is requested, until " + short_time(*until) + "\nIt takes effect when someone else approves it: waybill exception approve " + id + "\n");
  return kFine;
}

int exception_act(const Invocation& invocation, bool approve) {
  auto api = Api::open(invocation, Access::write);
  if (!api) return report(invocation, api.error());
  const std::string& id = invocation.positionals[0];
  Result<JsonDocument> answer = approve ? (*api)->post("/api/v1/exceptions/" + path_segment(id) + "/approvals",
                                                       JsonWriter().begin_object().field("reason", invocation.value_or("reason", "")).end_object().text())
                                        : (*api)->remove(target("/api/v1/exceptions/" + path_segment(id), {{"reason", invocation.value_or("reason", "")}}));
  if (!answer) return report(invocation, answer.error());
  if (print_as(invocation.output(), answer->root())) return kFine;
  print(id + (approve ? " is approved" : " is revoked: what leaned on it is judged again") + "\n");
  return kFine;
}
int exception_approve(const Invocation& invocation) { return exception_act(invocation, true); }
int exception_revoke(const Invocation& invocation) { return exception_act(invocation, false); }

int exception_list(const Invocation& invocation) {
  auto api = Api::open(invocation, Access::read);
  if (!api) return report(invocation, api.error());
  auto answer = (*api)->get("/api/v1/exceptions");
  if (!answer) return report(invocation, answer.error());
  if (print_as(invocation.output(), answer->root())) return kFine;
  Table table({"id", "state", "rule", "matches", "where", "days left", "requested by", "approved by", "reason"},
              {Table::Align::left, Table::Align::left, Table::Align::left, Table::Align::left, Table::Align::left, Table::Align::right});
  for (const auto& row : answer->root()["items"].items()) {
    const auto text = [&](const char* key) { return std::string(row[key].string_or("")); };
    std::string where;
    for (const auto& part : {text("scope"), text("service"), text("environment")})
      if (!part.empty()) where += (where.empty() ? "" : " ") + part;
    std::string approvers;
    for (const auto& who : row["approved_by"].items()) approvers += (approvers.empty() ? "" : ", ") + std::string(who.string_or(""));
    table.add({text("id"), text("state"), text("rule"), shorten(text("matches"), 44), where.empty() ? "everywhere" : where,
               std::to_string(row["days_left"].int_or(0)), text("requested_by"), approvers, text("reason")});
  }
  if (table.empty())
    print("There are no exceptions. `waybill exception request --help` says how to ask for one.\n");
  else
    print(table.to_string());
  return kFine;
}

int approve(const Invocation& invocation) {
  auto api = Api::open(invocation, Access::write);
  if (!api) return report(invocation, api.error());
  JsonWriter w;
  w.begin_object().field("reason", invocation.value_or("reason", ""));
  if (const auto until = invocation.value("until")) {
    auto time = until_of(*until);
    if (!time) return report(invocation, time.error());
    w.field("until", *time);
  }
  if (invocation.has("break-glass")) w.field("break_glass", true);
  if (invocation.has("reject")) w.field("reject", true);
  w.end_object();
  auto answer = (*api)->post("/api/v1/decisions/" + path_segment(invocation.positionals[0]) + "/approvals", w.text());
  if (!answer) return report(invocation, answer.error());
  if (print_as(invocation.output(), answer->root())) return kFine;
  print(std::string(answer->root()["id"].string_or("")) + (invocation.has("reject") ? ": rejected" : ": approved") + ", in the log\n");
  return kFine;
}

}  // namespace

std::vector<Command> consent_commands() {
  return {
      {"exception request",
       "Asks for a time-bound permission to pass a rule",
       "An exception names a rule and what it matches, has a reason and an end. It takes effect when someone else approves it, is shown in\nevery decision "
       "that uses it, and ends by itself.",
       {},
       with_connection({{"--rule", "RULE", "the rule's id"},
                        {"--matches", "ON", "what it covers: a finding's `on`, a glob, or * (default)"},
                        {"--service", "SERVICE", "only for this service"},
                        {"-e,--env", "ENVIRONMENT", "only in this environment"},
                        {"--scope", "SCOPE", "organisation/team/service"},
                        {"--until", "WHEN", "2026-12-05, or 14d"},
                        {"--reason", "TEXT", "why"},
                        {"--control", "TEXT", "what protects in the meantime"},
                        kOutput}),
       {{"waybill exception request --rule serious-vulnerability-overdue --matches 'CVE-2026-48112 *' --service shop --until 14d --reason 'fix is in review'",
         "for one vulnerability"},
        {"waybill exception request --rule base-image-current --scope acme/payments --until 2026-12-05 --reason 'new base breaks decoding' --control 'decoded "
         "in a sandbox'",
         "for a team"}},
       exception_request},
      {"exception approve",
       "Grants an exception that somebody else requested",
       "",
       {{"ID", "x-…"}},
       with_connection({{"--reason", "TEXT", "why"}, kOutput}),
       {{"waybill exception approve x-41", "by someone else than who asked"}, {"waybill exception approve x-41 --reason 'seen the sandbox'", "with a reason"}},
       exception_approve},
      {"exception revoke",
       "Takes an exception back",
       "",
       {{"ID", "x-…"}},
       with_connection({{"--reason", "TEXT", "why"}, kOutput}),
       {{"waybill exception revoke x-41", "at once"}, {"waybill exception revoke x-41 --reason 'fixed'", "with a reason"}},
       exception_revoke},
      {"exception list",
       "Lists exceptions, those that end soon first",
       "",
       {},
       with_connection({kOutput, kAt}),
       {{"waybill exception list", "a table"}, {"waybill exception list --at 2026-11-01", "as they were"}},
       exception_list},
      {"approve",
       "Consents to a decision that asks for it",
       "An approval is bound to the digest, the environment and what the policy asked. Nobody approves their own request.",
       {{"DECISION", "d_…"}},
       with_connection({{"--reason", "TEXT", "why"},
                        {"--until", "WHEN", "when it ends (default: 24 hours)"},
                        {"--reject", "", "say no instead"},
                        {"--break-glass", "", "the emergency way; needs --reason and a second person afterwards"},
                        kOutput}),
       {{"waybill approve d_01KAGQ7W3M5X8Y2Z4A6B9C0D1E --reason 'looked at the diff'", "a four-eyes approval"},
        {"waybill approve d_01KAGQ7W3M5X8Y2Z4A6B9C0D1E --reject --reason 'not before the freeze ends'", "a no"}},
       approve},
  };
}

}  // namespace waybill::cli
