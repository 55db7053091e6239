// The decision, waybill/decision/v1: what a gate returns, what the log keeps, what every other format is made from
// (decision.md).
//
// Made by verdict.h from results of rules, read back by replay.h and render.h. It is a value: it knows neither log nor
// graph, and two equal decisions have equal bytes.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/json_in.h"
#include "waybill/base/result.h"
#include "waybill/base/sha256.h"
#include "waybill/base/time.h"
#include "waybill/policy/words.h"

namespace waybill::policy {

constexpr std::string_view kDecisionSchema = "waybill/decision/v1";
constexpr size_t kMaxSummary = 300;

struct Evidence {
  uint64_t entry = 0;
  std::string what;      // "bill of materials", "advisory DSA-5496-1"
  std::string document;  // sha256:…, "" when unknown
};

struct Finding {
  std::string key;  // f_ and 12 hexadecimal digits of SHA-256(rule, on, service, environment)
  std::string on, message, fix;
  std::string flip_json;  // "" unless the rule said how it would turn
  std::string location_json;
  std::string exception;  // x-N that covers it
  Time since;             // when it was first made here
  std::vector<Evidence> evidence;
  std::optional<Verdict> milder;  // the rule's own wish for this one finding
};

struct RuleResult {
  std::string rule, pack, title, severity, remedy;
  std::vector<std::string> controls;
  Outcome outcome = Outcome::holds;
  Mode mode = Mode::observe;
  Verdict would = Verdict::allow, verdict = Verdict::allow;
  std::vector<Finding> findings;
};

struct ExceptionUsed {
  std::string id, rule;
  Time until;
  std::vector<std::string> approved_by;
  std::vector<uint64_t> entries;
};
struct ApprovalUsed {
  std::string id, by;
  Time until;
  int uses_left = 1;
  bool break_glass = false;
  std::vector<uint64_t> entries;
};
struct Asks {
  int needed = 1;
  std::vector<std::string> groups, not_by;
  Time until;
  std::string approve_with;
};
struct FlipStep {
  std::string rule, how, what, who;  // how: wait, collect, approve, upgrade, change, except
};
struct Flip {
  Verdict to = Verdict::allow;
  std::vector<FlipStep> steps;
  bool checked = false;
};
struct PackUsed {
  std::string pack, version, digest;
  Mode mode = Mode::off;
};

struct Decision {
  std::string id;
  Time at;
  std::string gate, action, asked_by;
  bool preview = false;
  SubjectKind subject_kind = SubjectKind::artifact;
  std::string subject_id, subject_name;
  std::string environment;  // "" when the question is not about one
  Tier tier = Tier::production;
  std::string service_scope, service_name;  // "" when it belongs to none
  std::vector<std::string> owners;

  Verdict verdict = Verdict::deny;
  std::string summary;
  std::array<int, 6> counts{};              // by Outcome
  std::vector<RuleResult> results;          // all that do not simply hold, most severe first, then by id
  std::vector<std::string> held;            // ids, sorted
  std::vector<std::string> not_applicable;  // ids, sorted: listed on request only
  std::vector<ExceptionUsed> exceptions_used;
  std::vector<ApprovalUsed> approvals_used;
  std::optional<Asks> asks;
  std::vector<Flip> flips;
  Time valid_from, valid_until;
  std::string valid_because;
  int cache_seconds = 0;

  std::string policy_digest, policy_scope;
  std::vector<PackUsed> packs;
  std::string input_digest;
  uint64_t input_bytes = 0;
  std::vector<std::string> slices;
  uint64_t log_index = 0, log_size = 0;
  std::string log_root;               // sha256:…
  std::optional<uint64_t> log_entry;  // this decision's own
  std::string engine_version;
  int64_t microseconds = 0;
  std::string supersedes, see;
  std::vector<std::string> parts;

  // Canonical JSON.
  std::string to_json() const;
  // SHA-256 over the RFC 8785 form without engine, see, log.entry, supersedes, parts and findings[].since.
  Sha256 digest() const;
};

Result<Decision> parse_decision(std::string_view json);

// d_ and 26 characters of Crockford's base 32: 48 bits of `at` in milliseconds, then 80 bits of
// SHA-256(input digest ‖ policy digest ‖ gate), the digests as their 32 bytes.
std::string decision_id(Time at, const Sha256& input, const Sha256& policy, std::string_view gate);
// The moment in an id; nullopt when it is none.
std::optional<Time> find_time_of(std::string_view decision_id);
// f_ and 12 hexadecimal digits.
std::string finding_key(std::string_view rule, std::string_view on, std::string_view service, std::string_view environment);

}  // namespace waybill::policy
