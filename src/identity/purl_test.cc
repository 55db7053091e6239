#include "waybill/identity/purl.h"

#include <gtest/gtest.h>

namespace waybill::identity {
namespace {

struct Row {
  std::string_view text, canonical;
};

TEST(Purl, TolerantParsingReadsWhatRealDocumentsCarry) {
  constexpr Row rows[] = {
      {"pkg:npm/lodash@4.17.20", "pkg:npm/lodash@4.17.20"},
      {"pkg:npm/@babel/core@7.0.0", "pkg:npm/%40babel/core@7.0.0"},
      {"pkg:npm/%40babel%2Fcore@7.0.0", "pkg:npm/%40babel/core@7.0.0"},
      {"pkg:golang/stdlib@1.22.4", "pkg:golang/stdlib@1.22.4"},
      {"pkg:golang/github.com%2FMasterminds%2Fsemver%2Fv3@v3.2.1", "pkg:golang/github.com/masterminds/semver/v3@v3.2.1"},
      {"PKG://deb/Debian/libSSL3@3.0.11-1~deb12u2?distro=debian-12&arch=amd64", "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12"},
      {"pkg:deb/libc6@2.36-9%2Bdeb12u4", "pkg:deb/libc6@2.36-9%2Bdeb12u4"},
      {"pkg:deb/libc6@2.36-9+deb12u4", "pkg:deb/libc6@2.36-9%2Bdeb12u4"},
      {"pkg:alpine/musl@1.2.4-r2", "pkg:apk/alpine/musl@1.2.4-r2"},
      {"pkg:pypi/Zope.Interface_x@1.0", "pkg:pypi/zope.interface-x@1.0"},
      {"pkg:maven/org.a/b@1?type=jar&type=pom&empty=", "pkg:maven/org.a/b@1?type=jar"},
      {"pkg:generic/a%2Fb@1", "pkg:generic/a%2Fb@1"},
      {"pkg:docker/x@sha256:00ff", "pkg:docker/x@sha256:00ff"},
      {"pkg:unregistered/Ns/Name@V", "pkg:unregistered/Ns/Name@V"},
      {"pkg:npm/x@1#/a/./b/../c/", "pkg:npm/x@1#a/b/c"},
  };
  for (const auto& row : rows) {
    const auto purl = Purl::parse(row.text);
    ASSERT_TRUE(purl) << row.text << ": " << purl.error().to_string();
    EXPECT_EQ(purl->to_string(), row.canonical) << row.text;
    EXPECT_EQ(*Purl::parse(purl->to_string()), *purl) << row.text;
  }
}

TEST(Purl, WhatIsNoPurlIsRefusedWithTheReason) {
  constexpr Row rows[] = {
      {"", "does not begin"},    {"lid purl", "does not begin"},  {"pkg:", "no name"},
      {"pkg:npm", "no name"},    {"pkg:npm/", "no name"},         {"pkg:npm/@1.0", "no name"},
      {"pkg:1npm/x", "type"},    {"pkg:n&m/x", "type"},           {"pkg:npm/x@%2", "hexadecimal"},
      {"pkg:npm/x%ff", "UTF-8"}, {"pkg:npm/x?1a=b", "qualifier"}, {"pkg:cpan/URI::Escape", "distribution"},
  };
  for (const auto& row : rows) {
    const auto purl = Purl::parse(row.text);
    ASSERT_FALSE(purl) << row.text;
    EXPECT_NE(purl.error().to_string().find(row.canonical), std::string::npos) << row.text << ": " << purl.error().to_string();
  }
}

TEST(Purl, StrictRulesAskForWhatTheTypeDemands) {
  for (const std::string_view text : {"pkg:golang/stdlib", "pkg:deb/curl", "pkg:pypi/ns/x", "pkg:swid/x", "pkg:julia/X", "pkg:npm/x?a=1&a=2", "pkg:git/x"})
    EXPECT_FALSE(Purl::parse(text, PurlRules::strict)) << text;
}

TEST(Purl, CanonicalIsSeenWithoutParsing) {
  constexpr std::string_view yes[] = {"pkg:npm/lodash@4.17.20",
                                      "pkg:npm/%40babel/core@7.0.0",
                                      "pkg:npm/JSONStream@1.3.5",
                                      "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12",
                                      "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
                                      "pkg:golang/github.com/gorilla/mux@v1.8.0%2Bincompatible",
                                      "pkg:pypi/django@4.2",
                                      "pkg:rpm/redhat/openssl@1.1.1k-9.el8?arch=x86_64&epoch=1"};
  for (const auto text : yes) EXPECT_TRUE(is_canonical_purl(text)) << text;
  constexpr std::string_view no[] = {"pkg:npm/@babel/core", "pkg:npm/x@",     "pkg:deb/Debian/x", "pkg:pypi/a_b", "pkg:npm/x?b=1&a=2", "pkg:npm/x?",
                                     "pkg:npm/x?a=",        "pkg:npm/x?a=1&", "pkg:npm//x",       "pkg:npm/x/",   "pkg:npm/",          "pkg:npm/x@1+2",
                                     "pkg:npm/x%2fy",       "pkg:npm/x%2Fy",  "pkg:npm/%41",      "Pkg:npm/x",    "pkg:npm/x y",       "pkg:npm/x@1@2",
                                     "pkg:npm/x?a=1?b=2"};
  for (const auto text : no) EXPECT_FALSE(is_canonical_purl(text)) << text;
}

TEST(Purl, BuildTakesTextsAndNormalises) {
  const auto purl =
      Purl::build({.type = "NPM", .namespace_ = "/@babel/", .name = "core", .version = "1+x", .qualifiers = {{"B", "2"}, {"a", "x/y"}}, .subpath = "./lib"});
  ASSERT_TRUE(purl);
  EXPECT_EQ(purl->to_string(), "pkg:npm/%40babel/core@1%2Bx?a=x%2Fy&b=2#lib");
  EXPECT_EQ(purl->package(), "pkg:npm/%40babel/core");
  EXPECT_EQ(purl->qualifier("a"), "x/y");
  EXPECT_FALSE(Purl::build({.type = "npm"}));
}

}  // namespace
}  // namespace waybill::identity
