#include "waybill/graph/graph.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "waybill/graph/history.h"

namespace waybill::graph {
namespace {

using namespace history;

std::string lodash(std::string_view version) { return "pkg:npm/lodash@" + std::string(version); }

TEST(Graph, AnEmptyGraphAnswersEveryQuestionWithNothing) {
  Graph graph;
  const View view = graph.view();
  EXPECT_EQ(view.size(), 0u);
  EXPECT_FALSE(view.time().is_set());
  EXPECT_TRUE(view.is_latest());
  EXPECT_FALSE(view.entry(0));
  EXPECT_TRUE(view.entries().empty());
  EXPECT_TRUE(view.services().empty());
  EXPECT_TRUE(view.running_everywhere().empty());
  EXPECT_TRUE(view.running_vulnerabilities().empty());
  EXPECT_TRUE(view.decisions().empty());
  EXPECT_FALSE(view.find_subject("CVE-2026-1"));
  EXPECT_EQ(view.counts().entries, 0u);
  EXPECT_TRUE(view.search("x").empty());
  EXPECT_TRUE(view.trace(Id()).packages.empty());
}

TEST(Graph, EntriesComeInOrderAndWithoutAGap) {
  Graph graph;
  EntryHead head;
  head.index = 1;
  head.time = Time{1000};
  const auto gap = graph.apply(head, facts::Batch{});
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().code(), Code::conflict);
  head.index = 0;
  EXPECT_TRUE(graph.apply(head, facts::Batch{}));
  head.index = 1;
  head.time = Time{999};
  EXPECT_FALSE(graph.apply(head, facts::Batch{}));
  EXPECT_EQ(graph.size(), 1u);
}

TEST(Graph, AVulnerabilityIsKnownSinceTheEntryThatBroughtTheSecondHalf) {
  Graph graph;
  std::vector<Changes> heard;
  graph.subscribe([&](const Changes& changes) { heard.push_back(changes); });
  const auto a = digest(1), b = digest(2);
  ASSERT_EQ(apply(graph, sbom(a, {lodash("4.17.20"), "pkg:npm/left-pad@1.3.0"})), 0u);
  ASSERT_EQ(apply(graph, deploy(a, "demo/harbour", "production", Time{1'700'000'000'000}, "registry.example/harbour:1.4.0")), 1u);
  ASSERT_EQ(apply(graph, advisory("GHSA-aaaa", "lodash", "0", "4.17.21", Time{1000}, {"CVE-2026-1"})), 2u);
  ASSERT_EQ(apply(graph, sbom(b, {lodash("4.17.19")})), 3u);

  const View view = graph.view();
  const Id vulnerability = *view.find_subject("GHSA-aaaa");
  EXPECT_EQ(view.text(vulnerability), "CVE-2026-1");
  EXPECT_EQ(*view.find_subject("cve-2026-1"), vulnerability);
  const auto found = view.vulnerabilities(view.find(Kind::artifact, a));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].vulnerability, vulnerability);
  EXPECT_EQ(view.text(found[0].package), lodash("4.17.20"));
  EXPECT_EQ(found[0].known_entry, 2u);
  EXPECT_EQ(found[0].package_entry, 0u);
  EXPECT_EQ(found[0].advisory_entry, 2u);
  ASSERT_EQ(found[0].fixed.size(), 1u);
  EXPECT_EQ(found[0].fixed[0], "4.17.21");
  EXPECT_EQ(view.vulnerabilities(view.find(Kind::artifact, b)).at(0).known_entry, 3u);
  EXPECT_EQ(view.matches_of(vulnerability).size(), 2u);
  EXPECT_EQ(view.running_vulnerabilities(), std::vector<Id>{vulnerability});
  EXPECT_EQ(view.deployments_hit(vulnerability), 1u);

  const Trace trace = view.trace(vulnerability);
  EXPECT_EQ(trace.total_packages, 2u);
  EXPECT_EQ(trace.total_artifacts, 2u);
  EXPECT_EQ(trace.not_deployed, 1u);
  ASSERT_EQ(trace.deployments.size(), 1u);
  EXPECT_EQ(trace.deployments[0].entry, 1u);
  EXPECT_EQ(trace.deployments[0].service_name, "demo/harbour");
  ASSERT_EQ(trace.artifacts.size(), 2u);
  EXPECT_TRUE(trace.artifacts[0].deployed);
  EXPECT_EQ(trace.artifacts[0].name, "registry.example/harbour:1.4.0");
  EXPECT_EQ(trace.runs, (std::vector<std::pair<uint32_t, uint32_t>>{{0, 0}}));
  EXPECT_EQ(trace.contains.size(), 2u);

  // Before the advisory, nobody could know.
  EXPECT_TRUE(graph.view(At::index(1)).vulnerabilities(view.find(Kind::artifact, a)).empty());
  EXPECT_FALSE(graph.view(At::index(1)).find_subject("CVE-2026-1"));

  ASSERT_EQ(heard.size(), 4u);
  ASSERT_EQ(heard[2].pairs.size(), 1u);
  EXPECT_EQ(heard[2].pairs[0].vulnerability, vulnerability);
  ASSERT_EQ(heard[2].places.size(), 1u);
  EXPECT_EQ(view.text(heard[2].places[0]), "demo/harbour@production");
  EXPECT_TRUE(heard[3].places.empty()) << "the second artifact runs nowhere";

  // Withdrawn: the pair ends, and stays known as of before.
  ASSERT_EQ(apply(graph, advisory("GHSA-aaaa", "lodash", "0", "4.17.21", Time{2000}, {"CVE-2026-1"}, Time{2000})), 4u);
  EXPECT_TRUE(graph.view().vulnerabilities(view.find(Kind::artifact, a)).empty());
  EXPECT_EQ(graph.view(At::index(3)).vulnerabilities(view.find(Kind::artifact, a)).size(), 1u);
  EXPECT_TRUE(graph.view().vulnerability(vulnerability)->withdrawn.is_set());
  EXPECT_FALSE(graph.view(At::index(3)).vulnerability(vulnerability)->withdrawn.is_set());
  EXPECT_EQ(heard.back().places.size(), 1u);
}

TEST(Graph, ARecordThatChangesKeepsSinceWhenItsPairIsKnown) {
  Graph graph;
  const auto a = digest(1);
  apply(graph, advisory("GHSA-aaaa", "lodash", "0", "", Time{1000}));
  apply(graph, sbom(a, {lodash("4.17.20")}));
  apply(graph, advisory("GHSA-aaaa", "lodash", "0", "4.17.21", Time{2000}, {"CVE-2026-1"}));
  const View view = graph.view();
  const auto now = view.vulnerabilities(view.find(Kind::artifact, a));
  ASSERT_EQ(now.size(), 1u);
  EXPECT_EQ(view.text(now[0].vulnerability), "CVE-2026-1");
  EXPECT_EQ(now[0].known_entry, 1u);
  ASSERT_EQ(now[0].fixed.size(), 1u);
  const View before = graph.view(At::index(1));
  const auto then = before.vulnerabilities(before.find(Kind::artifact, a));
  ASSERT_EQ(then.size(), 1u);
  EXPECT_EQ(before.text(then[0].vulnerability), "GHSA-aaaa");
  EXPECT_TRUE(then[0].fixed.empty());
  // An older state of the record changes nothing.
  apply(graph, advisory("GHSA-aaaa", "lodash", "0", "9", Time{1500}));
  EXPECT_EQ(graph.view().vulnerabilities(view.find(Kind::artifact, a)).at(0).fixed.at(0), "4.17.21");
}

TEST(Graph, DeploymentsAreIntervals) {
  Graph graph;
  const auto a = digest(1), b = digest(2);
  const Time t0{1'700'000'000'000};
  const auto at = [&](int64_t hours) { return Time{t0.ms + hours * kHourMs}; };
  apply(graph, configured("environment", "staging", R"({"tier":"staging"})"));
  apply(graph, configured("service", "demo/harbour", R"({"owners":["team:harbour"]})"));
  apply(graph, deploy(a, "harbour", "staging", at(0)));       // 2
  apply(graph, deploy(b, "demo/harbour", "staging", at(5)));  // 3
  apply(graph, deploy(a, "harbour", "staging", at(7)));       // 4
  apply(graph, remove("harbour", "staging", at(9)));          // 5
  const View view = graph.view();
  ASSERT_EQ(view.services().size(), 1u) << "the short name and the scope are one service";
  EXPECT_EQ(view.services()[0].name, "harbour");
  EXPECT_EQ(view.services()[0].scope, "demo/harbour");
  EXPECT_EQ(view.services()[0].json, R"({"owners":["team:harbour"]})");
  const Id place = *view.find_subject("harbour@staging");
  EXPECT_EQ(*view.find_subject("demo/harbour@staging"), place);
  EXPECT_FALSE(view.running(place));
  EXPECT_EQ(view.previous(place)->entry, 4u);
  EXPECT_EQ(view.history(place).size(), 3u);
  EXPECT_EQ(graph.view(At::index(3)).running(place)->digest, b);
  EXPECT_EQ(graph.view(At::index(3)).previous(place)->digest, a);
  EXPECT_FALSE(graph.view(At::index(3)).running(place)->until.is_set());
  EXPECT_EQ(view.deployment(3)->until, at(7));
  EXPECT_EQ(view.deployment(3)->ended_entry, 4u);
  EXPECT_FALSE(view.deployment(5));
  const std::string_view names[] = {"staging", "canary"};
  const auto earlier = view.earlier(view.find(Kind::artifact, a), view.find_service("harbour"), names, at(20));
  ASSERT_EQ(earlier.size(), 2u);
  EXPECT_TRUE(earlier[0].reached);
  EXPECT_EQ(earlier[0].hours, 7);
  EXPECT_EQ(earlier[0].entries, (std::vector<uint64_t>{2, 4}));
  EXPECT_FALSE(earlier[1].reached);
  EXPECT_EQ(graph.view(At::index(4)).earlier(view.find(Kind::artifact, a), view.find_service("harbour"), names, at(10))[0].hours, 8);
  ASSERT_EQ(view.environments().size(), 1u);
  EXPECT_EQ(view.environments()[0].json, R"({"tier":"staging"})");
  EXPECT_EQ(view.counts().deployments_running, 0u);
  EXPECT_EQ(graph.view(At::index(4)).counts().deployments_running, 1u);
}

TEST(Graph, ABillOfMaterialsTakesThePlaceOfTheSameToolsEarlierOne) {
  Graph graph;
  const auto a = digest(1);
  apply(graph, sbom(a, {lodash("1.0.0"), lodash("2.0.0")}, "syft 1.0"));
  apply(graph, sbom(a, {lodash("3.0.0")}, "trivy 0.5"));
  apply(graph, sbom(a, {lodash("2.0.0"), lodash("4.0.0")}, "syft 1.1"));
  const View view = graph.view();
  const Id id = view.find(Kind::artifact, a);
  std::vector<std::string> purls;
  for (const auto& component : view.components(id)) purls.emplace_back(component.purl);
  EXPECT_EQ(purls, (std::vector<std::string>{lodash("2.0.0"), lodash("3.0.0"), lodash("4.0.0")}));
  EXPECT_EQ(view.component_count(id), 3u);
  const auto lists = view.inventories(id);
  ASSERT_EQ(lists.size(), 3u);
  EXPECT_TRUE(lists[0].primary);
  EXPECT_EQ(lists[0].entry, 2u);
  EXPECT_FALSE(lists[2].in_force);
  EXPECT_EQ(graph.view(At::index(1)).component_count(id), 3u);
  EXPECT_EQ(graph.view(At::index(0)).component_count(id), 2u);
  EXPECT_TRUE(view.contains(id, view.find(Kind::package, lodash("4.0.0"))));
  EXPECT_FALSE(view.contains(id, view.find(Kind::package, lodash("1.0.0"))));
  EXPECT_TRUE(graph.view(At::index(1)).contains(id, view.find(Kind::package, lodash("1.0.0"))));
  EXPECT_TRUE(view.artifacts_with(view.find(Kind::package, lodash("1.0.0"))).empty());
  EXPECT_EQ(view.artifacts_with(view.find(Kind::package, lodash("3.0.0"))), std::vector<Id>{id});
}

TEST(Graph, ComponentsKeepWhatTheirDocumentSays) {
  Graph graph;
  Step first = sbom(digest(1), {"pkg:npm/%40types/node@20.1.0", "pkg:PyPI/Left_Pad@1.0.0"});
  first.batch.contains[0].supplier = "DefinitelyTyped";
  first.batch.contains[1].scope = facts::Scope::build;
  facts::Contains bare;
  bare.name = "a thing";
  bare.version = "2";
  first.batch.contains.push_back(bare);
  first.batch.depends_on = {{facts::Contains::kNoComponent, 0}, {0, 1}};
  apply(graph, first);
  Step second = sbom(digest(2), {"pkg:npm/%40types/node@20.1.0"});
  second.batch.contains[0].licence = "Apache-2.0";
  apply(graph, second);
  const View view = graph.view();
  const auto one = view.components(view.find(Kind::artifact, digest(1)));
  ASSERT_EQ(one.size(), 3u);
  EXPECT_EQ(one[0].group, "@types");
  EXPECT_EQ(one[0].name, "node");
  EXPECT_EQ(one[0].version, "20.1.0");
  EXPECT_EQ(one[0].type, "npm");
  EXPECT_EQ(one[0].licence, "MIT");
  EXPECT_EQ(one[0].supplier, "DefinitelyTyped");
  EXPECT_EQ(one[0].direct, facts::Yes::yes);
  EXPECT_EQ(one[1].purl, "pkg:pypi/left-pad@1.0.0");
  EXPECT_EQ(one[1].scope, facts::Scope::build);
  EXPECT_EQ(one[1].direct, facts::Yes::no);
  EXPECT_FALSE(one[2].has_purl);
  EXPECT_EQ(one[2].name, "a thing");
  const auto two = view.components(view.find(Kind::artifact, digest(2)));
  ASSERT_EQ(two.size(), 1u);
  EXPECT_EQ(two[0].licence, "Apache-2.0");
  EXPECT_EQ(two[0].direct, facts::Yes::unknown);
  EXPECT_EQ(view.inventories(view.find(Kind::artifact, digest(1)))[0].without_purl, 1u);
  EXPECT_EQ(view.inventories(view.find(Kind::artifact, digest(1)))[0].dependencies, 2u);

  const Id wanted[] = {one[1].package, one[2].package};
  const auto paths = view.paths(view.find(Kind::artifact, digest(1)), wanted, [&](uint64_t entry) -> Result<std::shared_ptr<const facts::Batch>> {
    EXPECT_EQ(entry, 0u);
    return std::shared_ptr<const facts::Batch>(std::shared_ptr<void>(), &first.batch);
  });
  ASSERT_TRUE(paths);
  EXPECT_EQ((*paths)[0], (std::vector<Id>{one[0].package, one[1].package}));
  EXPECT_TRUE((*paths)[1].empty());
}

TEST(Graph, FactsAreGivenBackAsTheyWereTold) {
  Graph graph;
  const auto a = digest(1);
  const std::string source = "git+https://git.example/harbour@0123456789abcdef0123456789abcdef01234567";
  Step step = evidence(a);
  auto& b = step.batch;
  b.subject_name = "registry.example/harbour:1.4.0";
  facts::BuiltFrom from;
  from.source = b.keep(source);
  from.branch = "main";
  from.linked_by = "provenance";
  b.built_from.push_back(from);
  facts::BuiltBy by;
  by.builder = "https://ci.example/builder";
  by.source = b.keep(source);
  by.parameters = b.keep(std::vector<std::string_view>{"x", "y"});
  by.hermetic = facts::Yes::yes;
  by.started_at = Time{5};
  b.built_by.push_back(by);
  facts::Signed signature;
  signature.of = b.keep(a);
  signature.about = "provenance";
  signature.key = "k1";
  signature.verified = true;
  b.signed_by.push_back(signature);
  apply(graph, step);
  Step tests = evidence(source);
  facts::Tested tested;
  tested.suite = "unit";
  tested.passed = 10;
  tested.coverage_percent = 81.5;
  tests.batch.tested.push_back(tested);
  facts::Found found;
  found.rule = "S100";
  found.title = tests.batch.keep(std::string(300, 'x'));
  found.severity = facts::Severity::high;
  tests.batch.found.push_back(found);
  std::vector<Changes> heard;
  apply(graph, deploy(a, "harbour", "production"));
  graph.subscribe([&](const Changes& changes) { heard.push_back(changes); });
  apply(graph, tests);

  const View view = graph.view();
  const Id id = view.find(Kind::artifact, a);
  ASSERT_EQ(view.builds(id).size(), 1u);
  const auto build = view.builds(id)[0];
  EXPECT_EQ(build.entry, 0u);
  EXPECT_EQ(build.fact.subject, a);
  EXPECT_EQ(build.fact.builder, "https://ci.example/builder");
  EXPECT_EQ(build.fact.source, source);
  ASSERT_EQ(build.fact.parameters.size(), 2u);
  EXPECT_EQ(build.fact.parameters[1], "y");
  EXPECT_EQ(build.fact.hermetic, facts::Yes::yes);
  EXPECT_EQ(build.fact.started_at, Time{5});
  EXPECT_EQ(view.sources(id).at(0).fact.branch, "main");
  const Id commit = view.find(Kind::source, source);
  EXPECT_EQ(view.built_from(id), std::vector<Id>{commit});
  EXPECT_EQ(view.built_into(commit), std::vector<Id>{id});
  EXPECT_EQ(*view.find_subject("0123456"), commit);
  EXPECT_EQ(view.signatures(id).at(0).fact.key, "k1");
  EXPECT_TRUE(view.entry(0)->is_signed);
  EXPECT_FALSE(view.entry(2)->is_signed);
  EXPECT_EQ(view.tests(commit).at(0).fact.passed, 10u);
  EXPECT_EQ(view.tests(commit).at(0).fact.flaky, -1);
  EXPECT_EQ(view.tests(commit).at(0).fact.coverage_percent, 81.5);
  EXPECT_EQ(view.tests(commit).at(0).fact.subject, source);
  EXPECT_EQ(view.findings(commit).at(0).fact.title, std::string(300, 'x'));
  EXPECT_EQ(view.findings(commit).at(0).fact.severity, facts::Severity::high);
  EXPECT_TRUE(view.tests(id).empty());
  ASSERT_EQ(heard.size(), 1u);
  ASSERT_EQ(heard[0].places.size(), 1u) << "tests of the source mean something for what was built from it";

  EXPECT_EQ(view.name(id), "registry.example/harbour:1.4.0");
  EXPECT_EQ(view.resolve_image("registry.example/harbour:1.4.0"), id);
  EXPECT_EQ(*view.find_subject("registry.example/harbour:1.4.0"), id);
  EXPECT_EQ(*view.find_subject("registry.example/other@" + a), id);
  EXPECT_EQ(*view.find_subject(a.substr(0, 7 + 63)), id);
  EXPECT_EQ(view.entries_of(id).size(), 2u);
  EXPECT_EQ(view.entries_with(sha256("document 0")), std::vector<uint64_t>{0});
  EXPECT_EQ(view.search("HARBOUR").at(0).text, "harbour");
}

TEST(Graph, ATagThatMovesHasAHistory) {
  Graph graph;
  for (uint32_t i = 1; i <= 2; ++i) {
    Step step = evidence(digest(i));
    step.batch.subject_name = "registry.example/harbour:latest";
    apply(graph, step);
  }
  const View view = graph.view();
  EXPECT_EQ(view.text(view.resolve_image("registry.example/harbour:latest")), digest(2));
  EXPECT_EQ(view.text(graph.view(At::index(0)).resolve_image("registry.example/harbour:latest")), digest(1));
  EXPECT_EQ(view.image_history("registry.example/harbour:latest").size(), 2u);
  EXPECT_TRUE(view.images_of(view.find(Kind::artifact, digest(1))).empty());
  EXPECT_EQ(view.images_of(view.find(Kind::artifact, digest(2))).size(), 1u);
}

TEST(Graph, DecisionsStandUntilAnotherTakesTheirPlace) {
  Graph graph;
  const auto a = digest(1);
  apply(graph, deploy(a, "harbour", "production"));
  const auto decide = [&](std::string_view id, std::string_view verdict, std::string_view supersedes) {
    Step step = evidence(a);
    step.kind = "decision";
    facts::Decided fact;
    fact.id = id;
    fact.subject = step.batch.keep(a);
    fact.service = "harbour";
    fact.environment = "production";
    fact.gate = "ci";
    fact.verdict = verdict;
    fact.supersedes = supersedes;
    step.batch.decided.push_back(fact);
    return apply(graph, step);
  };
  std::vector<Changes> heard;
  graph.subscribe([&](const Changes& changes) { heard.push_back(changes); });
  EXPECT_EQ(decide("d_1", "allow", ""), 1u);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_TRUE(heard[0].places.empty()) << "a decision is no reason to decide again";
  EXPECT_FALSE(heard[0].subjects.empty());
  EXPECT_EQ(decide("d_2", "deny", "d_1"), 2u);
  const View view = graph.view();
  const Id place = *view.find_subject("harbour@production");
  EXPECT_EQ(view.standing(place)->fact.id, "d_2");
  EXPECT_EQ(view.standing(place)->place, place);
  EXPECT_EQ(view.standing(view.find(Kind::artifact, a), view.find_environment("production"))->fact.verdict, "deny");
  EXPECT_EQ(graph.view(At::index(1)).standing(place)->fact.id, "d_1");
  EXPECT_EQ(view.decision("d_1")->superseded_by, "d_2");
  EXPECT_EQ(graph.view(At::index(1)).decision("d_1")->superseded_by, "");
  EXPECT_EQ(view.decisions().size(), 2u);
  EXPECT_EQ(view.decisions({.verdict = "allow"}).size(), 1u);
  EXPECT_EQ(view.decisions({.environment = "production", .service = "harbour"}).size(), 2u);
  EXPECT_TRUE(view.decisions({.environment = "staging"}).empty());
  EXPECT_TRUE(view.decisions({.subject = place}).empty());

  Step approval = evidence("");
  facts::Approved approved;
  approved.decision = "d_2";
  approved.subject = approval.batch.keep(a);
  approved.by = "person:ada";
  approval.batch.approved.push_back(approved);
  apply(graph, approval);
  EXPECT_EQ(heard.back().places, std::vector<Id>{place}) << "an approval is";
  EXPECT_EQ(graph.view().approvals(view.find(Kind::decision, "d_2")).at(0).fact.by, "person:ada");
  EXPECT_EQ(graph.view().approvals(view.find(Kind::artifact, a)).at(0).entry, 3u);
}

TEST(Graph, AnExceptionIsRequestedApprovedRevoked) {
  Graph graph;
  const auto act = [&](facts::Excepted::Act what, std::string_view id, std::string_view by, Time until) {
    Step step = evidence("");
    step.kind = "exception";
    facts::Excepted fact;
    fact.act = what;
    fact.id = step.batch.keep(id);
    fact.rule = "known-exploited-vulnerability";
    fact.matches = "*";
    fact.service = "harbour";
    fact.by = step.batch.keep(by);
    fact.until = until;
    step.batch.excepted.push_back(fact);
    return apply(graph, step);
  };
  EXPECT_EQ(act(facts::Excepted::Act::request, "", "person:bob", Time{9000}), 0u);
  act(facts::Excepted::Act::approve, "x-0", "person:ada", Time{});
  act(facts::Excepted::Act::revoke, "x-0", "person:eve", Time{});
  EXPECT_EQ(graph.view(At::index(0)).exception("x-0", Time{1})->state, Exception::State::requested);
  EXPECT_EQ(graph.view(At::index(1)).exception("x-0", Time{1})->state, Exception::State::approved);
  EXPECT_EQ(graph.view(At::index(1)).exception("x-0", Time{9000})->state, Exception::State::expired);
  const auto now = graph.view().exceptions(Time{1});
  ASSERT_EQ(now.size(), 1u);
  EXPECT_EQ(now[0].state, Exception::State::revoked);
  EXPECT_EQ(now[0].requested_by, "person:bob");
  EXPECT_EQ(now[0].approved_by, std::vector<Text>{"person:ada"});
  EXPECT_EQ(now[0].entries, (std::vector<uint64_t>{0, 1, 2}));
  EXPECT_FALSE(graph.view().exception("x-7", Time{1}));
}

TEST(Graph, TimesAndTimelines) {
  Graph graph;
  for (int i = 0; i < 6; ++i) {
    Step step = evidence(digest(1));
    step.time = Time{1000 + i * 1000};
    step.document = sha256(i < 3 ? "same" : "other");
    apply(graph, step);
  }
  const View view = graph.view();
  EXPECT_EQ(graph.view(At::time(Time{3500})).size(), 3u);
  EXPECT_EQ(graph.view(At::time(Time{3000})).size(), 3u);
  EXPECT_EQ(graph.view(At::time(Time{1})).size(), 0u);
  EXPECT_EQ(graph.view(At::index(99)).size(), 6u);
  EXPECT_EQ(graph.view(At::size(2)).index(), 1u);
  const auto line = view.timeline(Time{1000}, Time{7000}, 3);
  EXPECT_EQ(line.counts, (std::vector<uint64_t>{2, 2, 2}));
  EXPECT_EQ(line.first_index, (std::vector<uint64_t>{0, 2, 4}));
  EXPECT_EQ(view.entries_with(sha256("same")), (std::vector<uint64_t>{0, 1, 2}));
  EXPECT_EQ(view.entries_with(sha256("other")), (std::vector<uint64_t>{3, 4, 5}));
  EXPECT_TRUE(view.entries_with(sha256("none")).empty());
  EXPECT_EQ(view.entries("evidence", {.from = 1, .limit = 2}).at(0).index, 4u);
  EXPECT_TRUE(view.entries("decision").empty());
}

TEST(Graph, ConfigurationIsTheLastOfItsName) {
  Graph graph;
  apply(graph, configured("policy", "demo", "{\"v\":1}"));
  apply(graph, configured("policy", "demo", "{\"v\":2}"));
  apply(graph, configured("trust", "signers", "[]"));
  EXPECT_EQ(graph.view().configuration("policy", "demo")->json, "{\"v\":2}");
  EXPECT_EQ(graph.view(At::index(0)).configuration("policy", "demo")->json, "{\"v\":1}");
  EXPECT_EQ(graph.view(At::size(0)).configuration("policy", "demo").has_value(), false);
  EXPECT_EQ(graph.view().configurations("policy").size(), 1u);
  EXPECT_EQ(graph.view().configuration_entry(), 2u);
  EXPECT_FALSE(graph.view().configuration("policy", "other"));
}

TEST(Graph, ScoresMakeAVulnerabilityWorse) {
  Graph graph;
  Step step = advisory("CVE-2026-1", "lodash", "0", "", Time{1000});
  const facts::Hash vectors[] = {{"CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}};
  step.batch.affects[0].scores = vectors;
  apply(graph, step);
  Step scored = evidence("");
  scored.batch.scored.push_back({.of = "CVE-2026-1", .scheme = "epss", .value = 0.9});
  scored.batch.scored.push_back({.of = "CVE-2026-1", .scheme = "kev", .value = 1, .text = "Ransomware: Known", .at = Time{7}, .due = Time{8}});
  apply(graph, scored);
  const View view = graph.view();
  const auto found = view.vulnerability(view.find(Kind::vulnerability, "CVE-2026-1"));
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(found->score, 9.8);
  EXPECT_EQ(found->severity, facts::Severity::critical);
  EXPECT_DOUBLE_EQ(found->epss, 0.9);
  EXPECT_TRUE(found->known_exploited);
  EXPECT_TRUE(found->ransomware);
  EXPECT_EQ(found->entries, (std::vector<uint64_t>{0, 1}));
  EXPECT_FALSE(graph.view(At::index(0)).vulnerability(found->id)->known_exploited);
  EXPECT_EQ(view.advisories_loaded().at(0).records, 1u);
  EXPECT_EQ(view.counts().vulnerabilities, 1u);
}

TEST(Graph, ASnapshotAndTheTailAreTheWholeGraph) {
  const auto path = std::filesystem::temp_directory_path() / ("waybill-graph-" + std::to_string(::getpid()) + ".snapshot");
  std::vector<Step> steps;
  steps.push_back(advisory("GHSA-aaaa", "lodash", "0", "4.17.21", Time{1000}, {"CVE-2026-1"}));
  for (uint32_t i = 0; i < 200; ++i) {
    steps.push_back(sbom(digest(i), {lodash("4.17." + std::to_string(i % 40)), "pkg:npm/common@1.0.0", "pkg:npm/own-" + std::to_string(i) + "@1.0.0"}));
    if (i % 10 == 0) steps.push_back(deploy(digest(i), "service-" + std::to_string(i % 30), "production"));
  }
  steps.push_back(advisory("GHSA-bbbb", "common", "0", "", Time{2000}));
  Graph whole;
  for (const auto& step : steps) ASSERT_NE(apply(whole, step), kNoEntry);
  for (const size_t cut : {size_t{0}, size_t{1}, size_t{60}, steps.size() - 1, steps.size()}) {
    Graph first;
    for (size_t i = 0; i < cut; ++i) apply(first, steps[i]);
    ASSERT_TRUE(first.write_snapshot(path.string()));
    auto opened = Graph::open_snapshot(path.string());
    ASSERT_TRUE(opened) << opened.error().to_string();
    Graph& second = **opened;
    EXPECT_EQ(second.size(), cut);
    EXPECT_EQ(second.content_hash(), first.content_hash());
    for (size_t i = cut; i < steps.size(); ++i) ASSERT_NE(apply(second, steps[i]), kNoEntry);
    EXPECT_EQ(second.content_hash(), whole.content_hash()) << "cut at " << cut;
    EXPECT_TRUE(second.wait_verified());
    const View view = second.view();
    EXPECT_EQ(view.trace(view.find(Kind::vulnerability, "CVE-2026-1")).total_artifacts,
              whole.view().trace(whole.view().find(Kind::vulnerability, "CVE-2026-1")).total_artifacts);
  }
  // A flipped bit is noticed, whatever it is in.
  Graph first;
  for (const auto& step : steps) apply(first, step);
  ASSERT_TRUE(first.write_snapshot(path.string()));
  {
    std::FILE* file = std::fopen(path.c_str(), "r+b");
    std::fseek(file, -100, SEEK_END);
    const int byte = std::fgetc(file);
    std::fseek(file, -100, SEEK_END);
    std::fputc(byte ^ 1, file);
    std::fclose(file);
  }
  auto damaged = Graph::open_snapshot(path.string());
  if (damaged) {
    EXPECT_FALSE((*damaged)->wait_verified());
  }
  std::filesystem::resize_file(path, 1000);
  EXPECT_FALSE(Graph::open_snapshot(path.string()));
  std::filesystem::remove(path);
  EXPECT_EQ(Graph::open_snapshot(path.string()).error().code(), Code::not_found);
}

}  // namespace
}  // namespace waybill::graph
