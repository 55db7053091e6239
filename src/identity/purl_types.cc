#include "waybill/identity/purl_types.h"

#include <array>

namespace waybill::identity {
namespace {

constexpr auto kOptional = PurlPart::optional, kRequired = PurlPart::required, kProhibited = PurlPart::prohibited;
constexpr auto kKeep = PurlCase::keep, kLower = PurlCase::lower, kUpper = PurlCase::upper;

// The most frequent in real documents first (matching.md): the search is linear.
constexpr std::array kTypes = {
    //       type                namespace    its case the name's the version's
    PurlType{"npm", kOptional, kKeep, kKeep, kKeep},
    PurlType{"deb", kRequired, kLower, kLower, kKeep},
    PurlType{"maven", kRequired, kKeep, kKeep, kKeep},
    PurlType{"golang", kRequired, kLower, kLower, kKeep},
    PurlType{"pypi", kProhibited, kKeep, kLower, kLower, PurlQuirk::pypi},
    PurlType{"rpm", kRequired, kLower, kKeep, kKeep},
    PurlType{"apk", kRequired, kLower, kLower, kKeep},
    PurlType{"nuget", kProhibited, kKeep, kKeep, kKeep},
    PurlType{"gem", kProhibited, kKeep, kKeep, kKeep},
    PurlType{"cargo", kProhibited, kKeep, kKeep, kKeep},
    PurlType{"composer", kRequired, kLower, kLower, kKeep},
    PurlType{"oci", kProhibited, kKeep, kLower, kLower},
    PurlType{"generic", kOptional, kKeep, kKeep, kKeep},
    PurlType{"github", kRequired, kLower, kLower, kKeep},
    PurlType{"docker", kOptional, kKeep, kKeep, kKeep},
    PurlType{"alpm", kRequired, kLower, kLower, kKeep},
    PurlType{"bazel", kProhibited, kKeep, kKeep, kKeep},
    PurlType{"bitbucket", kRequired, kLower, kLower, kKeep},
    PurlType{"bitnami", kProhibited, kKeep, kLower, kKeep},
    PurlType{"brew", kOptional, kLower, kLower, kKeep},
    PurlType{"chrome-extension", kProhibited, kKeep, kLower, kKeep, PurlQuirk::chrome_extension},
    PurlType{"cocoapods", kProhibited, kKeep, kKeep, kKeep},
    PurlType{"conan", kOptional, kKeep, kKeep, kKeep},
    PurlType{"conda", kProhibited, kKeep, kKeep, kKeep},
    PurlType{"cpan", kOptional, kUpper, kKeep, kKeep, PurlQuirk::cpan},
    PurlType{"cran", kProhibited, kKeep, kKeep, kKeep},
    PurlType{"git", kRequired, kKeep, kKeep, kKeep, PurlQuirk::git},
    PurlType{"hackage", kProhibited, kKeep, kKeep, kKeep, PurlQuirk::hackage},
    PurlType{"hex", kOptional, kLower, kLower, kKeep},
    PurlType{"huggingface", kRequired, kKeep, kKeep, kLower},
    PurlType{"julia", kProhibited, kKeep, kKeep, kKeep, PurlQuirk::julia},
    PurlType{"luarocks", kOptional, kLower, kLower, kKeep},
    PurlType{"mlflow", kProhibited, kKeep, kKeep, kKeep, PurlQuirk::mlflow},
    PurlType{"opam", kProhibited, kKeep, kKeep, kKeep},
    PurlType{"otp", kProhibited, kKeep, kLower, kKeep, PurlQuirk::otp},
    PurlType{"pub", kProhibited, kKeep, kLower, kKeep, PurlQuirk::pub},
    PurlType{"qpkg", kRequired, kLower, kKeep, kKeep},
    PurlType{"swid", kOptional, kKeep, kKeep, kKeep, PurlQuirk::swid},
    PurlType{"swift", kRequired, kKeep, kKeep, kKeep},
    PurlType{"vcpkg", kProhibited, kKeep, kKeep, kKeep},
    PurlType{"vscode-extension", kRequired, kLower, kLower, kLower},
    PurlType{"yocto", kOptional, kLower, kKeep, kKeep},
};

}  // namespace

const PurlType* find_purl_type(std::string_view type) {
  for (const auto& row : kTypes)
    if (row.name == type) return &row;
  return nullptr;
}

}  // namespace waybill::identity
