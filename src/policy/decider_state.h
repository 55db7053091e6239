// The inside of Decider: what decide.cc, exceptions.cc, standing.cc and replay.cc share. This room's own.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "waybill/graph/graph.h"
#include "waybill/log/log.h"
#include "waybill/policy/decide.h"
#include "waybill/policy/input.h"
#include "waybill/policy/verdict.h"

namespace waybill::policy {

// What makes two questions the same. Views into the question; the owning twin is QuestionKey.
struct QuestionView {
  std::string_view subject, environment, service, gate, action;
  std::string_view who, reason, ticket;  // "" unless a rule in force reads them
  bool preview = false;

  friend bool operator==(const QuestionView&, const QuestionView&) = default;
  template <class H>
  friend H AbslHashValue(H state, const QuestionView& q) {
    return H::combine(std::move(state), q.subject, q.environment, q.service, q.gate, q.action, q.who, q.reason, q.ticket, q.preview);
  }
};
struct QuestionKey {
  std::string subject, environment, service, gate, action, who, reason, ticket;
  bool preview = false;
  QuestionKey() = default;
  explicit QuestionKey(const QuestionView& q)
      : subject(q.subject),
        environment(q.environment),
        service(q.service),
        gate(q.gate),
        action(q.action),
        who(q.who),
        reason(q.reason),
        ticket(q.ticket),
        preview(q.preview) {}
  QuestionView view() const { return {subject, environment, service, gate, action, who, reason, ticket, preview}; }
};
struct QuestionHash {
  using is_transparent = void;
  size_t operator()(const QuestionView& q) const { return absl::Hash<QuestionView>()(q); }
  size_t operator()(const QuestionKey& key) const { return (*this)(key.view()); }
};
struct QuestionEqual {
  using is_transparent = void;
  static QuestionView of(const QuestionView& q) { return q; }
  static QuestionView of(const QuestionKey& key) { return key.view(); }
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return of(a) == of(b);
  }
};

// Tables of texts that are asked by views.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return absl::Hash<std::string_view>()(text); }
};
struct TextEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a == b; }
};
template <class Value>
using TextMap = absl::flat_hash_map<std::string, Value, TextHash, TextEqual>;

// Who asked how often; one per decision id, kept when only `valid` moves.
struct AskCount {
  std::atomic<uint64_t> asked{0};
  std::atomic<int64_t> last_ms{0};
  std::mutex mutex;
  TextMap<uint64_t> by;  // at most kMaxAskers; others are only in `asked`
  static constexpr size_t kMaxAskers = 64;
  void count(std::string_view who, Time now);
};

// An answer in memory. Immutable but for the mark that a change has touched it.
struct Remembered {
  Answer answer;
  Time until;
  uint64_t epoch = 0;
  std::atomic<bool> touched{false};
  std::shared_ptr<AskCount> count;
  std::vector<graph::Id> depends_on;  // artifact, source, place, service, environment
  graph::Id artifact;
};

struct Decider::State {
  Setup setup;
  std::atomic<bool> writes{false};  // there is a log that takes entries
  EvaluationPool pool;

  // --- policies
  mutable std::shared_mutex policies_mutex;
  std::shared_ptr<const PolicySet> policies;
  std::atomic<bool> policies_old{true};
  std::mutex rebuild_mutex;  // one rebuild at a time
  std::atomic<bool> reads_who{false}, reads_reason{false}, reads_ticket{false};
  std::mutex packs_mutex;
  absl::flat_hash_map<Sha256, std::shared_ptr<const Pack>> packs_by_document;
  std::shared_ptr<const std::vector<std::string>> ecosystems;  // guarded by packs_mutex

  // --- answers
  mutable std::shared_mutex memory_mutex;
  absl::flat_hash_map<QuestionKey, std::shared_ptr<Remembered>, QuestionHash, QuestionEqual> memory;
  TextMap<std::shared_ptr<Remembered>> by_id;
  absl::flat_hash_map<graph::Id, std::vector<std::weak_ptr<Remembered>>> dependents;
  std::atomic<uint64_t> epoch{1};

  // --- those who want to hear what changed (standing.h)
  std::mutex hearers_mutex;
  std::vector<std::function<void(const graph::Changes&)>> hearers;

  std::atomic<uint64_t> asked{0}, repeated{0}, evaluated{0}, written{0};

  QuestionView key_of(const Question& question) const;
  void on_change(const graph::Changes& changes);
  Result<std::shared_ptr<const PolicySet>> current_policies();
  Result<void> rebuild_policies();
  Result<void> append_shipped_packs();
  std::shared_ptr<const std::vector<std::string>> loaded_ecosystems();
  void note_ecosystems();
  Result<LogPlace> place_of(const graph::View& view, Time now);
  Result<std::string> input_of(const graph::View& view, const Asked& asked, const Resolved& policy);
  std::vector<std::string> asked_in(std::string_view decision_id);
  // The recorded decision that this question had before this process began; null when there is none.
  std::shared_ptr<const Decision> find_recorded(const graph::View& view, const Asked& asked);
  Result<Answer> evaluate(const Question& question, const QuestionView& key);
  Result<std::string> load_decision(std::string_view id);
  Result<log::Receipt> append(log::EntryKind kind, std::string body, std::string_view actor, std::vector<log::PreparedDocument> documents = {});
};

}  // namespace waybill::policy
