// The input document of a question, waybill/input/v1: everything that rules may know, taken from one cut of the graph.
//
// Called by decide.h only. The frame is always built, slices only when a rule in force reads them (and those two that the
// engine itself needs: approvals, exceptions). Lists are sorted, keys are in canonical order, so that the same facts give
// the same bytes. It asks the graph and the log, never the clock or the network, and never judges.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"
#include "waybill/graph/graph.h"
#include "waybill/policy/policy_set.h"
#include "waybill/policy/words.h"

namespace waybill::policy {

struct Question;

// A question after its words were looked up in the graph.
struct Asked {
  SubjectKind kind = SubjectKind::artifact;
  std::string id, name;              // as input.subject
  std::string digest;                // sha256:…; of a service: of what runs
  std::string registry, repository;  // of an image
  std::string resolved_by;           // digest, tag; "" when it is no image
  graph::Id artifact, source;        // none when nobody has ever named it
  graph::Id service, environment, place;
  std::string service_name, service_scope;  // "" when it belongs to none
  std::string service_text;                 // as the graph calls it
  std::string environment_name;             // "" when the question is not about one
  Tier tier = Tier::development;
  std::string gate, action, who, issuer, reason, ticket;
  std::vector<std::string> groups;
  bool preview = false;
  Time now;  // whole seconds

  // The subject in the graph's own words: what entries name, so that no second node for one thing is made.
  std::string subject_text() const { return kind == SubjectKind::service ? service_text + "@" + environment_name : id; }
};

// Errors: invalid (no form of a subject), not_found (an environment that is not among those set up; a service where
// nothing runs), conflict (the beginning of several digests).
Result<Asked> resolve_question(const graph::View& view, const Question& question, Time now);

// organisation/team/service of a service, as its document says; else what the graph calls it.
std::string scope_of(const graph::View& view, graph::Id service);
// By name, by scope, or by what the graph calls it; none.
graph::Id find_service_by(const graph::View& view, std::string_view name_or_scope);

struct LogPlace {
  uint64_t index = 0, size = 0;
  std::string root;  // sha256:…
  Time at;
};

struct InputSources {
  const graph::View* view = nullptr;
  const Resolved* policy = nullptr;
  LogPlace log;
  const std::vector<std::string>* ecosystems = nullptr;  // for which advisories are loaded, as OSV names them, sorted
  graph::LoadFacts load_facts;                           // may be empty: then paths of dependencies are unknown
  // Rules that asked in a decision, for approvals[].asked; [] when it is not known.
  std::function<std::vector<std::string>(std::string_view decision)> asked_in;
};

// Canonical JSON.
std::string build_input(const Asked& asked, const InputSources& from);

// The ecosystems of these packages for which no advisories are loaded ("Debian:12", "npm"), sorted, with the number of
// packages; `judged` is how many packages are of an ecosystem at all.
struct Uncovered {
  std::vector<std::pair<std::string, uint32_t>> ecosystems;
  uint32_t judged = 0, without_version = 0;
};
Uncovered find_uncovered(const std::vector<std::string>& loaded, std::span<const graph::Component> components);

}  // namespace waybill::policy
