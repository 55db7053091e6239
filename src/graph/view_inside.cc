// What is inside an artifact: bills of materials, components, ways to a component.
#include <algorithm>
#include <deque>

#include "waybill/graph/ask.h"
#include "waybill/graph/graph.h"
#include "waybill/identity/purl.h"

namespace waybill::graph {

std::vector<Inventory> View::inventories(Id artifact) const {
  const Ask ask(*this);
  std::vector<Inventory> out;
  ask.for_each_inventory(artifact, [&](uint32_t, const InventoryRow& row) {
    Inventory inventory;
    inventory.entry = row.entry;
    inventory.artifact = artifact;
    Unpack from(*store_, store_->record(row.record), ask.arena());
    fields(from, inventory.listed);
    const uint8_t* at = from.at();
    inventory.dependencies = static_cast<uint32_t>(read_varint(at));
    for (uint32_t* count : {&inventory.without_purl, &inventory.without_version, &inventory.without_licence, &inventory.without_hash,
                            &inventory.without_supplier, &inventory.without_name}) {
      *count = static_cast<uint32_t>(read_varint(at));
    }
    inventory.in_force = ask.in_force(row);
    inventory.components = row.components;
    inventory.distinct = store_->sets[row.set].count;
    out.push_back(inventory);
  });
  std::sort(out.begin(), out.end(), [](const Inventory& a, const Inventory& b) { return a.in_force != b.in_force ? a.in_force : a.entry > b.entry; });
  if (!out.empty()) out.front().primary = out.front().in_force;
  return out;
}

std::vector<uint32_t> Ask::packages_of(Id subject) const {
  std::vector<uint32_t> out;
  size_t lists = 0;
  for_each_inventory(subject, [&](uint32_t, const InventoryRow& row) {
    if (!in_force(row)) return;
    ++lists;
    out.reserve(out.size() + s_.sets[row.set].count);
    for_each_package(set_of(row), [&](uint32_t, uint32_t package) { out.push_back(package); });
  });
  if (lists > 1) {
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
  }
  return out;
}

uint32_t View::component_count(Id artifact) const { return static_cast<uint32_t>(Ask(*this).packages_of(artifact).size()); }

std::vector<Id> View::packages(Id artifact) const {
  std::vector<Id> out;
  for (const uint32_t package : Ask(*this).packages_of(artifact)) out.emplace_back(Kind::package, package);
  return out;
}

bool View::contains(Id artifact, Id package) const {
  const Ask ask(*this);
  bool found = false;
  ask.for_each_inventory(artifact, [&](uint32_t number, const InventoryRow& row) {
    found = found || (ask.in_force(row) && store_->listed_in.contains(package.number(), number));
  });
  return found;
}

// The parts of a canonical purl, without allocating: pkg:type/namespace/name@version?qualifiers#subpath.
Component Ask::component(uint32_t package, uint32_t trait) const {
  Component out;
  out.package = Id(Kind::package, package);
  out.purl = s_.text(out.package);
  std::string_view rest = out.purl.substr(std::min<size_t>(4, out.purl.size()));
  rest = rest.substr(0, rest.find('#'));
  rest = rest.substr(0, rest.find('?'));
  const size_t slash = rest.find('/');
  out.type = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos && at > 0) {
    out.version = decoded(rest.substr(at + 1));
    rest = rest.substr(0, at);
  }
  const size_t last = rest.rfind('/');
  out.name = decoded(last == std::string_view::npos ? rest : rest.substr(last + 1));
  out.group = last == std::string_view::npos ? Text{} : decoded(rest.substr(0, last));
  if (trait == kNever) {
    const uint32_t first = load(s_.packages[package].trait);
    if (first == 0) return out;
    trait = first - 1;
  }
  const TraitRow& row = s_.traits[trait];
  out.licence = s_.text(row.licence);
  out.supplier = s_.text(row.supplier);
  out.kind = static_cast<facts::ComponentKind>(row.bits & 15);
  out.scope = static_cast<facts::Scope>(row.bits >> 4 & 7);
  out.has_hash = (row.bits >> 8 & 1) != 0;
  out.has_purl = (row.bits >> 9 & 1) == 0;
  return out;
}

Component View::component(Id package) const {
  const Ask ask(*this);
  if (!ask.sees(package)) return {};
  Component out = ask.component(package.number(), kNever);
  out.entry = store_->node(package).entry;
  return out;
}

std::vector<Component> View::components(Id artifact, Page page) const {
  const Ask ask(*this);
  struct Item {
    uint32_t package, trait, entry;
    facts::Yes direct;
  };
  std::vector<Item> items;
  ask.for_each_inventory(artifact, [&](uint32_t, const InventoryRow& row) {  // newest first: what it says holds
    if (!ask.in_force(row)) return;
    const size_t start = items.size();
    const uint8_t* at =
        for_each_package(ask.set_of(row), [&](uint32_t, uint32_t package) { items.push_back({package, kNever, row.entry, facts::Yes::unknown}); });
    uint64_t position = 0;
    for (uint64_t n = read_varint(at); n > 0; --n) {
      position += read_varint(at);
      items[start + position].trait = static_cast<uint32_t>(read_varint(at));
    }
    if (*at++ != 0) {
      for (size_t i = start; i < items.size(); ++i) items[i].direct = (at[(i - start) / 8] >> ((i - start) % 8) & 1) != 0 ? facts::Yes::yes : facts::Yes::no;
    }
  });
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.package != b.package ? a.package < b.package : a.entry > b.entry; });
  items.erase(std::unique(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.package == b.package; }), items.end());
  std::vector<Component> out;
  for (size_t i = page.from; i < items.size() && out.size() < page.limit; ++i) {
    out.push_back(ask.component(items[i].package, items[i].trait));
    out.back().direct = items[i].direct;
    out.back().entry = items[i].entry;
  }
  return out;
}

std::vector<Id> View::artifacts_with(Id package, Page page) const {
  const Ask ask(*this);
  std::vector<Id> out;
  if (!ask.sees(package) || package.kind() != Kind::package) return out;
  store_->listed_in.for_each(package.number(), rows_before(store_->inventories, ask.size()), [&](uint32_t number) {
    const InventoryRow& row = store_->inventories[number];
    if (ask.in_force(row)) out.push_back(Id::of_value(row.subject));
  });
  // Several lists of one artifact: keep the first mention.
  std::vector<std::pair<Id, uint32_t>> order;
  for (uint32_t i = 0; i < out.size(); ++i) order.emplace_back(out[i], i);
  std::sort(order.begin(), order.end());
  order.erase(std::unique(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first == b.first; }), order.end());
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  out.clear();
  for (size_t i = page.from; i < order.size() && out.size() < page.limit; ++i) out.push_back(order[i].first);
  return out;
}

Result<std::vector<std::vector<Id>>> View::paths(Id artifact, std::span<const Id> packages, const LoadFacts& load_facts) const {
  const Ask ask(*this);
  std::vector<std::vector<Id>> out(packages.size());
  std::vector<uint32_t> entries;  // in force, newest first
  ask.for_each_inventory(artifact, [&](uint32_t, const InventoryRow& row) {
    if (ask.in_force(row)) entries.push_back(row.entry);
  });
  for (const uint32_t entry : entries) {
    if (std::none_of(out.begin(), out.end(), [](const auto& path) { return path.empty(); })) break;
    TRY(const auto batch, load_facts(entry));
    if (batch->depends_on.empty()) continue;
    // Breadth first from the subject over the document's own numbers; node `count` is the subject.
    const auto count = static_cast<uint32_t>(batch->contains.size());
    std::vector<uint32_t> start(size_t{count} + 2), edges(batch -> depends_on.size());
    const auto from_of = [&](const facts::DependsOn& edge) { return edge.from >= count ? count : edge.from; };
    for (const auto& edge : batch->depends_on) ++start[from_of(edge) + 1];
    for (uint32_t i = 0; i <= count; ++i) start[i + 1] += start[i];
    auto fill = start;
    for (const auto& edge : batch->depends_on) edges[fill[from_of(edge)]++] = edge.to;
    std::vector<uint32_t> before(size_t{count} + 1, kNever);
    std::deque<uint32_t> queue{count};
    before[count] = count;
    while (!queue.empty()) {
      const uint32_t at = queue.front();
      queue.pop_front();
      for (uint32_t e = start[at]; e < start[at + 1]; ++e) {
        if (edges[e] >= count || before[edges[e]] != kNever) continue;
        before[edges[e]] = at;
        queue.push_back(edges[e]);
      }
    }
    const auto id_of = [&](uint32_t component) -> Id {
      const facts::Text purl = batch->contains[component].purl;
      if (const Id id = find(Kind::package, purl)) return id;
      std::string buffer;
      const auto canonical = identity::canonical_purl(purl, buffer);
      return canonical ? find(Kind::package, *canonical) : Id{};
    };
    std::vector<std::pair<Id, uint32_t>> reached;
    for (uint32_t c = 0; c < count; ++c) {
      if (before[c] != kNever) reached.emplace_back(id_of(c), c);
    }
    std::sort(reached.begin(), reached.end());
    for (size_t i = 0; i < packages.size(); ++i) {
      if (!out[i].empty()) continue;
      for (auto at = std::lower_bound(reached.begin(), reached.end(), packages[i], [](const auto& a, Id id) { return a.first < id; });
           at != reached.end() && at->first == packages[i]; ++at) {
        std::vector<Id> path;
        for (uint32_t c = at->second; c != count; c = before[c]) path.push_back(id_of(c));
        std::reverse(path.begin(), path.end());
        if (out[i].empty() || path.size() < out[i].size()) out[i] = std::move(path);  // the same package listed twice
      }
    }
  }
  return out;
}

}  // namespace waybill::graph
