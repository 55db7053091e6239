// The index against a naive walk over the records: OSV's own evaluation, version by version, without keys' intervals,
// segments, images or overlays.
#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "waybill/advisory/advisory.h"
#include "waybill/base/bytes.h"
#include "waybill/identity/version.h"

namespace waybill::advisory {
namespace {

using facts::Affects;
using What = Affects::Event::What;

const std::vector<std::string_view> kVersions = {"0.1.0", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "2.0.0-0", "2.0.0", "2.5.0", "10.0.0"};

struct OwnRange {
  std::vector<Affects::Event> events;
};
struct OwnRecord {
  std::string id;
  std::string package;
  std::vector<OwnRange> ranges;
  std::vector<std::string_view> versions;
  bool withdrawn = false;
  int64_t modified = 1;
};

std::string_view draw_version() { return kVersions[static_cast<size_t>(*rc::gen::inRange(0, static_cast<int>(kVersions.size())))]; }

OwnRecord draw_record(int number) {
  OwnRecord record;
  record.id = "R-" + std::to_string(number);
  record.package = *rc::gen::element<std::string>("x", "y");
  record.withdrawn = *rc::gen::inRange(0, 10) == 0;
  for (int ranges = *rc::gen::inRange(0, 3); ranges > 0; --ranges) {
    OwnRange range;
    // Distinct versions: what two events at one version mean is left open by OSV.
    std::set<std::string_view> used;
    for (int events = *rc::gen::inRange(1, 5); events > 0; --events) {
      const auto what = static_cast<What>(*rc::gen::inRange(0, 3));
      const auto version = what == What::introduced && *rc::gen::inRange(0, 3) == 0 ? std::string_view("0") : draw_version();
      if (used.insert(version).second) range.events.push_back({what, version});
    }
    if (*rc::gen::inRange(0, 6) == 0) range.events.push_back({What::limit, draw_version()});
    record.ranges.push_back(std::move(range));
  }
  for (int versions = *rc::gen::inRange(0, 3); versions > 0; --versions) record.versions.push_back(draw_version());
  return record;
}

// osv-schema, "Evaluation".
bool naive(const OwnRecord& record, std::string_view version) {
  if (record.withdrawn) return false;
  const auto compare = [](std::string_view a, std::string_view b) {
    if (a == "0") return b == "0" ? 0 : -1;
    if (b == "0") return 1;
    const auto order = *identity::compare_versions(identity::Scheme::semver, a, b);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  };
  for (const auto listed : record.versions)
    if (compare(version, listed) == 0) return true;
  for (const auto& range : record.ranges) {
    bool before_limits = true, any_limit = false;
    for (const auto& event : range.events)
      if (event.what == What::limit) {
        if (!any_limit) before_limits = false;
        any_limit = true;
        if (compare(version, event.version) < 0) before_limits = true;
      }
    if (!before_limits) continue;
    auto sorted = range.events;
    std::sort(sorted.begin(), sorted.end(), [&](const auto& a, const auto& b) { return compare(a.version, b.version) < 0; });
    bool vulnerable = false;
    for (const auto& event : sorted) {
      if (event.what == What::introduced && compare(version, event.version) >= 0) vulnerable = true;
      if (event.what == What::fixed && compare(version, event.version) >= 0) vulnerable = false;
      if (event.what == What::last_affected && compare(version, event.version) > 0) vulnerable = false;
    }
    if (vulnerable) return true;
  }
  return false;
}

Applied apply(Index& index, const OwnRecord& record, uint64_t at) {
  std::vector<Affects::Range> ranges;
  for (const auto& range : record.ranges) ranges.push_back({Affects::Range::Type::semver, range.events});
  Affects::Package package;
  package.ecosystem = "npm";
  package.name = record.package;
  package.ranges = ranges;
  package.versions = record.versions;
  Affects fact;
  fact.id = record.id;
  fact.modified = Time{record.modified};
  if (record.withdrawn) fact.withdrawn = Time{1};
  fact.affected = std::span(&package, 1);
  return index.apply(fact, at);
}

Probe probe_of(std::string_view package, std::string_view version) {
  identity::Purl purl;
  purl.type = "npm";
  purl.name = package;
  purl.version = version;
  return to_probe(purl);
}

TEST(AdvisoryProperty, TheIndexSaysWhatANaiveWalkSays) {
  EXPECT_TRUE(rc::check([] {
    Index index;
    std::map<std::string, OwnRecord> latest;
    std::map<std::pair<PackageId, std::string>, Standing> told;  // what the changes add up to
    std::vector<std::pair<std::string, std::string_view>> known;
    PackageId next = 0;
    std::string image;
    const auto add_package = [&] {
      const std::string package = *rc::gen::element<std::string>("x", "y");
      const auto version = draw_version();
      known.emplace_back(package, version);
      for (const auto& match : index.add_package(next, probe_of(package, version))) told[{next, std::string(index.record(match.record).name)}] = match.standing;
      ++next;
    };
    const int steps = *rc::gen::inRange(1, 60);
    for (int step = 0; step < steps; ++step) {
      const int what = *rc::gen::inRange(0, 10);
      if (what < 3) {
        add_package();
      } else if (what == 3) {
        image = index.to_image();
        auto opened = Index::open(as_bytes(image));
        RC_ASSERT(opened.has_value());
        index = std::move(*opened);
        RC_ASSERT(index.to_image() == image);
      } else {
        auto record = draw_record(*rc::gen::inRange(0, 25));
        record.modified = step + 1;
        const auto applied = apply(index, record, static_cast<uint64_t>(step));
        for (const auto& change : applied.packages) {
          const auto key = std::pair(change.package, record.id);
          const auto before = told.contains(key) ? told[key] : Standing::not_affected;
          RC_ASSERT(before == change.before);
          if (change.after == Standing::not_affected)
            told.erase(key);
          else
            told[key] = change.after;
        }
        latest[record.id] = std::move(record);
      }
    }
    for (const auto* package : {"x", "y"})
      for (const auto version : kVersions) {
        std::set<std::string> wanted, got, each;
        for (const auto& [id, record] : latest)
          if (record.package == package && naive(record, version)) wanted.insert(id);
        const auto probe = probe_of(package, version);
        for (const auto& match : index.match(probe)) got.insert(std::string(index.record(match.record).name));
        RC_ASSERT(got == wanted);
        index.match_each(std::span(&probe, 1), [&](size_t, std::span<const Match> found) {
          for (const auto& match : found) each.insert(std::string(index.record(match.record).name));
        });
        RC_ASSERT(each == wanted);
      }
    // Incremental adds up to what holds.
    for (PackageId id = 0; id < next; ++id) {
      std::set<std::string> wanted, got;
      for (const auto& [record_id, record] : latest)
        if (record.package == known[id].first && naive(record, known[id].second)) wanted.insert(record_id);
      for (const auto& [key, standing] : told)
        if (key.first == id) got.insert(key.second);
      RC_ASSERT(got == wanted);
    }
  }));
}

}  // namespace
}  // namespace waybill::advisory
