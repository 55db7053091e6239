// Matching: 1,000,000 (package, version) pairs against the advisory corpus, and one new advisory against all known
// packages. Usage: bench_match [corpus.tar.zst]; without an argument ../shared/data/osv-corpus.tar.zst.
//
// The pairs: 30 % on names that have advisories, at versions that their records name, 70 % on names that have none: what an
// estate looks like. Random order, always the same.
#include <cstdio>
#include <random>
#include <string>
#include <tuple>
#include <unordered_set>
#include <vector>

#include "measure.h"
#include "waybill/advisory/advisory.h"
#include "waybill/base/bytes.h"
#include "waybill/base/compress.h"
#include "waybill/base/disk.h"
#include "waybill/formats/formats.h"

namespace waybill::bench {
namespace {

// The files of a ustar archive, one after the other.
std::vector<std::string_view> files_of(std::string_view tar) {
  std::vector<std::string_view> files;
  for (size_t at = 0; at + 512 <= tar.size() && tar[at] != '\0';) {
    size_t size = 0;
    for (const char c : tar.substr(at + 124, 11))
      if (c >= '0' && c <= '7') size = size * 8 + static_cast<size_t>(c - '0');
    if (tar[at + 156] == '0' || tar[at + 156] == '\0') files.push_back(tar.substr(at + 512, size));
    at += 512 + (size + 511) / 512 * 512;
  }
  return files;
}

struct Pair {
  std::string ecosystem, name, version;
};

int run(const std::string& path) {
  auto frame = Disk::system().read_file(path);
  if (!frame) {
    std::printf("match: skipped: %s\n", frame.error().to_string().c_str());
    return 0;
  }
  const auto tar = zstd_decompress(*frame, size_t{1} << 30);
  if (!tar) {
    std::fprintf(stderr, "%s\n", tar.error().to_string().c_str());
    return 1;
  }
  const Run bench("match");
  const double yardstick = sha256_micros(std::string_view(*tar).substr(0, 1 << 20)) * static_cast<double>(tar->size()) / (1 << 20) / 1000;
  report("yardstick: SHA-256 of the corpus", yardstick, "ms");

  advisory::Index built;
  std::vector<Pair> vulnerable;
  std::vector<std::string> lines;  // some records, for the second question
  Stopwatch watch;
  uint64_t records = 0;
  for (const auto file : files_of(*tar)) {
    const auto tally = formats::for_each_osv(file, [&](const facts::Affects& fact) -> Result<void> {
      built.apply(fact, ++records);
      return {};
    });
    if (!tally) {
      std::fprintf(stderr, "%s\n", tally.error().to_string().c_str());
      return 1;
    }
  }
  const double load = watch.cpu();
  report("import (parse and index)", static_cast<double>(records) / load, "records/s", load * 1000 / yardstick, "SHA-256 of the corpus");
  watch.restart();
  const auto image = built.to_image();
  report("image", static_cast<double>(image.size()) / 1e6, "MB");
  report("image: time to make", watch.cpu() * 1000, "ms");
  watch.restart();
  auto opened = advisory::Index::open(as_bytes(image));
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().to_string().c_str());
    return 1;
  }
  auto& index = *opened;
  report("image: time to open", watch.cpu() * 1e6, "us");

  // Versions that the records name.
  for (const auto file : files_of(*tar)) {
    (void)formats::for_each_osv(file, [&](const facts::Affects& fact) -> Result<void> {
      for (const auto& package : fact.affected) {
        if (package.name.empty()) continue;
        const auto add = [&](std::string_view version) {
          if (version != "0") vulnerable.push_back({std::string(package.ecosystem), std::string(package.name), std::string(version)});
        };
        for (const auto& range : package.ranges)
          if (range.type != facts::Affects::Range::Type::git)
            for (const auto& event : range.events) add(event.version);
        for (size_t i = 0; i < package.versions.size() && i < 20; ++i) add(package.versions[i]);
      }
      return {};
    });
  }
  // Every package is as likely as any other, and every version of it.
  std::sort(vulnerable.begin(), vulnerable.end(),
            [](const Pair& a, const Pair& b) { return std::tie(a.ecosystem, a.name, a.version) < std::tie(b.ecosystem, b.name, b.version); });
  std::vector<size_t> starts;
  for (size_t i = 0; i < vulnerable.size(); ++i)
    if (i == 0 || vulnerable[i].ecosystem != vulnerable[i - 1].ecosystem || vulnerable[i].name != vulnerable[i - 1].name) starts.push_back(i);
  starts.push_back(vulnerable.size());
  constexpr size_t kPairs = 1'000'000;
  std::mt19937_64 random(20261122);
  std::vector<identity::Purl> purls;
  purls.reserve(kPairs);
  while (purls.size() < kPairs) {
    if (random() % 10 < 3) {
      const size_t package = random() % (starts.size() - 1);
      const auto& pair = vulnerable[starts[package] + random() % (starts[package + 1] - starts[package])];
      auto purl = identity::to_purl(pair.ecosystem, pair.name);
      if (!purl) continue;
      purl->version = pair.version;
      purls.push_back(std::move(*purl));
    } else {
      static constexpr const char* kTypes[] = {"npm", "maven", "golang", "pypi", "cargo"};
      identity::Purl purl;
      purl.type = kTypes[random() % 5];
      if (purl.type == "maven") purl.namespace_ = "org.example";
      if (purl.type == "golang") purl.namespace_ = "github.com/example";
      purl.name = "quiet-" + std::to_string(random() % 200'000);
      purl.version = std::to_string(random() % 10) + "." + std::to_string(random() % 30) + "." + std::to_string(random() % 30);
      purls.push_back(std::move(purl));
    }
  }
  std::vector<advisory::Match> hits;
  hits.reserve(64);
  size_t total = 0;

  watch.restart();
  std::vector<advisory::Probe> probes;
  probes.reserve(kPairs);
  for (const auto& purl : purls) probes.push_back(advisory::to_probe(purl));
  const double probing = watch.cpu();
  report("pairs: purl to probe (once per package)", probing * 1e9 / kPairs, "ns each");

  double best = 1e9;
  for (int round = 0; round < 3; ++round) {
    watch.restart();
    total = 0;
    for (const auto& probe : probes) {
      hits.clear();
      total += index.match(probe, hits);
    }
    best = std::min(best, watch.cpu());
  }
  report("1,000,000 pairs, one by one, CPU, best of 3", best * 1000, "ms", best * 1000 / yardstick, "SHA-256 of the corpus");
  best = 1e9;
  size_t together = 0;
  for (int round = 0; round < 3; ++round) {
    watch.restart();
    together = 0;
    index.match_each(probes, [&](size_t, std::span<const advisory::Match> found) { together += found.size(); });
    best = std::min(best, watch.cpu());
  }
  report("1,000,000 pairs, together, CPU, best of 3", best * 1000, "ms", best * 1000 / yardstick, "SHA-256 of the corpus");
  report("hits", static_cast<double>(total), "");
  if (together != total) {
    std::fprintf(stderr, "the two ways disagree: %zu and %zu hits\n", total, together);
    return 1;
  }

  // One new advisory against all known packages.
  watch.restart();
  // A package is registered once, however often it is met.
  std::unordered_set<std::string> unique;
  std::vector<const advisory::Probe*> registered;
  for (const auto& probe : probes)
    if (unique.insert(probe.name + probe.version).second) registered.push_back(&probe);
  watch.restart();
  for (size_t i = 0; i < registered.size(); ++i) index.add_package(static_cast<advisory::PackageId>(i), *registered[i]);
  report("packages registered", static_cast<double>(registered.size()), "");
  report("register (and match) a package", watch.cpu() * 1e6 / static_cast<double>(registered.size()), "us each");
  std::vector<double> took;
  size_t turned = 0;
  uint64_t count = 0;
  for (const auto file : files_of(*tar)) {
    (void)formats::for_each_osv(file, [&](const facts::Affects& fact) -> Result<void> {
      if (++count % 10 != 0) return {};
      auto fresh = fact;
      const std::string id = "NEW-" + std::to_string(count);
      fresh.id = id;
      const double from = thread_cpu_seconds();
      const auto applied = index.apply(fresh, 1'000'000 + count);
      took.push_back((thread_cpu_seconds() - from) * 1e6);
      turned += applied.packages.size();
      return {};
    });
  }
  report("new advisory against all known packages, p50", percentile(took, 0.50), "us");
  report("new advisory against all known packages, p99", percentile(took, 0.99), "us");
  report("new advisory against all known packages, max", percentile(took, 1.0), "us");
  report("packages that turned, per new advisory", static_cast<double>(turned) / static_cast<double>(took.size()), "");
  report("resident", resident_mb(), "MB");
  return 0;
}

}  // namespace
}  // namespace waybill::bench

int main(int argc, char** argv) {
  if (argc > 1) return waybill::bench::run(argv[1]);
  const char* shared = std::getenv("WAYBILL_SHARED");
  return waybill::bench::run(shared != nullptr ? std::string(shared) + "/data/osv-corpus.tar.zst" : std::string("../shared/data/osv-corpus.tar.zst"));
}
