// Policy documents and what follows from them: which rules hold for a scope and tier, how strict, with which parameters.
//
// The documents of organisation, team and service are read in this order and each may only tighten what stands above it:
// the packs' own defaults, and the documents before it (packs.md, "Parameters and scopes"). Only the document of the whole
// installation (scope "*") may set the defaults of packs otherwise. Called by decide.h, by `waybill policy apply|show`,
// and by the server. It never looks at a subject.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/policy/pack.h"

namespace waybill::policy {

constexpr size_t kMaxPolicyDocumentBytes = size_t{1} << 20;

template <class T>
using ByTier = std::array<std::optional<T>, 3>;

// A pack as a document asks for it.
struct PackUse {
  std::string pack, version;  // "1", "1.2", "1.2.0" or "sha256:…"; "" is any
  ByTier<Mode> mode;
};
struct RuleUse {
  std::string rule;
  ByTier<Verdict> verdict;
  ByTier<Mode> mode;
};
struct ParameterUse {
  std::string rule, parameter;      // "serious-vulnerability-overdue", "grace_days.critical"
  std::array<std::string, 3> json;  // "" where it says nothing
};

// One policy document, read and checked by itself.
struct PolicyDocument {
  std::string scope;  // "" (written "*") is the whole installation, "acme", "acme/payments", "acme/payments/checkout"
  std::vector<PackUse> packs;
  std::vector<RuleUse> rules;
  std::vector<ParameterUse> parameters;
  std::map<std::string, std::string> lists;    // name → JSON array
  std::vector<std::string> break_glass_rules;  // organisation only: rules that breaking the glass may pass
  std::optional<Verdict> without_policy;       // warn while a scope is being set up; deny otherwise
  std::string json;                            // canonical: what is digested and kept
  uint64_t entry = 0;                          // of the log; 0 when it is none yet
};
// YAML or JSON. Errors name the key (as a JSON pointer) and what was expected.
Result<PolicyDocument> parse_policy_document(std::string_view text);
// The document of an installation that has none: baseline in warn, everything else in observe.
PolicyDocument default_policy_document(std::span<const Pack> packs);
// All shipped packs enforced: what `waybill check` without a data directory judges by.
PolicyDocument enforcing_policy_document(std::span<const Pack> packs);

// One rule in force.
struct RuleInForce {
  const Rule* rule = nullptr;
  Mode mode = Mode::observe;
  Verdict verdict = Verdict::deny;  // when broken
  Verdict when_unknown = Verdict::deny;
  std::vector<std::pair<std::string, std::string>> parameters;  // name → JSON, sorted by name
};
struct PackInForce {
  std::string pack, version, digest;
  Mode mode = Mode::off;
};

// What holds for (scope, tier): immutable, shared by threads.
struct Resolved {
  std::string scope;
  Tier tier = Tier::production;
  std::vector<RuleInForce> rules;           // by id
  std::vector<PackInForce> packs;           // by name
  std::vector<std::string> slices;          // union of what the rules read, sorted; the frame not counted
  std::vector<std::string> request_fields;  // dotted, below `request`: what makes two questions different
  bool reads_all_input = false;
  std::string parameters_json;  // input.parameters
  std::string data_json;        // `data` for the rules: lists, tables, trust, organisation
  std::string policy_json;      // the RFC 8785 list that the digest is over: [packs, documents, data]
  Sha256 digest;
  std::shared_ptr<const rego::Policy> policy;  // compiled rules of all packs
  std::shared_ptr<const std::vector<Pack>> keep;
  std::vector<std::string> break_glass_rules;
  std::optional<Verdict> without_policy;
};

// Documents and packs as they are at one moment. Immutable.
class PolicySet {
 public:
  // `organisation_json`, `trust_json`: configuration as the graph keeps it, for `data` and the digest.
  // Errors: a document that loosens what stands above it, naming both places; a pack or version that is not there.
  static Result<std::shared_ptr<const PolicySet>> make(std::shared_ptr<const std::vector<Pack>> packs, std::vector<PolicyDocument> documents,
                                                       std::string organisation_json = "{}", std::string trust_json = "{}");
  // From the list that a policy digest is over: what replay needs. `load` gives a pack's document by its digest.
  static Result<std::shared_ptr<const PolicySet>> from_policy_json(std::string_view policy_json, const std::function<Result<std::string>(const Sha256&)>& load);
  // Compiled at the first call for (documents on the path, tier), then remembered. Thread-safe.
  Result<std::shared_ptr<const Resolved>> resolve(std::string_view scope, Tier tier) const;
  // May this document take its place among the others? invalid with both places when it loosens.
  Result<void> check_apply(const PolicyDocument& document) const;

  const std::vector<PolicyDocument>& documents() const { return documents_; }
  const std::vector<Pack>& packs() const { return *packs_; }
  const Rule* find_rule(std::string_view id) const;

 private:
  PolicySet() = default;
  struct Cache;
  std::shared_ptr<const std::vector<Pack>> packs_;
  std::vector<PolicyDocument> documents_;  // sorted by scope
  std::string organisation_json_, trust_json_;
  std::string fixed_data_;  // from_policy_json: `data` as it was
  PolicyDocument default_;  // stands at the top while nobody has written one for "*"
  std::shared_ptr<Cache> cache_;
  std::vector<const PolicyDocument*> path_to(std::string_view scope) const;
  Result<void> check_path(std::span<const PolicyDocument* const> path) const;
};

}  // namespace waybill::policy
