// Every fact's fields, written down once: the fold packs facts with it, views unpack them with it, and what a fact names
// is found with it. Only this room uses it.
//
// An archive offers: text(Text&), texts(Texts&), time(Time&), number(integer or enum or bool or double &), hashes(…),
// node(Text&, Kind): a text that names a node (Kind::none: by its form), secondary(Text&, Kind): one that is named but not
// spoken of.
#pragma once

#include "waybill/facts/facts.h"
#include "waybill/graph/ids.h"

namespace waybill::graph {

// In the order of facts::Batch. What a record of the graph is; the number stands in snapshots.
enum class FactKind : uint8_t {
  inventory,  // Listed with what it contains; record = number of the inventory
  built_from,
  built_by,
  signed_by,
  reviewed,
  tested,
  scanned,
  found,
  affects,
  exploitability,
  scored,
  deployed,  // record = number of the deployment
  removed,
  ran,
  approved,
  excepted,
  decided,
  turned,
  accessed,
  observed,
  configured,
  named,    // an image name points to an artifact
  touched,  // the entry speaks of it without a fact
};
constexpr size_t kFactKinds = 23;

template <class A>
void fields(A& a, facts::Listed& f) {
  a.node(f.subject, Kind::none);
  a.text(f.subject_name);
  a.text(f.subject_kind);
  a.text(f.format);
  a.text(f.version);
  a.text(f.serial);
  a.text(f.tool);
  a.text(f.author);
  a.text(f.supplier);
  a.text(f.phase);
  a.time(f.generated_at);
  a.number(f.has_graph);
}
template <class A>
void fields(A& a, facts::BuiltFrom& f) {
  a.node(f.subject, Kind::none);
  a.node(f.source, Kind::none);
  a.text(f.role);
  a.text(f.branch);
  a.text(f.tag);
  a.text(f.linked_by);
  a.text(f.base_name);
  a.node(f.base_digest, Kind::none);
}
template <class A>
void fields(A& a, facts::BuiltBy& f) {
  a.node(f.subject, Kind::none);
  a.text(f.builder);
  a.text(f.builder_version);
  a.text(f.type);
  a.text(f.invocation);
  a.node(f.source, Kind::none);
  a.text(f.trigger);
  a.text(f.started_by);
  a.text(f.workflow_path);
  a.text(f.workflow_ref);
  a.text(f.predicate);
  a.text(f.runner);
  a.texts(f.parameters);
  a.number(f.dependencies_complete);
  a.number(f.from_fork);
  a.number(f.hermetic);
  a.time(f.started_at);
  a.time(f.finished_at);
}
template <class A>
void fields(A& a, facts::Signed& f) {
  a.secondary(f.of, Kind::none);
  a.text(f.about);
  a.text(f.method);
  a.text(f.identity);
  a.text(f.issuer);
  a.text(f.key);
  a.text(f.reason);
  a.number(f.verified);
  a.number(f.logged);
  a.time(f.logged_at);
}
template <class A>
void fields(A& a, facts::Reviewed& f) {
  a.node(f.source, Kind::none);
  a.text(f.pull_request);
  a.text(f.author);
  a.text(f.reviewer);
  a.text(f.merged_by);
  a.number(f.approved);
  a.time(f.at);
}
template <class A>
void fields(A& a, facts::Tested& f) {
  a.node(f.subject, Kind::none);
  a.text(f.suite);
  a.number(f.kind);
  a.number(f.passed);
  a.number(f.failed);
  a.number(f.skipped);
  a.number(f.flaky);
  a.number(f.coverage_percent);
  a.texts(f.failures);
  a.time(f.at);
}
template <class A>
void fields(A& a, facts::Scanned& f) {
  a.node(f.subject, Kind::none);
  a.text(f.tool);
  a.text(f.version);
  a.number(f.kind);
  a.number(f.outcome);
  a.time(f.at);
  a.time(f.data_at);
  a.number(f.covered_percent);
  a.texts(f.excluded);
  a.number(f.critical);
  a.number(f.high);
  a.number(f.medium);
  a.number(f.low);
  a.number(f.unknown);
}
template <class A>
void fields(A& a, facts::Found& f) {
  a.node(f.subject, Kind::none);
  a.text(f.tool);
  a.text(f.rule);
  a.text(f.title);
  a.text(f.location);
  a.text(f.fingerprint);
  a.text(f.package);
  a.text(f.vulnerability);
  a.texts(f.cwe);
  a.number(f.kind);
  a.number(f.severity);
}
template <class A>
void fields(A& a, facts::Affects& f) {
  a.text(f.id);
  a.texts(f.aliases);
  a.texts(f.related);
  a.texts(f.upstream);
  a.text(f.summary);
  a.text(f.details);
  a.texts(f.references);
  a.hashes(f.scores);
  a.text(f.severity);
  a.text(f.source);
  a.packages(f.affected);
  a.time(f.published);
  a.time(f.modified);
  a.time(f.withdrawn);
}
template <class A>
void fields(A& a, facts::Exploitability& f) {
  a.node(f.product, Kind::none);
  a.texts(f.subcomponents);
  a.node(f.vulnerability, Kind::vulnerability);
  a.number(f.status);
  a.text(f.justification);
  a.text(f.impact);
  a.text(f.action);
  a.text(f.author);
  a.time(f.at);
}
template <class A>
void fields(A& a, facts::Scored& f) {
  a.node(f.of, Kind::none);
  a.text(f.scheme);
  a.number(f.value);
  a.text(f.text);
  a.time(f.at);
  a.time(f.due);
}
template <class A>
void fields(A& a, facts::Deployed& f) {
  a.node(f.artifact, Kind::none);
  a.text(f.name);
  a.node(f.service, Kind::service);
  a.node(f.environment, Kind::environment);
  a.text(f.by);
  a.node(f.decision, Kind::decision);
  a.time(f.at);
}
template <class A>
void fields(A& a, facts::Removed& f) {
  a.node(f.service, Kind::service);
  a.node(f.environment, Kind::environment);
  a.text(f.by);
  a.time(f.at);
}
template <class A>
void fields(A& a, facts::Ran& f) {
  a.node(f.subject, Kind::none);
  a.text(f.pipeline);
  a.text(f.stage);
  a.text(f.step);
  a.text(f.url);
  a.number(f.outcome);
  a.time(f.from);
  a.time(f.until);
}
template <class A>
void fields(A& a, facts::Approved& f) {
  a.node(f.decision, Kind::decision);
  a.node(f.subject, Kind::none);
  a.node(f.environment, Kind::environment);
  a.text(f.by);
  a.texts(f.groups);
  a.text(f.reason);
  a.number(f.machine);
  a.number(f.break_glass);
  a.number(f.rejected);
  a.time(f.at);
  a.time(f.until);
}
template <class A>
void fields(A& a, facts::Excepted& f) {
  a.number(f.act);
  a.node(f.id, Kind::exception);
  a.text(f.rule);
  a.text(f.matches);
  a.text(f.scope);
  a.text(f.service);
  a.text(f.environment);
  a.text(f.reason);
  a.text(f.control);
  a.text(f.by);
  a.time(f.at);
  a.time(f.until);
}
template <class A>
void fields(A& a, facts::Decided& f) {
  a.node(f.id, Kind::decision);
  a.node(f.subject, Kind::none);
  a.node(f.environment, Kind::environment);
  a.node(f.service, Kind::service);
  a.text(f.gate);
  a.text(f.action);
  a.text(f.verdict);
  a.text(f.summary);
  a.text(f.decision_digest);
  a.text(f.input_digest);
  a.text(f.policy_digest);
  a.node(f.supersedes, Kind::decision);
  a.number(f.log_index);
  a.time(f.at);
  a.time(f.until);
}
template <class A>
void fields(A& a, facts::Turned& f) {
  a.node(f.service, Kind::service);
  a.node(f.environment, Kind::environment);
  a.node(f.subject, Kind::none);
  a.text(f.from);
  a.text(f.to);
  a.text(f.cause);
  a.node(f.decision, Kind::decision);
  a.time(f.at);
}
template <class A>
void fields(A& a, facts::Accessed& f) {
  a.node(f.secret, Kind::secret);
  a.text(f.actor);
  a.text(f.purpose);
  a.text(f.fingerprint);
  a.time(f.at);
}
template <class A>
void fields(A& a, facts::Observed& f) {
  a.node(f.subject, Kind::none);
  a.text(f.property);
  a.text(f.value);
  a.time(f.at);
}
template <class A>
void fields(A& a, facts::Configured& f) {
  a.text(f.kind);
  a.text(f.name);
  a.text(f.json);
}

}  // namespace waybill::graph
