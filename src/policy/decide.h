// Decisions: a question comes in, an answer goes out, and what was decided is an entry of the log.
//
// Called by gate/, server/ and the command line. The same question about unchanged facts gets the same bytes, without an
// entry: only a count of who asked how often (architecture.md, "The question and its decision"). It never asks the
// network, and never answers `allow` because it knows nothing.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"
#include "waybill/base/time.h"
#include "waybill/policy/decision.h"
#include "waybill/policy/policy_set.h"

namespace waybill::log {
class Log;
}
namespace waybill::facts {
struct Batch;
}
namespace waybill::graph {
class Graph;
}

namespace waybill::policy {

// Who asks or acts, after authentication.
struct Actor {
  std::string_view id = "machine:waybill";  // person:…, machine:…
  std::string_view issuer;                  // "" when unknown
  std::span<const std::string> groups;
  bool is_person() const { return id.substr(0, 7) == "person:"; }
};

// Views only: a question that was asked before is answered without an allocation.
struct Question {
  std::string_view subject;      // any form of interfaces.md but a path: sha256:…, image@digest, image:tag, purl, git+…, service@environment
  std::string_view environment;  // "" : the only one there is, else none
  std::string_view service;      // name or scope; "" : the one that the artifact was deployed or built for, if known
  std::string_view gate = "ci";
  std::string_view action = "deploy";
  Actor who;
  std::string_view reason, ticket;
  bool preview = false;
  std::optional<uint64_t> at;  // log index: what would have been said then (a preview)
};

struct Answer {
  std::shared_ptr<const std::string> document;  // waybill/decision/v1, JSON
  std::shared_ptr<const Decision> decision;     // the same as a value
  Verdict verdict = Verdict::deny;
  bool repeated = false;  // was answered before; nothing was written
};

struct Setup {
  log::Log* log = nullptr;        // null: every answer is a preview
  bool writes = true;             // false: the log is read-only, and every answer is a preview
  graph::Graph* graph = nullptr;  // needed
  Clock* clock = &Clock::system();
  std::string server_url;  // "" : decisions have no `see`
  std::string engine_version = "0.1.0";
  // Facts of an entry again, for the ways through dependencies; may be empty. (graph::LoadFacts)
  std::function<Result<std::shared_ptr<const facts::Batch>>(uint64_t entry)> load_facts;
  bool enforce_shipped = false;  // no data directory: all shipped packs, enforced
  size_t max_remembered = 200'000;
};

// One way that a policy came to hold, for lists.
struct Counted {
  std::string id;
  uint64_t asked = 0;
  Time last;
  std::vector<std::pair<std::string, uint64_t>> by;  // who asked how often, most first, at most 20
};

// Thread-safe.
class Decider {
 public:
  // Reads packs and policy documents from the log; a log that has none gets the shipped packs as `policy` entries.
  static Result<std::unique_ptr<Decider>> open(Setup setup);
  ~Decider();

  // invalid: a subject or environment that cannot be read; not_found: an environment that nobody has set up.
  // What is not known about the subject is no error but a finding.
  Result<Answer> ask(const Question& question);
  // Only if it is remembered and still valid: a hash look-up, no allocation. Counts who asked.
  std::optional<Answer> find_repeat(const Question& question);

  // The document of a decision: remembered, a preview of the last 24 hours, or from the log. not_found.
  Result<std::string> load_decision(std::string_view id);
  Counted count_of(std::string_view id) const;

  // The policies in force. Changes when a policy, pack, trust list, service or environment arrives.
  std::shared_ptr<const PolicySet> policies() const;
  Result<std::shared_ptr<const Resolved>> resolve(std::string_view scope, Tier tier) const;
  // Checks (only tightens, packs are there), appends, and lets it hold. Gives the entry's index.
  Result<uint64_t> apply_policy(std::string_view yaml_or_json, const Actor& who);
  Result<uint64_t> apply_pack(const Pack& pack, const Actor& who);

  // What a rule author wants to see: the input document of a question, canonical.
  Result<std::string> build_input(const Question& question);

  const Setup& setup() const;
  // Counters for /metrics.
  struct Metrics {
    uint64_t asked = 0, repeated = 0, evaluated = 0, written = 0, remembered = 0;
  };
  Metrics metrics() const;

  struct State;
  State& state() { return *state_; }

 private:
  Decider();
  std::unique_ptr<State> state_;
};

}  // namespace waybill::policy
