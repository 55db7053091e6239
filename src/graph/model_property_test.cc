// Random histories against a model that keeps everything in plain maps and answers by looking at all of it.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "waybill/graph/graph.h"
#include "waybill/graph/history.h"

namespace waybill::graph {
namespace {

using namespace history;

struct ModelStep {
  enum class What { sbom, deploy, remove, advise, withdraw, empty } what = What::empty;
  uint32_t artifact = 0, tool = 0, service = 0, environment = 0, package = 0, fixed = 0;
  std::set<std::pair<uint32_t, uint32_t>> packages;  // (name, version)
};

std::string purl_of(uint32_t name, uint32_t version) { return "pkg:npm/p" + std::to_string(name) + "@1." + std::to_string(version) + ".0"; }
std::string service_of(uint32_t n) { return "s" + std::to_string(n); }
std::string environment_of(uint32_t n) { return "e" + std::to_string(n); }
std::string vulnerability_of(uint32_t n) { return "TEST-" + std::to_string(n); }

constexpr uint32_t kNames = 6, kVersions = 8, kArtifacts = 8;

rc::Gen<std::vector<ModelStep>> histories() {
  return rc::gen::exec([] {
    std::vector<ModelStep> steps;
    const int count = *rc::gen::inRange(0, 40);
    for (int i = 0; i < count; ++i) {
      ModelStep step;
      step.what = static_cast<ModelStep::What>(*rc::gen::weightedElement<int>({{5, 0}, {3, 1}, {1, 2}, {3, 3}, {1, 4}, {1, 5}}));
      step.artifact = *rc::gen::inRange<uint32_t>(0, kArtifacts);
      step.tool = *rc::gen::inRange<uint32_t>(0, 2);
      step.service = *rc::gen::inRange<uint32_t>(0, 3);
      step.environment = *rc::gen::inRange<uint32_t>(0, 2);
      step.package = *rc::gen::inRange<uint32_t>(0, kNames);
      step.fixed = *rc::gen::inRange<uint32_t>(0, kVersions + 1);
      if (step.what == ModelStep::What::sbom) {
        const int packages = *rc::gen::inRange(0, 8);
        for (int p = 0; p < packages; ++p) step.packages.emplace(*rc::gen::inRange<uint32_t>(0, kNames), *rc::gen::inRange<uint32_t>(0, kVersions));
      }
      steps.push_back(step);
    }
    return steps;
  });
}

// One advisory a package name: versions below `fixed` are affected.
Step to_step(const ModelStep& step, uint64_t index) {
  switch (step.what) {
    case ModelStep::What::sbom: {
      std::vector<std::string> purls;
      for (const auto& [name, version] : step.packages) purls.push_back(purl_of(name, version));
      std::reverse(purls.begin(), purls.end());
      return sbom(digest(step.artifact + 1), purls, step.tool == 0 ? "syft 1" : "trivy 2");
    }
    case ModelStep::What::deploy: return deploy(digest(step.artifact + 1), service_of(step.service), environment_of(step.environment));
    case ModelStep::What::remove: return history::remove(service_of(step.service), environment_of(step.environment));
    case ModelStep::What::advise:
      return advisory(vulnerability_of(step.package), "p" + std::to_string(step.package), "0", "1." + std::to_string(step.fixed) + ".0",
                      Time{static_cast<int64_t>(index) + 1});
    case ModelStep::What::withdraw:
      return advisory(vulnerability_of(step.package), "p" + std::to_string(step.package), "0", "", Time{static_cast<int64_t>(index) + 1}, {},
                      Time{static_cast<int64_t>(index) + 1});
    case ModelStep::What::empty: break;
  }
  return evidence("");
}

// What is known after `size` entries.
struct Model {
  std::map<uint32_t, std::map<uint32_t, std::set<std::pair<uint32_t, uint32_t>>>> lists;  // artifact → tool → packages
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> running;                              // (service, environment) → artifact
  std::map<uint32_t, uint32_t> below;                                                     // package name → fixed
  // Since when a pair that holds is known: ((name, version)) → entry.
  std::map<std::pair<uint32_t, uint32_t>, uint64_t> known;
  std::set<std::pair<uint32_t, uint32_t>> ever;

  Model(const std::vector<ModelStep>& steps, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      const ModelStep& step = steps[i];
      switch (step.what) {
        case ModelStep::What::sbom:
          lists[step.artifact][step.tool] = step.packages;
          ever.insert(step.packages.begin(), step.packages.end());
          break;
        case ModelStep::What::deploy: running[{step.service, step.environment}] = step.artifact; break;
        case ModelStep::What::remove: running.erase({step.service, step.environment}); break;
        case ModelStep::What::advise: below[step.package] = step.fixed; break;
        case ModelStep::What::withdraw: below.erase(step.package); break;
        case ModelStep::What::empty: break;
      }
      for (auto it = known.begin(); it != known.end();) it = affected(it->first) ? std::next(it) : known.erase(it);
      for (const auto& package : ever) {
        if (affected(package)) known.emplace(package, i);
      }
    }
  }
  bool affected(const std::pair<uint32_t, uint32_t>& package) const {
    const auto at = below.find(package.first);
    return at != below.end() && package.second < at->second;
  }
  std::set<std::pair<uint32_t, uint32_t>> contents(uint32_t artifact) const {
    std::set<std::pair<uint32_t, uint32_t>> all;
    if (const auto at = lists.find(artifact); at != lists.end())
      for (const auto& [tool, packages] : at->second) all.insert(packages.begin(), packages.end());
    return all;
  }
};

void compare(const View& view, const Model& model) {
  for (uint32_t a = 0; a < kArtifacts; ++a) {
    const Id artifact = view.find(Kind::artifact, digest(a + 1));
    std::set<std::string> expected, found;
    for (const auto& [name, version] : model.contents(a)) expected.insert(purl_of(name, version));
    for (const auto& component : view.components(artifact)) found.emplace(component.purl);
    RC_ASSERT(found == expected);
    RC_ASSERT(view.component_count(artifact) == expected.size());
    std::map<std::string, uint64_t> wrong, matched;
    for (const auto& package : model.contents(a)) {
      if (model.affected(package)) wrong[purl_of(package.first, package.second)] = model.known.at(package);
    }
    for (const auto& match : view.vulnerabilities(artifact)) matched[std::string(view.text(match.package))] = match.known_entry;
    RC_ASSERT(matched == wrong);
    std::set<std::string> places, expected_places;
    for (const auto& [where, what] : model.running)
      if (what == a) expected_places.insert(service_of(where.first) + "@" + environment_of(where.second));
    for (const Id place : view.places_running(artifact)) places.emplace(view.text(place));
    RC_ASSERT(places == expected_places);
  }
  std::map<std::string, std::string> running, expected_running;
  for (const auto& [where, what] : model.running) expected_running[service_of(where.first) + "@" + environment_of(where.second)] = digest(what + 1);
  for (const auto& deployment : view.running_everywhere()) running[std::string(view.text(deployment.place))] = deployment.digest;
  RC_ASSERT(running == expected_running);

  std::set<std::string> hit;
  for (uint32_t name = 0; name < kNames; ++name) {
    const Id vulnerability = view.find(Kind::vulnerability, vulnerability_of(name));
    std::set<std::pair<std::string, std::string>> edges, expected_edges;
    std::set<std::string> where, expected_where;
    uint32_t not_deployed = 0;
    for (uint32_t a = 0; a < kArtifacts; ++a) {
      bool any = false, runs = false;
      for (const auto& package : model.contents(a)) {
        if (package.first != name || !model.affected(package)) continue;
        any = true;
        expected_edges.emplace(purl_of(package.first, package.second), digest(a + 1));
      }
      if (!any) continue;
      for (const auto& [place, what] : model.running) {
        if (what != a) continue;
        runs = true;
        expected_where.insert(service_of(place.first) + "@" + environment_of(place.second));
      }
      not_deployed += !runs;
    }
    const Trace trace = view.trace(vulnerability);
    for (const auto& [package, artifact] : trace.contains) edges.emplace(trace.packages[package].purl, trace.artifacts[artifact].digest);
    for (const auto& deployment : trace.deployments) where.emplace(view.text(deployment.place));
    RC_ASSERT(edges == expected_edges);
    RC_ASSERT(where == expected_where);
    RC_ASSERT(trace.not_deployed == not_deployed);
    RC_ASSERT(trace.runs.size() == trace.deployments.size());
    RC_ASSERT(view.deployments_hit(vulnerability) == expected_where.size());
    if (!expected_where.empty()) hit.insert(vulnerability_of(name));
  }
  std::set<std::string> running_wrong;
  for (const Id id : view.running_vulnerabilities()) running_wrong.emplace(view.text(id));
  RC_ASSERT(running_wrong == hit);
}

TEST(GraphModel, EveryCutAnswersWhatAReplayToItAnswers) {
  EXPECT_TRUE(rc::check("as of every size", [] {
    const auto steps = *histories();
    Graph graph;
    for (size_t i = 0; i < steps.size(); ++i) RC_ASSERT(history::apply(graph, to_step(steps[i], i)) == i);
    for (size_t size = 0; size <= steps.size(); ++size) compare(graph.view(At::size(size)), Model(steps, size));
  }));
}

// The places that an entry may mean something for are told: where what runs, or what is wrong with it, has changed.
TEST(GraphModel, TheChangeFeedMissesNoPlace) {
  EXPECT_TRUE(rc::check("places", [] {
    const auto steps = *histories();
    Graph graph;
    Changes heard;
    graph.subscribe([&](const Changes& changes) { heard = changes; });
    for (size_t i = 0; i < steps.size(); ++i) {
      history::apply(graph, to_step(steps[i], i));
      const Model before(steps, i), after(steps, i + 1);
      std::set<std::string> told;
      const View view = graph.view();
      for (const Id place : heard.places) told.emplace(view.text(place));
      const auto state = [](const Model& model, const std::pair<uint32_t, uint32_t>& where) {
        std::set<std::string> out;
        const auto at = model.running.find(where);
        if (at == model.running.end()) return out;
        out.insert(digest(at->second + 1));
        for (const auto& package : model.contents(at->second)) {
          out.insert(purl_of(package.first, package.second));
          if (model.affected(package)) out.insert("! " + purl_of(package.first, package.second) + " " + std::to_string(model.below.at(package.first)));
        }
        return out;
      };
      for (uint32_t service = 0; service < 3; ++service)
        for (uint32_t environment = 0; environment < 2; ++environment)
          if (state(before, {service, environment}) != state(after, {service, environment}))
            RC_ASSERT(told.count(service_of(service) + "@" + environment_of(environment)) == 1);
    }
  }));
}

TEST(GraphModel, TheSameLogMakesTheSameGraphWhateverTheWay) {
  const auto path = (std::filesystem::temp_directory_path() / ("waybill-graph-model-" + std::to_string(::getpid()))).string();
  EXPECT_TRUE(rc::check("fold, fold again, snapshot and tail", [&] {
    const auto steps = *histories();
    const auto cut = *rc::gen::inRange<size_t>(0, steps.size() + 1);
    Graph first, second, third;
    for (size_t i = 0; i < steps.size(); ++i) {
      history::apply(first, to_step(steps[i], i));
      history::apply(second, to_step(steps[i], i));
      if (i < cut) history::apply(third, to_step(steps[i], i));
    }
    RC_ASSERT(first.content_hash() == second.content_hash());
    RC_ASSERT(third.write_snapshot(path).has_value());
    auto opened = Graph::open_snapshot(path);
    RC_ASSERT(opened.has_value());
    for (size_t i = cut; i < steps.size(); ++i) history::apply(**opened, to_step(steps[i], i));
    RC_ASSERT((*opened)->content_hash() == first.content_hash());
    RC_ASSERT((*opened)->wait_verified().has_value());
    for (const size_t size : {cut, steps.size() / 2, steps.size()}) compare((*opened)->view(At::size(size)), Model(steps, size));
  }));
  std::filesystem::remove(path);
}

// Readers run beside the writer, without a lock: what a view of size N answers never changes. (For ThreadSanitizer.)
TEST(GraphModel, ReadersBesideTheWriterSeeWholeEntries) {
  Graph graph;
  for (uint32_t i = 0; i < 10; ++i) {
    history::apply(graph, sbom(digest(i + 1), {purl_of(0, i % kVersions), purl_of(1, 1), "pkg:npm/own-" + std::to_string(i) + "@1.0.0"}));
    history::apply(graph, deploy(digest(i + 1), service_of(i), "production"));
  }
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> asked{0};
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&, r] {
      while (!stop) {
        const View view = graph.view(r == 0 ? At::latest() : At::size(graph.size() / 2));
        const Id common = view.find(Kind::package, purl_of(1, 1));
        const auto artifacts = view.artifacts_with(common);
        EXPECT_EQ(artifacts, view.artifacts_with(common));
        const Trace trace = view.trace(common);
        EXPECT_EQ(trace.total_artifacts, artifacts.size());
        for (const Id artifact : artifacts) EXPECT_TRUE(view.contains(artifact, common));
        const Id vulnerability = view.find(Kind::vulnerability, vulnerability_of(0));
        EXPECT_EQ(view.matches_of(vulnerability).size(), view.matches_of(vulnerability).size());
        EXPECT_EQ(view.counts().entries, view.size());
        if (view.size() > 0) {
          EXPECT_EQ(view.entries({}, {.limit = 1}).at(0).index, view.index());
        }
        view.search("own-1");
        view.running_everywhere();
        ++asked;
      }
    });
  }
  for (uint32_t i = 10; i < 600; ++i) {
    history::apply(graph, sbom(digest(i + 1), {purl_of(0, i % kVersions), purl_of(1, 1), "pkg:npm/own-" + std::to_string(i) + "@1.0.0"}));
    if (i % 5 == 0) history::apply(graph, deploy(digest(i + 1), service_of(i % 10), "production"));
    if (i % 50 == 0) history::apply(graph, advisory(vulnerability_of(0), "p0", "0", "1." + std::to_string(i / 50 % kVersions) + ".0", Time{i}));
  }
  while (asked < 4) std::this_thread::yield();
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(graph.view().artifacts_with(graph.view().find(Kind::package, purl_of(1, 1))).size(), 600u);
}

}  // namespace
}  // namespace waybill::graph
