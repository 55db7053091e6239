// The columns that the graph is made of, and the small steps that fold and views share.
//
// Rows are numbered in log order; a reference to a row that may be absent is its number + 1, and 0 is none. Every row
// carries the entry that made it, so that a view of size N ignores rows with entry >= N. What changes later in a row
// (an end, the newest of a chain) is a 32-bit field that is stored and loaded atomically. Only this room uses it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "waybill/base/arena.h"
#include "waybill/graph/columns.h"
#include "waybill/graph/epochs.h"
#include "waybill/graph/fact_fields.h"
#include "waybill/graph/graph.h"
#include "waybill/graph/hash_index.h"
#include "waybill/graph/postings.h"

namespace waybill::graph {

constexpr uint32_t kNever = 0xffffffff;

struct EntryRow {
  int64_t time;
  std::array<uint8_t, 32> document;
  uint32_t document_bytes, actor, subject, format, kind, document_kind;
  uint32_t same_document;  // the entry before it with this document, + 1
  uint32_t flags;          // 1: a verified signature
};
struct NodeRow {
  uint64_t text;     // in `names`
  uint32_t entry;    // that named it first
  uint32_t touches;  // newest, + 1
};
// What nodes have besides, packages not.
struct ExtraRow {
  uint64_t name;  // entry << 32 | text: what people call it
  uint32_t a;     // artifact, source, …: newest inventory + 1; vulnerability: newest match + 1; image: newest naming + 1
  uint32_t b;     // artifact, place: newest deployment + 1
  uint32_t x, y;  // place: service and environment; service, environment: entry + 1 that set it up or deployed to
                  // it first; vulnerability: the vulnerability that it is another name of (Id), entry of that
};
struct PackageRow {
  uint32_t matches;  // newest, + 1
  uint32_t trait;    // of its first mention
};
struct TouchRow {
  uint32_t entry, next, record, kind;
};
struct InventoryRow {
  uint32_t entry, subject, set, superseded;
  uint32_t previous;  // of the same subject, + 1
  uint32_t record, by, components;
  uint32_t slot;  // + 1
  uint32_t reserved;
};
struct SetRow {  // equal sets are stored once
  uint64_t offset;
  uint32_t bytes, count;
};
struct TraitRow {  // what a document says of a component, besides its name
  uint32_t licence, supplier;
  uint32_t bits;  // kind 4, scope 3, has_hash, no_purl, no_version, no_name
  uint32_t reserved;
};
struct DeploymentRow {
  int64_t from, until;  // until: written before `ended`
  uint32_t entry, ended;
  uint32_t artifact, place;
  uint32_t previous_here, previous_of_artifact;  // + 1
  uint32_t record, reserved;
};
struct SlotRow {  // an inventory of an artifact that was deployed at some time, and what is asked of it most
  uint32_t entry, inventory;
  uint32_t superseded;  // as the inventory's
  uint32_t artifact;    // its subject's Id
};
struct MatchRow {
  uint32_t entry, closed;
  uint32_t known;  // the entry that brought the second half; before `entry` where a record was replaced
  uint32_t package, vulnerability;
  uint32_t detail;                                  // record: advisory, undetermined, fixed versions
  uint32_t next_of_package, next_of_vulnerability;  // + 1
};
struct AdvisoryRow {  // one version of one advisory record
  uint32_t entry, replaced, id, source;
  uint32_t record, vulnerability;
  uint32_t previous;  // version before, + 1; of the first version: the newest, + 1
  uint32_t withdrawn;
};
struct ConfigurationRow {
  uint32_t entry, kind, name, record;
  uint32_t previous;  // version before, + 1
  uint32_t newest;    // in the first row of a name: newest version + 1
  uint32_t first;     // row of the first version
  uint32_t reserved;
};
struct NamingRow {  // an image name came to mean an artifact
  uint32_t entry, image, artifact;
  uint32_t previous;  // of this image, + 1
};
struct GlobalRow {  // facts of one kind, in order
  uint32_t entry, record;
};

class Matcher;  // what the writer alone needs

struct Store {
  Store();
  ~Store();

  Epochs epochs;
  std::atomic<uint64_t> published{0};  // entries that readers see
  uint64_t seed = 0;                   // of the hash tables

  // --- text: short strings that repeat, known by number; 0 is "" ---
  Blob names;              // bytes of texts and nodes
  Column<uint64_t> texts;  // offset in `names`
  HashIndex text_index;
  // --- nodes ---
  std::array<Column<NodeRow>, kKinds> nodes;
  std::array<Column<ExtraRow>, kKinds> extras;
  Column<PackageRow> packages;
  HashIndex node_index;   // (kind, text) → Id
  HashIndex alias_index;  // (kind, other text) → row of `aliases` + 1
  struct AliasRow {
    uint64_t text;
    uint32_t entry, id;
  };
  Column<AliasRow> aliases;
  // --- entries and facts ---
  Column<EntryRow> entries;
  HashIndex document_index;  // digest → newest entry with it + 1 (all of them: same_document)
  Column<TouchRow> touches;
  Blob records;  // packed facts, by offset / 8
  std::array<Column<GlobalRow>, kFactKinds> by_kind;
  // --- contents ---
  Column<InventoryRow> inventories;
  Column<SetRow> sets;
  Blob set_bytes;
  HashIndex set_index;
  Column<TraitRow> traits;
  HashIndex trait_index;
  Postings listed_in;    // package → inventories
  Postings deployed_in;  // package → slots
  Column<SlotRow> slots;
  // --- intervals and pairs ---
  Column<DeploymentRow> deployments;
  Column<MatchRow> matches;
  Column<AdvisoryRow> advisories;
  HashIndex advisory_index;  // id → first row of it + 1
  Column<ConfigurationRow> configurations;
  HashIndex configuration_index;  // (kind, name) → first row of it + 1
  Column<NamingRow> namings;

  // What View::advisories_loaded() found for so many rows of `advisories`: it is asked for each decision.
  mutable std::mutex loaded_mutex;
  mutable uint32_t loaded_rows = 0;
  mutable std::shared_ptr<const void> loaded;

  // --- the snapshot below ---
  void* mapping = nullptr;
  size_t mapping_bytes = 0;
  std::string snapshot_path;
  std::thread verifier;
  std::atomic<int> verified{1};      // 0 running, 1 holds (or no snapshot), 2 does not
  std::atomic<bool> closing{false};  // nobody waits for the verifier any more
  std::unique_ptr<Matcher> matcher;
  std::vector<std::function<void(const Changes&)>> subscribers;

  // --- shared steps ---
  uint64_t hash(std::string_view text) const { return stable_hash(text, seed); }
  uint64_t hash(Kind kind, std::string_view text) const { return stable_hash(text, seed + static_cast<uint64_t>(kind) * 0x9e3779b97f4a7c15); }
  Text text(uint32_t number) const { return names.text(texts[number]); }
  const NodeRow& node(Id id) const { return nodes[static_cast<size_t>(id.kind())][id.number()]; }
  NodeRow& node(Id id) { return nodes[static_cast<size_t>(id.kind())][id.number()]; }
  const ExtraRow& extra(Id id) const { return extras[static_cast<size_t>(id.kind())][id.number()]; }
  ExtraRow& extra(Id id) { return extras[static_cast<size_t>(id.kind())][id.number()]; }
  Text text(Id id) const { return id ? names.text(node(id).text) : Text{}; }
  Id find_node(Kind kind, std::string_view text) const;                             // exact or by alias; none
  uint32_t find_text(std::string_view text) const;                                  // 0 when it is not there
  uint32_t find_configuration(std::string_view kind, std::string_view name) const;  // first row + 1
  const uint8_t* record(uint32_t number) const { return records.at(uint64_t{number} * 8); }
  size_t overlay_bytes() const;

  // Every section of a snapshot, in order: s.column(name, column), s.blob(…), s.index(…), s.postings(…).
  template <class S, class Self>
  static void for_each_section(Self& self, S&& s) {
    s.blob("names", self.names);
    s.column("texts", self.texts);
    s.index("text_index", self.text_index);
    for (size_t kind = 1; kind < kKinds; ++kind) {
      s.column("nodes", self.nodes[kind]);
      s.column("extras", self.extras[kind]);
    }
    s.column("packages", self.packages);
    s.index("node_index", self.node_index);
    s.column("aliases", self.aliases);
    s.index("alias_index", self.alias_index);
    s.column("entries", self.entries);
    s.index("document_index", self.document_index);
    s.column("touches", self.touches);
    s.blob("records", self.records);
    for (auto& rows : self.by_kind) s.column("by_kind", rows);
    s.column("inventories", self.inventories);
    s.column("sets", self.sets);
    s.blob("set_bytes", self.set_bytes);
    s.index("set_index", self.set_index);
    s.column("traits", self.traits);
    s.index("trait_index", self.trait_index);
    s.postings("listed_in", self.listed_in);
    s.postings("deployed_in", self.deployed_in);
    s.column("slots", self.slots);
    s.column("deployments", self.deployments);
    s.column("matches", self.matches);
    s.column("advisories", self.advisories);
    s.index("advisory_index", self.advisory_index);
    s.column("configurations", self.configurations);
    s.index("configuration_index", self.configuration_index);
    s.column("namings", self.namings);
  }
};

// --- packed facts -------------------------------------------------------------------------------------------------

inline uint64_t read_varint(const uint8_t*& at) {
  uint64_t value = *at & 0x7f;
  for (unsigned shift = 7; (*at++ & 0x80) != 0; shift += 7) value |= uint64_t{*at & 0x7fu} << shift;
  return value;
}
template <class Out>
void write_varint(Out& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<typename Out::value_type>((value & 0x7f) | 0x80));
  out.push_back(static_cast<typename Out::value_type>(value));
}
inline uint64_t zigzag(int64_t value) { return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63); }
inline int64_t unzigzag(uint64_t value) { return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1); }

// An archive (fact_fields.h) that unpacks. Arrays go into the arena.
class Unpack {
 public:
  Unpack(const Store& store, const uint8_t* at, Arena& arena) : store_(store), at_(at), arena_(arena) {}

  void text(facts::Text& to) {
    const uint64_t n = read_varint(at_);
    if ((n & 1) == 0)
      to = n == 0 ? facts::Text{} : store_.text(static_cast<uint32_t>(n >> 1));
    else {
      to = {reinterpret_cast<const char*>(at_), n >> 1};
      at_ += n >> 1;
    }
  }
  void texts(facts::Texts& to) {
    to = array<facts::Text>([this](facts::Text& item) { text(item); });
  }
  void time(Time& to) { to.ms = unzigzag(read_varint(at_)); }
  void number(double& to) {
    if (*at_++ == 0)
      to = -1;
    else {
      std::memcpy(&to, at_, 8);
      at_ += 8;
    }
  }
  template <class N>
    requires std::is_integral_v<N> || std::is_enum_v<N>
  void number(N& to) {
    if constexpr (std::is_signed_v<N> && !std::is_enum_v<N>)
      to = static_cast<N>(unzigzag(read_varint(at_)));
    else
      to = static_cast<N>(read_varint(at_));
  }
  void hashes(std::span<const facts::Hash>& to) {
    to = array<facts::Hash>([this](facts::Hash& item) {
      text(item.algorithm);
      text(item.hex);
    });
  }
  void packages(std::span<const facts::Affects::Package>& to) {
    to = array<facts::Affects::Package>([this](facts::Affects::Package& package) {
      text(package.ecosystem);
      text(package.name);
      text(package.purl);
      package.ranges = array<facts::Affects::Range>([this](facts::Affects::Range& range) {
        number(range.type);
        range.events = array<facts::Affects::Event>([this](facts::Affects::Event& event) {
          number(event.what);
          text(event.version);
        });
      });
      texts(package.versions);
      text(package.severity);
    });
  }
  void node(facts::Text& to, Kind) { to = store_.text(Id::of_value(static_cast<uint32_t>(read_varint(at_)))); }
  void secondary(facts::Text& to, Kind kind) { node(to, kind); }
  Id id() { return Id::of_value(static_cast<uint32_t>(read_varint(at_))); }
  const uint8_t* at() const { return at_; }

 private:
  template <class T, class F>
  std::span<const T> array(F&& read) {
    const uint64_t count = read_varint(at_);
    if (count == 0) return {};
    T* items = arena_.allocate_array<T>(count);
    for (uint64_t i = 0; i < count; ++i) {
      new (items + i) T{};
      read(items[i]);
    }
    return {items, count};
  }
  const Store& store_;
  const uint8_t* at_;
  Arena& arena_;
};

// The ids of a packed set, ascending; calls f(position, package number). Returns where the rest begins.
template <class F>
const uint8_t* for_each_package(const uint8_t* set, F&& f) {
  const uint64_t count = read_varint(set);
  uint32_t package = 0;
  for (uint64_t i = 0; i < count; ++i) {
    package += static_cast<uint32_t>(read_varint(set));
    f(static_cast<uint32_t>(i), package);
  }
  return set;
}

}  // namespace waybill::graph
