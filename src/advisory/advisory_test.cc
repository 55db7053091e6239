#include "waybill/advisory/advisory.h"

#include <gtest/gtest.h>

#include "waybill/base/bytes.h"
#include "waybill/formats/formats.h"

namespace waybill::advisory {
namespace {

using identity::Purl;

// Applies OSV records, as the graph would.
Applied apply_osv(Index& index, std::string_view json, uint64_t at = 1) {
  Applied last;
  const auto tally = formats::for_each_osv(
      json,
      [&](const facts::Affects& record) -> Result<void> {
        last = index.apply(record, at);
        return {};
      },
      nullptr);
  EXPECT_TRUE(tally) << tally.error().to_string();
  return last;
}
std::string record(std::string_view id, std::string_view ecosystem, std::string_view name, std::string_view body, std::string_view more = "") {
  return R"({"schema_version":"1.6.0","id":")" + std::string(id) +
         R"(","modified":"2026-01-02T00:00:00Z","published":"2026-01-01T00:00:00Z","summary":"it breaks",)" + std::string(more) +
         R"("affected":[{"package":{"ecosystem":")" + std::string(ecosystem) + R"(","name":")" + std::string(name) + R"("},)" + std::string(body) + "}]}\n";
}
std::string ranges(std::string_view events, std::string_view type = "ECOSYSTEM") {
  return R"("ranges":[{"type":")" + std::string(type) + R"(","events":[)" + std::string(events) + "]}]";
}

std::string answer(const Index& index, std::string_view purl) {
  std::string out;
  for (const auto& match : index.match(*Purl::parse(purl)))
    out += std::string(index.record(match.record).name) + " " + std::string(to_string(match.standing)) + ";";
  return out;
}

struct Row {
  std::string_view purl, answer;
};

TEST(Advisory, RangesMeanWhatOsvSays) {
  Index index;
  apply_osv(index, record("A-1", "npm", "lodash", ranges(R"({"introduced":"0"},{"fixed":"4.17.21"})", "SEMVER")));
  apply_osv(index, record("A-2", "npm", "lodash", ranges(R"({"introduced":"4.0.0"},{"last_affected":"4.17.20"})", "SEMVER")));
  apply_osv(index,
            record("A-3", "PyPI", "Zope.Interface",
                   ranges(R"({"introduced":"2.0"},{"fixed":"2.1"},{"introduced":"1.0"},{"fixed":"1.5"})") + R"(,"versions":["1.2","0.5","not a version!"])"));
  apply_osv(index, record("A-4", "Packagist", "Acme/Shop", ranges(R"({"introduced":"1.0"},{"limit":"2.0"})")));
  apply_osv(index, record("A-5", "npm", "evil", ranges(R"({"introduced":"0"})", "SEMVER")));
  apply_osv(index, record("A-6", "Debian:12", "openssl", ranges(R"({"introduced":"0"},{"fixed":"3.0.11-1~deb12u2"})")));
  constexpr Row rows[] = {
      {"pkg:npm/lodash@3.0.0", "A-1 affected;"},
      {"pkg:npm/lodash@4.17.20", "A-1 affected;A-2 affected;"},
      {"pkg:npm/lodash@4.17.21-rc.1", "A-1 affected;"},
      {"pkg:npm/lodash@4.17.21", ""},
      {"pkg:npm/lodash", "A-1 undetermined;A-2 undetermined;"},
      {"pkg:npm/lodash@latest", "A-1 undetermined;A-2 undetermined;"},
      {"pkg:pypi/zope.interface@1.5", ""},
      {"pkg:pypi/zope-interface@1.4.9", "A-3 affected;"},
      {"pkg:pypi/zope_interface@0.5.0", "A-3 affected;"},
      {"pkg:pypi/zope.interface@1.9", ""},
      {"pkg:pypi/zope.interface@2.0.5", "A-3 affected;"},
      {"pkg:composer/acme/shop@1.9.9", "A-4 affected;"},
      {"pkg:composer/acme/shop@2.0", ""},
      {"pkg:npm/evil@99.0.0", "A-5 affected;"},
      {"pkg:deb/debian/libssl3@3.0.11-1~deb12u1?distro=debian-12&upstream=openssl", "A-6 affected;"},
      {"pkg:deb/debian/libssl3@3.0.11-1~deb12u2%2Bb1?distro=debian-12.13&upstream=openssl", ""},
      {"pkg:deb/debian/libssl3@3.0.11-1~deb12u1?distro=debian-11&upstream=openssl", ""},
      {"pkg:deb/debian/openssl@1.0", "A-6 undetermined;"},
      {"pkg:generic/openssl@1.0", ""},
  };
  for (const auto& row : rows) EXPECT_EQ(answer(index, row.purl), row.answer) << row.purl;
  EXPECT_EQ(index.fixed_versions(to_probe(*Purl::parse("pkg:pypi/zope.interface@1.2")), 2), (std::vector<std::string>{"1.5", "2.1"}));
  EXPECT_EQ(index.fixed_versions(to_probe(*Purl::parse("pkg:pypi/zope.interface@2.0.5")), 2), (std::vector<std::string>{"2.1"}));
  EXPECT_TRUE(index.covers("npm"));
  EXPECT_TRUE(index.covers("debian:12"));
  EXPECT_FALSE(index.covers("Debian:11"));
}

TEST(Advisory, AnUntaggedPseudoVersionAmongTagsIsUndetermined) {
  Index index;
  apply_osv(index, record("GO-1", "Go", "example.com/M", ranges(R"({"introduced":"0"},{"fixed":"1.2.0"})", "SEMVER")));
  apply_osv(index, record("GO-2", "Go", "example.com/m", ranges(R"({"introduced":"0"},{"fixed":"0.0.0-20220101000000-abcdefabcdef"})", "SEMVER")));
  apply_osv(index, record("GO-3", "Go", "example.com/m", ranges(R"({"introduced":"0"})", "SEMVER")));
  EXPECT_EQ(answer(index, "pkg:golang/example.com/M@v0.0.0-20210101000000-abcdefabcdef"), "GO-1 undetermined;GO-2 affected;GO-3 affected;");
  EXPECT_EQ(answer(index, "pkg:golang/example.com/m@v0.0.0-20230101000000-abcdefabcdef"), "GO-1 undetermined;GO-3 affected;");
  EXPECT_EQ(answer(index, "pkg:golang/example.com/m@v1.1.0"), "GO-1 affected;GO-3 affected;");
}

TEST(Advisory, WhatCannotBeOrderedIsNotCalledSafe) {
  Index index;
  apply_osv(index, record("G-1", "PyPI", "a", R"("ranges":[{"type":"GIT","repo":"https://x.example/a","events":[{"introduced":"0"}]}])"));
  apply_osv(index, record("G-2", "PyPI", "a", R"("ranges":[{"type":"GIT","repo":"https://x.example/a","events":[{"introduced":"0"}]}],"versions":["1.0"])"));
  apply_osv(index, record("G-3", "npm", "a", ranges(R"({"introduced":"none"},{"fixed":"2.0.0"})", "SEMVER")));
  EXPECT_EQ(answer(index, "pkg:pypi/a@1.0"), "G-1 undetermined;G-2 affected;");
  EXPECT_EQ(answer(index, "pkg:pypi/a@2.0"), "G-1 undetermined;");
  EXPECT_EQ(answer(index, "pkg:npm/a@3.0.0"), "G-3 undetermined;");
  Index other;
  EXPECT_FALSE(apply_osv(other, record("G-4", "npm", "b", ranges(R"({"introduced":"x"})", "SEMVER"))).warnings.empty());
}

TEST(Advisory, OnlyRecordsThatNameOneAndTheSameCveAreOneVulnerability) {
  Index index;
  const auto range = ranges(R"({"introduced":"0"})", "SEMVER");
  apply_osv(index, record("GHSA-aaaa", "npm", "x", range,
                          R"("aliases":["CVE-2026-1"],"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],)"));
  apply_osv(index, record("CVE-2026-1", "npm", "x", range, R"("aliases":["GHSA-aaaa"],)"));
  apply_osv(index, record("RUSTSEC-1", "crates.io", "x", range, R"("aliases":["CVE-2026-1","CVE-2026-2"],)"));
  apply_osv(index, record("GO-1", "Go", "x", range, R"("aliases":["GHSA-aaaa"],)"));
  const auto one = index.vulnerability_of(0);
  EXPECT_EQ(one.id, "CVE-2026-1");
  EXPECT_EQ(one.records, (std::vector<RecordId>{0, 1}));
  EXPECT_EQ(one.aliases, (std::vector<std::string>{"GHSA-aaaa"}));
  EXPECT_EQ(one.severity, facts::Severity::critical);
  EXPECT_DOUBLE_EQ(one.score, 9.8);
  EXPECT_EQ(one.cvss_version, "3.1");
  EXPECT_EQ(index.vulnerability_of(2).id, "RUSTSEC-1");
  EXPECT_EQ(index.vulnerability_of(3).id, "GO-1");
  const auto found = index.find_vulnerabilities("cve-2026-1");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].id, "CVE-2026-1");
  EXPECT_EQ(found[1].id, "RUSTSEC-1");
  EXPECT_TRUE(index.find_vulnerabilities("CVE-2026-9").empty());
}

TEST(Advisory, ANewChangedOrWithdrawnRecordSaysWhichKnownPackagesTurn) {
  Index index;
  const auto add = [&](PackageId id, std::string_view purl) { return index.add_package(id, to_probe(*Purl::parse(purl))).size(); };
  EXPECT_EQ(add(10, "pkg:npm/x@1.0.0"), 0u);
  EXPECT_EQ(add(11, "pkg:npm/x@2.0.0"), 0u);
  EXPECT_EQ(add(12, "pkg:npm/y@1.0.0"), 0u);
  const auto show = [](const Applied& applied) {
    std::string out;
    for (const auto& change : applied.packages)
      out += std::to_string(change.package) + " " + std::string(to_string(change.before)) + ">" + std::string(to_string(change.after)) + ";";
    return out;
  };
  const auto first = apply_osv(index, record("A-1", "npm", "x", ranges(R"({"introduced":"0"},{"fixed":"2.0.0"})", "SEMVER")), 5);
  EXPECT_TRUE(first.is_new);
  EXPECT_EQ(show(first), "10 not_affected>affected;");
  EXPECT_EQ(add(13, "pkg:npm/x@1.5.0"), 1u);
  // It turns out that 2.0.0 has it too, and y.
  std::string wider = record("A-1", "npm", "x", ranges(R"({"introduced":"0"},{"fixed":"2.1.0"})", "SEMVER"));
  wider.replace(wider.find("2026-01-02"), 10, "2026-01-05");
  EXPECT_EQ(show(apply_osv(index, wider, 6)), "11 not_affected>affected;");
  EXPECT_EQ(index.known_packages(0).size(), 3u);
  // The older one comes late: nothing happens.
  const auto late = apply_osv(index, record("A-1", "npm", "x", ranges(R"({"introduced":"0"},{"fixed":"2.0.0"})", "SEMVER")), 7);
  EXPECT_TRUE(late.older);
  EXPECT_EQ(show(late), "");
  // The same record moves to another package.
  std::string moved = record("A-1", "npm", "y", ranges(R"({"introduced":"0"})", "SEMVER"));
  moved.replace(moved.find("2026-01-02"), 10, "2026-01-06");
  EXPECT_EQ(show(apply_osv(index, moved, 8)), "10 affected>not_affected;11 affected>not_affected;12 not_affected>affected;13 affected>not_affected;");
  std::string withdrawn = record("A-1", "npm", "y", ranges(R"({"introduced":"0"})", "SEMVER"), R"("withdrawn":"2026-01-07T00:00:00Z",)");
  withdrawn.replace(withdrawn.find("2026-01-02"), 10, "2026-01-07");
  EXPECT_EQ(show(apply_osv(index, withdrawn, 9)), "12 affected>not_affected;");
  EXPECT_TRUE(index.record(0).withdrawn.is_set());
  EXPECT_TRUE(index.vulnerability_of(0).withdrawn);
  EXPECT_EQ(index.record(0).first_log_index, 5u);
  EXPECT_EQ(index.record(0).log_index, 9u);
  ASSERT_EQ(index.sources().size(), 1u);
  EXPECT_EQ(index.sources()[0].records, 0u);
}

TEST(Advisory, APackageWithoutReleaseHearsOfEveryRelease) {
  Index index;
  EXPECT_TRUE(index.add_package(1, to_probe(*Purl::parse("pkg:deb/debian/curl@1.0"))).empty());
  EXPECT_TRUE(index.add_package(2, to_probe(*Purl::parse("pkg:deb/debian/curl@1.0?distro=debian-12"))).empty());
  const auto of_release = apply_osv(index, record("D-1", "Debian:12", "curl", ranges(R"({"introduced":"0"},{"fixed":"2.0"})")));
  ASSERT_EQ(of_release.packages.size(), 2u);
  EXPECT_EQ(of_release.packages[0].after, Standing::undetermined);
  EXPECT_EQ(of_release.packages[1].after, Standing::affected);
  const auto of_all = apply_osv(index, record("D-2", "Debian", "curl", ranges(R"({"introduced":"0"},{"fixed":"2.0"})")));
  ASSERT_EQ(of_all.packages.size(), 2u);
  EXPECT_EQ(of_all.packages[1].after, Standing::affected);
  EXPECT_EQ(answer(index, "pkg:deb/debian/curl@1.0"), "D-1 undetermined;D-2 affected;");
  EXPECT_EQ(answer(index, "pkg:deb/debian/curl@1.0?distro=debian-12"), "D-1 affected;D-2 affected;");
}

TEST(Advisory, ScoresKeepTheLatestOfEachScheme) {
  Index index;
  facts::Scored fact;
  fact.of = "cve-2026-1";
  fact.scheme = "epss";
  fact.value = 0.5;
  fact.at = Time::of_seconds(100);
  index.apply(fact, 1);
  fact.value = 0.1;
  fact.at = Time::of_seconds(50);
  index.apply(fact, 2);
  fact.scheme = "kev";
  fact.value = 1;
  index.apply(fact, 3);
  const auto scores = index.scores_of("CVE-2026-1");
  ASSERT_EQ(scores.size(), 2u);
  EXPECT_EQ(scores[0].scheme, "epss");
  EXPECT_DOUBLE_EQ(scores[0].value, 0.5);
  EXPECT_EQ(scores[1].scheme, "kev");
}

TEST(Advisory, AnImageAnswersLikeTheIndexThatMadeIt) {
  Index index;
  index.add_package(1, to_probe(*Purl::parse("pkg:npm/x@1.0.0")));
  for (int i = 0; i < 40; ++i)
    apply_osv(index, record("A-" + std::to_string(i), "npm", i % 2 == 0 ? "x" : "y",
                            ranges(R"({"introduced":"0"},{"fixed":")" + std::to_string(i) + R"(.0.0"})", "SEMVER"),
                            R"("aliases":["CVE-2026-)" + std::to_string(1000 + i / 2) + R"("],)"));
  facts::Scored fact;
  fact.of = "CVE-2026-1001";
  fact.scheme = "epss";
  index.apply(fact, 1);
  const auto image = index.to_image();
  EXPECT_EQ(image.size() % 8, 0u);
  auto mapped = Index::open(as_bytes(image));
  ASSERT_TRUE(mapped) << mapped.error().to_string();
  EXPECT_EQ(mapped->to_image(), image);
  EXPECT_EQ(mapped->record_count(), 40u);
  EXPECT_EQ(mapped->find_record("A-7"), index.find_record("A-7"));
  for (const auto* purl : {"pkg:npm/x@1.0.0", "pkg:npm/x@20.5.0", "pkg:npm/y@3.0.0", "pkg:npm/x", "pkg:npm/z@1"})
    EXPECT_EQ(answer(*mapped, purl), answer(index, purl));
  EXPECT_EQ(mapped->vulnerability_of(3).id, index.vulnerability_of(3).id);
  EXPECT_EQ(mapped->scores_of("CVE-2026-1001").size(), 1u);
  EXPECT_EQ(mapped->sources()[0].records, 40u);
  // On top of the image it goes on as if there were none.
  auto changed = record("A-30", "npm", "x", ranges(R"({"introduced":"9.0.0"})", "SEMVER"));
  changed.replace(changed.find("2026-01-02"), 10, "2026-02-02");
  const auto here = apply_osv(index, changed, 9), there = apply_osv(*mapped, changed, 9);
  ASSERT_EQ(here.packages.size(), 1u);
  ASSERT_EQ(there.packages.size(), 1u);
  EXPECT_EQ(there.packages[0].package, 1u);
  EXPECT_EQ(answer(*mapped, "pkg:npm/x@10.0.0"), answer(index, "pkg:npm/x@10.0.0"));
  EXPECT_EQ(mapped->to_image(), index.to_image());
  // Cut anywhere, it is refused or answers nothing wrong; it never reads beyond its end.
  for (size_t cut = 0; cut < image.size(); cut += 97) {
    const std::string part = image.substr(0, cut);
    const auto broken = Index::open(as_bytes(part));
    EXPECT_FALSE(broken) << cut;
  }
}

}  // namespace
}  // namespace waybill::advisory
