// Position-independent bytes: how the index lies in an image that is queried where it is mapped. Internal to advisory/.
//
// Numbers are little-endian and read with memcpy; offsets are relative to the start of the piece that holds them. A reader
// never trusts an offset: whatever points outside reads as nothing.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace waybill::advisory::flat {

static_assert(std::endian::native == std::endian::little, "images are little-endian and read in place");

template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}
template <class T>
void put_at(std::string& out, size_t at, T value) {
  std::memcpy(out.data() + at, &value, sizeof(T));
}
inline void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<uint32_t>(text.size()));
  out += text;
}
inline void align(std::string& out, size_t to = 8) { out.append((to - out.size() % to) % to, '\0'); }

template <class T>
T read(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

// Reads one piece after the other; past the end it gives zeros and empty texts.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <class T>
  T take() {
    if (bytes_.size() < sizeof(T)) {
      bytes_ = {};
      return T{};
    }
    const T value = read<T>(bytes_.data());
    bytes_.remove_prefix(sizeof(T));
    return value;
  }
  std::string_view take_bytes(size_t count) {
    const auto taken = bytes_.substr(0, count);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view take_text() { return take_bytes(take<uint32_t>()); }
  std::vector<std::string_view> take_texts() {
    std::vector<std::string_view> texts;
    for (auto count = take<uint32_t>(); count > 0 && !bytes_.empty(); --count) texts.push_back(take_text());
    return texts;
  }
  bool empty() const { return bytes_.empty(); }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

// The same on every machine and in every process, because it is kept in images.
inline uint64_t hash(std::string_view text) {
  uint64_t h = 0x9e3779b97f4a7c15ULL ^ (text.size() * 0xff51afd7ed558ccdULL);
  const char* at = text.data();
  size_t left = text.size();
  const auto mix = [&h](uint64_t word) {
    h = (h ^ word) * 0xbf58476d1ce4e5b9ULL;
    h ^= h >> 29;
  };
  for (; left >= 8; at += 8, left -= 8) mix(read<uint64_t>(at));
  if (left > 0) {
    uint64_t word = 0;
    std::memcpy(&word, at, left);
    mix(word);
  }
  h *= 0x94d049bb133111ebULL;
  return h ^ (h >> 31);
}

// Keys → values, open addressing. Layout: u32 slots, u32 count, slots × {u32 tag, u32 place/8}, entries {u32 key bytes,
// u32 value bytes, key, padding, value, padding}. place 0: an empty slot.
class Dictionary {
 public:
  Dictionary() = default;
  // An empty dictionary when the bytes make no sense.
  explicit Dictionary(std::string_view bytes) : bytes_(bytes) {
    if (bytes.size() >= 8) slots_ = read<uint32_t>(bytes.data());
    if (slots_ == 0 || (slots_ & (slots_ - 1)) != 0 || bytes.size() < 8 + size_t{slots_} * 8) slots_ = 0;
  }
  uint32_t size() const { return slots_ == 0 ? 0 : read<uint32_t>(bytes_.data() + 4); }

  // The value, or a view with a null pointer.
  std::string_view find(std::string_view key) const { return find(key, hash(key)); }
  std::string_view find(std::string_view key, uint64_t h) const {
    if (slots_ == 0) return {};
    const auto tag = static_cast<uint32_t>(h >> 32);
    for (uint32_t slot = static_cast<uint32_t>(h) & (slots_ - 1), tried = 0; tried < slots_; slot = (slot + 1) & (slots_ - 1), ++tried) {
      const char* at = bytes_.data() + 8 + size_t{slot} * 8;
      const auto place = read<uint32_t>(at + 4);
      if (place == 0) return {};
      if (read<uint32_t>(at) != tag) continue;
      const auto [found, value] = entry(place);
      if (found == key) return value;
    }
    return {};
  }
  void prefetch(uint64_t h) const {
    if (slots_ != 0) __builtin_prefetch(bytes_.data() + 8 + size_t{static_cast<uint32_t>(h) & (slots_ - 1)} * 8);
  }
  // Where the entry begins that `h` most likely means, or nullptr: to fetch it ahead of find().
  const char* likely(uint64_t h) const {
    if (slots_ == 0) return nullptr;
    const char* at = bytes_.data() + 8 + size_t{static_cast<uint32_t>(h) & (slots_ - 1)} * 8;
    const size_t place = size_t{read<uint32_t>(at + 4)} * 8;
    return place == 0 || place >= bytes_.size() ? nullptr : bytes_.data() + place;
  }
  template <class F>
  void for_each(F f) const {
    for (uint32_t slot = 0; slot < slots_; ++slot)
      if (const auto place = read<uint32_t>(bytes_.data() + 12 + size_t{slot} * 8); place != 0) {
        const auto [key, value] = entry(place);
        f(key, value);
      }
  }

  // `entries` sorted by key, unique.
  static std::string make(const std::vector<std::pair<std::string_view, std::string_view>>& entries) {
    uint32_t slots = 8;
    while (slots < entries.size() * 2) slots *= 2;
    std::string out;
    size_t total = 8 + size_t{slots} * 8;
    for (const auto& [key, value] : entries) total += 24 + key.size() + value.size();
    out.reserve(total);
    put(out, slots);
    put(out, static_cast<uint32_t>(entries.size()));
    out.resize(8 + size_t{slots} * 8, '\0');
    for (const auto& [key, value] : entries) {
      const uint64_t h = hash(key);
      uint32_t slot = static_cast<uint32_t>(h) & (slots - 1);
      while (read<uint32_t>(out.data() + 12 + size_t{slot} * 8) != 0) slot = (slot + 1) & (slots - 1);
      put_at(out, 8 + size_t{slot} * 8, static_cast<uint32_t>(h >> 32));
      put_at(out, 12 + size_t{slot} * 8, static_cast<uint32_t>(out.size() / 8));
      put(out, static_cast<uint32_t>(key.size()));
      put(out, static_cast<uint32_t>(value.size()));
      out += key;
      align(out);
      out += value;
      align(out);
    }
    return out;
  }

 private:
  std::pair<std::string_view, std::string_view> entry(uint32_t place) const {
    const size_t at = size_t{place} * 8;
    if (at + 8 > bytes_.size()) return {};
    const size_t key_bytes = read<uint32_t>(bytes_.data() + at), value_bytes = read<uint32_t>(bytes_.data() + at + 4);
    const size_t value_at = (at + 8 + key_bytes + 7) / 8 * 8;
    if (value_at + value_bytes > bytes_.size()) return {};
    return {bytes_.substr(at + 8, key_bytes), bytes_.substr(value_at, value_bytes)};
  }
  std::string_view bytes_;
  uint32_t slots_ = 0;
};

}  // namespace waybill::advisory::flat
