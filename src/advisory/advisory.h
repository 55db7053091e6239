// Which packages are affected by which advisories: the index of OSV records by (ecosystem, package), with every range as
// intervals of version keys.
//
// The graph folds Affects and Scored facts into it, registers each unique package once, and gets told what changed; the
// policy input, the routes and the command line ask it. Each (package, advisory) pair is looked at once, ever: a new
// package meets all advisories of its name, a new advisory meets all known versions of its names.
//
// It holds the present only (the graph keeps when which match began and ended), never reads the network, never guesses: a
// version that cannot be ordered against a range is `undetermined`, not unaffected.
//
//                         names: "npm\nlodash" → intervals, segments, known packages
//   image (mapped, read-only) ◀── overlay: what changed since the image was made
//
// Deterministic: the same facts in the same order make the same ids and the same image, byte for byte.
// Not thread-safe for writing; const members may run beside each other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"
#include "waybill/base/time.h"
#include "waybill/facts/facts.h"
#include "waybill/identity/ecosystem.h"
#include "waybill/identity/purl.h"

namespace waybill::advisory {

using RecordId = uint32_t;   // dense, in order of first sight of an OSV id
using PackageId = uint32_t;  // the caller's id of a unique package (with version)

// How a package stands to a record.
enum class Standing : uint8_t {
  not_affected,
  affected,
  undetermined,  // no version, one that is none of its scheme, or an untagged Go pseudo-version among tagged bounds
};
std::string_view to_string(Standing standing);

struct Match {
  RecordId record = 0;
  Standing standing = Standing::affected;
  friend auto operator<=>(const Match&, const Match&) = default;
};

// What a new, changed or withdrawn record did to a package that was known.
struct PackageChange {
  PackageId package = 0;
  Standing before = Standing::not_affected, after = Standing::not_affected;
};

struct Applied {
  RecordId record = 0;
  bool is_new = false;                  // the id was not known before
  bool older = false;                   // the known one has a later `modified`: nothing was changed
  std::vector<PackageChange> packages;  // only those whose standing changed; sorted by package
  std::vector<std::string> warnings;    // versions that are none of their ecosystem, unknown ecosystems; at most 20
};

// Everything the record itself says, as views that live until the index changes.
struct Record {
  RecordId id = 0;
  std::string_view name;  // "GHSA-…", "CVE-…", "GO-…"
  std::vector<std::string_view> aliases, related, upstream;
  std::string_view summary;
  std::string_view source;  // "GHSA", "GO", …
  std::string_view severity_word;
  std::vector<std::pair<std::string_view, std::string_view>> vectors;  // {"CVSS_V3", "CVSS:3.1/…"}
  std::vector<std::string_view> packages;                              // index names: "npm\nlodash"
  facts::Severity severity = facts::Severity::unknown;                 // from `vector` below, else the source's word
  double score = -1;                                                   // -1: no vector could be read
  std::string_view cvss_version, vector;                               // the one that `score` is of: 4.0 before 3.1 before 3.0 before 2.0
  Time published, modified, withdrawn;
  uint64_t log_index = 0;        // entry that brought this state
  uint64_t first_log_index = 0;  // entry that brought the id
  bool malicious() const { return name.starts_with("MAL-"); }
};

// One vulnerability, with all its names. Two records are one vulnerability only when each names exactly one CVE and it is
// the same: aliases are never followed further.
struct Vulnerability {
  std::string id;                    // the CVE if there is exactly one, else the record's own
  std::vector<std::string> aliases;  // all other names, sorted
  std::vector<RecordId> records;     // sorted by id; those withdrawn last
  facts::Severity severity = facts::Severity::unknown;
  double score = -1;
  std::string cvss_version, vector, cvss_source;  // source: the record's
  std::string summary;
  Time published, modified;  // earliest, latest
  bool withdrawn = false;    // all of its records are
  bool malicious = false;
};

// What Scored facts say of a vulnerability or a package: epss, epss-percentile, kev, ssvc-…, eol.
struct Score {
  std::string scheme, text;
  double value = 0;
  Time at, due;
  uint64_t log_index = 0;
};

// A package as the index asks for it: made once, kept beside the package. Small, comparable, serialisable.
struct Probe {
  std::string name;     // "npm\nlodash"; empty when its type has no ecosystem
  std::string version;  // a kind byte and the version key (or the text): what is compared
};
Probe to_probe(const identity::Purl& purl);

class Index {
 public:
  Index();
  ~Index();
  Index(Index&&) noexcept;
  Index& operator=(Index&&) noexcept;

  // An index over an image that to_image() made. The bytes are queried where they are and must outlive the index and
  // everything it hands out; changes go to an overlay. Errors: invalid (no image, another version of the format, cut).
  static Result<Index> open(std::span<const uint8_t> image);
  // The whole present state as one position-independent image, 8-byte aligned.
  std::string to_image() const;

  // ---- advisories
  // Adds, replaces or (when the record says so) withdraws. A record older than the known one of its id changes nothing.
  // Cost: the record's own ranges and the known versions of its packages; about 20 µs for an ordinary record.
  Applied apply(const facts::Affects& fact, uint64_t log_index);
  void apply(const facts::Scored& fact, uint64_t log_index);

  // ---- packages
  // Registers a package, once per id, and says what affects it. Sorted by record.
  std::vector<Match> add_package(PackageId package, const Probe& probe);
  // The same question without registering.
  std::vector<Match> match(const Probe& probe) const;
  std::vector<Match> match(const identity::Purl& purl) const { return match(to_probe(purl)); }
  // Appends to `out`; returns how many. The fast way for many.
  size_t match(const Probe& probe, std::vector<Match>& out) const;
  // The same for many, with the memory of the next ones fetched while one is looked at. `each` is
  // called for those that something affects, in their order; `found` lives during the call.
  void match_each(std::span<const Probe> probes, const std::function<void(size_t probe, std::span<const Match> found)>& each) const;
  Standing standing(const Probe& probe, RecordId record) const;
  // All versions that fix `record` in the package of `probe`, nearest first: those after its version; when its version
  // has no order, all. As the record writes them.
  std::vector<std::string> fixed_versions(const Probe& probe, RecordId record) const;

  // ---- records and vulnerabilities
  uint32_t record_count() const;  // withdrawn ones too
  std::optional<RecordId> find_record(std::string_view name) const;
  Record record(RecordId id) const;
  // Of which vulnerability a record is one witness.
  Vulnerability vulnerability_of(RecordId id) const;
  // The id under which vulnerability_of(record) would be shown, without the rest: cheap.
  std::string_view vulnerability_id_of(RecordId id) const;
  // By any name: the vulnerability that has it as its id, else those that have it among their aliases (several: a record
  // may name many CVEs), in order of their first record. Empty when no record names it.
  std::vector<Vulnerability> find_vulnerabilities(std::string_view name) const;
  // Records that name it as id or alias (any case). Sorted.
  std::vector<RecordId> records_naming(std::string_view name) const;
  // What was scored for a vulnerability (by its own id) or a package; in order of scheme.
  std::vector<Score> scores_of(std::string_view of) const;

  // ---- what is loaded
  struct Source {
    std::string name;        // "GHSA", …; of a record's source
    uint32_t records = 0;    // without withdrawn ones
    Time modified;           // latest
    uint64_t log_index = 0;  // latest
  };
  std::vector<Source> sources() const;  // sorted by name
  // True when a record (withdrawn or not) is filed under this ecosystem ("npm", "Debian:12"): without one, "no match" means
  // "not known".
  bool covers(std::string_view ecosystem) const;
  std::vector<std::string> ecosystems() const;  // sorted

  // Packages that `record` affects or may affect, among the registered ones; sorted.
  std::vector<std::pair<PackageId, Standing>> known_packages(RecordId record) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace waybill::advisory
