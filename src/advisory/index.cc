// The index: an image that is read where it lies, and an overlay of what came after it.
#include <algorithm>
#include <map>
#include <set>

#include <absl/container/flat_hash_map.h>

#include "waybill/advisory/advisory.h"
#include "waybill/advisory/flat.h"
#include "waybill/advisory/ranges.h"
#include "waybill/advisory/records.h"
#include "waybill/base/bytes.h"

namespace waybill::advisory {
namespace {

constexpr std::string_view kMagic = "WBADV002";
constexpr size_t kMaxWarnings = 20;
constexpr size_t kSections = 7;  // names, known, ids, records, mentions, scores, meta
enum Section : size_t { kNames, kKnown, kIds, kRecords, kMentions, kScores, kMeta };
constexpr size_t kHeaderBytes = 16 + kSections * 16;

// A package that is registered, beside its name.
struct Known {
  PackageId package;
  std::string version;  // of its Probe
};

// What came after the image about one package name.
struct Changes {
  std::string compiled;  // owned; unused while the image's is still the base
  bool owned = false;
  std::vector<std::pair<RecordId, std::string>> newer;  // sorted by record; empty bytes: the record says nothing any more
};

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return flat::hash(text); }
};
template <class T>
using ByName = absl::flat_hash_map<std::string, T, TextHash, std::equal_to<>>;

std::string_view ecosystem_of(std::string_view name) { return name.substr(0, name.find('\n')); }

void put_known(std::string& out, PackageId package, std::string_view version) {
  flat::put(out, package);
  flat::put_text(out, version);
}

}  // namespace

std::string_view to_string(Standing standing) {
  switch (standing) {
    case Standing::not_affected: return "not_affected";
    case Standing::affected: return "affected";
    case Standing::undetermined: return "undetermined";
  }
  return "not_affected";
}

Probe to_probe(const identity::Purl& purl) {
  Probe probe;
  const auto name = identity::advisory_name(purl);
  if (!name) return probe;
  probe.name = index_name(name->ecosystem, name->name);
  probe.version += static_cast<char>(VersionKind::ordered);
  if (name->scheme != identity::Scheme::text && identity::append_version_key(name->scheme, name->version, probe.version)) {
    if (name->scheme == identity::Scheme::go && identity::is_untagged_go_pseudo_version(name->version))
      probe.version[0] = static_cast<char>(VersionKind::ordered_untagged);
    return probe;
  }
  probe.version[0] = static_cast<char>(VersionKind::text);
  probe.version += name->version;
  return probe;
}

struct Index::State {
  // ---- the image
  flat::Dictionary names, known, ids, mentions, scores;
  std::string_view record_table;  // u64 place each, one more for the end; then the records
  uint32_t image_records = 0;

  // ---- the overlay
  ByName<Changes> changes;
  ByName<std::vector<Known>> more_known;
  std::vector<std::string> new_records;
  absl::flat_hash_map<RecordId, std::string> changed_records;
  ByName<RecordId> new_ids;
  ByName<std::vector<RecordId>> more_mentions;  // upper case → records; checked against the record
  ByName<std::vector<Score>> changed_scores;

  // ---- small, always in memory
  std::map<std::string, uint32_t, std::less<>> ecosystems;  // → records ever filed there
  std::set<std::string, std::less<>> known_ecosystems;      // of registered packages
  std::map<std::string, Source, std::less<>> sources;
  std::vector<std::string> released;  // "Debian" where "Debian:12" is among the ecosystems

  void file_under(std::string_view ecosystem, uint32_t records) {
    ecosystems[std::string(ecosystem)] += records;
    const auto base = ecosystem.substr(0, ecosystem.find(':'));
    if (base.size() < ecosystem.size() && std::find(released.begin(), released.end(), base) == released.end()) released.emplace_back(base);
  }

  std::string_view record_bytes(RecordId id) const {
    if (const auto it = changed_records.find(id); it != changed_records.end()) return it->second;
    if (id >= image_records) return id - image_records < new_records.size() ? std::string_view(new_records[id - image_records]) : std::string_view();
    const auto from = flat::read<uint64_t>(record_table.data() + size_t{id} * 8), to = flat::read<uint64_t>(record_table.data() + size_t{id} * 8 + 8);
    return from <= to && to <= record_table.size() ? record_table.substr(from, to - from) : std::string_view();
  }
  uint32_t record_count() const { return image_records + static_cast<uint32_t>(new_records.size()); }
  std::optional<RecordId> find_id(std::string_view name) const {
    if (const auto it = new_ids.find(name); it != new_ids.end()) return it->second;
    const auto value = ids.find(name);
    return value.size() == 4 ? std::optional(flat::read<RecordId>(value.data())) : std::nullopt;
  }

  PackageView compiled(std::string_view name, const Changes* changed) const {
    return PackageView(changed != nullptr && changed->owned ? std::string_view(changed->compiled) : names.find(name));
  }
  const Changes* find_changes(std::string_view name) const {
    const auto it = changes.find(name);
    return it == changes.end() ? nullptr : &it->second;
  }

  // Names under which a package of this name is looked up, besides its own: without a release where it has one, with every
  // release that is loaded where it has none.
  template <class F>
  void for_other_names(std::string_view name, F f) const {
    const auto ecosystem = ecosystem_of(name);
    const size_t colon = ecosystem.find(':');
    if (colon != std::string_view::npos) {
      f(index_name(ecosystem.substr(0, colon), name.substr(ecosystem.size() + 1)), false);
      return;
    }
    if (std::find(released.begin(), released.end(), ecosystem) == released.end()) return;
    const std::string prefix = std::string(ecosystem) + ":";
    for (auto it = ecosystems.lower_bound(prefix); it != ecosystems.end() && it->first.starts_with(prefix); ++it)
      f(index_name(it->first, name.substr(ecosystem.size() + 1)), true);
  }

  void match_name(std::string_view name, std::string_view version, std::vector<Match>& out) const {
    const auto* changed = changes.empty() ? nullptr : find_changes(name);
    const size_t start = out.size();
    compiled(name, changed).match(version, out);
    if (changed == nullptr || changed->newer.empty()) return;
    std::erase_if(out, [&, at = size_t{0}](const Match& match) mutable {
      if (at++ < start) return false;
      return std::any_of(changed->newer.begin(), changed->newer.end(), [&](const auto& newer) { return newer.first == match.record; });
    });
    for (const auto& [record, bytes] : changed->newer)
      if (const auto standing = AffectedView(bytes).standing(version); standing != Standing::not_affected) out.push_back({record, standing});
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(start), out.end());
  }

  void match(const Probe& probe, std::vector<Match>& out) const {
    if (probe.name.empty()) return;
    const size_t start = out.size();
    match_name(probe.name, probe.version, out);
    bool more = false;
    for_other_names(probe.name, [&](const std::string& name, bool unsure) {
      const size_t before = out.size();
      match_name(name, probe.version, out);
      for (size_t i = before; i < out.size(); ++i) {
        more = true;
        if (unsure) out[i].standing = Standing::undetermined;
      }
    });
    if (!more) return;
    // One line a record; `affected` (1) comes before `undetermined` (2).
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(start), out.end());
    out.erase(std::unique(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), [](const Match& a, const Match& b) { return a.record == b.record; }),
              out.end());
  }

  AffectedView affected(std::string_view name, RecordId record) const {
    const auto* changed = find_changes(name);
    if (changed != nullptr) {
      const auto it =
          std::lower_bound(changed->newer.begin(), changed->newer.end(), record, [](const auto& one, RecordId wanted) { return one.first < wanted; });
      if (it != changed->newer.end() && it->first == record) return AffectedView(it->second);
    }
    return compiled(name, changed).affected(record);
  }

  // What `record` says of packages of this name: looked up once, asked for many versions.
  struct Words {
    AffectedView own{std::string_view()};
    std::vector<std::pair<AffectedView, bool>> others;  // bool: of some release, but not surely of this one

    Standing standing(std::string_view version) const {
      Standing found = own.standing(version);
      for (const auto& [words, unsure] : others) {
        if (found == Standing::affected) break;
        const auto there = words.standing(version);
        if (there != Standing::not_affected) found = unsure ? Standing::undetermined : there;
      }
      return found;
    }
  };
  Words words(std::string_view name, RecordId record) const {
    Words out;
    out.own = affected(name, record);
    for_other_names(name, [&](const std::string& other, bool unsure) {
      if (const auto there = affected(other, record); !there.empty()) out.others.emplace_back(there, unsure);
    });
    return out;
  }

  template <class F>
  void for_known(std::string_view name, F f) const {
    flat::Reader in(known.find(name));
    while (!in.empty()) {
      const auto package = in.take<PackageId>();
      f(package, in.take_text());
    }
    if (const auto it = more_known.find(name); it != more_known.end())
      for (const auto& one : it->second) f(one.package, std::string_view(one.version));
  }
  // Names whose known packages a record filed under `name` can touch.
  std::vector<std::string> touched_names(std::string_view name) const {
    std::vector<std::string> all = {std::string(name)};
    const auto ecosystem = ecosystem_of(name);
    const auto rest = name.substr(ecosystem.size() + 1);
    const size_t colon = ecosystem.find(':');
    if (colon != std::string_view::npos) {
      all.push_back(index_name(ecosystem.substr(0, colon), rest));
    } else {
      const std::string prefix = std::string(ecosystem) + ":";
      for (auto it = known_ecosystems.lower_bound(prefix); it != known_ecosystems.end() && it->starts_with(prefix); ++it) all.push_back(index_name(*it, rest));
    }
    return all;
  }

  void mention(std::string_view name, RecordId record) {
    auto& records = more_mentions[to_upper(name)];
    const auto at = std::lower_bound(records.begin(), records.end(), record);
    if (at == records.end() || *at != record) records.insert(at, record);
  }
  bool names_it(RecordId id, std::string_view upper) const {
    const auto record = unpack_record(id, record_bytes(id));
    if (equals_ignore_case(record.name, upper)) return true;
    return std::any_of(record.aliases.begin(), record.aliases.end(), [&](std::string_view alias) { return equals_ignore_case(alias, upper); });
  }
  std::vector<RecordId> records_naming(std::string_view name) const {
    const std::string upper = to_upper(name);
    std::vector<RecordId> found;
    const auto value = mentions.find(upper);
    for (size_t i = 0; i + 4 <= value.size(); i += 4) found.push_back(flat::read<RecordId>(value.data() + i));
    if (const auto it = more_mentions.find(upper); it != more_mentions.end()) found.insert(found.end(), it->second.begin(), it->second.end());
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    std::erase_if(found, [&](RecordId id) { return !names_it(id, upper); });
    return found;
  }

  // Puts `bytes` in the place of what `record` said of `name`; compiles anew when the list of newer ones has grown.
  void change(const std::string& name, RecordId record, std::string bytes) {
    auto& changed = changes[name];
    auto& newer = changed.newer;
    const auto at = std::lower_bound(newer.begin(), newer.end(), record, [](const auto& one, RecordId wanted) { return one.first < wanted; });
    if (at != newer.end() && at->first == record)
      at->second = std::move(bytes);
    else
      newer.insert(at, {record, std::move(bytes)});
    if (newer.size() > 8 + compiled(name, &changed).size() / 8) compile(name, changed);
  }
  // All that holds of `name` now, by record.
  std::vector<std::pair<RecordId, std::string_view>> holding(std::string_view name, const Changes* changed) const {
    std::vector<std::pair<RecordId, std::string_view>> all;
    const auto base = compiled(name, changed);
    for (const auto record : base.records()) {
      const bool replaced =
          changed != nullptr && std::any_of(changed->newer.begin(), changed->newer.end(), [&](const auto& newer) { return newer.first == record; });
      if (!replaced) all.emplace_back(record, base.affected(record).bytes());
    }
    if (changed != nullptr)
      for (const auto& [record, bytes] : changed->newer)
        if (!bytes.empty()) all.emplace_back(record, bytes);
    std::sort(all.begin(), all.end());
    return all;
  }
  void compile(const std::string& name, Changes& changed) {
    auto compiled_now = compile_package(holding(name, &changed));
    changed.compiled = std::move(compiled_now);
    changed.owned = true;
    changed.newer.clear();
  }

  void count_source(const Record& record, int by) {
    auto it = sources.find(record.source);
    if (it == sources.end()) it = sources.emplace(std::string(record.source), Source{std::string(record.source), 0, {}, 0}).first;
    if (!record.withdrawn.is_set()) it->second.records = static_cast<uint32_t>(static_cast<int64_t>(it->second.records) + by);
    if (by > 0) {
      it->second.modified = std::max(it->second.modified, record.modified);
      it->second.log_index = std::max(it->second.log_index, record.log_index);
    }
  }
};

Index::Index() : state_(std::make_unique<State>()) {}
Index::~Index() = default;
Index::Index(Index&&) noexcept = default;
Index& Index::operator=(Index&&) noexcept = default;

Applied Index::apply(const facts::Affects& fact, uint64_t log_index) {
  auto& state = *state_;
  Applied result;
  const auto known_id = state.find_id(fact.id);
  result.is_new = !known_id;
  uint64_t first_log_index = log_index;
  std::vector<std::string> old_names;
  if (known_id) {
    result.record = *known_id;
    const auto old = unpack_record(*known_id, state.record_bytes(*known_id));
    first_log_index = old.first_log_index;
    // Some databases write the year 0001: no time at all.
    if (fact.modified.ms > 0 && old.modified.ms > fact.modified.ms) {
      result.older = true;
      return result;
    }
    for (const auto name : old.packages) old_names.emplace_back(name);
    state.count_source(old, -1);
  } else {
    result.record = state.record_count();
  }

  const auto warn = [&](std::string text) {
    if (result.warnings.size() < kMaxWarnings) result.warnings.push_back(std::move(text));
  };
  std::map<std::string, Affected> by_name;
  for (const auto& package : fact.affected) {
    std::string ecosystem(package.ecosystem), name(package.name);
    const auto* row = identity::find_ecosystem(ecosystem);
    auto scheme = identity::Scheme::text;
    if (row != nullptr) {
      ecosystem = identity::canonical_ecosystem(ecosystem);
      name = identity::normalise_package_name(*row, name);
      scheme = row->scheme;
    } else if (ecosystem.empty() && !package.purl.empty()) {
      // A record that names its package by purl only.
      if (const auto purl = identity::Purl::parse(package.purl))
        if (const auto named = identity::advisory_name(*purl)) {
          ecosystem = named->ecosystem;
          name = named->name;
          scheme = named->scheme;
        }
    }
    if (ecosystem.empty() || name.empty()) continue;
    if (scheme == identity::Scheme::text && row == nullptr) warn("ecosystem \"" + ecosystem + "\" is not known: only versions that are listed can match");
    add_ranges(by_name[index_name(ecosystem, name)], package, scheme, warn);
  }
  std::vector<std::string> packages;
  for (auto& [name, affected] : by_name) {
    finish_ranges(affected);
    packages.push_back(name);
  }
  std::vector<std::string> touched = packages;
  touched.insert(touched.end(), old_names.begin(), old_names.end());
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());

  // New ecosystems first: packages without a release are looked up under all that are loaded.
  for (const auto& name : packages) state.file_under(ecosystem_of(name), 1);

  std::vector<std::string> asked;
  for (const auto& name : touched)
    for (auto& other : state.touched_names(name)) asked.push_back(std::move(other));
  std::sort(asked.begin(), asked.end());
  asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
  std::vector<Standing> before;  // of every known package, in the order in which they are asked again below
  if (known_id)
    for (const auto& name : asked) {
      const auto words = state.words(name, result.record);
      state.for_known(name, [&](PackageId, std::string_view version) { before.push_back(words.standing(version)); });
    }

  auto bytes = pack_record(fact, packages, log_index, first_log_index);
  if (result.is_new) {
    state.new_ids.emplace(std::string(fact.id), result.record);
    state.new_records.push_back(std::move(bytes));
  } else if (result.record >= state.image_records) {
    state.new_records[result.record - state.image_records] = std::move(bytes);
  } else {
    state.changed_records[result.record] = std::move(bytes);
  }
  state.mention(fact.id, result.record);
  for (const auto alias : fact.aliases) state.mention(alias, result.record);
  state.count_source(unpack_record(result.record, state.record_bytes(result.record)), 1);

  for (const auto& name : touched) {
    const auto it = by_name.find(name);
    const bool says = it != by_name.end() && !fact.withdrawn.is_set();
    state.change(name, result.record, says ? to_flat(it->second) : std::string());
  }
  size_t at = 0;
  for (const auto& name : asked) {
    const auto words = state.words(name, result.record);
    state.for_known(name, [&](PackageId package, std::string_view version) {
      const auto was = known_id ? before[at++] : Standing::not_affected;
      if (const auto is = words.standing(version); is != was) result.packages.push_back({package, was, is});
    });
  }
  std::sort(result.packages.begin(), result.packages.end(), [](const auto& a, const auto& b) { return a.package < b.package; });
  return result;
}

void Index::apply(const facts::Scored& fact, uint64_t log_index) {
  const std::string of = is_cve(fact.of) ? to_upper(fact.of) : std::string(fact.of);
  auto it = state_->changed_scores.find(of);
  if (it == state_->changed_scores.end()) it = state_->changed_scores.emplace(of, unpack_scores(state_->scores.find(of))).first;
  auto& scores = it->second;
  const auto at = std::lower_bound(scores.begin(), scores.end(), fact.scheme, [](const Score& one, std::string_view wanted) { return one.scheme < wanted; });
  Score score{std::string(fact.scheme), std::string(fact.text), fact.value, fact.at, fact.due, log_index};
  if (at == scores.end() || at->scheme != fact.scheme)
    scores.insert(at, std::move(score));
  else if (!fact.at.is_set() || at->at <= fact.at)
    *at = std::move(score);
}

std::vector<Match> Index::add_package(PackageId package, const Probe& probe) {
  if (probe.name.empty()) return {};
  state_->more_known[probe.name].push_back({package, probe.version});
  if (const auto ecosystem = ecosystem_of(probe.name); !state_->known_ecosystems.contains(ecosystem)) state_->known_ecosystems.emplace(ecosystem);
  if (state_->record_count() == 0) return {};
  return match(probe);
}

std::vector<Match> Index::match(const Probe& probe) const {
  std::vector<Match> out;
  state_->match(probe, out);
  return out;
}

size_t Index::match(const Probe& probe, std::vector<Match>& out) const {
  const size_t start = out.size();
  state_->match(probe, out);
  return out.size() - start;
}

void Index::match_each(std::span<const Probe> probes, const std::function<void(size_t, std::span<const Match>)>& each) const {
  // Three stages, some probes apart: the slot of the table, the entry that it points to, the search itself.
  constexpr size_t kAhead = 8;
  const auto& state = *state_;
  const bool image_only = state.changes.empty() && state.released.empty();
  std::vector<Match> found;
  uint64_t hashes[4 * kAhead];
  for (size_t i = 0; i < probes.size() + 2 * kAhead; ++i) {
    if (i < probes.size()) {
      auto& h = hashes[i % (4 * kAhead)];
      h = flat::hash(probes[i].name);
      state.names.prefetch(h);
    }
    if (i >= kAhead && i - kAhead < probes.size())
      if (const char* entry = state.names.likely(hashes[(i - kAhead) % (4 * kAhead)]); entry != nullptr) {
        __builtin_prefetch(entry);
        __builtin_prefetch(entry + 64);
        __builtin_prefetch(entry + 128);
      }
    if (i < 2 * kAhead) continue;
    const auto& probe = probes[i - 2 * kAhead];
    found.clear();
    if (image_only && probe.name.find(':') == std::string::npos) {
      // No release in the name, no ecosystem with releases, nothing newer: one look-up is all.
      const auto bytes = state.names.find(probe.name, hashes[(i - 2 * kAhead) % (4 * kAhead)]);
      if (bytes.data() != nullptr) PackageView(bytes).match(probe.version, found);
    } else {
      state.match(probe, found);
    }
    if (!found.empty()) each(i - 2 * kAhead, found);
  }
}

Standing Index::standing(const Probe& probe, RecordId record) const {
  return probe.name.empty() ? Standing::not_affected : state_->words(probe.name, record).standing(probe.version);
}

std::vector<std::string> Index::fixed_versions(const Probe& probe, RecordId record) const {
  auto found = state_->affected(probe.name, record).fixed_versions(probe.version);
  if (found.empty())
    state_->for_other_names(probe.name, [&](const std::string& name, bool) {
      if (found.empty()) found = state_->affected(name, record).fixed_versions(probe.version);
    });
  return found;
}

uint32_t Index::record_count() const { return state_->record_count(); }
std::optional<RecordId> Index::find_record(std::string_view name) const { return state_->find_id(name); }
Record Index::record(RecordId id) const { return unpack_record(id, state_->record_bytes(id)); }
std::string_view Index::vulnerability_id_of(RecordId id) const { return record_head(state_->record_bytes(id)).vulnerability; }
std::vector<RecordId> Index::records_naming(std::string_view name) const { return state_->records_naming(name); }

Vulnerability Index::vulnerability_of(RecordId id) const {
  Vulnerability out;
  out.id = vulnerability_id_of(id);
  std::vector<RecordId> withdrawn;
  for (const auto other : state_->records_naming(out.id)) {
    const auto head = record_head(state_->record_bytes(other));
    if (!equals_ignore_case(head.vulnerability, out.id)) continue;
    (head.withdrawn ? withdrawn : out.records).push_back(other);
  }
  out.withdrawn = out.records.empty();
  out.records.insert(out.records.end(), withdrawn.begin(), withdrawn.end());
  std::set<std::string> names;
  for (const auto other : out.records) {
    const auto record = this->record(other);
    names.emplace(record.name);
    for (const auto alias : record.aliases) names.emplace(alias);
    out.malicious |= record.malicious();
    if (out.summary.empty()) out.summary = record.summary;
    if (record.published.ms > 0 && (!out.published.is_set() || record.published < out.published)) out.published = record.published;
    out.modified = std::max(out.modified, record.modified);
    if (record.withdrawn.is_set() && !out.withdrawn) continue;
    // A newer CVSS before an older one, then the higher score; a bare word only while there is no vector.
    const bool better = record.score >= 0
                            ? out.score < 0 || record.cvss_version > out.cvss_version || (record.cvss_version == out.cvss_version && record.score > out.score)
                            : out.score < 0 && record.severity > out.severity;
    if (!better) continue;
    out.severity = record.severity;
    out.score = record.score;
    out.cvss_version = record.cvss_version;
    out.vector = record.vector;
    if (record.score >= 0) out.cvss_source = record.source;
  }
  names.erase(out.id);
  out.aliases.assign(names.begin(), names.end());
  return out;
}

std::vector<Vulnerability> Index::find_vulnerabilities(std::string_view name) const {
  std::vector<Vulnerability> found;
  for (const auto id : state_->records_naming(name)) {
    const auto vulnerability = vulnerability_id_of(id);
    const bool there = std::any_of(found.begin(), found.end(), [&](const auto& one) { return one.id == vulnerability; });
    if (!there) found.push_back(vulnerability_of(id));
  }
  const auto own = std::find_if(found.begin(), found.end(), [&](const auto& one) { return equals_ignore_case(one.id, name); });
  if (own != found.end()) std::rotate(found.begin(), own, own + 1);
  return found;
}

std::vector<Score> Index::scores_of(std::string_view of) const {
  const std::string name = is_cve(of) ? to_upper(of) : std::string(of);
  if (const auto it = state_->changed_scores.find(name); it != state_->changed_scores.end()) return it->second;
  return unpack_scores(state_->scores.find(name));
}

std::vector<Index::Source> Index::sources() const {
  std::vector<Source> all;
  for (const auto& [name, source] : state_->sources) all.push_back(source);
  return all;
}

bool Index::covers(std::string_view ecosystem) const { return state_->ecosystems.contains(identity::canonical_ecosystem(ecosystem)); }

std::vector<std::string> Index::ecosystems() const {
  std::vector<std::string> all;
  for (const auto& [name, count] : state_->ecosystems) all.push_back(name);
  return all;
}

std::vector<std::pair<PackageId, Standing>> Index::known_packages(RecordId record) const {
  std::vector<std::pair<PackageId, Standing>> found;
  std::set<std::string> seen;
  for (const auto name : this->record(record).packages)
    for (auto& other : state_->touched_names(name)) {
      if (!seen.insert(other).second) continue;
      const auto words = state_->words(other, record);
      state_->for_known(other, [&](PackageId package, std::string_view version) {
        if (const auto standing = words.standing(version); standing != Standing::not_affected) found.emplace_back(package, standing);
      });
    }
  std::sort(found.begin(), found.end());
  return found;
}

// ---- the image
//
// "WBADV002", u32 records, u32 sections, sections × {u64 place, u64 bytes}, then the sections, each 8-byte aligned
std::string Index::to_image() const {
  const auto& state = *state_;
  std::array<std::string, kSections> sections;
  const auto dictionary = [](std::map<std::string, std::string>& entries) {
    std::vector<std::pair<std::string_view, std::string_view>> views;
    for (const auto& [key, value] : entries)
      if (!value.empty()) views.emplace_back(key, value);
    return flat::Dictionary::make(views);
  };
  {
    std::map<std::string, std::string> entries;
    state.names.for_each([&](std::string_view name, std::string_view) { entries.emplace(name, std::string()); });
    for (const auto& [name, changed] : state.changes) entries.emplace(name, std::string());
    for (auto& [name, value] : entries) {
      const auto holding = state.holding(name, state.find_changes(name));
      if (!holding.empty()) value = compile_package(holding);
    }
    sections[kNames] = dictionary(entries);
  }
  {
    std::map<std::string, std::string> entries;
    state.known.for_each([&](std::string_view name, std::string_view) { entries.emplace(name, std::string()); });
    for (const auto& [name, known] : state.more_known) entries.emplace(name, std::string());
    for (auto& [name, value] : entries) state.for_known(name, [&](PackageId package, std::string_view version) { put_known(value, package, version); });
    sections[kKnown] = dictionary(entries);
  }
  {
    std::map<std::string, std::string> ids, mentions;
    std::string records;
    const uint32_t count = state.record_count();
    records.resize((size_t{count} + 1) * 8);
    for (RecordId id = 0; id < count; ++id) {
      flat::put_at(records, size_t{id} * 8, static_cast<uint64_t>(records.size()));
      const auto bytes = state.record_bytes(id);
      records += bytes;
      const auto record = unpack_record(id, bytes);
      flat::put(ids[std::string(record.name)], id);
      std::set<std::string> names = {to_upper(record.name)};
      for (const auto alias : record.aliases) names.insert(to_upper(alias));
      for (const auto& name : names) flat::put(mentions[name], id);
    }
    flat::put_at(records, size_t{count} * 8, static_cast<uint64_t>(records.size()));
    sections[kIds] = dictionary(ids);
    sections[kRecords] = std::move(records);
    sections[kMentions] = dictionary(mentions);
  }
  {
    std::map<std::string, std::string> entries;
    state.scores.for_each([&](std::string_view name, std::string_view value) { entries.emplace(name, value); });
    for (const auto& [name, scores] : state.changed_scores) entries[name] = pack_scores(scores);
    sections[kScores] = dictionary(entries);
  }
  {
    auto& meta = sections[kMeta];
    flat::put(meta, static_cast<uint32_t>(state.ecosystems.size()));
    for (const auto& [name, count] : state.ecosystems) {
      flat::put_text(meta, name);
      flat::put(meta, count);
    }
    flat::put(meta, static_cast<uint32_t>(state.known_ecosystems.size()));
    for (const auto& name : state.known_ecosystems) flat::put_text(meta, name);
    flat::put(meta, static_cast<uint32_t>(state.sources.size()));
    for (const auto& [name, source] : state.sources) {
      flat::put_text(meta, name);
      flat::put(meta, source.records);
      flat::put(meta, source.modified.ms);
      flat::put(meta, source.log_index);
    }
  }
  std::string image(kMagic);
  flat::put(image, state.record_count());
  flat::put(image, static_cast<uint32_t>(kSections));
  image.resize(kHeaderBytes, '\0');
  for (size_t i = 0; i < kSections; ++i) {
    flat::align(image);
    flat::put_at(image, 16 + i * 16, static_cast<uint64_t>(image.size()));
    flat::put_at(image, 24 + i * 16, static_cast<uint64_t>(sections[i].size()));
    image += sections[i];
  }
  flat::align(image);
  return image;
}

Result<Index> Index::open(std::span<const uint8_t> image) {
  const auto bytes = as_text(image);
  if (bytes.size() < kHeaderBytes || bytes.substr(0, kMagic.size()) != kMagic || flat::read<uint32_t>(bytes.data() + 12) != kSections)
    return fail(Error(Code::invalid, "this is no advisory image of this version (expected " + std::string(kMagic) + ")").next("make it again from the log"));
  std::array<std::string_view, kSections> sections;
  for (size_t i = 0; i < kSections; ++i) {
    const auto at = flat::read<uint64_t>(bytes.data() + 16 + i * 16), size = flat::read<uint64_t>(bytes.data() + 24 + i * 16);
    if (at > bytes.size() || size > bytes.size() - at || at % 8 != 0)
      return fail(Error(Code::invalid, "advisory image is cut: section " + std::to_string(i) + " ends beyond its " + std::to_string(bytes.size()) + " bytes")
                      .next("make it again from the log"));
    sections[i] = bytes.substr(at, size);
  }
  Index index;
  auto& state = *index.state_;
  state.image_records = flat::read<uint32_t>(bytes.data() + 8);
  if (sections[kRecords].size() < (size_t{state.image_records} + 1) * 8)
    return fail(Code::invalid, "advisory image is cut: its table of records is shorter than their number");
  state.names = flat::Dictionary(sections[kNames]);
  state.known = flat::Dictionary(sections[kKnown]);
  state.ids = flat::Dictionary(sections[kIds]);
  state.record_table = sections[kRecords];
  state.mentions = flat::Dictionary(sections[kMentions]);
  state.scores = flat::Dictionary(sections[kScores]);
  flat::Reader meta(sections[kMeta]);
  for (auto count = meta.take<uint32_t>(); count > 0 && !meta.empty(); --count) {
    const auto name = meta.take_text();
    state.file_under(name, meta.take<uint32_t>());
  }
  for (auto count = meta.take<uint32_t>(); count > 0 && !meta.empty(); --count) state.known_ecosystems.emplace(meta.take_text());
  for (auto count = meta.take<uint32_t>(); count > 0 && !meta.empty(); --count) {
    Source source;
    source.name = meta.take_text();
    source.records = meta.take<uint32_t>();
    source.modified.ms = meta.take<int64_t>();
    source.log_index = meta.take<uint64_t>();
    state.sources.emplace(source.name, source);
  }
  return index;
}

}  // namespace waybill::advisory
