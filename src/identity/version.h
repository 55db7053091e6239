// The order of versions, ecosystem by ecosystem, as bytes: each version is parsed once into a key, and keys compare with
// memcmp exactly as the ecosystem's own tool compares the versions.
//
// Called by advisory/ (ranges) and by whoever sorts versions. It never guesses: a text that is no version of the scheme is
// an error, and the caller falls back to comparing the text itself.
//
// Sources: SemVer 2.0.0 §11; PEP 440; deb-version(7); Maven's ComparableVersion (3.9 and later: ".x" reads as "-x", which
// alone makes it a total order); rpmvercmp; apk-tools; Gem::Version; NuGet.Versioning; Composer's version_compare;
// pub_semver; R's package_version; Data.Version; pacman's vercmp.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "waybill/base/result.h"

namespace waybill::identity {

enum class Scheme : uint8_t {
  semver,  // npm, crates.io, Hex, Swift, GitHub Actions; missing parts are 0, a leading v is dropped
  go,      // semver with "go1.22.4", "+incompatible" ignored, pseudo-versions as the pre-releases that they are
  pep440,  // legacy versions sort before all others
  deb,
  maven,
  rpm,  // [epoch:]version[-release]
  apk,
  rubygems,
  nuget,
  packagist,
  pub,
  cran,
  hackage,
  alpm,
  bitnami,  // semver whose build part "-N" is a revision: the order is that of the upstream version
  text,     // no order is known: bytes; only equality means something
};
std::string_view to_string(Scheme scheme);
std::optional<Scheme> parse_scheme(std::string_view name);

// Equal bytes: the same version. Less by memcmp: the earlier version. Between schemes nothing means anything.
struct VersionKey {
  std::string bytes;
  friend auto operator<=>(const VersionKey&, const VersionKey&) = default;
};

// O(length). Errors: invalid, naming the text and what a version of the scheme looks like.
Result<VersionKey> to_version_key(Scheme scheme, std::string_view text);
// The same appended to `out` without allocating more than that; false (and `out` as it was) where the other fails.
bool append_version_key(Scheme scheme, std::string_view text, std::string& out);

// Through keys.
Result<std::strong_ordering> compare_versions(Scheme scheme, std::string_view a, std::string_view b);

// A Go pseudo-version without a tag before it (v0.0.0-20210101000000-abcdefabcdef): its place among tagged releases is
// not known.
bool is_untagged_go_pseudo_version(std::string_view text);

// Longer texts are refused.
constexpr size_t kMaxVersionBytes = 1024;

}  // namespace waybill::identity
