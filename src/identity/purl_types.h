// What the package-url specification says of each type: one table, read by purl.cc only.
//
// Written from the type definitions of package-url/purl-spec (data/README.md names version and licence). A type that is
// not here follows the general rules: everything optional but the name, case kept.
#pragma once

#include <cstdint>
#include <string_view>

namespace waybill::identity {

enum class PurlPart : uint8_t { optional, required, prohibited };
enum class PurlCase : uint8_t { keep, lower, upper };
enum class PurlQuirk : uint8_t {
  none,
  pypi,              // '_' in a name is '-'
  pub,               // what is no letter, digit or '_' in a name is '_'
  hackage,           // names are in kebab-case: '_' is '-'
  git,               // the first segment is the host, all others are the name, on known hosts in any case
  mlflow,            // Databricks does not distinguish case in names
  swid,              // needs tag_id, a GUID in lower case; at most two segments in the namespace
  julia,             // needs uuid
  cpan,              // a distribution, never a module: no "::"
  chrome_extension,  // 32 letters from a to p; one to four numbers as the version
  otp,               // the subpath is lower case too
};

struct PurlType {
  std::string_view name;
  PurlPart namespace_;
  PurlCase namespace_case, name_case, version_case;
  PurlQuirk quirk = PurlQuirk::none;
};

// nullptr for a type that is not registered. `type` in lower case.
const PurlType* find_purl_type(std::string_view type);

}  // namespace waybill::identity
