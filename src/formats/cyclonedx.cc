// CycloneDX JSON 1.2 to 1.7 (ECMA-424): components with their nesting, dependencies as indices, what the document says
// of itself, and vulnerabilities with or without an analysis (VEX).
//
// One pass. `dependencies` is read where it stands when the components came before it, as all tools write it; otherwise
// the cursor comes back to it. What people call strings are views into the document.
#include "waybill/base/bytes.h"
#include "waybill/base/random.h"
#include "waybill/formats/reader.h"
#include "waybill/identity/digest.h"
#include "waybill/identity/purl.h"

namespace waybill::formats {
namespace {

using facts::Batch;
using facts::ComponentKind;
using facts::Contains;
using facts::Text;

constexpr std::string_view kVersions[] = {"1.2", "1.3", "1.4", "1.5", "1.6", "1.7"};

struct KindRow {
  std::string_view word;
  ComponentKind kind;
};
constexpr KindRow kKinds[] = {
    {"library", ComponentKind::library},
    {"application", ComponentKind::application},
    {"framework", ComponentKind::framework},
    {"operating-system", ComponentKind::os},
    {"container", ComponentKind::container},
    {"file", ComponentKind::file},
    {"firmware", ComponentKind::firmware},
    {"device-driver", ComponentKind::firmware},
    {"machine-learning-model", ComponentKind::model},
    {"platform", ComponentKind::other},
    {"device", ComponentKind::other},
    {"data", ComponentKind::other},
    {"cryptographic-asset", ComponentKind::other},
};

struct AlgorithmRow {
  std::string_view word, canonical;
  size_t digits;
};
constexpr AlgorithmRow kAlgorithms[] = {
    {"SHA-256", "sha256", 64},
    {"SHA-1", "sha1", 40},
    {"SHA-512", "sha512", 128},
    {"MD5", "md5", 32},
    {"SHA-384", "sha384", 96},
    {"SHA3-256", "sha3-256", 64},
    {"SHA3-384", "sha3-384", 96},
    {"SHA3-512", "sha3-512", 128},
    {"BLAKE2b-256", "blake2b-256", 64},
    {"BLAKE2b-384", "blake2b-384", 96},
    {"BLAKE2b-512", "blake2b-512", 128},
    {"BLAKE3", "blake3", 0},
    {"Streebog-256", "streebog-256", 64},
    {"Streebog-512", "streebog-512", 128},
};

constexpr uint8_t kUpperDigit = 1, kNoDigit = 2;
constexpr std::array<uint8_t, 256> kHexDigits = [] {
  std::array<uint8_t, 256> table{};
  table.fill(kNoDigit);
  for (int i = 0; i < 10; ++i) table[static_cast<size_t>('0' + i)] = 0;
  for (int i = 0; i < 6; ++i) {
    table[static_cast<size_t>('a' + i)] = 0;
    table[static_cast<size_t>('A' + i)] = kUpperDigit;
  }
  return table;
}();

struct PhaseRow {
  std::string_view word, phase;
};
constexpr PhaseRow kPhases[] = {{"design", "design"},       {"pre-build", "source"},  {"build", "build"},  {"post-build", "analyzed"},
                                {"operations", "deployed"}, {"discovery", "runtime"}, {"decommission", ""}};

struct StateRow {
  std::string_view word;
  facts::Vex status;
};
constexpr StateRow kStates[] = {
    {"resolved", facts::Vex::fixed},
    {"resolved_with_pedigree", facts::Vex::fixed},
    {"exploitable", facts::Vex::affected},
    {"in_triage", facts::Vex::under_investigation},
    {"false_positive", facts::Vex::not_affected},
    {"not_affected", facts::Vex::not_affected},
};

// ref → component. Open addressing over memory that the thread keeps; texts are views into the document.
class RefTable {
 public:
  static constexpr uint32_t kAbsent = 0xffffffff, kSubject = 0xfffffffe, kOther = 0xfffffffd;  // kOther: a service, a tool

  explicit RefTable(size_t expected) : slots_(scratch()) { resize(std::bit_ceil(std::max<size_t>(64, expected * 2))); }

  // False when it was there already.
  bool insert(Text ref, uint32_t value) {
    if (entries_.size() * 2 >= slots_.size()) grow();
    const uint32_t hash = hash_of(ref);
    for (size_t at = hash & mask_;; at = (at + 1) & mask_) {
      Slot& slot = slots_[at];
      if (slot.entry == kAbsent) {
        slot = {hash, static_cast<uint32_t>(entries_.size())};
        entries_.push_back({ref, value});
        return true;
      }
      if (slot.hash == hash && entries_[slot.entry].ref == ref) return false;
    }
  }
  uint32_t find(Text ref) const {
    const uint32_t hash = hash_of(ref);
    for (size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.entry == kAbsent) return kAbsent;
      if (slot.hash == hash && entries_[slot.entry].ref == ref) return entries_[slot.entry].value;
    }
  }

 private:
  struct Slot {
    uint32_t hash, entry;
  };
  struct Entry {
    Text ref;
    uint32_t value;
  };
  // Multiply and fold, eight bytes at a time, from a start that no document can know.
  static uint32_t hash_of(Text ref) {
    static const uint64_t seed = [] {
      std::array<uint8_t, 8> bytes;
      Random::system().fill(bytes);
      return load(reinterpret_cast<const char*>(bytes.data()), 8);
    }();
    uint64_t state = seed ^ ref.size();
    const char* at = ref.data();
    size_t left = ref.size();
    for (; left >= 8; at += 8, left -= 8) state = fold(state, load(at, 8));
    if (left > 0) state = fold(state, load(at, left));
    return static_cast<uint32_t>(fold(state, seed));
  }
  static uint64_t load(const char* at, size_t bytes) {
    uint64_t word = 0;
    if (bytes == 8)
      std::memcpy(&word, at, 8);
    else
      std::memcpy(&word, at, bytes);
    return word;
  }
  static uint64_t fold(uint64_t a, uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a ^ 0x9e3779b97f4a7c15) * (b ^ 0xe7037ed1a0b428db);
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
  static std::vector<Slot>& scratch() {
    static thread_local std::vector<Slot> slots;
    return slots;
  }
  void resize(size_t size) {
    slots_.assign(size, {0, kAbsent});
    mask_ = size - 1;
  }
  void grow() {
    resize(slots_.size() * 2);
    for (uint32_t i = 0; i < entries_.size(); ++i) {
      const uint32_t hash = hash_of(entries_[i].ref);
      size_t at = hash & mask_;
      while (slots_[at].entry != kAbsent) at = (at + 1) & mask_;
      slots_[at] = {hash, i};
    }
  }

  std::vector<Slot>& slots_;
  std::vector<Entry> entries_;
  size_t mask_ = 0;
};

// "A, and whether it stood before": one bit for each member that is read.
class Seen {
 public:
  bool again(unsigned bit) {
    const uint32_t mask = 1u << bit;
    const bool was = (bits_ & mask) != 0;
    bits_ |= mask;
    return was;
  }
  bool has(unsigned bit) const { return (bits_ >> bit & 1) != 0; }

 private:
  uint32_t bits_ = 0;
};

// Names of members that are read, by length first: two comparisons a name.
template <class E, size_t N>
E member_of(const std::pair<std::string_view, E> (&table)[N], std::string_view name, E otherwise) {
  for (const auto& [word, value] : table)
    if (word.size() == name.size() && std::memcmp(word.data(), name.data(), name.size()) == 0) return value;
  return otherwise;
}

class CyclonedxReader {
 public:
  explicit CyclonedxReader(const Reading& reading) : text_(reading.text), batch_(reading.batch), options_(reading.options), refs_(reading.text.size() / 600) {}

  Result<void> read() {
    TRY_DO(cursor_.start(text_, batch_.arena, options_.limits.depth));
    batch_.contains.reserve(std::min<size_t>(text_.size() / 500 + 8, size_t{1} << 20));
    root();
    cursor_.finish();
    if (!cursor_.ok()) return fail(cursor_.error());
    for (auto& warning : cursor_.take_warnings()) warn(batch_, std::move(warning));
    return {};
  }

 private:
  using Mark = JsonCursor::Mark;

  struct Component {
    Contains fact;
    Text kind_word;
  };

  // --- small things ---------------------------------------------------------------------------------------------

  Text text() { return options_.strict ? cursor_.string() : cursor_.string_or_null(); }
  // Lets odd things pass with a warning, or refuses them when the caller is strict.
  void odd(Mark where, std::string message) {
    if (options_.strict)
      cursor_.refuse(where, std::move(message));
    else
      cursor_.warn(where, std::move(message));
  }
  void twice() { cursor_.refuse("the name stands twice in one object"); }
  // Goes into an array; null is an empty one. False when there is nothing to go into.
  bool enter_array() {
    if (cursor_.is_null() && !options_.strict) {
      cursor_.skip();
      return false;
    }
    cursor_.enter_array();
    return cursor_.ok();
  }
  bool enter_object() {
    if (cursor_.is_null() && !options_.strict) {
      cursor_.skip();
      return false;
    }
    cursor_.enter_object();
    return cursor_.ok();
  }
  Time time() {
    const Mark where = cursor_.mark();
    const Text word = text();
    if (word.empty() || !cursor_.ok()) return {};
    const auto time = parse_time(word);
    if (!time) {
      odd(where, "expected a time as in RFC 3339, found \"" + std::string(word.substr(0, 60)) + "\"");
      return {};
    }
    return *time;
  }
  // {"name": …} → name.
  Text name_of_object() {
    Text name;
    if (!enter_object()) return name;
    for (Text member; cursor_.next_member(member);) {
      if (member == "name")
        name = text();
      else
        cursor_.skip();
    }
    return name;
  }

  // --- the document ---------------------------------------------------------------------------------------------

  void root() {
    enum Member : uint8_t { bom_format, spec_version, serial_number, metadata, components, services, dependencies, vulnerabilities, other };
    static constexpr std::pair<std::string_view, Member> kMembers[] = {
        {"bomFormat", bom_format},  {"specVersion", spec_version}, {"serialNumber", serial_number}, {"metadata", metadata},
        {"components", components}, {"services", services},        {"dependencies", dependencies},  {"vulnerabilities", vulnerabilities}};
    batch_.listed.push_back({.format = "cyclonedx"});
    Seen seen;
    std::optional<Mark> dependencies_at, vulnerabilities_at;
    const Mark start = cursor_.mark();
    cursor_.enter_object();
    for (Text name; cursor_.next_member(name);) {
      const Member member = member_of(kMembers, name, other);
      if (member != other && seen.again(member)) return twice();
      switch (member) {
        case bom_format: {
          const Mark where = cursor_.mark();
          if (cursor_.string() != "CycloneDX") cursor_.refuse(where, "expected \"CycloneDX\"");
          break;
        }
        case spec_version: {
          const Mark where = cursor_.mark();
          const Text version = cursor_.string();
          if (std::find(std::begin(kVersions), std::end(kVersions), version) == std::end(kVersions))
            cursor_.refuse(where, "expected a version of CycloneDX from 1.2 to 1.7, found \"" + std::string(version.substr(0, 20)) + "\"");
          batch_.listed[0].version = version;
          break;
        }
        case serial_number: batch_.listed[0].serial = text(); break;
        case metadata: read_metadata(); break;
        case components:
          if (enter_array()) read_components(Contains::kNoComponent);
          break;
        case services:
          if (enter_array()) read_services();
          break;
        case dependencies:
          if (seen.has(components) && seen.has(metadata)) {
            read_dependencies();
          } else {
            dependencies_at = cursor_.mark();
            cursor_.skip();
          }
          break;
        case vulnerabilities:
          vulnerabilities_at = cursor_.mark();
          cursor_.skip();
          break;
        case other: cursor_.skip(); break;
      }
    }
    if (!cursor_.ok()) return;
    if (!seen.has(bom_format)) return cursor_.refuse(start, "bomFormat is missing; expected \"CycloneDX\"");
    if (!seen.has(spec_version)) return cursor_.refuse(start, "specVersion is missing; expected a version from 1.2 to 1.7");
    const Mark end = cursor_.mark();
    if (dependencies_at) {
      cursor_.go(*dependencies_at);
      read_dependencies();
    }
    if (vulnerabilities_at && cursor_.ok()) {
      cursor_.go(*vulnerabilities_at);
      read_vulnerabilities();
    }
    if (cursor_.ok()) cursor_.go(end);
    finish_batch();
  }

  void finish_batch() {
    const auto& listed = batch_.listed[0];
    batch_.format = "CycloneDX " + std::string(listed.version);
    const bool only_vex = batch_.contains.empty() && !batch_.exploitability.empty();
    batch_.kind = only_vex ? "vex" : "sbom";
    batch_.subject = std::string(listed.subject);
    batch_.subject_name = std::string(listed.subject_name);
    if (only_vex) batch_.listed.clear();  // it lists nothing
  }

  void read_metadata() {
    enum Member : uint8_t { timestamp, tools, authors, component, supplier, manufacture, manufacturer, lifecycles, other };
    static constexpr std::pair<std::string_view, Member> kMembers[] = {{"timestamp", timestamp},       {"tools", tools},          {"authors", authors},
                                                                       {"component", component},       {"supplier", supplier},    {"manufacture", manufacture},
                                                                       {"manufacturer", manufacturer}, {"lifecycles", lifecycles}};
    if (!enter_object()) return;
    auto& listed = batch_.listed[0];
    Seen seen;
    Text made_by;
    for (Text name; cursor_.next_member(name);) {
      const Member member = member_of(kMembers, name, other);
      if (member != other && seen.again(member)) return twice();
      switch (member) {
        case timestamp: listed.generated_at = time(); break;
        case tools: read_tools(); break;
        case authors:
          if (enter_array()) {
            while (cursor_.next_item()) {
              const Text author = name_of_object();
              if (listed.author.empty()) listed.author = author;
            }
          }
          break;
        case component: read_subject(); break;
        case supplier: listed.supplier = name_of_object(); break;
        case manufacture:
        case manufacturer: made_by = name_of_object(); break;
        case lifecycles: read_lifecycles(); break;
        case other: cursor_.skip(); break;
      }
    }
    if (listed.supplier.empty()) listed.supplier = made_by;
  }

  void read_lifecycles() {
    if (!enter_array()) return;
    while (cursor_.next_item()) {
      if (!enter_object()) continue;
      for (Text name; cursor_.next_member(name);) {
        if (name != "phase") {
          cursor_.skip();
          continue;
        }
        const Mark where = cursor_.mark();
        const Text word = text();
        const auto* row = std::find_if(std::begin(kPhases), std::end(kPhases), [&](const PhaseRow& r) { return r.word == word; });
        if (row == std::end(kPhases))
          odd(where, "no phase of CycloneDX: \"" + std::string(word.substr(0, 40)) + "\"");
        else if (batch_.listed[0].phase.empty())
          batch_.listed[0].phase = row->phase;
      }
    }
  }

  // A list up to 1.4, an object with components and services from 1.5 on (which still allows the list).
  void read_tools() {
    if (cursor_.peek() == '[') return read_tool_list(false);
    if (!enter_object()) return;
    for (Text name; cursor_.next_member(name);) {
      if (name == "components" || name == "services")
        read_tool_list(name == "services");
      else
        cursor_.skip();
    }
  }
  void read_tool_list(bool services) {
    if (!enter_array()) return;
    while (cursor_.next_item()) {
      if (!enter_object()) continue;
      Text tool, version, ref;
      for (Text name; cursor_.next_member(name);) {
        if (name == "name")
          tool = text();
        else if (name == "version")
          version = text();
        else if (name == "bom-ref")
          ref = text();
        else
          cursor_.skip();
      }
      if (!ref.empty()) refs_.insert(ref, RefTable::kOther);
      auto& said = batch_.listed[0].tool;
      if (said.empty() && !tool.empty() && !services) said = version.empty() ? tool : keep_joined(batch_, tool, " ", version);
    }
  }

  // metadata.component: what the document is about.
  void read_subject() {
    if (cursor_.is_null()) return cursor_.skip();
    const Component c = read_component(Contains::kNoComponent, true);
    if (!cursor_.ok()) return;
    auto& listed = batch_.listed[0];
    listed.subject_kind = c.kind_word;
    listed.subject_name = c.fact.name;
    if (!c.fact.group.empty()) listed.subject_name = keep_joined(batch_, c.fact.group, "/", c.fact.name);
    listed.subject = subject_of(c);
  }
  // The digest, else the purl, else nothing. A digest is told in many ways; those that name the artifact as a whole
  // come first.
  Text subject_of(const Component& c) {
    const auto digest_in = [&](Text text) -> Text {
      const size_t at = text.rfind("sha256:");
      if (at == Text::npos) return {};
      return keep_sha256(batch_, text.substr(at + 7, 64));
    };
    if (!c.fact.purl.empty()) {
      if (const auto purl = identity::Purl::parse(c.fact.purl); purl && (purl->type == "oci" || purl->type == "docker"))
        if (const Text found = digest_in(purl->version); !found.empty()) return found;
    }
    if (c.fact.version.starts_with("sha256:"))
      if (const Text found = digest_in(c.fact.version); !found.empty()) return found;
    for (const auto& hash : c.fact.hashes)
      if (hash.algorithm == "sha256") return keep_sha256(batch_, hash.hex);
    for (const Text text : {c.fact.name, c.fact.ref})
      if (text.find("@sha256:") != Text::npos)
        if (const Text found = digest_in(text); !found.empty()) return found;
    if (!c.fact.purl.empty()) return keep_purl(batch_, c.fact.purl, "/metadata/component/purl");
    return {};
  }

  // --- components -----------------------------------------------------------------------------------------------

  // In the array already.
  void read_components(uint32_t parent) {
    while (cursor_.next_item()) read_component(parent, false);
  }

  enum ComponentMember : uint8_t {
    type,
    bom_ref,
    name_,
    version,
    purl,
    scope,
    hashes,
    licenses,
    group,
    cpe,
    supplier,
    manufacturer,
    publisher,
    external_references,
    components,
    other
  };
  template <size_t N>
  static bool is(Text name, const char (&word)[N]) {
    return std::memcmp(name.data(), word, N - 1) == 0;
  }
  // By length first, then a comparison of constant length: the hottest look-up of the room.
  static ComponentMember component_member(Text name) {
    switch (name.size()) {
      case 3: return is(name, "cpe") ? cpe : other;
      case 4: return is(name, "name") ? name_ : is(name, "type") ? type : is(name, "purl") ? purl : other;
      case 5: return is(name, "scope") ? scope : is(name, "group") ? group : other;
      case 6: return is(name, "hashes") ? hashes : other;
      case 7: return is(name, "version") ? version : is(name, "bom-ref") ? bom_ref : other;
      case 8: return is(name, "licenses") ? licenses : is(name, "supplier") ? supplier : other;
      case 9: return is(name, "publisher") ? publisher : other;
      case 10: return is(name, "components") ? components : other;
      case 12: return is(name, "manufacturer") ? manufacturer : other;
      case 18: return is(name, "externalReferences") ? external_references : other;
      default: return other;
    }
  }

  // `about`: it is the document's subject, which is no component of itself; its nested ones are.
  Component read_component(uint32_t parent, bool about) {
    Component c;
    const Mark start = cursor_.mark();
    const auto index = static_cast<uint32_t>(batch_.contains.size());
    if (!about) {
      if (index >= options_.limits.items && !options_.trusted) {
        cursor_.refuse("more than " + std::to_string(options_.limits.items) + " components");
        return c;
      }
      batch_.contains.emplace_back();
    }
    c.fact.parent = parent;
    Text made_by, published_by;
    Mark ref_at{};
    Seen seen;
    cursor_.enter_object();
    for (Text name; cursor_.next_member(name);) {
      const ComponentMember member = component_member(name);
      if (member != other && seen.again(member)) {
        twice();
        return c;
      }
      switch (member) {
        case type: {
          const Mark where = cursor_.mark();
          c.kind_word = text();
          const auto* row = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const KindRow& r) { return r.word == c.kind_word; });
          if (row != std::end(kKinds)) {
            c.fact.kind = row->kind;
          } else {
            c.fact.kind = ComponentKind::other;
            odd(where, "no component type of CycloneDX: \"" + std::string(c.kind_word.substr(0, 40)) + "\"");
          }
          break;
        }
        case bom_ref:
          ref_at = cursor_.mark();
          c.fact.ref = text();
          break;
        case name_: c.fact.name = text(); break;
        case version: c.fact.version = text(); break;
        case purl: c.fact.purl = text(); break;
        case scope: {
          const Mark where = cursor_.mark();
          const Text word = text();
          if (word == "required")
            c.fact.scope = facts::Scope::runtime;
          else if (word == "optional")
            c.fact.scope = facts::Scope::optional;
          else if (word == "excluded")
            c.fact.scope = facts::Scope::test;
          else if (!word.empty())
            odd(where, "expected required, optional or excluded, found \"" + std::string(word.substr(0, 40)) + "\"");
          break;
        }
        case hashes: c.fact.hashes = read_hashes(); break;
        case licenses: c.fact.licence = read_licences(); break;
        case group: c.fact.group = text(); break;
        case cpe: c.fact.cpe = text(); break;
        case supplier: c.fact.supplier = name_of_object(); break;
        case manufacturer: made_by = name_of_object(); break;
        case publisher: published_by = text(); break;
        case external_references: c.fact.origin = read_origin(); break;
        case components:
          if (enter_array()) read_components(about ? Contains::kNoComponent : index);
          break;
        case other: cursor_.skip(); break;
      }
    }
    if (!cursor_.ok()) return c;
    if (c.fact.name.empty()) odd(start, "the component has no name");
    if (!seen.has(type)) odd(start, "the component has no type");
    if (c.fact.supplier.empty()) c.fact.supplier = !made_by.empty() ? made_by : published_by;
    if (seen.has(bom_ref)) {
      if (c.fact.ref.empty())
        odd(ref_at, "an empty bom-ref");
      else if (!refs_.insert(c.fact.ref, about ? RefTable::kSubject : index))
        odd(ref_at, "the bom-ref stands twice in the document; the first one counts");
    }
    if (!about) batch_.contains[index] = c.fact;
    return c;
  }

  std::span<const facts::Hash> read_hashes() {
    if (!enter_array()) return {};
    facts::Hash few[16];
    size_t count = 0;
    while (cursor_.next_item()) {
      if (!enter_object()) continue;
      Text algorithm, content;
      const AlgorithmRow* row = nullptr;
      Mark content_at{};
      for (Text name; cursor_.next_member(name);) {
        if (name == "alg") {
          const Mark where = cursor_.mark();
          algorithm = text();
          row = std::find_if(std::begin(kAlgorithms), std::end(kAlgorithms), [&](const AlgorithmRow& r) { return r.word == algorithm; });
          if (row == std::end(kAlgorithms)) {
            row = nullptr;
            odd(where, "no hash algorithm of CycloneDX: \"" + std::string(algorithm.substr(0, 40)) + "\"");
          }
        } else if (name == "content") {
          content_at = cursor_.mark();
          content = text();
        } else {
          cursor_.skip();
        }
      }
      if (row == nullptr || !cursor_.ok()) continue;
      const Text hex = lower_hex(content);
      if (hex.empty() || (row->digits != 0 && hex.size() != row->digits)) {
        odd(content_at, "no " + std::string(row->word) + " hash: \"" + std::string(content.substr(0, 140)) + "\"");
      } else if (count < std::size(few)) {
        few[count++] = {row->canonical, hex};
      }
    }
    if (count == 0) return {};
    auto* kept = batch_.arena.allocate_array<facts::Hash>(count);
    std::copy_n(few, count, kept);
    return {kept, count};
  }
  // The digits in lower case, or "" when they are none.
  Text lower_hex(Text hex) {
    unsigned seen = 0;
    for (const char c : hex) seen |= kHexDigits[static_cast<unsigned char>(c)];
    if ((seen & kNoDigit) != 0) return {};
    return (seen & kUpperDigit) == 0 ? hex : batch_.keep(to_lower(hex));
  }

  // Concluded before declared; an expression as it stands; several are joined by AND.
  Text read_licences() {
    if (!enter_array()) return {};
    struct One {
      Text word;
      bool expression, concluded;
    };
    One few[32];
    size_t count = 0;
    while (cursor_.next_item()) {
      if (!enter_object()) continue;
      One one{};
      const auto acknowledge = [&] { one.concluded = text() == "concluded"; };
      for (Text name; cursor_.next_member(name);) {
        if (name == "license") {
          if (!enter_object()) continue;
          for (Text member; cursor_.next_member(member);) {
            if (member == "id") {
              one.word = text();
            } else if (member == "name") {
              const Text word = text();
              if (one.word.empty()) one.word = word;
            } else if (member == "acknowledgement") {
              acknowledge();
            } else {
              cursor_.skip();
            }
          }
        } else if (name == "expression") {
          one.word = text();
          one.expression = true;
        } else if (name == "acknowledgement") {
          acknowledge();
        } else {
          cursor_.skip();
        }
      }
      if (!one.word.empty() && count < std::size(few)) few[count++] = one;
    }
    if (std::any_of(few, few + count, [](const One& one) { return one.concluded; }))
      count = static_cast<size_t>(std::remove_if(few, few + count, [](const One& one) { return !one.concluded; }) - few);
    if (count == 0) return {};
    if (count == 1) return few[0].word;
    std::string joined;
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) joined += " AND ";
      const bool brackets = few[i].word.find(" OR ") != Text::npos;
      if (brackets) joined += '(';
      joined += few[i].word;
      if (brackets) joined += ')';
    }
    return batch_.keep(joined);
  }

  // Where it was fetched from: the first reference of type distribution.
  Text read_origin() {
    Text origin;
    if (!enter_array()) return origin;
    while (cursor_.next_item()) {
      if (!enter_object()) continue;
      Text type, url;
      for (Text name; cursor_.next_member(name);) {
        if (name == "type")
          type = text();
        else if (name == "url")
          url = text();
        else
          cursor_.skip();
      }
      if (type == "distribution" && origin.empty()) origin = url;
    }
    return origin;
  }

  void read_services() {
    while (cursor_.next_item()) {
      if (!enter_object()) continue;
      for (Text name; cursor_.next_member(name);) {
        if (name == "bom-ref") {
          const Text ref = text();
          if (!ref.empty()) refs_.insert(ref, RefTable::kOther);
        } else if (name == "services") {
          if (enter_array()) read_services();
        } else {
          cursor_.skip();
        }
      }
    }
  }

  // --- dependencies ---------------------------------------------------------------------------------------------

  void read_dependencies() {
    if (!enter_array()) return;
    batch_.depends_on.reserve(batch_.contains.size() * 3);
    while (cursor_.next_item()) {
      const Mark start = cursor_.mark();
      cursor_.enter_object();
      Text ref;
      bool has_ref = false, has_list = false;
      std::optional<Mark> list_at;
      uint32_t from = RefTable::kAbsent;
      for (Text name; cursor_.next_member(name);) {
        if (name == "ref") {
          if (has_ref) return twice();
          has_ref = true;
          const Mark where = cursor_.mark();
          ref = cursor_.string();
          from = refs_.find(ref);
          if (from == RefTable::kAbsent && cursor_.ok()) unknown_ref(where, ref);
        } else if (name == "dependsOn") {
          if (has_list) return twice();
          has_list = true;
          if (has_ref) {
            read_targets(from);
          } else {
            list_at = cursor_.mark();
            cursor_.skip();
          }
        } else {
          cursor_.skip();
        }
      }
      if (!cursor_.ok()) return;
      if (!has_ref) {
        odd(start, "the dependency has no ref");
        continue;
      }
      batch_.listed[0].has_graph = true;
      if (list_at) {
        const Mark back = cursor_.mark();
        cursor_.go(*list_at);
        read_targets(from);
        if (cursor_.ok()) cursor_.go(back);
      }
    }
  }
  void read_targets(uint32_t from) {
    if (!enter_array()) return;
    while (cursor_.next_item()) {
      const Mark where = cursor_.mark();
      const Text ref = cursor_.string();
      const uint32_t to = refs_.find(ref);
      if (to == RefTable::kAbsent) {
        if (cursor_.ok()) unknown_ref(where, ref);
        continue;
      }
      if (to >= RefTable::kOther || from == RefTable::kAbsent || from == RefTable::kOther) continue;
      if (batch_.depends_on.size() >= options_.limits.items && !options_.trusted)
        return cursor_.refuse("more than " + std::to_string(options_.limits.items) + " dependencies");
      batch_.depends_on.push_back({from == RefTable::kSubject ? Contains::kNoComponent : from, to});
    }
  }
  void unknown_ref(Mark where, Text ref) { cursor_.warn(where, "no component has the bom-ref \"" + std::string(ref.substr(0, 120)) + "\""); }

  // --- vulnerabilities ------------------------------------------------------------------------------------------

  struct Analysis {
    bool there = false, known = false;
    facts::Vex status = facts::Vex::under_investigation;
    Text state, justification, detail, response;
  };

  void read_vulnerabilities() {
    if (!enter_array()) return;
    size_t found_before = batch_.found.size();
    while (cursor_.next_item()) read_vulnerability();
    if (!cursor_.ok() || batch_.found.size() == found_before) return;
    // Vulnerabilities without an analysis are what a scanner found: the document is its report too.
    const auto& listed = batch_.listed[0];
    if (listed.tool.empty()) return;
    facts::Scanned scan;
    const size_t space = listed.tool.rfind(' ');
    scan.tool = listed.tool.substr(0, space);
    if (space != Text::npos) scan.version = listed.tool.substr(space + 1);
    scan.kind = listed.subject_kind == "container" ? facts::ScanKind::container : facts::ScanKind::dependency;
    scan.outcome = facts::Outcome::done;
    scan.at = listed.generated_at;
    for (size_t i = found_before; i < batch_.found.size(); ++i) {
      batch_.found[i].tool = scan.tool;
      switch (batch_.found[i].severity) {
        case facts::Severity::critical: ++scan.critical; break;
        case facts::Severity::high: ++scan.high; break;
        case facts::Severity::medium: ++scan.medium; break;
        case facts::Severity::low: ++scan.low; break;
        case facts::Severity::none: break;
        case facts::Severity::unknown: ++scan.unknown; break;
      }
    }
    batch_.scanned.push_back(scan);
  }

  void read_vulnerability() {
    Text id, description;
    facts::Severity severity = facts::Severity::unknown;
    Analysis analysis;
    std::vector<Text> products, cwes;
    Time updated;
    cursor_.enter_object();
    Seen seen;
    for (Text name; cursor_.next_member(name);) {
      if (name == "id") {
        if (seen.again(0)) return twice();
        id = text();
      } else if (name == "description") {
        description = text();
      } else if (name == "updated") {
        updated = time();
      } else if (name == "ratings") {
        if (!enter_array()) continue;
        while (cursor_.next_item()) {
          if (!enter_object()) continue;
          for (Text member; cursor_.next_member(member);) {
            if (member == "severity")
              severity = std::max(severity, facts::parse_severity(text()));
            else
              cursor_.skip();
          }
        }
      } else if (name == "cwes") {
        if (!enter_array()) continue;
        while (cursor_.next_item()) cwes.push_back(batch_.keep("CWE-" + std::to_string(cursor_.integer())));
      } else if (name == "analysis") {
        if (seen.again(1)) return twice();
        analysis = read_analysis();
      } else if (name == "affects") {
        if (seen.again(2)) return twice();
        if (enter_array()) read_affects(products);
      } else {
        cursor_.skip();
      }
    }
    if (!cursor_.ok()) return;
    if (products.empty()) products.push_back({});
    for (const Text product : products) {
      if (analysis.known) {
        batch_.exploitability.push_back({.product = product,
                                         .vulnerability = id,
                                         .status = analysis.status,
                                         .justification = analysis.justification,
                                         .impact = analysis.detail,
                                         .action = analysis.response,
                                         .author = batch_.listed[0].author,
                                         .at = updated.is_set() ? updated : batch_.listed[0].generated_at});
      } else {
        facts::Found found;
        found.rule = found.vulnerability = id;
        found.title = description;
        found.fingerprint = product.empty() ? id : keep_joined(batch_, id, " ", product);
        found.package = product;
        found.cwe = batch_.keep(cwes);
        found.kind = facts::FindingKind::vulnerability;
        found.severity = severity;
        batch_.found.push_back(found);
      }
    }
  }

  Analysis read_analysis() {
    Analysis analysis;
    if (!enter_object()) return analysis;
    analysis.there = true;
    for (Text name; cursor_.next_member(name);) {
      if (name == "state") {
        const Mark where = cursor_.mark();
        analysis.state = text();
        const auto* row = std::find_if(std::begin(kStates), std::end(kStates), [&](const StateRow& r) { return r.word == analysis.state; });
        if (row == std::end(kStates)) {
          odd(where, "no analysis state of CycloneDX: \"" + std::string(analysis.state.substr(0, 40)) + "\"");
        } else {
          analysis.known = true;
          analysis.status = row->status;
        }
      } else if (name == "justification") {
        analysis.justification = text();
      } else if (name == "detail") {
        analysis.detail = text();
      } else if (name == "response") {
        if (!enter_array()) continue;
        while (cursor_.next_item()) {
          const Text word = text();
          analysis.response = analysis.response.empty() ? word : keep_joined(batch_, analysis.response, ", ", word);
        }
      } else {
        cursor_.skip();
      }
    }
    if (analysis.justification.empty() && analysis.state == "false_positive") analysis.justification = "false_positive";
    return analysis;
  }

  void read_affects(std::vector<Text>& products) {
    while (cursor_.next_item()) {
      if (!enter_object()) continue;
      for (Text name; cursor_.next_member(name);) {
        if (name != "ref") {
          cursor_.skip();
          continue;
        }
        const Mark where = cursor_.mark();
        Text ref = text();
        const uint32_t at = refs_.find(ref);
        if (at == RefTable::kSubject) {
          products.push_back(batch_.listed[0].subject);
        } else if (at < RefTable::kOther) {
          const auto& component = batch_.contains[at];
          products.push_back(!component.purl.empty() ? component.purl : component.ref);
        } else {
          // A BOM-Link into another document: urn:cdx:<serial>/<version>#<bom-ref>; the ref often is the purl.
          const size_t hash = ref.starts_with("urn:cdx:") ? ref.find('#') : Text::npos;
          if (hash != Text::npos) ref = ref.substr(hash + 1);
          if (ref.starts_with("pkg%3A") || ref.starts_with("pkg%3a")) ref = percent_decoded(ref);
          if (!ref.starts_with("pkg:") && at == RefTable::kAbsent && hash == Text::npos) unknown_ref(where, ref);
          products.push_back(ref);
        }
      }
    }
  }
  Text percent_decoded(Text text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      const auto byte = text[i] == '%' ? parse_hex(text.substr(i + 1, 2)) : std::nullopt;
      if (byte && byte->size() == 1) {
        out += *byte;
        i += 2;
      } else {
        out += text[i];
      }
    }
    return batch_.keep(out);
  }

  Text text_;
  Batch& batch_;
  const ParseOptions& options_;
  JsonCursor cursor_;
  RefTable refs_;
};

}  // namespace

Result<void> read_cyclonedx(Reading reading) {
  if (reading.options.strict) TRY_DO(check_cyclonedx_schema(reading.text, reading.options.limits));
  return CyclonedxReader(reading).read();
}

}  // namespace waybill::formats
