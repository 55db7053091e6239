// How fast is the policy engine? The four policies of ../shared/data/rego-bench (prepared: parse input, evaluate one
// document), and a join through a partial object that is quadratic in OPA.
//
//   bench_rego [DIRECTORY]      default: ../shared/data/rego-bench, or $WAYBILL_SHARED/data/rego-bench
#include <fstream>
#include <sstream>

#include "measure.h"
#include "waybill/rego/rego.h"

namespace waybill::bench {
namespace {

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

struct Job {
  const char* name;
  const char* module;
  const char* data;
  const char* input;
  const char* entry;
  size_t least_bytes;  // of the answer: a benchmark that denies nothing measures nothing
};

void line(const std::string& name, double seconds, double yardstick) { report(name, seconds * 1e3, "ms", seconds / yardstick, "SHA-256 of its input"); }

bool run(const std::string& folder, const Job& job) {
  const std::string module = read(folder + "/" + job.module), data = read(folder + "/" + job.data), input = read(folder + "/" + job.input);
  if (module.empty() || input.empty()) {
    std::printf("%-28s skipped: %s/%s is not there\n", job.name, folder.c_str(), job.module);
    return true;
  }
  double best_compile = 1e9;
  std::shared_ptr<const rego::Policy> policy;
  for (int i = 0; i < 5; ++i) {
    const double from = thread_cpu_seconds();
    const rego::Module modules[] = {{job.module, module}};
    auto compiled = rego::Policy::compile(modules, data);
    best_compile = std::min(best_compile, thread_cpu_seconds() - from);
    if (!compiled) {
      std::printf("%s: %s\n", job.name, compiled.error().to_string().c_str());
      return false;
    }
    policy = *compiled;
  }
  const double yardstick = sha256_micros(input) * 1e-6;
  rego::Evaluation evaluation(policy, {.now_ns = 1'760'000'000'000'000'000});
  std::vector<double> parse, evaluate;
  size_t bytes = 0;
  const double until = wall_seconds() + 2;
  while ((wall_seconds() < until || evaluate.size() < 5) && evaluate.size() < 5000) {
    double from = thread_cpu_seconds();
    if (auto set = evaluation.set_input(input); !set) {
      std::printf("%s: %s\n", job.name, set.error().to_string().c_str());
      return false;
    }
    parse.push_back(thread_cpu_seconds() - from);
    from = thread_cpu_seconds();
    const auto value = evaluation.evaluate(job.entry);
    evaluate.push_back(thread_cpu_seconds() - from);
    if (!value) {
      std::printf("%s: %s\n", job.name, value.error().to_string().c_str());
      return false;
    }
    if (bytes == 0) {
      bytes = value->to_json().size();
      std::printf("%s: %u items, %zu bytes of answer, heap %.1f MB\n", job.name, (*value)["deny"].size(), bytes,
                  static_cast<double>(evaluation.counters().heap_bytes) / 1e6);
    }
  }
  std::sort(parse.begin(), parse.end());
  std::sort(evaluate.begin(), evaluate.end());
  const std::string name = job.name;
  line(name + " compile, least CPU", best_compile, yardstick);
  line(name + " read input, least CPU", parse.front(), yardstick);
  line(name + " evaluate, least CPU", evaluate.front(), yardstick);
  line(name + " evaluate, median CPU", evaluate[evaluate.size() / 2], yardstick);
  if (bytes < job.least_bytes) {
    std::printf("%s: the answer has %zu bytes, expected at least %zu\n", job.name, bytes, job.least_bytes);
    return false;
  }
  return true;
}

// by_ref[v.ref] through a partial object: 50,000 components, 5,000 references.
bool join() {
  const rego::Module modules[] = {{"join.rego", R"(package join
by_ref[c.ref] := c if some c in input.components
hits contains sprintf("%s %s", [v.id, by_ref[v.ref].name]) if some v in input.vulnerabilities
)"}};
  std::string input = R"({"components":[)";
  for (int i = 0; i < 50000; ++i)
    input += std::string(i > 0 ? "," : "") + R"({"ref":"r)" + std::to_string(i * 7919 % 50000) + R"(","name":"component-)" + std::to_string(i) + R"("})";
  input += R"(],"vulnerabilities":[)";
  for (int i = 0; i < 5000; ++i)
    input += std::string(i > 0 ? "," : "") + R"({"id":"CVE-)" + std::to_string(i) + R"(","ref":"r)" + std::to_string(i * 9) + R"("})";
  input += "]}";
  auto policy = rego::Policy::compile(modules);
  if (!policy) return false;
  rego::Evaluation evaluation(*policy);
  double best = 1e9, best_input = 1e9;
  for (int i = 0; i < 5; ++i) {
    double from = thread_cpu_seconds();
    if (!evaluation.set_input(input)) return false;
    best_input = std::min(best_input, thread_cpu_seconds() - from);
    from = thread_cpu_seconds();
    const auto hits = evaluation.evaluate("data.join.hits");
    best = std::min(best, thread_cpu_seconds() - from);
    if (!hits || hits->size() != 5000) return false;
  }
  report("join 50,000 x 5,000 read input, least CPU", best_input * 1e3, "ms", best_input * 1e6 / sha256_micros(input), "SHA-256 of its input");
  report("join 50,000 x 5,000 evaluate, least CPU", best * 1e3, "ms", best * 1e6 / sha256_micros(input), "SHA-256 of its input");
  return true;
}

int all(int argc, char** argv) {
  const char* shared = std::getenv("WAYBILL_SHARED");
  const std::string folder = argc > 1 ? argv[1] : std::string(shared != nullptr ? shared : "../shared") + "/data/rego-bench";
  static constexpr Job jobs[] = {
      {"sbom", "sbom.rego", "sbom.data.json", "sbom.input.json", "data.waybill.sbom", 10000},
      {"sbom-partial", "sbom-partial.rego", "sbom.data.json", "sbom.input.json", "data.waybill.sbom", 10000},
      {"admission", "admission.rego", "admission.data.json", "admission.input.json", "data.waybill.admission.response", 20},
      {"admission-deny", "admission.rego", "admission.data.json", "admission-deny.input.json", "data.waybill.admission.response", 20},
      {"provenance", "provenance.rego", "provenance.data.json", "provenance.input.json", "data.waybill.provenance.allow", 4},
  };
  const Run whole("rego");
  bool fine = join();
  for (const Job& job : jobs) fine &= run(folder, job);
  return fine ? 0 : 1;
}

}  // namespace
}  // namespace waybill::bench

int main(int argc, char** argv) { return waybill::bench::all(argc, argv); }
