#include "waybill/policy/decision.h"

#include <gtest/gtest.h>

#include "waybill/base/json_out.h"
#include "waybill/policy/exceptions.h"

namespace waybill::policy {
namespace {

Decision example() {
  Decision d;
  d.at = d.valid_from = Time::of_seconds(1'795'000'000);
  d.valid_until = Time::of_seconds(1'795'003'600);
  d.gate = "ci";
  d.action = "deploy";
  d.asked_by = "person:mara";
  d.subject_id = "sha256:aa";
  d.subject_name = "registry.example/harbour:1.4.0";
  d.environment = "production";
  d.service_scope = "demo/harbour";
  d.service_name = "harbour";
  d.owners = {"team:harbour"};
  d.verdict = Verdict::ask;
  d.summary = "Waits";
  d.id = decision_id(d.at, sha256("i"), sha256("p"), "ci");
  d.input_digest = sha256("i").to_string();
  d.policy_digest = sha256("p").to_string();
  d.slices = {"approvals"};
  d.log_root = sha256("r").to_string();
  RuleResult result;
  result.rule = "x";
  result.pack = "p";
  result.outcome = Outcome::broken;
  result.verdict = result.would = Verdict::ask;
  result.mode = Mode::enforce;
  Finding finding;
  finding.key = finding_key("x", "on", "demo/harbour", "production");
  finding.on = "on";
  finding.message = "says \"so\"";
  finding.flip_json = R"({"approvals":1})";
  finding.evidence = {{7, "approval", ""}};
  finding.since = d.at;
  result.findings.push_back(finding);
  d.results.push_back(result);
  d.held = {"a", "b"};
  d.asks = Asks{1, {}, {"person:mara"}, d.valid_until, "waybill approve " + d.id};
  d.exceptions_used.push_back({"x-3", "y", d.valid_until, {"person:ada"}, {3, 4}});
  d.flips.push_back({Verdict::allow, {{"x", "approve", "1 approval", "approvers"}}, true});
  return d;
}

TEST(Decision, IsCanonicalAndReadsBackTheSame) {
  auto d = example();
  d.log_entry = 42;
  d.supersedes = "d_x";
  d.see = "https://waybill.example/decisions/1";
  const auto json = d.to_json();
  auto canonical = canonical_json(json);
  ASSERT_TRUE(canonical);
  EXPECT_EQ(*canonical, json);
  auto again = parse_decision(json);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->to_json(), json);
  EXPECT_EQ(again->digest(), d.digest());
}

TEST(Decision, TheDigestLeavesOutWhatWasAddedLater) {
  const auto before = example().digest();
  auto d = example();
  d.log_entry = 42;
  d.supersedes = "d_x";
  d.see = "https://waybill.example";
  d.engine_version = "9";
  d.microseconds = 3;
  d.parts = {"d_y"};
  d.results[0].findings[0].since = Time::of_seconds(1);
  EXPECT_EQ(d.digest(), before);
  d.results[0].findings[0].message += "!";
  EXPECT_NE(d.digest(), before);
}

TEST(Decision, IdHoldsItsMomentAndTheFirstBitsOfTheHash) {
  const auto id = decision_id(Time{1'795'000'000'000}, sha256("i"), sha256("p"), "ci");
  EXPECT_EQ(id.size(), 28u);
  EXPECT_EQ(find_time_of(id)->ms, 1'795'000'000'000);
  EXPECT_NE(id, decision_id(Time{1'795'000'000'000}, sha256("i"), sha256("p"), "kubernetes"));
  EXPECT_LT(id, decision_id(Time{1'795'000'000'001}, sha256("i"), sha256("p"), "ci"));
  EXPECT_FALSE(find_time_of("d_short"));
  // 48 bits of time and 80 bits of zero would be: by hand, time 1 ms.
  EXPECT_TRUE(decision_id(Time{1}, {}, {}, "").starts_with("d_0000000001"));
}

TEST(Exceptions, MatchByGlobAndScope) {
  EXPECT_TRUE(matches_glob("*", "anything"));
  EXPECT_TRUE(matches_glob("CVE-2023-4863 *", "CVE-2023-4863 pkg:deb/debian/libwebp7@1"));
  EXPECT_FALSE(matches_glob("CVE-2023-4863 *", "CVE-2023-4864 pkg:deb/debian/libwebp7@1"));
  EXPECT_TRUE(matches_glob("a*b?c", "axxbyc"));
  EXPECT_FALSE(matches_glob("a*b?c", "axxbc"));
  EXPECT_TRUE(matches_glob("", ""));
  EXPECT_TRUE(touches("acme", "", "", "acme/pay/app", "app", "production"));
  EXPECT_FALSE(touches("acme/pa", "", "", "acme/pay/app", "app", "production"));
  EXPECT_TRUE(touches("", "app", "production", "acme/pay/app", "app", "production"));
  EXPECT_FALSE(touches("", "", "staging", "acme/pay/app", "app", "production"));
}

}  // namespace
}  // namespace waybill::policy
