// The document as a whole: frame, slices, what is known of each.
#include "waybill/policy/input.h"

#include "waybill/policy/frame.h"
#include "waybill/policy/input_parts.h"

namespace waybill::policy {
namespace {

// Slices and kinds of findings whose state must be said: those that are built, those that a rule needs, and those that a
// parameter of this scope names as important.
std::vector<std::string> names_of_state(const Resolved& policy, const std::vector<std::string>& built) {
  std::vector<std::string> names = built;
  for (const auto& rule : policy.rules) {
    names.insert(names.end(), rule.rule->needs.begin(), rule.rule->needs.end());
    for (const auto& [name, json] : rule.parameters) {
      const auto* parameter = rule.rule->find_parameter(name);
      if (!parameter || parameter->type != ParameterType::list) continue;
      auto list = JsonDocument::parse(json);
      if (!list) continue;
      for (const auto item : list->root().items())
        if (const auto word = item.string_or(""); is_slice(word.substr(0, word.find('.')))) names.emplace_back(word);
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

std::string build_input(const Asked& asked, const InputSources& from) {
  const auto& view = *from.view;
  Slices slices(asked, from);
  // The engine itself needs to know approvals and exceptions: they stand in the document like everything that counts.
  std::vector<std::string> names = from.policy->slices;
  for (const auto own : {"approvals", "exceptions"})
    if (std::find(names.begin(), names.end(), own) == names.end()) names.emplace_back(own);
  std::sort(names.begin(), names.end());

  JsonObject o;
  o.text("schema", "waybill/input/v1").time("now", asked.now).texts("slices", names).raw("parameters", from.policy->parameters_json);
  o.raw("subject", build_subject(asked, view));
  if (!asked.environment_name.empty()) o.raw("environment", build_environment(asked, view));
  if (!asked.service_name.empty()) o.raw("service", build_service(asked, view));
  o.raw("request", build_request(asked, view, slices.approvals()));
  JsonObject log;
  log.number("index", static_cast<int64_t>(from.log.index))
      .number("size", static_cast<int64_t>(from.log.size))
      .text("root", from.log.root)
      .time("at", from.log.at)
      .number("witnesses", 0);
  o.object("log", std::move(log));

  bool changes_apply = false;
  for (const auto& name : names) {
    auto json = slices.build(name);
    if (name == "changes") {
      changes_apply = !json.empty();
      if (!changes_apply) continue;
    }
    o.raw(name, std::move(json));
  }
  JsonObject states;
  for (const auto& name : names_of_state(*from.policy, names)) states.text(name, slices.state_of(name));
  std::vector<std::string> gaps;
  auto found = slices.gaps();
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return std::tie(a.slice, a.reason) < std::tie(b.slice, b.reason); });
  for (const auto& gap : found) {
    JsonObject one;
    one.text("slice", gap.slice).text("reason", gap.reason).text("remedy", gap.remedy);
    gaps.push_back(std::move(one).take());
  }
  JsonObject knowledge;
  knowledge.object("state", std::move(states)).raw("gaps", to_json_array(gaps)).raw("advisories", slices.advisories());
  o.object("knowledge", std::move(knowledge));
  return std::move(o).take();
}

}  // namespace waybill::policy
