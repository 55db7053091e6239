// The graph's memory: append-only columns, text, and hash tables that are the same in memory and in a mapped file.
//
// Each holds a base (mapped from a snapshot, private, so that a changed page becomes ours) and an overlay on top; nothing
// ever moves, so readers need no lock. One writer; what it appends is seen by readers who got its number through an
// acquiring load. Only this room uses it.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace waybill::graph {

// Fields of rows that change after the row was published.
template <class T>
T load(const T& field) {
  return std::atomic_ref<T>(const_cast<T&>(field)).load(std::memory_order_acquire);
}
template <class T>
void set(T& field, T value) {
  std::atomic_ref<T>(field).store(value, std::memory_order_release);
}

// Overlay of elements in chunks of doubling size; untouched pages of the last one cost nothing.
template <class T, unsigned kFirstBits = 8>
class Chunks {
 public:
  Chunks() = default;
  Chunks(const Chunks&) = delete;
  Chunks& operator=(const Chunks&) = delete;
  ~Chunks() {
    for (auto& chunk : chunks_) std::free(chunk.load(std::memory_order_relaxed));
  }
  static constexpr uint64_t kFirst = uint64_t{1} << kFirstBits;
  static unsigned chunk_of(uint64_t index) { return static_cast<unsigned>(std::bit_width(index + kFirst)) - 1 - kFirstBits; }
  static uint64_t start_of(unsigned chunk) { return (kFirst << chunk) - kFirst; }
  static uint64_t size_of(unsigned chunk) { return kFirst << chunk; }

  T* at(uint64_t index) const {
    const unsigned chunk = chunk_of(index);
    return chunks_[chunk].load(std::memory_order_acquire) + (index - start_of(chunk));
  }
  // The writer's: makes the chunk that holds `index`.
  T* make(uint64_t index) {
    const unsigned chunk = chunk_of(index);
    T* memory = chunks_[chunk].load(std::memory_order_relaxed);
    if (memory == nullptr) {
      memory = static_cast<T*>(std::calloc(size_of(chunk), sizeof(T)));  // zeroed pages come when they are touched
      if (memory == nullptr) throw std::bad_alloc();
      chunks_[chunk].store(memory, std::memory_order_release);
    }
    return memory + (index - start_of(chunk));
  }

  // A whole chunk, or null while nothing is in it.
  const T* peek(unsigned chunk) const { return chunks_[chunk].load(std::memory_order_acquire); }

 private:
  std::atomic<T*> chunks_[40] = {};
};

// Rows of one type, numbered from 0.
template <class T>
class Column {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  uint32_t size() const { return size_.load(std::memory_order_acquire); }
  uint32_t base_size() const { return base_size_; }
  const T* base() const { return base_; }

  const T& operator[](uint32_t row) const { return *row_at(row); }
  T& operator[](uint32_t row) { return *row_at(row); }
  // The new row's number.
  uint32_t push(const T& value) {
    const uint32_t row = size_.load(std::memory_order_relaxed);
    *overlay_.make(row - base_size_) = value;
    size_.store(row + 1, std::memory_order_release);
    return row;
  }
  void map(T* base, uint32_t count) {
    base_ = base;
    base_size_ = count;
    size_.store(count, std::memory_order_release);
  }
  size_t overlay_bytes() const { return size_t{size() - base_size_} * sizeof(T); }
  // All rows piece by piece: for the snapshot and the hash of the content.
  template <class Out>
  void copy_to(Out&& out) const {
    if (base_size_ > 0) out(reinterpret_cast<const uint8_t*>(base_), size_t{base_size_} * sizeof(T));
    const uint64_t end = size() - base_size_;
    for (unsigned chunk = 0; Chunks<T>::start_of(chunk) < end; ++chunk) {
      const uint64_t rows = std::min(Chunks<T>::size_of(chunk), end - Chunks<T>::start_of(chunk));
      out(reinterpret_cast<const uint8_t*>(overlay_.peek(chunk)), rows * sizeof(T));
    }
  }

 private:
  T* row_at(uint32_t row) const { return row < base_size_ ? base_ + row : overlay_.at(row - base_size_); }
  T* base_ = nullptr;
  uint32_t base_size_ = 0;
  std::atomic<uint32_t> size_ = 0;
  Chunks<T> overlay_;
};

// First row whose `entry` is not before `size`: how many rows a view of that size may see. Rows are in entry order.
template <class T>
uint32_t rows_before(const Column<T>& column, uint32_t size) {
  uint32_t low = 0, high = column.size();
  if (high == 0 || column[high - 1].entry < size) return high;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (column[middle].entry < size)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

// Bytes that never move, in pieces that never straddle a chunk. A piece is known by its offset, which follows from the
// sizes of the pieces before it alone: the same with and without a mapped base.
class Blob {
 public:
  // Room for `bytes` at a multiple of 8; filled by the writer before anybody else learns the offset.
  uint64_t allocate(size_t bytes) {
    uint64_t at = (size_.load(std::memory_order_relaxed) + 7) & ~uint64_t{7};
    unsigned chunk = Overlay::chunk_of(at);
    while (at + bytes > Overlay::start_of(chunk) + Overlay::size_of(chunk)) at = Overlay::start_of(++chunk);
    overlay_.make(at);
    size_.store(at + bytes, std::memory_order_relaxed);
    used_ += bytes;
    return at;
  }
  uint8_t* at(uint64_t offset) { return pointer(offset); }
  const uint8_t* at(uint64_t offset) const { return pointer(offset); }

  // Text with its length before it.
  uint64_t put(std::string_view text) {
    uint8_t head[10];
    size_t n = 0;
    for (uint64_t rest = text.size();; rest >>= 7) {
      head[n++] = static_cast<uint8_t>(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
      if (rest < 0x80) break;
    }
    const uint64_t offset = allocate(n + text.size());
    uint8_t* to = at(offset);
    std::memcpy(to, head, n);
    if (!text.empty()) std::memcpy(to + n, text.data(), text.size());
    return offset;
  }
  std::string_view text(uint64_t offset) const {
    const uint8_t* from = pointer(offset);
    uint64_t length = *from & 0x7f;
    for (unsigned shift = 7; *from++ & 0x80; shift += 7) length |= uint64_t{*from & 0x7fu} << shift;
    return {reinterpret_cast<const char*>(from), length};
  }

  uint64_t size() const { return size_.load(std::memory_order_relaxed); }
  uint64_t base_size() const { return base_size_; }
  void map(uint8_t* base, uint64_t bytes) {
    base_ = base;
    base_size_ = bytes;
    size_.store(bytes, std::memory_order_release);
  }
  size_t overlay_bytes() const { return used_; }
  // All bytes piece by piece, gaps as zeros: for the snapshot and the hash of the content.
  template <class Out>
  void copy_to(Out&& out) const {
    if (base_size_ > 0) out(base_, base_size_);
    for (uint64_t from = base_size_; from < size();) {
      const unsigned chunk = Overlay::chunk_of(from);
      const uint64_t start = Overlay::start_of(chunk), length = std::min(start + Overlay::size_of(chunk), size()) - from;
      if (const uint8_t* memory = overlay_.peek(chunk))
        out(memory + (from - start), length);
      else
        for (uint64_t i = 0; i < length; i += sizeof kZeros) out(kZeros, std::min<uint64_t>(sizeof kZeros, length - i));
      from += length;
    }
  }

 private:
  using Overlay = Chunks<uint8_t, 16>;
  static constexpr uint8_t kZeros[4096] = {};
  uint8_t* pointer(uint64_t offset) const { return offset < base_size_ ? base_ + offset : overlay_.at(offset); }
  uint8_t* base_ = nullptr;
  uint64_t base_size_ = 0;
  std::atomic<uint64_t> size_ = 0;
  size_t used_ = 0;
  Overlay overlay_;
};

}  // namespace waybill::graph
