// Histories for the graph's tests: batches made by hand, entry after entry.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "waybill/graph/graph.h"

namespace waybill::graph::history {

inline std::string digest(uint32_t number) {
  std::string hex(64, '0');
  for (int i = 63; number > 0; --i, number >>= 4) hex[static_cast<size_t>(i)] = "0123456789abcdef"[number & 15];
  return "sha256:" + hex;
}

struct Step {
  std::string kind = "evidence", actor = "machine:ci", subject;
  Time time;
  Sha256 document;
  facts::Batch batch;
};

inline Step evidence(std::string subject) {
  Step step;
  step.subject = std::move(subject);
  return step;
}
inline Step sbom(const std::string& subject, const std::vector<std::string>& purls, std::string_view tool = "syft 1.0") {
  Step step = evidence(subject);
  auto& b = step.batch;
  b.format = "CycloneDX 1.6";
  b.kind = "sbom";
  b.subject = subject;
  facts::Listed listed;
  listed.subject = b.keep(subject);
  listed.format = "cyclonedx";
  listed.tool = b.keep(tool);
  b.listed.push_back(listed);
  for (const auto& purl : purls) {
    facts::Contains component;
    component.purl = b.keep(purl);
    component.licence = "MIT";
    component.version = "1";
    component.name = "n";
    b.contains.push_back(component);
  }
  return step;
}
inline Step deploy(const std::string& artifact, std::string_view service, std::string_view environment, Time at = {}, std::string_view name = {}) {
  Step step = evidence(artifact);
  step.kind = "deployment";
  auto& b = step.batch;
  facts::Deployed fact;
  fact.artifact = b.keep(artifact);
  fact.service = b.keep(service);
  fact.environment = b.keep(environment);
  fact.name = b.keep(name);
  fact.by = "machine:cd";
  fact.at = at;
  b.deployed.push_back(fact);
  return step;
}
inline Step remove(std::string_view service, std::string_view environment, Time at = {}) {
  Step step = evidence("");
  step.kind = "removal";
  facts::Removed fact;
  fact.service = step.batch.keep(service);
  fact.environment = step.batch.keep(environment);
  fact.at = at;
  step.batch.removed.push_back(fact);
  return step;
}
// npm packages `name` from `introduced` up to `fixed` ("" = no fix yet).
inline Step advisory(std::string_view id, std::string_view name, std::string_view introduced, std::string_view fixed, Time modified,
                     const std::vector<std::string>& aliases = {}, Time withdrawn = {}) {
  Step step = evidence("");
  step.kind = "advisories";
  auto& b = step.batch;
  std::vector<facts::Affects::Event> events{{facts::Affects::Event::What::introduced, b.keep(introduced)}};
  if (!fixed.empty()) events.push_back({facts::Affects::Event::What::fixed, b.keep(fixed)});
  facts::Affects::Range range{facts::Affects::Range::Type::semver, b.keep(events)};
  facts::Affects::Package package;
  package.ecosystem = "npm";
  package.name = b.keep(name);
  package.ranges = b.keep(std::vector<facts::Affects::Range>{range});
  facts::Affects fact;
  fact.id = b.keep(id);
  fact.source = b.keep(id.substr(0, id.find('-')));
  fact.summary = "Something is wrong";
  fact.affected = b.keep(std::vector<facts::Affects::Package>{package});
  std::vector<std::string_view> names;
  for (const auto& alias : aliases) names.push_back(b.keep(alias));
  fact.aliases = b.keep(names);
  fact.modified = modified;
  fact.published = modified;
  fact.withdrawn = withdrawn;
  b.affects.push_back(fact);
  return step;
}
inline Step configured(std::string_view kind, std::string_view name, std::string_view json) {
  Step step = evidence("");
  step.kind = "configuration";
  step.batch.configured.push_back({step.batch.keep(kind), step.batch.keep(name), step.batch.keep(json)});
  return step;
}

// The entry's index. Time: one minute an entry where the step has none.
inline uint64_t apply(Graph& graph, const Step& step) {
  EntryHead head;
  head.index = graph.size();
  head.time = step.time.is_set() ? step.time : Time{1'700'000'000'000 + static_cast<int64_t>(head.index) * kMinuteMs};
  head.kind = step.kind;
  head.actor = step.actor;
  head.subject = step.subject;
  head.document = step.document.is_zero() ? sha256("document " + std::to_string(head.index)) : step.document;
  head.document_bytes = 100;
  const auto done = graph.apply(head, step.batch);
  return done ? head.index : kNoEntry;
}

}  // namespace waybill::graph::history
