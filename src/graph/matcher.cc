#include "waybill/graph/matcher.h"

#include <algorithm>

#include "waybill/graph/fold.h"
#include "waybill/identity/purl.h"

namespace waybill::graph {

Matcher::Matcher() = default;
Matcher::~Matcher() = default;

advisory::Index& Matcher::index() {
  if (!index_) {
    index_ = std::make_unique<advisory::Index>();
    if (!image_.empty()) {
      if (auto opened = advisory::Index::open(image_)) *index_ = std::move(*opened);
    }
  }
  return *index_;
}

namespace {

// What a row says besides the pair: packed, so that two of them compare as bytes.
std::string detail_of(Fold& fold, std::string_view advisory, advisory::Standing standing, const std::vector<std::string>& fixed) {
  std::string packed;
  write_varint(packed, fold.text(advisory));
  packed.push_back(standing == advisory::Standing::undetermined ? 1 : 0);
  write_varint(packed, fixed.size());
  for (const auto& version : fixed) write_varint(packed, fold.text(version));
  return packed;
}

bool same_detail(const Store& store, uint32_t record, const std::string& detail) {
  const uint8_t* const start = store.record(record);
  const uint8_t* at = start;
  read_varint(at);
  ++at;
  for (uint64_t n = read_varint(at); n > 0; --n) read_varint(at);
  return std::string_view(reinterpret_cast<const char*>(start), static_cast<size_t>(at - start)) == detail;
}

advisory::Probe probe_of(const Store& store, uint32_t package) {
  const auto purl = identity::Purl::parse(store.text(Id(Kind::package, package)));
  return purl ? advisory::to_probe(*purl) : advisory::Probe{};
}

void open_pair(Fold& fold, uint32_t package, Id vulnerability, uint32_t known, const std::string& detail) {
  Store& s = fold.store();
  PackageRow& of_package = s.packages[package];
  ExtraRow& of_vulnerability = s.extra(vulnerability);
  const uint32_t row =
      s.matches.push({fold.entry(), kNever, known, package, vulnerability.number(), fold.keep(detail), of_package.matches, of_vulnerability.a});
  set(of_package.matches, row + 1);
  set(of_vulnerability.a, row + 1);
  fold.pair(Id(Kind::package, package), vulnerability, false);
}

}  // namespace

void Matcher::add_packages(Fold& fold, std::span<const uint32_t> packages) {
  Store& s = fold.store();
  for (const uint32_t package : packages) {
    const advisory::Probe probe = probe_of(s, package);
    if (probe.name.empty()) continue;
    for (const advisory::Match& match : index().add_package(package, probe)) {
      const std::string name(index().record(match.record).name);
      const Id vulnerability = fold.node(Kind::vulnerability, index().vulnerability_id_of(match.record));
      open_pair(fold, package, vulnerability, fold.entry(), detail_of(fold, name, match.standing, index().fixed_versions(probe, match.record)));
    }
  }
}

void Matcher::add_advisories(Fold& fold, std::span<const facts::Affects> records) {
  Store& s = fold.store();
  std::vector<Id> named;
  for (const facts::Affects& fact : records) {
    const advisory::Applied applied = index().apply(fact, fold.entry());
    if (applied.older) continue;
    const Id vulnerability = fold.node(Kind::vulnerability, index().vulnerability_id_of(applied.record));

    AdvisoryRow row{};
    row.entry = fold.entry();
    row.replaced = kNever;
    row.id = fold.text(fact.id);
    row.source = fold.text(fact.source);
    row.vulnerability = vulnerability.value();
    row.withdrawn = fact.withdrawn.is_set() ? 1 : 0;
    row.record = fold.pack(fact, named);
    const uint64_t key = s.hash(fact.id);
    const uint32_t newest = s.advisory_index.find(key, [&](uint32_t number) { return s.text(s.advisories[number - 1].id) == fact.id; });
    // The index names the first version; `previous` of it is used to hold the newest, that of the others the one before.
    Id old_vulnerability;
    if (newest != 0) {
      AdvisoryRow& first = s.advisories[newest - 1];
      const uint32_t before = first.previous != 0 ? first.previous : newest;
      old_vulnerability = Id::of_value(s.advisories[before - 1].vulnerability);
      row.previous = before;
      const uint32_t number = s.advisories.push(row);
      set(s.advisories[before - 1].replaced, fold.entry());
      set(first.previous, number + 1);
      fold.touch(vulnerability, FactKind::affects, number);
    } else {
      const uint32_t number = s.advisories.push(row);
      s.advisory_index.insert(key, number + 1);
      fold.touch(vulnerability, FactKind::affects, number);
    }
    ExtraRow& extra = s.extra(vulnerability);
    if (extra.y == 0) {
      set(extra.y, fold.entry() + 1);
      s.by_kind[static_cast<size_t>(FactKind::affects)].push({fold.entry(), vulnerability.number()});
    }
    // Its other names lead here, unless they are vulnerabilities of their own.
    const auto name = [&](std::string_view other) {
      if (other == s.text(vulnerability)) return;
      const Id there = s.find_node(Kind::vulnerability, other);
      if (!there || s.text(there) != other || s.extra(there).y == 0) fold.alias(Kind::vulnerability, other, vulnerability);
    };
    name(fact.id);
    for (const auto alias : fact.aliases) name(alias);

    // Rows of this record that hold, by package.
    std::vector<std::pair<uint32_t, uint32_t>> open;
    if (old_vulnerability) {
      for (uint32_t m = s.extra(old_vulnerability).a; m != 0; m = s.matches[m - 1].next_of_vulnerability) {
        const MatchRow& match = s.matches[m - 1];
        if (match.closed != kNever) continue;
        const uint8_t* at = s.record(match.detail);
        if (read_varint(at) == row.id) open.emplace_back(match.package, m - 1);
      }
      std::sort(open.begin(), open.end());
    }
    const auto close = [&](uint32_t match) {
      set(s.matches[match].closed, fold.entry());
      fold.pair(Id(Kind::package, s.matches[match].package), Id(Kind::vulnerability, s.matches[match].vulnerability), true);
    };
    size_t next = 0;
    for (const auto& [package, standing] : index().known_packages(applied.record)) {
      if (standing == advisory::Standing::not_affected) continue;
      while (next < open.size() && open[next].first < package) close(open[next++].second);
      const std::string detail = detail_of(fold, fact.id, standing, index().fixed_versions(probe_of(s, package), applied.record));
      uint32_t known = fold.entry();
      if (next < open.size() && open[next].first == package) {
        const MatchRow& there = s.matches[open[next].second];
        if (there.vulnerability == vulnerability.number() && same_detail(s, there.detail, detail)) {
          ++next;
          continue;
        }
        known = there.known;  // the same pair under a better record: known as long as before
        close(open[next++].second);
      }
      open_pair(fold, package, vulnerability, known, detail);
    }
    while (next < open.size()) close(open[next++].second);
  }
}

}  // namespace waybill::graph
