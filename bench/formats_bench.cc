// How fast documents become facts: MB/s a core for each format, beside SHA-256 and one simdjson DOM pass over the same
// bytes; memory for one big bill of materials.
#include <malloc.h>

#include <memory>

#include <simdjson.h>

#include "measure.h"
#include "sbom_gen.h"
#include "waybill/base/bytes.h"
#include "waybill/formats/formats.h"

namespace waybill::bench {
namespace {

using Documents = std::vector<std::shared_ptr<const std::string>>;

std::shared_ptr<const std::string> share(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

double dom_micros(const Documents& documents) {
  simdjson::dom::parser parser;
  std::vector<simdjson::padded_string> padded;
  for (const auto& document : documents) padded.emplace_back(*document);
  const auto pass = [&] {
    for (const auto& text : padded) {
      auto result = parser.parse(text);
      if (result.error() != simdjson::SUCCESS) std::abort();
    }
  };
  pass();
  double best = 1e18;
  for (int round = 0; round < 20; ++round) {
    const double from = thread_cpu_seconds();
    pass();
    best = std::min(best, thread_cpu_seconds() - from);
  }
  return best * 1e6;
}

void measure(std::string_view name, const Documents& documents, bool json = true) {
  size_t bytes = 0;
  for (const auto& document : documents) bytes += document->size();
  const auto pass = [&] {
    for (const auto& document : documents) {
      const auto batch = formats::parse(document);
      if (!batch) {
        std::printf("%s\n", batch.error().to_string().c_str());
        std::exit(1);
      }
    }
  };
  pass();
  std::vector<double> took;
  const int rounds = static_cast<int>(std::clamp<size_t>((size_t{96} << 20) / bytes, 3, 200));
  for (int round = 0; round < rounds; ++round) {
    const double from = thread_cpu_seconds();
    pass();
    took.push_back((thread_cpu_seconds() - from) * 1e6);
  }
  const double micros = percentile(took, 0.5);
  double hash = 0;
  for (const auto& document : documents) hash += sha256_micros(*document);
  const auto label = [&](std::string_view what) { return std::string(name) + ", " + std::string(what); };
  report(label("p50 a document of " + std::to_string(bytes / documents.size()) + " B"), micros / static_cast<double>(documents.size()), "µs");
  report(label("throughput"), static_cast<double>(bytes) / micros, "MB/s", micros / hash, "SHA-256");
  if (json) report(label("against one DOM pass"), dom_micros(documents) / static_cast<double>(documents.size()), "µs", micros / dom_micros(documents), "DOM");
}

Documents cyclonedx(size_t count) {
  const SbomPopulation population;
  Documents documents;
  for (size_t i = 0; i < count; ++i) documents.push_back(share(population.sbom(i)));
  return documents;
}

Documents spdx(size_t count) {
  const SbomPopulation population;
  Documents documents;
  for (size_t i = 0; i < count; ++i) {
    JsonWriter w;
    w.begin_object().field("spdxVersion", "SPDX-2.3").field("SPDXID", "SPDXRef-DOCUMENT").field("name", population.image(i));
    w.field("documentNamespace", "https://example.test/" + std::to_string(i)).key("creationInfo").begin_object().field("created", "2026-11-20T08:00:00Z");
    w.key("creators").begin_array().value("Tool: sbom_gen-1").end_array().end_object().key("packages").begin_array();
    const auto ranks = population.ranks(i);
    for (const uint32_t rank : ranks) {
      const auto package = population.package(rank);
      w.begin_object().field("SPDXID", "SPDXRef-" + std::to_string(rank)).field("name", package.name).field("versionInfo", package.version);
      w.field("downloadLocation", "NOASSERTION")
          .field("licenseConcluded", "NOASSERTION")
          .field("licenseDeclared", package.licence)
          .field("supplier", "NOASSERTION");
      w.key("checksums").begin_array().begin_object().field("algorithm", "SHA256").field("checksumValue", sha256(package.purl).hex()).end_object().end_array();
      w.key("externalRefs")
          .begin_array()
          .begin_object()
          .field("referenceCategory", "PACKAGE-MANAGER")
          .field("referenceType", "purl")
          .field("referenceLocator", package.purl)
          .end_object()
          .end_array()
          .end_object();
    }
    w.end_array().key("relationships").begin_array();
    for (size_t k = 0; k < ranks.size(); ++k) {
      w.begin_object().field("spdxElementId", "SPDXRef-" + std::to_string(ranks[k])).field("relationshipType", "DEPENDS_ON");
      w.field("relatedSpdxElement", "SPDXRef-" + std::to_string(ranks[(k * 7 + 1) % ranks.size()])).end_object();
    }
    w.end_array().end_object();
    documents.push_back(share(std::move(w).take()));
  }
  return documents;
}

std::string osv_lines(size_t count) {
  const SbomPopulation population;
  std::string out;
  for (uint32_t i = 0; i < count; ++i) {
    const auto package = population.package(i % 20'000);
    JsonWriter w;
    w.begin_object()
        .field("schema_version", "1.6.0")
        .field("id", "DEMO-2026-" + std::to_string(i))
        .field("modified", "2026-11-20T08:00:00Z")
        .field("published", "2026-11-19T08:00:00Z");
    w.key("aliases")
        .begin_array()
        .value("CVE-2026-" + std::to_string(100'000 + i))
        .end_array()
        .field("summary", "The " + package.name + " package can be brought down");
    w.field("details", std::string(600, 'd') + "\n\n" + std::string(300, 'e')).key("affected").begin_array().begin_object().key("package").begin_object();
    w.field("ecosystem", package.type)
        .field("name", package.name)
        .end_object()
        .key("ranges")
        .begin_array()
        .begin_object()
        .field("type", "SEMVER")
        .key("events")
        .begin_array();
    w.begin_object().field("introduced", "0").end_object().begin_object().field("fixed", package.version).end_object().end_array().end_object().end_array();
    w.key("versions").begin_array();
    for (int v = 0; v < 20; ++v) w.value("1." + std::to_string(v) + ".0");
    w.end_array()
        .end_object()
        .end_array()
        .key("references")
        .begin_array()
        .begin_object()
        .field("type", "WEB")
        .field("url", "https://example.test/" + std::to_string(i))
        .end_object()
        .end_array()
        .end_object();
    out += w.text() + "\n";
  }
  return out;
}

std::string sarif(size_t results) {
  JsonWriter w;
  w.begin_object()
      .field("version", "2.1.0")
      .key("runs")
      .begin_array()
      .begin_object()
      .key("tool")
      .begin_object()
      .key("driver")
      .begin_object()
      .field("name", "Lookout")
      .key("rules")
      .begin_array();
  for (int r = 0; r < 50; ++r)
    w.begin_object().field("id", "R" + std::to_string(r)).key("shortDescription").begin_object().field("text", "A rule").end_object().end_object();
  w.end_array().end_object().end_object().key("results").begin_array();
  for (size_t i = 0; i < results; ++i) {
    w.begin_object()
        .field("ruleId", "R" + std::to_string(i % 50))
        .key("message")
        .begin_object()
        .field("text", "something odd in function " + std::to_string(i))
        .end_object();
    w.key("locations")
        .begin_array()
        .begin_object()
        .key("physicalLocation")
        .begin_object()
        .key("artifactLocation")
        .begin_object()
        .field("uri", "src/file" + std::to_string(i % 97) + ".c")
        .end_object();
    w.key("region").begin_object().field("startLine", static_cast<int64_t>(i)).end_object().end_object().end_object().end_array().end_object();
  }
  w.end_array().end_object().end_array().end_object();
  return std::move(w).take();
}

std::string junit(size_t cases) {
  std::string out = "<?xml version=\"1.0\"?><testsuites>";
  for (size_t i = 0; i < cases; ++i) {
    if (i % 50 == 0) out += (i > 0 ? "</testsuite>" : "") + std::string("<testsuite name=\"suite ") + std::to_string(i / 50) + "\">";
    out += "<testcase classname=\"org.example.Suite\" name=\"case " + std::to_string(i) + "\" time=\"0.001\"/>";
  }
  return out + "</testsuite></testsuites>";
}

std::string envelope() {
  const std::string statement =
      R"({"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"registry.example/app","digest":{"sha256":")" + sha256("app").hex() +
      R"("}}],"predicateType":"https://slsa.dev/provenance/v1","predicate":{"buildDefinition":{"buildType":"https://example.test/build/v1","externalParameters":{"workflow":{"ref":"refs/tags/v1","repository":"https://example.test/o/r","path":".ci/release"}},"internalParameters":{},"resolvedDependencies":[{"uri":"git+https://example.test/o/r@refs/tags/v1","digest":{"gitCommit":"8d3f1c2b4a5968778695a4b3c2d1e0f9a8b7c6d5"}}]},"runDetails":{"builder":{"id":"https://example.test/builder"},"metadata":{"invocationId":"1","startedOn":"2026-11-20T08:00:00Z","finishedOn":"2026-11-20T08:05:00Z"}}}})";
  return R"({"payloadType":"application/vnd.in-toto+json","payload":")" + to_base64(as_bytes(statement)) + R"(","signatures":[{"keyid":"k","sig":")" +
         to_base64(as_bytes("signature")) + "\"}]}";
}

// A bill of materials of some `megabytes`: the memory that its facts take, the document included, as a multiple of it.
void measure_memory(size_t megabytes) {
  const auto document = share(SbomPopulation({.packages = 400'000, .components = static_cast<uint32_t>(megabytes * 1650)}).sbom(0));
  ::malloc_trim(0);  // what the generator gave back must not hide what the parser takes
  const double before = resident_mb();
  const double from = thread_cpu_seconds();
  const auto batch = formats::parse(document);
  if (!batch) std::exit(1);
  const double took = thread_cpu_seconds() - from;
  const double size = static_cast<double>(document->size()) / 1e6;
  report("one CycloneDX of " + std::to_string(document->size() / 1'000'000) + " MB, " + std::to_string(batch->contains.size()) + " components", took * 1e3,
         "ms");
  report("its memory, document included", size + resident_mb() - before, "MB", (size + resident_mb() - before) / size, "its size");
}

int run() {
  Run header("formats");
  measure("CycloneDX", cyclonedx(20));
  measure("SPDX", spdx(20));
  measure("OSV, 5,000 records a document", {share(osv_lines(5000))}, false);
  {
    const std::string lines = osv_lines(20'000);
    const double from = thread_cpu_seconds();
    size_t packages = 0;
    const auto tally = formats::for_each_osv(lines, [&](const facts::Affects& record) -> Result<void> {
      packages += record.affected.size();
      return {};
    });
    if (!tally || packages != 20'000) return 1;
    const double micros = (thread_cpu_seconds() - from) * 1e6;
    report("for_each_osv, a record", micros / 20'000, "µs");
    report("for_each_osv, throughput", static_cast<double>(lines.size()) / micros, "MB/s");
  }
  measure("SARIF, 2,000 results", {share(sarif(2000))});
  measure("JUnit, 2,000 cases", {share(junit(2000))}, false);
  measure("SLSA v1 in DSSE", Documents(100, share(envelope())));
  measure_memory(50);
  return 0;
}

}  // namespace
}  // namespace waybill::bench

int main() { return waybill::bench::run(); }
