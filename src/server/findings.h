// Vulnerabilities of artifacts as pages count them, and names in sentences as links.
//
// Used by the overview, subject and vulnerability routes. What *counts* in a decision is policy/'s word; here a match is
// open unless a signed statement says that it does not apply, and is listed either way.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/graph/graph.h"

namespace waybill::server {

struct OpenFinding {
  graph::Id vulnerability, package;
  bool serious = false;    // high or critical
  bool exploited = false;  // known to be
};

// Asks once for each artifact and vulnerability.
class FindingCounter {
 public:
  explicit FindingCounter(const graph::View& view) : view_(view) {}
  const std::vector<OpenFinding>& of(graph::Id artifact);

 private:
  struct Facts {
    bool serious = false, exploited = false, withdrawn = false;
  };
  const graph::View& view_;
  std::map<graph::Id, std::vector<OpenFinding>> by_artifact_;
  std::map<graph::Id, Facts> by_vulnerability_;
};

// What a VEX statement says about a match, newest first of those that fit: "" when none does.
struct VexWord {
  std::string status;   // not_affected, fixed, affected, under_investigation
  bool closes = false;  // not_affected or fixed, and signed
};
VexWord vex_of(const graph::View& view, graph::Id vulnerability, graph::Id package, graph::Id artifact);

struct NameLink {
  std::string text, href;
};
// Vulnerabilities, exceptions and decisions that a sentence names and the graph knows, in their order, at most 4.
std::vector<NameLink> names_in(const graph::View& view, std::string_view sentence);

}  // namespace waybill::server
