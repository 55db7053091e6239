// What would change a verdict: for each milder one, the cheapest way out of every rule that stands in the way.
#include <algorithm>
#include <optional>
#include <set>

#include "waybill/base/json_in.h"
#include "waybill/policy/frame.h"
#include "waybill/policy/verdict.h"

namespace waybill::policy {
namespace {

// In the order of their cost.
enum class How : uint8_t { wait, collect, approve, upgrade, change, except };
constexpr std::string_view kHow[] = {"wait", "collect", "approve", "upgrade", "change", "except"};

struct Way {
  How how = How::change;
  size_t place = 0;  // among the results: keeps their order where costs are equal
  std::vector<FlipStep> steps;
  std::vector<std::string> removes;  // keys of vulnerabilities that are gone then
  bool is_data = false;              // can be tried
};

bool is_command(std::string_view fix) { return fix.starts_with("waybill ") || fix.starts_with("collect ") || fix.starts_with("run "); }

// The way out of one result. An ask is answered by an approval, whatever is broken.
Way way_out(const RuleResult& result, rego::Value input, const Decision& decision) {
  const auto owner = decision.owners.empty() ? std::string("the owner of the service") : decision.owners.front();
  Way way;
  const auto add = [&](How how, std::string what, std::string who) {
    for (const auto& step : way.steps)
      if (step.what == what) return;
    way.how = std::max(way.how, how);
    way.steps.push_back({result.rule, std::string(kHow[static_cast<size_t>(how)]), std::move(what), std::move(who)});
  };
  if (result.verdict == Verdict::ask) {
    way.how = How::approve;
    way.is_data = true;
    add(How::approve, decision.asked_by.starts_with("person:") ? "1 approval by someone other than " + decision.asked_by : "1 approval by a person",
        "approvers");
    return way;
  }
  way.how = How::wait;
  bool all_data = true;
  for (const auto& finding : result.findings) {
    if (!finding.exception.empty()) continue;
    if (!finding.flip_json.empty()) {
      auto flip = JsonDocument::parse(finding.flip_json);
      if (flip && flip->root()["wait_hours"].exists()) {
        add(How::wait, "wait " + std::to_string(flip->root()["wait_hours"].int_or(0)) + " hours", owner);
        all_data = false;
        continue;
      }
      if (flip && flip->root()["wait_until"].exists()) {
        add(How::wait, "wait until " + std::string(flip->root()["wait_until"].string_or("")), owner);
        all_data = false;
        continue;
      }
    }
    rego::Value vulnerability;
    for (const auto item : input["vulnerabilities"].items())
      if (item["key"].string_or("") == finding.on) vulnerability = item;
    if (vulnerability.defined() && vulnerability["fix"]["available"].bool_or(false)) {
      const auto package = vulnerability["package"].string_or("the package");
      add(How::upgrade,
          "raise " + std::string(package.substr(0, package.find_first_of("?#"))) + " to " +
              std::string(vulnerability["fix"]["versions"].find(rego::Value::of(int64_t{0})).string_or("a fixed version")) + " and rebuild",
          owner);
      way.removes.emplace_back(finding.on);
      continue;
    }
    all_data = false;
    if (vulnerability.defined()) {
      add(How::except, "waybill exception request --rule " + result.rule + " --matches '" + finding.on + "' --until … --reason …", owner);
    } else if (is_command(finding.fix)) {
      add(How::collect, finding.fix, owner);
    } else if (!finding.fix.empty()) {
      add(How::change, finding.fix, owner);
    } else {
      add(result.remedy.find("waybill collect") != std::string::npos || result.remedy.find("waybill sbom") != std::string::npos ? How::collect : How::change,
          result.remedy, owner);
    }
  }
  way.is_data = all_data && !way.steps.empty();
  return way;
}

// The input without some vulnerabilities; only what `rules` read, and the frame. It shares what stays with `input`.
rego::Value without_vulnerabilities(rego::Heap& heap, rego::Value input, const std::set<std::string>& gone, const std::set<std::string>& slices) {
  std::vector<rego::Entry> members;
  for (const auto& member : input.entries()) {
    const auto name = member.key.text();
    if (!is_frame(name) && !slices.contains(std::string(name))) continue;
    auto value = member.value;
    if (name == "vulnerabilities") {
      std::vector<rego::Value> left;
      for (const auto& item : value.items())
        if (!gone.contains(std::string(item["key"].string_or("")))) left.push_back(item);
      value = heap.array(left);
    }
    members.push_back({member.key, value});
  }
  return heap.sorted_object(members);
}

}  // namespace

std::vector<Flip> find_flips(rego::Evaluation& evaluation, const Resolved& policy, rego::Value input, const Decision& decision) {
  std::vector<Flip> out;
  std::vector<std::string> seen;
  // Tried beside the evaluation that holds the input: both share its values.
  rego::Heap changed;
  std::optional<rego::Evaluation> trial;
  for (int target = static_cast<int>(decision.verdict) - 1; target >= 0; --target) {
    Flip flip;
    flip.to = Verdict::allow;
    std::vector<Way> ways;
    // What stays reaches at most the target; the mildest verdict that is really reached is the one said.
    for (const auto& result : decision.results) {
      if (static_cast<int>(result.verdict) > target) {
        ways.push_back(way_out(result, input, decision));
        ways.back().place = ways.size();
      } else {
        flip.to = std::max(flip.to, result.verdict);
      }
    }
    std::sort(ways.begin(), ways.end(), [](const Way& a, const Way& b) { return std::tie(a.how, a.place) < std::tie(b.how, b.place); });
    std::set<std::string> gone;
    bool data = !ways.empty();
    std::string signature;
    for (const auto& way : ways) {
      data = data && way.is_data;
      gone.insert(way.removes.begin(), way.removes.end());
      for (const auto& step : way.steps) {
        const bool there = std::any_of(flip.steps.begin(), flip.steps.end(), [&](const FlipStep& other) { return other.what == step.what; });
        if (!there) flip.steps.push_back(step), signature += step.what + "\n";
      }
    }
    if (flip.steps.empty() || std::find(seen.begin(), seen.end(), signature) != seen.end()) continue;
    if (data && !gone.empty()) {
      // Tried: every rule that reads vulnerabilities, over the input without them.
      std::vector<const RuleInForce*> affected;
      std::set<std::string> slices = {"vulnerabilities"};
      for (const auto& rule : policy.rules) {
        const auto& used = rule.rule->use.slices;
        if (std::find(used.begin(), used.end(), "vulnerabilities") == used.end() && !rule.rule->use.all) continue;
        affected.push_back(&rule);
        slices.insert(used.begin(), used.end());
      }
      if (!trial) trial.emplace(policy.policy, evaluation.options());
      trial->set_input_value(without_vulnerabilities(changed, input, gone, slices));
      bool survives = true;
      for (const auto& outcome : evaluate_rules(*trial, policy, affected)) {
        if (outcome.outcome == Outcome::holds || outcome.outcome == Outcome::does_not_apply) continue;
        // A rule that an exception lets pass, or that was milder than the target already, is not in the way.
        const auto* before = [&]() -> const RuleResult* {
          for (const auto& result : decision.results)
            if (result.rule == outcome.rule->rule->id) return &result;
          return nullptr;
        }();
        if (before && before->verdict <= flip.to) continue;
        if (before && before->verdict == Verdict::ask) continue;  // approved in this set
        const auto verdict =
            std::min(outcome.outcome == Outcome::unknown ? outcome.rule->when_unknown : outcome.rule->verdict, greatest_verdict(outcome.rule->mode));
        survives = survives && verdict <= flip.to;
      }
      if (!survives) continue;  // a way that does not hold is not shown
      flip.checked = true;
    } else {
      flip.checked = data;  // only approvals: they are the answer itself
    }
    seen.push_back(signature);
    out.push_back(std::move(flip));
  }
  return out;
}

}  // namespace waybill::policy
