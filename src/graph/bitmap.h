// Roaring bitmaps: sets of 32-bit ids, compressed, in the portable format that every Roaring library reads.
//
// Used by the graph for long postings: built and changed in memory as Bitmap, asked where they lie in a mapped snapshot
// as BitmapView, without loading. Containers as in Lemire et al., "Roaring Bitmaps: Implementation of an Optimized
// Software Library" (2018); bytes as in the Roaring format specification (32-bit, with run containers).
//
//   ids with the same upper 16 bits share a container:
//     array   ≤ 4096 values, sorted uint16        bitset  1024 × uint64        run  pairs (start, length - 1)
//
// Little-endian machines only. Not thread-safe for writing.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "waybill/base/bytes.h"
#include "waybill/base/result.h"

namespace waybill::graph {

// One container, wherever it lies. `data` needs no alignment.
struct BitmapContainer {
  enum class Type : uint8_t { array, bitset, run } type = Type::array;
  uint16_t key = 0;
  uint32_t cardinality = 0;
  const uint8_t* data = nullptr;
  uint32_t runs = 0;

  static constexpr uint32_t kMaxArray = 4096;
  static constexpr uint32_t kBitsetBytes = 8192;

  bool contains(uint16_t low) const;
  uint32_t rank(uint16_t low) const;  // values <= low

  // Calls f(id) in ascending order; f returns false to stop. False when stopped.
  template <class F>
  bool for_each(F&& f) const {
    const uint32_t high = uint32_t{key} << 16;
    switch (type) {
      case Type::array:
        for (uint32_t i = 0; i < cardinality; ++i)
          if (!f(high | u16(i))) return false;
        return true;
      case Type::bitset:
        for (uint32_t w = 0; w < 1024; ++w)
          for (uint64_t word = u64(w); word != 0; word &= word - 1)
            if (!f(high | (w * 64 + static_cast<uint32_t>(std::countr_zero(word))))) return false;
        return true;
      case Type::run:
        for (uint32_t r = 0; r < runs; ++r) {
          const uint32_t start = u16(2 * r), end = start + u16(2 * r + 1);
          for (uint32_t v = start; v <= end; ++v)
            if (!f(high | v)) return false;
        }
        return true;
    }
    return true;
  }
  uint16_t u16(size_t i) const {
    uint16_t value;
    std::memcpy(&value, data + 2 * i, 2);
    return value;
  }
  uint64_t u64(size_t i) const {
    uint64_t value;
    std::memcpy(&value, data + 8 * i, 8);
    return value;
  }
};

// Over serialised bytes, which must outlive it.
class BitmapView {
 public:
  BitmapView() = default;
  // Checks everything that reading relies on: sizes, order of keys, places of containers, ends of runs. O(containers + runs).
  static Result<BitmapView> parse(Bytes bytes);
  // The same bytes when they are known to be ours (a snapshot whose digest holds): only the header is read.
  static BitmapView of_trusted(const uint8_t* bytes);

  uint32_t container_count() const { return count_; }
  BitmapContainer container(uint32_t index) const;
  uint64_t cardinality() const;
  bool contains(uint32_t id) const;
  uint64_t rank(uint32_t id) const;  // members <= id
  template <class F>
  bool for_each(F&& f) const {
    for (uint32_t i = 0; i < count_; ++i)
      if (!container(i).for_each(f)) return false;
    return true;
  }
  size_t byte_size() const;  // as serialised

 private:
  bool is_run(uint32_t index) const { return runs_ != nullptr && (runs_[index / 8] >> (index % 8) & 1) != 0; }
  uint32_t u32(const uint8_t* at) const {
    uint32_t value;
    std::memcpy(&value, at, 4);
    return value;
  }
  const uint8_t* bytes_ = nullptr;
  const uint8_t* runs_ = nullptr;     // bit set: which containers are runs
  const uint8_t* headers_ = nullptr;  // (key, cardinality - 1)
  const uint8_t* offsets_ = nullptr;  // null where the format leaves them out
  uint32_t count_ = 0;
};

class Bitmap {
 public:
  Bitmap() = default;
  Bitmap(std::initializer_list<uint32_t> ids) {
    for (const uint32_t id : ids) add(id);
  }
  static Bitmap of(const BitmapView& view);

  void add(uint32_t id);  // fastest in ascending order
  void remove(uint32_t id);
  bool contains(uint32_t id) const;
  uint64_t cardinality() const;
  uint64_t rank(uint32_t id) const;
  bool empty() const { return containers_.empty(); }
  void unite(const Bitmap& other);
  void intersect(const Bitmap& other);
  void subtract(const Bitmap& other);
  // Makes runs of what is shorter that way.
  void optimise();
  template <class F>
  bool for_each(F&& f) const {
    for (const auto& container : containers_)
      if (!container.as_view().for_each(f)) return false;
    return true;
  }
  std::vector<uint32_t> to_vector() const;

  // In the portable format; a bitmap without runs is written without the run cookie, as the specification has it.
  std::string serialise() const;
  size_t serialised_bytes() const;
  friend bool operator==(const Bitmap& a, const Bitmap& b) { return a.to_vector() == b.to_vector(); }

 private:
  using Type = BitmapContainer::Type;
  struct Container {
    uint16_t key = 0;
    Type type = Type::array;
    uint32_t cardinality = 0;
    std::vector<uint16_t> values;  // array, or pairs of a run
    std::vector<uint64_t> words;   // bitset
    BitmapContainer as_view() const;
    void to_bitset();
    void to_plain();  // no runs
    void settle();    // array or bitset by cardinality
  };
  Container* find(uint16_t key);
  const Container* find(uint16_t key) const;
  Container& find_or_add(uint16_t key);
  template <class Words>
  void combine(const Bitmap& other, bool keep_left_only, bool keep_right_only, Words words);
  std::vector<Container> containers_;
};

}  // namespace waybill::graph
