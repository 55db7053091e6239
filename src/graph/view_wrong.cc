// Vulnerabilities, and the way from one to what runs it.
#include <algorithm>
#include <bit>

#include "waybill/advisory/cvss.h"
#include "waybill/graph/ask.h"
#include "waybill/graph/graph.h"

namespace waybill::graph {
namespace {

Match answer(const Ask& ask, const MatchRow& row) {
  const Store& s = ask.store();
  Match match;
  match.vulnerability = Id(Kind::vulnerability, row.vulnerability);
  match.package = Id(Kind::package, row.package);
  match.known_entry = row.known;
  match.known_at = ask.time_of(row.known);
  const uint8_t* at = s.record(row.detail);
  match.advisory = s.text(static_cast<uint32_t>(read_varint(at)));
  match.undetermined = *at++ != 0;
  for (uint64_t n = read_varint(at); n > 0; --n) match.fixed.push_back(s.text(static_cast<uint32_t>(read_varint(at))));
  // The halves: who listed the package first, and what brought the record as it was when they met.
  bool found = false;
  s.listed_in.for_each(row.package, kNever, [&](uint32_t inventory) {
    if (!found) match.package_entry = s.inventories[inventory].entry;
    found = true;
  });
  const uint32_t first = s.advisory_index.find(s.hash(match.advisory), [&](uint32_t number) { return s.text(s.advisories[number - 1].id) == match.advisory; });
  if (first != 0) {
    match.advisory_entry = s.advisories[first - 1].entry;
    for (uint32_t a = load(s.advisories[first - 1].previous); a != 0 && a != first; a = s.advisories[a - 1].previous) {
      if (!ask.sees(s.advisories[a - 1].entry)) continue;
      match.advisory_entry = s.advisories[a - 1].entry;
      break;
    }
  }
  return match;
}

// Rows of one (vulnerability, package) that several records witness become one.
void merge(std::vector<Match>& matches) {
  std::sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) {
    return std::tie(a.vulnerability, a.package, a.undetermined, a.known_entry, a.advisory) <
           std::tie(b.vulnerability, b.package, b.undetermined, b.known_entry, b.advisory);
  });
  size_t out = 0;
  for (size_t i = 0; i < matches.size(); ++i) {
    if (out > 0 && matches[out - 1].vulnerability == matches[i].vulnerability && matches[out - 1].package == matches[i].package) {
      Match& one = matches[out - 1];
      if (matches[i].known_entry < one.known_entry) {
        one.known_entry = matches[i].known_entry;
        one.known_at = matches[i].known_at;
      }
      for (const Text version : matches[i].fixed) {
        if (std::find(one.fixed.begin(), one.fixed.end(), version) == one.fixed.end()) one.fixed.push_back(version);
      }
    } else {
      if (out != i) matches[out] = std::move(matches[i]);
      ++out;
    }
  }
  matches.resize(out);
}

}  // namespace

std::vector<Match> View::vulnerabilities(Id artifact) const {
  const Ask ask(*this);
  std::vector<Match> out;
  for (const uint32_t package : ask.packages_of(artifact)) {
    ask.for_each_match(Id(Kind::package, package), [&](const MatchRow& row) { out.push_back(answer(ask, row)); });
  }
  merge(out);
  return out;
}

std::vector<Match> View::matches_of(Id id) const {
  const Ask ask(*this);
  std::vector<Match> out;
  if (id.kind() != Kind::package && id.kind() != Kind::vulnerability) return out;
  ask.for_each_match(id, [&](const MatchRow& row) { out.push_back(answer(ask, row)); });
  merge(out);
  return out;
}

std::optional<Vulnerability> View::vulnerability(Id id) const {
  const Ask ask(*this);
  if (!ask.sees(id) || id.kind() != Kind::vulnerability) return std::nullopt;
  Vulnerability out;
  out.id = id;
  out.name = text(id);
  out.first_entry = store_->node(id).entry;
  bool any = false, any_in_force = false;
  int best = -1;  // of the score shown: 4.0 before 3.1 before 3.0 before 2.0, then the higher
  facts::Severity word = facts::Severity::unknown;
  Time withdrawn;
  const auto take_text = [](Text& to, Text from) {
    if (to.empty()) to = from;
  };
  ask.for_each_touch(id, [&](const TouchRow& touch) {
    if (touch.kind == static_cast<uint32_t>(FactKind::affects)) {
      const AdvisoryRow& row = store_->advisories[touch.record];
      if (!ask.holds(row.entry, load(row.replaced))) return true;
      const auto fact = ask.unpack<facts::Affects>(row.record);
      any = true;
      out.entries.push_back(row.entry);
      const auto name = [&](Text other) {
        if (other != out.name && std::find(out.aliases.begin(), out.aliases.end(), other) == out.aliases.end()) out.aliases.push_back(other);
      };
      name(fact.id);
      if (row.withdrawn != 0) {
        withdrawn = std::max(withdrawn, fact.withdrawn);
        return true;
      }
      any_in_force = true;
      for (const Text alias : fact.aliases) name(alias);
      take_text(out.summary, fact.summary);
      take_text(out.details, fact.details);
      for (const Text reference : fact.references) {
        if (std::find(out.references.begin(), out.references.end(), reference) == out.references.end()) out.references.push_back(reference);
      }
      if (fact.published.is_set() && (!out.published.is_set() || fact.published < out.published)) out.published = fact.published;
      out.modified = std::max(out.modified, fact.modified);
      word = std::max(word, facts::parse_severity(fact.severity));
      for (const auto& package : fact.affected) word = std::max(word, facts::parse_severity(package.severity));
      for (const auto& score : fact.scores) {
        const auto cvss = advisory::parse_cvss(score.hex);
        if (!cvss) continue;
        const int rank = static_cast<int>(cvss->version);
        if (rank < best || (rank == best && cvss->score <= out.score)) continue;
        best = rank;
        out.score = cvss->score;
        out.severity = cvss->severity;
        out.score_scheme = advisory::to_string(cvss->version);
        out.vector = score.hex;
        out.score_source = fact.source;
      }
      return true;
    }
    if (touch.kind != static_cast<uint32_t>(FactKind::scored)) return true;
    const auto fact = ask.unpack<facts::Scored>(touch.record);  // newest first: the first of a scheme holds
    if (fact.scheme == "epss" && out.epss < 0) {
      out.epss = fact.value;
      out.epss_at = fact.at;
      out.entries.push_back(touch.entry);
    } else if (fact.scheme == "epss-percentile" && out.epss_percentile < 0) {
      out.epss_percentile = fact.value;
      out.entries.push_back(touch.entry);
    } else if (fact.scheme == "kev" && !out.known_exploited) {
      out.known_exploited = true;
      out.exploited_since = fact.at;
      out.exploited_due = fact.due;
      out.ransomware = facts::Text(fact.text).find("ansomware") != facts::Text::npos;
      out.entries.push_back(touch.entry);
    }
    return true;
  });
  if (out.severity == facts::Severity::unknown) out.severity = word;
  if (any && !any_in_force) out.withdrawn = withdrawn;
  std::sort(out.entries.begin(), out.entries.end());
  out.entries.erase(std::unique(out.entries.begin(), out.entries.end()), out.entries.end());
  std::sort(out.aliases.begin(), out.aliases.end());
  return out;
}

namespace {

// Calls f(artifact) for what is or was deployed and lists the package as of the view; an artifact may come twice.
template <class F>
void for_each_deployed(const Ask& ask, uint32_t package, uint32_t slot_limit, F&& f) {
  const Store& s = ask.store();
  s.deployed_in.for_each(package, slot_limit, [&](uint32_t slot) {
    const SlotRow& row = s.slots[slot];
    if (ask.holds(row.entry, load(row.superseded))) f(Id::of_value(row.artifact));
  });
}

// Numbers by row, all 0 at first and again at the end. A flat table that stays with the thread beats a hash table.
template <int kTable>
class Marks {
 public:
  explicit Marks(uint32_t rows) {
    if (table_.size() < rows) table_.resize(rows);
    at_ = table_.data();
  }
  Marks(const Marks&) = delete;
  Marks& operator=(const Marks&) = delete;
  ~Marks() {
    for (const uint32_t row : used_) at_[row] = 0;
  }
  uint32_t operator[](uint32_t row) const { return at_[row]; }
  uint32_t set(uint32_t row, uint32_t mark) {
    if (at_[row] == 0) used_.push_back(row);
    return at_[row] = mark;
  }

 private:
  static thread_local std::vector<uint32_t> table_;
  uint32_t* at_;
  std::vector<uint32_t> used_;
};
template <int kTable>
thread_local std::vector<uint32_t> Marks<kTable>::table_;

constexpr uint32_t kRunsNot = 1;  // else index in Trace::artifacts + 2

}  // namespace

std::vector<Id> View::running_vulnerabilities() const {
  const Ask ask(*this);
  std::vector<Id> out;
  const uint32_t slots = rows_before(store_->slots, ask.size());
  const auto& rows = store_->nodes[static_cast<size_t>(Kind::vulnerability)];
  for (uint32_t n = 0, count = rows_before(rows, ask.size()); n < count; ++n) {
    const Id id(Kind::vulnerability, n);
    bool runs = false;
    if (load(store_->extra(id).a) == 0) continue;
    ask.for_each_match(id, [&](const MatchRow& match) {
      if (runs || store_->deployed_in.is_empty(match.package)) return;
      for_each_deployed(ask, match.package, slots, [&](Id artifact) { runs = runs || ask.runs_somewhere(artifact); });
    });
    if (runs) out.push_back(id);
  }
  return out;
}

uint32_t View::deployments_hit(Id vulnerability) const { return trace(vulnerability, {.count_undeployed = false, .texts = false}).total_deployments; }

Trace View::trace(Id id, const TraceOptions& options) const {
  const Ask ask(*this);
  const Store& s = *store_;
  Trace out;
  out.of = id;
  if (!ask.sees(id)) return out;

  const uint32_t artifacts = rows_before(s.nodes[static_cast<size_t>(Kind::artifact)], ask.size());
  Marks<0> met(artifacts);
  const auto meet = [&](Id artifact) -> uint32_t {
    if (artifact.kind() != Kind::artifact || artifact.number() >= artifacts) return kRunsNot;
    if (const uint32_t there = met[artifact.number()]) return there;
    uint32_t mark = kRunsNot;
    ask.for_each_deployment(artifact, [&](const DeploymentRow& row) {
      if (!ask.is_running(row)) return true;
      if (mark == kRunsNot) {
        mark = static_cast<uint32_t>(out.artifacts.size()) + 2;
        out.artifacts.push_back({artifact, {}, {}, true});
      }
      out.runs.emplace_back(mark - 2, static_cast<uint32_t>(out.deployments.size()));
      out.deployments.push_back(ask.deployment(row, options.texts));
      return true;
    });
    return met.set(artifact.number(), mark);
  };

  switch (id.kind()) {
    case Kind::vulnerability:
    case Kind::package: {
      struct Hit {
        uint32_t package;
        const MatchRow* match;
      };
      std::vector<Hit> hits;  // by package, each once, the match that is known longest
      if (id.kind() == Kind::package)
        hits.push_back({id.number(), nullptr});
      else
        ask.for_each_match(id, [&](const MatchRow& row) { hits.push_back({row.package, &row}); });
      std::reverse(hits.begin(), hits.end());  // one record's packages stand in order, newest first
      const auto before = [](const Hit& a, const Hit& b) {
        return a.package != b.package ? a.package < b.package : a.match != nullptr && b.match != nullptr && a.match->known < b.match->known;
      };
      if (!std::is_sorted(hits.begin(), hits.end(), before)) std::sort(hits.begin(), hits.end(), before);
      hits.erase(std::unique(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.package == b.package; }), hits.end());
      for (const Hit& hit : hits) s.deployed_in.prefetch(hit.package);
      for (const Hit& hit : hits) s.deployed_in.prefetch_block(hit.package);
      for (const Hit& hit : hits) s.deployed_in.prefetch_values(hit.package);
      std::vector<uint32_t> shown(hits.size(), kNever);  // index in out.packages
      const auto show = [&](size_t h) {
        if (shown[h] != kNever) return shown[h];
        shown[h] = static_cast<uint32_t>(out.packages.size());
        Trace::Package package;
        package.id = Id(Kind::package, hits[h].package);
        if (hits[h].match != nullptr) package.entry = hits[h].match->known;
        if (options.texts) {
          package.purl = s.text(package.id);
          if (hits[h].match != nullptr) {
            const uint8_t* at = s.record(hits[h].match->detail);
            read_varint(at);
            ++at;
            for (uint64_t n = read_varint(at); n > 0; --n) package.fixed.push_back(s.text(static_cast<uint32_t>(read_varint(at))));
          }
        }
        out.packages.push_back(std::move(package));
        return shown[h];
      };
      // A slot is looked at once; after that its artifact is one small look-up away.
      const uint32_t slots = rows_before(s.slots, ask.size());
      Marks<1> of_slot(slots);
      std::vector<uint32_t> last_hit;  // of an artifact shown: two lists of one artifact make one edge
      for (size_t h = 0; h < hits.size(); ++h) {
        s.deployed_in.for_each(hits[h].package, slots, [&](uint32_t slot) {
          uint32_t mark = of_slot[slot];
          if (mark == 0) {
            const SlotRow& row = s.slots[slot];
            mark = of_slot.set(slot, ask.holds(row.entry, load(row.superseded)) ? meet(Id::of_value(row.artifact)) : kRunsNot);
            if (last_hit.size() < out.artifacts.size()) last_hit.resize(out.artifacts.size(), kNever);
          }
          if (mark == kRunsNot) return;
          if (std::exchange(last_hit[mark - 2], static_cast<uint32_t>(h)) != h) out.contains.emplace_back(show(h), mark - 2);
        });
      }
      out.total_packages = static_cast<uint32_t>(hits.size());
      out.total_artifacts = static_cast<uint32_t>(out.artifacts.size());
      if (!options.count_undeployed) break;
      const uint32_t limit = rows_before(s.inventories, ask.size());
      std::vector<uint64_t> bits((size_t{limit} / 65536 + 1) * 1024);
      for (const Hit& hit : hits) s.listed_in.mark(hit.package, limit, bits.data());
      for (uint32_t w = 0; w < (limit + 63) / 64; ++w) {
        for (uint64_t word = bits[w]; word != 0; word &= word - 1) {
          const InventoryRow& row = s.inventories[w * 64 + static_cast<uint32_t>(std::countr_zero(word))];
          const Id artifact = Id::of_value(row.subject);
          if (artifact.kind() != Kind::artifact || artifact.number() >= artifacts || !ask.in_force(row)) continue;
          if (met[artifact.number()] > kRunsNot) continue;
          met.set(artifact.number(), kNever);  // counted
          if (++out.not_deployed > options.max_undeployed) continue;
          const auto index = static_cast<uint32_t>(out.artifacts.size());
          out.artifacts.push_back({artifact, {}, {}, false});
          size_t h = 0;
          for (const uint32_t package : ask.packages_of(artifact)) {
            while (h < hits.size() && hits[h].package < package) ++h;
            if (h < hits.size() && hits[h].package == package) out.contains.emplace_back(show(h), index);
          }
        }
      }
      out.total_artifacts += out.not_deployed;
      break;
    }
    case Kind::artifact:
      if (meet(id) < 2) {
        out.artifacts.push_back({id, {}, {}, false});
        out.not_deployed = 1;
      }
      break;
    case Kind::source:
      for (const Id artifact : built_into(id)) {
        if (artifact.kind() != Kind::artifact || meet(artifact) >= 2) continue;
        ++out.not_deployed;
        if (out.not_deployed <= options.max_undeployed) out.artifacts.push_back({artifact, {}, {}, false});
      }
      break;
    case Kind::place:
      if (const auto deployment = running(id)) meet(deployment->artifact);
      break;
    case Kind::service:
    case Kind::environment:
      for (const Id where : all(Kind::place)) {
        const auto [service, environment] = service_and_environment(where);
        if (service != id && environment != id) continue;
        if (const auto deployment = running(where)) meet(deployment->artifact);
      }
      break;
    default: break;
  }
  if (id.kind() != Kind::vulnerability && id.kind() != Kind::package) out.total_artifacts = static_cast<uint32_t>(out.artifacts.size());
  // An artifact may run elsewhere too: asked for a place, a service or an environment, only what runs there is meant.
  if (id.kind() == Kind::place || id.kind() == Kind::service || id.kind() == Kind::environment) {
    std::vector<Deployment> here;
    std::vector<std::pair<uint32_t, uint32_t>> runs;
    for (const auto& [artifact, deployment] : out.runs) {
      const Deployment& one = out.deployments[deployment];
      if (one.place != id && one.service != id && one.environment != id) continue;
      runs.emplace_back(artifact, static_cast<uint32_t>(here.size()));
      here.push_back(one);
    }
    out.deployments = std::move(here);
    out.runs = std::move(runs);
  }
  out.total_deployments = static_cast<uint32_t>(out.deployments.size());
  for (auto& artifact : out.artifacts) {
    if (!options.texts) break;
    artifact.digest = s.text(artifact.id);
    artifact.name = name(artifact.id);
  }
  return out;
}

}  // namespace waybill::graph
