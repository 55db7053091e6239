// SBOMs that resemble those of a real estate, always the same for the same options: for the benchmarks.
//
// A catalogue of packages (npm, maven, golang, pypi, deb, cargo, nuget; several versions a name) is drawn once. Popularity
// is Zipf (weight 1/rank), so that popular packages are in most SBOMs. A package's hash, licence and dependencies (on more
// popular packages) are fixed; an SBOM's edges are those whose both ends it holds, plus root → what nothing depends on.
//
//   plain()      every SBOM draws its 500 components anew: no two are alike
//   realistic()  500 base layers of 200 packages; 5,000 services, each on one base, that change 5 % of the rest a build:
//                sbom(i) is build i / services of service i % services
//
// 500 components are about 312 kB and 1,400 edges. Used by the formats, collect and graph benches.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "waybill/base/json_out.h"
#include "waybill/base/sha256.h"

namespace waybill::bench {

struct SbomOptions {
  uint32_t packages = 20'000;
  uint32_t components = 500;
  uint32_t bases = 0;            // base layers; 0: none
  uint32_t base_components = 0;  // of `components`
  uint32_t services = 0;         // 0: every SBOM is its own service
  double change = 0.05;          // share of a service's own components that another build replaces
  double zipf = 1.0;
  uint64_t seed = 1;

  static SbomOptions plain() { return {}; }
  static SbomOptions realistic() { return {.packages = 2'000'000, .bases = 500, .base_components = 200, .services = 5'000}; }
};

class SbomPopulation {
 public:
  explicit SbomPopulation(const SbomOptions& options = {}) : options_(options) {
    cumulative_.reserve(options_.packages);
    double sum = 0;
    for (uint32_t rank = 0; rank < options_.packages; ++rank) cumulative_.push_back(sum += pow_inverse(rank + 1, options_.zipf));
    for (uint32_t base = 0; base < options_.bases; ++base) {
      Random random(options_.seed * 0x9e3779b97f4a7c15 + 0xba5e + base);
      bases_.push_back(draw(random, options_.base_components, {}));
    }
  }

  struct Package {
    std::string type, group, name, version, purl;
    std::string_view licence;
  };
  // The package of a rank: 0 is the most popular.
  Package package(uint32_t rank) const {
    static constexpr std::string_view kWords[] = {
        "anchor", "ballast", "beacon", "berth", "bosun",  "bridge", "buoy",  "cable",  "cargo", "chart", "compass", "crane",  "crew",   "current",
        "dock",   "draft",   "ferry",  "fleet", "galley", "harbor", "hatch", "hawser", "helm",  "hull",  "keel",    "knot",   "ladder", "lantern",
        "lock",   "log",     "mast",   "moor",  "oar",    "pilot",  "plank", "port",   "quay",  "rig",   "rope",    "rudder", "sail",   "sextant",
        "signal", "sonar",   "spar",   "stern", "tide",   "tiller", "tow",   "vane",   "wake",  "wharf", "winch",   "yard"};
    static constexpr std::string_view kEndings[] = {"lab", "org", "works", "io", "stack"};
    static constexpr std::string_view kLicences[] = {"MIT",        "MIT",          "MIT", "MIT",          "Apache-2.0", "Apache-2.0",
                                                     "Apache-2.0", "BSD-3-Clause", "ISC", "GPL-2.0-only", "MPL-2.0"};
    // Versions of one name lie far apart in popularity: the name comes from a folded rank.
    const uint32_t names = std::max<uint32_t>(1, options_.packages * 5 / 11);
    Random name_random(options_.seed * 0x51ab + mix(rank % names));
    Random random(options_.seed * 0x7e11 + mix(rank) + 1);
    const auto word = [&](Random& from) { return std::string(kWords[from.below(std::size(kWords))]); };
    Package package;
    const uint32_t type = name_random.below(100);
    package.name = word(name_random);
    for (uint32_t more = name_random.below(5) % 3; more > 0; --more) package.name += "-" + word(name_random);
    package.name += "-" + std::to_string(rank % names);
    std::string group = word(name_random);
    group += kEndings[name_random.below(std::size(kEndings))];
    package.version = std::to_string(random.below(13)) + "." + std::to_string(random.below(31)) + "." + std::to_string(rank / names * 25 + random.below(21));
    package.licence = kLicences[name_random.below(std::size(kLicences))];
    const auto at = [&] { return "@" + package.version; };
    if (type < 40) {
      package.type = "npm";
      if (name_random.below(10) < 3) package.group = "@" + group;
      package.purl = "pkg:npm/" + (package.group.empty() ? "" : "%40" + group + "/") + package.name + at();
    } else if (type < 58) {
      package.type = "maven";
      package.group = "org." + group + "." + package.name.substr(0, package.name.find('-'));
      package.purl = "pkg:maven/" + package.group + "/" + package.name + at() + "?type=jar";
    } else if (type < 72) {
      package.type = "golang";
      package.group = "github.com/" + group;
      package.version.insert(0, "v");
      package.purl = "pkg:golang/" + package.group + "/" + package.name + at();
    } else if (type < 84) {
      package.type = "pypi";
      package.purl = "pkg:pypi/" + package.name + at();
    } else if (type < 92) {
      package.type = "deb";
      package.version += "-" + std::to_string(1 + random.below(9));
      package.name.insert(0, "lib");
      package.purl = "pkg:deb/debian/" + package.name + at() + "?arch=amd64&distro=debian-12";
    } else if (type < 97) {
      package.type = "cargo";
      package.purl = "pkg:cargo/" + package.name + at();
    } else {
      package.type = "nuget";
      package.purl = "pkg:nuget/" + package.name + at();
    }
    return package;
  }

  // Ranks in SBOM i, sorted.
  std::vector<uint32_t> ranks(uint64_t i) const {
    const uint64_t services = options_.services == 0 ? UINT64_MAX : options_.services;
    const uint64_t service = i % services, build = i / services;
    Random random(options_.seed * 1'000'003 + service);
    std::vector<uint32_t> base;
    if (!bases_.empty()) base = bases_[service % bases_.size()];
    const auto own = static_cast<uint32_t>(options_.components - base.size());
    std::vector<uint32_t> all = draw(random, own, base);
    const auto changed = static_cast<uint32_t>(own * options_.change);
    for (uint64_t b = 1; b <= build; ++b) {
      Random step(options_.seed * 1'000'033 + service * 7919 + b);
      for (uint32_t n = 0; n < changed; ++n) {
        const uint32_t place = step.below(static_cast<uint32_t>(all.size()));
        const uint32_t fresh = zipf(step);
        if (!std::binary_search(all.begin(), all.end(), fresh) && !std::binary_search(base.begin(), base.end(), all[place])) {
          all.erase(all.begin() + place);
          all.insert(std::lower_bound(all.begin(), all.end(), fresh), fresh);
        }
      }
    }
    return all;
  }

  // "sha256:…" of the artifact that SBOM i lists.
  std::string digest(uint64_t i) const { return sha256("artifact-" + std::to_string(options_.seed) + "-" + std::to_string(i)).to_string(); }
  // "registry.example.test/team-03/app-00020"
  std::string image(uint64_t i) const {
    const uint64_t service = options_.services == 0 ? i : i % options_.services;
    std::string number = std::to_string(service);
    if (number.size() < 5) number.insert(0, 5 - number.size(), '0');
    return "registry.example.test/team-" + std::to_string(service % 17) + "/app-" + number;
  }

  // SBOM i as CycloneDX 1.5 JSON.
  std::string sbom(uint64_t i) const {
    const auto picked = ranks(i);
    const std::string sha = digest(i), hex = sha.substr(7), name = image(i);
    const std::string app = name.substr(name.rfind('/') + 1);
    const std::string root = "pkg:oci/" + app + "@" + sha + "?repository_url=" + name.substr(0, name.rfind('/'));
    std::string out;
    out.reserve(picked.size() * 660 + 1024);
    out += R"({"$schema":"http://cyclonedx.org/schema/bom-1.5.schema.json","bomFormat":"CycloneDX","specVersion":"1.5","serialNumber":"urn:uuid:)";
    out += hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-4" + hex.substr(13, 3) + "-8" + hex.substr(17, 3) + "-" + hex.substr(20, 12);
    out += R"(","version":1,"metadata":{"timestamp":"2026-)";
    out += two(1 + i % 12) + "-" + two(1 + i % 28);
    out += R"(T00:00:00Z","tools":[{"vendor":"waybill","name":"sbom_gen","version":"1"}],"component":{"bom-ref":)";
    append_json_string(out, root);
    out += R"(,"type":"container","name":)";
    append_json_string(out, name);
    out += R"(,"version":")" + sha + R"(","purl":)";
    append_json_string(out, root);
    out += R"(,"hashes":[{"alg":"SHA-256","content":")" + hex + R"("}]}},"components":[)";
    std::vector<const Fragment*> fragments;
    fragments.reserve(picked.size());
    absl::flat_hash_map<uint32_t, uint32_t> places;
    places.reserve(picked.size());
    std::vector<Fragment> fresh;
    fresh.reserve(picked.size());  // the pointers must hold
    for (uint32_t k = 0; k < picked.size(); ++k) {
      fragments.push_back(fragment(picked[k], fresh));
      places[picked[k]] = k;
      if (k > 0) out += ',';
      out += fragments.back()->component;
    }
    out += R"(],"dependencies":[)";
    std::vector<uint8_t> is_child(picked.size());
    std::string edges;
    for (uint32_t k = 0; k < picked.size(); ++k) {
      edges += R"(,{"ref":)" + fragments[k]->purl + R"(,"dependsOn":[)";
      bool first = true;
      for (uint32_t rank : fragments[k]->depends_on) {
        const auto it = places.find(rank);
        if (it == places.end()) continue;
        is_child[it->second] = 1;
        if (!first) edges += ',';
        first = false;
        edges += fragments[it->second]->purl;
      }
      edges += "]}";
    }
    out += R"({"ref":)";
    append_json_string(out, root);
    out += R"(,"dependsOn":[)";
    bool first = true;
    for (uint32_t k = 0; k < picked.size(); ++k) {
      if (is_child[k]) continue;
      if (!first) out += ',';
      first = false;
      out += fragments[k]->purl;
    }
    out += "]}" + edges + "]}";
    return out;
  }

 private:
  class Random {  // splitmix64
   public:
    explicit Random(uint64_t seed) : state_(seed) {}
    uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15); }
    uint32_t below(size_t n) { return static_cast<uint32_t>((next() >> 32) * n >> 32); }
    double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

   private:
    uint64_t state_;
  };
  struct Fragment {
    std::string component, purl;  // JSON
    std::vector<uint32_t> depends_on;
  };

  static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  static double pow_inverse(double x, double exponent) { return exponent == 1.0 ? 1.0 / x : __builtin_pow(x, -exponent); }
  static std::string two(uint64_t n) { return n < 10 ? "0" + std::to_string(n) : std::to_string(n); }

  uint32_t zipf(Random& random, uint32_t below = UINT32_MAX) const {
    const auto end = cumulative_.begin() + std::min<size_t>(below, cumulative_.size());
    return static_cast<uint32_t>(
        std::min<ptrdiff_t>(std::upper_bound(cumulative_.begin(), end, random.unit() * *(end - 1)) - cumulative_.begin(), end - cumulative_.begin() - 1));
  }
  // `count` more ranks, distinct and not in `have`; returned with those, sorted.
  std::vector<uint32_t> draw(Random& random, uint32_t count, const std::vector<uint32_t>& have) const {
    std::vector<uint32_t> all = have;
    const size_t wanted = std::min<size_t>(have.size() + count, options_.packages);
    while (all.size() < wanted) {
      const size_t missing = wanted - all.size();
      for (size_t n = 0; n < missing; ++n) all.push_back(zipf(random));
      std::sort(all.begin(), all.end());
      all.erase(std::unique(all.begin(), all.end()), all.end());
    }
    return all;
  }
  Fragment make_fragment(uint32_t rank) const {
    const Package p = package(rank);
    Fragment fragment;
    fragment.purl = to_json_string(p.purl);
    auto& out = fragment.component;
    out = R"({"bom-ref":)" + fragment.purl + R"(,"type":"library","name":")" + p.name + R"(","version":")" + p.version +
          R"(","scope":"required","hashes":[{"alg":"SHA-256","content":")" + sha256(p.purl).hex() + R"("}],"licenses":[{"license":{"id":")";
    out += p.licence;
    out += R"("}}],"purl":)" + fragment.purl + R"(,"properties":[{"name":"scan:location:0:path","value":"/app/vendor/)" + p.type + "/" + p.name + R"("}])";
    if (!p.group.empty()) out += R"(,"group":")" + p.group + R"(")";
    out += '}';
    static constexpr uint32_t kDependencies[] = {0, 0, 1, 2, 3, 4, 6, 8};
    Random random(options_.seed * 0xdeb5 + mix(rank));
    for (uint32_t n = std::min(rank, kDependencies[random.below(std::size(kDependencies))]); n > 0; --n) fragment.depends_on.push_back(zipf(random, rank));
    std::sort(fragment.depends_on.begin(), fragment.depends_on.end());
    fragment.depends_on.erase(std::unique(fragment.depends_on.begin(), fragment.depends_on.end()), fragment.depends_on.end());
    return fragment;
  }
  // The popular ones are kept. Not thread-safe: one population a thread, or generate before the threads start.
  const Fragment* fragment(uint32_t rank, std::vector<Fragment>& fresh) const {
    if (rank < kKept) {
      if (kept_.empty()) kept_.resize(std::min<size_t>(kKept, options_.packages));
      if (kept_[rank].purl.empty()) kept_[rank] = make_fragment(rank);
      return &kept_[rank];
    }
    fresh.push_back(make_fragment(rank));
    return &fresh.back();
  }

  static constexpr uint32_t kKept = 20'000;
  SbomOptions options_;
  std::vector<double> cumulative_;
  std::vector<std::vector<uint32_t>> bases_;
  mutable std::vector<Fragment> kept_;
};

}  // namespace waybill::bench
