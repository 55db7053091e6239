#include "waybill/policy/verdict.h"

#include <algorithm>
#include <set>

#include <absl/container/flat_hash_set.h>

#include "waybill/base/json_out.h"
#include "waybill/policy/exceptions.h"
#include "waybill/policy/frame.h"

namespace waybill::policy {
namespace {

using Said = RuleOutcome::Said;

Said read_said(const rego::Value& value, std::string_view subject) {
  Said said;
  said.on = subject;
  if (value.is_string()) {
    said.message = value.text();
    return said;
  }
  if (!value.is_object()) {
    said.message = "the rule gave a finding that is neither a sentence nor an object: " + value.to_json();
    return said;
  }
  said.message = value["message"].string_or("");
  if (said.message.empty()) said.message = "the rule gave a finding without a message: " + value.to_json();
  if (const auto on = value["on"]; on.is_string()) said.on = on.text();
  said.fix = value["fix"].string_or("");
  if (const auto flip = value["flip"]; flip.is_object()) said.flip_json = flip.to_json();
  if (const auto location = value["location"]; location.is_object()) said.location_json = location.to_json();
  const auto entries = value["entries"];
  for (const auto& entry : entries.items()) said.entries.push_back(static_cast<uint64_t>(entry.int_or(0)));
  for (const auto& entry : entries.elements()) said.entries.push_back(static_cast<uint64_t>(entry.int_or(0)));
  if (const auto verdict = value["verdict"]; verdict.is_string()) said.verdict = find_verdict(verdict.text());
  return said;
}

void read_findings(const rego::Value& set, std::string_view subject, std::vector<Said>& out) {
  for (const auto& element : set.elements()) out.push_back(read_said(element, subject));
  for (const auto& item : set.items()) out.push_back(read_said(item, subject));
  for (auto& said : out) {
    // RFC 8785 form, so that the decision is canonical.
    for (auto* json : {&said.flip_json, &said.location_json})
      if (!json->empty())
        if (auto canonical = canonical_json(*json)) *json = std::move(*canonical);
  }
  std::sort(out.begin(), out.end(), [](const Said& a, const Said& b) { return std::tie(a.on, a.message) < std::tie(b.on, b.message); });
}

// Which words an entry of a slice goes by.
std::string word_of(std::string_view slice, rego::Value item) {
  if (slice == "approvals") return "approval";
  if (slice == "builds") return "provenance";
  if (slice == "components" || slice == "sboms") return "bill of materials";
  if (slice == "deployments") return "deployment";
  if (slice == "exceptions") return "exception";
  if (slice == "findings") return "finding of " + std::string(item["tool"].string_or("a tool"));
  if (slice == "scans") return std::string(item["kind"].string_or("")) + " scan";
  if (slice == "signatures") return "signature";
  if (slice == "sources") return "source";
  if (slice == "tests") return "test results";
  if (slice == "vulnerabilities") return "advisory " + std::string(item["id"].string_or(""));
  if (slice == "environment" || slice == "service") return std::string(slice);
  return std::string(slice);
}

// Finds the items that findings speak of. A slice is read at the first finding of a rule that reads it, for what the
// findings at hand name, and nothing else: most decisions never touch the long ones.
class EvidenceIndex {
 public:
  EvidenceIndex(rego::Value input, const std::vector<RuleOutcome>& outcomes) : input_(input) {
    for (const auto& outcome : outcomes)
      for (const auto* list : {&outcome.broken, &outcome.unknown})
        for (const auto& said : *list)
          if (said.entries.empty()) wanted_.insert(said.on), lengths_ |= uint64_t{1} << (said.on.size() & 63);
    for (const auto sbom : input["sboms"].items())
      for (const auto entry : sbom["entries"].items()) bills_.insert(static_cast<uint64_t>(entry.int_or(0)));
  }

  std::vector<Evidence> of(const Rule& rule, const Said& said) {
    std::vector<Evidence> out;
    const auto add = [&](uint64_t entry, std::string what) {
      for (const auto& one : out)
        if (one.entry == entry) return;
      if (bills_.contains(entry)) what = "bill of materials";
      out.push_back({entry, std::move(what), {}});
    };
    if (said.entries.empty()) {
      for (const auto& slice : rule.use.slices) {
        const auto& index = index_of(slice);
        const auto it = index.find(said.on);
        if (it == index.end()) continue;
        for (const auto& item : it->second)
          for (const auto entry : item["entries"].items()) add(static_cast<uint64_t>(entry.int_or(0)), word_of(slice, item));
      }
    } else {
      for (const auto wanted : said.entries) {
        std::string what = "evidence";
        for (const auto& slice : rule.use.slices)
          for (const auto item : input_[slice].items())
            for (const auto entry : item["entries"].items())
              if (static_cast<uint64_t>(entry.int_or(0)) == wanted) what = word_of(slice, item);
        add(wanted, std::move(what));
      }
    }
    std::sort(out.begin(), out.end(), [](const auto& x, const auto& y) { return x.entry < y.entry; });
    return out;
  }

 private:
  using Index = absl::flat_hash_map<std::string_view, std::vector<rego::Value>>;
  const Index& index_of(const std::string& slice) {
    const auto [it, fresh] = indices_.try_emplace(slice);
    auto& index = it->second;
    if (!fresh) return index;
    const auto value = input_[slice];
    const auto put = [&](rego::Value item) {
      for (const auto& member : item.entries()) {
        constexpr std::string_view kNames[] = {"key", "fingerprint", "purl", "on", "of", "id", "suite", "name", "scope", "rule", "environment", "source"};
        if (!member.value.is_string() || (lengths_ >> (member.value.size() & 63) & 1) == 0) continue;  // no finding is as long: the common case
        if (std::find(std::begin(kNames), std::end(kNames), member.key.text()) == std::end(kNames)) continue;
        if (!wanted_.contains(member.value.text())) continue;
        auto& list = index[member.value.string_or("")];
        list.push_back(item);
      }
      if (const auto builder = item["builder"]["id"]; builder.is_string() && wanted_.contains(builder.text())) index[builder.string_or("")].push_back(item);
    };
    if (value.is_array()) {
      for (const auto item : value.items()) put(item);
    } else if (slice == "environment" || slice == "service" || slice == "deployments") {
      put(value);
      for (const auto earlier : value["earlier"].items()) put(earlier);
    } else if (slice == "knowledge") {
      for (const auto source : value["advisories"].items()) put(source);
    }
    return index;
  }

  rego::Value input_;
  absl::flat_hash_set<std::string_view> wanted_;
  uint64_t lengths_ = 0;  // a bit for each length among them, modulo 64
  std::map<std::string, Index> indices_;
  std::set<uint64_t> bills_;
};

int rank_of(std::string_view severity) { return severity == "critical" ? 4 : severity == "high" ? 3 : severity == "medium" ? 2 : 1; }

std::string with_stop(std::string text) {
  while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
  return text + ".";
}

// At most kMaxSummary bytes, cut at a word and never inside a character.
std::string clipped(std::string text) {
  if (text.size() <= kMaxSummary) return text;
  size_t end = kMaxSummary - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  if (const auto space = text.rfind(' ', end); space != std::string::npos && space > end / 2) end = space;
  return text.substr(0, end) + "…";
}

std::string plural(size_t n, std::string_view one, std::string_view many) { return std::to_string(n) + " " + std::string(n == 1 ? one : many); }

std::string make_summary(const Decision& d, std::string_view no_policy) {
  if (!no_policy.empty()) return clipped((d.verdict == Verdict::deny ? "Denied: " : "Allowed with a warning: ") + with_stop(std::string(no_policy)));
  size_t deny = 0, ask = 0, warn = 0;
  const RuleResult* worst = nullptr;
  for (const auto& result : d.results) {
    deny += result.verdict == Verdict::deny, ask += result.verdict == Verdict::ask, warn += result.verdict == Verdict::warn;
    // What is broken says more than what could not be judged.
    if (!worst || result.verdict > worst->verdict ||
        (result.verdict == worst->verdict && worst->outcome == Outcome::unknown && result.outcome == Outcome::broken))
      worst = &result;
  }
  const auto reason = [&]() -> std::string {
    if (!worst) return {};
    for (const auto& finding : worst->findings)
      if (finding.exception.empty()) return finding.message;
    return worst->title;
  };
  switch (d.verdict) {
    case Verdict::deny: {
      auto text = "Denied: " + with_stop(reason());
      if (deny > 1) text += " " + plural(deny - 1, "more rule denies it.", "more rules deny it.");
      if (ask > 0) text += " It also needs an approval.";
      return clipped(std::move(text));
    }
    case Verdict::ask:
      return clipped("Waits for an approval: " + with_stop(reason()) + (ask > 1 ? " " + plural(ask - 1, "more rule asks.", "more rules ask.") : std::string()));
    case Verdict::warn: return clipped("Allowed with " + plural(warn, "warning", "warnings") + ": " + with_stop(reason()));
    case Verdict::allow: break;
  }
  std::string text = "Allowed";
  if (!d.exceptions_used.empty()) {
    const auto& first = d.exceptions_used.front();
    text += " by exception " + first.id + " until " + to_date(first.until);
    if (d.exceptions_used.size() > 1) text += " and " + plural(d.exceptions_used.size() - 1, "other", "others");
  } else if (!d.approvals_used.empty()) {
    text += ", approved by " + d.approvals_used.front().by;
  }
  return clipped(text + ". " + plural(d.held.size(), "rule holds.", "rules hold."));
}

}  // namespace

EvaluationPool::Lease::~Lease() {
  if (!evaluation_) return;
  evaluation_->clear_input();  // its text is the asker's
  std::lock_guard lock(pool_->mutex_);
  const auto it = pool_->out_.find(evaluation_.get());
  if (it == pool_->out_.end()) return;
  if (pool_->free_.size() < 16) pool_->free_.push_back({std::move(it->second), std::move(evaluation_)});
  pool_->out_.erase(it);
}
EvaluationPool::Lease EvaluationPool::take(const std::shared_ptr<const rego::Policy>& policy) {
  std::lock_guard lock(mutex_);
  for (size_t i = free_.size(); i-- > 0;)
    if (free_[i].policy == policy) {
      auto evaluation = std::move(free_[i].evaluation);
      free_.erase(free_.begin() + static_cast<ptrdiff_t>(i));
      out_.emplace(evaluation.get(), policy);
      return Lease(*this, std::move(evaluation));
    }
  // Those of policies that nobody asks for any more make room.
  if (free_.size() >= 16) free_.erase(free_.begin());
  auto evaluation = std::make_unique<rego::Evaluation>(policy);
  out_.emplace(evaluation.get(), policy);
  return Lease(*this, std::move(evaluation));
}

std::vector<RuleOutcome> evaluate_rules(rego::Evaluation& evaluation, const Resolved& policy, const std::vector<const RuleInForce*>& only) {
  std::vector<RuleOutcome> out;
  const auto input = evaluation.input();
  const auto subject = std::string(input["subject"]["id"].string_or(""));
  const auto kind = find_subject_kind(input["subject"]["kind"].string_or("")).value_or(SubjectKind::artifact);
  const auto gate = input["request"]["gate"].string_or("");
  const auto states = input["knowledge"]["state"];
  const auto run = [&](const RuleInForce& in_force) {
    const auto& rule = *in_force.rule;
    RuleOutcome outcome;
    outcome.rule = &in_force;
    const bool fits = std::find(rule.applies_to.begin(), rule.applies_to.end(), kind) != rule.applies_to.end() &&
                      (rule.gates.empty() || std::find(rule.gates.begin(), rule.gates.end(), gate) != rule.gates.end());
    const auto failed = [&](const Error& error) {
      outcome.outcome = Outcome::failed;
      outcome.broken.clear();
      outcome.broken.push_back({subject, "the rule could not be evaluated: " + error.message(), {}, {}, {}, {}, {}});
    };
    if (!fits) return outcome;
    if (rule.has_applies) {
      auto applies = evaluation.evaluate(rule.package + ".applies");
      if (!applies) {
        failed(applies.error());
        return outcome;
      }
      if (!applies->is_true()) return outcome;
    }
    auto broken = evaluation.evaluate(rule.package + ".broken");
    if (!broken) {
      failed(broken.error());
      return outcome;
    }
    read_findings(*broken, subject, outcome.broken);
    if (rule.has_unknown) {
      auto unknown = evaluation.evaluate(rule.package + ".unknown");
      if (!unknown) {
        failed(unknown.error());
        return outcome;
      }
      read_findings(*unknown, subject, outcome.unknown);
    }
    for (const auto& need : rule.needs) {
      const auto state = states[need].string_or("none");
      if (state == "complete") continue;
      bool explained = false;
      for (const auto gap : input["knowledge"]["gaps"].items()) {
        if (gap["slice"].string_or("") != need) continue;
        explained = true;
        outcome.unknown.push_back({need, std::string(gap["reason"].string_or("")), std::string(gap["remedy"].string_or("")), {}, {}, {}, {}});
      }
      if (!explained)
        outcome.unknown.push_back({need, need + ": " + (state == "none" ? "nobody has looked" : "what is known is " + std::string(state)), {}, {}, {}, {}, {}});
    }
    outcome.outcome = !outcome.broken.empty() ? Outcome::broken : !outcome.unknown.empty() ? Outcome::unknown : Outcome::holds;
    return outcome;
  };
  if (only.empty()) {
    out.reserve(policy.rules.size());
    for (const auto& rule : policy.rules) out.push_back(run(rule));
  } else {
    for (const auto* rule : only) out.push_back(run(*rule));
  }
  return out;
}

Result<Decision> judge(rego::Evaluation& evaluation, const Resolved& policy, std::string_view input_json, const Sha256& input_digest) {
  return judge(evaluation, policy, input_json, [&input_digest] { return input_digest; });
}

Result<Decision> judge(rego::Evaluation& evaluation, const Resolved& policy, std::string_view input_json, const std::function<Sha256()>& digest_input) {
  // Read once: what the rules see is what the verdict is made of.
  TRY_DO(evaluation.set_input_view(input_json));
  const auto input = evaluation.input();
  TRY(const auto now, parse_time(input["now"].string_or("")));
  evaluation.options().now_ns = now.ms * 1'000'000;

  Decision d;
  d.at = now;
  d.gate = input["request"]["gate"].string_or("");
  d.action = input["request"]["action"].string_or("");
  d.asked_by = input["request"]["who"]["id"].string_or("");
  d.preview = input["request"]["preview"].bool_or(false);
  d.subject_kind = find_subject_kind(input["subject"]["kind"].string_or("")).value_or(SubjectKind::artifact);
  d.subject_id = input["subject"]["id"].string_or("");
  d.subject_name = input["subject"]["name"].string_or("");
  d.environment = input["environment"]["name"].string_or("");
  d.tier = policy.tier;
  d.service_scope = input["service"]["scope"].string_or("");
  d.service_name = input["service"]["name"].string_or("");
  for (const auto owner : input["service"]["owners"].items()) d.owners.emplace_back(owner["id"].string_or(""));
  d.policy_digest = policy.digest.to_string();
  d.policy_scope = policy.scope;
  for (const auto& pack : policy.packs) d.packs.push_back({pack.pack, pack.version, pack.digest, pack.mode});
  d.input_bytes = input_json.size();
  for (const auto slice : input["slices"].items()) d.slices.emplace_back(slice.string_or(""));
  d.log_index = static_cast<uint64_t>(input["log"]["index"].int_or(0));
  d.log_size = static_cast<uint64_t>(input["log"]["size"].int_or(0));
  d.log_root = input["log"]["root"].string_or("");

  const auto outcomes = evaluate_rules(evaluation, policy);
  const auto input_digest = digest_input();
  d.input_digest = input_digest.to_string();
  d.id = decision_id(d.at, input_digest, policy.digest, d.gate);
  EvidenceIndex evidence(input, outcomes);
  struct Granted {
    std::string id, rule, matches;
    rego::Value item;
  };
  std::vector<Granted> exceptions;
  for (const auto item : input["exceptions"].items())
    exceptions.push_back({std::string(item["id"].string_or("")), std::string(item["rule"].string_or("")), std::string(item["matches"].string_or("")), item});
  std::set<std::string> used;
  size_t applicable = 0;

  for (const auto& one : outcomes) {
    const auto& rule = *one.rule->rule;
    if (one.outcome == Outcome::does_not_apply) {
      d.not_applicable.push_back(rule.id);
      ++d.counts[static_cast<size_t>(Outcome::does_not_apply)];
      continue;
    }
    ++applicable;
    if (one.outcome == Outcome::holds) {
      d.held.push_back(rule.id);
      ++d.counts[static_cast<size_t>(Outcome::holds)];
      continue;
    }
    RuleResult result;
    result.rule = rule.id;
    result.pack = rule.pack;
    result.title = rule.title;
    result.severity = rule.severity;
    result.remedy = rule.remedy;
    result.controls = rule.controls;
    result.mode = one.rule->mode;
    result.outcome = one.outcome;
    const auto take = [&](const Said& said) {
      Finding finding;
      finding.key = finding_key(rule.id, said.on, d.service_scope, d.environment);
      finding.on = said.on;
      finding.message = said.message;
      finding.fix = said.fix;
      finding.flip_json = said.flip_json;
      finding.location_json = said.location_json;
      finding.milder = said.verdict;
      finding.evidence = evidence.of(rule, said);
      for (const auto& exception : exceptions) {
        const bool same_rule = exception.rule == rule.id || std::find(rule.replaces.begin(), rule.replaces.end(), exception.rule) != rule.replaces.end();
        if (!same_rule || !matches_glob(exception.matches, said.on)) continue;
        finding.exception = exception.id;
        break;
      }
      result.findings.push_back(std::move(finding));
    };
    for (const auto& said : one.broken) take(said);
    const bool all_broken_excepted = std::all_of(result.findings.begin(), result.findings.end(), [](const Finding& f) { return !f.exception.empty(); });
    // Behind findings that are excepted, what could not be judged comes to the front.
    if (one.broken.empty() || all_broken_excepted)
      for (const auto& said : one.unknown) take(said);
    const bool excepted =
        one.outcome != Outcome::failed && std::all_of(result.findings.begin(), result.findings.end(), [](const Finding& f) { return !f.exception.empty(); });

    const auto on_broken = one.rule->verdict, on_unknown = one.rule->when_unknown;
    auto would = Verdict::allow;
    for (size_t i = 0; i < result.findings.size(); ++i) {
      const auto base = i < one.broken.size() ? on_broken : on_unknown;
      const auto& milder = result.findings[i].milder;
      would = std::max(would, milder ? std::min(base, *milder) : base);
    }
    result.would = would;
    if (excepted) {
      result.outcome = Outcome::excepted;
      result.verdict = Verdict::allow;
      for (const auto& finding : result.findings) used.insert(finding.exception);
    } else {
      if (!one.broken.empty() && all_broken_excepted && one.outcome == Outcome::broken) result.outcome = Outcome::unknown;
      // Only what no exception covers counts.
      auto counting = Verdict::allow;
      for (size_t i = 0; i < result.findings.size(); ++i) {
        if (!result.findings[i].exception.empty()) {
          used.insert(result.findings[i].exception);
          continue;
        }
        const auto base = i < one.broken.size() ? on_broken : on_unknown;
        const auto& milder = result.findings[i].milder;
        counting = std::max(counting, milder ? std::min(base, *milder) : base);
      }
      result.verdict = std::min(counting, greatest_verdict(result.mode));
    }
    ++d.counts[static_cast<size_t>(result.outcome)];
    d.results.push_back(std::move(result));
  }

  // People's consent. An approval answers all that asks, if it was given for at least that.
  std::set<std::string> asking;
  for (const auto& result : d.results)
    if (result.verdict == Verdict::ask) asking.insert(result.rule);
  for (const auto item : input["approvals"].items()) {
    if (!item["covers"].bool_or(false) || item["machine"].bool_or(false)) continue;
    const bool glass = item["break_glass"].bool_or(false);
    std::set<std::string> asked;
    for (const auto rule : item["asked"].items()) asked.emplace(rule.string_or(""));
    bool conflict = false;
    for (const auto word : item["conflicts"].items()) conflict = conflict || word.string_or("") == "requester";
    bool helps = false;
    for (auto& result : d.results) {
      const bool answers = result.verdict == Verdict::ask && !conflict && std::includes(asked.begin(), asked.end(), asking.begin(), asking.end());
      const bool listed = std::find(policy.break_glass_rules.begin(), policy.break_glass_rules.end(), result.rule) != policy.break_glass_rules.end();
      const bool breaks = glass && result.verdict >= Verdict::ask && (result.pack == "change-control" || listed);
      if (!answers && !breaks) continue;
      result.verdict = Verdict::allow;
      helps = true;
    }
    if (!helps) continue;
    ApprovalUsed one;
    one.id = item["id"].string_or("");
    one.by = item["by"].string_or("");
    if (auto until = parse_time(item["until"].string_or(""))) one.until = *until;
    one.break_glass = glass;
    for (const auto entry : item["entries"].items()) one.entries.push_back(static_cast<uint64_t>(entry.int_or(0)));
    d.approvals_used.push_back(std::move(one));
  }
  for (const auto& exception : exceptions) {
    if (!used.contains(exception.id)) continue;
    ExceptionUsed one;
    one.id = exception.id;
    one.rule = exception.rule;
    if (auto until = parse_time(exception.item["until"].string_or(""))) one.until = *until;
    for (const auto by : exception.item["approved_by"].items()) one.approved_by.emplace_back(by.string_or(""));
    for (const auto entry : exception.item["entries"].items()) one.entries.push_back(static_cast<uint64_t>(entry.int_or(0)));
    d.exceptions_used.push_back(std::move(one));
  }

  std::string no_policy;
  if (policy.rules.empty())
    no_policy = "no policy: no rule is switched on for " + (policy.scope.empty() ? std::string("this installation") : policy.scope);
  else if (applicable == 0)
    no_policy = "no policy: none of the " + std::to_string(policy.rules.size()) + " rules in force speaks of a " + std::string(to_string(d.subject_kind));
  d.verdict = Verdict::allow;
  for (const auto& result : d.results) d.verdict = std::max(d.verdict, result.verdict);
  if (!no_policy.empty()) d.verdict = policy.without_policy.value_or(Verdict::deny);

  std::sort(d.held.begin(), d.held.end());
  std::sort(d.not_applicable.begin(), d.not_applicable.end());
  std::sort(d.results.begin(), d.results.end(), [](const RuleResult& a, const RuleResult& b) {
    if (a.verdict != b.verdict) return a.verdict > b.verdict;
    if (a.would != b.would) return a.would > b.would;
    if (rank_of(a.severity) != rank_of(b.severity)) return rank_of(a.severity) > rank_of(b.severity);
    return a.rule < b.rule;
  });
  d.summary = make_summary(d, no_policy);
  if (d.verdict == Verdict::ask) {
    Asks asks;
    asks.needed = 1;
    if (d.asked_by.starts_with("person:")) asks.not_by.push_back(d.asked_by);
    asks.until = Time{now.ms + kDayMs};
    asks.approve_with = "waybill approve " + d.id;
    d.asks = std::move(asks);
  }
  const auto validity = find_validity(policy, input, now);
  d.valid_from = now;
  d.valid_until = validity.until;
  d.valid_because = validity.because;
  d.cache_seconds = static_cast<int>(std::clamp<int64_t>((validity.until.ms - now.ms) / 1000, 0, 60));
  if (d.verdict != Verdict::allow && no_policy.empty()) d.flips = find_flips(evaluation, policy, input, d);
  return d;
}

namespace {

bool reads(const Resolved& policy, std::string_view path) {
  for (const auto& one : policy.rules)
    for (const auto& used : one.rule->use.paths) {
      if (one.rule->use.all || used == path || path.starts_with(used + ".") ||
          (used.size() > path.size() && used.starts_with(path) && used[path.size()] == '.'))
        return true;
    }
  return policy.reads_all_input;
}

}  // namespace

Validity find_validity(const Resolved& policy, rego::Value input, Time now) {
  Validity out{Time{now.ms + 30 * kDayMs}, "nothing that a rule reads changes by itself"};
  const auto offer = [&](Time at, std::string because) {
    if (at.ms > now.ms && at < out.until) out = {at, std::move(because)};
  };
  const auto time_of = [](rego::Value value) -> Time {
    auto time = parse_time(value.string_or(""));
    return time ? *time : Time{};
  };
  const auto age = [&](rego::Value item, std::string_view base, const std::string& name) {
    if (!item["age_days"].defined()) return;
    const auto from = time_of(item[base]);
    if (from.is_set()) offer(Time{from.ms + (days_between(from, now) + 1) * kDayMs}, name + " becomes " + std::to_string(days_between(from, now) + 1));
  };
  if (reads(policy, "subject.age_days")) age(input["subject"], "created_at", "subject.age_days");
  if (reads(policy, "environment.freezes"))
    for (const auto freeze : input["environment"]["freezes"].items()) {
      offer(time_of(freeze["from"]), "the freeze " + std::string(freeze["id"].string_or("")) + " begins");
      offer(time_of(freeze["until"]), "the freeze " + std::string(freeze["id"].string_or("")) + " ends");
    }
  if (reads(policy, "environment.window")) offer(time_of(input["environment"]["window"]["opens_at"]), "a change window opens");
  if (reads(policy, "knowledge.advisories"))
    for (const auto source : input["knowledge"]["advisories"].items()) {
      const auto at = time_of(source["at"]);
      if (!at.is_set()) continue;
      // Whole hours change often; only the one at which a limit is passed matters. Limits are parameters of the rules.
      for (const auto& rule : policy.rules)
        for (const auto& [name, json] : rule.parameters)
          if (name == "max_age_hours") {
            auto limit = JsonDocument::parse(json);
            if (limit)
              offer(Time{at.ms + (limit->root().int_or(0) + 1) * kHourMs},
                    "knowledge.advisories[" + std::string(source["source"].string_or("")) + "].age_hours passes " + json);
          }
    }
  for (const auto& slice : policy.slices) {
    const auto list = input[slice];
    const auto base = slice == "vulnerabilities" ? "known_at"
                      : slice == "sboms"         ? "generated_at"
                      : slice == "findings"      ? "first_seen_at"
                      : slice == "components"    ? "published_at"
                                                 : "at";
    for (const auto item : list.items()) {
      if (slice != "sboms" || reads(policy, "sboms.age_days")) age(item, base, slice + "[].age_days");
      if (slice == "vulnerabilities") {
        const auto at = time_of(item["deadline"]["at"]);
        if (at.is_set()) {
          const auto left = days_between(now, at);
          offer(Time{at.ms - left * kDayMs + 1}, "vulnerabilities[].deadline.days_left becomes " + std::to_string(left - 1));
        }
      }
      if (slice == "tickets") offer(time_of(item["from"]), "a ticket's window opens"), offer(time_of(item["until"]), "a ticket's window closes");
    }
    if (slice == "deployments" && reads(policy, "deployments.earlier"))
      for (const auto earlier : list["earlier"].items())
        if (earlier["reached"].bool_or(false)) offer(Time{now.ms + kHourMs}, "deployments.earlier[].hours grows");
  }
  // Those two count even when no rule reads them: the engine does.
  for (const auto item : input["approvals"].items())
    if (item["covers"].bool_or(false)) offer(time_of(item["until"]), "approval " + std::string(item["id"].string_or("")) + " ends");
  for (const auto item : input["exceptions"].items()) offer(time_of(item["until"]), "exception " + std::string(item["id"].string_or("")) + " ends");
  out.until.ms = out.until.ms / 1000 * 1000;
  if (out.until <= now) out.until = Time{now.ms + 1000};
  return out;
}

}  // namespace waybill::policy
