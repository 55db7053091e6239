#include "waybill/advisory/ranges.h"

#include <algorithm>
#include <optional>

#include "waybill/advisory/flat.h"
#include "waybill/identity/version.h"

namespace waybill::advisory {
namespace {

using What = facts::Affects::Event::What;
using identity::Scheme;

constexpr uint16_t kUnbounded = 1, kTagged = 2;
constexpr uint8_t kUnordered = 1;

std::string successor(std::string key) {
  key += '\0';
  return key;
}

struct Bound {
  std::string key;
  What what;
};

// OSV's evaluation of one range (osv-schema, "Evaluation"), as intervals. nullopt: a bound is no version of the scheme.
std::optional<std::vector<Interval>> intervals_of(const facts::Affects::Range& range, Scheme scheme, std::string_view name, std::vector<Fix>& fixes,
                                                  const std::function<void(std::string)>& warn) {
  std::vector<Bound> bounds;
  std::vector<std::string> limits;
  bool tagged = false, good = true, endless_limit = false;
  for (const auto& event : range.events) {
    std::string key;
    if (event.what == What::limit && event.version == "*") {
      endless_limit = true;
      continue;
    }
    const bool start = event.what == What::introduced && event.version == "0";
    if (!start) {
      if (scheme == Scheme::text || !identity::append_version_key(scheme, event.version, key)) {
        if (scheme != Scheme::text)
          warn(std::string(name) + ": \"" + std::string(event.version.substr(0, 60)) + "\" is no " + std::string(to_string(scheme)) +
               " version: its range is undetermined");
        good = false;
        continue;
      }
      if (scheme == Scheme::go && !identity::is_untagged_go_pseudo_version(event.version)) tagged = true;
    }
    if (event.what == What::fixed) fixes.push_back({key, std::string(event.version)});
    if (event.what == What::limit)
      limits.push_back(key);
    else
      bounds.push_back({std::move(key), event.what});
  }
  if (!good) return std::nullopt;
  std::sort(bounds.begin(), bounds.end(), [](const Bound& a, const Bound& b) { return a.key != b.key ? a.key < b.key : a.what < b.what; });
  std::vector<Interval> found;
  bool inside = false;
  std::string from;
  const auto close = [&](std::string to) {
    if (from < to) found.push_back({from, std::move(to), false, tagged});
    inside = false;
  };
  for (size_t i = 0; i < bounds.size();) {
    size_t next = i;
    bool introduces = false, fixes_here = false, last = false;
    for (; next < bounds.size() && bounds[next].key == bounds[i].key; ++next) {
      introduces |= bounds[next].what == What::introduced;
      fixes_here |= bounds[next].what == What::fixed;
      last |= bounds[next].what == What::last_affected;
    }
    const auto& key = bounds[i].key;
    if (inside) {
      // Fixed and introduced at one version: it goes on from there.
      if (fixes_here && !introduces)
        close(key);
      else if (last)
        close(successor(key));
    } else if (introduces && !fixes_here) {
      inside = true;
      from = key;
      if (last) close(successor(key));
    }
    i = next;
  }
  if (inside) found.push_back({from, {}, true, tagged});
  if (!limits.empty() && !endless_limit) {
    const auto limit = *std::max_element(limits.begin(), limits.end());
    std::erase_if(found, [&](const Interval& one) { return one.from >= limit; });
    for (auto& one : found)
      if (one.unbounded || one.to > limit) {
        one.unbounded = false;
        one.to = limit;
      }
  }
  return found;
}

bool contains(const Interval& interval, std::string_view key) { return interval.from <= key && (interval.unbounded || key < interval.to); }

void put_short(std::string& out, std::string_view text) {
  flat::put(out, static_cast<uint16_t>(text.size()));
  out += text;
}

uint64_t prefix_of(std::string_view key) {
  char bytes[8] = {};
  std::memcpy(bytes, key.data(), std::min<size_t>(8, key.size()));
  return __builtin_bswap64(flat::read<uint64_t>(bytes));
}

}  // namespace

void add_ranges(Affected& to, const facts::Affects::Package& package, Scheme scheme, const std::function<void(std::string)>& warn) {
  bool orderable = false, other = false;
  for (const auto& range : package.ranges) {
    if (range.type == facts::Affects::Range::Type::git) {
      other = true;
      continue;
    }
    auto intervals = intervals_of(range, scheme, package.name, to.fixes, warn);
    if (!intervals) {
      // Unreadable bounds, but every version listed: the list says it all.
      if (package.versions.empty()) to.unordered = true;
      continue;
    }
    orderable = true;
    std::move(intervals->begin(), intervals->end(), std::back_inserter(to.intervals));
  }
  // Commits cannot be ordered without the repository: without a list of versions nothing is certain.
  if (other && !orderable && package.versions.empty()) to.unordered = true;
  std::string key;
  for (const auto version : package.versions) {
    key.clear();
    if (version.empty()) continue;
    if (identity::append_version_key(scheme, version, key)) {
      if (std::any_of(to.intervals.begin(), to.intervals.end(), [&](const Interval& one) { return contains(one, key); })) continue;
      to.intervals.push_back({key, successor(key), false, false});
    } else {
      to.texts.emplace_back(version);
    }
  }
}

void finish_ranges(Affected& affected) {
  auto& all = affected.intervals;
  std::sort(all.begin(), all.end(), [](const Interval& a, const Interval& b) {
    if (a.tagged != b.tagged) return a.tagged < b.tagged;
    return a.from < b.from;
  });
  std::vector<Interval> joined;
  for (auto& one : all) {
    if (!joined.empty() && joined.back().tagged == one.tagged && (joined.back().unbounded || one.from <= joined.back().to)) {
      auto& last = joined.back();
      if (one.unbounded)
        last.unbounded = true;
      else if (!last.unbounded && one.to > last.to)
        last.to = std::move(one.to);
      continue;
    }
    joined.push_back(std::move(one));
  }
  // A single version inside a tagged interval of the same record says nothing new about its neighbours but is certain
  // itself, so it stays: certain knowledge wins over "among tags" (see standing).
  all = std::move(joined);
  std::sort(affected.fixes.begin(), affected.fixes.end(), [](const Fix& a, const Fix& b) { return a.key != b.key ? a.key < b.key : a.text < b.text; });
  affected.fixes.erase(std::unique(affected.fixes.begin(), affected.fixes.end(), [](const Fix& a, const Fix& b) { return a.key == b.key; }),
                       affected.fixes.end());
  std::sort(affected.texts.begin(), affected.texts.end());
  affected.texts.erase(std::unique(affected.texts.begin(), affected.texts.end()), affected.texts.end());
}

std::string to_flat(const Affected& affected) {
  std::string out;
  flat::put(out, static_cast<uint8_t>(affected.unordered ? kUnordered : 0));
  flat::put(out, static_cast<uint32_t>(affected.intervals.size()));
  flat::put(out, static_cast<uint32_t>(affected.fixes.size()));
  flat::put(out, static_cast<uint32_t>(affected.texts.size()));
  for (const auto& one : affected.intervals) {
    flat::put(out, static_cast<uint16_t>((one.unbounded ? kUnbounded : 0) | (one.tagged ? kTagged : 0)));
    put_short(out, one.from);
    put_short(out, one.to);
  }
  for (const auto& fix : affected.fixes) {
    put_short(out, fix.key);
    put_short(out, fix.text);
  }
  for (const auto& text : affected.texts) put_short(out, text);
  return out;
}

Standing AffectedView::standing(std::string_view version) const {
  if (bytes_.empty()) return Standing::not_affected;
  flat::Reader in(bytes_);
  const bool unordered = (in.take<uint8_t>() & kUnordered) != 0;
  const auto intervals = in.take<uint32_t>(), fixes = in.take<uint32_t>(), texts = in.take<uint32_t>();
  const auto kind = version.empty() ? VersionKind::text : static_cast<VersionKind>(version.front());
  const auto key = version.substr(std::min<size_t>(1, version.size()));
  bool among_tags = false;
  for (uint32_t i = 0; i < intervals; ++i) {
    const auto flags = in.take<uint16_t>();
    const auto from = in.take_bytes(in.take<uint16_t>());
    const auto to = in.take_bytes(in.take<uint16_t>());
    if (kind == VersionKind::text || key < from || ((flags & kUnbounded) == 0 && key >= to)) continue;
    if ((flags & kTagged) == 0 || kind == VersionKind::ordered) return Standing::affected;
    among_tags = true;
  }
  if (among_tags) return Standing::undetermined;
  if (kind != VersionKind::text) return unordered ? Standing::undetermined : Standing::not_affected;
  for (uint32_t i = 0; i < fixes; ++i) {
    in.take_bytes(in.take<uint16_t>());
    in.take_bytes(in.take<uint16_t>());
  }
  for (uint32_t i = 0; i < texts; ++i)
    if (in.take_bytes(in.take<uint16_t>()) == key) return Standing::affected;
  return Standing::undetermined;
}

std::vector<std::string> AffectedView::fixed_versions(std::string_view version) const {
  std::vector<std::string> found;
  const bool ordered = !version.empty() && static_cast<VersionKind>(version.front()) != VersionKind::text;
  const auto key = version.substr(std::min<size_t>(1, version.size()));
  for (auto& fix : to_affected().fixes)
    if (!ordered || fix.key > key) found.push_back(std::move(fix.text));
  return found;
}

Affected AffectedView::to_affected() const {
  Affected out;
  flat::Reader in(bytes_);
  out.unordered = (in.take<uint8_t>() & kUnordered) != 0;
  const auto intervals = in.take<uint32_t>(), fixes = in.take<uint32_t>(), texts = in.take<uint32_t>();
  for (uint32_t i = 0; i < intervals && !in.empty(); ++i) {
    const auto flags = in.take<uint16_t>();
    auto& one = out.intervals.emplace_back();
    one.unbounded = (flags & kUnbounded) != 0;
    one.tagged = (flags & kTagged) != 0;
    one.from = in.take_bytes(in.take<uint16_t>());
    one.to = in.take_bytes(in.take<uint16_t>());
  }
  for (uint32_t i = 0; i < fixes && !in.empty(); ++i) {
    auto& fix = out.fixes.emplace_back();
    fix.key = in.take_bytes(in.take<uint16_t>());
    fix.text = in.take_bytes(in.take<uint16_t>());
  }
  for (uint32_t i = 0; i < texts && !in.empty(); ++i) out.texts.emplace_back(in.take_bytes(in.take<uint16_t>()));
  return out;
}

// ---- all records of one package
//
// header   8 × u32: affected, boundaries, texts, and where prefixes, boundaries, sets, affected and texts begin
// prefixes u64 each: the first eight bytes of a boundary's key, as a number that compares like them
// boundary {u32 key, u32 key bytes, u32 set, u32 set size}: the segment from this key to the next
// sets     u32 each: record × 2 + tagged, in order of record
// affected {u32 record, u32 place, u32 bytes, u32 unordered}, in order of record
// texts    {u32 record, u32 place, u32 bytes, 0}, in order of record
constexpr size_t kHeaderBytes = 32;

PackageView::PackageView(std::string_view bytes) : bytes_(bytes) {
  if (bytes.size() < kHeaderBytes) {
    bytes_ = {};
    return;
  }
  const char* at = bytes.data();
  affected_ = flat::read<uint32_t>(at);
  boundaries_ = flat::read<uint32_t>(at + 4);
  texts_ = flat::read<uint32_t>(at + 8);
  prefixes_at_ = flat::read<uint32_t>(at + 12);
  boundaries_at_ = flat::read<uint32_t>(at + 16);
  sets_at_ = flat::read<uint32_t>(at + 20);
  affected_at_ = flat::read<uint32_t>(at + 24);
  texts_at_ = flat::read<uint32_t>(at + 28);
  const auto fits = [&](uint32_t place, size_t count, size_t each) { return place <= bytes.size() && count * each <= bytes.size() - place; };
  if (!fits(prefixes_at_, boundaries_, 8) || !fits(boundaries_at_, boundaries_, 16) || !fits(affected_at_, size_t{affected_} * 16 + 8, 1) ||
      !fits(texts_at_, texts_, 16) || sets_at_ > bytes.size()) {
    bytes_ = {};
    affected_ = boundaries_ = texts_ = 0;
  }
}

std::string_view PackageView::part(uint32_t at, size_t bytes) const {
  return at <= bytes_.size() && bytes <= bytes_.size() - at ? bytes_.substr(at, bytes) : std::string_view();
}

void PackageView::match(std::string_view version, std::vector<Match>& out) const {
  if (affected_ == 0) return;
  const size_t start = out.size();
  const auto kind = version.empty() ? VersionKind::text : static_cast<VersionKind>(version.front());
  const auto key = version.substr(std::min<size_t>(1, version.size()));
  const char* base = bytes_.data();
  if (kind == VersionKind::text) {
    for (uint32_t i = 0; i < affected_; ++i) out.push_back({flat::read<uint32_t>(base + affected_at_ + size_t{i} * 16), Standing::undetermined});
    for (uint32_t i = 0; i < texts_; ++i) {
      const char* at = base + texts_at_ + size_t{i} * 16;
      if (part(flat::read<uint32_t>(at + 4), flat::read<uint32_t>(at + 8)) != key) continue;
      const Match wanted{flat::read<uint32_t>(at), Standing::not_affected};
      const auto found = std::lower_bound(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), wanted);
      if (found != out.end() && found->record == wanted.record) found->standing = Standing::affected;
    }
    return;
  }
  // The last boundary that is not after the key.
  const uint64_t prefix = prefix_of(key);
  const char* prefixes = base + prefixes_at_;
  uint32_t low = 0, count = boundaries_;
  while (count > 0) {
    const uint32_t half = count / 2, middle = low + half;
    const auto there = flat::read<uint64_t>(prefixes + size_t{middle} * 8);
    bool not_after = there < prefix;
    if (there == prefix) {
      const char* boundary = base + boundaries_at_ + size_t{middle} * 16;
      not_after = part(flat::read<uint32_t>(boundary), flat::read<uint32_t>(boundary + 4)) <= key;
    }
    low = not_after ? middle + 1 : low;
    count = not_after ? count - half - 1 : half;
  }
  if (low > 0) {
    const char* boundary = base + boundaries_at_ + size_t{low - 1} * 16;
    const auto set = part(sets_at_ + flat::read<uint32_t>(boundary + 8) * 4, size_t{flat::read<uint32_t>(boundary + 12)} * 4);
    const size_t members = set.size() / 4;
    out.resize(start + members);
    Match* to = out.data() + start;
    for (size_t i = 0; i < members; ++i) {
      const auto member = flat::read<uint32_t>(set.data() + i * 4);
      to[i] = {member >> 1, (member & 1) != 0 && kind == VersionKind::ordered_untagged ? Standing::undetermined : Standing::affected};
    }
  }
  // Ranges that cannot be ordered: rare, so they are looked for one by one.
  if (flat::read<uint32_t>(base + affected_at_ + size_t{affected_} * 16) == 0) return;
  for (uint32_t i = 0; i < affected_; ++i) {
    const char* at = base + affected_at_ + size_t{i} * 16;
    if (flat::read<uint32_t>(at + 12) == 0) continue;
    const auto record = flat::read<uint32_t>(at);
    const bool there = std::any_of(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), [&](const Match& match) { return match.record == record; });
    if (!there) out.push_back({record, Standing::undetermined});
  }
  std::sort(out.begin() + static_cast<std::ptrdiff_t>(start), out.end());
}

AffectedView PackageView::affected(RecordId record) const {
  uint32_t low = 0, high = affected_;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const char* at = bytes_.data() + affected_at_ + size_t{middle} * 16;
    const auto there = flat::read<uint32_t>(at);
    if (there == record) return AffectedView(part(flat::read<uint32_t>(at + 4), flat::read<uint32_t>(at + 8)));
    if (there < record)
      low = middle + 1;
    else
      high = middle;
  }
  return AffectedView({});
}

std::vector<RecordId> PackageView::records() const {
  std::vector<RecordId> found;
  for (uint32_t i = 0; i < affected_; ++i) found.push_back(flat::read<uint32_t>(bytes_.data() + affected_at_ + size_t{i} * 16));
  return found;
}

std::string compile_package(std::span<const std::pair<RecordId, std::string_view>> records) {
  struct Edge {
    std::string_view key;
    uint32_t member;  // record × 2 + tagged
    bool opens;
  };
  struct Text {
    RecordId record;
    std::string_view text;
  };
  std::vector<Affected> decoded;
  decoded.reserve(records.size());
  std::vector<Edge> edges;
  std::vector<Text> texts;
  bool any_unordered = false;
  for (const auto& [record, bytes] : records) {
    const auto& affected = decoded.emplace_back(AffectedView(bytes).to_affected());
    any_unordered |= affected.unordered;
    for (const auto& one : affected.intervals) {
      const uint32_t member = record * 2 + (one.tagged ? 1 : 0);
      edges.push_back({one.from, member, true});
      if (!one.unbounded) edges.push_back({one.to, member, false});
    }
    for (const auto& text : affected.texts) texts.push_back({record, text});
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
    return a.key != b.key ? a.key < b.key : a.opens != b.opens ? b.opens : a.member < b.member;
  });

  struct Segment {
    std::string_view key;
    uint32_t set, members;
  };
  std::vector<Segment> segments;
  std::vector<uint32_t> sets;
  std::vector<uint32_t> active;  // sorted
  std::vector<uint32_t> shown;
  for (size_t i = 0; i < edges.size();) {
    const auto key = edges[i].key;
    for (; i < edges.size() && edges[i].key == key; ++i) {
      const auto at = std::lower_bound(active.begin(), active.end(), edges[i].member);
      if (edges[i].opens)
        active.insert(at, edges[i].member);
      else if (at != active.end() && *at == edges[i].member)
        active.erase(at);
    }
    // Where a record holds with and without tags, the certain one is shown.
    shown.clear();
    for (const auto member : active)
      if (shown.empty() || shown.back() >> 1 != member >> 1) shown.push_back(member);
    if (!segments.empty() && segments.back().members == shown.size() && std::equal(shown.begin(), shown.end(), sets.begin() + segments.back().set)) continue;
    segments.push_back({key, static_cast<uint32_t>(sets.size()), static_cast<uint32_t>(shown.size())});
    sets.insert(sets.end(), shown.begin(), shown.end());
  }

  std::string out(kHeaderBytes, '\0');
  flat::put_at(out, 0, static_cast<uint32_t>(records.size()));
  flat::put_at(out, 4, static_cast<uint32_t>(segments.size()));
  flat::put_at(out, 8, static_cast<uint32_t>(texts.size()));
  flat::put_at(out, 12, static_cast<uint32_t>(out.size()));
  for (const auto& segment : segments) flat::put(out, prefix_of(segment.key));
  const size_t boundaries_at = out.size();
  flat::put_at(out, 16, static_cast<uint32_t>(boundaries_at));
  for (const auto& segment : segments) {
    flat::put(out, uint32_t{0});
    flat::put(out, static_cast<uint32_t>(segment.key.size()));
    flat::put(out, segment.set);
    flat::put(out, segment.members);
  }
  flat::put_at(out, 20, static_cast<uint32_t>(out.size()));
  for (const auto member : sets) flat::put(out, member);
  flat::align(out);
  const size_t affected_at = out.size();
  flat::put_at(out, 24, static_cast<uint32_t>(affected_at));
  for (size_t i = 0; i < records.size(); ++i) {
    flat::put(out, records[i].first);
    flat::put(out, uint32_t{0});
    flat::put(out, static_cast<uint32_t>(records[i].second.size()));
    flat::put(out, static_cast<uint32_t>(decoded[i].unordered ? 1 : 0));
  }
  flat::put(out, static_cast<uint64_t>(any_unordered ? 1 : 0));
  const size_t texts_at = out.size();
  flat::put_at(out, 28, static_cast<uint32_t>(texts_at));
  for (const auto& text : texts) {
    flat::put(out, text.record);
    flat::put(out, uint32_t{0});
    flat::put(out, static_cast<uint32_t>(text.text.size()));
    flat::put(out, uint32_t{0});
  }
  for (size_t i = 0; i < segments.size(); ++i) {
    flat::put_at(out, boundaries_at + i * 16, static_cast<uint32_t>(out.size()));
    out += segments[i].key;
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    flat::put_at(out, texts_at + i * 16 + 4, static_cast<uint32_t>(out.size()));
    out += texts[i].text;
  }
  for (size_t i = 0; i < records.size(); ++i) {
    flat::put_at(out, affected_at + i * 16 + 4, static_cast<uint32_t>(out.size()));
    out += records[i].second;
  }
  return out;
}

}  // namespace waybill::advisory
