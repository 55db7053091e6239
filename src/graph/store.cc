#include "waybill/graph/store.h"

#include "waybill/graph/matcher.h"

#include <sys/mman.h>

#include "waybill/base/random.h"

namespace waybill::graph {
namespace {

struct Sum {
  size_t bytes = 0;
  void blob(const char*, const Blob& blob) { bytes += blob.overlay_bytes(); }
  void index(const char*, const HashIndex& index) { bytes += index.overlay_bytes(); }
  void postings(const char*, const Postings& postings) { bytes += postings.overlay_bytes(); }
  template <class T>
  void column(const char*, const Column<T>& column) {
    bytes += column.overlay_bytes();
  }
};

}  // namespace

Store::Store() : listed_in(epochs), deployed_in(epochs), matcher(std::make_unique<Matcher>()) {
  for (HashIndex* index : {&text_index, &node_index, &alias_index, &document_index, &set_index, &trait_index, &advisory_index, &configuration_index}) {
    index->retire_with(epochs);
  }
}

Store::~Store() {
  closing.store(true, std::memory_order_relaxed);
  if (verifier.joinable()) verifier.join();
  if (mapping != nullptr) munmap(mapping, mapping_bytes);
}

Id Store::find_node(Kind kind, std::string_view wanted) const {
  const uint64_t key = hash(kind, wanted);
  const uint32_t found = node_index.find(key, [&](uint32_t value) {
    const Id id = Id::of_value(value);
    return id.kind() == kind && text(id) == wanted;
  });
  if (found != 0) return Id::of_value(found);
  const uint32_t alias = alias_index.find(
      key, [&](uint32_t row) { return Id::of_value(load(aliases[row - 1].id)).kind() == kind && names.text(aliases[row - 1].text) == wanted; });
  return alias == 0 ? Id{} : Id::of_value(load(aliases[alias - 1].id));
}

uint32_t Store::find_text(std::string_view wanted) const {
  if (wanted.empty()) return 0;
  return text_index.find(hash(wanted), [&](uint32_t number) { return text(number) == wanted; });
}

uint32_t Store::find_configuration(std::string_view kind, std::string_view name) const {
  const uint64_t key = hash(kind) * 31 + hash(name);
  return configuration_index.find(key, [&](uint32_t row) { return text(configurations[row - 1].kind) == kind && text(configurations[row - 1].name) == name; });
}

size_t Store::overlay_bytes() const {
  Sum sum;
  for_each_section(*this, sum);
  return sum.bytes;
}

}  // namespace waybill::graph
