#include "waybill/facts/facts.h"

#include <array>

#include "waybill/base/bytes.h"
#include "waybill/base/json_out.h"

namespace waybill::facts {
namespace {

template <size_t N, class E>
std::string_view word_of(const std::array<std::string_view, N>& words, E value) {
  const auto index = static_cast<size_t>(value);
  return index < N ? words[index] : words[0];
}

constexpr std::array<std::string_view, 9> kComponentKinds = {"library", "framework", "application", "os", "container", "file", "firmware", "model", "other"};
constexpr std::array<std::string_view, 5> kScopes = {"unknown", "runtime", "build", "test", "optional"};
constexpr std::array<std::string_view, 6> kSeverities = {"unknown", "none", "low", "medium", "high", "critical"};
constexpr std::array<std::string_view, 8> kTestKinds = {"other", "unit", "integration", "acceptance", "performance", "security", "fuzz", "smoke"};
constexpr std::array<std::string_view, 10> kFindingKinds = {"static",  "dynamic",     "secret",        "infrastructure", "malware",
                                                            "licence", "penetration", "configuration", "quality",        "vulnerability"};
constexpr std::array<std::string_view, 9> kScanKinds = {"static",         "dynamic", "container", "dependency", "secret",
                                                        "infrastructure", "licence", "malware",   "penetration"};
constexpr std::array<std::string_view, 4> kOutcomes = {"unknown", "done", "partial", "failed"};
constexpr std::array<std::string_view, 4> kVex = {"not_affected", "affected", "fixed", "under_investigation"};
constexpr std::array<std::string_view, 3> kActs = {"request", "approve", "revoke"};
constexpr std::array<std::string_view, 4> kEvents = {"introduced", "fixed", "last_affected", "limit"};
constexpr std::array<std::string_view, 3> kRanges = {"semver", "ecosystem", "git"};

// Members in the order of the struct; what the document does not say is left out.
class Out {
 public:
  explicit Out(JsonWriter& w) : w_(w) { w_.begin_object(); }
  ~Out() { w_.end_object(); }
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;

  Out& text(std::string_view name, Text value) {
    if (!value.empty()) w_.field(name, value);
    return *this;
  }
  Out& texts(std::string_view name, Texts values) {
    if (values.empty()) return *this;
    w_.key(name).begin_array();
    for (const Text value : values) w_.value(value);
    w_.end_array();
    return *this;
  }
  Out& time(std::string_view name, Time value) {
    if (value.is_set()) w_.field(name, to_rfc3339_ms(value));
    return *this;
  }
  Out& yes(std::string_view name, Yes value) {
    if (value != Yes::unknown) w_.field(name, value == Yes::yes);
    return *this;
  }
  Out& flag(std::string_view name, bool value) {
    if (value) w_.field(name, true);
    return *this;
  }
  Out& count(std::string_view name, uint64_t value) {
    w_.field(name, value);
    return *this;
  }
  // -1 means unknown.
  Out& measure(std::string_view name, double value) {
    if (value >= 0) w_.field(name, value);
    return *this;
  }
  Out& hashes(std::string_view name, std::span<const Hash> values) {
    if (values.empty()) return *this;
    w_.key(name).begin_array();
    for (const Hash& hash : values) w_.begin_object().field("algorithm", hash.algorithm).field("hex", hash.hex).end_object();
    w_.end_array();
    return *this;
  }
  JsonWriter& writer() { return w_; }

 private:
  JsonWriter& w_;
};

void write(JsonWriter& w, const Listed& f) {
  Out(w)
      .text("subject", f.subject)
      .text("subject_name", f.subject_name)
      .text("subject_kind", f.subject_kind)
      .text("format", f.format)
      .text("version", f.version)
      .text("serial", f.serial)
      .text("tool", f.tool)
      .text("author", f.author)
      .text("supplier", f.supplier)
      .text("phase", f.phase)
      .time("generated_at", f.generated_at)
      .writer()
      .field("has_graph", f.has_graph);
}
void write(JsonWriter& w, const Contains& f) {
  Out out(w);
  out.text("purl", f.purl)
      .text("name", f.name)
      .text("group", f.group)
      .text("version", f.version)
      .text("licence", f.licence)
      .text("supplier", f.supplier)
      .text("origin", f.origin)
      .text("ref", f.ref)
      .text("cpe", f.cpe)
      .hashes("hashes", f.hashes);
  if (f.parent != Contains::kNoComponent) out.count("parent", f.parent);
  out.text("kind", to_string(f.kind));
  if (f.scope != Scope::unknown) out.text("scope", to_string(f.scope));
}
void write(JsonWriter& w, const DependsOn& f) {
  Out out(w);
  if (f.from != Contains::kNoComponent) out.count("from", f.from);
  out.count("to", f.to);
}
void write(JsonWriter& w, const BuiltFrom& f) {
  Out(w)
      .text("subject", f.subject)
      .text("source", f.source)
      .text("role", f.role)
      .text("branch", f.branch)
      .text("tag", f.tag)
      .text("linked_by", f.linked_by)
      .text("base_name", f.base_name)
      .text("base_digest", f.base_digest);
}
void write(JsonWriter& w, const BuiltBy& f) {
  Out(w)
      .text("subject", f.subject)
      .text("builder", f.builder)
      .text("builder_version", f.builder_version)
      .text("type", f.type)
      .text("invocation", f.invocation)
      .text("source", f.source)
      .text("trigger", f.trigger)
      .text("started_by", f.started_by)
      .text("workflow_path", f.workflow_path)
      .text("workflow_ref", f.workflow_ref)
      .text("predicate", f.predicate)
      .text("runner", f.runner)
      .texts("parameters", f.parameters)
      .yes("dependencies_complete", f.dependencies_complete)
      .yes("from_fork", f.from_fork)
      .yes("hermetic", f.hermetic)
      .time("started_at", f.started_at)
      .time("finished_at", f.finished_at);
}
void write(JsonWriter& w, const Signed& f) {
  Out out(w);
  out.text("of", f.of)
      .text("about", f.about)
      .text("method", f.method)
      .text("identity", f.identity)
      .text("issuer", f.issuer)
      .text("key", f.key)
      .text("reason", f.reason);
  w.field("verified", f.verified).field("logged", f.logged);
  out.time("logged_at", f.logged_at);
}
void write(JsonWriter& w, const Reviewed& f) {
  Out out(w);
  out.text("source", f.source).text("pull_request", f.pull_request).text("author", f.author).text("reviewer", f.reviewer).text("merged_by", f.merged_by);
  w.field("approved", f.approved);
  out.time("at", f.at);
}
void write(JsonWriter& w, const Tested& f) {
  Out(w)
      .text("subject", f.subject)
      .text("suite", f.suite)
      .text("kind", to_string(f.kind))
      .count("passed", f.passed)
      .count("failed", f.failed)
      .count("skipped", f.skipped)
      .measure("flaky", f.flaky)
      .measure("coverage_percent", f.coverage_percent)
      .texts("failures", f.failures)
      .time("at", f.at);
}
void write(JsonWriter& w, const Scanned& f) {
  Out(w)
      .text("subject", f.subject)
      .text("tool", f.tool)
      .text("version", f.version)
      .text("kind", to_string(f.kind))
      .text("outcome", to_string(f.outcome))
      .time("at", f.at)
      .time("data_at", f.data_at)
      .measure("covered_percent", f.covered_percent)
      .texts("excluded", f.excluded)
      .count("critical", f.critical)
      .count("high", f.high)
      .count("medium", f.medium)
      .count("low", f.low)
      .count("unknown", f.unknown);
}
void write(JsonWriter& w, const Found& f) {
  Out(w)
      .text("subject", f.subject)
      .text("tool", f.tool)
      .text("rule", f.rule)
      .text("title", f.title)
      .text("location", f.location)
      .text("fingerprint", f.fingerprint)
      .text("package", f.package)
      .text("vulnerability", f.vulnerability)
      .texts("cwe", f.cwe)
      .text("kind", to_string(f.kind))
      .text("severity", to_string(f.severity));
}
void write(JsonWriter& w, const Affects& f) {
  Out out(w);
  out.text("id", f.id)
      .texts("aliases", f.aliases)
      .texts("related", f.related)
      .texts("upstream", f.upstream)
      .text("summary", f.summary)
      .text("details", f.details)
      .texts("references", f.references)
      .hashes("scores", f.scores)
      .text("severity", f.severity)
      .text("source", f.source);
  w.key("affected").begin_array();
  for (const auto& package : f.affected) {
    Out item(w);
    item.text("ecosystem", package.ecosystem).text("name", package.name).text("purl", package.purl);
    if (!package.ranges.empty()) {
      w.key("ranges").begin_array();
      for (const auto& range : package.ranges) {
        Out one(w);
        one.text("type", word_of(kRanges, range.type));
        w.key("events").begin_array();
        for (const auto& event : range.events) Out(w).text(word_of(kEvents, event.what), event.version);
        w.end_array();
      }
      w.end_array();
    }
    item.texts("versions", package.versions).text("severity", package.severity);
  }
  w.end_array();
  out.time("published", f.published).time("modified", f.modified).time("withdrawn", f.withdrawn);
}
void write(JsonWriter& w, const Exploitability& f) {
  Out(w)
      .text("product", f.product)
      .texts("subcomponents", f.subcomponents)
      .text("vulnerability", f.vulnerability)
      .text("status", to_string(f.status))
      .text("justification", f.justification)
      .text("impact", f.impact)
      .text("action", f.action)
      .text("author", f.author)
      .time("at", f.at);
}
void write(JsonWriter& w, const Scored& f) {
  Out out(w);
  out.text("of", f.of).text("scheme", f.scheme);
  w.field("value", f.value);
  out.text("text", f.text).time("at", f.at).time("due", f.due);
}
void write(JsonWriter& w, const Deployed& f) {
  Out(w)
      .text("artifact", f.artifact)
      .text("name", f.name)
      .text("service", f.service)
      .text("environment", f.environment)
      .text("by", f.by)
      .text("decision", f.decision)
      .time("at", f.at);
}
void write(JsonWriter& w, const Removed& f) { Out(w).text("service", f.service).text("environment", f.environment).text("by", f.by).time("at", f.at); }
void write(JsonWriter& w, const Ran& f) {
  Out(w)
      .text("subject", f.subject)
      .text("pipeline", f.pipeline)
      .text("stage", f.stage)
      .text("step", f.step)
      .text("url", f.url)
      .text("outcome", to_string(f.outcome))
      .time("from", f.from)
      .time("until", f.until);
}
void write(JsonWriter& w, const Approved& f) {
  Out(w)
      .text("decision", f.decision)
      .text("subject", f.subject)
      .text("environment", f.environment)
      .text("by", f.by)
      .texts("groups", f.groups)
      .text("reason", f.reason)
      .flag("machine", f.machine)
      .flag("break_glass", f.break_glass)
      .flag("rejected", f.rejected)
      .time("at", f.at)
      .time("until", f.until);
}
void write(JsonWriter& w, const Excepted& f) {
  Out(w)
      .text("act", word_of(kActs, f.act))
      .text("id", f.id)
      .text("rule", f.rule)
      .text("matches", f.matches)
      .text("scope", f.scope)
      .text("service", f.service)
      .text("environment", f.environment)
      .text("reason", f.reason)
      .text("control", f.control)
      .text("by", f.by)
      .time("at", f.at)
      .time("until", f.until);
}
void write(JsonWriter& w, const Decided& f) {
  Out(w)
      .text("id", f.id)
      .text("subject", f.subject)
      .text("environment", f.environment)
      .text("service", f.service)
      .text("gate", f.gate)
      .text("action", f.action)
      .text("verdict", f.verdict)
      .text("summary", f.summary)
      .text("decision_digest", f.decision_digest)
      .text("input_digest", f.input_digest)
      .text("policy_digest", f.policy_digest)
      .text("supersedes", f.supersedes)
      .count("log_index", f.log_index)
      .time("at", f.at)
      .time("until", f.until);
}
void write(JsonWriter& w, const Turned& f) {
  Out(w)
      .text("service", f.service)
      .text("environment", f.environment)
      .text("subject", f.subject)
      .text("from", f.from)
      .text("to", f.to)
      .text("cause", f.cause)
      .text("decision", f.decision)
      .time("at", f.at);
}
void write(JsonWriter& w, const Accessed& f) {
  Out(w).text("secret", f.secret).text("actor", f.actor).text("purpose", f.purpose).text("fingerprint", f.fingerprint).time("at", f.at);
}
void write(JsonWriter& w, const Observed& f) { Out(w).text("subject", f.subject).text("property", f.property).text("value", f.value).time("at", f.at); }
void write(JsonWriter& w, const Configured& f) {
  Out out(w);
  out.text("kind", f.kind).text("name", f.name);
  if (!f.json.empty()) w.field_raw("json", f.json);
}

// Every kind of fact with its name, in the order of the header.
template <class F>
void for_each_kind(const Batch& b, const F& f) {
  f("listed", b.listed);
  f("contains", b.contains);
  f("depends_on", b.depends_on);
  f("built_from", b.built_from);
  f("built_by", b.built_by);
  f("signed", b.signed_by);
  f("reviewed", b.reviewed);
  f("tested", b.tested);
  f("scanned", b.scanned);
  f("found", b.found);
  f("affects", b.affects);
  f("exploitability", b.exploitability);
  f("scored", b.scored);
  f("deployed", b.deployed);
  f("removed", b.removed);
  f("ran", b.ran);
  f("approved", b.approved);
  f("excepted", b.excepted);
  f("decided", b.decided);
  f("turned", b.turned);
  f("accessed", b.accessed);
  f("observed", b.observed);
  f("configured", b.configured);
}

}  // namespace

std::string_view to_string(ComponentKind kind) { return word_of(kComponentKinds, kind); }
std::string_view to_string(Scope scope) { return word_of(kScopes, scope); }
std::string_view to_string(Severity severity) { return word_of(kSeverities, severity); }
std::string_view to_string(TestKind kind) { return word_of(kTestKinds, kind); }
std::string_view to_string(FindingKind kind) { return word_of(kFindingKinds, kind); }
std::string_view to_string(ScanKind kind) { return word_of(kScanKinds, kind); }
std::string_view to_string(Outcome outcome) { return word_of(kOutcomes, outcome); }
std::string_view to_string(Vex status) { return word_of(kVex, status); }

Severity parse_severity(std::string_view word) {
  struct Row {
    std::string_view word;
    Severity severity;
  };
  static constexpr Row kRows[] = {
      {"critical", Severity::critical}, {"high", Severity::high}, {"important", Severity::high},     {"medium", Severity::medium},
      {"moderate", Severity::medium},   {"low", Severity::low},   {"minor", Severity::low},          {"negligible", Severity::low},
      {"none", Severity::none},         {"info", Severity::none}, {"informational", Severity::none}, {"unimportant", Severity::low},
  };
  for (const Row& row : kRows)
    if (equals_ignore_case(word, row.word)) return row.severity;
  return Severity::unknown;
}

std::string to_counts_json(const Batch& batch) {
  JsonWriter w;
  w.begin_object();
  for_each_kind(batch, [&](std::string_view name, const auto& facts) {
    if (!facts.empty()) w.field(name, static_cast<uint64_t>(facts.size()));
  });
  w.end_object();
  return std::move(w).take();
}

std::string to_json(const Batch& batch) {
  JsonWriter w;
  w.begin_object().field("format", batch.format).field("kind", batch.kind);
  if (!batch.subject.empty()) w.field("subject", batch.subject);
  if (!batch.more_subjects.empty()) {
    w.key("more_subjects").begin_array();
    for (const auto& subject : batch.more_subjects) w.value(subject);
    w.end_array();
  }
  if (!batch.subject_name.empty()) w.field("subject_name", batch.subject_name);
  if (!batch.predicate_type.empty()) w.field("predicate_type", batch.predicate_type);
  for_each_kind(batch, [&](std::string_view name, const auto& facts) {
    if (facts.empty()) return;
    w.key(name).begin_array();
    for (const auto& fact : facts) write(w, fact);
    w.end_array();
  });
  if (!batch.warnings.empty()) {
    w.key("warnings").begin_array();
    for (const auto& warning : batch.warnings) w.value(warning);
    w.end_array();
  }
  w.end_object();
  return std::move(w).take();
}

}  // namespace waybill::facts
