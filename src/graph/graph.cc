#include "waybill/graph/graph.h"

#include "waybill/base/random.h"
#include "waybill/graph/ask.h"
#include "waybill/graph/fold.h"
#include "waybill/graph/matcher.h"
#include "waybill/graph/store.h"

namespace waybill::graph {

Graph::Graph() : store_(std::make_unique<Store>()) {
  uint8_t bytes[8];
  Random::system().fill(bytes);
  std::memcpy(&store_->seed, bytes, 8);
}
Graph::~Graph() = default;

Result<void> Graph::apply(const EntryHead& head, const facts::Batch& batch) {
  Store& s = *store_;
  const uint64_t size = s.published.load(std::memory_order_relaxed);
  if (head.index != size) {
    return fail(Error(Code::conflict, "the graph has folded " + std::to_string(size) + " entries and was given number " + std::to_string(head.index))
                    .next("apply entries in log order, without a gap"));
  }
  if (size >= kNever - 1) return fail(Code::exhausted, "the graph holds at most 4294967294 entries");
  if (size > 0 && head.time.ms < s.entries[static_cast<uint32_t>(size - 1)].time) {
    return fail(Code::conflict, "entry " + std::to_string(head.index) + " is earlier (" + to_rfc3339_ms(head.time) + ") than the one before it (" +
                                    to_rfc3339_ms(Time{s.entries[static_cast<uint32_t>(size - 1)].time}) + ")");
  }
  const Changes changes = Fold(s, head, batch).run();
  s.published.store(size + 1, std::memory_order_release);
  s.epochs.advance();
  if (size % 4096 == 0) {
    const uint64_t oldest = s.epochs.oldest();
    for (HashIndex* index :
         {&s.text_index, &s.node_index, &s.alias_index, &s.document_index, &s.set_index, &s.trait_index, &s.advisory_index, &s.configuration_index}) {
      index->reclaim(oldest);
    }
  }
  for (const auto& hear : s.subscribers) hear(changes);
  return {};
}

void Graph::subscribe(std::function<void(const Changes&)> hear) { store_->subscribers.push_back(std::move(hear)); }

uint64_t Graph::size() const { return store_->published.load(std::memory_order_acquire); }
size_t Graph::memory_bytes() const { return store_->overlay_bytes(); }
size_t Graph::mapped_bytes() const { return store_->mapping_bytes; }

View Graph::view(At at) const {
  const uint64_t size = this->size();
  switch (at.which) {
    case At::Which::latest: break;
    case At::Which::index: return View(*store_, std::min(size, at.number == kNoEntry ? size : at.number + 1));
    case At::Which::size: return View(*store_, std::min(size, at.number));
    case At::Which::time: {
      const View all(*store_, size);
      return View(*store_, all.size_at(at.moment));
    }
  }
  return View(*store_, size);
}

View::View(const Store& store, uint64_t size) : store_(&store), size_(size), pin_(std::make_unique<Pin>(store.epochs)) {}
View::View(View&&) noexcept = default;
View& View::operator=(View&&) noexcept = default;
View::~View() = default;

}  // namespace waybill::graph
