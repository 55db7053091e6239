// Exceptions and approvals: what people said, and what it does to a decision (packs.md, "Exceptions, approvals,
// break-glass").
//
// Called by server/, the command line and verdict.h. An exception acts on findings after evaluation, an approval answers
// `ask`. Neither changes a fact, both end by themselves, and nobody approves their own request.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"
#include "waybill/base/time.h"
#include "waybill/policy/words.h"

namespace waybill::policy {

class Decider;
struct Actor;

enum class ExceptionState : uint8_t { requested, approved, revoked, expired };
std::string_view to_string(ExceptionState state);

struct Exception {
  std::string id;  // x-N: the index of the entry that requested it
  ExceptionState state = ExceptionState::requested;
  std::string rule, matches;                // matches: an `on` value, a glob (* any, ? one), or *
  std::string scope, service, environment;  // "" : not limited by it
  std::string reason, control, requested_by;
  std::vector<std::string> approved_by;
  Time requested_at, until;
  int64_t days_left = 0;
  int renewals = 0;   // earlier exceptions for the same rule, match and scope
  uint64_t used = 0;  // deployed decisions that lean on it now
  std::vector<uint64_t> entries;
};

struct ExceptionRequest {
  std::string_view rule, matches = "*", scope, service, environment, reason, control;
  Time until;
};
struct Acted {
  std::string id;  // x-41, a-41
  uint64_t entry = 0;
  std::string leaf;  // hex
  uint64_t tree_size = 0;
};

// Errors: invalid (no reason, an end in the past or beyond a year, a rule that is not there), denied (approving one's
// own), conflict (already revoked or expired), not_found.
Result<Acted> request_exception(Decider& decider, const ExceptionRequest& request, const Actor& who);
Result<Acted> approve_exception(Decider& decider, std::string_view id, const Actor& who, std::string_view reason = {});
Result<Acted> revoke_exception(Decider& decider, std::string_view id, const Actor& who, std::string_view reason = {});
// As of now; newest first.
std::vector<Exception> list_exceptions(Decider& decider);
Result<Exception> find_exception(Decider& decider, std::string_view id);

// Does this exception cover a finding of this rule here? Not: whether it is in force.
bool covers(const Exception& exception, std::string_view rule, std::string_view on, std::string_view scope, std::string_view service,
            std::string_view environment);
// Does an exception limited to (scope, service, environment) reach a question about these? A scope reaches all below it.
bool touches(std::string_view limit_scope, std::string_view limit_service, std::string_view limit_environment, std::string_view scope, std::string_view service,
             std::string_view environment);
// `*` any run of characters, `?` one; everything else is itself. Linear in text × stars.
bool matches_glob(std::string_view pattern, std::string_view text);

struct Approval {
  std::string id;  // a-N
  std::string decision, subject, environment, by, reason;
  std::vector<std::string> groups;
  bool machine = false, break_glass = false, rejected = false;
  Time at, until;
  uint64_t entry = 0;
};
struct ApprovalRequest {
  std::string_view decision;  // d_…
  std::string_view reason;
  Time until;  // not set: 24 hours
  bool break_glass = false, reject = false;
};
// Errors: not_found (no such decision), invalid (a preview; no reason where the glass is broken), denied (who asked for
// it does not approve it; a machine), conflict (it does not ask; it is no longer the newest about its question).
Result<Acted> approve(Decider& decider, const ApprovalRequest& request, const Actor& who);
std::vector<Approval> list_approvals(Decider& decider, std::string_view decision);

}  // namespace waybill::policy
