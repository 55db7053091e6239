// Decisions: a first one about an image of 2,000 components, the same one again and again, and 10,000 different images.
#include "measure.h"

#include "waybill/facts/facts.h"
#include "waybill/graph/graph.h"
#include "waybill/policy/policy.h"

namespace waybill::bench {
namespace {

std::string digest_of(uint64_t n) { return sha256("decide-bench " + std::to_string(n)).to_string(); }

void apply(graph::Graph& graph, facts::Batch& batch, std::string_view kind, std::string_view subject) {
  graph::EntryHead head;
  head.index = graph.size();
  head.time = Time{1'795'000'000'000};
  head.kind = kind;
  head.actor = "machine:ci";
  head.subject = subject;
  head.document = sha256(std::to_string(head.index));
  if (!graph.apply(head, batch)) std::exit(1);
}

void add_image(graph::Graph& graph, uint64_t n, uint32_t components) {
  facts::Batch batch;
  batch.format = "CycloneDX 1.6";
  batch.kind = "sbom";
  const auto digest = digest_of(n);
  batch.subject = digest;
  facts::Listed listed;
  listed.subject = batch.keep(digest);
  listed.subject_name = "registry.example/bench:1";
  listed.subject_kind = "container";
  listed.format = "cyclonedx";
  listed.version = "1.6";
  listed.generated_at = Time{1'794'900'000'000};
  listed.tool = "bench";
  listed.has_graph = true;
  batch.listed.push_back(listed);
  for (uint32_t i = 0; i < components; ++i) {
    facts::Contains one;
    const auto name = "lib" + std::to_string((n * 37 + i) % 50'000);
    one.name = batch.keep(name);
    one.version = "1.2.3";
    one.purl = batch.keep("pkg:npm/" + name + "@1.2.3");
    one.licence = i % 7 ? "MIT" : "Apache-2.0 OR MIT";
    one.supplier = "npm";
    batch.contains.push_back(one);
  }
  facts::Tested tests;
  tests.subject = batch.keep(digest);
  tests.suite = "unit";
  tests.passed = 100;
  batch.tested.push_back(tests);
  apply(graph, batch, "evidence", digest);
}

int run(int rounds, bool only_first) {
  const Run bench("decide");
  const double yardstick = sha256_micros(std::string(1 << 20, 'x')) / 1000;
  report("yardstick: SHA-256 of 1 MiB", yardstick, "ms");
  graph::Graph graph;
  {
    facts::Batch batch;
    batch.configured.push_back({"environment", "production", R"({"kind":"environment","name":"production","tier":"production"})"});
    batch.configured.push_back({"service", "bench", R"({"kind":"service","name":"bench","owners":["team:bench"],"scope":"acme/bench"})"});
    apply(graph, batch, "configuration", "");
  }
  {
    // Some of what is inside has a known weakness.
    facts::Batch batch;
    static const facts::Affects::Event kEvents[] = {{facts::Affects::Event::What::introduced, "0"}, {facts::Affects::Event::What::fixed, "2.0.0"}};
    static const facts::Affects::Range kRanges[] = {{facts::Affects::Range::Type::semver, kEvents}};
    std::vector<std::string> names;
    for (int i = 0; i < 500; ++i) {
      facts::Affects affects;
      affects.id = batch.keep("BENCH-" + std::to_string(i));
      affects.source = "BENCH";
      affects.severity = "high";
      affects.modified = affects.published = Time{1'794'000'000'000};
      auto* package = batch.arena.allocate_array<facts::Affects::Package>(1);
      package[0] = {};
      package[0].ecosystem = "npm";
      package[0].name = batch.keep("lib" + std::to_string(i * 100));
      package[0].ranges = kRanges;
      affects.affected = {package, 1};
      batch.affects.push_back(affects);
    }
    batch.kind = "advisories";
    apply(graph, batch, "advisories", "");
  }
  constexpr uint64_t kImages = 10'000;
  add_image(graph, 0, 2000);
  policy::Setup setup;
  setup.graph = &graph;
  setup.writes = false;
  setup.enforce_shipped = true;
  auto opened = policy::Decider::open(setup);
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().to_string().c_str());
    return 1;
  }
  auto& decider = **opened;

  const auto ask = [&](std::string_view subject, std::string_view action = "deploy") {
    policy::Question question;
    question.subject = subject;
    question.environment = "production";
    question.service = "bench";
    question.action = action;
    auto answer = decider.ask(question);
    if (!answer) {
      std::fprintf(stderr, "%s\n", answer.error().to_string().c_str());
      std::exit(1);
    }
    return std::move(*answer);
  };
  const auto image = digest_of(0);
  // The policy is compiled with the first question of all; then each is a first one, by another action.
  const auto compile_start = wall_seconds();
  (void)ask(image, "warm-up");
  report("policy compiled and asked for the first time", (wall_seconds() - compile_start) * 1e3, "ms");
  std::vector<double> firsts, cpu;
  for (int i = 0; i < rounds; ++i) {
    const auto start = wall_seconds(), cpu_start = thread_cpu_seconds();
    (void)ask(image, "deploy-" + std::to_string(i));
    firsts.push_back((wall_seconds() - start) * 1e3);
    cpu.push_back((thread_cpu_seconds() - cpu_start) * 1e3);
  }
  report("first decision, 2,000 components, p50", percentile(firsts, 0.5), "ms", percentile(firsts, 0.5) / yardstick, "SHA-256 of 1 MiB");
  report("first decision, 2,000 components, p99", percentile(firsts, 0.99), "ms");
  report("first decision, 2,000 components, CPU, p50", percentile(cpu, 0.5), "ms");
  if (only_first) return 0;

  Stopwatch watch;
  uint64_t repeats = 0;
  while (watch.wall() < 1.0)
    for (int i = 0; i < 1000; ++i, ++repeats)
      if (!ask(image, "deploy-1").repeated) return 1;
  report("repeated decisions", static_cast<double>(repeats) / watch.wall(), "1/s");
  report("CPU of a repeated decision", watch.cpu() * 1e6 / static_cast<double>(repeats), "us");

  for (uint64_t n = 1; n <= kImages; ++n) add_image(graph, n, 40);
  std::vector<std::string> digests;
  for (uint64_t n = 1; n <= kImages; ++n) digests.push_back(digest_of(n));
  watch.restart();
  for (const auto& digest : digests) (void)ask(digest);
  report("10,000 different images of 40 components, first", static_cast<double>(kImages) / watch.wall(), "1/s");
  watch.restart();
  for (const auto& digest : digests) (void)ask(digest);
  report("10,000 different images, again", static_cast<double>(kImages) / watch.wall(), "1/s");
  return 0;
}

}  // namespace
}  // namespace waybill::bench

// `bench_decide 2000` makes that many first decisions and nothing else: for a profile.
int main(int argc, char** argv) { return waybill::bench::run(argc > 1 ? std::atoi(argv[1]) : 50, argc > 1); }
