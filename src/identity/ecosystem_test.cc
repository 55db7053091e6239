#include "waybill/identity/ecosystem.h"

#include <gtest/gtest.h>

namespace waybill::identity {
namespace {

struct Row {
  std::string_view purl, ecosystem, name, version;
};

TEST(Ecosystem, APurlIsLookedUpUnderTheNameThatItsAdvisoriesUse) {
  constexpr Row rows[] = {
      {"pkg:npm/%40babel/core@7.0.0", "npm", "@babel/core", "7.0.0"},
      {"pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", "Maven", "org.apache.logging.log4j:log4j-core", "2.14.1"},
      {"pkg:golang/github.com/Masterminds/semver/v3@v3.2.0", "Go", "github.com/masterminds/semver/v3", "v3.2.0"},
      {"pkg:golang/stdlib@1.22.4", "Go", "stdlib", "1.22.4"},
      {"pkg:pypi/Zope.Interface@5.0", "PyPI", "zope-interface", "5.0"},
      {"pkg:nuget/Newtonsoft.Json@12.0.1", "NuGet", "newtonsoft.json", "12.0.1"},
      {"pkg:composer/Symfony/HTTP-Kernel@5.0", "Packagist", "symfony/http-kernel", "5.0"},
      {"pkg:deb/debian/libssl3@3.0.11-1~deb12u2?distro=debian-12.13&upstream=openssl", "Debian:12", "openssl", "3.0.11-1~deb12u2"},
      {"pkg:deb/debian/attr@1:2.4.47-2%2Bb1?distro=bookworm", "Debian:12", "attr", "1:2.4.47-2"},
      {"pkg:deb/debian/libperl@4:5.36-2?upstream=perl%405.36.0-7", "Debian", "perl", "5.36.0-7"},
      {"pkg:deb/ubuntu/curl@7.81.0-1ubuntu1.15?distro=ubuntu-22.04", "Ubuntu:22.04", "curl", "7.81.0-1ubuntu1.15"},
      {"pkg:deb/curl@7.81.0?distro=ubuntu-jammy", "Ubuntu:22.04", "curl", "7.81.0"},
      {"pkg:apk/alpine/libcrypto3@3.1.4-r1?distro=alpine-3.19.1&upstream=openssl", "Alpine:v3.19", "openssl", "3.1.4-r1"},
      {"pkg:apk/wolfi/curl@8.5.0-r0", "Wolfi", "curl", "8.5.0-r0"},
      {"pkg:rpm/redhat/openssl@1.1.1k-9.el8?epoch=1&distro=rhel-8.9", "Red Hat:8", "openssl", "1:1.1.1k-9.el8"},
      {"pkg:rpm/rocky/openssl-libs@3.0.7-16.el9?distro=rocky-9.2&upstream=openssl-3.0.7-16.el9.src.rpm&epoch=1", "Rocky Linux:9", "openssl", "1:3.0.7-16.el9"},
      {"pkg:rpm/opensuse/curl@8.0?distro=opensuse-leap-15.5", "openSUSE:Leap 15.5", "curl", "8.0"},
      {"pkg:cargo/tokio@1.0.0", "crates.io", "tokio", "1.0.0"},
      {"pkg:gem/rails@7.0.0", "RubyGems", "rails", "7.0.0"},
  };
  for (const auto& row : rows) {
    const auto purl = Purl::parse(row.purl);
    ASSERT_TRUE(purl) << row.purl;
    const auto name = advisory_name(*purl);
    ASSERT_TRUE(name) << row.purl;
    EXPECT_EQ(name->ecosystem, row.ecosystem) << row.purl;
    EXPECT_EQ(name->name, row.name) << row.purl;
    EXPECT_EQ(name->version, row.version) << row.purl;
  }
  EXPECT_FALSE(advisory_name(*Purl::parse("pkg:generic/openssl@3.0")));
  EXPECT_FALSE(advisory_name(*Purl::parse("pkg:rpm/fedora/curl@8")));
}

TEST(Ecosystem, OsvNamesHaveOneSpelling) {
  EXPECT_EQ(canonical_ecosystem("debian:12"), "Debian:12");
  EXPECT_EQ(canonical_ecosystem("Ubuntu:22.04:LTS"), "Ubuntu:22.04");
  EXPECT_EQ(canonical_ecosystem("Alpine:3.19"), "Alpine:v3.19");
  EXPECT_EQ(canonical_ecosystem("Red Hat:enterprise_linux:9::appstream"), "Red Hat:9");
  EXPECT_EQ(canonical_ecosystem("Red Hat:rhel_eus:9.2::appstream"), "Red Hat:rhel_eus:9.2::appstream");
  EXPECT_EQ(canonical_ecosystem("Somewhere:1"), "Somewhere:1");
}

TEST(Ecosystem, AnOsvPackageHasAPurlThatLeadsBackToIt) {
  constexpr Row rows[] = {{"pkg:npm/%40babel/core", "npm", "@babel/core", ""},
                          {"pkg:maven/org.a/b", "Maven", "org.a:b", ""},
                          {"pkg:golang/stdlib", "Go", "stdlib", ""},
                          {"pkg:deb/debian/openssl?distro=debian-12", "Debian:12", "openssl", ""},
                          {"pkg:apk/alpine/curl?distro=alpine-3.19", "Alpine:v3.19", "curl", ""},
                          {"pkg:pypi/django", "PyPI", "django", ""}};
  for (const auto& row : rows) {
    const auto purl = to_purl(row.ecosystem, row.name);
    ASSERT_TRUE(purl) << row.purl;
    EXPECT_EQ(purl->to_string(), row.purl);
    const auto back = advisory_name(*purl);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->ecosystem, row.ecosystem);
    EXPECT_EQ(back->name, row.name);
  }
  EXPECT_FALSE(to_purl("Android", "x"));
}

}  // namespace
}  // namespace waybill::identity
