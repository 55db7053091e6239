// The top-level keys of waybill/input/v1: the frame, always built, and the slices, built when a rule touches them.
//
// The one table of them: pack.cc checks `needs` by it, policy_set.cc chooses slices by it, input.cc builds by it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace waybill::policy {

constexpr std::string_view kFrame[] = {"environment", "knowledge", "log", "now", "parameters", "request", "schema", "service", "slices", "subject"};

enum class Slice : uint8_t {
  approvals,
  attestations,
  builds,
  changes,
  components,
  deployments,
  documents,
  exceptions,
  findings,
  incidents,
  manifests,
  sboms,
  scans,
  secrets,
  signatures,
  sources,
  systems,
  tests,
  tickets,
  vulnerabilities,
  workloads,
};
constexpr std::string_view kSlices[] = {"approvals",  "attestations", "builds",    "changes",   "components", "deployments",     "documents",
                                        "exceptions", "findings",     "incidents", "manifests", "sboms",      "scans",           "secrets",
                                        "signatures", "sources",      "systems",   "tests",     "tickets",    "vulnerabilities", "workloads"};

inline bool is_frame(std::string_view key) { return std::find(std::begin(kFrame), std::end(kFrame), key) != std::end(kFrame); }
inline bool is_slice(std::string_view key) { return std::find(std::begin(kSlices), std::end(kSlices), key) != std::end(kSlices); }

}  // namespace waybill::policy
