#include "waybill/rego/value.h"

#include <cmath>
#include <cstdlib>

#include <absl/hash/hash.h>

#include "waybill/base/json_out.h"
#include "waybill/rego/limits.h"
#include "waybill/rego/merge_sort.h"
#include "waybill/rego/text.h"

namespace waybill::rego {
namespace {

uint64_t mix(uint64_t a, uint64_t b) { return absl::HashOf(a, b) | 1; }

std::strong_ordering order(long double a, long double b) {
  return a < b ? std::strong_ordering::less : a > b ? std::strong_ordering::greater : std::strong_ordering::equal;
}

bool is_digits(std::string_view text) {
  for (char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return !text.empty();
}

// Digit by digit, for whole numbers beyond 64 bits whose long doubles are the same.
std::strong_ordering compare_digits(std::string_view a, std::string_view b) {
  const bool na = a.starts_with('-'), nb = b.starts_with('-');
  if (na != nb) return na ? std::strong_ordering::less : std::strong_ordering::greater;
  if (na) a.remove_prefix(1), b.remove_prefix(1);
  if (!is_digits(a) || !is_digits(b)) return std::strong_ordering::equal;
  std::strong_ordering result = a.size() != b.size() ? a.size() <=> b.size() : a.compare(b) <=> 0;
  if (!na) return result;
  return result < 0 ? std::strong_ordering::greater : result > 0 ? std::strong_ordering::less : result;
}

std::strong_ordering compare_numbers(const Value& a, const Value& b) {
  const bool ia = a.tag() == Value::Tag::integer, ib = b.tag() == Value::Tag::integer;
  if (ia && ib) return a.integer() <=> b.integer();
  const long double x = ia ? static_cast<long double>(a.integer()) : a.number()->value;
  const long double y = ib ? static_cast<long double>(b.integer()) : b.number()->value;
  const auto result = order(x, y);
  if (result != 0 || ia || ib) return result;
  return compare_digits({a.number()->text, a.number()->size}, {b.number()->text, b.number()->size});
}

void append_string(std::string& out, std::string_view text) { append_go_quoted(out, text); }

void append_rego(std::string& out, const Value& v) {
  switch (v.kind()) {
    case Kind::undefined: out += "<undefined>"; break;
    case Kind::null: out += "null"; break;
    case Kind::boolean: out += v.is_true() ? "true" : "false"; break;
    case Kind::number: append_number_text(out, v); break;
    case Kind::string: append_string(out, v.text()); break;
    case Kind::array: {
      out += '[';
      bool first = true;
      for (const Value& item : v.items()) {
        if (!first) out += ", ";
        first = false;
        append_rego(out, item);
      }
      out += ']';
      break;
    }
    case Kind::object: {
      out += '{';
      bool first = true;
      for (const Entry& e : v.entries()) {
        if (!first) out += ", ";
        first = false;
        append_rego(out, e.key);
        out += ": ";
        append_rego(out, e.value);
      }
      out += '}';
      break;
    }
    case Kind::set: {
      if (v.size() == 0) {
        out += "set()";
        break;
      }
      out += '{';
      bool first = true;
      for (const Value& item : v.elements()) {
        if (!first) out += ", ";
        first = false;
        append_rego(out, item);
      }
      out += '}';
      break;
    }
  }
}

void append_json(std::string& out, const Value& v) {
  switch (v.kind()) {
    case Kind::undefined:
    case Kind::null: out += "null"; break;
    case Kind::boolean: out += v.is_true() ? "true" : "false"; break;
    case Kind::number: append_number_text(out, v); break;
    case Kind::string: append_json_string(out, v.text()); break;
    case Kind::array:
    case Kind::set: {
      out += '[';
      bool first = true;
      for (const Value& item : v.is_array() ? v.items() : v.elements()) {
        if (!first) out += ',';
        first = false;
        append_json(out, item);
      }
      out += ']';
      break;
    }
    case Kind::object: {
      out += '{';
      bool first = true;
      for (const Entry& e : v.entries()) {
        if (!first) out += ',';
        first = false;
        if (e.key.is_string())
          append_json_string(out, e.key.text());
        else
          append_json_string(out, e.key.to_json());
        out += ':';
        append_json(out, e.value);
      }
      out += '}';
      break;
    }
  }
}

// Builds the table of places + 1 over n keys; null when there are few.
template <class KeyAt>
const uint32_t* make_index(Arena& arena, uint32_t n, uint32_t& mask, KeyAt key_at) {
  mask = 0;
  if (n <= kSmallIndex) return nullptr;
  uint32_t size = 32;
  while (size < n * 2) size *= 2;
  auto* table = arena.allocate_array<uint32_t>(size);
  std::memset(table, 0, size * sizeof(uint32_t));
  mask = size - 1;
  for (uint32_t i = 0; i < n; ++i) {
    uint32_t at = static_cast<uint32_t>(key_at(i).hash()) & mask;
    while (table[at] != 0) at = (at + 1) & mask;
    table[at] = i + 1;
  }
  return table;
}

template <class KeyAt>
int64_t find_place(const uint32_t* index, uint32_t mask, uint32_t n, const Value& key, KeyAt key_at) {
  if (index != nullptr) {
    for (uint32_t at = static_cast<uint32_t>(key.hash()) & mask; index[at] != 0; at = (at + 1) & mask) {
      if (Value::equal(key_at(index[at] - 1), key)) return index[at] - 1;
    }
    return -1;
  }
  for (uint32_t i = 0; i < n; ++i) {
    if (Value::equal(key_at(i), key)) return i;
  }
  return -1;
}

}  // namespace

std::string_view to_string(Kind kind) {
  static constexpr std::string_view names[] = {"undefined", "null", "boolean", "number", "string", "array", "object", "set"};
  return names[static_cast<size_t>(kind)];
}

double Value::number_or(double otherwise) const {
  if (tag_ == Tag::integer) return static_cast<double>(integer_);
  return tag_ == Tag::number ? static_cast<double>(number_->value) : otherwise;
}

std::strong_ordering Value::compare(const Value& a, const Value& b) {
  const Kind ka = a.kind(), kb = b.kind();
  if (ka != kb) return ka <=> kb;
  switch (ka) {
    case Kind::undefined:
    case Kind::null: return std::strong_ordering::equal;
    case Kind::boolean: return a.integer_ <=> b.integer_;
    case Kind::number: return compare_numbers(a, b);
    case Kind::string: {
      if (a.text_ == b.text_ && a.size_ == b.size_) return std::strong_ordering::equal;
      return a.text().compare(b.text()) <=> 0;
    }
    case Kind::array:
    case Kind::set: {
      if (same(a, b)) return std::strong_ordering::equal;
      const Value* x = ka == Kind::array ? a.array_->items : a.set_->items;
      const Value* y = ka == Kind::array ? b.array_->items : b.set_->items;
      const uint32_t n = a.size_ < b.size_ ? a.size_ : b.size_;
      for (uint32_t i = 0; i < n; ++i) {
        const auto c = compare(x[i], y[i]);
        if (c != 0) return c;
      }
      return a.size_ <=> b.size_;
    }
    case Kind::object: {
      if (same(a, b)) return std::strong_ordering::equal;
      const uint32_t n = a.size_ < b.size_ ? a.size_ : b.size_;
      for (uint32_t i = 0; i < n; ++i) {
        const auto c = compare(a.object_->entries[i].key, b.object_->entries[i].key);
        if (c != 0) return c;
        const auto d = compare(a.object_->entries[i].value, b.object_->entries[i].value);
        if (d != 0) return d;
      }
      return a.size_ <=> b.size_;
    }
  }
  return std::strong_ordering::equal;
}

bool Value::equal(const Value& a, const Value& b) {
  if (a.tag_ == b.tag_) {
    switch (a.tag_) {
      case Tag::undefined:
      case Tag::null: return true;
      case Tag::boolean:
      case Tag::integer: return a.integer_ == b.integer_;
      case Tag::string: return a.size_ == b.size_ && (a.text_ == b.text_ || std::memcmp(a.text_, b.text_, a.size_) == 0);
      case Tag::array:
        if (a.size_ != b.size_) return false;
        if (a.array_ == b.array_) return true;
        for (uint32_t i = 0; i < a.size_; ++i) {
          if (!equal(a.array_->items[i], b.array_->items[i])) return false;
        }
        return true;
      case Tag::set:
        if (a.size_ != b.size_) return false;
        if (a.set_ == b.set_) return true;
        for (uint32_t i = 0; i < a.size_; ++i) {
          if (!equal(a.set_->items[i], b.set_->items[i])) return false;
        }
        return true;
      case Tag::object:
        if (a.size_ != b.size_) return false;
        if (a.object_ == b.object_) return true;
        for (uint32_t i = 0; i < a.size_; ++i) {
          if (!equal(a.object_->entries[i].key, b.object_->entries[i].key) || !equal(a.object_->entries[i].value, b.object_->entries[i].value)) {
            return false;
          }
        }
        return true;
      case Tag::number: return compare_numbers(a, b) == 0;
      case Tag::data: return a.data_ == b.data_;
    }
  }
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  return false;
}

uint64_t Value::hash() const {
  switch (tag_) {
    case Tag::undefined:
    case Tag::null: return 0x9e3779b97f4a7c15ULL;
    case Tag::data: return absl::HashOf(data_);
    case Tag::boolean: return integer_ ? 0x51ed270b7a14c0f1ULL : 0x2545f4914f6cdd1dULL;
    case Tag::integer: return absl::HashOf(integer_);
    case Tag::number: {
      const long double v = number_->value;
      if (v >= -9.2e18L && v <= 9.2e18L && std::floor(v) == v) return absl::HashOf(static_cast<int64_t>(v));
      return absl::HashOf(static_cast<double>(v));
    }
    case Tag::string: return absl::HashOf(text());
    case Tag::array: {
      if (array_->hash == 0) {
        uint64_t h = 3;
        for (const Value& v : items()) h = mix(h, v.hash());
        array_->hash = h;
      }
      return array_->hash;
    }
    case Tag::set: {
      if (set_->hash == 0) {
        uint64_t h = 5;
        for (const Value& v : elements()) h = mix(h, v.hash());
        set_->hash = h;
      }
      return set_->hash;
    }
    case Tag::object: {
      if (object_->hash == 0) {
        uint64_t h = 7;
        for (const Entry& e : entries()) h = mix(mix(h, e.key.hash()), e.value.hash());
        object_->hash = h;
      }
      return object_->hash;
    }
  }
  return 0;
}

Value Value::find(const Value& key) const {
  switch (tag_) {
    case Tag::object: {
      const auto place = find_place(object_->index, object_->mask, size_, key, [this](uint32_t i) -> const Value& { return object_->entries[i].key; });
      return place < 0 ? Value() : object_->entries[place].value;
    }
    case Tag::array: {
      int64_t at = 0;
      if (key.tag_ == Tag::integer)
        at = key.integer_;
      else if (key.tag_ == Tag::number && key.number_->integral && std::fabs(key.number_->value) < 1e15L)
        at = static_cast<int64_t>(key.number_->value);
      else
        return {};
      return at >= 0 && at < size_ ? array_->items[at] : Value();
    }
    case Tag::set: {
      const auto place = find_place(set_->index, set_->mask, size_, key, [this](uint32_t i) -> const Value& { return set_->items[i]; });
      return place < 0 ? Value() : set_->items[place];
    }
    default: return {};
  }
}

Value Value::find(std::string_view key) const { return find(Value::view(key)); }

std::string Value::to_json() const {
  std::string out;
  append_json(out, *this);
  return out;
}

std::string Value::to_rego() const {
  std::string out;
  append_rego(out, *this);
  return out;
}

Value Heap::number(std::string_view text) {
  int64_t integer = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (error == std::errc() && end == text.data() + text.size() && text != "-0" && !(text.size() > 1 && text[0] == '0')) return Value::of(integer);
  auto* rep = static_cast<NumberRep*>(arena_.allocate(sizeof(NumberRep), alignof(NumberRep)));
  const auto kept = arena_.copy(text);
  const std::string terminated(text);
  const long double value = std::strtold(terminated.c_str(), nullptr);
  *rep = {kept.data(), static_cast<uint32_t>(kept.size()), std::floor(value) == value, value};
  return Value(rep);
}

Value Heap::array(std::span<const Value> items) {
  auto* rep = static_cast<ArrayRep*>(arena_.allocate(sizeof(ArrayRep) + items.size() * sizeof(Value), alignof(ArrayRep)));
  rep->hash = 0;
  if (!items.empty()) std::memcpy(static_cast<void*>(rep->items), items.data(), items.size() * sizeof(Value));
  return Value(rep, static_cast<uint32_t>(items.size()));
}

Value Heap::sorted_set(std::span<const Value> elements) {
  auto* rep = static_cast<SetRep*>(arena_.allocate(sizeof(SetRep) + elements.size() * sizeof(Value), alignof(SetRep)));
  const auto n = static_cast<uint32_t>(elements.size());
  rep->hash = 0;
  if (n != 0) std::memcpy(static_cast<void*>(rep->items), elements.data(), n * sizeof(Value));
  rep->index = make_index(arena_, n, rep->mask, [rep](uint32_t i) -> const Value& { return rep->items[i]; });
  return Value(rep, n);
}

Value Heap::set(std::vector<Value>& elements) {
  const auto less = [](const Value& a, const Value& b) { return Value::compare(a, b) < 0; };
  if (!std::is_sorted(elements.begin(), elements.end(), less)) merge_sort(elements, less);
  elements.erase(std::unique(elements.begin(), elements.end(), [](const Value& a, const Value& b) { return Value::equal(a, b); }), elements.end());
  return sorted_set(elements);
}

Value Heap::set(std::span<const Value> elements) {
  std::vector<Value> copy(elements.begin(), elements.end());
  return set(copy);
}

Value Heap::sorted_object(std::span<const Entry> entries) {
  auto* rep = static_cast<ObjectRep*>(arena_.allocate(sizeof(ObjectRep) + entries.size() * sizeof(Entry), alignof(ObjectRep)));
  const auto n = static_cast<uint32_t>(entries.size());
  rep->hash = 0;
  if (n != 0) std::memcpy(static_cast<void*>(rep->entries), entries.data(), n * sizeof(Entry));
  rep->index = make_index(arena_, n, rep->mask, [rep](uint32_t i) -> const Value& { return rep->entries[i].key; });
  return Value(rep, n);
}

Value Heap::object(std::vector<Entry>& entries) {
  const auto less = [](const Entry& a, const Entry& b) { return Value::compare(a.key, b.key) < 0; };
  // In order and each once, as in canonical JSON: one comparison each.
  const auto not_less = [](const Entry& a, const Entry& b) {
    if (a.key.is_string() && b.key.is_string()) return a.key.text() >= b.key.text();
    return Value::compare(a.key, b.key) >= 0;
  };
  if (std::adjacent_find(entries.begin(), entries.end(), not_less) == entries.end()) return sorted_object(entries);
  if (!std::is_sorted(entries.begin(), entries.end(), less)) {
    if (entries.size() <= 24) {  // insertion sort: stable, no allocation
      for (size_t i = 1; i < entries.size(); ++i) {
        const Entry e = entries[i];
        size_t j = i;
        for (; j > 0 && less(e, entries[j - 1]); --j) entries[j] = entries[j - 1];
        entries[j] = e;
      }
    } else {
      merge_sort(entries, less);
    }
  }
  size_t out = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (out > 0 && Value::equal(entries[out - 1].key, entries[i].key))
      entries[out - 1] = entries[i];
    else
      entries[out++] = entries[i];
  }
  entries.resize(out);
  return sorted_object(entries);
}

Value Heap::object(std::span<const Entry> entries) {
  std::vector<Entry> copy(entries.begin(), entries.end());
  return object(copy);
}

Value Heap::copy(const Value& value) {
  switch (value.kind()) {
    case Kind::string: return string(value.text());
    case Kind::number: return value.tag() == Value::Tag::integer ? value : number({value.number()->text, value.number()->size});
    case Kind::array: {
      std::vector<Value> items;
      for (const Value& v : value.items()) items.push_back(copy(v));
      return array(items);
    }
    case Kind::set: {
      std::vector<Value> items;
      for (const Value& v : value.elements()) items.push_back(copy(v));
      return sorted_set(items);
    }
    case Kind::object: {
      std::vector<Entry> entries;
      for (const Entry& e : value.entries()) entries.push_back({copy(e.key), copy(e.value)});
      return sorted_object(entries);
    }
    default: return value;
  }
}

}  // namespace waybill::rego
