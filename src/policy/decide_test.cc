// Questions to a real log and graph: what is written, what is not, what exceptions and approvals do, what turns.
#include "waybill/policy/decide.h"

#include <gtest/gtest.h>

#include "waybill/policy/test_world.h"

namespace waybill::policy {
namespace {

const RuleResult* find(const Decision& decision, std::string_view rule) {
  for (const auto& result : decision.results)
    if (result.rule == rule) return &result;
  return nullptr;
}
constexpr std::string_view kEnforce =
    "scope: demo\npacks: {vulnerabilities: {mode: {production: enforce}}}\nparameters: {serious-vulnerability-overdue: {grace_days.critical: {production: "
    "0}}}\n"
    "rules: {container-scan-current: {mode: warn}}\n";

TEST(Decider, AFreshLogGetsTheShippedPacksOnce) {
  TestWorld world;
  const auto packs = world.graph->view().entries("policy", {.from = 0, .limit = 100}).size();
  EXPECT_EQ(packs, shipped_packs().size());
  world.close();
  world.open();
  EXPECT_EQ(world.graph->view().entries("policy", {.from = 0, .limit = 100}).size(), packs);
}

TEST(Decider, TheSameQuestionGetsTheSameBytesAndNoEntry) {
  TestWorld world;
  world.populate();
  const auto first = world.ask("production");
  ASSERT_TRUE(first.document);
  EXPECT_EQ(first.verdict, Verdict::warn) << *first.document;
  EXPECT_FALSE(first.repeated);
  const auto size = world.size();
  for (int i = 0; i < 5; ++i) {
    const auto again = world.ask("production", i % 2 ? "machine:ci" : "person:mara");
    EXPECT_TRUE(again.repeated);
    EXPECT_EQ(again.document.get(), first.document.get());
  }
  EXPECT_EQ(world.size(), size);
  const auto count = world.decider->count_of(first.decision->id);
  EXPECT_EQ(count.asked, 6u);
  ASSERT_EQ(count.by.size(), 2u);
  EXPECT_EQ(count.by[0].second, 3u);
  auto loaded = world.decider->load_decision(first.decision->id);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(*loaded, *first.document);
}

TEST(Decider, NewFactsMakeANewDecisionAndUnrelatedOnesDoNot) {
  TestWorld world;
  world.populate();
  const auto first = world.ask("production");
  // Of another artifact: nothing to do with it.
  world.collect("<testsuite name=\"other\" tests=\"1\" failures=\"0\"><testcase name=\"a\"/></testsuite>", "sha256:" + std::string(64, 'b'));
  EXPECT_TRUE(world.ask("production").repeated);
  // Integration tests were missing: now they are there.
  world.clock.advance(2000);
  world.collect("<testsuite name=\"app integration\" tests=\"1\" failures=\"1\"><testcase name=\"a\"><failure message=\"no\"/></testcase></testsuite>",
                TestWorld::kDigest);
  const auto second = world.ask("production");
  EXPECT_FALSE(second.repeated);
  EXPECT_NE(second.decision->id, first.decision->id);
  EXPECT_EQ(second.decision->supersedes, first.decision->id);
  // What was found before keeps its beginning.
  const auto* before = find(*first.decision, "artifact-signed");
  const auto* after = find(*second.decision, "artifact-signed");
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->findings[0].since, before->findings[0].since);
}

TEST(Decider, UnchangedFindingsKeepIdAndEntryWhenOnlyTheClockMoves) {
  TestWorld world;
  world.populate();
  const auto first = world.ask("production");
  const auto size = world.size();
  world.clock.set(Time{first.decision->valid_until.ms + 1000});
  const auto later = world.ask("production");
  EXPECT_EQ(later.decision->id, first.decision->id);
  EXPECT_GT(later.decision->valid_until, first.decision->valid_until);
  EXPECT_EQ(world.size(), size);
  EXPECT_EQ(later.decision->digest() == first.decision->digest(), false) << "valid is part of what is digested";
}

TEST(Decider, ARestartFindsTheRecordedAnswerAgain) {
  TestWorld world;
  world.populate();
  const auto first = world.ask("production");
  const auto size = world.size();
  world.close();
  world.open();
  const auto again = world.ask("production");
  EXPECT_EQ(again.decision->id, first.decision->id);
  EXPECT_EQ(world.size(), size);
}

TEST(Decider, PreviewsHaveNoEntryAndCannotBeApproved) {
  TestWorld world;
  world.populate();
  const auto size = world.size();
  const auto preview = world.ask("production", "person:mara", true);
  EXPECT_TRUE(preview.decision->preview);
  EXPECT_EQ(world.size(), size);
  EXPECT_TRUE(world.decider->load_decision(preview.decision->id));
  Actor tom;
  tom.id = "person:tom";
  auto acted = approve(*world.decider, {.decision = preview.decision->id}, tom);
  ASSERT_FALSE(acted);
  EXPECT_EQ(acted.error().code(), Code::invalid);
}

TEST(Decider, NoAdvisoriesIsAFindingAndNeverNoVulnerabilities) {
  TestWorld world;
  world.populate();
  Actor ada;
  ada.id = "person:ada";
  ASSERT_TRUE(world.decider->apply_policy(kEnforce, ada));
  const auto answer = world.ask("production");
  const auto* fresh = find(*answer.decision, "advisories-fresh");
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->outcome, Outcome::broken);
  EXPECT_NE(fresh->findings[0].message.find("not \"0 found\""), std::string::npos);
  const auto* overdue = find(*answer.decision, "serious-vulnerability-overdue");
  ASSERT_TRUE(overdue);
  EXPECT_EQ(overdue->outcome, Outcome::unknown);
  EXPECT_EQ(answer.verdict, Verdict::deny);
  // Advisories of another ecosystem are none for npm.
  world.clock.advance(2000);
  world.collect(TestWorld::advisory("DEMO-1", "serde", "2.0.0", "crates.io"), "", "", log::EntryKind::advisories);
  const auto still = world.ask("production");
  EXPECT_EQ(find(*still.decision, "serious-vulnerability-overdue")->outcome, Outcome::unknown);
  EXPECT_NE(find(*still.decision, "serious-vulnerability-overdue")->findings[0].message.find("advisories for npm are not loaded"), std::string::npos)
      << *still.document;
}

TEST(Decider, AVulnerabilityDeniesAndTheFlipThatWasTriedNamesTheFix) {
  TestWorld world;
  world.populate();
  Actor ada;
  ada.id = "person:ada";
  ASSERT_TRUE(world.decider->apply_policy(kEnforce, ada));
  world.collect(TestWorld::advisory("DEMO-2026-0001"), "", "", log::EntryKind::advisories);
  const auto answer = world.ask("production");
  const auto* overdue = find(*answer.decision, "serious-vulnerability-overdue");
  ASSERT_TRUE(overdue) << *answer.document;
  EXPECT_EQ(overdue->outcome, Outcome::broken);
  EXPECT_EQ(answer.verdict, Verdict::deny);
  EXPECT_NE(answer.decision->summary.find("DEMO-2026-0001"), std::string::npos);
  ASSERT_FALSE(overdue->findings[0].evidence.empty());
  bool upgrade = false;
  for (const auto& flip : answer.decision->flips)
    for (const auto& step : flip.steps) upgrade = upgrade || (step.how == "upgrade" && step.what.find("pkg:npm/oakjson@4.2.1 to 4.2.3") != std::string::npos);
  EXPECT_TRUE(upgrade) << *answer.document;
}

TEST(Decider, AnExceptionIsRequestedApprovedByAnotherPersonUsedAndEnds) {
  TestWorld world;
  world.populate();
  Actor ada, tom;
  ada.id = "person:ada";
  tom.id = "person:tom";
  ASSERT_TRUE(world.decider->apply_policy(kEnforce, ada));
  ASSERT_TRUE(world.decider->apply_policy("scope: demo/harbour\nrules: {known-exploited-vulnerability: {mode: {production: enforce}}}", ada));
  world.collect(TestWorld::advisory("DEMO-2026-0001"), "", "", log::EntryKind::advisories);
  ASSERT_EQ(world.ask("production").verdict, Verdict::deny);

  const auto until = Time{world.clock.now().ms + 7 * kDayMs};
  EXPECT_FALSE(request_exception(*world.decider, {.rule = "serious-vulnerability-overdue", .until = until}, ada)) << "no reason";
  EXPECT_FALSE(request_exception(*world.decider, {.rule = "no-such-rule", .reason = "x", .until = until}, ada));
  auto x = request_exception(
      *world.decider,
      {.rule = "serious-vulnerability-overdue", .matches = "DEMO-2026-0001 *", .scope = "demo", .reason = "parses only our own files", .until = until}, ada);
  ASSERT_TRUE(x) << x.error().to_string();
  auto exploited = request_exception(
      *world.decider, {.rule = "known-exploited-vulnerability", .scope = "demo", .reason = "the catalogue is not loaded here", .until = until}, ada);
  ASSERT_TRUE(exploited);
  EXPECT_EQ(world.ask("production").verdict, Verdict::deny) << "requested is not approved";
  auto self = approve_exception(*world.decider, x->id, ada);
  ASSERT_FALSE(self);
  EXPECT_EQ(self.error().code(), Code::denied);
  ASSERT_TRUE(approve_exception(*world.decider, x->id, tom));
  ASSERT_TRUE(approve_exception(*world.decider, exploited->id, tom));
  const auto allowed = world.ask("production");
  EXPECT_EQ(allowed.verdict, Verdict::warn) << *allowed.document;
  const auto* excepted = find(*allowed.decision, "serious-vulnerability-overdue");
  ASSERT_TRUE(excepted);
  EXPECT_EQ(excepted->outcome, Outcome::excepted);
  EXPECT_EQ(excepted->would, Verdict::deny);
  EXPECT_EQ(excepted->findings[0].exception, x->id);
  ASSERT_EQ(allowed.decision->exceptions_used.size(), 2u);
  EXPECT_LE(allowed.decision->valid_until, until);
  auto replayed = replay(*world.decider, allowed.decision->id);
  ASSERT_TRUE(replayed) << replayed.error().to_string();
  EXPECT_TRUE(replayed->same) << replayed->to_text();

  world.clock.set(Time{until.ms + 1000});
  EXPECT_EQ(world.ask("production").verdict, Verdict::deny) << "an exception ends by itself";
  EXPECT_EQ(find_exception(*world.decider, x->id)->state, ExceptionState::expired);
}

TEST(Decider, AnApprovalAnswersWhatAskedAndIsUsedUpByItsDeployment) {
  TestWorld world;
  world.populate();
  Actor ada, tom;
  ada.id = "person:ada";
  tom.id = "person:tom";
  ASSERT_TRUE(world.decider->apply_policy("scope: demo\nrules: {artifact-signed: {mode: {staging: enforce}}}", ada));
  const auto asks = world.ask("staging", "person:ada");
  ASSERT_EQ(asks.verdict, Verdict::ask) << *asks.document;
  ASSERT_TRUE(asks.decision->asks);
  EXPECT_EQ(asks.decision->asks->not_by, std::vector<std::string>{"person:ada"});
  EXPECT_EQ(approve(*world.decider, {.decision = asks.decision->id}, ada).error().code(), Code::denied);
  Actor machine;
  machine.id = "machine:bot";
  EXPECT_FALSE(approve(*world.decider, {.decision = asks.decision->id}, machine));
  auto approved = approve(*world.decider, {.decision = asks.decision->id, .reason = "looked at the diff"}, tom);
  ASSERT_TRUE(approved) << approved.error().to_string();
  EXPECT_EQ(approved->id, "a-" + std::to_string(approved->entry));
  const auto allowed = world.ask("staging", "person:ada");
  EXPECT_EQ(allowed.verdict, Verdict::warn) << *allowed.document;
  ASSERT_EQ(allowed.decision->approvals_used.size(), 1u);
  EXPECT_EQ(allowed.decision->approvals_used[0].by, "person:tom");
  EXPECT_EQ(list_approvals(*world.decider, asks.decision->id).size(), 1u);
  EXPECT_TRUE(replay(*world.decider, allowed.decision->id)->same);
  // Another environment was not approved.
  EXPECT_TRUE(world.ask("production").decision->approvals_used.empty());
  // Deployed, replaced, asked again: a new consent is needed.
  world.record(log::EntryKind::deployment, R"({"artifact": ")" + std::string(TestWorld::kDigest) + R"(", "service": "harbour", "environment": "staging"})");
  EXPECT_EQ(world.ask("staging", "person:ada").verdict, Verdict::warn) << "while it runs, restarts need none";
  world.clock.advance(2000);
  world.record(log::EntryKind::deployment, R"({"artifact": "sha256:)" + std::string(64, 'b') + R"(", "service": "harbour", "environment": "staging"})");
  EXPECT_EQ(world.ask("staging", "person:ada").verdict, Verdict::ask);
}

TEST(Decider, LoosePoliciesAreRefusedAndTightOnesHoldAtOnce) {
  TestWorld world;
  world.populate();
  Actor ada;
  ada.id = "person:ada";
  EXPECT_EQ(world.ask("production").verdict, Verdict::warn);
  auto loose = world.decider->apply_policy("scope: demo\npacks: {baseline: {mode: observe}}", ada);
  ASSERT_FALSE(loose);
  EXPECT_NE(loose.error().to_string().find("loosens"), std::string::npos);
  ASSERT_TRUE(world.decider->apply_policy("scope: demo\npacks: {baseline: {mode: {production: enforce}}}", ada));
  const auto strict = world.ask("production");
  EXPECT_EQ(strict.verdict, Verdict::deny);
  EXPECT_EQ(world.ask("staging").verdict, Verdict::warn);
  EXPECT_EQ(strict.decision->policy_scope, "demo");
}

TEST(Decider, InputIsCanonicalValidBySchemaAndHoldsOnlyWhatIsRead) {
  TestWorld world;
  world.populate();
  world.collect(TestWorld::advisory("DEMO-2026-0001"), "", "", log::EntryKind::advisories);
  Question question;
  question.subject = TestWorld::kDigest;
  question.environment = "production";
  question.service = "harbour";
  auto input = world.decider->build_input(question);
  ASSERT_TRUE(input) << input.error().to_string();
  EXPECT_EQ(*canonical_json(*input), *input);
  auto document = JsonDocument::parse(*input);
  ASSERT_TRUE(document);
  EXPECT_FALSE(document->root()["manifests"].exists());
  EXPECT_TRUE(document->root()["vulnerabilities"].at(0)["open"].bool_or(false));
  EXPECT_EQ(document->root()["vulnerabilities"].at(0)["fix"]["upgrade"].string_or(""), "oakjson 4.2.3");
  auto schema = JsonDocument::parse(input_schema());
  for (const auto& member : document->root().members()) {
    const auto known = schema->root()["properties"][member.name];
    EXPECT_TRUE(known.exists()) << member.name;
    const auto item = member.value.is_array() && member.value.size() ? member.value.at(0) : member.value;
    const auto shape = member.value.is_array() ? known["items"] : known;
    if (!item.is_object() || !shape["properties"].exists()) continue;
    for (const auto& field : item.members()) EXPECT_TRUE(shape["properties"][field.name].exists()) << member.name << "." << field.name;
    for (const auto required : shape["required"].items())
      EXPECT_TRUE(item[required.string_or("")].exists()) << member.name << " lacks " << required.string_or("");
  }
}

TEST(Standing, AdvisoryTurnsWhatRunsAndSaysWhy) {
  TestWorld world;
  world.populate();
  Actor ada;
  ada.id = "person:ada";
  ASSERT_TRUE(world.decider->apply_policy(kEnforce, ada));
  world.collect(TestWorld::advisory("DEMO-2026-0001", "oakjson", "1.0.0"), "", "", log::EntryKind::advisories);  // long fixed
  ASSERT_TRUE(world.decider->apply_policy("scope: demo/harbour\nrules: {advisories-fresh: {mode: warn}}", ada));
  Standing standing(*world.decider);
  world.record(log::EntryKind::deployment, R"({"artifact": ")" + std::string(TestWorld::kDigest) + R"(", "service": "harbour", "environment": "production"})");
  EXPECT_TRUE(standing.wait(0));
  auto first = standing.turn_over();
  ASSERT_TRUE(first) << first.error().to_string();
  ASSERT_EQ(standing.list().size(), 1u);
  const auto stood = standing.list()[0].verdict;
  EXPECT_EQ(stood, Verdict::warn) << standing.list()[0].summary;
  EXPECT_EQ(standing.list()[0].deployment.substr(0, 2), "r-");
  EXPECT_FALSE(standing.wait(0));

  world.clock.advance(60'000);
  world.collect(TestWorld::advisory("DEMO-2026-0002"), "", "", log::EntryKind::advisories);
  EXPECT_TRUE(standing.wait(0));
  auto turned = standing.turn_over();
  ASSERT_TRUE(turned) << turned.error().to_string();
  ASSERT_EQ(turned->size(), 1u);
  EXPECT_EQ((*turned)[0].from, Verdict::warn);
  EXPECT_EQ((*turned)[0].to, Verdict::deny);
  EXPECT_NE((*turned)[0].cause.find("DEMO-2026-0002"), std::string::npos) << (*turned)[0].cause;
  EXPECT_GT((*turned)[0].entry, 0u);
  EXPECT_EQ(world.graph->view().transitions().size(), 2u) << "the first judgement and the turn";
  EXPECT_EQ(standing.find("harbour", "production")->verdict, Verdict::deny);
  EXPECT_TRUE(standing.turn_over()->empty());
}

TEST(Replay, GivesTheSameDecisionAndNamesWhatDiffers) {
  TestWorld world;
  world.populate();
  const auto answer = world.ask("production");
  Actor ada;
  ada.id = "person:ada";
  ASSERT_TRUE(world.decider->apply_policy("scope: demo\npacks: {baseline: {mode: enforce}}", ada));
  world.collect(TestWorld::advisory("DEMO-2026-0001"), "", "", log::EntryKind::advisories);
  auto replayed = replay(*world.decider, answer.decision->id);
  ASSERT_TRUE(replayed) << replayed.error().to_string();
  EXPECT_TRUE(replayed->same) << replayed->to_text();
  EXPECT_EQ(replay(*world.decider, "d_00000000000000000000000000").error().code(), Code::not_found);
}

TEST(Render, EveryReaderGetsTheirs) {
  TestWorld world;
  world.populate();
  Actor ada;
  ada.id = "person:ada";
  ASSERT_TRUE(world.decider->apply_policy(kEnforce, ada));
  world.collect(TestWorld::advisory("DEMO-2026-0001"), "", "", log::EntryKind::advisories);
  const auto decision = *world.ask("production", "person:mara").decision;
  const auto text = to_text(decision);
  EXPECT_EQ(text.substr(0, 6), "DENIED");
  EXPECT_NE(text.find("To get it through"), std::string::npos) << text;
  EXPECT_NE(text.find("raise pkg:npm/oakjson@4.2.1 to 4.2.3"), std::string::npos) << text;
  EXPECT_EQ(text.find("\x1b["), std::string::npos);
  EXPECT_NE(to_text(decision, Reader::developer, Colour::always).find("\x1b["), std::string::npos);
  EXPECT_NE(to_text(decision, Reader::security).find("waybill trace DEMO-2026-0001"), std::string::npos);
  EXPECT_NE(to_text(decision, Reader::auditor).find("waybill replay " + decision.id), std::string::npos);
  EXPECT_NE(to_markdown(std::span(&decision, 1)).find("### Denied"), std::string::npos);
  auto sarif = JsonDocument::parse(to_sarif(std::span(&decision, 1)));
  ASSERT_TRUE(sarif);
  EXPECT_EQ(sarif->root()["version"].string_or(""), "2.1.0");
  EXPECT_GT(sarif->root()["runs"].at(0)["results"].size(), 0u);
  auto junit = formats::parse(to_junit(std::span(&decision, 1)));
  ASSERT_TRUE(junit) << junit.error().to_string();
}

}  // namespace
}  // namespace waybill::policy
