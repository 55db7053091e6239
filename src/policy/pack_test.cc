#include "waybill/policy/pack.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "waybill/rego/testing.h"

namespace waybill::policy {
namespace {

std::string policies() { return std::string(WAYBILL_SOURCE_DIR) + "/policies"; }

TEST(Pack, TheShippedOnesAreThoseOfTheSourceTree) {
  ASSERT_EQ(shipped_packs().size(), 5u);
  EXPECT_EQ(shipped_packs()[0].name, "baseline");
  EXPECT_EQ(shipped_packs()[0].rules.size(), 11u);
  for (const auto& pack : shipped_packs()) {
    auto loaded = load_pack(Disk::system(), policies() + "/" + pack.name);
    ASSERT_TRUE(loaded) << loaded.error().to_string();
    EXPECT_EQ(loaded->digest, pack.digest) << pack.name;
    auto again = parse_pack_document(pack.to_document());
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(again->digest, pack.digest) << pack.name;
  }
}

TEST(Pack, ShippedRulesPassTheirOwnTests) {
  size_t tests = 0;
  for (const auto& shipped : shipped_packs()) {
    auto pack = load_pack(Disk::system(), policies() + "/" + shipped.name);
    ASSERT_TRUE(pack) << pack.error().to_string();
    EXPECT_EQ(pack->tests.size(), pack->rules.size()) << "a test file for each rule of " << pack->name;
    auto policy = rego::Policy::compile(pack->modules(Pack::With::rules_and_tests), pack->data_json());
    ASSERT_TRUE(policy) << policy.error().to_string();
    auto results = rego::run_tests(*policy);
    ASSERT_TRUE(results);
    for (const auto& result : *results) {
      ++tests;
      EXPECT_EQ(result.outcome, rego::TestOutcome::pass) << result.location.file << ":" << result.location.row << ": " << result.name << " " << result.error;
    }
  }
  EXPECT_GE(tests, 100u);
}

TEST(Pack, ShippedPacksHaveNothingToComplainAbout) {
  for (const auto& pack : shipped_packs())
    for (const auto& complaint : check_pack(Disk::system(), policies() + "/" + pack.name)) ADD_FAILURE() << complaint.to_string();
}

std::string rule_text(std::string_view custom) {
  return "# METADATA\n# title: A title\n# scope: package\n# custom:\n#   waybill:\n" + std::string(custom) +
         "package waybill.mine.my_rule\n\nbroken contains \"x\" if input.sboms[_].signed == false\n";
}
std::string custom(std::string_view id, std::string_view needs, std::string_view verdict, std::string_view more = {}) {
  return "#     id: " + std::string(id) + "\n#     applies_to: [artifact]\n#     needs: " + std::string(needs) + "\n#     verdict: " + std::string(verdict) +
         "\n#     remedy: Do it.\n#     controls: []\n" + std::string(more);
}
constexpr std::string_view kVerdict = "{development: warn, staging: warn, production: deny}";
constexpr std::string_view kManifest = "pack: mine\nversion: 1.0.0\ntitle: Mine\nrules: [my-rule]\n";

struct RefusedRow {
  std::string name, rule, manifest, expects;
};
TEST(Pack, RefusesWhatIsMissingOrContradictory) {
  const RefusedRow rows[] = {
      {"id of another file", rule_text(custom("other", "[sboms]", kVerdict)), std::string(kManifest), "is not the file's name"},
      {"slice that needs does not name", rule_text(custom("my-rule", "[]", kVerdict)), std::string(kManifest), "needs does not name \"sboms\""},
      {"milder in production", rule_text(custom("my-rule", "[sboms]", "{development: deny, staging: warn, production: warn}")), std::string(kManifest),
       "gets milder from development to staging"},
      {"a tier is missing", rule_text(custom("my-rule", "[sboms]", "{development: warn}")), std::string(kManifest), "verdict.staging must be"},
      {"no such slice", rule_text(custom("my-rule", "[sboms, sbms]", kVerdict)), std::string(kManifest), "there is no slice \"sbms\""},
      {"unknown key", rule_text(custom("my-rule", "[sboms]", kVerdict, "#     colour: red\n")), std::string(kManifest), "has no key \"colour\""},
      {"default gets looser",
       rule_text(custom("my-rule", "[sboms]", kVerdict,
                        "#     parameters:\n#       n: {type: integer, stricter: lower, default: {development: 1, staging: 2, production: 3}}\n")),
       std::string(kManifest), "default gets looser from development to staging"},
      {"rule that has no file", rule_text(custom("my-rule", "[sboms]", kVerdict)), "pack: mine\nversion: 1.0.0\ntitle: Mine\nrules: [my-rule, more]\n",
       "there is no file more.rego"},
      {"version that is none", rule_text(custom("my-rule", "[sboms]", kVerdict)), "pack: mine\nversion: 1\ntitle: Mine\nrules: [my-rule]\n",
       "MAJOR.MINOR.PATCH"},
      {"no annotation", "package waybill.mine.my_rule\n\nbroken contains \"x\" if input.sboms[_].signed == false\n", std::string(kManifest),
       "there is no METADATA"},
  };
  for (const auto& row : rows) {
    auto pack = parse_pack({{"my-rule.rego", row.rule}, {"pack.yaml", row.manifest}});
    ASSERT_FALSE(pack) << row.name;
    EXPECT_NE(pack.error().to_string().find(row.expects), std::string::npos) << row.name << ": " << pack.error().to_string();
  }
  auto fine = parse_pack({{"my-rule.rego", rule_text(custom("my-rule", "[sboms]", kVerdict))}, {"pack.yaml", std::string(kManifest)}});
  EXPECT_TRUE(fine) << fine.error().to_string();
}

TEST(Parameter, StricterIsWhatItsSideSays) {
  const auto of = [](ParameterType type, Stricter side) {
    Parameter parameter;
    parameter.type = type;
    parameter.stricter = side;
    return parameter;
  };
  EXPECT_TRUE(is_not_looser(of(ParameterType::integer, Stricter::lower), "3", "2"));
  EXPECT_FALSE(is_not_looser(of(ParameterType::integer, Stricter::lower), "3", "4"));
  EXPECT_TRUE(is_not_looser(of(ParameterType::integer, Stricter::higher), "3", "3"));
  EXPECT_FALSE(is_not_looser(of(ParameterType::severity, Stricter::lower), "\"high\"", "\"critical\""));
  EXPECT_TRUE(is_not_looser(of(ParameterType::list, Stricter::fewer), R"(["a","b"])", R"(["b"])"));
  EXPECT_FALSE(is_not_looser(of(ParameterType::list, Stricter::fewer), R"(["a","b"])", R"(["c"])"));
  EXPECT_TRUE(is_not_looser(of(ParameterType::list, Stricter::more), R"(["a"])", R"(["b","a"])"));
  EXPECT_FALSE(is_not_looser(of(ParameterType::boolean, Stricter::yes), "true", "false"));
  EXPECT_FALSE(is_not_looser(of(ParameterType::string, Stricter::none), "\"a\"", "\"b\""));
}

}  // namespace
}  // namespace waybill::policy
