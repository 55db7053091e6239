#include "waybill/policy/policy_set.h"

#include <gtest/gtest.h>

namespace waybill::policy {
namespace {

std::shared_ptr<const std::vector<Pack>> packs() {
  static const auto kPacks = std::make_shared<const std::vector<Pack>>(shipped_packs());
  return kPacks;
}
PolicyDocument document(std::string_view yaml) {
  auto parsed = parse_policy_document(yaml);
  EXPECT_TRUE(parsed) << parsed.error().to_string();
  return parsed ? *parsed : PolicyDocument{};
}
const RuleInForce* find(const Resolved& resolved, std::string_view id) {
  for (const auto& rule : resolved.rules)
    if (rule.rule->id == id) return &rule;
  return nullptr;
}
std::string parameter(const RuleInForce* rule, std::string_view name) {
  for (const auto& [key, json] : rule->parameters)
    if (key == name) return json;
  return {};
}

TEST(PolicySet, ANewInstallationWarnsOfTheBaselineAndObservesTheRest) {
  auto set = PolicySet::make(packs(), {});
  ASSERT_TRUE(set) << set.error().to_string();
  auto resolved = (*set)->resolve("acme/team/app", Tier::production);
  ASSERT_TRUE(resolved) << resolved.error().to_string();
  EXPECT_EQ((*resolved)->rules.size(), 18u);
  EXPECT_EQ(find(**resolved, "sbom-present")->mode, Mode::warn);
  EXPECT_EQ(find(**resolved, "licence-allowed")->mode, Mode::observe);
  EXPECT_EQ(find(**resolved, "sbom-present")->verdict, Verdict::deny);
  EXPECT_EQ(parameter(find(**resolved, "serious-vulnerability-overdue"), "grace_days.critical"), "3");
  EXPECT_NE((*resolved)->parameters_json.find(R"("grace_days":{"critical":3,"high":14})"), std::string::npos);
  EXPECT_EQ((*resolved)->request_fields, std::vector<std::string>{});
}

TEST(PolicySet, DocumentsBelowTightenAndThoseOfOthersDoNotReachIn) {
  auto set = PolicySet::make(packs(), {document("scope: acme\npacks: {vulnerabilities: {version: \"1\", mode: {production: enforce}}}\nparameters: "
                                                "{artifact-not-old: {max_age_days: {production: 60}}}\n"),
                                       document("scope: acme/pay\nrules: {licence-allowed: {mode: warn, verdict: {staging: deny}}}\nparameters: "
                                                "{artifact-not-old: {max_age_days: {production: 30}}}\n"),
                                       document("scope: other\npacks: {slsa: {mode: enforce}}\n")});
  ASSERT_TRUE(set) << set.error().to_string();
  auto production = (*set)->resolve("acme/pay/app", Tier::production);
  ASSERT_TRUE(production);
  EXPECT_EQ(find(**production, "known-exploited-vulnerability")->mode, Mode::enforce);
  EXPECT_EQ(find(**production, "licence-allowed")->mode, Mode::warn);
  EXPECT_EQ(find(**production, "builder-trusted")->mode, Mode::observe);
  EXPECT_EQ(parameter(find(**production, "artifact-not-old"), "max_age_days"), "30");
  EXPECT_EQ((*production)->scope, "acme/pay");
  auto staging = (*set)->resolve("acme/pay/app", Tier::staging);
  EXPECT_EQ(find(**staging, "known-exploited-vulnerability")->mode, Mode::observe);
  EXPECT_EQ(find(**staging, "licence-allowed")->verdict, Verdict::deny);
  auto neighbour = (*set)->resolve("acme/payments", Tier::production);  // not below acme/pay
  EXPECT_EQ(parameter(find(**neighbour, "artifact-not-old"), "max_age_days"), "60");
  EXPECT_NE((*neighbour)->digest, (*production)->digest);
}

struct LoosensRow {
  std::string above, below, key, by;
};
TEST(PolicySet, RefusesWhatLoosensAndNamesBothPlaces) {
  const LoosensRow rows[] = {
      {"scope: acme\npacks: {slsa: {mode: enforce}}", "scope: acme/t\npacks: {slsa: {mode: warn}}", "/packs/slsa/mode", "the policy of acme"},
      {"scope: acme\npacks: {slsa: {mode: enforce}}", "scope: acme/t\nrules: {builder-trusted: {mode: warn}}", "/rules/builder-trusted/mode",
       "the policy of acme"},
      {"scope: acme\nrules: {licence-allowed: {verdict: {staging: deny}}}", "scope: acme/t\nrules: {licence-allowed: {verdict: {staging: ask}}}",
       "/rules/licence-allowed/verdict", "the policy of acme"},
      {"scope: acme", "scope: acme/t\nrules: {sbom-present: {verdict: {production: warn}}}", "/rules/sbom-present/verdict", "the pack baseline"},
      {"scope: acme", "scope: acme/t\nparameters: {artifact-not-old: {max_age_days: {production: 100}}}", "/parameters/artifact-not-old/max_age_days",
       "the pack baseline"},
      {"scope: acme\nparameters: {licence-allowed: {licences: [MIT]}}", "scope: acme/t\nparameters: {licence-allowed: {licences: [MIT, Zlib]}}",
       "/parameters/licence-allowed/licences", "the policy of acme"},
      {"scope: acme", "scope: acme/t\npacks: {baseline: {mode: observe}}", "/packs/baseline/mode", "the policy of *"},
  };
  for (const auto& row : rows) {
    auto made = PolicySet::make(packs(), {document(row.above), document(row.below)});
    ASSERT_FALSE(made) << row.below;
    const auto text = made.error().to_string();
    EXPECT_NE(text.find(row.key), std::string::npos) << text;
    EXPECT_NE(text.find("acme/t"), std::string::npos) << text;
    EXPECT_NE(text.find(row.by), std::string::npos) << text;
    auto above = PolicySet::make(packs(), {document(row.above)});
    ASSERT_TRUE(above);
    EXPECT_FALSE((*above)->check_apply(document(row.below)));
  }
}

TEST(PolicySet, TheInstallationsOwnDocumentSetsThePacksDefaults) {
  auto set = PolicySet::make(packs(), {document("scope: \"*\"\npacks: {baseline: {mode: {production: enforce}}}\nrules: {advisories-fresh: {mode: "
                                                "warn}}\nparameters: {tests-passed: {required_kinds: [unit]}}\n")});
  ASSERT_TRUE(set) << set.error().to_string();
  auto resolved = (*set)->resolve("demo/harbour", Tier::production);
  EXPECT_EQ(find(**resolved, "advisories-fresh")->mode, Mode::warn);
  EXPECT_EQ(find(**resolved, "sbom-present")->mode, Mode::enforce);
  EXPECT_EQ(parameter(find(**resolved, "tests-passed"), "required_kinds"), R"(["unit"])");
}

TEST(PolicySet, ACompliancePackTightensTheRulesThatItTakes) {
  auto set = PolicySet::make(packs(), {document("scope: acme\npacks: {compliance-cra: {mode: enforce}}")});
  ASSERT_TRUE(set) << set.error().to_string();
  auto resolved = (*set)->resolve("acme/app", Tier::production);
  EXPECT_EQ(find(**resolved, "known-exploited-vulnerability")->mode, Mode::enforce);
  EXPECT_EQ(find(**resolved, "container-scan-current")->mode, Mode::observe);
}

TEST(PolicySet, TheDigestNamesTheRulesAsTheyWereAndGivesThemBack) {
  auto set =
      PolicySet::make(packs(), {document("scope: acme\npacks: {slsa: {mode: enforce}}\nlists: {banned_components: [{purl: \"pkg:npm/x\", reason: y}]}")});
  ASSERT_TRUE(set);
  auto resolved = (*set)->resolve("acme/app", Tier::staging);
  ASSERT_TRUE(resolved);
  EXPECT_EQ(sha256((*resolved)->policy_json), (*resolved)->digest);
  auto again = PolicySet::from_policy_json((*resolved)->policy_json, [](const Sha256& digest) -> Result<std::string> {
    for (const auto& pack : *packs())
      if (pack.digest == digest) return pack.to_document();
    return fail(Code::not_found, "no such pack");
  });
  ASSERT_TRUE(again) << again.error().to_string();
  auto resolved_again = (*again)->resolve((*resolved)->scope, Tier::staging);
  ASSERT_TRUE(resolved_again) << resolved_again.error().to_string();
  EXPECT_EQ((*resolved_again)->digest, (*resolved)->digest);
}

TEST(PolicyDocument, RefusesWithTheKeyAndWhatWasExpected) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"scope: acme\npakcs: {}", "/pakcs"},
      {"packs: {}", "/scope"},
      {"scope: acme\npacks: {slsa: {mode: often}}", "/packs/slsa/mode"},
      {"scope: acme\nrules: {x: {verdict: {live: deny}}}", "/rules/x/verdict"},
      {"scope: /acme", "/scope"},
      {"scope: acme\nlists: {a: 3}", "/lists/a"},
      {"scope: acme\nwithout_policy: allow", "/without_policy"},
      {"[1]", "/"},
  };
  for (const auto& [yaml, where] : rows) {
    auto parsed = parse_policy_document(yaml);
    ASSERT_FALSE(parsed) << yaml;
    EXPECT_NE(parsed.error().to_string().find(where), std::string::npos) << parsed.error().to_string();
  }
}

}  // namespace
}  // namespace waybill::policy
