#include "waybill/identity/version.h"

#include <algorithm>
#include <array>

#include "waybill/identity/version_keys.h"

namespace waybill::identity {
namespace {

using MakeKey = bool (*)(std::string&, std::string_view);
struct Row {
  Scheme scheme;
  std::string_view name;
  MakeKey make;
  std::string_view looks;
};

bool text_key(std::string& key, std::string_view version) {
  key += version;
  return true;
}

// In the order of the enum.
constexpr std::array kSchemes = {
    Row{Scheme::semver, "semver", version::semver_key, "1.2.3 or 1.2.3-rc.1"},
    Row{Scheme::go, "go", version::go_key, "v1.2.3, go1.22.4 or v0.0.0-20240101000000-abcdefabcdef"},
    Row{Scheme::pep440, "pep440", version::pep440_key, "1.2.3, 1.2rc1 or 1.2.post1 (PEP 440)"},
    Row{Scheme::deb, "deb", version::deb_key, "[epoch:]upstream[-revision]"},
    Row{Scheme::maven, "maven", version::maven_key, "1.2.3 or 1.2.3-qualifier"},
    Row{Scheme::rpm, "rpm", version::rpm_key, "[epoch:]version[-release]"},
    Row{Scheme::apk, "apk", version::apk_key, "1.2.3_rc1-r0"},
    Row{Scheme::rubygems, "rubygems", version::rubygems_key, "1.2.3 or 1.2.3.rc1"},
    Row{Scheme::nuget, "nuget", version::nuget_key, "1.2.3.4 or 1.2.3-rc.1"},
    Row{Scheme::packagist, "packagist", version::packagist_key, "1.2.3 or 1.2.3-beta1"},
    Row{Scheme::pub, "pub", version::pub_key, "1.2.3 or 1.2.3+1"},
    Row{Scheme::cran, "cran", version::cran_key, "1.2-3"},
    Row{Scheme::hackage, "hackage", version::hackage_key, "1.2.3.4"},
    Row{Scheme::alpm, "alpm", version::alpm_key, "[epoch:]version[-release]"},
    Row{Scheme::bitnami, "bitnami", version::bitnami_key, "1.2.3-4"},
    Row{Scheme::text, "text", text_key, "any text"},
};
static_assert([] {
  for (size_t i = 0; i < kSchemes.size(); ++i)
    if (static_cast<size_t>(kSchemes[i].scheme) != i) return false;
  return true;
}());
const Row& row_of(Scheme scheme) { return kSchemes[static_cast<size_t>(scheme)]; }

}  // namespace

std::string_view to_string(Scheme scheme) { return row_of(scheme).name; }

std::optional<Scheme> parse_scheme(std::string_view name) {
  for (const auto& row : kSchemes)
    if (row.name == name) return row.scheme;
  return std::nullopt;
}

bool append_version_key(Scheme scheme, std::string_view text, std::string& out) {
  if (text.empty() || text.size() > kMaxVersionBytes || text.find('\0') != std::string_view::npos) return false;
  const size_t start = out.size();
  if (row_of(scheme).make(out, text)) return true;
  out.resize(start);
  return false;
}

Result<VersionKey> to_version_key(Scheme scheme, std::string_view text) {
  VersionKey key;
  if (append_version_key(scheme, text, key.bytes)) return key;
  if (text.size() > kMaxVersionBytes) return fail(Code::exhausted, "version is longer than " + std::to_string(kMaxVersionBytes) + " bytes");
  return fail(Code::invalid, "\"" + std::string(text.substr(0, 100)) + "\" is no " + std::string(to_string(scheme)) + " version, expected " +
                                 std::string(row_of(scheme).looks));
}

Result<std::strong_ordering> compare_versions(Scheme scheme, std::string_view a, std::string_view b) {
  TRY(const auto left, to_version_key(scheme, a));
  TRY(const auto right, to_version_key(scheme, b));
  return left <=> right;
}

bool is_untagged_go_pseudo_version(std::string_view text) {
  // vX.0.0-yyyymmddhhmmss-abcdefabcdef
  if (text.starts_with('v')) text.remove_prefix(1);
  version::take_digits(text);
  if (!text.starts_with(".0.0-")) return false;
  text.remove_prefix(5);
  if (version::take_digits(text).size() != 14 || !text.starts_with('-')) return false;
  text.remove_prefix(1);
  text = text.substr(0, text.find('+'));
  return text.size() == 12 && std::all_of(text.begin(), text.end(), [](char c) { return version::is_digit(c) || (c >= 'a' && c <= 'f'); });
}

}  // namespace waybill::identity
