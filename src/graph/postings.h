// Postings: for each row a growing set of ids that only ever gets larger ids.
//
// package → bills of materials that list it; package → deployed ones. A row costs 8 bytes plus: nothing up to two ids, an
// array up to 62, Roaring containers above; rows of a mapped snapshot are read where they lie and copied when they grow.
// Ids are given in log order, so the set as of an older cut is its part below a limit. Only this room uses it.
//
//   head, 64 bits:  …00  two ids + 1, 31 bits each, 0 = none        …01  count, capacity, offset of a uint32 array
//                   …10  offset of a directory of containers        …11  offset of a Roaring bitmap in portable format
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "waybill/graph/bitmap.h"
#include "waybill/graph/columns.h"
#include "waybill/graph/epochs.h"

namespace waybill::graph {

// Blocks of 8-byte units that can be given back; addressed by number. 32 GiB at most.
class Pool {
 public:
  explicit Pool(const Epochs& epochs) : epochs_(epochs) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  uint32_t allocate(uint32_t units);
  void retire(uint32_t offset, uint32_t units);  // a mapped block is just left alone
  uint64_t* at(uint32_t offset) const {
    if (offset < base_units_) return base_ + offset;
    const uint32_t over = offset - base_units_;
    return chunks_[over >> kChunkBits].load(std::memory_order_acquire) + (over & (kChunkUnits - 1));
  }
  void map(uint64_t* base, uint32_t units) {
    base_ = base;
    base_units_ = units;
  }
  bool is_mapped(uint32_t offset) const { return offset < base_units_; }
  size_t overlay_bytes() const { return size_t{next_} * 8; }

 private:
  static constexpr uint32_t kChunkBits = 17, kChunkUnits = 1u << kChunkBits;  // 1 MiB
  static constexpr uint32_t kClasses = 1056;
  void reclaim();

  const Epochs& epochs_;
  uint64_t* base_ = nullptr;
  uint32_t base_units_ = 0, next_ = 0;
  std::unique_ptr<std::atomic<uint64_t*>[]> chunks_ = std::make_unique<std::atomic<uint64_t*>[]>(size_t{1} << (32 - kChunkBits));
  struct Retired {
    uint64_t epoch;
    uint32_t offset, units;
  };
  std::deque<Retired> retired_;
  uint32_t since_reclaim_ = 0;
  std::array<std::vector<uint32_t>, kClasses + 1> free_;
};

class Postings {
 public:
  explicit Postings(const Epochs& epochs) : pool_(epochs) {}

  uint32_t rows() const { return heads_.size(); }
  void add_row() { heads_.push(0); }
  // `id` must be larger than every id of the row; the row's largest again is ignored.
  void append(uint32_t row, uint32_t id);

  // The row's ids below `limit`, ascending; f returns nothing.
  template <class F>
  void for_each(uint32_t row, uint32_t limit, F&& f) const {
    const uint64_t head = load(heads_[row]);
    switch (head & 3) {
      case kInline: {
        const auto first = static_cast<uint32_t>(head >> 2 & kId), second = static_cast<uint32_t>(head >> 33);
        if (first != 0 && first - 1 < limit) f(first - 1);
        if (second != 0 && second - 1 < limit) f(second - 1);
        return;
      }
      case kArray: {
        const auto* ids = reinterpret_cast<const uint32_t*>(pool_.at(static_cast<uint32_t>(head >> 32)));
        const uint32_t count = head >> 2 & 0x3f;
        for (uint32_t i = 0; i < count && ids[i] < limit; ++i) f(ids[i]);
        return;
      }
      default:
        for_each_container(head, [&](const BitmapContainer& container) {
          if (uint32_t{container.key} << 16 >= limit) return false;
          return container.for_each([&](uint32_t id) {
            if (id >= limit) return false;
            f(id);
            return true;
          });
        });
    }
  }
  // ORs the row's ids below `limit` into a flat bit set that has room for `limit` bits, rounded up to whole 64 Ki bits.
  void mark(uint32_t row, uint32_t limit, uint64_t* bits) const;
  uint64_t count(uint32_t row, uint32_t limit) const;
  bool contains(uint32_t row, uint32_t id) const;
  bool is_empty(uint32_t row) const { return load(heads_[row]) == 0; }
  // What a walk over many rows touches first, and next.
  void prefetch(uint32_t row) const { __builtin_prefetch(&heads_[row]); }
  void prefetch_block(uint32_t row) const {
    if (const uint64_t head = load(heads_[row]); (head & 3) != kInline) __builtin_prefetch(pool_.at(static_cast<uint32_t>(head >> 32)));
  }
  void prefetch_values(uint32_t row) const {
    const uint64_t head = load(heads_[row]);
    if ((head & 3) != kDirectory) return;
    const auto* directory = reinterpret_cast<const Directory*>(pool_.at(static_cast<uint32_t>(head >> 32)));
    if (load(directory->count) > 0) __builtin_prefetch(pool_.at(static_cast<uint32_t>(load(directory->entries()[0].where) >> 32)));
  }

  size_t overlay_bytes() const { return heads_.overlay_bytes() + pool_.overlay_bytes(); }

  // For the snapshot: heads and blocks written compactly, arrays as arrays, directories in the portable format.
  void write(std::string& heads, std::string& blocks) const;
  void map(uint64_t* heads, uint32_t rows, uint64_t* blocks, uint32_t units) {
    heads_.map(heads, rows);
    pool_.map(blocks, units);
  }

 private:
  enum Tag : uint64_t { kInline = 0, kArray = 1, kDirectory = 2, kPortable = 3 };
  static constexpr uint64_t kId = 0x7fffffff;
  static constexpr uint32_t kMaxArrayIds = 62;
  struct ContainerEntry {  // 16 bytes
    uint32_t key;
    uint32_t cardinality;  // published after the value
    uint64_t where;        // offset << 32 | capacity in values / 4 << 8 | bitset?; published before the value
  };
  struct Directory {  // 8 bytes, entries follow
    uint32_t count, capacity;
    ContainerEntry* entries() { return reinterpret_cast<ContainerEntry*>(this + 1); }
    const ContainerEntry* entries() const { return reinterpret_cast<const ContainerEntry*>(this + 1); }
  };
  static constexpr uint32_t directory_units(uint32_t capacity) { return 1 + 2 * capacity; }

  // Calls f(container) for each, ascending, until it returns false. A container's data is read as of now: what is added
  // meanwhile may or may not be there.
  template <class F>
  void for_each_container(uint64_t head, F&& f) const {
    if ((head & 3) == kPortable) {
      const auto view = BitmapView::of_trusted(reinterpret_cast<const uint8_t*>(pool_.at(static_cast<uint32_t>(head >> 32))));
      for (uint32_t i = 0; i < view.container_count(); ++i)
        if (!f(view.container(i))) return;
      return;
    }
    const auto* directory = reinterpret_cast<const Directory*>(pool_.at(static_cast<uint32_t>(head >> 32)));
    const uint32_t count = load(directory->count);
    alignas(8) uint64_t words[1024];
    for (uint32_t i = 0; i < count; ++i) {
      if (!f(read_container(directory->entries()[i], words))) return;
    }
  }
  BitmapContainer read_container(const ContainerEntry& entry, uint64_t* words) const;
  void append_to_directory(uint64_t& head, uint32_t id);
  void append_value(ContainerEntry& entry, uint16_t low);
  ContainerEntry make_container(const BitmapContainer& from, uint32_t capacity);
  void append_portable(uint64_t head, std::string& out) const;
  uint64_t make_directory(const std::vector<ContainerEntry>& entries, uint32_t capacity);

  Column<uint64_t> heads_;
  Pool pool_;
};

}  // namespace waybill::graph
