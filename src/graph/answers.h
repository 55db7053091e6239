// What the graph answers with: plain structs, no logic.
//
// Every string_view points into the graph or into the View that answered, and lives as long as that View. Every answer
// names the entries that it came from. Times of events are data; `entry` says when Waybill knew.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/sha256.h"
#include "waybill/base/time.h"
#include "waybill/facts/facts.h"
#include "waybill/graph/ids.h"

namespace waybill::graph {

using Text = std::string_view;
constexpr uint64_t kNoEntry = ~uint64_t{0};

// A fact, and the entry that brought it. The texts of `fact` are views as above; its subject is always filled in.
template <class Fact>
struct Known {
  uint64_t entry = kNoEntry;
  Fact fact;
};

struct Entry {
  uint64_t index = 0;
  Time at;
  Text kind;        // evidence, deployment, approval, decision, …: the log's word
  Text actor;       // person:…, machine:…
  Sha256 document;  // zero: it has none
  uint64_t document_bytes = 0;
  Text document_kind;      // sbom, provenance, tests, …: facts::Batch::kind
  Text format;             // "CycloneDX 1.6"
  Id subject;              // what it speaks of in the first place; none if it names nothing
  bool is_signed = false;  // a signature over it was verified (a Signed fact of the same entry)
};

struct Subject {
  Id id;
  Text text;  // digest, purl, git+…, service@environment, …
  Text name;  // what people call it; newest that is known; "" when nobody said
  Text type;  // of an artifact: container, application, … as its bill of materials says
  uint64_t first_entry = kNoEntry, last_entry = kNoEntry;
  uint32_t facts = 0;  // facts that name it
};

// One bill of materials, read. An artifact's contents are the union of those that are in force; `primary` is the newest.
// A later one of the same artifact by the same actor and tool takes the place of the earlier.
struct Inventory {
  uint64_t entry = kNoEntry;
  Id artifact;
  facts::Listed listed;
  bool primary = false, in_force = true;
  uint32_t components = 0;    // as listed, before equal ones were folded into one
  uint32_t distinct = 0;      // different packages
  uint32_t dependencies = 0;  // edges
  uint32_t without_purl = 0, without_version = 0, without_licence = 0, without_hash = 0, without_supplier = 0, without_name = 0;
};

struct Component {
  Id package;
  Text purl;                  // canonical; pkg:generic/… where the document has none (see has_purl)
  Text type;                  // npm, deb, …
  Text group, name, version;  // decoded
  Text licence, supplier;     // "" when unknown
  facts::ComponentKind kind = facts::ComponentKind::library;
  facts::Scope scope = facts::Scope::unknown;
  facts::Yes direct = facts::Yes::unknown;  // unknown where the document has no dependency graph
  bool has_purl = true, has_hash = false;
  uint64_t entry = kNoEntry;  // of the newest bill of materials that lists it
};

struct Vulnerability {
  Id id;
  Text name;                  // the CVE where there is exactly one, else the advisory's own id
  std::vector<Text> aliases;  // its other names
  Text summary, details;
  facts::Severity severity = facts::Severity::unknown;  // of the score shown, else the source's word
  double score = -1;                                    // -1: unknown
  Text score_scheme, vector, score_source;              // "CVSS_V3", …
  double epss = -1, epss_percentile = -1;
  Time epss_at;
  bool known_exploited = false, ransomware = false;
  Time exploited_since, exploited_due;
  Time published, modified;
  Time withdrawn;  // set: every record of it was withdrawn
  std::vector<Text> references;
  std::vector<uint64_t> entries;  // that brought its records
  uint64_t first_entry = kNoEntry;
};

// One package hit by one vulnerability.
struct Match {
  Id vulnerability, package;
  Text advisory;                    // id of the record that matched first
  bool undetermined = false;        // its version cannot be ordered against the range
  std::vector<Text> fixed;          // fixed versions, nearest first
  uint64_t known_entry = kNoEntry;  // brought the second half: since when we could know
  Time known_at;
  uint64_t advisory_entry = kNoEntry, package_entry = kNoEntry;
};

// One artifact running as a service in an environment over an interval. Known by "r-<entry>".
struct Deployment {
  uint64_t entry = kNoEntry;
  uint64_t ended_entry = kNoEntry;  // the entry that ended it, if it has ended as of the view
  Id artifact, service, environment, place;
  Text digest, name;                    // name: the reference that people used
  Text service_name, environment_name;  // as the facts called them
  Text by, decision;
  Time from, until;  // until: not set while it runs
};

// policy-input.md, deployments.earlier
struct Earlier {
  Id environment;
  Text name;
  bool reached = false;
  int64_t hours = 0;  // how long this very artifact ran there as this service, all intervals together
  std::vector<uint64_t> entries;
};

struct Service {
  Id id;
  Text name, scope;           // scope = name while nothing is configured
  Text json;                  // its configuration document, "" when there is none
  uint64_t entry = kNoEntry;  // of that document, else of the first fact that named it
};

struct Environment {
  Id id;
  Text name;
  Text json;  // its configuration document: tier, order, after, … ; "" when there is none
  uint64_t entry = kNoEntry;
};

struct Configuration {
  Text kind, name, json;
  uint64_t entry = kNoEntry;  // of the version in force as of the view
};

struct Decision {
  uint64_t entry = kNoEntry;
  facts::Decided fact;
  Id subject, place;
  Sha256 document;     // of the entry: the decision document
  Text superseded_by;  // id, "" while none does
};

struct Exception {
  enum class State : uint8_t { requested, approved, revoked, expired };
  Id id;
  Text name;  // x-N
  State state = State::requested;
  Text rule, matches, scope, service, environment, reason, control, requested_by, revoked_by;
  std::vector<Text> approved_by;
  Time requested_at, until;
  uint32_t renewals = 0;
  std::vector<uint64_t> entries;
};
std::string_view to_string(Exception::State state);

struct NamedImage {  // one line of a name's history
  Text image;        // registry/repository:tag
  Id artifact;
  uint64_t entry = kNoEntry;
};

// From a vulnerability, package, artifact or service to what runs it.
struct Trace {
  Id of;
  struct Package {
    Id id;
    Text purl;
    std::vector<Text> fixed;    // for a vulnerability
    uint64_t entry = kNoEntry;  // for a vulnerability: since when it is known
  };
  struct Artifact {
    Id id;
    Text digest, name;
    bool deployed = false;
  };
  std::vector<Package> packages;                        // only those that an artifact shown contains, unless asked otherwise
  std::vector<Artifact> artifacts;                      // deployed ones first, then the others up to the limit asked for
  std::vector<Deployment> deployments;                  // those running
  std::vector<std::pair<uint32_t, uint32_t>> contains;  // index in packages → index in artifacts
  std::vector<std::pair<uint32_t, uint32_t>> runs;      // index in artifacts → index in deployments
  uint32_t total_packages = 0, total_artifacts = 0, total_deployments = 0, not_deployed = 0;
};

struct Counts {
  uint64_t entries = 0, artifacts = 0, packages = 0, sources = 0, services = 0, environments = 0, vulnerabilities = 0;
  uint64_t advisories = 0, decisions = 0, deployments_running = 0, inventories = 0;
};

struct SearchHit {
  Id id;
  Text text, name;
};

// What one entry changed; given to subscribers after it can be seen by readers.
struct Changes {
  uint64_t entry = kNoEntry;
  Time at;
  std::vector<Id> subjects;  // named by its facts, each once
  // Places (service@environment) where something runs now, or ran until this entry, and that this entry may mean
  // something for: what they run was named, or a package in it met a vulnerability, or their own settings changed.
  std::vector<Id> places;
  bool every_place = false;  // policies, trust lists: everything that runs
  struct Pair {
    Id package, vulnerability;
    bool closed = false;  // it was withdrawn
  };
  std::vector<Pair> pairs;
  bool advisories = false, configuration = false;
};

}  // namespace waybill::graph
