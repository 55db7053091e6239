// The golden inputs of policies/golden: the decision of all packs, what removing a field may do, what a stricter
// parameter may do. A golden input is judged with every shipped pack enforced.
#include <filesystem>
#include <set>

#include <gtest/gtest.h>

#include "waybill/base/json_out.h"
#include "waybill/policy/frame.h"
#include "waybill/policy/json_object.h"
#include "waybill/policy/policy.h"
#include "waybill/policy/verdict.h"

namespace waybill::policy {
namespace {

std::string golden() { return std::string(WAYBILL_SOURCE_DIR) + "/policies/golden"; }

std::vector<std::string> cases() {
  std::vector<std::string> out;
  auto files = Disk::system().list_files(golden());
  EXPECT_TRUE(files);
  for (const auto& file : *files)
    if (file.ends_with(".json") && !file.ends_with(".decision.json")) out.push_back(file);
  return out;
}

std::shared_ptr<const PolicySet> enforced(std::string_view more = {}) {
  auto packs = std::make_shared<const std::vector<Pack>>(shipped_packs());
  std::vector<PolicyDocument> documents = {enforcing_policy_document(*packs)};
  if (!more.empty()) {
    auto parsed = parse_policy_document(more);
    EXPECT_TRUE(parsed) << parsed.error().to_string();
    documents.push_back(*parsed);
  }
  auto set = PolicySet::make(packs, std::move(documents));
  EXPECT_TRUE(set) << set.error().to_string();
  return *set;
}

Tier tier_of_input(JsonValue input) { return find_tier(input["environment"]["tier"].string_or("")).value_or(Tier::development); }

// The golden file with the parameters that its tier has.
std::string prepared(const std::string& path, const Resolved& policy) {
  auto text = Disk::system().read_file(path);
  EXPECT_TRUE(text);
  auto document = JsonDocument::parse(*text);
  EXPECT_TRUE(document) << path;
  JsonObject o;
  for (const auto& member : document->root().members()) o.raw(member.name, member.name == "parameters" ? policy.parameters_json : member.value.to_json());
  auto canonical = canonical_json(std::move(o).take());
  EXPECT_TRUE(canonical);
  return canonical ? *canonical : "{}";
}

struct Loaded {
  std::string name, input;
  std::shared_ptr<const Resolved> policy;
};
Loaded load(const std::string& path, const PolicySet& set) {
  Loaded out;
  out.name = std::filesystem::path(path).stem().string();
  auto text = Disk::system().read_file(path);
  auto document = JsonDocument::parse(*text);
  auto resolved = set.resolve("acme/payments/checkout", tier_of_input(document->root()));
  EXPECT_TRUE(resolved) << resolved.error().to_string();
  out.policy = *resolved;
  out.input = prepared(path, *out.policy);
  return out;
}

Decision judged(const Loaded& loaded) {
  rego::Evaluation evaluation(loaded.policy->policy);
  auto decision = judge(evaluation, *loaded.policy, loaded.input, sha256(loaded.input));
  EXPECT_TRUE(decision) << decision.error().to_string();
  return decision ? *decision : Decision{};
}

// JSON with a member or item a line, for diffs.
std::string indented(std::string_view json) {
  std::string out;
  size_t depth = 0;
  bool in_text = false;
  const auto line = [&] { out += '\n' + std::string(depth, ' '); };
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      out += c;
      if (c == '\\')
        out += json[++i];
      else if (c == '"')
        in_text = false;
    } else if (c == '"') {
      in_text = true;
      out += c;
    } else if ((c == '{' || c == '[') && i + 1 < json.size() && (json[i + 1] == '}' || json[i + 1] == ']')) {
      out += c;
      out += json[++i];
    } else if (c == '{' || c == '[') {
      out += c;
      ++depth;
      line();
    } else if (c == '}' || c == ']') {
      --depth;
      line();
      out += c;
    } else {
      out += c;
      if (c == ',') line();
      if (c == ':') out += ' ';
    }
  }
  return out + "\n";
}

// A check by the schema's own words: type, enum, const, required, properties, items, additionalProperties.
void check_by(JsonValue schema, JsonValue value, const std::string& at) {
  const auto type = schema["type"].string_or("");
  const bool fits = type.empty() || (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
                    (type == "string" && value.is_string()) || (type == "boolean" && value.kind() == JsonKind::boolean) ||
                    (type == "integer" && value.kind() == JsonKind::integer) ||
                    (type == "number" && (value.kind() == JsonKind::integer || value.kind() == JsonKind::number));
  EXPECT_TRUE(fits) << at << ": expected " << type << ", found " << value.to_json().substr(0, 80);
  if (schema["enum"].exists()) {
    bool listed = false;
    for (const auto one : schema["enum"].items()) listed = listed || one.to_json() == value.to_json();
    EXPECT_TRUE(listed) << at << ": " << value.to_json() << " is not one of " << schema["enum"].to_json();
  }
  if (schema["const"].exists()) {
    EXPECT_EQ(schema["const"].to_json(), value.to_json()) << at;
  }
  for (const auto name : schema["required"].items()) EXPECT_TRUE(value[name.string_or("")].exists()) << at << " lacks " << name.string_or("");
  for (const auto& member : value.members()) {
    const auto property = schema["properties"][member.name];
    const auto other = schema["additionalProperties"];
    if (property.exists()) {
      check_by(property, member.value, at + "/" + std::string(member.name));
    } else if (other.is_object()) {
      check_by(other, member.value, at + "/" + std::string(member.name));
    } else {
      EXPECT_TRUE(!schema["properties"].exists() || other.bool_or(true)) << at << " has a member that the schema does not know: " << member.name;
    }
  }
  size_t i = 0;
  if (schema["items"].exists())
    for (const auto item : value.items()) check_by(schema["items"], item, at + "/" + std::to_string(i++));
}

TEST(Golden, InputsAreValidByTheSchema) {
  auto schema = JsonDocument::parse(input_schema());
  ASSERT_TRUE(schema);
  for (const auto& path : cases()) {
    auto text = Disk::system().read_file(path);
    auto document = JsonDocument::parse(*text);
    ASSERT_TRUE(document) << path;
    check_by(schema->root(), document->root(), std::filesystem::path(path).stem().string());
  }
}

TEST(Golden, DecisionsAreThoseExpected) {
  const auto set = enforced();
  const bool update = std::getenv("WAYBILL_UPDATE_GOLDEN") != nullptr;
  ASSERT_GE(cases().size(), 12u);
  for (const auto& path : cases()) {
    const auto loaded = load(path, *set);
    const auto decision = judged(loaded);
    const auto again = judged(loaded);
    EXPECT_EQ(decision.to_json(), again.to_json()) << "the same input twice";
    EXPECT_EQ(*canonical_json(decision.to_json()), decision.to_json());
    // What a person compares: verdict, outcomes, messages. Ids and digests change with every word of a rule.
    auto shown = decision;
    shown.id = shown.policy_digest = shown.input_digest = "";
    shown.packs.clear();
    shown.asks.reset();
    const auto text = indented(shown.to_json());
    const auto expected = path.substr(0, path.size() - 5) + ".decision.json";
    if (update) {
      ASSERT_TRUE(Disk::system().write_file(expected, text));
      continue;
    }
    auto wanted = Disk::system().read_file(expected);
    ASSERT_TRUE(wanted) << wanted.error().to_string() << " (WAYBILL_UPDATE_GOLDEN=1 writes it)";
    EXPECT_EQ(text, *wanted) << loaded.name;
  }
}

// --- taking away ---

// Every object of the document that may have an `unknown` list, with each of its fields (nested ones dotted).
struct Taken {
  std::string json, what;
};
void fields_below(JsonValue object, const std::string& prefix, std::vector<std::string>& out) {
  for (const auto& member : object.members()) {
    if (member.name == "entries" || member.name == "unknown") continue;
    out.push_back(prefix + std::string(member.name));
    if (member.value.is_object()) fields_below(member.value, prefix + std::string(member.name) + ".", out);
  }
}
std::string without_field(JsonValue object, std::string_view field) {
  JsonObject o;
  const auto dot = field.find('.');
  for (const auto& member : object.members()) {
    if (member.name != field.substr(0, dot))
      o.raw(member.name, member.value.to_json());
    else if (dot != std::string_view::npos)
      o.raw(member.name, without_field(member.value, field.substr(dot + 1)));
  }
  return std::move(o).take();
}
std::string taken_from(JsonValue object, const std::string& field) {
  auto less = JsonDocument::parse(without_field(object, field));
  std::vector<std::string> unknown = {field};
  for (const auto one : object["unknown"].items()) unknown.emplace_back(one.string_or(""));
  JsonObject o;
  for (const auto& member : less->root().members())
    if (member.name != "unknown") o.raw(member.name, member.value.to_json());
  o.texts("unknown", unknown);
  return std::move(o).take();
}
std::vector<Taken> take_each(JsonValue input, std::string_view slice) {
  std::vector<Taken> out;
  const auto whole_with = [&](std::string_view changed) {
    JsonObject o;
    for (const auto& member : input.members()) o.raw(member.name, member.name == slice ? std::string(changed) : member.value.to_json());
    return std::move(o).take();
  };
  const auto value = input[slice];
  if (value.is_object()) {
    std::vector<std::string> fields;
    fields_below(value, "", fields);
    for (const auto& field : fields) out.push_back({whole_with(taken_from(value, field)), std::string(slice) + "." + field});
  }
  for (size_t i = 0; i < value.size() && value.is_array(); ++i) {
    std::vector<std::string> fields;
    fields_below(value.at(i), "", fields);
    for (const auto& field : fields) {
      std::vector<std::string> items;
      for (size_t k = 0; k < value.size(); ++k) items.push_back(k == i ? taken_from(value.at(k), field) : value.at(k).to_json());
      out.push_back({whole_with(to_json_array(items)), std::string(slice) + "[" + std::to_string(i) + "]." + field});
    }
  }
  return out;
}

TEST(Golden, TakingAFieldAwayNeverLetsABrokenRuleHold) {
  const auto set = enforced();
  size_t tried = 0;
  for (const auto& path : cases()) {
    const auto loaded = load(path, *set);
    rego::Evaluation evaluation(loaded.policy->policy);
    auto document = JsonDocument::parse(loaded.input);
    ASSERT_TRUE(evaluation.set_input(loaded.input));
    std::vector<const RuleInForce*> broken;
    std::set<std::string> slices = {"subject", "environment", "service"};
    for (const auto& outcome : evaluate_rules(evaluation, *loaded.policy))
      if (outcome.outcome == Outcome::broken || outcome.outcome == Outcome::unknown) {
        broken.push_back(outcome.rule);
        slices.insert(outcome.rule->rule->use.slices.begin(), outcome.rule->rule->use.slices.end());
      }
    for (const auto* fixed : {"knowledge", "parameters", "log", "now", "schema", "slices", "request"}) slices.erase(fixed);
    if (broken.empty()) continue;
    for (const auto& slice : slices) {
      for (const auto& taken : take_each(document->root(), slice)) {
        ++tried;
        auto changed = JsonDocument::parse(taken.json);
        ASSERT_TRUE(changed);
        ASSERT_TRUE(evaluation.set_input(taken.json));
        for (const auto& outcome : evaluate_rules(evaluation, *loaded.policy, broken))
          EXPECT_NE(outcome.outcome, Outcome::holds) << loaded.name << ": " << outcome.rule->rule->id << " holds without " << taken.what;
      }
    }
  }
  EXPECT_GT(tried, 800u);
}

TEST(Golden, AStricterParameterNeverLetsABrokenRuleHold) {
  const auto set = enforced();
  const std::pair<std::string_view, std::string_view> rows[] = {{"artifact-not-old", "max_age_days: 0"},
                                                                {"advisories-fresh", "max_age_hours: 0"},
                                                                {"coverage-not-falling", "max_drop_points: 0"},
                                                                {"tests-passed", "required_kinds: [unit, integration, fuzz]"},
                                                                {"artifact-signed", "require_transparency_log: true"},
                                                                {"container-scan-current", "{max_age_days: 0, max_data_age_days: 0, min_covered_percent: 100}"},
                                                                {"serious-vulnerability-overdue", "{grace_days.critical: 0, grace_days.high: 0}"},
                                                                {"licence-allowed", "licences: []"},
                                                                {"knowledge-complete", "important: [components, vulnerabilities, builds, sources, tests]"}};
  for (const auto& [rule, parameters] : rows) {
    const auto body = parameters.front() == '{' ? std::string(parameters) : "{" + std::string(parameters) + "}";
    const auto stricter = enforced("scope: acme\nparameters: {" + std::string(rule) + ": " + body + "}\n");
    for (const auto& path : cases()) {
      const auto before = judged(load(path, *set)), after = judged(load(path, *stricter));
      const bool was_broken = std::any_of(before.results.begin(), before.results.end(), [&, r = rule](const RuleResult& one) { return one.rule == r; });
      const bool holds_now = std::find(after.held.begin(), after.held.end(), rule) != after.held.end();
      EXPECT_FALSE(was_broken && holds_now) << rule << " on " << path;
      EXPECT_GE(after.verdict, before.verdict) << rule << " on " << path;
    }
  }
}

TEST(Golden, TwoEnginesGiveTheSame) {
  if (std::system("opa version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no `opa` on PATH to compare with";
  const auto set = enforced();
  for (const auto& path : cases()) {
    const auto loaded = load(path, *set);
    const auto input = std::filesystem::temp_directory_path() / "waybill-two-engines.json";
    const auto result = std::filesystem::temp_directory_path() / "waybill-two-engines.out";
    ASSERT_TRUE(Disk::system().write_file(input.string(), loaded.input));
    rego::Evaluation evaluation(loaded.policy->policy);
    ASSERT_TRUE(evaluation.set_input(loaded.input));
    for (const auto& rule : loaded.policy->rules) {
      const auto command = "opa eval --format raw -d " + golden() + "/.. --ignore golden --ignore schemas --ignore '*.yaml' -i " + input.string() + " '" +
                           rule.rule->package + ".broken' >" + result.string() + " 2>&1";
      ASSERT_EQ(std::system(command.c_str()), 0) << command;
      auto theirs = Disk::system().read_file(result.string());
      auto ours = evaluation.evaluate_json(rule.rule->package + ".broken");
      ASSERT_TRUE(theirs && ours && *ours);
      EXPECT_EQ(*canonical_json(trim(*theirs)), *canonical_json(**ours)) << loaded.name << " " << rule.rule->id;
    }
  }
}

}  // namespace
}  // namespace waybill::policy
