// Waybill's own build as evidence: what is in this program, how it was made, how it was tested. For `waybill demo`.
//
// Everything is found out from the running program, dpkg's database, the console's lock file and the checkout; what cannot
// be found out is not stated.
#pragma once

#include <optional>
#include <string>

#include "waybill/base/result.h"
#include "waybill/base/sha256.h"
#include "waybill/base/time.h"

namespace waybill::cli {

struct OwnBuild {
  std::string path;  // of the program
  Sha256 digest;
  Time built_at;                                    // the file's time
  std::string source_dir;                           // "" : no checkout is at hand
  std::string repository, commit, branch, subject;  // "" when unknown; subject: the commit's first line
  bool dirty = false;                               // uncommitted changes
};
Result<OwnBuild> find_own_build(const std::string& source_dir);

struct Counted {
  std::string document;
  size_t debian_shared = 0, debian_archives = 0, npm = 0, files = 0;
};
// CycloneDX 1.6.
Counted own_sbom(const OwnBuild& build, Time now);
// An in-toto Statement v1 with a SLSA v1 predicate.
std::string own_provenance(const OwnBuild& build, std::string_view builder, const std::vector<std::pair<std::string, Sha256>>& more_subjects = {});
// JUnit: the shipped packs' own tests, run now; nullopt when no checkout is at hand.
std::optional<std::string> own_unit_tests(const OwnBuild& build, size_t& passed, size_t& failed);

}  // namespace waybill::cli
