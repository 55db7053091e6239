#include "waybill/graph/fold.h"

#include <algorithm>

#include "waybill/graph/matcher.h"
#include "waybill/graph/pack.h"
#include "waybill/identity/digest.h"
#include "waybill/identity/image.h"
#include "waybill/identity/purl.h"
#include "waybill/identity/subject.h"

namespace waybill::graph {
namespace {

// "CVE-2026-1", "GHSA-…", "RUSTSEC-…": capitals and digits, a dash, something.
bool looks_like_vulnerability(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == 0 || dash == std::string_view::npos || dash + 1 == text.size() || dash > 12) return false;
  if (text[0] < 'A' || text[0] > 'Z') return false;
  for (const char c : text.substr(0, dash)) {
    if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) return false;
  }
  return text.find_first_of(" /@:") == std::string_view::npos;
}

std::string_view last_segment(std::string_view text) {
  const size_t slash = text.rfind('/');
  return slash == std::string_view::npos ? text : text.substr(slash + 1);
}

}  // namespace

Fold::Fold(Store& store, const EntryHead& head, const facts::Batch& batch) : s_(store), head_(head), batch_(batch), entry_(static_cast<uint32_t>(head.index)) {
  changes_.entry = head.index;
  changes_.at = head.time;
}

// --- names --------------------------------------------------------------------------------------------------------

uint32_t Fold::text(std::string_view wanted) {
  if (wanted.empty()) return 0;
  const uint64_t key = s_.hash(wanted);
  const uint32_t found = s_.text_index.find(key, [&](uint32_t number) { return s_.text(number) == wanted; });
  if (found != 0) return found;
  if (s_.texts.size() == 0) s_.texts.push(s_.names.put(""));
  const uint32_t number = s_.texts.push(s_.names.put(wanted));
  s_.text_index.insert(key, number);
  return number;
}

Id Fold::node(Kind kind, std::string_view wanted) {
  if (wanted.empty()) return {};
  if (kind == Kind::service) return service(wanted);
  if (const Id found = s_.find_node(kind, wanted)) return found;
  const auto k = static_cast<size_t>(kind);
  NodeRow row{s_.names.put(wanted), entry_, 0};
  if (kind == Kind::package) {
    s_.packages.push({});
    s_.listed_in.add_row();
    s_.deployed_in.add_row();
  } else {
    s_.extras[k].push({});
  }
  const Id id(kind, s_.nodes[k].push(row));
  s_.node_index.insert(s_.hash(kind, wanted), id.value());
  return id;
}

void Fold::alias(Kind kind, std::string_view other_name, Id id) {
  const uint64_t key = s_.hash(kind, other_name);
  const uint32_t there = s_.alias_index.find(
      key, [&](uint32_t row) { return Id::of_value(s_.aliases[row - 1].id).kind() == kind && s_.names.text(s_.aliases[row - 1].text) == other_name; });
  if (there != 0) {
    set(s_.aliases[there - 1].id, id.value());
    return;
  }
  const uint32_t row = s_.aliases.push({s_.names.put(other_name), entry_, id.value()});
  s_.alias_index.insert(key, row + 1);
}

// By name, by scope, or by the last part of a scope: "harbour" and "demo/harbour" are one service until a second
// scope ends in "harbour".
Id Fold::service(std::string_view wanted) {
  if (const Id found = s_.find_node(Kind::service, wanted)) return found;
  const std::string_view brief = last_segment(wanted);
  if (brief.size() != wanted.size()) {
    const Id known = s_.find_node(Kind::service, brief);
    if (known && s_.text(known) == brief) {
      alias(Kind::service, wanted, known);
      return known;
    }
  }
  s_.extras[static_cast<size_t>(Kind::service)].push({});
  const Id id(Kind::service, s_.nodes[static_cast<size_t>(Kind::service)].push({s_.names.put(wanted), entry_, 0}));
  s_.node_index.insert(s_.hash(Kind::service, wanted), id.value());
  if (brief.size() != wanted.size() && !s_.find_node(Kind::service, brief)) alias(Kind::service, brief, id);
  return id;
}

Id Fold::package(std::string_view raw) {
  if (const Id found = s_.find_node(Kind::package, raw)) return found;
  std::string buffer;
  const auto canonical = identity::canonical_purl(raw, buffer);
  if (!canonical) return {};
  const Id id = node(Kind::package, *canonical);
  if (*canonical != raw) alias(Kind::package, raw, id);  // the next time without parsing
  return id;
}

Id Fold::package_of(const facts::Contains& component, bool& has_purl) {
  has_purl = true;
  if (!component.purl.empty()) {
    if (const Id id = package(component.purl)) return id;
  }
  has_purl = false;
  identity::Purl parts;
  parts.type = "generic";
  parts.namespace_ = std::string(component.group);
  parts.name = std::string(!component.name.empty() ? component.name : !component.ref.empty() ? component.ref : facts::Text("unnamed"));
  parts.version = std::string(component.version);
  auto built = identity::Purl::build(parts);
  if (!built) {
    parts.namespace_.clear();
    built = identity::Purl::build(parts);
  }
  return node(Kind::package, built ? built->to_string() : "pkg:generic/unnamed");
}

Id Fold::named_node(std::string_view wanted) {
  if (wanted.empty()) return {};
  if (identity::is_artifact_digest(wanted)) return node(Kind::artifact, wanted);
  if (wanted.starts_with("pkg:")) {
    if (const Id found = s_.find_node(Kind::package, wanted)) return found;
    std::string buffer;
    const auto canonical = identity::canonical_purl(wanted, buffer);
    if (!canonical) return node(Kind::other, wanted);
    if (const Id found = s_.find_node(Kind::package, *canonical)) return found;
    // Without a version it is no package that anything contains, but a name of many.
    return node(canonical->find('@') == std::string_view::npos ? Kind::other : Kind::package, *canonical);
  }
  if (wanted.starts_with("git+")) return node(Kind::source, wanted);
  if (looks_like_vulnerability(wanted)) return node(Kind::vulnerability, wanted);
  if (const size_t at = wanted.rfind('@'); at != std::string_view::npos) {
    const auto left = wanted.substr(0, at), right = wanted.substr(at + 1);
    if (identity::is_service_name(left) && identity::is_service_name(right)) return place_of(left, right);
  }
  return node(Kind::other, wanted);
}

Id Fold::place(Id service, Id environment) {
  if (!service || !environment) return {};
  const std::string name = std::string(s_.text(service)) + "@" + std::string(s_.text(environment));
  const Id id = node(Kind::place, name);
  ExtraRow& extra = s_.extra(id);
  if (extra.x == 0) {
    set(extra.x, service.value());
    set(extra.y, environment.value());
  }
  return id;
}
Id Fold::place_of(std::string_view service_name, std::string_view environment_name) {
  return place(service(service_name), node(Kind::environment, environment_name));
}

void Fold::set_name(Id id, std::string_view name) {
  if (!id || name.empty() || id.kind() != Kind::artifact) return;
  // registry/repository:tag says more than a bare word; a digest in it says nothing new.
  std::string image;
  if (name.find('/') != std::string_view::npos) {
    if (auto reference = identity::ImageReference::parse(name)) {
      reference->digest.clear();
      image = reference->to_string();
      name = image;
      if (!reference->tag.empty()) {
        const Id of = node(Kind::image, image);
        const uint32_t newest = s_.extra(of).a;
        if (newest == 0 || s_.namings[newest - 1].artifact != id.value()) {
          const uint32_t row = s_.namings.push({entry_, of.value(), id.value(), newest});
          set(s_.extra(of).a, row + 1);
          touch(id, FactKind::named, row);
          touch(of, FactKind::named, row);
        }
      }
    }
  }
  ExtraRow& extra = s_.extra(id);
  const auto old = static_cast<uint32_t>(extra.name);
  const uint32_t number = text(name);
  if (number == old) return;
  if (image.empty() && old != 0 && s_.text(old).find('/') != std::string_view::npos) return;
  set(extra.name, uint64_t{entry_} << 32 | number);
}

void Fold::set_up(Id id) {
  if (id && s_.extra(id).x == 0) set(s_.extra(id).x, entry_ + 1);
}

// --- facts --------------------------------------------------------------------------------------------------------

uint32_t Fold::keep(std::string_view packed) {
  const uint64_t offset = s_.records.allocate(packed.size());
  std::memcpy(s_.records.at(offset), packed.data(), packed.size());
  return static_cast<uint32_t>(offset / 8);
}

void Fold::touch(Id id, FactKind kind, uint32_t record) {
  if (!id) return;
  NodeRow& node = s_.node(id);
  const uint32_t row = s_.touches.push({entry_, node.touches, record, static_cast<uint32_t>(kind)});
  set(node.touches, row + 1);
  changes_.subjects.push_back(id);
}

void Fold::touch_mains(FactKind kind, uint32_t record) {
  for (const Id id : mains_) touch(id, kind, record);
}

template <class F>
uint32_t Fold::pack(const F& fact, std::vector<Id>& named) {
  F copy = fact;
  std::string packed;
  Packer packer(*this, packed, named);
  fields(packer, copy);
  return keep(packed);
}

template uint32_t Fold::pack(const facts::Affects&, std::vector<Id>&);  // matcher.cc

// What the document is about stands for a subject that a fact leaves out, and the subject under which it was collected
// for a document's own name of the same thing.
template <class F>
uint32_t Fold::add(FactKind kind, const F& fact, bool global) {
  F copy = fact;
  bool is_main = false;
  if constexpr (requires { copy.subject; }) {
    if constexpr (!std::is_same_v<F, facts::Turned> && !std::is_same_v<F, facts::Decided>) {
      is_main = copy.subject.empty() || (!batch_.subject.empty() && copy.subject == batch_.subject);
      if (is_main) copy.subject = s_.text(main_);
    }
  }
  if constexpr (std::is_same_v<F, facts::Exploitability>) {
    is_main = copy.product.empty();
    if (is_main) copy.product = s_.text(main_);
  }
  named_.clear();
  const uint32_t record = pack(copy, named_);
  if (is_main) named_.insert(named_.end(), mains_.begin(), mains_.end());
  if constexpr (requires {
                  copy.service;
                  copy.environment;
                }) {
    if (!std::is_same_v<F, facts::Excepted> && !copy.service.empty() && !copy.environment.empty()) named_.push_back(place_of(copy.service, copy.environment));
  }
  std::sort(named_.begin(), named_.end());
  named_.erase(std::unique(named_.begin(), named_.end()), named_.end());
  for (const Id id : named_) touch(id, kind, record);
  if (global) s_.by_kind[static_cast<size_t>(kind)].push({entry_, record});
  return record;
}

// A known-exploited catalogue or a file of exploit predictions is something that is loaded: what, and how many.
void Fold::add_catalogues() {
  for (const std::string_view scheme : {std::string_view("kev"), std::string_view("epss")}) {
    const auto count = std::count_if(batch_.scored.begin(), batch_.scored.end(), [&](const auto& fact) { return fact.scheme == scheme; });
    if (count == 0) continue;
    const std::string number = std::to_string(count);
    named_.clear();
    const uint32_t record = pack(facts::Observed{.subject = scheme, .property = "records", .value = number}, named_);
    s_.by_kind[static_cast<size_t>(FactKind::scored)].push({entry_, record});
    changes_.advisories = true;
  }
}

void Fold::add_entry() {
  EntryRow row{};
  row.time = head_.time.ms;
  row.document = head_.document.bytes;
  row.document_bytes = static_cast<uint32_t>(std::min<uint64_t>(head_.document_bytes, kNever));
  row.kind = text(head_.kind);
  row.actor = text(head_.actor);
  row.subject = main_.value();
  row.format = text(batch_.format);
  row.document_kind = text(batch_.kind);
  for (const auto& signature : batch_.signed_by) row.flags |= signature.verified ? 1 : 0;
  if (!head_.document.is_zero()) {
    const std::string_view digest(reinterpret_cast<const char*>(head_.document.bytes.data()), 32);
    const uint64_t key = s_.hash(digest);
    const uint32_t first = s_.document_index.find(key, [&](uint32_t entry) { return s_.entries[entry - 1].document == row.document; });
    if (first == 0) s_.document_index.insert(key, entry_ + 1);
    // The index names the first entry; from there the newest is one step, and the others one step each.
    else {
      EntryRow& start = s_.entries[first - 1];
      row.same_document = start.same_document;  // the newest before, or 0
      set(start.same_document, entry_ + 1);
    }
  }
  s_.entries.push(row);
}

Changes Fold::run() {
  if (s_.texts.size() == 0) s_.texts.push(s_.names.put(""));
  main_ = named_node(!head_.subject.empty() ? head_.subject : std::string_view(batch_.subject));
  if (main_) mains_.push_back(main_);
  for (const auto& more : batch_.more_subjects) {
    const Id id = named_node(more);
    if (id && std::find(mains_.begin(), mains_.end(), id) == mains_.end()) mains_.push_back(id);
  }
  add_entry();
  set_name(main_, batch_.subject_name);

  if (!batch_.listed.empty() || !batch_.contains.empty()) add_inventory();
  for (const auto& fact : batch_.built_from) add(FactKind::built_from, fact);
  for (const auto& fact : batch_.built_by) add(FactKind::built_by, fact);
  for (const auto& fact : batch_.signed_by) {
    named_.clear();
    const uint32_t record = pack(fact, named_);
    named_.insert(named_.end(), mains_.begin(), mains_.end());
    std::sort(named_.begin(), named_.end());
    named_.erase(std::unique(named_.begin(), named_.end()), named_.end());
    for (const Id id : named_) touch(id, FactKind::signed_by, record);
  }
  for (const auto& fact : batch_.reviewed) add(FactKind::reviewed, fact);
  for (const auto& fact : batch_.tested) add(FactKind::tested, fact);
  for (const auto& fact : batch_.scanned) add(FactKind::scanned, fact);
  for (const auto& fact : batch_.found) add(FactKind::found, fact);
  for (const auto& fact : batch_.ran) add(FactKind::ran, fact);
  for (const auto& fact : batch_.observed) add(FactKind::observed, fact);
  for (const auto& fact : batch_.accessed) add(FactKind::accessed, fact, true);
  for (const auto& fact : batch_.exploitability) add(FactKind::exploitability, fact);
  for (const auto& fact : batch_.scored) add(FactKind::scored, fact);
  add_catalogues();
  if (!batch_.affects.empty()) {
    changes_.advisories = true;
    s_.matcher->add_advisories(*this, batch_.affects);
  }
  for (const auto& fact : batch_.configured) configure(fact);
  for (const auto& fact : batch_.deployed) deploy(fact);
  for (const auto& fact : batch_.removed) remove(fact);
  for (const auto& fact : batch_.approved) add(FactKind::approved, fact, true);
  for (const auto& fact : batch_.excepted) except(fact);
  for (const auto& fact : batch_.decided) add(FactKind::decided, fact, true);
  for (const auto& fact : batch_.turned) add(FactKind::turned, fact, true);

  for (const Id id : mains_) {
    if (std::find(changes_.subjects.begin(), changes_.subjects.end(), id) == changes_.subjects.end()) touch(id, FactKind::touched, 0);
  }
  std::sort(changes_.subjects.begin(), changes_.subjects.end());
  changes_.subjects.erase(std::unique(changes_.subjects.begin(), changes_.subjects.end()), changes_.subjects.end());
  find_places();
  return std::move(changes_);
}

// --- contents -----------------------------------------------------------------------------------------------------

uint32_t Fold::trait_of(const facts::Contains& component, bool has_purl) {
  const auto number_of = [&](std::string_view wanted) -> uint32_t {  // a document repeats a few licences and suppliers
    if (wanted.empty()) return 0;
    for (const auto& [known, number] : recent_texts_) {
      if (known == wanted) return number;
    }
    const uint32_t number = text(wanted);
    if (recent_texts_.size() < 12) recent_texts_.emplace_back(wanted, number);
    return number;
  };
  TraitRow row{};
  row.licence = number_of(component.licence);
  row.supplier = number_of(component.supplier);
  row.bits = static_cast<uint32_t>(component.kind) | static_cast<uint32_t>(component.scope) << 4 | (component.hashes.empty() ? 0u : 1u) << 8 |
             (has_purl ? 0u : 1u) << 9 | (component.version.empty() ? 1u : 0u) << 10 | (component.name.empty() ? 1u : 0u) << 11;
  for (const uint32_t number : recent_traits_) {
    if (std::memcmp(&s_.traits[number], &row, sizeof row) == 0) return number;
  }
  const auto keep_recent = [&](uint32_t number) {
    if (recent_traits_.size() < 12) recent_traits_.push_back(number);
    return number;
  };
  const std::string_view bytes(reinterpret_cast<const char*>(&row), sizeof row);
  const uint64_t key = s_.hash(bytes);
  const uint32_t found = s_.trait_index.find(key, [&](uint32_t number) { return std::memcmp(&s_.traits[number - 1], &row, sizeof row) == 0; });
  if (found != 0) return keep_recent(found - 1);
  const uint32_t number = s_.traits.push(row);
  s_.trait_index.insert(key, number + 1);
  return keep_recent(number);
}

uint32_t Fold::add_set(const std::string& bytes, uint32_t count) {
  const uint64_t key = s_.hash(bytes);
  const uint32_t found = s_.set_index.find(key, [&](uint32_t set) {
    const SetRow& row = s_.sets[set - 1];
    return row.bytes == bytes.size() && std::memcmp(s_.set_bytes.at(row.offset), bytes.data(), bytes.size()) == 0;
  });
  if (found != 0) return found - 1;
  const uint64_t offset = s_.set_bytes.allocate(bytes.size());
  std::memcpy(s_.set_bytes.at(offset), bytes.data(), bytes.size());
  const uint32_t set = s_.sets.push({offset, static_cast<uint32_t>(bytes.size()), count});
  s_.set_index.insert(key, set + 1);
  return set;
}

void Fold::add_inventory() {
  static const facts::Listed kNothing;
  const facts::Listed& listed = batch_.listed.empty() ? kNothing : batch_.listed.front();
  const Id subject = main_ ? main_ : named_node(listed.subject);
  if (!subject || subject.kind() == Kind::package) {
    // A bill of materials of nothing that can be deployed or asked for by digest: what it says of itself is kept.
    for (const auto& fact : batch_.listed) add(FactKind::touched, fact);
    if (!subject) return;
  }
  struct Item {
    uint32_t package, position, trait;
  };
  std::vector<uint32_t> fresh;  // named by a bill of materials for the first time
  std::vector<Item> items;
  items.reserve(batch_.contains.size());
  uint32_t counts[6] = {};  // without purl, version, licence, hash, supplier, name
  // Each step touches memory that nobody has touched for long: all of it is asked for ahead, step by step.
  const auto count = static_cast<uint32_t>(batch_.contains.size());
  std::vector<uint64_t> keys(count);
  std::vector<Id> guesses(count);
  for (uint32_t i = 0; i < count; ++i) {
    keys[i] = s_.hash(Kind::package, batch_.contains[i].purl);
    s_.node_index.prefetch(keys[i]);
  }
  const auto& package_nodes = s_.nodes[static_cast<size_t>(Kind::package)];
  for (uint32_t i = 0; i < count; ++i) {
    const Id guess = Id::of_value(s_.node_index.peek(keys[i]));
    if (guess.kind() != Kind::package) continue;
    guesses[i] = guess;
    __builtin_prefetch(&package_nodes[guess.number()]);
    __builtin_prefetch(&s_.packages[guess.number()]);
    s_.listed_in.prefetch(guess.number());
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (!guesses[i]) continue;
    __builtin_prefetch(s_.names.at(package_nodes[guesses[i].number()].text));
    s_.listed_in.prefetch_block(guesses[i].number());
  }
  for (uint32_t i = 0; i < count; ++i) {
    const auto& component = batch_.contains[i];
    bool has_purl = true;
    const Id id = guesses[i] && s_.text(guesses[i]) == component.purl ? guesses[i] : package_of(component, has_purl);
    const uint32_t trait = trait_of(component, has_purl);
    counts[0] += !has_purl;
    counts[1] += component.version.empty();
    counts[2] += component.licence.empty();
    counts[3] += component.hashes.empty();
    counts[4] += component.supplier.empty();
    counts[5] += component.name.empty();
    items.push_back({id.number(), i, trait});
    PackageRow& row = s_.packages[id.number()];
    if (row.trait == 0) {
      set(row.trait, trait + 1);
      fresh.push_back(id.number());
    }
  }
  std::vector<uint8_t> direct;
  bool knows_direct = false;
  if (!batch_.depends_on.empty()) {
    direct.resize(batch_.contains.size());
    for (const auto& edge : batch_.depends_on) {
      if (edge.from != facts::Contains::kNoComponent || edge.to >= direct.size()) continue;
      direct[edge.to] = 1;
      knows_direct = true;
    }
  }
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.package != b.package ? a.package < b.package : a.position < b.position; });
  std::string bytes;
  std::vector<Item> differ;
  std::string bits;
  uint32_t distinct = 0;
  for (size_t i = 0; i < items.size(); ++i) distinct += i == 0 || items[i].package != items[i - 1].package;
  bytes.reserve(size_t{distinct} * 2 + 16);
  write_varint(bytes, distinct);
  bits.resize((distinct + 7) / 8);
  uint32_t position = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    const bool again = i > 0 && items[i].package == items[i - 1].package;
    if (!again) {
      write_varint(bytes, items[i].package - (i == 0 ? 0 : items[i - 1].package));
      if (items[i].trait + 1 != s_.packages[items[i].package].trait) differ.push_back({0, position, items[i].trait});
      ++position;
    }
    if (knows_direct && direct[items[i].position] != 0) bits[(position - 1) / 8] = static_cast<char>(bits[(position - 1) / 8] | 1 << ((position - 1) % 8));
  }
  write_varint(bytes, differ.size());
  uint32_t before = 0;
  for (const Item& item : differ) {
    write_varint(bytes, item.position - before);
    write_varint(bytes, item.trait);
    before = item.position;
  }
  bytes.push_back(knows_direct ? 1 : 0);
  if (knows_direct) bytes += bits;

  InventoryRow row{};
  row.entry = entry_;
  row.subject = subject.value();
  row.set = add_set(bytes, distinct);
  row.superseded = kNever;
  row.components = static_cast<uint32_t>(batch_.contains.size());
  std::string packed;
  named_.clear();
  {
    facts::Listed copy = listed;
    copy.subject = s_.text(subject);
    Packer packer(*this, packed, named_);
    fields(packer, copy);
    write_varint(packed, batch_.depends_on.size());
    for (const uint32_t missing : counts) write_varint(packed, missing);
  }
  row.record = keep(packed);
  // The same actor with the same tool speaks again: what it said before is no longer in force.
  const std::string_view tool = listed.tool.substr(0, listed.tool.rfind(' '));
  row.by = text(std::string(head_.actor) + "\n" + std::string(tool) + "\n" + std::string(listed.phase));
  ExtraRow* const extra = subject.kind() == Kind::package ? nullptr : &s_.extra(subject);
  if (extra != nullptr) row.previous = extra->a;
  const uint32_t number = s_.inventories.push(row);
  if (extra != nullptr) {
    for (uint32_t other = row.previous; other != 0; other = s_.inventories[other - 1].previous) {
      InventoryRow& old = s_.inventories[other - 1];
      if (old.superseded != kNever || old.by != row.by) continue;
      set(old.superseded, entry_);
      if (old.slot != 0) set(s_.slots[old.slot - 1].superseded, entry_);
    }
    set(extra->a, number + 1);
  }
  uint32_t last = kNever;
  for (const Item& item : items) {
    if (item.package != last) s_.listed_in.append(item.package, number);
    last = item.package;
  }
  touch(subject, FactKind::inventory, number);
  set_name(subject, listed.subject_name);
  if (subject.kind() == Kind::artifact && s_.extra(subject).b != 0) index_inventory(number);
  std::sort(fresh.begin(), fresh.end());
  s_.matcher->add_packages(*this, fresh);
}

// Its packages can be reached from what is deployed.
void Fold::index_inventory(uint32_t inventory) {
  InventoryRow& row = s_.inventories[inventory];
  const uint32_t slot = s_.slots.push({entry_, inventory, row.superseded, row.subject});
  set(row.slot, slot + 1);
  for_each_package(s_.set_bytes.at(s_.sets[row.set].offset), [&](uint32_t, uint32_t package) { s_.deployed_in.append(package, slot); });
}

// --- what runs ----------------------------------------------------------------------------------------------------

void Fold::end_running(Id place, Time until) {
  const uint32_t newest = s_.extra(place).b;
  if (newest == 0) return;
  DeploymentRow& row = s_.deployments[newest - 1];
  if (row.ended != kNever) return;
  std::atomic_ref<int64_t>(row.until).store(until.ms, std::memory_order_relaxed);
  set(row.ended, entry_);
}

void Fold::deploy(const facts::Deployed& fact) {
  const uint32_t record = add(FactKind::deployed, fact);
  const Id artifact = named_node(fact.artifact);
  if (artifact.kind() != Kind::artifact || fact.service.empty() || fact.environment.empty()) return;
  const Id service = this->service(fact.service), environment = node(Kind::environment, fact.environment);
  set_up(service);
  set_up(environment);
  const Id where = place(service, environment);
  const Time at = fact.at.is_set() ? fact.at : head_.time;
  end_running(where, at);
  set_name(artifact, fact.name);
  const bool first = s_.extra(artifact).b == 0;
  DeploymentRow row{};
  row.from = at.ms;
  row.entry = entry_;
  row.ended = kNever;
  row.artifact = artifact.value();
  row.place = where.value();
  row.previous_here = s_.extra(where).b;
  row.previous_of_artifact = s_.extra(artifact).b;
  row.record = record;
  const uint32_t number = s_.deployments.push(row);
  set(s_.extra(where).b, number + 1);
  set(s_.extra(artifact).b, number + 1);
  if (!first) return;
  std::vector<uint32_t> inventories;
  for (uint32_t i = s_.extra(artifact).a; i != 0; i = s_.inventories[i - 1].previous) inventories.push_back(i - 1);
  for (auto it = inventories.rbegin(); it != inventories.rend(); ++it) index_inventory(*it);
}

void Fold::remove(const facts::Removed& fact) {
  add(FactKind::removed, fact);
  if (fact.service.empty() || fact.environment.empty()) return;
  end_running(place_of(fact.service, fact.environment), fact.at.is_set() ? fact.at : head_.time);
}

// --- what people set up and say -----------------------------------------------------------------------------------

void Fold::configure(const facts::Configured& fact) {
  changes_.configuration = true;
  named_.clear();
  const uint32_t record = pack(fact, named_);
  const uint32_t first = s_.find_configuration(fact.kind, fact.name);
  ConfigurationRow row{entry_, text(fact.kind), text(fact.name), record, 0, 0, 0, 0};
  if (first != 0) {
    row.previous = s_.configurations[first - 1].newest;
    row.first = first - 1;
    const uint32_t number = s_.configurations.push(row);
    set(s_.configurations[first - 1].newest, number + 1);
  } else {
    row.first = s_.configurations.size();
    row.newest = row.first + 1;
    const uint32_t number = s_.configurations.push(row);
    s_.configuration_index.insert(s_.hash(fact.kind) * 31 + s_.hash(fact.name), number + 1);
  }
  if (fact.kind == "service" || fact.kind == "environment") {
    const Id id = node(fact.kind == "service" ? Kind::service : Kind::environment, fact.name);
    set_up(id);
    touch(id, FactKind::configured, record);
  } else {
    changes_.every_place = true;
  }
}

void Fold::except(const facts::Excepted& fact) {
  facts::Excepted copy = fact;
  std::string id;
  if (copy.id.empty()) {
    id = "x-" + std::to_string(entry_);
    copy.id = id;
  }
  const uint32_t record = add(FactKind::excepted, copy, true);
  const Id service = copy.service.empty() ? Id{} : s_.find_node(Kind::service, copy.service);
  const Id environment = copy.environment.empty() ? Id{} : s_.find_node(Kind::environment, copy.environment);
  if (service && environment) {
    if (const Id where = s_.find_node(Kind::place, std::string(s_.text(service)) + "@" + std::string(s_.text(environment))))
      touch(where, FactKind::excepted, record);
  } else if (service) {
    touch(service, FactKind::excepted, record);
  } else {
    changes_.every_place = true;  // it covers everywhere, or a scope: who is covered is for policy/ to say
  }
}

// --- the change feed ----------------------------------------------------------------------------------------------

void Fold::find_places() {
  // A decision names what it judged and where, and changes nothing for them: whoever re-evaluates and decides must not
  // call itself.
  const auto speaks_only_of_decisions = [&] {
    const auto& b = batch_;
    return (!b.decided.empty() || !b.turned.empty()) && b.deployed.empty() && b.removed.empty() && b.approved.empty() && b.excepted.empty() &&
           b.configured.empty() && b.listed.empty() && b.contains.empty() && b.tested.empty() && b.scanned.empty() && b.found.empty() &&
           b.exploitability.empty() && b.scored.empty() && b.affects.empty() && b.built_by.empty() && b.built_from.empty() && b.ran.empty() &&
           b.observed.empty();
  };
  if (speaks_only_of_decisions()) return;
  std::vector<Id>& out = changes_.places;
  const auto artifact = [&](Id id) {
    for (uint32_t d = s_.extra(id).b; d != 0; d = s_.deployments[d - 1].previous_of_artifact) {
      const DeploymentRow& row = s_.deployments[d - 1];
      if (row.ended >= entry_) out.push_back(Id::of_value(row.place));
    }
  };
  const auto package = [&](Id id) { s_.deployed_in.for_each(id.number(), kNever, [&](uint32_t slot) { artifact(Id::of_value(s_.slots[slot].artifact)); }); };
  const auto here = [&](Id place) {
    if (s_.extra(place).b != 0 && s_.deployments[s_.extra(place).b - 1].ended >= entry_) out.push_back(place);
  };
  if (changes_.every_place) {
    for (uint32_t p = 0; p < s_.nodes[static_cast<size_t>(Kind::place)].size(); ++p) here(Id(Kind::place, p));
  } else {
    for (const Id id : changes_.subjects) {
      switch (id.kind()) {
        case Kind::artifact: artifact(id); break;
        case Kind::place: here(id); break;
        case Kind::package: package(id); break;
        case Kind::source:
          for (uint32_t t = s_.node(id).touches; t != 0; t = s_.touches[t - 1].next) {
            const TouchRow& row = s_.touches[t - 1];
            if (row.kind != static_cast<uint32_t>(FactKind::built_from) && row.kind != static_cast<uint32_t>(FactKind::built_by)) continue;
            const uint8_t* at = s_.record(row.record);
            const Id from = Id::of_value(static_cast<uint32_t>(read_varint(at)));  // both begin with the subject
            if (from.kind() == Kind::artifact) artifact(from);
          }
          break;
        case Kind::vulnerability:
          for (uint32_t m = s_.extra(id).a; m != 0; m = s_.matches[m - 1].next_of_vulnerability) {
            if (s_.matches[m - 1].closed >= entry_) package(Id(Kind::package, s_.matches[m - 1].package));
          }
          break;
        case Kind::service:
        case Kind::environment:
          if (!changes_.configuration && batch_.excepted.empty()) break;
          for (uint32_t p = 0; p < s_.nodes[static_cast<size_t>(Kind::place)].size(); ++p) {
            const ExtraRow& extra = s_.extra(Id(Kind::place, p));
            if (extra.x == id.value() || extra.y == id.value()) here(Id(Kind::place, p));
          }
          break;
        default: break;
      }
    }
    for (const auto& pair : changes_.pairs) package(pair.package);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
}

}  // namespace waybill::graph
