// Package URLs: the one name of a package (package-url specification, ECMA-427).
//
// Called by formats/ and graph/ for every component, by advisory/ to find a package's advisories, by the command line for
// a SUBJECT. It knows every registered type's rules. It never asks a registry whether a package exists.
//
//   pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&upstream=openssl#sub/path
//       type namespace name version          qualifiers                subpath
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waybill/base/result.h"

namespace waybill::identity {

// How strictly a type's own rules are taken. The grammar is the same for both.
enum class PurlRules {
  tolerant,  // what real documents carry: a namespace missing or too many (pkg:golang/stdlib, pkg:deb/curl), duplicate
             // qualifiers (the first holds), a scope written as %40scope%2Fname, pkg:alpine/… for apk
  strict,    // every requirement of the type's definition; for suites and for purls that people write into policies
};

// All parts are decoded and normalised by the type's rules: two purls that mean the same are equal, member by member.
struct Purl {
  std::string type;                                             // lower case, never empty
  std::string namespace_;                                       // segments joined by '/', or ""
  std::string name;                                             // never empty
  std::string version;                                          // or ""
  std::vector<std::pair<std::string, std::string>> qualifiers;  // sorted by key; keys lower case and unique; no empty value
  std::string subpath;                                          // segments joined by '/', or ""

  // Errors: invalid, saying which part is wrong and what was expected.
  static Result<Purl> parse(std::string_view text, PurlRules rules = PurlRules::tolerant);
  // Normalises the parts that were filled in and checks them: how a purl is built.
  static Result<Purl> build(Purl parts, PurlRules rules = PurlRules::tolerant);

  // The canonical text. parse(to_string()) gives the same Purl again.
  std::string to_string() const;
  // The same without version, qualifiers and subpath: what an advisory is about.
  std::string package() const;
  // The value of a qualifier, "" when it is not there.
  std::string_view qualifier(std::string_view key) const;

  friend bool operator==(const Purl&, const Purl&) = default;
};

// True when `text` certainly is what parse(text)->to_string() would give back. One pass, no allocation; false says
// nothing.
bool is_canonical_purl(std::string_view text);
// The canonical text: `text` itself where is_canonical_purl holds, else made in `buffer`. The view lives as long as both.
Result<std::string_view> canonical_purl(std::string_view text, std::string& buffer);

}  // namespace waybill::identity
