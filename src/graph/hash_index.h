// An open-addressing hash table from hash to number, the same in memory and in a mapped file.
//
// It holds no keys: whoever asks compares. Slots are 8 bytes: the 32 upper bits of the hash and a number that is never 0.
// Linear probing, at most 70 % full. One writer, readers without a lock. Only this room uses it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "waybill/graph/columns.h"
#include "waybill/graph/epochs.h"

namespace waybill::graph {

// Stable over versions and machines (it stands in snapshots); `seed` is drawn per store, so that nobody outside can make
// names collide. Little-endian loads.
inline uint64_t stable_hash(std::string_view text, uint64_t seed) {
  __extension__ typedef unsigned __int128 Wide;
  const auto mix = [](uint64_t a, uint64_t b) {
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  const auto load64 = [](const char* at) {
    uint64_t value;
    std::memcpy(&value, at, 8);
    return value;
  };
  constexpr uint64_t k0 = 0x9e3779b97f4a7c15, k1 = 0xe7037ed1a0b428db, k2 = 0x8ebc6af09c88c6e3;
  uint64_t state = seed ^ mix(text.size() ^ k0, k1);
  const char* at = text.data();
  size_t left = text.size();
  for (; left >= 16; at += 16, left -= 16) state = mix(load64(at) ^ k1 ^ state, load64(at + 8) ^ k2);
  char tail[16] = {};
  if (left > 0) std::memcpy(tail, at, left);
  state = mix(load64(tail) ^ k1 ^ state, load64(tail + 8) ^ k2);
  return mix(state ^ k0, k2 ^ seed);
}

class HashIndex {
 public:
  HashIndex() = default;
  HashIndex(const HashIndex&) = delete;
  HashIndex& operator=(const HashIndex&) = delete;

  // The number under `hash` for which same(number) holds, or 0.
  template <class Same>
  uint32_t find(uint64_t hash, Same&& same) const {
    const Table* table = table_.load(std::memory_order_acquire);
    if (table == nullptr) return 0;
    const auto tag = static_cast<uint32_t>(hash >> 32);
    for (uint32_t at = tag & table->mask;; at = (at + 1) & table->mask) {
      const uint64_t slot = load(table->slots[at]);
      if (slot == 0) return 0;
      if (slot >> 32 == tag && same(static_cast<uint32_t>(slot))) return static_cast<uint32_t>(slot);
    }
  }
  // The first number under a hash that looks the same, without asking; 0 when there is none. For what is fetched ahead.
  uint32_t peek(uint64_t hash) const {
    return find(hash, [](uint32_t) { return true; });
  }
  void prefetch(uint64_t hash) const {
    if (const Table* table = table_.load(std::memory_order_relaxed)) __builtin_prefetch(&table->slots[static_cast<uint32_t>(hash >> 32) & table->mask]);
  }
  // The writer's; what is there under the same key is hidden.
  void insert(uint64_t hash, uint32_t number) {
    Table* table = table_.load(std::memory_order_relaxed);
    if (table == nullptr || (uint64_t{used_} + 1) * 10 > (uint64_t{table->mask} + 1) * 7) table = grow();
    place(*table, static_cast<uint32_t>(hash >> 32), number);
    ++used_;
  }

  uint32_t used() const { return used_; }
  const uint64_t* slots() const { return table_.load(std::memory_order_relaxed) == nullptr ? nullptr : table_.load(std::memory_order_relaxed)->slots; }
  uint64_t slot_count() const { return table_.load(std::memory_order_relaxed) == nullptr ? 0 : uint64_t{table_.load(std::memory_order_relaxed)->mask} + 1; }
  // `count` is a power of two.
  void map(uint64_t* slots, uint64_t count, uint32_t used) {
    if (count == 0) return;
    tables_.push_back(std::make_unique<Table>(slots, static_cast<uint32_t>(count - 1), nullptr));
    used_ = used;
    table_.store(tables_.back().get(), std::memory_order_release);
  }
  // Tables that were outgrown, freed when nobody can be looking: called now and then with Epochs::oldest().
  void reclaim(uint64_t oldest) {
    std::erase_if(tables_, [&](const auto& table) { return table->retired != 0 && table->retired < oldest; });
  }
  void retire_with(const Epochs& epochs) { epochs_ = &epochs; }
  size_t overlay_bytes() const {
    size_t bytes = 0;
    for (const auto& table : tables_) bytes += table->own ? (size_t{table->mask} + 1) * 8 : 0;
    return bytes;
  }

 private:
  struct Table {
    uint64_t* slots = nullptr;
    uint32_t mask = 0;
    std::unique_ptr<uint64_t, void (*)(void*)> own{nullptr, std::free};
    uint64_t retired = 0;
    Table(uint64_t* s, uint32_t m, std::nullptr_t) : slots(s), mask(m) {}
    Table(uint64_t* s, uint32_t m, std::unique_ptr<uint64_t, void (*)(void*)> o) : slots(s), mask(m), own(std::move(o)) {}
  };
  static void place(Table& table, uint32_t tag, uint32_t number) {
    uint32_t at = tag & table.mask;
    while (table.slots[at] != 0) at = (at + 1) & table.mask;
    set(table.slots[at], uint64_t{tag} << 32 | number);
  }
  Table* grow() {
    Table* const old = table_.load(std::memory_order_relaxed);
    const uint64_t count = old == nullptr ? 1024 : (uint64_t{old->mask} + 1) * 2;
    std::unique_ptr<uint64_t, void (*)(void*)> memory(static_cast<uint64_t*>(std::calloc(count, 8)), std::free);
    if (!memory) throw std::bad_alloc();
    uint64_t* const slots = memory.get();
    tables_.push_back(std::make_unique<Table>(slots, static_cast<uint32_t>(count - 1), std::move(memory)));
    Table* const made = tables_.back().get();
    if (old != nullptr) {
      for (uint64_t i = 0; i <= old->mask; ++i) {
        if (old->slots[i] != 0) place(*made, static_cast<uint32_t>(old->slots[i] >> 32), static_cast<uint32_t>(old->slots[i]));
      }
      old->retired = epochs_ == nullptr ? 0 : epochs_->now();
    }
    table_.store(made, std::memory_order_release);
    return made;
  }

  std::atomic<Table*> table_{nullptr};
  std::vector<std::unique_ptr<Table>> tables_;
  uint32_t used_ = 0;
  const Epochs* epochs_ = nullptr;
};

}  // namespace waybill::graph
