// From an input document and a policy to a decision: outcomes → verdict of the tier → exceptions → mode → worst of all
// (packs.md, "One rule, one file"; decision.md).
//
// Called by decide.h and replay.h, and nobody else. A pure function: the same input and policy give the same decision,
// byte for byte, on every machine. It asks neither graph nor log nor clock.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "waybill/policy/decision.h"
#include "waybill/policy/policy_set.h"
#include "waybill/rego/rego.h"

namespace waybill::policy {

// What a rule said, before exceptions and modes.
struct RuleOutcome {
  const RuleInForce* rule = nullptr;
  Outcome outcome = Outcome::does_not_apply;
  struct Said {
    std::string on, message, fix, flip_json, location_json;
    std::vector<uint64_t> entries;
    std::optional<Verdict> verdict;
  };
  std::vector<Said> broken, unknown;  // sorted by on, message
};

// Evaluates the rules in force over the evaluation's input. `only`: these rules alone; empty: all.
std::vector<RuleOutcome> evaluate_rules(rego::Evaluation& evaluation, const Resolved& policy, const std::vector<const RuleInForce*>& only = {});

// The decision, without what is not part of its digest (`since`, `supersedes`, own entry, engine's time). The input's text
// must live until the evaluation gets another input. `input_digest` is asked for once the rules have been evaluated:
// whoever has a second thread hashes meanwhile.
Result<Decision> judge(rego::Evaluation& evaluation, const Resolved& policy, std::string_view input_json, const std::function<Sha256()>& input_digest);
Result<Decision> judge(rego::Evaluation& evaluation, const Resolved& policy, std::string_view input_json, const Sha256& input_digest);

// Until when the same question gets the same answer if nothing new arrives.
struct Validity {
  Time until;
  std::string because;
};
Validity find_validity(const Resolved& policy, rego::Value input, Time now);

// What would change it (flips.cc): smallest sets of changes, those that are data tried against the same policy.
std::vector<Flip> find_flips(rego::Evaluation& evaluation, const Resolved& policy, rego::Value input, const Decision& decision);

// Ready-made evaluations of one policy, handed out one per thread at a time.
class EvaluationPool {
 public:
  class Lease {
   public:
    Lease(EvaluationPool& pool, std::unique_ptr<rego::Evaluation> evaluation) : pool_(&pool), evaluation_(std::move(evaluation)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) noexcept = delete;
    ~Lease();
    rego::Evaluation& operator*() { return *evaluation_; }

   private:
    EvaluationPool* pool_;
    std::unique_ptr<rego::Evaluation> evaluation_;
  };
  Lease take(const std::shared_ptr<const rego::Policy>& policy);

 private:
  struct Free {
    std::shared_ptr<const rego::Policy> policy;
    std::unique_ptr<rego::Evaluation> evaluation;
  };
  std::mutex mutex_;
  std::vector<Free> free_;
  friend class Lease;
  std::map<const rego::Evaluation*, std::shared_ptr<const rego::Policy>> out_;
};

}  // namespace waybill::policy
