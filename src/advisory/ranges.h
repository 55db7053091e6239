// What one record says of one package, as intervals of version keys; and all records of one package compiled into
// elementary segments, each with the set of records that hold in it. Internal to advisory/.
//
//   versions   ──┬────────┬──────────┬─────────▶
//   record 1     [────────)                       introduced, fixed
//   record 2     [───────────────────)
//   segments     │ {1,2}  │   {2}    │  {}
//
// Intervals are half-open. A key's successor is the key and a zero byte (keys are prefix-free), so that "last affected"
// and single versions are half-open intervals too.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/advisory/advisory.h"
#include "waybill/facts/facts.h"

namespace waybill::advisory {

// The first byte of Probe::version.
enum class VersionKind : char { text = 1, ordered = 2, ordered_untagged = 3 };

struct Interval {
  std::string from;  // "" is before everything
  std::string to;    // not included; unused when `unbounded`
  bool unbounded = false;
  bool tagged = false;  // Go: its bounds are tags, among which an untagged pseudo-version has no place
};
struct Fix {
  std::string key, text;
};

// One record and one package.
struct Affected {
  std::vector<Interval> intervals;  // sorted, disjoint where `tagged` is equal
  std::vector<Fix> fixes;           // sorted by key, unique
  std::vector<std::string> texts;   // versions that are none of the scheme: equal or not
  bool unordered = false;           // a range that cannot be ordered: whatever is not certain is undetermined
};
// Adds what `package` says. `warn` is called for versions that cannot be read.
void add_ranges(Affected& to, const facts::Affects::Package& package, identity::Scheme scheme, const std::function<void(std::string)>& warn);
// After the last add_ranges: sorts, joins, drops single versions that lie inside an interval.
void finish_ranges(Affected& affected);
std::string to_flat(const Affected& affected);

// Reads what to_flat wrote.
class AffectedView {
 public:
  explicit AffectedView(std::string_view bytes) : bytes_(bytes) {}
  Standing standing(std::string_view version) const;  // of a Probe
  std::vector<std::string> fixed_versions(std::string_view version) const;
  Affected to_affected() const;
  bool empty() const { return bytes_.empty(); }
  std::string_view bytes() const { return bytes_; }

 private:
  std::string_view bytes_;
};

// All records of one package, compiled.
class PackageView {
 public:
  PackageView() = default;
  explicit PackageView(std::string_view bytes);
  // Appends in order of record.
  void match(std::string_view version, std::vector<Match>& out) const;
  AffectedView affected(RecordId record) const;  // empty when the record is not there
  std::vector<RecordId> records() const;
  uint32_t size() const { return affected_; }

 private:
  std::string_view part(uint32_t at, size_t bytes) const;
  std::string_view bytes_;
  uint32_t affected_ = 0, boundaries_ = 0, texts_ = 0, prefixes_at_ = 0, boundaries_at_ = 0, sets_at_ = 0, affected_at_ = 0, texts_at_ = 0;
};
// `records` sorted by id.
std::string compile_package(std::span<const std::pair<RecordId, std::string_view>> records);

}  // namespace waybill::advisory
