// What the parts of input.cc share: the frame's objects, the slices, trust lists. This room's own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "waybill/base/json_in.h"
#include "waybill/graph/graph.h"
#include "waybill/policy/input.h"
#include "waybill/policy/json_object.h"

namespace waybill::policy {

Tier tier_of(std::string_view environment, JsonValue configuration);

// input_frame.cc
std::string build_subject(const Asked& asked, const graph::View& view);
std::string build_environment(const Asked& asked, const graph::View& view);
std::string build_service(const Asked& asked, const graph::View& view);
std::string build_request(const Asked& asked, const graph::View& view, std::string_view approvals_json);

// input_trust.cc: the trust lists that hold for a scope, read once a question.
struct TrustedSigner {
  std::string identity, issuer, key_id;  // "" : not limited by it
};
struct TrustedBuilder {
  std::string id;
  bool hosted = false, isolated = false, knows_hosted = false, knows_isolated = false;
};
struct TrustedTool {
  std::string name, version;  // version "" is any; "1." a beginning
};
struct Trust {
  std::vector<TrustedSigner> signers;
  std::vector<TrustedBuilder> builders;
  std::vector<TrustedTool> tools;
  std::vector<std::string> vex_authors;

  bool trusts(const facts::Signed& signature) const;
  const TrustedBuilder* find_builder(std::string_view id) const;
  bool approves(std::string_view tool, std::string_view version) const;
};
Trust load_trust(const graph::View& view, std::string_view scope);
// `data.trust`: all lists, merged, as rules may read them. Canonical JSON.
std::string trust_json(const graph::View& view);
std::string organisation_json(const graph::View& view);

// One question's view of the graph: what several slices need is read once.
class Slices {
 public:
  Slices(const Asked& asked, const InputSources& from);

  // The JSON of one slice.
  std::string build(std::string_view slice);
  // complete, partial, stale, none: of a slice or findings.<kind>.
  std::string state_of(std::string_view slice);
  struct Gap {
    std::string slice, reason, remedy;
  };
  const std::vector<Gap>& gaps() const { return gaps_; }
  const std::string& approvals();
  std::string advisories();  // knowledge.advisories

 private:
  std::string build_approvals();
  std::string build_builds();
  std::string build_changes();
  std::string build_components();
  std::string build_deployments();
  std::string build_exceptions();
  std::string build_findings();
  std::string build_sboms();
  std::string build_scans();
  std::string build_signatures();
  std::string build_sources();
  std::string build_tests();
  std::string build_vulnerabilities();

  const std::vector<graph::Component>& components();
  const std::vector<graph::Match>& matches();
  const std::vector<graph::Inventory>& inventories();
  const std::vector<graph::Known<facts::Signed>>& signatures();
  const graph::Known<facts::Signed>* signature_of(uint64_t entry);
  const std::vector<graph::Known<facts::BuiltBy>>& builds();
  const std::optional<graph::Deployment>& running();
  const std::vector<graph::Id>& running_packages();  // ascending
  bool is_new(graph::Id package);
  Time time_of(uint64_t entry) const;
  int64_t age_days(Time from) const;
  std::string vulnerability_state();
  void gap(std::string_view slice, std::string reason, std::string remedy);

  const Asked& asked_;
  const InputSources& from_;
  const graph::View& view_;
  Trust trust_;
  std::vector<Gap> gaps_;
  std::map<std::string, std::string, std::less<>> states_;
  std::optional<std::vector<graph::Component>> components_;
  std::optional<std::vector<graph::Match>> matches_;
  std::optional<std::vector<graph::Inventory>> inventories_;
  std::optional<std::vector<graph::Known<facts::Signed>>> signatures_;
  std::optional<std::vector<graph::Known<facts::BuiltBy>>> builds_;
  std::optional<std::optional<graph::Deployment>> running_;
  std::optional<std::vector<graph::Id>> running_packages_;
  std::optional<std::string> approvals_;
};

}  // namespace waybill::policy
