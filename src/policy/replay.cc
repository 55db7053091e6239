#include "waybill/policy/replay.h"

#include <map>

#include "waybill/policy/decider_state.h"
#include "waybill/policy/verdict.h"

namespace waybill::policy {
namespace {

std::string in_words(const RuleResult& result) {
  auto text = std::string(to_string(result.outcome)) + ", " + std::string(to_string(result.verdict));
  for (const auto& finding : result.findings) text += "; " + finding.message;
  return text;
}

std::map<std::string, std::string> results_of(const Decision& decision) {
  std::map<std::string, std::string> out;
  for (const auto& result : decision.results) out[result.rule] = in_words(result);
  for (const auto& id : decision.held) out[id] = "holds";
  for (const auto& id : decision.not_applicable) out[id] = "does not apply";
  return out;
}

}  // namespace

std::string Replayed::to_text() const {
  if (same) return "same: " + decision + " is " + std::string(to_string(recorded)) + " again, decision digest " + recorded_digest + "\n";
  std::string out =
      "differs: " + decision + " was recorded as " + std::string(to_string(recorded)) + " and comes out as " + std::string(to_string(replayed)) + "\n";
  for (const auto& one : differences) out += "  " + one.rule + "\n    recorded  " + one.recorded + "\n    replayed  " + one.replayed + "\n";
  if (differences.empty()) out += "  all rules come out the same; recorded digest " + recorded_digest + ", replayed " + replayed_digest + "\n";
  return out;
}

Result<Replayed> replay(Decider& decider, std::string_view decision_id) {
  auto& state = decider.state();
  if (!state.setup.log) return fail(Error(Code::not_found, "there is no log to replay from").next("name a data directory: --data-dir DIR"));
  auto& log = *state.setup.log;
  // As it was recorded: from the log, not from memory.
  std::string recorded_json;
  {
    const auto view = state.setup.graph->view();
    const auto found = view.decision(decision_id);
    if (!found)
      return fail(Error(Code::not_found, "there is no recorded decision " + std::string(decision_id.substr(0, 60)))
                      .next("previews are not recorded; `waybill log` shows what is"));
    TRY(recorded_json, log.load_document(found->document));
  }
  TRY(const auto recorded, parse_decision(recorded_json));
  TRY(const auto input_digest, parse_sha256(recorded.input_digest));
  TRY(const auto policy_digest, parse_sha256(recorded.policy_digest));
  auto input = log.load_document(input_digest);
  if (!input) return fail(std::move(input.error()).at("the input of " + recorded.id));
  auto policy_json = log.load_document(policy_digest);
  if (!policy_json) return fail(std::move(policy_json.error()).at("the policy of " + recorded.id));
  TRY(const auto set, PolicySet::from_policy_json(*policy_json, [&](const Sha256& digest) { return log.load_document(digest); }));
  TRY(const auto resolved, set->resolve(recorded.policy_scope, recorded.tier));
  rego::Evaluation evaluation(resolved->policy);
  TRY(const auto again, judge(evaluation, *resolved, *input, sha256(*input)));

  Replayed out;
  out.decision = recorded.id;
  out.recorded = recorded.verdict;
  out.replayed = again.verdict;
  out.recorded_digest = recorded.digest().to_string();
  out.replayed_digest = again.digest().to_string();
  out.same = out.recorded_digest == out.replayed_digest;
  if (!out.same) {
    const auto before = results_of(recorded), now = results_of(again);
    for (const auto& [rule, words] : before) {
      const auto it = now.find(rule);
      if (it == now.end() || it->second != words) out.differences.push_back({rule, words, it == now.end() ? "is not in force" : it->second});
    }
    for (const auto& [rule, words] : now)
      if (!before.contains(rule)) out.differences.push_back({rule, "was not in force", words});
  }
  out.document = again.to_json();
  return out;
}

}  // namespace waybill::policy
