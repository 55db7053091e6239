// A verdict never gets milder because a fact is missing: every subset of what can be known of an artifact, judged with
// all shipped packs enforced, against the same subset with one fact less.
#include <gtest/gtest.h>

#include "waybill/facts/facts.h"
#include "waybill/graph/graph.h"
#include "waybill/policy/policy.h"

namespace waybill::policy {
namespace {

constexpr std::string_view kDigest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
constexpr int64_t kNow = 1'795'000'000'000;

enum Fact : unsigned { kSbom, kUnitTests, kIntegrationTests, kSignature, kProvenance, kAdvisories, kEnvironment, kService, kScan, kFacts };
constexpr std::string_view kNames[] = {"bill of materials", "unit tests",  "integration tests", "signature", "provenance",
                                       "advisories",        "environment", "service",           "scan"};

void apply(graph::Graph& graph, facts::Batch& batch, std::string_view kind) {
  graph::EntryHead head;
  head.index = graph.size();
  head.time = Time{kNow - kHourMs};
  head.kind = kind;
  head.actor = "machine:ci";
  if (kind == "evidence") head.subject = kDigest;
  head.document = sha256(std::to_string(head.index));
  auto applied = graph.apply(head, batch);
  ASSERT_TRUE(applied) << applied.error().to_string();
}

// `bad`: some of the facts carry trouble: a failing test, a vulnerability, a strange licence.
Verdict verdict_of(unsigned known, bool bad, std::string_view environment) {
  graph::Graph graph;
  const auto has = [&](Fact fact) { return (known >> fact & 1) != 0; };
  const auto evidence = [&](auto&& fill) {
    facts::Batch batch;
    batch.subject = kDigest;
    fill(batch);
    apply(graph, batch, "evidence");
  };
  {
    facts::Batch trust;
    trust.configured.push_back({"trust", "*", R"({"builders":[{"hosted":true,"id":"https://ci","isolated":true}],"signers":[{"identity":"machine:ci"}]})"});
    apply(graph, trust, "trust_list");
  }
  {
    facts::Batch batch;
    if (has(kEnvironment)) {
      batch.configured.push_back({"environment", "production", R"({"exposure":"internet","name":"production","tier":"production"})"});
      batch.configured.push_back({"environment", "development", R"({"exposure":"internal","name":"development","tier":"development"})"});
    }
    if (has(kService)) batch.configured.push_back({"service", "app", R"({"criticality":"high","name":"app","owners":["team:app"],"scope":"acme/app"})"});
    apply(graph, batch, "configuration");
  }
  if (has(kSbom))
    evidence([&](facts::Batch& batch) {
      batch.kind = "sbom";
      facts::Listed listed;
      listed.subject = kDigest;
      listed.format = "cyclonedx";
      listed.version = "1.6";
      listed.tool = "t";
      listed.generated_at = Time{kNow - kDayMs};
      listed.phase = "build";
      listed.has_graph = true;
      batch.listed.push_back(listed);
      facts::Contains one;
      one.purl = "pkg:npm/oakjson@4.2.1";
      one.name = "oakjson";
      one.version = "4.2.1";
      one.licence = bad ? "AGPL-3.0-only" : "MIT";
      one.supplier = "Oak";
      batch.contains.push_back(one);
    });
  for (const auto fact : {kUnitTests, kIntegrationTests})
    if (has(fact))
      evidence([&](facts::Batch& batch) {
        batch.kind = "tests";
        facts::Tested tests;
        tests.subject = kDigest;
        tests.suite = fact == kUnitTests ? "unit" : "integration";
        tests.kind = fact == kUnitTests ? facts::TestKind::unit : facts::TestKind::integration;
        tests.passed = 10;
        tests.failed = bad ? 1 : 0;
        batch.tested.push_back(tests);
      });
  if (has(kSignature))
    evidence([&](facts::Batch& batch) {
      facts::Signed one;
      one.of = kDigest;
      one.about = "subject";
      one.method = "key";
      one.identity = bad ? "person:eve" : "machine:ci";
      one.verified = one.logged = true;
      batch.signed_by.push_back(one);
    });
  if (has(kProvenance))
    evidence([&](facts::Batch& batch) {
      batch.kind = "provenance";
      facts::BuiltBy built;
      built.subject = kDigest;
      built.builder = "https://ci";
      built.invocation = "run 1";
      built.finished_at = Time{kNow - kDayMs};
      batch.built_by.push_back(built);
      facts::Signed one;
      one.of = kDigest;
      one.about = "provenance";
      one.identity = "machine:ci";
      one.verified = !bad;
      batch.signed_by.push_back(one);
    });
  if (has(kAdvisories)) {
    facts::Batch batch;
    batch.kind = "advisories";
    static const facts::Affects::Event kEvents[] = {{facts::Affects::Event::What::introduced, "0"}, {facts::Affects::Event::What::fixed, "4.2.3"}};
    static const facts::Affects::Range kRanges[] = {{facts::Affects::Range::Type::semver, kEvents}};
    static facts::Affects::Package package;
    package.ecosystem = "npm";
    package.name = bad ? "oakjson" : "another";
    package.ranges = kRanges;
    facts::Affects affects;
    affects.id = "DEMO-1";
    affects.source = "DEMO";
    affects.severity = "critical";
    affects.published = affects.modified = Time{kNow - 30 * kDayMs};
    affects.affected = {&package, 1};
    batch.affects.push_back(affects);
    apply(graph, batch, "advisories");
  }
  if (has(kScan))
    evidence([&](facts::Batch& batch) {
      facts::Scanned scan;
      scan.subject = kDigest;
      scan.tool = "trivy";
      scan.kind = facts::ScanKind::container;
      scan.outcome = bad ? facts::Outcome::failed : facts::Outcome::done;
      scan.at = scan.data_at = Time{kNow - kHourMs};
      scan.covered_percent = 100;
      batch.scanned.push_back(scan);
    });

  ManualClock clock{Time{kNow}};
  Setup setup;
  setup.graph = &graph;
  setup.clock = &clock;
  setup.writes = false;
  setup.enforce_shipped = true;
  auto decider = Decider::open(setup);
  EXPECT_TRUE(decider) << decider.error().to_string();
  Question question;
  question.subject = kDigest;
  question.environment = environment;
  question.service = "app";
  auto answer = (*decider)->ask(question);
  EXPECT_TRUE(answer) << answer.error().to_string();
  return answer ? answer->verdict : Verdict::deny;
}

TEST(MissingFacts, NeverMakeAVerdictMilder) {
  for (const bool bad : {false, true})
    for (const auto environment : {"production", "development"}) {
      const auto all = (1U << kFacts) - 1;
      // From all that can be known: each fact, and each pair of facts, taken away.
      std::vector<unsigned> from = {all};
      for (unsigned first = 0; first < kFacts; ++first) from.push_back(all & ~(1U << first));
      for (const auto known : from) {
        const auto whole = verdict_of(known, bad, environment);
        for (unsigned fact = 0; fact < kFacts; ++fact) {
          if ((known >> fact & 1) == 0) continue;
          const auto less = verdict_of(known & ~(1U << fact), bad, environment);
          EXPECT_GE(less, whole) << (bad ? "bad" : "good") << " artifact in " << environment << " without its " << kNames[fact] << " (known " << known << ")";
        }
      }
    }
}

TEST(MissingFacts, NothingKnownIsDeniedInProduction) { EXPECT_EQ(verdict_of(0, false, "production"), Verdict::deny); }

}  // namespace
}  // namespace waybill::policy
