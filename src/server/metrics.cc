#include "waybill/server/metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "waybill/server/world.h"

namespace waybill::server {

Metrics::Metrics() : cells_(new Cell[routes().size() + 1]) {}

void Metrics::count(const Route* route, int status, int64_t micros) {
  Cell& cell = cells_[route == nullptr ? routes().size() : static_cast<size_t>(route - routes().data())];
  cell.by_class[static_cast<size_t>(std::clamp(status / 100, 0, 5))].fetch_add(1, std::memory_order_relaxed);
  size_t bucket = 0;
  while (bucket < kBoundsUs.size() && micros > kBoundsUs[bucket]) ++bucket;
  cell.buckets[bucket].fetch_add(1, std::memory_order_relaxed);
  cell.sum_us.fetch_add(static_cast<uint64_t>(micros), std::memory_order_relaxed);
}

namespace {
std::string seconds_text(uint64_t micros) {
  char text[40];
  std::snprintf(text, sizeof text, "%.6g", static_cast<double>(micros) / 1e6);
  return text;
}
uint64_t resident_bytes() {
  FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long size = 0, resident = 0;
  const int read = std::fscanf(file, "%llu %llu", &size, &resident);
  std::fclose(file);
  return read == 2 ? resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}
}  // namespace

std::string Metrics::to_text(Site& site) const {
  std::string out;
  const auto head = [&](std::string_view name, std::string_view type, std::string_view help) {
    out += "# HELP " + std::string(name) + " " + std::string(help) + "\n# TYPE " + std::string(name) + " " + std::string(type) + "\n";
  };
  const auto one = [&](std::string_view name, std::string_view type, std::string_view help, uint64_t value) {
    head(name, type, help);
    out += std::string(name) + " " + std::to_string(value) + "\n";
  };
  const auto table = routes();
  const auto label = [&](size_t i) {
    return i == table.size() ? std::string("method=\"\",route=\"other\"")
                             : "method=\"" + std::string(table[i].method) + "\",route=\"" + std::string(table[i].path) + "\"";
  };
  head("waybill_http_requests_total", "counter", "Answered requests by route and class of status.");
  for (size_t i = 0; i <= table.size(); ++i)
    for (size_t c = 1; c < 6; ++c)
      if (const uint64_t n = cells_[i].by_class[c].load(std::memory_order_relaxed); n > 0)
        out += "waybill_http_requests_total{" + label(i) + ",status=\"" + std::to_string(c) + "xx\"} " + std::to_string(n) + "\n";
  head("waybill_http_request_duration_seconds", "histogram", "From the whole request read to its answer handed over.");
  for (size_t i = 0; i <= table.size(); ++i) {
    uint64_t total = 0;
    for (const auto& bucket : cells_[i].buckets) total += bucket.load(std::memory_order_relaxed);
    if (total == 0) continue;
    uint64_t sum = 0;
    for (size_t b = 0; b < kBoundsUs.size(); ++b) {
      sum += cells_[i].buckets[b].load(std::memory_order_relaxed);
      out += "waybill_http_request_duration_seconds_bucket{" + label(i) + ",le=\"" + seconds_text(static_cast<uint64_t>(kBoundsUs[b])) + "\"} " +
             std::to_string(sum) + "\n";
    }
    out += "waybill_http_request_duration_seconds_bucket{" + label(i) + ",le=\"+Inf\"} " + std::to_string(total) + "\n";
    out += "waybill_http_request_duration_seconds_sum{" + label(i) + "} " + seconds_text(cells_[i].sum_us.load(std::memory_order_relaxed)) + "\n";
    out += "waybill_http_request_duration_seconds_count{" + label(i) + "} " + std::to_string(total) + "\n";
  }
  one("waybill_event_streams", "gauge", "Open event streams.", static_cast<uint64_t>(std::max<int64_t>(0, streams_.load(std::memory_order_relaxed))));

  World& world = site.world;
  one("waybill_log_entries", "gauge", "Entries of the log.", world.log().size());
  const auto collected = world.collector().metrics();
  one("waybill_documents_total", "counter", "Documents taken.", collected.documents);
  one("waybill_documents_duplicate_total", "counter", "Documents that were here already.", collected.duplicates);
  one("waybill_documents_refused_total", "counter", "Documents refused.", collected.refused);
  one("waybill_document_bytes_total", "counter", "Bytes of documents, before compression.", collected.bytes);
  one("waybill_advisory_imports_total", "counter", "Imports of advisories.", collected.imports);
  const auto decided = world.decider().metrics();
  one("waybill_decisions_asked_total", "counter", "Questions of gates.", decided.asked);
  one("waybill_decisions_repeated_total", "counter", "Questions answered as before.", decided.repeated);
  one("waybill_decisions_evaluated_total", "counter", "Questions that rules were run for.", decided.evaluated);
  one("waybill_decisions_written_total", "counter", "Decisions that became entries.", decided.written);
  one("waybill_graph_memory_bytes", "gauge", "Memory of the graph, the mapped snapshot not counted.", world.graph().memory_bytes());
  one("waybill_graph_mapped_bytes", "gauge", "Mapped snapshot.", world.graph().mapped_bytes());
  const auto counts = world.graph().view().counts();
  one("waybill_artifacts", "gauge", "Artifacts known.", counts.artifacts);
  one("waybill_packages", "gauge", "Packages known.", counts.packages);
  one("waybill_deployments_running", "gauge", "Deployments that run.", counts.deployments_running);
  one("waybill_advisories", "gauge", "Advisory records loaded.", counts.advisories);
  head("waybill_standing_verdicts", "gauge", "Deployments that run, by standing verdict.");
  std::array<size_t, 4> verdicts{};
  for (const auto& standing : world.standing().list()) ++verdicts[static_cast<size_t>(standing.verdict)];
  for (size_t i = 0; i < verdicts.size(); ++i)
    out +=
        "waybill_standing_verdicts{verdict=\"" + std::string(policy::to_string(static_cast<policy::Verdict>(i))) + "\"} " + std::to_string(verdicts[i]) + "\n";
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  head("process_cpu_seconds_total", "counter", "Processor time.");
  out += "process_cpu_seconds_total " +
         seconds_text(static_cast<uint64_t>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 +
                      static_cast<uint64_t>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)) +
         "\n";
  one("process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
  return out;
}

}  // namespace waybill::server
