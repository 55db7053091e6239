#include "waybill/identity/version.h"

#include <gtest/gtest.h>

#include "waybill/base/bytes.h"

namespace waybill::identity {
namespace {

// Each row is one chain, from the earliest to the latest; "=" joins equal ones.
struct Chain {
  Scheme scheme;
  std::string_view versions;
};
constexpr Chain kChains[] = {
    {Scheme::semver,
     "1.0.0-0 < 1.0.0-alpha < 1.0.0-alpha.1 < 1.0.0-alpha.beta < 1.0.0-beta.2 < 1.0.0-beta.11 < 1.0.0-rc.1 < 1.0.0 = v1.0.0 = 1.0 = 1 = 1.0.0+build < 1.0.1 < "
     "1.10.0 < 99999999999999999999.0.0"},
    {Scheme::go,
     "v0.0.0-20210101000000-abcdefabcdef < v0.1.0 = v0.1.0+incompatible < v1.20.0 < go1.21rc2 < go1.21rc10 < 1.21.0 = go1.21 < go1.22.4 < v2.0.0+incompatible"},
    {Scheme::go, "1.22.0-0 < go1.22rc1 = 1.22.0-rc.1 < 1.22.0"},
    {Scheme::pep440,
     "foo < 1.0.dev1 < 1.0a1.dev1 < 1.0a1 < 1.0b2 = 1.0-beta_2 < 1.0rc1 = 1.0c1 = 1.0pre1 < 1.0 = 1 = v1.0.0 < 1.0+abc < 1.0+abc.5 < 1.0+5 < 1.0.post1.dev2 < "
     "1.0.post1 = 1.0-1 = 1.0.rev1 < 1.1.dev1 < 1!0.1"},
    {Scheme::deb,
     "1.0~~ < 1.0~rc1 < 1.0 = 0:1.0 = 1.0-0 < 1.0-1~deb12u1 < 1.0-1 < 1.0-1+b1 < 1.0-1+deb12u2 < 1.0-1+deb12u10 < 1.0a < 1.0+dfsg < 1.0.1 < 1:0.1"},
    {Scheme::maven,
     "1-alpha-1 = 1a1 < 1-beta < 1-milestone = 1-MILESTONE < 1-rc = 1-cr = 1.0.0.CR < 1-SNAPSHOT < 1 = 1.0 = 1-ga = 1.0.0.Final = 1.0.0.RELEASE < 1-sp < 1-abc "
     "< 1-1 < 1.1 < 1.2.3 < 1.10"},
    {Scheme::rpm, "1.0~rc1-1 < 1.0-1 < 1.0^git1-1 < 1.0a-1 < 1.0.1-1.el8 < 1.0.1-1.el9 < 1.0.1-10 < 1:0.1-1"},
    {Scheme::apk, "1.0_alpha < 1.0_alpha2 < 1.0_rc1 < 1.0 < 1.0-r1 < 1.0-r10 < 1.0_p1 < 1.0a < 1.0.05 < 1.0.1 < 1.1"},
    {Scheme::rubygems, "1.0.a.10 < 1.0.b1 < 1.0.0.pre.1 = 1.pre.1 = 1-1 < 1.0 = 1 = 1.0.0 < 1.0.1.rc1 < 1.0.1 < 1.10"},
    {Scheme::nuget, "1.0.0-ALPHA = 1.0.0-alpha < 1.0.0-beta < 1.0.0 = 1.0 = 1.0.0.0 < 1.0.0.1 < 1.0.1"},
    {Scheme::packagist, "dev-foo < 1.0-dev < 1.0a1 < 1.0beta1 < 1.0RC1 < 1.0 = v1.0 < 1.0.0 < 1.0.1 < 1.0.pl1"},
    {Scheme::pub, "1.0.0-alpha < 1.0.0 < 1.0.0+1 < 1.0.0+2 < 1.0.1"},
    {Scheme::cran, "0.1 < 0.1-1 = 0.01.1 < 0.1-2 < 0.2"},
    {Scheme::hackage, "1.2 < 1.2.0 < 1.2.3.4 < 1.10"},
    {Scheme::alpm, "1.0a-1 < 1.0b-1 < 1.0beta-1 < 1.0p-1 < 1.0pre-1 < 1.0rc-1 < 1.0-1 < 1.0.a-1 < 1.0.1-1 < 1:0.1-1"},
    {Scheme::bitnami, "1.2.2 < 1.2.3-0 = 1.2.3 = 1.2.3-12 < 1.2.4-1"},
};

TEST(Version, EveryPairOfAChainIsInOrder) {
  for (const auto& chain : kChains) {
    std::vector<std::pair<std::string, int>> ranked;
    int rank = 0;
    for (const auto word : split(chain.versions, ' ')) {
      if (word == "<")
        ++rank;
      else if (word != "=")
        ranked.emplace_back(word, rank);
    }
    for (const auto& [a, rank_a] : ranked)
      for (const auto& [b, rank_b] : ranked) {
        const auto got = compare_versions(chain.scheme, a, b);
        ASSERT_TRUE(got) << got.error().to_string();
        EXPECT_EQ(*got, rank_a <=> rank_b) << to_string(chain.scheme) << ": " << a << " against " << b;
      }
  }
}

struct Refused {
  Scheme scheme;
  std::string_view version;
};
TEST(Version, WhatIsNoVersionIsRefused) {
  constexpr Refused rows[] = {{Scheme::semver, ""},     {Scheme::semver, "latest"}, {Scheme::semver, "v"},    {Scheme::go, "devel"},
                              {Scheme::go, "(devel)"},  {Scheme::apk, "1-r"},       {Scheme::apk, "1.0_foo"}, {Scheme::cran, "1.a"},
                              {Scheme::hackage, "1-2"}, {Scheme::rubygems, "x"},    {Scheme::deb, "1:"}};
  for (const auto& row : rows) EXPECT_FALSE(to_version_key(row.scheme, row.version)) << to_string(row.scheme) << " " << row.version;
  EXPECT_FALSE(to_version_key(Scheme::deb, std::string(2000, '1')));
  EXPECT_FALSE(to_version_key(Scheme::semver, std::string(300, '9')));
  EXPECT_FALSE(to_version_key(Scheme::text, std::string("a\0b", 3)));
  const auto error = to_version_key(Scheme::semver, "latest");
  EXPECT_EQ(error.error().message(), "\"latest\" is no semver version, expected 1.2.3 or 1.2.3-rc.1");
}

TEST(Version, AnUntaggedPseudoVersionIsKnownByItsShape) {
  EXPECT_TRUE(is_untagged_go_pseudo_version("v0.0.0-20210101000000-abcdefabcdef"));
  EXPECT_TRUE(is_untagged_go_pseudo_version("v2.0.0-20210101000000-abcdefabcdef+incompatible"));
  EXPECT_FALSE(is_untagged_go_pseudo_version("v1.2.4-0.20210101000000-abcdefabcdef"));
  EXPECT_FALSE(is_untagged_go_pseudo_version("v0.0.0"));
}

TEST(Version, SchemesHaveNames) {
  for (int i = 0; i <= static_cast<int>(Scheme::text); ++i) EXPECT_EQ(parse_scheme(to_string(static_cast<Scheme>(i))), static_cast<Scheme>(i));
  EXPECT_FALSE(parse_scheme("nonsense"));
}

}  // namespace
}  // namespace waybill::identity
