#include "waybill/graph/postings.h"

#include <algorithm>

namespace waybill::graph {
namespace {

constexpr uint32_t kArrayCapacities[] = {4, 6, 8, 12, 16, 24, 32, 48, 62};
constexpr uint32_t units_of_ids(uint32_t count) { return (count + 1) / 2; }
constexpr uint32_t kBitsetUnits = 1024;
constexpr uint32_t kNoValue = 0x10000;

// Capacities of array containers: a quarter more each time, in whole units.
uint32_t next_capacity(uint32_t values) {
  const uint32_t more = std::max<uint32_t>(32, values / 4);
  return std::min<uint32_t>((values + more + 15) / 16 * 16, BitmapContainer::kMaxArray);
}

}  // namespace

// --- Pool ---------------------------------------------------------------------------------------------------------

Pool::~Pool() {
  for (uint32_t chunk = 0; chunk << kChunkBits < next_; ++chunk) std::free(chunks_[chunk].load(std::memory_order_relaxed));
}

uint32_t Pool::allocate(uint32_t units) {
  if (units <= kClasses && !free_[units].empty()) {
    const uint32_t offset = free_[units].back();
    free_[units].pop_back();
    return offset;
  }
  if ((next_ & (kChunkUnits - 1)) + units > kChunkUnits) next_ = (next_ + kChunkUnits - 1) & ~(kChunkUnits - 1);
  const uint32_t chunk = next_ >> kChunkBits;
  if (chunks_[chunk].load(std::memory_order_relaxed) == nullptr) {
    auto* memory = static_cast<uint64_t*>(std::calloc(kChunkUnits, 8));
    if (memory == nullptr) throw std::bad_alloc();
    chunks_[chunk].store(memory, std::memory_order_release);
  }
  const uint32_t offset = base_units_ + next_;
  next_ += units;
  return offset;
}

void Pool::retire(uint32_t offset, uint32_t units) {
  if (is_mapped(offset) || units > kClasses) return;
  retired_.push_back({epochs_.now(), offset, units});
  if (++since_reclaim_ >= 512) reclaim();
}

void Pool::reclaim() {
  since_reclaim_ = 0;
  const uint64_t oldest = epochs_.oldest();
  while (!retired_.empty() && retired_.front().epoch < oldest) {
    free_[retired_.front().units].push_back(retired_.front().offset);
    retired_.pop_front();
  }
}

// --- reading ------------------------------------------------------------------------------------------------------

BitmapContainer Postings::read_container(const ContainerEntry& entry, uint64_t* words) const {
  BitmapContainer container;
  container.cardinality = load(entry.cardinality);  // first: the place that we read next holds at least so many
  const uint64_t where = load(entry.where);
  const uint64_t* data = pool_.at(static_cast<uint32_t>(where >> 32));
  container.key = static_cast<uint16_t>(entry.key);
  if ((where & 1) == 0) {
    container.data = reinterpret_cast<const uint8_t*>(data);
    return container;
  }
  container.type = BitmapContainer::Type::bitset;  // bits are set while we read: a copy, word by word
  for (uint32_t w = 0; w < kBitsetUnits; ++w) words[w] = std::atomic_ref<uint64_t>(const_cast<uint64_t&>(data[w])).load(std::memory_order_relaxed);
  container.data = reinterpret_cast<const uint8_t*>(words);
  return container;
}

void Postings::mark(uint32_t row, uint32_t limit, uint64_t* bits) const {
  const uint64_t head = load(heads_[row]);
  if ((head & 3) == kInline || (head & 3) == kArray) {
    for_each(row, limit, [&](uint32_t id) { bits[id / 64] |= uint64_t{1} << (id % 64); });
    return;
  }
  if ((head & 3) == kDirectory) {  // bits that may be set meanwhile are read one word at a time, without a copy
    const auto* directory = reinterpret_cast<const Directory*>(pool_.at(static_cast<uint32_t>(head >> 32)));
    for (uint32_t i = 0, count = load(directory->count); i < count; ++i) {
      const ContainerEntry& entry = directory->entries()[i];
      const uint32_t start = entry.key << 16;
      if (start >= limit) return;
      const uint32_t cardinality = load(entry.cardinality);
      const uint64_t where = load(entry.where);
      const uint64_t* const data = pool_.at(static_cast<uint32_t>(where >> 32));
      uint64_t* const to = bits + start / 64;
      if ((where & 1) == 0) {
        const auto* values = reinterpret_cast<const uint16_t*>(data);
        for (uint32_t v = 0; v < cardinality && start + values[v] < limit; ++v) to[values[v] / 64] |= uint64_t{1} << (values[v] % 64);
        continue;
      }
      const auto word = [&](uint32_t w) { return std::atomic_ref<uint64_t>(const_cast<uint64_t&>(data[w])).load(std::memory_order_relaxed); };
      const uint32_t words = limit - start >= 65536 ? 1024 : (limit - start) / 64;
      for (uint32_t w = 0; w < words; ++w) to[w] |= word(w);
      if (words < 1024 && (limit - start) % 64 != 0) to[words] |= word(words) & ((uint64_t{1} << ((limit - start) % 64)) - 1);
    }
    return;
  }
  for_each_container(head, [&](const BitmapContainer& container) {
    const uint32_t start = uint32_t{container.key} << 16;
    if (start >= limit) return false;
    uint64_t* const to = bits + start / 64;
    if (container.type == BitmapContainer::Type::bitset) {
      const uint32_t words = limit - start >= 65536 ? 1024 : (limit - start) / 64;
      for (uint32_t w = 0; w < words; ++w) to[w] |= container.u64(w);
      if (words < 1024 && (limit - start) % 64 != 0) to[words] |= container.u64(words) & ((uint64_t{1} << ((limit - start) % 64)) - 1);
    } else {
      container.for_each([&](uint32_t id) {
        if (id >= limit) return false;
        bits[id / 64] |= uint64_t{1} << (id % 64);
        return true;
      });
    }
    return true;
  });
}

uint64_t Postings::count(uint32_t row, uint32_t limit) const {
  const uint64_t head = load(heads_[row]);
  uint64_t sum = 0;
  if ((head & 3) == kInline || (head & 3) == kArray) {
    for_each(row, limit, [&](uint32_t) { ++sum; });
    return sum;
  }
  if (limit == 0) return 0;
  for_each_container(head, [&](const BitmapContainer& container) {
    const uint32_t start = uint32_t{container.key} << 16;
    if (start >= limit) return false;
    sum += container.rank(limit - start > 65536 ? uint16_t{65535} : static_cast<uint16_t>(limit - start - 1));
    return true;
  });
  return sum;
}

bool Postings::contains(uint32_t row, uint32_t id) const {
  const uint64_t head = load(heads_[row]);
  bool found = false;
  if ((head & 3) == kInline || (head & 3) == kArray) {
    for_each(row, id + 1, [&](uint32_t there) { found = found || there == id; });
    return found;
  }
  if ((head & 3) == kPortable) {
    return BitmapView::of_trusted(reinterpret_cast<const uint8_t*>(pool_.at(static_cast<uint32_t>(head >> 32)))).contains(id);
  }
  const auto* directory = reinterpret_cast<const Directory*>(pool_.at(static_cast<uint32_t>(head >> 32)));
  for (uint32_t i = 0, count = load(directory->count); i < count; ++i) {
    const ContainerEntry& entry = directory->entries()[i];
    if (entry.key < id >> 16) continue;
    if (entry.key > id >> 16) return false;
    const uint32_t cardinality = load(entry.cardinality);
    const uint64_t where = load(entry.where);
    const uint64_t* words = pool_.at(static_cast<uint32_t>(where >> 32));
    if ((where & 1) == 0) {
      BitmapContainer array;
      array.cardinality = cardinality;
      array.data = reinterpret_cast<const uint8_t*>(words);
      return array.contains(static_cast<uint16_t>(id));
    }
    return (std::atomic_ref<uint64_t>(const_cast<uint64_t&>(words[(id & 0xffff) / 64])).load(std::memory_order_relaxed) >> (id % 64) & 1) != 0;
  }
  return false;
}

// --- writing ------------------------------------------------------------------------------------------------------

void Postings::append(uint32_t row, uint32_t id) {
  uint64_t& head = heads_[row];
  switch (head & 3) {
    case kInline: {
      const uint64_t first = head >> 2 & kId, second = head >> 33;
      if (first == uint64_t{id} + 1 || second == uint64_t{id} + 1) return;
      if (first == 0) return set(head, uint64_t{id + 1} << 2);
      if (second == 0) return set(head, head | uint64_t{id + 1} << 33);
      const uint32_t offset = pool_.allocate(units_of_ids(kArrayCapacities[0]));
      auto* ids = reinterpret_cast<uint32_t*>(pool_.at(offset));
      ids[0] = static_cast<uint32_t>(first - 1);
      ids[1] = static_cast<uint32_t>(second - 1);
      ids[2] = id;
      return set(head, uint64_t{offset} << 32 | uint64_t{kArrayCapacities[0]} << 8 | 3u << 2 | kArray);
    }
    case kArray: {
      const auto offset = static_cast<uint32_t>(head >> 32);
      const uint32_t count = head >> 2 & 0x3f, capacity = head >> 8 & 0xff;
      auto* ids = reinterpret_cast<uint32_t*>(pool_.at(offset));
      if (ids[count - 1] == id) return;
      if (count < capacity) {
        ids[count] = id;
        return set(head, uint64_t{offset} << 32 | uint64_t{capacity} << 8 | uint64_t{count + 1} << 2 | kArray);
      }
      if (count < kMaxArrayIds) {
        const uint32_t larger = *std::upper_bound(std::begin(kArrayCapacities), std::end(kArrayCapacities), count);
        const uint32_t to = pool_.allocate(units_of_ids(larger));
        auto* copy = reinterpret_cast<uint32_t*>(pool_.at(to));
        std::copy_n(ids, count, copy);
        copy[count] = id;
        set(head, uint64_t{to} << 32 | uint64_t{larger} << 8 | uint64_t{count + 1} << 2 | kArray);
        return pool_.retire(offset, units_of_ids(capacity));
      }
      std::vector<ContainerEntry> entries;  // 62 ids that may lie far apart
      for (uint32_t i = 0; i < count;) {
        uint16_t lows[kMaxArrayIds];
        uint32_t n = 0;
        const uint32_t key = ids[i] >> 16;
        for (; i < count && ids[i] >> 16 == key; ++i) lows[n++] = static_cast<uint16_t>(ids[i]);
        BitmapContainer from;
        from.key = static_cast<uint16_t>(key);
        from.cardinality = n;
        from.data = reinterpret_cast<const uint8_t*>(lows);
        entries.push_back(make_container(from, (n + 31) / 16 * 16));
      }
      const uint64_t made = make_directory(entries, static_cast<uint32_t>(entries.size()));
      set(head, made);
      pool_.retire(offset, units_of_ids(capacity));
      return append_to_directory(head, id);
    }
    case kPortable: {
      std::vector<ContainerEntry> entries;
      for_each_container(head, [&](const BitmapContainer& container) {
        entries.push_back(make_container(container, 0));
        return true;
      });
      set(head, make_directory(entries, static_cast<uint32_t>(entries.size()) + 1));
      [[fallthrough]];
    }
    default: append_to_directory(head, id);
  }
}

Postings::ContainerEntry Postings::make_container(const BitmapContainer& from, uint32_t capacity) {
  ContainerEntry entry{from.key, from.cardinality, 0};
  if (from.cardinality > BitmapContainer::kMaxArray) {
    const uint32_t offset = pool_.allocate(kBitsetUnits);
    uint64_t* words = pool_.at(offset);
    std::fill_n(words, kBitsetUnits, 0);
    from.for_each([&](uint32_t id) {
      words[(id & 0xffff) / 64] |= uint64_t{1} << (id % 64);
      return true;
    });
    entry.where = uint64_t{offset} << 32 | 1;
    return entry;
  }
  if (capacity < from.cardinality) capacity = next_capacity(from.cardinality);
  const uint32_t offset = pool_.allocate(capacity / 4);
  auto* values = reinterpret_cast<uint16_t*>(pool_.at(offset));
  from.for_each([&](uint32_t id) {
    *values++ = static_cast<uint16_t>(id);
    return true;
  });
  entry.where = uint64_t{offset} << 32 | uint64_t{capacity / 4} << 8;
  return entry;
}

uint64_t Postings::make_directory(const std::vector<ContainerEntry>& entries, uint32_t capacity) {
  const uint32_t offset = pool_.allocate(directory_units(capacity));
  auto* directory = reinterpret_cast<Directory*>(pool_.at(offset));
  directory->count = static_cast<uint32_t>(entries.size());
  directory->capacity = capacity;
  std::copy(entries.begin(), entries.end(), directory->entries());
  return uint64_t{offset} << 32 | kDirectory;
}

void Postings::append_to_directory(uint64_t& head, uint32_t id) {
  const auto offset = static_cast<uint32_t>(head >> 32);
  auto* directory = reinterpret_cast<Directory*>(pool_.at(offset));
  ContainerEntry& last = directory->entries()[directory->count - 1];
  if (last.key == id >> 16) return append_value(last, static_cast<uint16_t>(id));
  const auto low = static_cast<uint16_t>(id);
  BitmapContainer first;
  first.key = static_cast<uint16_t>(id >> 16);
  first.cardinality = 1;
  first.data = reinterpret_cast<const uint8_t*>(&low);
  const ContainerEntry made = make_container(first, 16);
  if (directory->count < directory->capacity) {
    directory->entries()[directory->count] = made;
    return set(directory->count, directory->count + 1);
  }
  std::vector<ContainerEntry> entries(directory->entries(), directory->entries() + directory->count);
  entries.push_back(made);
  const uint32_t old_capacity = directory->capacity;
  set(head, make_directory(entries, static_cast<uint32_t>(entries.size()) + 1));
  pool_.retire(offset, directory_units(old_capacity));
}

void Postings::append_value(ContainerEntry& entry, uint16_t low) {
  const auto offset = static_cast<uint32_t>(entry.where >> 32);
  if ((entry.where & 1) != 0) {
    uint64_t& word = pool_.at(offset)[low / 64];
    const uint64_t bit = uint64_t{1} << (low % 64);
    if ((word & bit) != 0) return;
    std::atomic_ref<uint64_t>(word).store(word | bit, std::memory_order_relaxed);
    return set(entry.cardinality, entry.cardinality + 1);
  }
  auto* values = reinterpret_cast<uint16_t*>(pool_.at(offset));
  const uint32_t count = entry.cardinality, capacity = static_cast<uint32_t>(entry.where >> 8 & 0xffffff) * 4;
  if (values[count - 1] == low) return;
  if (count < capacity) {
    values[count] = low;
    return set(entry.cardinality, count + 1);
  }
  if (count < BitmapContainer::kMaxArray) {
    const uint32_t larger = next_capacity(count);
    const uint32_t to = pool_.allocate(larger / 4);
    auto* copy = reinterpret_cast<uint16_t*>(pool_.at(to));
    std::copy_n(values, count, copy);
    copy[count] = low;
    set(entry.where, uint64_t{to} << 32 | uint64_t{larger / 4} << 8);
    set(entry.cardinality, count + 1);
  } else {
    const uint32_t to = pool_.allocate(kBitsetUnits);
    uint64_t* words = pool_.at(to);
    std::fill_n(words, kBitsetUnits, 0);
    for (uint32_t i = 0; i < count; ++i) words[values[i] / 64] |= uint64_t{1} << (values[i] % 64);
    words[low / 64] |= uint64_t{1} << (low % 64);
    set(entry.where, uint64_t{to} << 32 | 1);
    set(entry.cardinality, count + 1);
  }
  pool_.retire(offset, capacity / 4);
}

// --- snapshot -----------------------------------------------------------------------------------------------------

// As Bitmap::optimise and serialise would make it, without the detour.
void Postings::append_portable(uint64_t head, std::string& out) const {
  const auto* directory = reinterpret_cast<const Directory*>(pool_.at(static_cast<uint32_t>(head >> 32)));
  const uint32_t count = directory->count;
  alignas(8) uint64_t words[1024];
  std::vector<uint32_t> run_counts(count);
  bool any_run = false;
  const auto bytes_of = [&](uint32_t i) -> size_t {
    if (run_counts[i] != 0) return 2 + size_t{4} * run_counts[i];
    const uint32_t cardinality = directory->entries()[i].cardinality;
    return cardinality > BitmapContainer::kMaxArray ? size_t{BitmapContainer::kBitsetBytes} : size_t{2} * cardinality;
  };
  for (uint32_t i = 0; i < count; ++i) {
    const BitmapContainer container = read_container(directory->entries()[i], words);
    uint32_t runs = 0;
    if (container.type == BitmapContainer::Type::bitset) {
      uint64_t carry = 0;  // a run begins where a bit is set and the one before is not
      for (uint32_t w = 0; w < 1024; ++w) {
        runs += static_cast<uint32_t>(std::popcount(words[w] & ~(words[w] << 1 | carry)));
        carry = words[w] >> 63;
      }
    } else {
      for (uint32_t v = 0; v < container.cardinality; ++v) runs += v == 0 || container.u16(v) != container.u16(v - 1) + 1;
    }
    if (2 + size_t{4} * runs < bytes_of(i)) {
      run_counts[i] = runs;
      any_run = true;
    }
  }
  const auto put = [&](const auto& value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); };
  const size_t start = out.size();
  if (any_run) {
    put(uint32_t{12347} | (count - 1) << 16);
    const size_t flags = out.size();
    out.resize(flags + (count + 7) / 8);
    for (uint32_t i = 0; i < count; ++i) {
      if (run_counts[i] != 0) out[flags + i / 8] = static_cast<char>(out[flags + i / 8] | 1 << (i % 8));
    }
  } else {
    put(uint32_t{12346});
    put(count);
  }
  for (uint32_t i = 0; i < count; ++i) {
    put(static_cast<uint16_t>(directory->entries()[i].key));
    put(static_cast<uint16_t>(directory->entries()[i].cardinality - 1));
  }
  if (!any_run || count >= 4) {
    size_t at = out.size() - start + size_t{4} * count;
    for (uint32_t i = 0; i < count; ++i) {
      put(static_cast<uint32_t>(at));
      at += bytes_of(i);
    }
  }
  for (uint32_t i = 0; i < count; ++i) {
    const BitmapContainer container = read_container(directory->entries()[i], words);
    if (run_counts[i] == 0) {
      out.append(reinterpret_cast<const char*>(container.data), bytes_of(i));
      continue;
    }
    put(static_cast<uint16_t>(run_counts[i]));
    uint32_t first = kNoValue, last = kNoValue;
    container.for_each([&](uint32_t id) {
      const uint32_t low = id & 0xffff;
      if (first == kNoValue)
        first = low;
      else if (low != last + 1) {
        put(static_cast<uint16_t>(first));
        put(static_cast<uint16_t>(last - first));
        first = low;
      }
      last = low;
      return true;
    });
    put(static_cast<uint16_t>(first));
    put(static_cast<uint16_t>(last - first));
  }
}

void Postings::write(std::string& heads, std::string& blocks) const {
  const auto align = [&] { blocks.resize((blocks.size() + 7) / 8 * 8); };
  heads.reserve(heads.size() + size_t{rows()} * 8);
  for (uint32_t row = 0; row < rows(); ++row) {
    const uint64_t head = heads_[row];
    uint64_t written = head;
    if ((head & 3) == kArray) {
      const uint32_t count = head >> 2 & 0x3f;
      written = uint64_t{blocks.size() / 8} << 32 | uint64_t{count} << 8 | uint64_t{count} << 2 | kArray;
      blocks.append(reinterpret_cast<const char*>(pool_.at(static_cast<uint32_t>(head >> 32))), size_t{count} * 4);
      align();
    } else if ((head & 3) == kPortable) {
      const auto* bytes = reinterpret_cast<const uint8_t*>(pool_.at(static_cast<uint32_t>(head >> 32)));
      written = uint64_t{blocks.size() / 8} << 32 | kPortable;
      blocks.append(reinterpret_cast<const char*>(bytes), BitmapView::of_trusted(bytes).byte_size());
      align();
    } else if ((head & 3) == kDirectory) {
      written = uint64_t{blocks.size() / 8} << 32 | kPortable;
      append_portable(head, blocks);
      align();
    }
    heads.append(reinterpret_cast<const char*>(&written), 8);
  }
}

}  // namespace waybill::graph
