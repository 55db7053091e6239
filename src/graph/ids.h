// Names of the graph's nodes: what evidence can speak of, as 32-bit ids given in log order.
//
// Used by everybody who asks the graph. An id means the same on every replica of one log and as of every index; it means
// nothing outside of it: what leaves the process is the text (digest, purl, service@environment, …).
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace waybill::graph {

enum class Kind : uint8_t {
  none,           // no such node
  artifact,       // sha256:…
  source,         // git+https://host/repo@<commit>
  package,        // canonical purl
  service,        // demo/harbour, or harbour while nothing more is known
  environment,    // production
  place,          // service@environment: where something runs
  vulnerability,  // CVE-…, or the advisory's own id
  image,          // registry/repository:tag
  decision,       // d_…
  exception,      // x-N
  secret,         // path
  other,          // whatever else a document names: a repository, a builder, a pipeline
};
constexpr size_t kKinds = 13;
std::string_view to_string(Kind kind);

// Dense within its kind, in the order in which the log first named it.
class Id {
 public:
  constexpr Id() = default;
  constexpr Id(Kind kind, uint32_t number) : value_(static_cast<uint32_t>(kind) << 28 | number) {}
  static constexpr Id of_value(uint32_t value) {
    Id id;
    id.value_ = value;
    return id;
  }
  constexpr Kind kind() const { return static_cast<Kind>(value_ >> 28); }
  constexpr uint32_t number() const { return value_ & 0x0fffffff; }
  constexpr uint32_t value() const { return value_; }
  constexpr explicit operator bool() const { return value_ != 0; }
  friend constexpr auto operator<=>(const Id&, const Id&) = default;
  template <class H>
  friend H AbslHashValue(H state, const Id& id) {
    return H::combine(std::move(state), id.value_);
  }

 private:
  uint32_t value_ = 0;
};

}  // namespace waybill::graph
