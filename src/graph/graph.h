// The graph: everything that the log says, folded into ids, sets and intervals, and every question about it.
//
// collect/ (or whoever tails the log) applies entries, one at a time and in order; policy/, report/, gate/ and server/ ask
// through a View. It knows facts and nothing of formats or of the log's own storage; it never verifies, never waits for
// the network, and holds nothing that cannot be rebuilt: graph = fold(facts(documents(log))).
//
//   one writer ──apply──▶ append-only columns (mapped snapshot + overlay) ◀──View── any number of readers, no lock
//
// A View is a cut: entries [0, size). Every fact carries its entry, so an older cut costs what today's does. Views are
// cheap (one atomic claim); keep one for a question, not for a day: memory that the writer gave up is freed when the views
// that might see it are gone.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"
#include "waybill/graph/answers.h"

namespace waybill::advisory {
class Index;
}

namespace waybill::graph {

// What the fold needs to know of an entry besides its facts. Views need to live only during apply().
struct EntryHead {
  uint64_t index = 0;     // must be the graph's size(): entries come in order, without a gap
  Time time;              // never before that of the entry before
  std::string_view kind;  // the log's word: evidence, configuration, advisories, deployment, …
  std::string_view actor;
  std::string_view subject;  // under which it was collected; "" when the collector named none
  Sha256 document;
  uint64_t document_bytes = 0;
};

// Where in the log a question stands.
struct At {
  static At latest() { return {}; }
  static At index(uint64_t index) { return {Which::index, index, {}}; }  // everything up to and including this entry
  static At size(uint64_t size) { return {Which::size, size, {}}; }
  static At time(Time time) { return {Which::time, 0, time}; }  // the last entry not later than `time`
  enum class Which : uint8_t { latest, index, size, time } which = Which::latest;
  uint64_t number = 0;
  Time moment;
};

// Gives the facts of an entry's document again, for what the graph does not hold (dependency edges, hashes, origins).
// May be called from any thread that asks; the caller caches if it likes.
using LoadFacts = std::function<Result<std::shared_ptr<const facts::Batch>>(uint64_t entry)>;

struct Store;  // the columns; store.h, this room's own
class View;

class Graph {
 public:
  Graph();
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  // --- the writer: one thread at a time ---

  // Folds one entry in. Readers see all of it or nothing. Errors: conflict (index is not size(), or time runs backwards).
  // Whatever the facts say is taken as data: no fact is refused.
  Result<void> apply(const EntryHead& head, const facts::Batch& batch);
  // Called after each apply(), on its thread, when the entry can be seen by readers.
  void subscribe(std::function<void(const Changes&)> hear);
  // SHA-256 over everything held, in id order: same log, same hash, however it came to be (folded, or snapshot and tail).
  Sha256 content_hash() const;

  // The whole state into one file (docs/formats/snapshot.md), written beside and renamed. Between two apply() calls, on
  // the writer's thread.
  Result<void> write_snapshot(const std::string& path) const;
  // Maps a snapshot: nothing is loaded, the first question is answered from the mapping. The file's SHA-256 is checked on
  // another thread; wait_verified() says how it came out. Errors: not_found; invalid (other version, cut short, damaged
  // header): remove the file and fold the log again.
  static Result<std::unique_ptr<Graph>> open_snapshot(const std::string& path);
  Result<void> wait_verified() const;
  // What the fold matches with: records as of now, without scores. On the writer's thread only; readers ask a View.
  const advisory::Index& advisories() const;

  // --- readers: any thread, at any time ---

  // At beyond the end means latest. Never blocks.
  View view(At at = At::latest()) const;
  uint64_t size() const;        // entries folded in
  size_t memory_bytes() const;  // overlay: allocated; mapped part not counted
  size_t mapped_bytes() const;

 private:
  std::unique_ptr<Store> store_;
};

struct Page {
  size_t from = 0, limit = SIZE_MAX;
};

// A cut through the graph. One thread at a time; movable. Answers live as long as it does.
class View {
 public:
  View(View&&) noexcept;
  View& operator=(View&&) noexcept;
  ~View();

  uint64_t size() const { return size_; }       // entries seen: [0, size)
  uint64_t index() const { return size_ - 1; }  // of the last one; only when size() > 0
  Time time() const;                            // of the last one; not set when there is none
  bool is_latest() const;                       // nothing has come since

  // --- entries ---
  std::optional<Entry> entry(uint64_t index) const;
  uint64_t size_at(Time time) const;  // entries not later than `time`, within the view
  // Newest first; `kind` "" means all.
  std::vector<Entry> entries(std::string_view kind = {}, Page page = {.limit = 100}) const;
  std::vector<Entry> entries_of(Id subject, Page page = {}) const;   // that name it, newest first, each once
  std::vector<uint64_t> entries_with(const Sha256& document) const;  // oldest first
  // Entries per bucket over [from, until), and the index of the first at or after each bucket's start.
  struct Timeline {
    std::vector<uint64_t> counts, first_index;
  };
  Timeline timeline(Time from, Time until, size_t buckets) const;

  // --- subjects ---
  Id find(Kind kind, std::string_view text) const;  // exact canonical text; none when unknown as of the view
  // As people write it: digest (or at least 7 of its hexadecimal digits), image reference (digest, else tag history),
  // purl, git+…@commit (or ≥ 7 digits of the commit), service@environment, service, CVE or other advisory id, d_…, x-N.
  // Errors: invalid (names nothing of the kind), not_found, conflict (prefix of several; says which).
  Result<Id> find_subject(std::string_view text) const;
  Text text(Id id) const;
  Text name(Id id) const;  // what people call it, else its text
  Subject subject(Id id) const;
  std::vector<Id> all(Kind kind, Page page = {}) const;                           // known as of the view, in id order (oldest first)
  std::vector<SearchHit> search(std::string_view text, size_t limit = 20) const;  // part of a name or text, any case
  Counts counts() const;

  // --- names ---
  std::vector<NamedImage> image_history(std::string_view image) const;  // newest first
  std::vector<NamedImage> images_of(Id artifact) const;                 // names that point to it now, newest first
  Id resolve_image(std::string_view image) const;                       // name:tag → artifact; none

  // --- inside ---
  std::vector<Inventory> inventories(Id artifact) const;                 // newest first, those in force before the others
  uint32_t component_count(Id artifact) const;                           // different packages, all inventories in force
  std::vector<Component> components(Id artifact, Page page = {}) const;  // by purl id (first seen first)
  std::vector<Id> packages(Id artifact) const;                           // ascending; the cheap one
  bool contains(Id artifact, Id package) const;
  Component component(Id package) const;                             // what is known of a package wherever it is
  std::vector<Id> artifacts_with(Id package, Page page = {}) const;  // first listed first
  // Shortest way from the subject to each package, [first dependency, …, package]; empty where the document has no graph
  // or does not reach it. Re-reads the newest bill of materials that lists it through `load`.
  Result<std::vector<std::vector<Id>>> paths(Id artifact, std::span<const Id> packages, const LoadFacts& load) const;

  // --- what is wrong ---
  std::vector<Match> vulnerabilities(Id artifact) const;  // of its packages, by (vulnerability, package)
  std::vector<Match> matches_of(Id package_or_vulnerability) const;
  std::optional<Vulnerability> vulnerability(Id id) const;
  std::vector<Id> running_vulnerabilities() const;                                   // that touch what runs, each once, by id
  std::vector<Known<facts::Exploitability>> exploitability(Id vulnerability) const;  // all products, newest first
  std::vector<Known<facts::Scored>> scores(Id id) const;                             // newest first
  // The way to what runs. `id`: vulnerability, package, artifact, source, service, environment or place. Counting what
  // does not run costs a walk over every bill of materials that lists the packages; leaving it out, only what runs is
  // looked at (total_artifacts is then that of the deployed ones).
  struct TraceOptions {
    bool count_undeployed = true;
    size_t max_undeployed = 50;  // artifacts that do not run and are listed nevertheless
    bool texts = true;           // false: ids, entries and edges only, no names, digests, fixed versions or actors
  };
  Trace trace(Id id, const TraceOptions& options) const;
  Trace trace(Id id) const { return trace(id, TraceOptions{}); }
  uint32_t deployments_hit(Id vulnerability) const;  // places running it

  // --- facts of a subject, newest first (artifact, source, place, …; those of the sources it was built from are theirs) ---
  std::vector<Known<facts::BuiltBy>> builds(Id subject) const;
  std::vector<Known<facts::BuiltFrom>> sources(Id subject) const;
  std::vector<Id> built_from(Id artifact) const;                   // sources, each once
  std::vector<Id> built_into(Id source) const;                     // artifacts, each once
  std::vector<Known<facts::Signed>> signatures(Id subject) const;  // over it, and over documents about it
  std::vector<Known<facts::Reviewed>> reviews(Id source) const;
  std::vector<Known<facts::Tested>> tests(Id subject) const;
  std::vector<Known<facts::Scanned>> scans(Id subject) const;
  std::vector<Known<facts::Found>> findings(Id subject) const;
  std::vector<Known<facts::Ran>> runs(Id subject) const;
  std::vector<Known<facts::Observed>> observations(Id subject) const;
  std::vector<Known<facts::Accessed>> accesses(Id secret) const;

  // --- what runs where ---
  std::vector<Service> services() const;          // by name
  std::vector<Environment> environments() const;  // in the order first seen
  std::optional<Service> service(Id id) const;
  std::optional<Environment> environment(Id id) const;
  Id find_service(std::string_view name_or_scope) const;
  Id find_environment(std::string_view name) const;
  Id place(Id service, Id environment) const;  // none when nothing was ever said of it
  std::pair<Id, Id> service_and_environment(Id place) const;
  std::optional<Deployment> running(Id place) const;
  std::optional<Deployment> previous(Id place) const;               // what ran before what runs (or ran last)
  std::vector<Deployment> running_everywhere() const;               // by place
  std::vector<Deployment> history(Id place, Page page = {}) const;  // newest first
  std::vector<Deployment> deployments_of(Id artifact) const;        // newest first
  std::vector<Deployment> deployments_of_service(Id service) const;
  std::vector<Id> places_running(Id artifact) const;
  std::optional<Deployment> deployment(uint64_t entry) const;  // r-<entry>
  // In the order of `environments` (names, as `after` of an environment's configuration has them). `now` ends what runs.
  std::vector<Earlier> earlier(Id artifact, Id service, std::span<const std::string_view> environments, Time now) const;

  // --- decisions and consent ---
  struct DecisionFilter {
    std::string_view verdict, environment, service, gate;
    Id subject;
  };
  std::vector<Decision> decisions(const DecisionFilter& filter = {}, Page page = {.limit = 100}) const;  // newest first
  std::optional<Decision> decision(std::string_view id) const;
  // The newest decision about what runs there (its artifact, or the place itself).
  std::optional<Decision> standing(Id place) const;
  std::optional<Decision> standing(Id artifact, Id environment) const;
  std::vector<Known<facts::Turned>> transitions(Page page = {.limit = 100}) const;  // newest first
  std::vector<Known<facts::Turned>> transitions_of(Id place) const;
  std::vector<Known<facts::Approved>> approvals(Id subject_or_decision) const;  // newest first; id is a-<entry>
  std::vector<Known<facts::Approved>> all_approvals(Page page = {}) const;
  std::vector<Exception> exceptions(Time now) const;  // newest first, every state
  std::optional<Exception> exception(std::string_view id, Time now) const;

  // --- configuration ---
  std::optional<Configuration> configuration(std::string_view kind, std::string_view name) const;
  std::vector<Configuration> configurations(std::string_view kind) const;  // by name; those in force
  // Changes with every entry that configures something: a cache key for what is built from configuration.
  uint64_t configuration_entry() const;
  // Loaded advisories: records in force, by source.
  struct Loaded {
    Text source;
    uint64_t records = 0, entry = kNoEntry;
    Time at;
  };
  std::vector<Loaded> advisories_loaded() const;

 private:
  friend class Graph;
  friend class Ask;  // ask.h: what the answers share, this room's own
  struct Pin;
  View(const Store& store, uint64_t size);
  const Store* store_ = nullptr;
  uint64_t size_ = 0;
  std::unique_ptr<Pin> pin_;
};

}  // namespace waybill::graph
