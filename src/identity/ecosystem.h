// Ecosystems: OSV's names for them ("PyPI", "Debian:12") and purl's ("pypi", "deb/debian?distro=debian-12"), how each
// normalises package names, and which version order holds.
//
// Called by advisory/ to file an advisory and to find a package's, by formats/ to name packages. It never decides whether
// something is affected.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"
#include "waybill/identity/purl.h"
#include "waybill/identity/version.h"

namespace waybill::identity {

// One row of the table in ecosystem.cc.
struct Ecosystem {
  std::string_view name;  // OSV's, without a release: "Debian", "npm"
  Scheme scheme;
  std::string_view purl_type;       // "deb"
  std::string_view purl_namespace;  // "debian", where the namespace is the vendor; else ""
  enum class Names : uint8_t { as_is, lower, pep503, swift } names;
  char joint;         // between a purl's namespace and name: '/', ':', or 0 where the namespace is the vendor
  bool has_releases;  // advisories are filed by release ("Debian:12")
  bool by_source;     // advisories name the source package, not the one that is installed
};
// "Debian:12", "debian", "npm": by the part before the colon, any case. nullptr when unknown.
const Ecosystem* find_ecosystem(std::string_view osv_name);
// By type and, for distributions, namespace. nullptr when no ecosystem of OSV has this type.
const Ecosystem* find_ecosystem(const Purl& purl);

// The name that advisories and packages are filed under: PEP 503 for PyPI, lower case for NuGet and Packagist, ….
std::string normalise_package_name(const Ecosystem& ecosystem, std::string_view name);
// "Debian:12" and "Alpine:v3.19" in one spelling: the table's name, a colon, the release as OSV writes it. Unknown
// ecosystems stay as written.
std::string canonical_ecosystem(std::string_view osv_name);

// Where to look for a package's advisories.
struct AdvisoryName {
  std::string ecosystem;  // canonical, with the release where the purl tells it: "Debian:12"; else "Debian"
  std::string name;       // normalised
  std::string version;    // the version to compare: the source package's where that is named
  Scheme scheme = Scheme::text;
};
// For a distribution's package: by its source package (`upstream`, `source` qualifiers, "name (version)" or "name@version"),
// with the source's own version when it is told, else the binary's without its binNMU suffix (+b1). `epoch` is put before
// an rpm's version that lacks it. nullopt when no ecosystem is known for this type.
std::optional<AdvisoryName> advisory_name(const Purl& purl);

// The purl (without version) that an OSV (ecosystem, name) means; nullopt when the ecosystem has no purl type.
std::optional<Purl> to_purl(std::string_view osv_ecosystem, std::string_view name);

}  // namespace waybill::identity
