#include "waybill/graph/bitmap.h"

#include <algorithm>
#include <array>

namespace waybill::graph {
namespace {

constexpr uint32_t kCookieNoRun = 12346, kCookie = 12347;
constexpr uint32_t kNoOffsetThreshold = 4;

template <class T>
void append(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

}  // namespace

bool BitmapContainer::contains(uint16_t low) const {
  switch (type) {
    case Type::bitset: return (u64(low / 64) >> (low % 64) & 1) != 0;
    case Type::array: {
      uint32_t from = 0, to = cardinality;
      while (from < to) {
        const uint32_t middle = (from + to) / 2;
        if (u16(middle) < low)
          from = middle + 1;
        else
          to = middle;
      }
      return from < cardinality && u16(from) == low;
    }
    case Type::run: {
      uint32_t from = 0, to = runs;  // the last run that starts at or before low
      while (from < to) {
        const uint32_t middle = (from + to) / 2;
        if (u16(2 * middle) <= low)
          from = middle + 1;
        else
          to = middle;
      }
      return from > 0 && low - u16(2 * (from - 1)) <= u16(2 * (from - 1) + 1);
    }
  }
  return false;
}

uint32_t BitmapContainer::rank(uint16_t low) const {
  uint32_t count = 0;
  switch (type) {
    case Type::bitset:
      for (uint32_t w = 0; w < low / 64u; ++w) count += static_cast<uint32_t>(std::popcount(u64(w)));
      return count + static_cast<uint32_t>(std::popcount(u64(low / 64) & (~uint64_t{0} >> (63 - low % 64))));
    case Type::array: {
      uint32_t from = 0, to = cardinality;
      while (from < to) {
        const uint32_t middle = (from + to) / 2;
        if (u16(middle) <= low)
          from = middle + 1;
        else
          to = middle;
      }
      return from;
    }
    case Type::run:
      for (uint32_t r = 0; r < runs; ++r) {
        const uint32_t start = u16(2 * r), length = u16(2 * r + 1);
        if (start > low) break;
        count += std::min<uint32_t>(low - start, length) + 1;
      }
      return count;
  }
  return count;
}

BitmapView BitmapView::of_trusted(const uint8_t* bytes) {
  BitmapView view;
  view.bytes_ = bytes;
  const uint32_t cookie = view.u32(bytes);
  if ((cookie & 0xffff) == kCookie) {
    view.count_ = (cookie >> 16) + 1;
    view.runs_ = bytes + 4;
    view.headers_ = view.runs_ + (view.count_ + 7) / 8;
  } else {
    view.count_ = view.u32(bytes + 4);
    view.headers_ = bytes + 8;
  }
  if (view.runs_ == nullptr || view.count_ >= kNoOffsetThreshold) view.offsets_ = view.headers_ + size_t{4} * view.count_;
  return view;
}

BitmapContainer BitmapView::container(uint32_t index) const {
  const auto header = [&](uint32_t i) {
    BitmapContainer c;
    const uint32_t both = u32(headers_ + size_t{4} * i);
    c.key = static_cast<uint16_t>(both);
    c.cardinality = (both >> 16) + 1;
    c.type = is_run(i) ? BitmapContainer::Type::run : c.cardinality > BitmapContainer::kMaxArray ? BitmapContainer::Type::bitset : BitmapContainer::Type::array;
    return c;
  };
  const auto settle = [](BitmapContainer& c, const uint8_t* at) {
    c.data = at;
    if (c.type == BitmapContainer::Type::run) {
      uint16_t runs;
      std::memcpy(&runs, at, 2);
      c.runs = runs;
      c.data = at + 2;
    }
  };
  const auto bytes_of = [](const BitmapContainer& c) -> size_t {
    switch (c.type) {
      case BitmapContainer::Type::array: return size_t{2} * c.cardinality;
      case BitmapContainer::Type::bitset: return BitmapContainer::kBitsetBytes;
      case BitmapContainer::Type::run: return 2 + size_t{4} * c.runs;
    }
    return 0;
  };
  BitmapContainer found = header(index);
  if (offsets_ != nullptr) {
    settle(found, bytes_ + u32(offsets_ + size_t{4} * index));
    return found;
  }
  const uint8_t* at = headers_ + size_t{4} * count_;  // at most 3 containers: walk
  for (uint32_t i = 0; i < index; ++i) {
    BitmapContainer before = header(i);
    settle(before, at);
    at += bytes_of(before);
  }
  settle(found, at);
  return found;
}

size_t BitmapView::byte_size() const {
  if (count_ == 0) return static_cast<size_t>(headers_ - bytes_);
  const BitmapContainer last = container(count_ - 1);
  const auto at = static_cast<size_t>(last.data - bytes_);
  switch (last.type) {
    case BitmapContainer::Type::array: return at + size_t{2} * last.cardinality;
    case BitmapContainer::Type::bitset: return at + BitmapContainer::kBitsetBytes;
    case BitmapContainer::Type::run: return at + size_t{4} * last.runs;
  }
  return at;
}

Result<BitmapView> BitmapView::parse(Bytes bytes) {
  const auto bad = [](std::string what) { return fail(Code::invalid, "bitmap: " + std::move(what)); };
  if (bytes.size() < 8) return bad("shorter than its header of 8 bytes");
  uint32_t cookie;
  std::memcpy(&cookie, bytes.data(), 4);
  if (cookie != kCookieNoRun && (cookie & 0xffff) != kCookie) return bad("does not begin with Roaring's cookie 12346 or 12347");
  const BitmapView view = of_trusted(bytes.data());
  if (view.count_ > 65536) return bad("more than 65536 containers");
  const size_t head = static_cast<size_t>(view.headers_ - bytes.data()) + size_t{4} * view.count_ + (view.offsets_ != nullptr ? size_t{4} * view.count_ : 0);
  if (bytes.size() < head) return bad("cut short in its header");
  size_t at = head;
  for (uint32_t i = 0; i < view.count_; ++i) {
    if (view.offsets_ != nullptr && view.u32(view.offsets_ + size_t{4} * i) != at)
      return bad("container " + std::to_string(i) + " is not where its offset says");
    const uint32_t both = view.u32(view.headers_ + size_t{4} * i);
    if (i > 0 && (both & 0xffff) <= (view.u32(view.headers_ + size_t{4} * (i - 1)) & 0xffff)) return bad("keys are not ascending");
    const uint32_t cardinality = (both >> 16) + 1;
    size_t length = cardinality > BitmapContainer::kMaxArray ? BitmapContainer::kBitsetBytes : size_t{2} * cardinality;
    if (view.is_run(i)) {
      if (bytes.size() - at < 2) return bad("cut short in container " + std::to_string(i));
      uint16_t runs;
      std::memcpy(&runs, bytes.data() + at, 2);
      length = 2 + size_t{4} * runs;
    }
    if (bytes.size() - at < length) return bad("cut short in container " + std::to_string(i));
    at += length;
    const BitmapContainer container = view.container(i);
    uint32_t counted = 0;
    switch (container.type) {
      case BitmapContainer::Type::run:
        for (uint32_t r = 0, after = 0; r < container.runs; ++r) {
          const uint32_t start = container.u16(2 * r), end = start + container.u16(2 * r + 1);
          if (end > 0xffff || (r > 0 && start <= after)) return bad("runs overlap or leave their container");
          after = end;
          counted += end - start + 1;
        }
        break;
      case BitmapContainer::Type::array:
        for (uint32_t v = 1; v < cardinality; ++v) {
          if (container.u16(v) <= container.u16(v - 1)) return bad("values of an array are not ascending");
        }
        counted = cardinality;
        break;
      case BitmapContainer::Type::bitset:
        for (uint32_t w = 0; w < 1024; ++w) counted += static_cast<uint32_t>(std::popcount(container.u64(w)));
        break;
    }
    if (counted != cardinality) return bad("a container's count does not hold");
  }
  return view;
}

uint64_t BitmapView::cardinality() const {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count_; ++i) sum += (u32(headers_ + size_t{4} * i) >> 16) + 1;
  return sum;
}

bool BitmapView::contains(uint32_t id) const {
  const uint32_t key = id >> 16;
  uint32_t from = 0, to = count_;
  while (from < to) {
    const uint32_t middle = (from + to) / 2;
    if ((u32(headers_ + size_t{4} * middle) & 0xffff) < key)
      from = middle + 1;
    else
      to = middle;
  }
  return from < count_ && (u32(headers_ + size_t{4} * from) & 0xffff) == key && container(from).contains(static_cast<uint16_t>(id));
}

uint64_t BitmapView::rank(uint32_t id) const {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count_; ++i) {
    const uint32_t both = u32(headers_ + size_t{4} * i);
    if ((both & 0xffff) > id >> 16) break;
    sum += (both & 0xffff) == id >> 16 ? container(i).rank(static_cast<uint16_t>(id)) : (both >> 16) + 1;
  }
  return sum;
}

// --- Bitmap -------------------------------------------------------------------------------------------------------

BitmapContainer Bitmap::Container::as_view() const {
  BitmapContainer view;
  view.key = key;
  view.type = type;
  view.cardinality = cardinality;
  view.data = type == Type::bitset ? reinterpret_cast<const uint8_t*>(words.data()) : reinterpret_cast<const uint8_t*>(values.data());
  view.runs = type == Type::run ? static_cast<uint32_t>(values.size() / 2) : 0;
  return view;
}

void Bitmap::Container::to_bitset() {
  if (type == Type::bitset) return;
  std::vector<uint64_t> bits(1024);
  as_view().for_each([&](uint32_t id) {
    bits[(id & 0xffff) / 64] |= uint64_t{1} << (id % 64);
    return true;
  });
  words = std::move(bits);
  values = {};
  type = Type::bitset;
}

void Bitmap::Container::to_plain() {
  if (type != Type::run) return;
  if (cardinality > BitmapContainer::kMaxArray) return to_bitset();
  std::vector<uint16_t> plain;
  plain.reserve(cardinality);
  as_view().for_each([&](uint32_t id) {
    plain.push_back(static_cast<uint16_t>(id));
    return true;
  });
  values = std::move(plain);
  type = Type::array;
}

void Bitmap::Container::settle() {
  if (type == Type::array && cardinality > BitmapContainer::kMaxArray) to_bitset();
  if (type == Type::bitset && cardinality <= BitmapContainer::kMaxArray) {
    std::vector<uint16_t> plain;
    plain.reserve(cardinality);
    as_view().for_each([&](uint32_t id) {
      plain.push_back(static_cast<uint16_t>(id));
      return true;
    });
    values = std::move(plain);
    words = {};
    type = Type::array;
  }
}

Bitmap Bitmap::of(const BitmapView& view) {
  Bitmap made;
  for (uint32_t i = 0; i < view.container_count(); ++i) {
    const BitmapContainer from = view.container(i);
    Container to;
    to.key = from.key;
    to.type = from.type;
    to.cardinality = from.cardinality;
    if (from.type == Type::bitset) {
      to.words.resize(1024);
      std::memcpy(to.words.data(), from.data, BitmapContainer::kBitsetBytes);
    } else {
      to.values.resize(from.type == Type::run ? size_t{2} * from.runs : from.cardinality);
      if (!to.values.empty()) std::memcpy(to.values.data(), from.data, to.values.size() * 2);
    }
    made.containers_.push_back(std::move(to));
  }
  return made;
}

const Bitmap::Container* Bitmap::find(uint16_t key) const {
  const auto at = std::lower_bound(containers_.begin(), containers_.end(), key, [](const Container& c, uint16_t k) { return c.key < k; });
  return at != containers_.end() && at->key == key ? &*at : nullptr;
}
Bitmap::Container* Bitmap::find(uint16_t key) { return const_cast<Container*>(std::as_const(*this).find(key)); }
Bitmap::Container& Bitmap::find_or_add(uint16_t key) {
  if (!containers_.empty() && containers_.back().key == key) return containers_.back();
  const auto at = std::lower_bound(containers_.begin(), containers_.end(), key, [](const Container& c, uint16_t k) { return c.key < k; });
  if (at != containers_.end() && at->key == key) return *at;
  Container made;
  made.key = key;
  return *containers_.insert(at, std::move(made));
}

void Bitmap::add(uint32_t id) {
  Container& container = find_or_add(static_cast<uint16_t>(id >> 16));
  container.to_plain();
  const auto low = static_cast<uint16_t>(id);
  if (container.type == Type::bitset) {
    uint64_t& word = container.words[low / 64];
    const uint64_t bit = uint64_t{1} << (low % 64);
    container.cardinality += (word & bit) == 0;
    word |= bit;
    return;
  }
  auto& values = container.values;
  if (values.empty() || values.back() < low)
    values.push_back(low);
  else {
    const auto at = std::lower_bound(values.begin(), values.end(), low);
    if (*at == low) return;
    values.insert(at, low);
  }
  ++container.cardinality;
  container.settle();
}

void Bitmap::remove(uint32_t id) {
  Container* const container = find(static_cast<uint16_t>(id >> 16));
  if (container == nullptr || !container->as_view().contains(static_cast<uint16_t>(id))) return;
  container->to_plain();
  const auto low = static_cast<uint16_t>(id);
  if (container->type == Type::bitset)
    container->words[low / 64] &= ~(uint64_t{1} << (low % 64));
  else
    container->values.erase(std::lower_bound(container->values.begin(), container->values.end(), low));
  if (--container->cardinality == 0)
    containers_.erase(containers_.begin() + (container - containers_.data()));
  else
    container->settle();
}

bool Bitmap::contains(uint32_t id) const {
  const Container* const container = find(static_cast<uint16_t>(id >> 16));
  return container != nullptr && container->as_view().contains(static_cast<uint16_t>(id));
}

uint64_t Bitmap::cardinality() const {
  uint64_t sum = 0;
  for (const auto& container : containers_) sum += container.cardinality;
  return sum;
}

uint64_t Bitmap::rank(uint32_t id) const {
  uint64_t sum = 0;
  for (const auto& container : containers_) {
    if (container.key > id >> 16) break;
    sum += container.key == id >> 16 ? container.as_view().rank(static_cast<uint16_t>(id)) : container.cardinality;
  }
  return sum;
}

// Containers of equal key meet as bitsets, word by word; what stands alone is kept or not.
template <class Words>
void Bitmap::combine(const Bitmap& other, bool keep_left_only, bool keep_right_only, Words words) {
  std::vector<Container> out;
  size_t a = 0, b = 0;
  while (a < containers_.size() || b < other.containers_.size()) {
    const bool has_a = a < containers_.size(), has_b = b < other.containers_.size();
    if (has_a && (!has_b || containers_[a].key < other.containers_[b].key)) {
      if (keep_left_only) out.push_back(std::move(containers_[a]));
      ++a;
    } else if (has_b && (!has_a || other.containers_[b].key < containers_[a].key)) {
      if (keep_right_only) out.push_back(other.containers_[b]);
      ++b;
    } else {
      Container left = std::move(containers_[a++]);
      left.to_bitset();
      Container right = other.containers_[b++];
      right.to_bitset();
      uint32_t count = 0;
      for (size_t w = 0; w < 1024; ++w) {
        left.words[w] = words(left.words[w], right.words[w]);
        count += static_cast<uint32_t>(std::popcount(left.words[w]));
      }
      left.cardinality = count;
      left.settle();
      if (count > 0) out.push_back(std::move(left));
    }
  }
  containers_ = std::move(out);
}
void Bitmap::unite(const Bitmap& other) {
  combine(other, true, true, [](uint64_t a, uint64_t b) { return a | b; });
}
void Bitmap::intersect(const Bitmap& other) {
  combine(other, false, false, [](uint64_t a, uint64_t b) { return a & b; });
}
void Bitmap::subtract(const Bitmap& other) {
  combine(other, true, false, [](uint64_t a, uint64_t b) { return a & ~b; });
}

void Bitmap::optimise() {
  for (auto& container : containers_) {
    if (container.type == Type::run) continue;
    std::vector<uint16_t> runs;
    const size_t plain_bytes = container.type == Type::bitset ? size_t{BitmapContainer::kBitsetBytes} : size_t{2} * container.cardinality;
    uint32_t last = 0;
    const bool short_enough = container.as_view().for_each([&](uint32_t id) {
      const uint32_t low = id & 0xffff;
      if (!runs.empty() && low == last + 1)
        ++runs.back();
      else {
        if (2 + (runs.size() + 2) * 2 >= plain_bytes) return false;
        runs.push_back(static_cast<uint16_t>(low));
        runs.push_back(0);
      }
      last = low;
      return true;
    });
    if (!short_enough || 2 + runs.size() * 2 >= plain_bytes) continue;
    container.values = std::move(runs);
    container.words = {};
    container.type = Type::run;
  }
}

std::vector<uint32_t> Bitmap::to_vector() const {
  std::vector<uint32_t> ids;
  ids.reserve(cardinality());
  for_each([&](uint32_t id) {
    ids.push_back(id);
    return true;
  });
  return ids;
}

size_t Bitmap::serialised_bytes() const { return serialise().size(); }

std::string Bitmap::serialise() const {
  std::string out;
  const auto count = static_cast<uint32_t>(containers_.size());
  const bool any_run = std::any_of(containers_.begin(), containers_.end(), [](const Container& c) { return c.type == Type::run; });
  if (any_run) {
    append(out, kCookie | (count - 1) << 16);
    std::string flags((count + 7) / 8, '\0');
    for (uint32_t i = 0; i < count; ++i) {
      if (containers_[i].type == Type::run) flags[i / 8] = static_cast<char>(flags[i / 8] | 1 << (i % 8));
    }
    out += flags;
  } else {
    append(out, kCookieNoRun);
    append(out, count);
  }
  for (const auto& container : containers_) {
    append(out, container.key);
    append(out, static_cast<uint16_t>(container.cardinality - 1));
  }
  const auto bytes_of = [](const Container& c) -> size_t {
    return c.type == Type::bitset ? size_t{BitmapContainer::kBitsetBytes} : (c.type == Type::run ? 2 : 0) + c.values.size() * 2;
  };
  if (!any_run || count >= kNoOffsetThreshold) {
    size_t at = out.size() + size_t{4} * count;
    for (const auto& container : containers_) {
      append(out, static_cast<uint32_t>(at));
      at += bytes_of(container);
    }
  }
  for (const auto& container : containers_) {
    if (container.type == Type::bitset)
      out.append(reinterpret_cast<const char*>(container.words.data()), BitmapContainer::kBitsetBytes);
    else {
      if (container.type == Type::run) append(out, static_cast<uint16_t>(container.values.size() / 2));
      out.append(reinterpret_cast<const char*>(container.values.data()), container.values.size() * 2);
    }
  }
  return out;
}

}  // namespace waybill::graph
