#include "waybill/policy/standing.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "waybill/base/json_in.h"
#include "waybill/policy/decider_state.h"
#include "waybill/policy/json_object.h"

namespace waybill::policy {
namespace {

constexpr int64_t kRetryMs = 60'000;  // after a question that could not be answered

std::string join(const std::vector<std::string>& words, size_t most) {
  std::string out;
  for (size_t i = 0; i < words.size() && i < most; ++i) out += (i ? ", " : "") + words[i];
  if (words.size() > most) out += " and " + std::to_string(words.size() - most) + " more";
  return out;
}

}  // namespace

struct Standing::State {
  explicit State(Decider& d) : decider(d) {}
  Decider& decider;

  std::mutex mutex;
  std::condition_variable something;
  bool woken = false;
  bool everything = true;      // at first: all that is deployed
  std::set<uint32_t> waiting;  // places, by value of their id
  // Why a place waits: the entry that touched it last, and what it brought.
  struct Cause {
    uint64_t entry = graph::kNoEntry;
    std::vector<graph::Id> vulnerabilities;
    bool policy = false;
  };
  std::map<uint32_t, Cause> causes;
  Cause general;

  struct Held {
    StandingVerdict verdict;
    Time due;
    std::vector<std::string> keys;  // rule + finding, of what counts
    std::shared_ptr<const Decision> decision;
  };
  std::map<uint32_t, Held> held;

  void hear(const graph::Changes& changes) {
    const auto view = decider.state().setup.graph->view();
    const auto entry = view.entry(changes.entry);
    const auto kind = entry ? entry->kind : std::string_view();
    std::lock_guard lock(mutex);
    Cause cause;
    cause.entry = changes.entry;
    for (const auto& pair : changes.pairs) cause.vulnerabilities.push_back(pair.vulnerability);
    cause.policy = kind == "policy" || kind == "trust_list";
    if (changes.every_place || changes.configuration || kind == "policy" || kind == "trust_list" || kind == "exception") {
      everything = true;
      general = cause;
    }
    for (const auto place : changes.places) {
      waiting.insert(place.value());
      causes[place.value()] = cause;
    }
    if (kind == "advisories" && !everything) {
      // Freshness is part of what was judged: the others follow without haste, but they follow.
      everything = true;
      general = cause;
    }
    // Most entries are evidence about what runs nowhere: nobody need wake for those.
    if (!everything && waiting.empty()) return;
    woken = true;
    something.notify_all();
  }

  std::string cause_of(const graph::View& view, const Held* before, const Decision& now, const Cause& cause, bool by_time);
};

// The sentence that people read beside a verdict that turned.
std::string Standing::State::cause_of(const graph::View& view, const Held* before, const Decision& now, const Cause& cause, bool by_time) {
  std::vector<std::string> came, gone;
  const auto better = before && now.verdict < before->verdict.verdict;
  const auto messages_of = [](const Decision& decision, const Decision* other) {
    std::set<std::string> known;
    if (other)
      for (const auto& result : other->results)
        if (result.verdict != Verdict::allow)
          for (const auto& finding : result.findings) known.insert(finding.key);
    std::vector<std::string> out;
    for (const auto& result : decision.results)
      if (result.verdict != Verdict::allow)
        for (const auto& finding : result.findings)
          if (!known.contains(finding.key) && finding.exception.empty()) out.push_back(finding.message);
    return out;
  };
  const auto entry = cause.entry == graph::kNoEntry ? std::nullopt : view.entry(cause.entry);
  const auto number = cause.entry == graph::kNoEntry ? std::string() : " (entry " + std::to_string(cause.entry) + ")";
  if (!before) return now.results.empty() ? "first judged" : "first judged: " + now.summary;
  if (by_time && cause.entry == graph::kNoEntry) {
    // Nothing arrived: the clock did it. An exception that ended says so itself.
    for (const auto& exception : before->decision->exceptions_used) {
      const bool still = std::any_of(now.exceptions_used.begin(), now.exceptions_used.end(), [&](const auto& other) { return other.id == exception.id; });
      if (!still) return "exception " + exception.id + " for " + exception.rule + " ended on " + to_date(exception.until);
    }
    return "time passed: " + before->decision->valid_because;
  }
  if (!cause.vulnerabilities.empty()) {
    std::vector<std::string> names;
    for (const auto id : cause.vulnerabilities) {
      const auto name = std::string(view.text(id));
      // Only those that a finding speaks of.
      for (const auto& result : (better && before->decision ? *before->decision : now).results)
        for (const auto& finding : result.findings)
          if (finding.on.starts_with(name + " ") && std::find(names.begin(), names.end(), finding.on) == names.end()) names.push_back(finding.on);
    }
    for (auto& name : names)
      if (const auto space = name.find(' '); space != std::string::npos) name = name.substr(0, space) + " in " + name.substr(space + 1);
    if (!names.empty()) return join(names, 2) + (better ? " is no longer a finding" : " arrived") + number;
  }
  const auto kind = entry ? std::string(entry->kind) : std::string();
  if (cause.policy) return "the policy changed" + number;
  if (kind == "exception") {
    for (const auto& exception : now.exceptions_used) {
      const bool there = std::any_of(before->decision->exceptions_used.begin(), before->decision->exceptions_used.end(),
                                     [&](const auto& other) { return other.id == exception.id; });
      if (!there) return "exception " + exception.id + " for " + exception.rule + " was approved" + number;
    }
    for (const auto& exception : before->decision->exceptions_used) {
      const bool still = std::any_of(now.exceptions_used.begin(), now.exceptions_used.end(), [&](const auto& other) { return other.id == exception.id; });
      if (!still) return "exception " + exception.id + " for " + exception.rule + " is no longer in force" + number;
    }
  }
  came = messages_of(now, before->decision.get());
  gone = messages_of(*before->decision, &now);
  if (!better && !came.empty()) return join(came, 2) + number;
  if (better && !gone.empty()) return "no longer: " + join(gone, 2) + number;
  if (kind == "deployment") return "another version was deployed" + number;
  if (entry && !entry->document_kind.empty()) return "new evidence arrived: " + std::string(entry->document_kind) + number;
  return kind.empty() ? "facts changed" : "a new entry of kind " + kind + number;
}

Standing::Standing(Decider& decider) : state_(std::make_unique<State>(decider)) {
  auto* state = state_.get();
  std::lock_guard lock(decider.state().hearers_mutex);
  decider.state().hearers.push_back([state](const graph::Changes& changes) { state->hear(changes); });
}
Standing::~Standing() {
  // The decider outlives us: it must not call into what is gone. (Hearers are few: one.)
  auto& shared = state_->decider.state();
  std::lock_guard lock(shared.hearers_mutex);
  shared.hearers.clear();
}

Result<std::vector<Transition>> Standing::turn_over() {
  auto& s = *state_;
  auto& decider = s.decider;
  auto& shared = decider.state();
  const auto now = shared.setup.clock->now();
  std::set<uint32_t> places;
  std::map<uint32_t, State::Cause> causes;
  State::Cause general;
  std::set<uint32_t> by_time;
  {
    std::lock_guard lock(s.mutex);
    places.swap(s.waiting);
    causes.swap(s.causes);
    s.woken = false;
    for (const auto& [place, held] : s.held)
      if (held.due <= now) {
        by_time.insert(place);
        places.insert(place);
      }
    if (s.everything) {
      general = s.general;
      s.everything = false;
      s.general = {};
      const auto view = shared.setup.graph->view();
      for (const auto& deployment : view.running_everywhere()) places.insert(deployment.place.value());
      for (const auto& [place, held] : s.held) places.insert(place);
    }
  }
  std::vector<Transition> out;
  for (const auto value : places) {
    const auto id = graph::Id::of_value(value);
    const auto view = shared.setup.graph->view();
    const auto running = view.running(id);
    if (!running) {
      std::lock_guard lock(s.mutex);
      s.held.erase(value);
      continue;
    }
    const auto [service_id, environment_id] = view.service_and_environment(id);
    const auto scope = scope_of(view, service_id);
    const auto service_text = std::string(view.text(service_id));
    const auto environment = std::string(view.text(environment_id));
    const auto subject = scope + "@" + environment;
    Question question;
    question.subject = subject;
    question.service = scope;
    question.environment = environment;
    question.gate = "reevaluation";
    question.action = "reevaluate";
    auto answer = decider.ask(question);
    if (!answer) {
      // Left for later; what stood stays, and says so by its age.
      std::lock_guard lock(s.mutex);
      if (const auto it = s.held.find(value); it != s.held.end()) it->second.due = Time{now.ms + kRetryMs};
      if (out.empty() && places.size() == 1) return fail(std::move(answer.error()).at(subject));
      continue;
    }
    std::optional<State::Held> before;
    {
      std::lock_guard lock(s.mutex);
      if (const auto it = s.held.find(value); it != s.held.end()) before = it->second;
    }
    // What stood before this process began is in the log.
    if (!before) {
      const auto turned = view.transitions_of(id);
      if (!turned.empty()) {
        State::Held held;
        held.verdict.verdict = find_verdict(turned.front().fact.to).value_or(Verdict::allow);
        held.verdict.since = turned.front().fact.at;
        held.decision = std::make_shared<const Decision>();
        if (auto json = decider.load_decision(turned.front().fact.decision))
          if (auto decision = parse_decision(*json)) held.decision = std::make_shared<const Decision>(std::move(*decision));
        before = std::move(held);
      }
    }
    const auto& decision = *answer->decision;
    State::Held held;
    held.decision = answer->decision;
    held.due = decision.valid_until;
    auto& verdict = held.verdict;
    verdict.service = scope;
    verdict.environment = environment;
    verdict.digest = running->digest;
    verdict.deployment = "r-" + std::to_string(running->entry);
    verdict.verdict = decision.verdict;
    verdict.decision = decision.id;
    verdict.summary = decision.summary;
    verdict.since = before && before->verdict.verdict == decision.verdict ? before->verdict.since : now;
    verdict.valid_until = decision.valid_until;
    const bool turned = before ? before->verdict.verdict != decision.verdict : decision.verdict != Verdict::allow;
    if (turned) {
      Transition transition;
      transition.at = now;
      transition.service = scope;
      transition.environment = environment;
      transition.subject = running->digest;
      transition.deployment = verdict.deployment;
      transition.from = before ? before->verdict.verdict : Verdict::allow;
      transition.to = decision.verdict;
      transition.first = !before;
      transition.decision = decision.id;
      auto cause = causes.contains(value) ? causes[value] : general;
      transition.cause = s.cause_of(view, before ? &*before : nullptr, decision, cause, by_time.contains(value));
      if (shared.writes) {
        JsonObject body;
        body.time("at", now)
            .text("cause", transition.cause)
            .text("decision", transition.decision)
            .text("environment", environment)
            .text("service", service_text);
        body.text("from", transition.first ? std::string_view("unknown") : to_string(transition.from))
            .text("subject", transition.subject)
            .text("to", to_string(transition.to));
        auto receipt = shared.append(log::EntryKind::transition, std::move(body).take(), "machine:waybill");
        if (!receipt) {
          std::lock_guard lock(s.mutex);
          s.waiting.insert(value);  // nothing is forgotten: tried again with the next turn
          return fail(std::move(receipt.error()).at(subject));
        }
        transition.entry = receipt->index;
      }
      out.push_back(std::move(transition));
    }
    std::lock_guard lock(s.mutex);
    s.held[value] = std::move(held);
  }
  return out;
}

std::optional<Time> Standing::next_due() const {
  std::lock_guard lock(state_->mutex);
  std::optional<Time> due;
  for (const auto& [place, held] : state_->held)
    if (!due || held.due < *due) due = held.due;
  return due;
}

bool Standing::wait(int64_t timeout_ms) {
  auto& s = *state_;
  std::unique_lock lock(s.mutex);
  const auto now = s.decider.state().setup.clock->now();
  for (const auto& [place, held] : s.held)
    if (held.due <= now) return true;
  if (s.everything || !s.waiting.empty()) return true;
  s.something.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return s.woken; });
  s.woken = false;
  if (s.everything || !s.waiting.empty()) return true;
  const auto later = s.decider.state().setup.clock->now();
  for (const auto& [place, held] : s.held)
    if (held.due <= later) return true;
  return false;
}

void Standing::wake() {
  std::lock_guard lock(state_->mutex);
  state_->woken = true;
  state_->something.notify_all();
}

std::vector<StandingVerdict> Standing::list() const {
  std::lock_guard lock(state_->mutex);
  std::vector<StandingVerdict> out;
  for (const auto& [place, held] : state_->held) out.push_back(held.verdict);
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    if (a.verdict != b.verdict) return a.verdict > b.verdict;
    return std::tie(a.service, a.environment) < std::tie(b.service, b.environment);
  });
  return out;
}

std::optional<StandingVerdict> Standing::find(std::string_view service, std::string_view environment) const {
  std::lock_guard lock(state_->mutex);
  for (const auto& [place, held] : state_->held) {
    const auto& v = held.verdict;
    const auto slash = v.service.rfind('/');
    const auto name = slash == std::string::npos ? std::string_view(v.service) : std::string_view(v.service).substr(slash + 1);
    if ((v.service == service || name == service) && v.environment == environment) return v;
  }
  return std::nullopt;
}

}  // namespace waybill::policy
