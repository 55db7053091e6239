// One entry's facts into the columns. The writer's half of the graph: graph.cc makes one Fold for each entry.
//
// Everything is deterministic: nodes, texts and rows are numbered in the order in which the batch names them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "waybill/graph/store.h"

namespace waybill::graph {

class Fold {
 public:
  Fold(Store& store, const EntryHead& head, const facts::Batch& batch);
  // Returns what was changed. The caller publishes the entry.
  Changes run();

  // --- for matcher.cc ---
  Store& store() { return s_; }
  uint32_t entry() const { return entry_; }
  uint32_t text(std::string_view text);                       // interned, 0 for ""
  Id node(Kind kind, std::string_view text);                  // interned by kind
  Id named_node(std::string_view text);                       // by its form
  void alias(Kind kind, std::string_view other_name, Id id);  // find_node(kind, other_name) gives id
  uint32_t keep(std::string_view packed);                     // record number
  void touch(Id id, FactKind kind, uint32_t record);
  template <class F>
  uint32_t pack(const F& fact, std::vector<Id>& named);
  void pair(Id package, Id vulnerability, bool closed) { changes_.pairs.push_back({package, vulnerability, closed}); }

 private:
  class Pack;
  friend class Pack;
  void add_entry();
  void add_catalogues();
  Id package(std::string_view raw);
  Id package_of(const facts::Contains& component, bool& has_purl);
  Id service(std::string_view text);
  void set_name(Id id, std::string_view name);
  void set_up(Id service_or_environment);
  template <class F>
  uint32_t add(FactKind kind, const F& fact, bool global = false);
  void add_inventory();
  uint32_t add_set(const std::string& bytes, uint32_t count);
  uint32_t trait_of(const facts::Contains& component, bool has_purl);
  void index_inventory(uint32_t inventory);
  void deploy(const facts::Deployed& fact);
  void remove(const facts::Removed& fact);
  void end_running(Id place, Time until);
  void configure(const facts::Configured& fact);
  void except(const facts::Excepted& fact);
  Id place(Id service, Id environment);
  Id place_of(std::string_view service, std::string_view environment);
  void find_places();
  void touch_mains(FactKind kind, uint32_t record);

  Store& s_;
  const EntryHead& head_;
  const facts::Batch& batch_;
  uint32_t entry_;
  Id main_;
  std::vector<Id> mains_;
  Changes changes_;
  std::vector<Id> named_;                                            // by the fact at hand
  std::vector<std::pair<std::string_view, uint32_t>> recent_texts_;  // of components
  std::vector<uint32_t> recent_traits_;
};

}  // namespace waybill::graph
