// What the answers of a View share: chains walked as of its size, facts unpacked, texts decoded. Only this room uses it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waybill/graph/graph.h"
#include "waybill/graph/store.h"

namespace waybill::graph {

struct View::Pin {
  explicit Pin(const Epochs& epochs) : slot(epochs.pin()) {}
  ~Pin() { Epochs::unpin(slot); }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  Epochs::Slot* slot;
  Arena arena{size_t{4} << 10};  // arrays and decoded texts of answers; takes memory at first use
};

class Ask {
 public:
  explicit Ask(const View& view) : s_(*view.store_), size_(static_cast<uint32_t>(view.size_)), arena_(view.pin_->arena) {}

  const Store& store() const { return s_; }
  uint32_t size() const { return size_; }
  bool sees(uint32_t entry) const { return entry < size_; }
  // An interval: made at `from`, ended at `until`.
  bool holds(uint32_t from, uint32_t until) const { return from < size_ && until >= size_; }
  bool sees(Id id) const { return id && id.number() < s_.nodes[static_cast<size_t>(id.kind())].size() && s_.node(id).entry < size_; }
  Id seen(Id id) const { return sees(id) ? id : Id{}; }
  Time time_of(uint32_t entry) const { return {s_.entries[entry].time}; }
  Arena& arena() const { return arena_; }

  template <class F>
  F unpack(uint32_t record) const {
    F fact;
    Unpack from(s_, s_.record(record), arena_);
    fields(from, fact);
    return fact;
  }
  // f(touch) for the facts that name `id`, newest first; f returns false to stop.
  template <class F>
  void for_each_touch(Id id, F&& f) const {
    if (!sees(id)) return;
    for (uint32_t t = load(s_.node(id).touches); t != 0;) {
      const TouchRow& row = s_.touches[t - 1];
      if (row.entry < size_ && !f(row)) return;
      t = row.next;
    }
  }
  template <class F>
  std::vector<Known<F>> facts_of(Id id, FactKind kind) const {
    std::vector<Known<F>> out;
    for_each_touch(id, [&](const TouchRow& row) {
      if (row.kind == static_cast<uint32_t>(kind)) out.push_back({row.entry, unpack<F>(row.record)});
      return true;
    });
    return out;
  }
  // Rows of facts of one kind, newest first, [from, from + limit) of those that `f` takes.
  template <class F>
  void for_each_of_kind(FactKind kind, F&& f) const {
    const auto& rows = s_.by_kind[static_cast<size_t>(kind)];
    for (uint32_t r = rows_before(rows, size_); r > 0; --r) {
      if (!f(rows[r - 1])) return;
    }
  }

  // f(number, row) for the inventories of a subject, newest first, whether in force or not.
  template <class F>
  void for_each_inventory(Id subject, F&& f) const {
    if (!sees(subject) || subject.kind() == Kind::package) return;
    for (uint32_t i = load(s_.extra(subject).a); i != 0;) {
      const InventoryRow& row = s_.inventories[i - 1];
      if (row.entry < size_) f(i - 1, row);
      i = row.previous;
    }
  }
  bool in_force(const InventoryRow& row) const { return holds(row.entry, load(row.superseded)); }
  const uint8_t* set_of(const InventoryRow& row) const { return s_.set_bytes.at(s_.sets[row.set].offset); }
  // Different packages of a subject, ascending.
  std::vector<uint32_t> packages_of(Id subject) const;

  // f(row) for the deployments of a place or artifact, newest first; false stops.
  template <class F>
  void for_each_deployment(Id id, F&& f) const {
    if (!sees(id) || (id.kind() != Kind::place && id.kind() != Kind::artifact)) return;
    for (uint32_t d = load(s_.extra(id).b); d != 0;) {
      const DeploymentRow& row = s_.deployments[d - 1];
      if (row.entry < size_ && !f(row)) return;
      d = id.kind() == Kind::place ? row.previous_here : row.previous_of_artifact;
    }
  }
  bool is_running(const DeploymentRow& row) const { return holds(row.entry, load(row.ended)); }
  bool runs_somewhere(Id artifact) const {
    bool runs = false;
    for_each_deployment(artifact, [&](const DeploymentRow& row) { return !(runs = is_running(row)); });
    return runs;
  }
  Deployment deployment(const DeploymentRow& row, bool texts = true) const;

  // f(row) for the matches of a package or vulnerability that hold as of the view.
  template <class F>
  void for_each_match(Id id, F&& f) const {
    if (!sees(id)) return;
    const bool of_package = id.kind() == Kind::package;
    for (uint32_t m = of_package ? load(s_.packages[id.number()].matches) : load(s_.extra(id).a); m != 0;) {
      const MatchRow& row = s_.matches[m - 1];
      if (holds(row.entry, load(row.closed))) f(row);
      m = of_package ? row.next_of_package : row.next_of_vulnerability;
    }
  }

  Component component(uint32_t package, uint32_t trait) const;
  Decision decision(const GlobalRow& row) const;
  Text decoded(std::string_view text) const;  // percent-decoded, in the arena where that changes it

 private:
  const Store& s_;
  uint32_t size_;
  Arena& arena_;
};

}  // namespace waybill::graph
