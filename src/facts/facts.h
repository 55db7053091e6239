// The narrow waist: everything that any document can tell Waybill, in one closed vocabulary.
//
// formats/ turns the bytes of one document into one Batch; graph/ and advisory/ fold batches into what they answer from.
// A format knows nothing of the graph, the graph knows nothing of formats. Facts are derived: they are never stored as
// truth, a better parser simply makes better ones from the same document.
//
// Every string_view in a fact points into the document's bytes or the batch's arena and lives as long as the Batch.
// "Subject" is a text in one of these forms (policy-input.md, "subject"):
//   sha256:<64 hex>                         an artifact, by its content
//   git+https://host/repo@<commit>          a source revision
//   pkg:…                                   a package, by its canonical purl
//   <scope>@<environment>                   a service where it runs
// An empty text or a zero Time means: the document does not say. Nothing is ever guessed.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/arena.h"
#include "waybill/base/time.h"

namespace waybill::facts {

using Text = std::string_view;
using Texts = std::span<const std::string_view>;  // in the arena

enum class ComponentKind : uint8_t { library, framework, application, os, container, file, firmware, model, other };
enum class Scope : uint8_t { unknown, runtime, build, test, optional };
enum class Severity : uint8_t { unknown, none, low, medium, high, critical };
enum class TestKind : uint8_t { other, unit, integration, acceptance, performance, security, fuzz, smoke };
enum class FindingKind : uint8_t { static_, dynamic, secret, infrastructure, malware, licence, penetration, configuration, quality, vulnerability };
enum class ScanKind : uint8_t { static_, dynamic, container, dependency, secret, infrastructure, licence, malware, penetration };
enum class Outcome : uint8_t { unknown, done, partial, failed };
enum class Vex : uint8_t { not_affected, affected, fixed, under_investigation };
enum class Yes : uint8_t { unknown, no, yes };

// The words of policy-input.md: "library", "runtime", "critical", "static", …
std::string_view to_string(ComponentKind kind);
std::string_view to_string(Scope scope);
std::string_view to_string(Severity severity);
std::string_view to_string(TestKind kind);
std::string_view to_string(FindingKind kind);
std::string_view to_string(ScanKind kind);
std::string_view to_string(Outcome outcome);
std::string_view to_string(Vex status);
Severity parse_severity(std::string_view word);  // any case; "moderate" is medium, "important" high, "negligible" low

struct Hash {
  Text algorithm;  // "sha256", "sha512", "sha1", "md5", …: lower case without a dash
  Text hex;
};

// What a bill of materials says of itself (CycloneDX metadata, SPDX creationInfo). One a document.
struct Listed {
  Text subject;       // digest of what it lists, or a purl when the document names no digest
  Text subject_name;  // what people call it
  Text subject_kind;  // container, application, …
  Text format;        // "cyclonedx", "spdx"
  Text version;       // of the format
  Text serial;
  Text tool;  // "syft 1.38.0"
  Text author;
  Text supplier;
  Text phase;  // design, source, build, analyzed, deployed, runtime
  Time generated_at;
  bool has_graph = false;
};

// One component. `subject` of the whole batch contains it; nesting is in `parent`.
struct Contains {
  Text purl;  // as it stands in the document: the graph keeps the canonical form, and remembers this spelling
  Text name;
  Text group;
  Text version;
  Text licence;  // SPDX expression, concluded else declared; several without an expression are joined by AND
  Text supplier;
  Text origin;  // where it was fetched from
  Text ref;     // bom-ref, SPDXID
  Text cpe;
  std::span<const Hash> hashes;
  uint32_t parent = kNoComponent;  // index of the component that it is nested in
  ComponentKind kind = ComponentKind::library;
  Scope scope = Scope::unknown;
  static constexpr uint32_t kNoComponent = 0xffffffff;
};

// Indices into Batch::contains; `from` may be kNoComponent: the subject itself.
struct DependsOn {
  uint32_t from, to;
};

struct BuiltFrom {
  Text subject;
  Text source;  // git+https://host/repo@<commit>, canonical, without credentials
  Text role;    // main, configuration, other
  Text branch, tag;
  Text linked_by;  // provenance, claim, label
  Text base_name;  // base image, when that is what it was built from
  Text base_digest;
};

struct BuiltBy {
  Text subject;
  Text builder;  // id (URI)
  Text builder_version;
  Text type;  // build type (URI)
  Text invocation;
  Text source;   // as in BuiltFrom
  Text trigger;  // push, tag, schedule, manual, pull_request, other
  Text started_by;
  Text workflow_path, workflow_ref;
  Text predicate;    // predicate type of the statement
  Text runner;       // hosted, self_hosted
  Texts parameters;  // names of external parameters that can change the result
  Yes dependencies_complete = Yes::unknown;
  Yes from_fork = Yes::unknown;
  Yes hermetic = Yes::unknown;
  Time started_at, finished_at;
};

// A signature over a document or a subject. `verified` is what trust/ found, never what the document says of itself.
struct Signed {
  Text of;      // digest that was signed (a document's, or the subject's)
  Text about;   // subject, sbom, provenance, manifest, other
  Text method;  // keyless, key, certificate, notary
  Text identity, issuer, key;
  Text reason;  // why it does not hold
  bool verified = false;
  bool logged = false;
  Time logged_at;
};

struct Reviewed {
  Text source;
  Text pull_request, author, reviewer, merged_by;
  bool approved = false;
  Time at;
};

struct Tested {
  Text subject;  // empty: the subject under which it was collected
  Text suite;
  TestKind kind = TestKind::unit;
  uint32_t passed = 0, failed = 0, skipped = 0;
  int32_t flaky = -1;            // -1: unknown
  double coverage_percent = -1;  // -1: unknown
  Texts failures;                // names of failed cases, the first 20
  Time at;
};

struct Scanned {
  Text subject;
  Text tool, version;
  ScanKind kind = ScanKind::static_;
  Outcome outcome = Outcome::unknown;
  Time at, data_at;
  double covered_percent = -1;
  Texts excluded;
  uint32_t critical = 0, high = 0, medium = 0, low = 0, unknown = 0;
};

struct Found {
  Text subject;
  Text tool, rule, title;
  Text location;     // path:line, URL, or layer and path
  Text fingerprint;  // stable over line moves
  Text package, vulnerability;
  Texts cwe;
  FindingKind kind = FindingKind::static_;
  Severity severity = Severity::unknown;
};

// One OSV record. Ranges and versions as written; advisory/ orders them.
struct Affects {
  struct Event {
    enum class What : uint8_t { introduced, fixed, last_affected, limit } what;
    Text version;
  };
  struct Range {
    enum class Type : uint8_t { semver, ecosystem, git } type;
    std::span<const Event> events;
  };
  struct Package {
    Text ecosystem;  // "npm", "Debian:12", …
    Text name;
    Text purl;
    std::span<const Range> ranges;
    Texts versions;
    Text severity;  // database_specific / ecosystem_specific word, if any
  };
  Text id;
  Texts aliases, related, upstream;
  Text summary, details;
  Texts references;
  std::span<const Hash> scores;  // {"CVSS_V3", vector}: type and vector as written
  Text severity;                 // the source's word, if any
  Text source;                   // database that it came from: "GHSA", "GO", "DEMO", … (the id's prefix)
  std::span<const Package> affected;
  Time published, modified, withdrawn;
};

struct Exploitability {
  Text product;  // purl or digest; empty: the subject under which it was collected
  Texts subcomponents;
  Text vulnerability;
  Vex status = Vex::under_investigation;
  Text justification, impact, action, author;
  Time at;
};

// A number about a vulnerability, a project, a component.
struct Scored {
  Text of;      // vulnerability id, purl
  Text scheme;  // epss, epss-percentile, kev, cvss3.1, cvss4.0, scorecard, eol
  double value = 0;
  Text text;  // vector, due date, …
  Time at, due;
};

struct Deployed {
  Text artifact, name;  // sha256:…; the reference that people used
  Text service, environment;
  Text by, decision;
  Time at;
};
struct Removed {
  Text service, environment, by;
  Time at;
};

struct Ran {
  Text subject;
  Text pipeline, stage, step, url;
  Outcome outcome = Outcome::unknown;
  Time from, until;
};

struct Approved {
  Text decision, subject, environment, by;
  Texts groups;
  Text reason;
  bool machine = false, break_glass = false, rejected = false;
  Time at, until;
};

// An exception's life is several entries: requested, approved, revoked.
struct Excepted {
  enum class Act : uint8_t { request, approve, revoke } act = Act::request;
  Text id;             // x-N; empty in a request: its own entry's index makes it
  Text rule, matches;  // matches: an `on` value, a glob, or *
  Text scope;          // organisation/team/service, or a prefix of it; empty: everywhere
  Text service, environment;
  Text reason, control, by;
  Time at, until;
};

struct Decided {
  Text id, subject, environment, service, gate, action, verdict, summary;
  Text decision_digest, input_digest, policy_digest;
  Text supersedes;
  uint64_t log_index = 0;
  Time at, until;
};

struct Turned {  // a standing verdict changed
  Text service, environment, subject, from, to, cause, decision;
  Time at;
};

struct Accessed {
  Text secret, actor, purpose, fingerprint;
  Time at;
};

// Whatever has no fact of its own yet: a label, a forge's setting, a tool's version.
struct Observed {
  Text subject, property, value;
  Time at;
};

// What people set up: a service, an environment, a policy document, a trust list. `json` is the whole document in
// canonical JSON; the last one of a kind and name holds.
struct Configured {
  Text kind;  // service, environment, policy, trust, list
  Text name;  // scope or name
  Text json;
};

// All that one document says.
struct Batch {
  Batch() = default;
  Batch(Batch&&) noexcept = default;
  Batch& operator=(Batch&&) noexcept = default;

  std::shared_ptr<const std::string> document;  // what views may point into
  Arena arena{size_t{16} << 10};

  // What the document is: shown to people and kept in the entry.
  std::string format;   // "CycloneDX 1.6", "SLSA provenance v1", "JUnit XML", …
  std::string kind;     // sbom, provenance, tests, scan, findings, vex, advisories, deployment, approval, exception, configuration, statement, opaque
  std::string subject;  // main subject, "" when the document names none
  std::vector<std::string> more_subjects;
  std::string subject_name;
  std::string predicate_type;

  std::vector<Listed> listed;
  std::vector<Contains> contains;
  std::vector<DependsOn> depends_on;
  std::vector<BuiltFrom> built_from;
  std::vector<BuiltBy> built_by;
  std::vector<Signed> signed_by;
  std::vector<Reviewed> reviewed;
  std::vector<Tested> tested;
  std::vector<Scanned> scanned;
  std::vector<Found> found;
  std::vector<Affects> affects;
  std::vector<Exploitability> exploitability;
  std::vector<Scored> scored;
  std::vector<Deployed> deployed;
  std::vector<Removed> removed;
  std::vector<Ran> ran;
  std::vector<Approved> approved;
  std::vector<Excepted> excepted;
  std::vector<Decided> decided;
  std::vector<Turned> turned;
  std::vector<Accessed> accessed;
  std::vector<Observed> observed;
  std::vector<Configured> configured;

  // Things that were odd and let pass: "/components/3: purl \"lid purl\" cannot be read". At most 100.
  std::vector<std::string> warnings;

  Text keep(std::string_view text) { return arena.copy(text); }
  template <class T>
  std::span<const T> keep(const std::vector<T>& items) {
    if (items.empty()) return {};
    T* at = arena.allocate_array<T>(items.size());
    for (size_t i = 0; i < items.size(); ++i) at[i] = items[i];
    return {at, items.size()};
  }
};

// {"contains": 120, "depends_on": 300, …}: counts of what is there, in a fixed order.
std::string to_counts_json(const Batch& batch);
// Every fact as JSON, for `…/facts` and for golden tests. Same batch, same bytes.
std::string to_json(const Batch& batch);

}  // namespace waybill::facts
