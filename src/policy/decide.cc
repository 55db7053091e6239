#include "waybill/policy/decide.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <set>

#include "waybill/advisory/advisory.h"
#include "waybill/base/json_out.h"
#include "waybill/policy/decider_state.h"
#include "waybill/policy/input_parts.h"
#include "waybill/policy/json_object.h"

namespace waybill::policy {
namespace {

constexpr std::string_view kDecisionType = "application/vnd.waybill.decision+json";
constexpr std::string_view kInputType = "application/vnd.waybill.input+json";
constexpr std::string_view kPolicyType = "application/vnd.waybill.policy-list+json";
constexpr std::string_view kPackType = "application/vnd.waybill.pack+json";
constexpr int64_t kPreviewMs = kDayMs;
constexpr size_t kLongInput = size_t{128} << 10;

int64_t micros_now() { return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Verdict, outcomes and keys: what makes an answer another one. Messages and ages do not.
bool is_same_answer(const Decision& a, const Decision& b) {
  if (a.verdict != b.verdict || a.policy_digest != b.policy_digest || a.held != b.held || a.results.size() != b.results.size()) return false;
  for (size_t i = 0; i < a.results.size(); ++i) {
    const auto &x = a.results[i], &y = b.results[i];
    if (x.rule != y.rule || x.outcome != y.outcome || x.verdict != y.verdict || x.findings.size() != y.findings.size()) return false;
    for (size_t k = 0; k < x.findings.size(); ++k)
      if (x.findings[k].key != y.findings[k].key || x.findings[k].exception != y.findings[k].exception) return false;
  }
  const auto ids = [](const Decision& d) {
    std::vector<std::string> out;
    for (const auto& one : d.exceptions_used) out.push_back(one.id);
    for (const auto& one : d.approvals_used) out.push_back(one.id);
    return out;
  };
  return ids(a) == ids(b);
}

// Is a new decision said to take the other's place? Only when verdict or findings differ.
bool is_other_verdict(const Decision& a, const Decision& b) {
  if (a.verdict != b.verdict) return true;
  std::set<std::string> x, y;
  for (const auto& result : a.results)
    for (const auto& finding : result.findings) x.insert(finding.key);
  for (const auto& result : b.results)
    for (const auto& finding : result.findings) y.insert(finding.key);
  return x != y;
}

// `service`: as the graph calls it, so that no second name for it is made.
std::string to_body(const Decision& d, const Sha256& digest, std::string_view subject, std::string_view service) {
  JsonObject o;
  o.text("id", d.id)
      .text("subject", subject)
      .text("gate", d.gate)
      .text("action", d.action)
      .text("verdict", to_string(d.verdict))
      .text("summary", d.summary.substr(0, 120));
  if (!d.environment.empty()) o.text("environment", d.environment);
  if (!service.empty()) o.text("service", service);
  o.text("decision_digest", digest.to_string())
      .text("input_digest", d.input_digest)
      .text("policy_digest", d.policy_digest)
      .number("log_index", static_cast<int64_t>(d.log_index));
  o.time("at", d.at).time("until", d.valid_until);
  if (!d.supersedes.empty()) o.text("supersedes", d.supersedes);
  return std::move(o).take();
}

// A summary is cut inside its 120 bytes only between characters.
std::string valid_utf8(std::string text) {
  while (find_invalid_utf8(text)) text.pop_back();
  return text;
}

}  // namespace

void AskCount::count(std::string_view who, Time now) {
  asked.fetch_add(1, std::memory_order_relaxed);
  last_ms.store(now.ms, std::memory_order_relaxed);
  std::lock_guard lock(mutex);
  const auto it = by.find(who);
  if (it != by.end()) {
    ++it->second;
  } else if (by.size() < kMaxAskers) {
    by.emplace(std::string(who), 1);
  }
}

QuestionView Decider::State::key_of(const Question& question) const {
  QuestionView key{question.subject, question.environment, question.service, question.gate, question.action, {}, {}, {}, question.preview};
  if (reads_who.load(std::memory_order_relaxed)) key.who = question.who.id;
  if (reads_reason.load(std::memory_order_relaxed)) key.reason = question.reason;
  if (reads_ticket.load(std::memory_order_relaxed)) key.ticket = question.ticket;
  return key;
}

// On the writer's thread: marks what the change touches, and nothing more.
void Decider::State::on_change(const graph::Changes& changes) {
  const auto view = setup.graph->view();
  const auto entry = view.entry(changes.entry);
  const auto kind = entry ? entry->kind : std::string_view();
  const bool own = kind == "decision" || kind == "transition" || kind == "grant" || kind == "server_key" || kind == "secret_access";
  if (changes.advisories || kind == "advisories") note_ecosystems();
  bool everything = false;
  if (changes.configuration || kind == "policy" || kind == "trust_list" || kind == "configuration") {
    policies_old = true;
    everything = true;
  }
  if (kind == "exception" || kind == "advisories" || kind == "erasure") everything = true;
  if (changes.every_place && !own) everything = true;
  if (!own && !everything)
    for (const auto id : changes.subjects)
      if (id.kind() == graph::Kind::vulnerability) everything = true;  // a VEX statement reaches whatever has the package
  if (everything) {
    epoch.fetch_add(1);
  } else if (!own) {
    std::unique_lock lock(memory_mutex);
    const auto touch = [&](graph::Id id) {
      const auto it = dependents.find(id);
      if (it == dependents.end()) return;
      for (const auto& weak : it->second)
        if (auto one = weak.lock()) one->touched = true;
      dependents.erase(it);
    };
    for (const auto id : changes.subjects)
      if (id.kind() != graph::Kind::package) touch(id);
    for (const auto id : changes.places) {
      touch(id);
      // Who asked before anything ran there could only name the service.
      if (kind == "deployment" || kind == "removal") touch(view.service_and_environment(id).first);
    }
    for (const auto& pair : changes.pairs) {
      std::vector<graph::Id> hit;
      for (const auto& [id, list] : dependents)
        if (id.kind() == graph::Kind::artifact && view.contains(id, pair.package)) hit.push_back(id);
      for (const auto id : hit) touch(id);
    }
  }
  std::vector<std::function<void(const graph::Changes&)>> tell;
  {
    std::lock_guard lock(hearers_mutex);
    tell = hearers;
  }
  if (!own)
    for (const auto& hear : tell) hear(changes);
}

void Decider::State::note_ecosystems() {
  auto list = std::make_shared<const std::vector<std::string>>(setup.graph->advisories().ecosystems());
  std::lock_guard lock(packs_mutex);
  ecosystems = std::move(list);
}
std::shared_ptr<const std::vector<std::string>> Decider::State::loaded_ecosystems() {
  std::lock_guard lock(packs_mutex);
  return ecosystems;
}

Result<log::Receipt> Decider::State::append(log::EntryKind kind, std::string body, std::string_view actor, std::vector<log::PreparedDocument> documents) {
  if (!writes) return fail(Error(Code::denied, "there is no log to write to").next("start a server on this data directory, or name one with --server"));
  log::NewEntry entry;
  entry.kind = kind;
  entry.actor = actor;
  entry.body = std::move(body);
  entry.documents = std::move(documents);
  return setup.log->append(std::move(entry));
}

Result<void> Decider::State::append_shipped_packs() {
  for (const auto& pack : shipped_packs()) {
    JsonObject body;
    body.text("digest", pack.digest.to_string()).text("pack", pack.name).text("schema", "waybill/pack/v1").text("version", pack.version);
    std::vector<log::PreparedDocument> documents;
    documents.push_back(setup.log->prepare(pack.to_document(), std::string(kPackType)));
    TRY_DO(append(log::EntryKind::policy, std::move(body).take(), "machine:waybill", std::move(documents)));
  }
  return {};
}

Result<void> Decider::State::rebuild_policies() {
  policies_old = false;
  const auto view = setup.graph->view();
  auto packs = std::make_shared<std::vector<Pack>>();
  if (setup.log) {
    auto entries = view.entries("policy", {.from = 0, .limit = SIZE_MAX});
    std::reverse(entries.begin(), entries.end());
    for (const auto& entry : entries) {
      if (entry.document.is_zero()) continue;
      std::shared_ptr<const Pack> pack;
      {
        std::lock_guard lock(packs_mutex);
        if (const auto it = packs_by_document.find(entry.document); it != packs_by_document.end()) pack = it->second;
      }
      if (!pack) {
        for (const auto& shipped : shipped_packs())
          if (shipped.digest == entry.document) pack = std::make_shared<const Pack>(shipped);
      }
      if (!pack) {
        TRY(const auto bytes, setup.log->load_document(entry.document));
        if (!std::string_view(bytes).substr(0, 256).starts_with("{\"files\"")) continue;
        TRY(auto parsed, parse_pack_document(bytes));
        pack = std::make_shared<const Pack>(std::move(parsed));
      }
      std::lock_guard lock(packs_mutex);
      packs_by_document.emplace(entry.document, pack);
      packs->push_back(*pack);
    }
  }
  if (packs->empty()) *packs = shipped_packs();
  std::vector<PolicyDocument> documents;
  if (setup.enforce_shipped) documents.push_back(enforcing_policy_document(*packs));
  for (const auto& one : view.configurations("policy")) {
    auto document = parse_policy_document(one.json);
    if (!document) return fail(std::move(document.error()).at("the policy of " + std::string(one.name) + " in entry " + std::to_string(one.entry)));
    document->entry = one.entry;
    std::erase_if(documents, [&](const PolicyDocument& other) { return other.scope == document->scope; });
    documents.push_back(std::move(*document));
  }
  TRY(auto made, PolicySet::make(std::move(packs), std::move(documents), organisation_json(view), trust_json(view)));
  std::unique_lock lock(policies_mutex);
  policies = std::move(made);
  return {};
}

Result<std::shared_ptr<const PolicySet>> Decider::State::current_policies() {
  if (policies_old) {
    std::lock_guard one_at_a_time(rebuild_mutex);
    if (policies_old)
      if (auto rebuilt = rebuild_policies(); !rebuilt) {
        policies_old = true;
        return fail(std::move(rebuilt.error()));
      }
  }
  std::shared_lock lock(policies_mutex);
  return policies;
}

Result<LogPlace> Decider::State::place_of(const graph::View& view, Time now) {
  LogPlace place;
  place.size = view.size();
  place.index = place.size ? place.size - 1 : 0;
  place.at = view.time().is_set() ? Time{view.time().ms / 1000 * 1000} : now;
  if (!setup.log) {
    place.root = sha256(std::string_view()).to_string();  // the empty tree: nothing was recorded
    return place;
  }
  const auto head = setup.log->head();
  if (head.size == place.size) {
    place.root = head.root.to_string();
  } else {
    TRY(const auto root, setup.log->root_at(place.size));
    place.root = root.to_string();
  }
  return place;
}

Result<std::string> Decider::State::input_of(const graph::View& view, const Asked& asked, const Resolved& policy) {
  InputSources from;
  from.view = &view;
  from.policy = &policy;
  TRY(from.log, place_of(view, asked.now));
  const auto loaded = loaded_ecosystems();
  from.ecosystems = loaded.get();
  from.load_facts = setup.load_facts;
  from.asked_in = [this](std::string_view id) { return asked_in(id); };
  return policy::build_input(asked, from);
}

std::vector<std::string> Decider::State::asked_in(std::string_view id) {
  std::vector<std::string> out;
  auto json = load_decision(id);
  if (!json) return out;
  auto decision = parse_decision(*json);
  if (!decision) return out;
  for (const auto& result : decision->results)
    if (result.verdict == Verdict::ask) out.push_back(result.rule);
  std::sort(out.begin(), out.end());
  return out;
}

Result<std::string> Decider::State::load_decision(std::string_view id) {
  {
    std::shared_lock lock(memory_mutex);
    const auto it = by_id.find(id);
    if (it != by_id.end() && !(it->second->answer.decision->preview && setup.clock->now().ms - it->second->answer.decision->at.ms > kPreviewMs))
      return *it->second->answer.document;
  }
  const auto view = setup.graph->view();
  const auto found = view.decision(id);
  if (!found || !setup.log)
    return fail(
        Error(Code::not_found, "there is no decision " + std::string(id.substr(0, 60))).next("previews are kept for 24 hours; `waybill check` asks again"));
  TRY(const auto bytes, setup.log->load_document(found->document));
  TRY(auto decision, parse_decision(bytes));
  decision.log_entry = found->entry;
  if (!setup.server_url.empty()) decision.see = setup.server_url + "/decisions/" + decision.id;
  return decision.to_json();
}

std::shared_ptr<const Decision> Decider::State::find_recorded(const graph::View& view, const Asked& asked) {
  if (!setup.log) return nullptr;
  graph::View::DecisionFilter filter;
  filter.environment = asked.environment_name;
  filter.service = asked.service_text;
  filter.gate = asked.gate;
  for (const auto kind : {graph::Kind::artifact, graph::Kind::source, graph::Kind::place}) {
    if (const auto id = view.find(kind, asked.subject_text())) {
      filter.subject = id;
      break;
    }
  }
  if (!filter.subject) return nullptr;
  for (const auto& one : view.decisions(filter, {.from = 0, .limit = 8})) {
    if (one.fact.action != asked.action || one.fact.subject != asked.subject_text()) continue;
    auto bytes = setup.log->load_document(one.document);
    if (!bytes) return nullptr;
    auto decision = parse_decision(*bytes);
    if (!decision) return nullptr;
    decision->log_entry = one.entry;
    return std::make_shared<const Decision>(std::move(*decision));
  }
  return nullptr;
}

Result<Answer> Decider::State::evaluate(const Question& question, const QuestionView& key) {
  evaluated.fetch_add(1, std::memory_order_relaxed);
  const auto started = micros_now();
  const auto now = setup.clock->now();
  TRY(const auto set, current_policies());

  auto remembered = std::make_shared<Remembered>();
  remembered->epoch = epoch.load();
  const bool live = !question.at;
  if (live) {
    // Registered before the facts are read: what changes in between marks it.
    const auto first = setup.graph->view();
    TRY(const auto words, resolve_question(first, question, now));
    for (const auto id : {words.artifact, words.source, words.place, words.service, words.environment})
      if (id) remembered->depends_on.push_back(id);
    remembered->artifact = words.artifact;
    std::unique_lock lock(memory_mutex);
    for (const auto id : remembered->depends_on) {
      auto& list = dependents[id];
      if (list.size() > 32) std::erase_if(list, [](const std::weak_ptr<Remembered>& weak) { return weak.expired(); });
      list.push_back(remembered);
    }
  }
  const auto view = setup.graph->view(live ? graph::At::latest() : graph::At::index(*question.at));
  TRY(auto asked, resolve_question(view, question, live ? now : view.time()));
  if (!writes) asked.preview = true;
  TRY(const auto resolved, set->resolve(asked.service_scope, asked.tier));
  for (const auto& field : resolved->request_fields) {
    if (field == "*" || field.starts_with("who")) reads_who = true;
    if (field == "*" || field.starts_with("reason")) reads_reason = true;
    if (field == "*" || field.starts_with("ticket")) reads_ticket = true;
  }
  TRY(auto input, input_of(view, asked, *resolved));
  bool answered_before = false;
  {
    std::shared_lock lock(memory_mutex);
    answered_before = memory.contains(key);
  }
  // A long input is hashed, and made ready for the log, while the rules are evaluated over it. (Where no thread is to be
  // had, both are done when they are asked for.)
  const auto policy_of_launch = input.size() < kLongInput ? std::launch::deferred : std::launch::async | std::launch::deferred;
  const auto digest_of_input = std::async(policy_of_launch, [&input] { return sha256(input); }).share();
  const auto prepare_input = [&] { return setup.log->prepare(input, std::string(kInputType), digest_of_input.get()); };
  std::future<log::PreparedDocument> prepared_input;
  if (!asked.preview && !answered_before && input.size() >= kLongInput) prepared_input = std::async(policy_of_launch, prepare_input);
  auto lease = pool.take(resolved->policy);
  TRY(auto decision, judge(*lease, *resolved, input, [&] { return digest_of_input.get(); }));
  decision.engine_version = setup.engine_version;
  decision.microseconds = micros_now() - started;
  if (!setup.server_url.empty()) decision.see = setup.server_url + "/decisions/" + decision.id;

  // What it was before, here or before this process began.
  std::shared_ptr<Remembered> before;
  {
    std::shared_lock lock(memory_mutex);
    if (const auto it = memory.find(key); it != memory.end()) before = it->second;
  }
  std::shared_ptr<const Decision> earlier = before ? before->answer.decision : live && !asked.preview ? find_recorded(view, asked) : nullptr;
  if (earlier && earlier->preview != decision.preview) earlier = nullptr;

  bool same = false;
  if (earlier && is_same_answer(*earlier, decision)) {
    // Only `valid` moves, and only in memory; id, entry and document in the log stay.
    Decision kept = *earlier;
    kept.valid_from = decision.valid_from;
    kept.valid_until = decision.valid_until;
    kept.valid_because = decision.valid_because;
    kept.cache_seconds = decision.cache_seconds;
    kept.see = decision.see;
    if (kept.engine_version.empty()) kept.engine_version = decision.engine_version;
    decision = std::move(kept);
    same = true;
  } else {
    if (earlier) {
      std::map<std::string, Time> since;
      for (const auto& result : earlier->results)
        for (const auto& finding : result.findings) since.emplace(finding.key, finding.since.is_set() ? finding.since : earlier->at);
      for (auto& result : decision.results)
        for (auto& finding : result.findings) {
          const auto it = since.find(finding.key);
          finding.since = it == since.end() ? decision.at : it->second;
        }
      if (!decision.preview && is_other_verdict(*earlier, decision)) decision.supersedes = earlier->id;
    } else {
      for (auto& result : decision.results)
        for (auto& finding : result.findings) finding.since = decision.at;
    }
    if (!decision.preview) {
      std::vector<log::PreparedDocument> documents;
      documents.push_back(setup.log->prepare(decision.to_json(), std::string(kDecisionType)));
      documents.push_back(prepared_input.valid() ? prepared_input.get() : prepare_input());
      documents.push_back(setup.log->prepare(resolved->policy_json, std::string(kPolicyType), resolved->digest));
      auto shortened = decision;
      shortened.summary = valid_utf8(decision.summary.substr(0, 120));
      auto receipt = append(log::EntryKind::decision, to_body(shortened, decision.digest(), asked.subject_text(), asked.service_text), decision.asked_by,
                            std::move(documents));
      if (!receipt && receipt.error().code() == Code::denied && writes.exchange(false)) return evaluate(question, key);  // read-only after all
      if (!receipt) return fail(std::move(receipt.error()));
      decision.log_entry = receipt->index;
      written.fetch_add(1, std::memory_order_relaxed);
    }
  }

  remembered->until = decision.valid_until;
  remembered->answer.document = std::make_shared<const std::string>(decision.to_json());
  remembered->answer.decision = std::make_shared<const Decision>(std::move(decision));
  remembered->answer.verdict = remembered->answer.decision->verdict;
  remembered->count = same && before ? before->count : std::make_shared<AskCount>();
  remembered->count->count(question.who.id, now);
  Answer answer = remembered->answer;
  answer.repeated = same;
  std::unique_lock lock(memory_mutex);
  if (memory.size() >= setup.max_remembered) {
    // Room for a tenth: whatever comes first in the table. What is forgotten is evaluated again, and found in the log.
    size_t drop = setup.max_remembered / 10 + 1;
    for (auto it = memory.begin(); it != memory.end() && drop > 0; --drop) {
      by_id.erase(it->second->answer.decision->id);
      memory.erase(it++);
    }
  }
  by_id[answer.decision->id] = remembered;
  if (live) memory[QuestionKey(key)] = std::move(remembered);
  return answer;
}

Decider::Decider() : state_(std::make_unique<State>()) {}
Decider::~Decider() = default;

Result<std::unique_ptr<Decider>> Decider::open(Setup setup) {
  auto decider = std::unique_ptr<Decider>(new Decider());
  auto& state = *decider->state_;
  state.setup = std::move(setup);
  if (!state.setup.graph) return fail(Code::internal, "a decider needs a graph");
  state.note_ecosystems();
  if (state.setup.log) {
    // A read-only log refuses to hand out its keys for writing; it says so when the first entry is tried.
    state.writes = state.setup.writes;
  }
  auto* raw = &state;
  state.setup.graph->subscribe([raw](const graph::Changes& changes) { raw->on_change(changes); });
  if (state.writes) {
    // The packs that this executable ships, as entries: once, and again when they have changed.
    const auto view = state.setup.graph->view();
    bool any = false;
    for (const auto& entry : view.entries("policy", {.from = 0, .limit = SIZE_MAX})) any = any || !entry.document.is_zero();
    if (!any) {
      auto appended = state.append_shipped_packs();
      if (!appended && appended.error().code() != Code::denied) return fail(std::move(appended.error()));
      if (!appended) state.writes = false;  // a log opened for reading
    }
  }
  TRY_DO(state.current_policies());
  return decider;
}

std::optional<Answer> Decider::find_repeat(const Question& question) {
  auto& s = *state_;
  if (question.at) return std::nullopt;
  const auto key = s.key_of(question);
  const auto now = s.setup.clock->now();
  std::shared_lock lock(s.memory_mutex);
  const auto it = s.memory.find(key);
  if (it == s.memory.end()) return std::nullopt;
  const auto& one = *it->second;
  if (one.touched.load(std::memory_order_relaxed) || one.epoch != s.epoch.load(std::memory_order_relaxed) || now >= one.until) return std::nullopt;
  one.count->count(question.who.id, now);
  s.asked.fetch_add(1, std::memory_order_relaxed);
  s.repeated.fetch_add(1, std::memory_order_relaxed);
  std::optional<Answer> answer(one.answer);
  answer->repeated = true;
  return answer;
}

Result<Answer> Decider::ask(const Question& question) {
  if (auto repeat = find_repeat(question)) return std::move(*repeat);
  auto& s = *state_;
  s.asked.fetch_add(1, std::memory_order_relaxed);
  // Made here, so that a rule that begins to read `request` finds the same key next time.
  (void)s.current_policies();
  return s.evaluate(question, s.key_of(question));
}

Result<std::string> Decider::load_decision(std::string_view id) { return state_->load_decision(id); }

Counted Decider::count_of(std::string_view id) const {
  Counted out;
  out.id = id;
  std::shared_ptr<AskCount> count;
  {
    std::shared_lock lock(state_->memory_mutex);
    const auto it = state_->by_id.find(id);
    if (it != state_->by_id.end()) count = it->second->count;
  }
  if (!count) return out;
  out.asked = count->asked.load();
  out.last = Time{count->last_ms.load()};
  std::lock_guard lock(count->mutex);
  out.by.assign(count->by.begin(), count->by.end());
  std::sort(out.by.begin(), out.by.end(), [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });
  if (out.by.size() > 20) out.by.resize(20);
  return out;
}

std::shared_ptr<const PolicySet> Decider::policies() const {
  (void)state_->current_policies();
  std::shared_lock lock(state_->policies_mutex);
  return state_->policies;
}

Result<std::shared_ptr<const Resolved>> Decider::resolve(std::string_view scope, Tier tier) const {
  TRY(const auto set, state_->current_policies());
  return set->resolve(scope, tier);
}

Result<uint64_t> Decider::apply_policy(std::string_view yaml_or_json, const Actor& who) {
  TRY(auto document, parse_policy_document(yaml_or_json));
  TRY(const auto set, state_->current_policies());
  TRY_DO(set->check_apply(document));
  // As the log wants it: with the schema that says what it is.
  std::string json = document.json;
  if (json.find("\"schema\"") == std::string::npos) {
    json.insert(json.size() - 1, std::string(json.size() > 2 ? "," : "") + "\"schema\":\"waybill/policy/v1\"");
    TRY(json, canonical_json(json));
  }
  TRY(const auto receipt, state_->append(log::EntryKind::policy, std::move(json), who.id));
  state_->policies_old = true;
  state_->epoch.fetch_add(1);
  TRY_DO(state_->current_policies());
  return receipt.index;
}

Result<uint64_t> Decider::apply_pack(const Pack& pack, const Actor& who) {
  TRY(const auto set, state_->current_policies());
  for (const auto& known : set->packs()) {
    if (known.digest == pack.digest) return fail(Code::conflict, "the pack " + pack.name + " " + pack.version + " is there already");
    if (known.name == pack.name && known.version == pack.version)
      return fail(Error(Code::conflict, "the pack " + pack.name + " " + pack.version + " is there with other rules").next("raise its version in pack.yaml"));
    if (known.name == pack.name) continue;
    for (const auto& rule : pack.rules)
      if (known.find_rule(rule.id))
        return fail(Code::conflict, "the pack " + known.name + " has a rule " + rule.id + " already: ids are unique over all packs");
  }
  JsonObject body;
  body.text("digest", pack.digest.to_string()).text("pack", pack.name).text("schema", "waybill/pack/v1").text("version", pack.version);
  std::vector<log::PreparedDocument> documents;
  documents.push_back(state_->setup.log->prepare(pack.to_document(), std::string(kPackType)));
  TRY(const auto receipt, state_->append(log::EntryKind::policy, std::move(body).take(), who.id, std::move(documents)));
  state_->policies_old = true;
  state_->epoch.fetch_add(1);
  TRY_DO(state_->current_policies());
  return receipt.index;
}

Result<std::string> Decider::build_input(const Question& question) {
  auto& s = *state_;
  TRY(const auto set, s.current_policies());
  const auto view = s.setup.graph->view(question.at ? graph::At::index(*question.at) : graph::At::latest());
  TRY(const auto asked, resolve_question(view, question, question.at ? view.time() : s.setup.clock->now()));
  TRY(const auto resolved, set->resolve(asked.service_scope, asked.tier));
  return s.input_of(view, asked, *resolved);
}

const Setup& Decider::setup() const { return state_->setup; }

Decider::Metrics Decider::metrics() const {
  Metrics out{state_->asked.load(), state_->repeated.load(), state_->evaluated.load(), state_->written.load(), 0};
  std::shared_lock lock(state_->memory_mutex);
  out.remembered = state_->memory.size();
  return out;
}

}  // namespace waybill::policy
