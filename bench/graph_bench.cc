// The graph with 100,000 bills of materials: fold, memory, trace, snapshot, and questions while it is written.
//
//   bench_graph [--sboms N] [--entries N] [--plain]
//
// Facts are made directly, without JSON: what is measured is the graph alone (collect_bench has the whole way). The
// population is SbomPopulation::realistic(): bases of 200 packages, services that change 5 % of the rest a build.
#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>

#include "measure.h"
#include "sbom_gen.h"
#include "waybill/advisory/advisory.h"
#include "waybill/graph/graph.h"

using namespace waybill;
using graph::At;
using graph::Kind;

namespace {

// Batches of the population's bills of materials; packages are made once.
class Source {
 public:
  explicit Source(const bench::SbomOptions& options) : population_(options), purls_(options.packages) {}

  void fill(uint64_t i, facts::Batch& batch) {
    const auto ranks = population_.ranks(i);
    digest_ = population_.digest(i);
    batch.kind = "sbom";
    batch.format = "CycloneDX 1.5";
    batch.subject = digest_;
    batch.subject_name = population_.image(i) + ":1." + std::to_string(i);
    facts::Listed listed;
    listed.subject = digest_;
    listed.format = "cyclonedx";
    listed.version = "1.5";
    listed.tool = "sbom_gen 1";
    listed.has_graph = true;
    batch.listed.push_back(listed);
    batch.contains.reserve(ranks.size());
    for (const uint32_t rank : ranks) {
      const Made& made = package(rank);
      facts::Contains component;
      component.purl = made.purl;
      component.name = made.name;
      component.version = made.version;
      component.licence = made.licence;
      component.scope = facts::Scope::runtime;
      component.hashes = {&kHash, 1};
      batch.contains.push_back(component);
    }
    for (uint32_t c = 0; c < ranks.size(); c += 4) batch.depends_on.push_back({facts::Contains::kNoComponent, c});
  }
  const std::string& digest() const { return digest_; }
  std::string digest(uint64_t i) const { return population_.digest(i); }
  std::string image(uint64_t i) const { return population_.image(i); }
  bench::SbomPopulation::Package parts(uint32_t rank) const { return population_.package(rank); }
  std::vector<uint32_t> ranks(uint64_t i) const { return population_.ranks(i); }
  uint64_t made() const { return made_; }

 private:
  struct Made {
    std::string purl, name, version;
    std::string_view licence;
  };
  const Made& package(uint32_t rank) {
    auto& at = purls_[rank];
    if (!at) {
      const auto p = population_.package(rank);
      at = std::make_unique<Made>(Made{p.purl, p.name, p.version, p.licence});
      ++made_;
    }
    return *at;
  }
  static constexpr facts::Hash kHash{"sha256", "00"};
  bench::SbomPopulation population_;
  std::vector<std::unique_ptr<Made>> purls_;
  std::string digest_;
  uint64_t made_ = 0;
};

struct Feed {
  graph::Graph& graph;
  graph::EntryHead head;
  void apply(const facts::Batch& batch, std::string_view kind = "evidence") {
    head.index = graph.size();
    head.time = Time{1'700'000'000'000 + static_cast<int64_t>(head.index)};
    head.kind = kind;
    head.actor = "machine:ci";
    head.document.bytes[0] = static_cast<uint8_t>(head.index);
    std::memcpy(head.document.bytes.data() + 1, &head.index, 8);
    head.document_bytes = 312'000;
    if (auto done = graph.apply(head, batch); !done) {
      std::fprintf(stderr, "apply: %s\n", done.error().to_string().c_str());
      std::exit(1);
    }
  }
};

facts::Batch deployment(const std::string& digest, const std::string& service, const std::string& environment) {
  facts::Batch batch;
  facts::Deployed fact;
  fact.artifact = batch.keep(digest);
  fact.service = batch.keep(service);
  fact.environment = batch.keep(environment);
  batch.deployed.push_back(fact);
  return batch;
}

// An advisory over `versions` packages that are there, by exact versions of as many names.
facts::Batch make_advisory(const Source& source, const std::string& id, const std::vector<uint32_t>& ranks, size_t& packages) {
  facts::Batch batch;
  std::vector<facts::Affects::Package> affected;
  packages = 0;
  for (const uint32_t rank : ranks) {
    const auto p = source.parts(rank);
    facts::Affects::Package package;
    const auto purl = identity::Purl::parse(p.purl);
    const auto name = identity::advisory_name(*purl);
    if (!name) continue;
    package.ecosystem = batch.keep(name->ecosystem);
    package.name = batch.keep(name->name);
    package.versions = batch.keep(std::vector<std::string_view>{batch.keep(p.version)});
    affected.push_back(package);
    ++packages;
  }
  facts::Affects fact;
  fact.id = batch.keep(id);
  fact.source = "BENCH";
  fact.modified = Time{1000};
  fact.affected = batch.keep(affected);
  batch.affects.push_back(fact);
  return batch;
}

void print_times(const std::string& name, const std::vector<double>& micros) {
  bench::report(name + ", p50", bench::percentile(micros, 0.5), "us");
  bench::report(name + ", p99", bench::percentile(micros, 0.99), "us");
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t sboms = 100'000, entries = 1'000'000;
  bool plain = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--sboms") == 0 && i + 1 < argc)
      sboms = std::strtoull(argv[++i], nullptr, 10);
    else if (std::strcmp(argv[i], "--entries") == 0 && i + 1 < argc)
      entries = std::strtoull(argv[++i], nullptr, 10);
    else if (std::strcmp(argv[i], "--plain") == 0)
      plain = true;
    else {
      std::fprintf(stderr, "usage: bench_graph [--sboms N] [--entries N] [--plain]\n");
      return 2;
    }
  }
  const bench::Run run("graph");
  Source source(plain ? bench::SbomOptions::plain() : bench::SbomOptions::realistic());
  auto graph = std::make_unique<graph::Graph>();
  Feed feed{*graph, {}};

  // --- fold ---
  double fold_cpu = 0;
  const double resident_before = bench::resident_mb();
  for (uint64_t i = 0; i < sboms; ++i) {
    facts::Batch batch;
    source.fill(i, batch);
    const double from = bench::thread_cpu_seconds();
    feed.apply(batch);
    fold_cpu += bench::thread_cpu_seconds() - from;
  }
  bench::report("fold of one bill of materials, 500 components, CPU", fold_cpu * 1e6 / static_cast<double>(sboms), "us");
  bench::report("packages", static_cast<double>(source.made()), "");
  bench::report("graph after the bills of materials, allocated", static_cast<double>(graph->memory_bytes()) / 1e6, "MB");

  // --- what runs: 1,000 places, the newest builds ---
  const uint64_t places = std::min<uint64_t>(1000, sboms);
  double deploy_cpu = bench::thread_cpu_seconds();
  for (uint64_t i = 0; i < places; ++i) {
    const uint64_t build = sboms - places + i;
    feed.apply(deployment(source.digest(build), "service-" + std::to_string(i / 2), i % 2 == 0 ? "production" : "staging"), "deployment");
  }
  bench::report("deployment of an artifact for the first time, CPU", (bench::thread_cpu_seconds() - deploy_cpu) * 1e6 / static_cast<double>(places), "us");

  // --- other entries ---
  double small_cpu = bench::thread_cpu_seconds();
  uint64_t small = 0;
  while (graph->size() < entries) {
    facts::Batch batch;
    const std::string digest = source.digest((graph->size() * 7919) % sboms);
    batch.subject = digest;
    batch.kind = "tests";
    batch.format = "JUnit XML";
    facts::Tested fact;
    fact.suite = "unit";
    fact.passed = static_cast<uint32_t>(graph->size() % 1000);
    fact.at = Time{1'700'000'000'000 + static_cast<int64_t>(graph->size())};
    batch.tested.push_back(fact);
    feed.apply(batch);
    ++small;
  }
  if (small > 0)
    bench::report("entry with one test result, CPU (made and folded)", (bench::thread_cpu_seconds() - small_cpu) * 1e6 / static_cast<double>(small), "us");
  bench::report("graph with all entries, allocated", static_cast<double>(graph->memory_bytes()) / 1e6, "MB");

  // --- advisories: 1, 50 and 500 affected versions, rare and common ---
  uint64_t state = 88172645463325252u;
  const auto random = [&](uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
  };
  struct Group {
    std::string name;
    std::vector<graph::Id> ids;
  };
  std::vector<Group> groups;
  // `rank`: at least that rare (10,000: in about 100 of 100,000 bills of materials).
  const auto make = [&](const std::string& name, int count, size_t versions, bool common, uint32_t rank) {
    Group group{name, {}};
    for (int n = 0; n < count; ++n) {
      std::vector<uint32_t> ranks;
      while (ranks.size() < versions) {
        if (common) {
          ranks.push_back(static_cast<uint32_t>(random(std::max<uint64_t>(versions, 400))));
        } else {  // of any bill of materials that runs, so that there is a way to be found
          const auto some = source.ranks(sboms - places + random(places));
          for (int k = 0; k < 50 && ranks.size() < versions; ++k) {
            if (const uint32_t one = some[random(some.size())]; one >= rank) ranks.push_back(one);
          }
        }
      }
      std::sort(ranks.begin(), ranks.end());
      ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
      const std::string id = "BENCH-" + std::to_string(groups.size()) + "-" + std::to_string(n);
      size_t packages = 0;
      feed.apply(make_advisory(source, id, ranks, packages), "advisories");
      group.ids.push_back(graph->view().find(Kind::vulnerability, id));
    }
    groups.push_back(std::move(group));
  };
  double advisory_cpu = bench::thread_cpu_seconds();
  make("1 version", 200, 1, false, 0);
  make("50 versions", 40, 50, false, 10'000);
  make("500 versions", 20, 500, false, 10'000);
  make("50 of the most common packages", 10, 50, true, 0);
  make("500 of the most common packages", 10, 500, true, 0);
  bench::report("advisories of this bench folded, CPU each", (bench::thread_cpu_seconds() - advisory_cpu) * 1e6 / 280, "us");
  bench::report("resident, all of this process", bench::resident_mb() - resident_before, "MB");

  const auto ask = [&](const Group& group, int rounds, bool undeployed, At at, bool texts = false) {
    std::vector<double> micros;
    uint64_t edges = 0;
    for (int r = 0; r < rounds; ++r) {
      const graph::Id id = group.ids[static_cast<size_t>(r) % group.ids.size()];
      const double from = bench::wall_seconds();
      const graph::View view = graph->view(at);
      const auto trace = view.trace(id, {.count_undeployed = undeployed, .texts = texts});
      micros.push_back((bench::wall_seconds() - from) * 1e6);
      edges += trace.contains.size();
    }
    return std::pair(micros, edges / static_cast<uint64_t>(rounds));
  };
  for (const auto& group : groups) {
    const auto [micros, edges] = ask(group, 2000, false, At::latest());
    print_times("trace to what runs, " + group.name + " (" + std::to_string(edges) + " edges)", micros);
  }
  for (const auto& group : groups) print_times("trace to what runs with its texts, " + group.name, ask(group, 1000, false, At::latest(), true).first);
  for (const auto& group : groups) print_times("trace with all artifacts, " + group.name, ask(group, 300, true, At::latest()).first);
  print_times("trace to what runs as of the entry before, 50 versions", ask(groups[1], 2000, false, At::index(graph->size() - 2)).first);

  // --- the same while 1,000 bills of materials a second come in ---
  {
    std::vector<facts::Batch> batches(3000);
    std::vector<std::string> digests;
    for (uint64_t i = 0; i < batches.size(); ++i) source.fill(sboms + i, batches[i]);
    // The digests in a batch are views of the source's own: give each its own.
    for (uint64_t i = 0; i < batches.size(); ++i) {
      batches[i].subject = source.digest(sboms + i);
      batches[i].listed[0].subject = batches[i].keep(batches[i].subject);
    }
    std::atomic<bool> stop{false};
    std::thread writer([&] {
      const double from = bench::wall_seconds();
      for (uint64_t i = 0; i < batches.size() && !stop; ++i) {
        feed.apply(batches[i]);
        const double due = from + static_cast<double>(i + 1) / 1000.0;
        if (const double ahead = due - bench::wall_seconds(); ahead > 0) std::this_thread::sleep_for(std::chrono::duration<double>(ahead));
      }
      bench::report("bills of materials a second meanwhile", static_cast<double>(batches.size()) / (bench::wall_seconds() - from), "/s");
    });
    for (const auto& group : groups) print_times("while writing: trace to what runs, " + group.name, ask(group, 1500, false, At::latest()).first);
    stop = false;
    writer.join();
  }

  // --- snapshot ---
  const std::string path = (std::filesystem::temp_directory_path() / ("bench-graph-" + std::to_string(::getpid()))).string();
  const auto hash = graph->content_hash();
  const double write_cpu = bench::process_cpu_seconds();
  const double write_from = bench::wall_seconds();
  if (auto written = graph->write_snapshot(path); !written) {
    std::fprintf(stderr, "%s\n", written.error().to_string().c_str());
    return 1;
  }
  bench::report("snapshot made, CPU", (bench::process_cpu_seconds() - write_cpu) * 1e3, "ms");
  bench::report("snapshot written and synced", (bench::wall_seconds() - write_from) * 1e3, "ms");
  bench::report("snapshot", static_cast<double>(std::filesystem::file_size(path)) / 1e6, "MB");
  const graph::Id asked = groups[1].ids[0];
  graph.reset();
  for (int round = 0; round < 2; ++round) {
    const double from = bench::wall_seconds();
    auto opened = graph::Graph::open_snapshot(path);
    if (!opened) {
      std::fprintf(stderr, "%s\n", opened.error().to_string().c_str());
      return 1;
    }
    const double open = bench::wall_seconds();
    const auto trace = (*opened)->view().trace(asked);
    const double first = bench::wall_seconds();
    const auto verified = (*opened)->wait_verified();
    const double done = bench::wall_seconds();
    if (!verified || trace.packages.empty()) return 1;
    bench::report("snapshot opened", (open - from) * 1e3, "ms");
    bench::report("first trace answered", (first - open) * 1e3, "ms");
    bench::report("opened and verified", (done - from) * 1e3, "ms");
    if (round == 1) {
      // The first entry after a start also opens the advisory index.
      facts::Batch batch;
      source.fill(sboms + 9999, batch);
      graph = std::move(*opened);
      Feed tail{*graph, {}};
      const double apply_from = bench::wall_seconds();
      tail.apply(batch);
      bench::report("first bill of materials after a start", (bench::wall_seconds() - apply_from) * 1e3, "ms");
    } else if ((*opened)->content_hash() != hash) {
      std::fprintf(stderr, "the snapshot does not hold the same graph\n");
      return 1;
    }
  }
  std::filesystem::remove(path);
  return 0;
}
