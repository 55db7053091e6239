#include "waybill/identity/ecosystem.h"

#include <algorithm>
#include <array>

#include "waybill/base/bytes.h"

namespace waybill::identity {
namespace {

using Names = Ecosystem::Names;

// OSV's ecosystems (ossf.github.io/osv-schema, "Defined ecosystems"). Of several rows with one purl type and namespace the
// first is what a purl of that kind means.
constexpr std::array kEcosystems = {
    //        OSV's name        order              purl type       its namespace  names          joint releases by source
    Ecosystem{"npm", Scheme::semver, "npm", "", Names::as_is, '/', false, false},
    Ecosystem{"Maven", Scheme::maven, "maven", "", Names::as_is, ':', false, false},
    Ecosystem{"Debian", Scheme::deb, "deb", "debian", Names::lower, 0, true, true},
    Ecosystem{"Go", Scheme::go, "golang", "", Names::lower, '/', false, false},
    Ecosystem{"PyPI", Scheme::pep440, "pypi", "", Names::pep503, '/', false, false},
    Ecosystem{"Ubuntu", Scheme::deb, "deb", "ubuntu", Names::lower, 0, true, true},
    Ecosystem{"Alpine", Scheme::apk, "apk", "alpine", Names::lower, 0, true, true},
    Ecosystem{"Wolfi", Scheme::apk, "apk", "wolfi", Names::lower, 0, false, true},
    Ecosystem{"Chainguard", Scheme::apk, "apk", "chainguard", Names::lower, 0, false, true},
    Ecosystem{"MinimOS", Scheme::apk, "apk", "minimos", Names::lower, 0, false, true},
    Ecosystem{"Red Hat", Scheme::rpm, "rpm", "redhat", Names::as_is, 0, true, false},
    Ecosystem{"Rocky Linux", Scheme::rpm, "rpm", "rocky", Names::as_is, 0, true, true},
    Ecosystem{"AlmaLinux", Scheme::rpm, "rpm", "almalinux", Names::as_is, 0, true, false},
    Ecosystem{"openSUSE", Scheme::rpm, "rpm", "opensuse", Names::as_is, 0, true, true},
    Ecosystem{"SUSE", Scheme::rpm, "rpm", "suse", Names::as_is, 0, true, true},
    Ecosystem{"Mageia", Scheme::rpm, "rpm", "mageia", Names::as_is, 0, true, true},
    Ecosystem{"openEuler", Scheme::rpm, "rpm", "openeuler", Names::as_is, 0, true, false},
    Ecosystem{"Photon OS", Scheme::rpm, "rpm", "photon", Names::as_is, 0, true, false},
    Ecosystem{"NuGet", Scheme::nuget, "nuget", "", Names::lower, '/', false, false},
    Ecosystem{"RubyGems", Scheme::rubygems, "gem", "", Names::as_is, '/', false, false},
    Ecosystem{"crates.io", Scheme::semver, "cargo", "", Names::as_is, '/', false, false},
    Ecosystem{"Packagist", Scheme::packagist, "composer", "", Names::lower, '/', false, false},
    Ecosystem{"Hex", Scheme::semver, "hex", "", Names::lower, '/', false, false},
    Ecosystem{"Pub", Scheme::pub, "pub", "", Names::lower, '/', false, false},
    Ecosystem{"CRAN", Scheme::cran, "cran", "", Names::as_is, '/', false, false},
    Ecosystem{"Bioconductor", Scheme::semver, "bioconductor", "", Names::as_is, '/', false, false},
    Ecosystem{"Hackage", Scheme::hackage, "hackage", "", Names::as_is, '/', false, false},
    Ecosystem{"GHC", Scheme::hackage, "ghc", "", Names::as_is, '/', false, false},
    Ecosystem{"Julia", Scheme::semver, "julia", "", Names::as_is, '/', false, false},
    Ecosystem{"Bitnami", Scheme::bitnami, "bitnami", "", Names::lower, '/', false, false},
    Ecosystem{"ConanCenter", Scheme::semver, "conan", "", Names::as_is, '/', false, false},
    Ecosystem{"SwiftURL", Scheme::semver, "swift", "", Names::swift, '/', false, false},
    Ecosystem{"GitHub Actions", Scheme::semver, "github", "", Names::lower, '/', false, false},
    Ecosystem{"opam", Scheme::deb, "opam", "", Names::as_is, '/', false, false},
    Ecosystem{"VSCode", Scheme::semver, "vscode-extension", "", Names::lower, '/', false, false},
    Ecosystem{"Linux", Scheme::semver, "", "", Names::as_is, 0, false, false},
    Ecosystem{"Android", Scheme::text, "", "", Names::as_is, 0, false, false},
    Ecosystem{"OSS-Fuzz", Scheme::text, "", "", Names::as_is, 0, false, false},
};

struct Alias {
  std::string_view type, namespace_, means_type, means_namespace;
};
constexpr std::array kAliases = {
    Alias{"githubactions", "", "github", ""},
    Alias{"rpm", "rhel", "rpm", "redhat"},
    Alias{"rpm", "alma", "rpm", "almalinux"},
    Alias{"rpm", "rockylinux", "rpm", "rocky"},
    Alias{"rpm", "sles", "rpm", "suse"},
    Alias{"rpm", "opensuse-leap", "rpm", "opensuse"},
    Alias{"rpm", "opensuse.leap", "rpm", "opensuse"},
    Alias{"rpm", "suse linux enterprise server", "rpm", "suse"},
};

struct Release {
  std::string_view code_name, number;
};
constexpr std::array kDebianReleases = {Release{"wheezy", "7"},    Release{"jessie", "8"},    Release{"stretch", "9"}, Release{"buster", "10"},
                                        Release{"bullseye", "11"}, Release{"bookworm", "12"}, Release{"trixie", "13"}, Release{"forky", "14"}};
constexpr std::array kUbuntuReleases = {Release{"trusty", "14.04"}, Release{"xenial", "16.04"}, Release{"bionic", "18.04"},   Release{"focal", "20.04"},
                                        Release{"jammy", "22.04"},  Release{"noble", "24.04"},  Release{"oracular", "24.10"}, Release{"plucky", "25.04"}};

template <size_t N>
std::string_view by_code_name(const std::array<Release, N>& releases, std::string_view name) {
  for (const auto& release : releases)
    if (release.code_name == name) return release.number;
  return {};
}

bool is_release_number(std::string_view text) {
  return !text.empty() && text[0] >= '0' && text[0] <= '9' && std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}
std::string_view first_numbers(std::string_view release, size_t count) {
  size_t at = 0;
  while (count > 0 && at < release.size()) {
    at = std::min(release.find('.', at), release.size());
    if (--count > 0 && at < release.size()) ++at;
  }
  return release.substr(0, at);
}

// What a purl's `distro` says, as OSV names the release; "" when it says nothing that we know.
std::string release_of(const Ecosystem& ecosystem, std::string_view distro) {
  const std::string lower = to_lower(distro);
  std::string_view text = lower;
  if (text.empty()) return {};
  const size_t dash = text.find_last_of("- ");
  std::string_view release = dash == std::string_view::npos ? text : text.substr(dash + 1);
  if (release.starts_with('v')) release.remove_prefix(1);
  if (ecosystem.name == "Debian") {
    if (const auto number = by_code_name(kDebianReleases, release); !number.empty()) return std::string(number);
    return is_release_number(release) ? std::string(first_numbers(release, 1)) : std::string();
  }
  if (ecosystem.name == "Ubuntu") {
    if (const auto number = by_code_name(kUbuntuReleases, release); !number.empty()) return std::string(number);
    return is_release_number(release) ? std::string(first_numbers(release, 2)) : std::string();
  }
  if (ecosystem.name == "Alpine") {
    if (release == "edge") return "edge";
    return is_release_number(release) ? "v" + std::string(first_numbers(release, 2)) : std::string();
  }
  if (ecosystem.name == "openSUSE") {
    if (text.find("tumbleweed") != std::string_view::npos) return "Tumbleweed";
    return is_release_number(release) ? "Leap " + std::string(first_numbers(release, 2)) : std::string();
  }
  if (ecosystem.name == "SUSE") {
    if (!is_release_number(release)) return {};
    const auto major = first_numbers(release, 1);
    const auto pack = release.size() > major.size() ? release.substr(major.size() + 1) : std::string_view();
    return "Linux Enterprise Server " + std::string(major) + (pack.empty() || pack == "0" ? "" : " SP" + std::string(pack));
  }
  if (ecosystem.name == "Photon OS") return is_release_number(release) ? std::string(first_numbers(release, 2)) : std::string();
  if (ecosystem.name == "openEuler") return dash == std::string_view::npos ? std::string(text) : std::string(distro.substr(distro.find('-') + 1));
  return is_release_number(release) ? std::string(first_numbers(release, 1)) : std::string();
}

// "openssl", "openssl@1.2", "openssl (1.2)", "openssl-1.2-3.el9.src.rpm"
void read_source(std::string_view text, std::string_view type, std::string& name, std::string& version) {
  text = trim(text);
  if (type == "rpm" && text.ends_with(".src.rpm")) {
    text.remove_suffix(8);
    const size_t release = text.rfind('-');
    const size_t upstream = release == std::string_view::npos || release == 0 ? release : text.rfind('-', release - 1);
    if (upstream == std::string_view::npos || upstream == 0) return;
    name = text.substr(0, upstream);
    version = text.substr(upstream + 1);
    return;
  }
  const size_t cut = text.find_first_of("@ (");
  name = text.substr(0, cut);
  if (cut == std::string_view::npos) return;
  auto rest = text.substr(cut);
  while (!rest.empty() && (rest.front() == '@' || rest.front() == ' ' || rest.front() == '(')) rest.remove_prefix(1);
  while (!rest.empty() && (rest.back() == ')' || rest.back() == ' ')) rest.remove_suffix(1);
  version = rest;
}

// "1.2-3+b1" was built again from 1.2-3.
std::string_view without_binary_rebuild(std::string_view version) {
  const size_t plus = version.rfind("+b");
  if (plus == std::string_view::npos || plus + 2 == version.size()) return version;
  for (const char c : version.substr(plus + 2))
    if (c < '0' || c > '9') return version;
  return version.substr(0, plus);
}

}  // namespace

const Ecosystem* find_ecosystem(std::string_view osv_name) {
  const auto base = osv_name.substr(0, osv_name.find(':'));
  for (const auto& row : kEcosystems)
    if (equals_ignore_case(row.name, base)) return &row;
  return nullptr;
}

const Ecosystem* find_ecosystem(const Purl& purl) {
  std::string_view type = purl.type, space = purl.namespace_;
  for (const auto& alias : kAliases)
    if (alias.type == type && (alias.namespace_.empty() || alias.namespace_ == space)) {
      type = alias.means_type;
      if (!alias.means_namespace.empty()) space = alias.means_namespace;
    }
  for (const auto& row : kEcosystems) {
    if (row.purl_type != type || row.purl_type.empty()) continue;
    if (row.purl_namespace.empty() || row.purl_namespace == space) return &row;
    // No vendor: `distro` may still tell it ("debian-12").
    if (space.empty() && purl.qualifier("distro").starts_with(row.purl_namespace)) return &row;
  }
  return nullptr;
}

std::string normalise_package_name(const Ecosystem& ecosystem, std::string_view name) {
  switch (ecosystem.names) {
    case Names::as_is: return std::string(name);
    case Names::lower: return to_lower(name);
    case Names::swift: {
      std::string lower = to_lower(name);
      if (lower.starts_with("https://")) lower.erase(0, 8);
      if (lower.ends_with(".git")) lower.resize(lower.size() - 4);
      return lower;
    }
    case Names::pep503: {
      std::string out;
      for (const char c : name) {
        if (c == '-' || c == '_' || c == '.') {
          if (!out.ends_with('-')) out += '-';
        } else {
          out += to_lower(c);
        }
      }
      return out;
    }
  }
  return std::string(name);
}

std::string canonical_ecosystem(std::string_view osv_name) {
  const auto* row = find_ecosystem(osv_name);
  if (row == nullptr) return std::string(osv_name);
  const size_t colon = osv_name.find(':');
  if (colon == std::string_view::npos) return std::string(row->name);
  std::string_view release = osv_name.substr(colon + 1);
  if (row->name == "Ubuntu" && release.ends_with(":LTS")) release.remove_suffix(4);
  if (row->name == "Alpine" && !release.starts_with('v') && is_release_number(release)) return "Alpine:v" + std::string(release);
  // "Red Hat:enterprise_linux:9::baseos" are parts of one release; products besides it stay apart.
  if (row->name == "Red Hat" && release.starts_with("enterprise_linux:")) {
    release.remove_prefix(17);
    release = release.substr(0, release.find(':'));
    release = first_numbers(release, 1);
  }
  return std::string(row->name) + ":" + std::string(release);
}

std::optional<AdvisoryName> advisory_name(const Purl& purl) {
  const auto* row = find_ecosystem(purl);
  if (row == nullptr) return std::nullopt;
  AdvisoryName out;
  out.scheme = row->scheme;
  out.ecosystem = row->name;
  if (row->has_releases)
    if (const auto release = release_of(*row, purl.qualifier("distro")); !release.empty()) out.ecosystem += ":" + release;
  std::string name;
  if (row->joint != 0 && !purl.namespace_.empty())
    name = purl.namespace_ + row->joint + purl.name;
  else
    name = purl.name;
  if (row->scheme == Scheme::go && name == "std") name = "stdlib";
  out.version = purl.version;
  if (row->by_source) {
    std::string source, source_version;
    auto told = purl.qualifier("upstream");
    if (told.empty()) told = purl.qualifier("source");
    if (!told.empty()) read_source(told, purl.type, source, source_version);
    if (!source.empty()) name = source;
    if (!source_version.empty())
      out.version = source_version;
    else if (row->scheme == Scheme::deb)
      out.version = without_binary_rebuild(purl.version);
  }
  // The epoch belongs to the version that the purl gives, not to a source of another version.
  if (const auto epoch = purl.qualifier("epoch"); !epoch.empty() && out.version == purl.version && !out.version.empty() &&
                                                  out.version.find(':') == std::string::npos && (row->scheme == Scheme::rpm || row->scheme == Scheme::deb))
    out.version = std::string(epoch) + ":" + out.version;
  out.name = normalise_package_name(*row, name);
  return out;
}

std::optional<Purl> to_purl(std::string_view osv_ecosystem, std::string_view name) {
  const auto* row = find_ecosystem(osv_ecosystem);
  if (row == nullptr || row->purl_type.empty()) return std::nullopt;
  Purl parts;
  parts.type = row->purl_type;
  parts.namespace_ = row->purl_namespace;
  parts.name = name;
  if (row->joint != 0) {
    const size_t at = name.rfind(row->joint);
    if (at != std::string_view::npos && at > 0 && at + 1 < name.size()) {
      parts.namespace_ = name.substr(0, at);
      parts.name = name.substr(at + 1);
    }
  }
  const size_t colon = osv_ecosystem.find(':');
  if (colon != std::string_view::npos && row->has_releases) {
    const std::string canonical = canonical_ecosystem(osv_ecosystem);
    std::string release = canonical.substr(canonical.find(':') + 1);
    if (row->name == "Alpine" && release.starts_with('v')) release.erase(0, 1);
    if (is_release_number(release)) parts.qualifiers.emplace_back("distro", std::string(row->purl_namespace) + "-" + release);
  }
  auto purl = Purl::build(std::move(parts));
  if (!purl) return std::nullopt;
  return std::move(*purl);
}

}  // namespace waybill::identity
