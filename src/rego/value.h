// A Rego value: an immutable 16-byte handle. Null, booleans and 64-bit integers lie in it, everything else behind a
// pointer into a Heap that is freed at once (one per evaluation, one per compiled policy).
//
// Called by the engine, its built-ins, and whoever reads a result. A handle is valid as long as the heap that made it
// (an Evaluation until its next set_input, a Policy as long as it lives). It is never changed after it was made, never
// reference-counted, and "undefined" is a tag, not an error.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/arena.h"

namespace waybill::rego {

// In the order in which Rego sorts values of different kinds.
enum class Kind : uint8_t { undefined, null, boolean, number, string, array, object, set };
std::string_view to_string(Kind kind);  // OPA's words: "null", "boolean", …

class Value;
struct Entry;
struct NumberRep;
struct ArrayRep;
struct ObjectRep;
struct SetRep;
struct DataRep;

class Value {
 public:
  Value() = default;  // undefined
  static Value null() { return Value(Tag::null); }
  static Value of(bool yes) {
    Value v(Tag::boolean);
    v.integer_ = yes ? 1 : 0;
    return v;
  }
  static Value of(int64_t number) {
    Value v(Tag::integer);
    v.integer_ = number;
    return v;
  }
  // `text` must live as long as the value: a heap's copy, or the text of a parsed input.
  static Value view(std::string_view text) {
    Value v(Tag::string);
    v.size_ = static_cast<uint32_t>(text.size());
    v.text_ = text.data();
    return v;
  }

  Kind kind() const { return tag_ == Tag::integer ? Kind::number : tag_ == Tag::data ? Kind::object : static_cast<Kind>(tag_); }
  bool defined() const { return tag_ != Tag::undefined; }
  explicit operator bool() const { return defined(); }
  bool is_null() const { return tag_ == Tag::null; }
  bool is_boolean() const { return tag_ == Tag::boolean; }
  bool is_number() const { return tag_ == Tag::integer || tag_ == Tag::number; }
  bool is_string() const { return tag_ == Tag::string; }
  bool is_array() const { return tag_ == Tag::array; }
  bool is_object() const { return tag_ == Tag::object; }
  bool is_set() const { return tag_ == Tag::set; }
  bool is_true() const { return tag_ == Tag::boolean && integer_ != 0; }
  bool is_false() const { return tag_ == Tag::boolean && integer_ == 0; }

  // Members, items, elements, or bytes of a string. 0 for everything else.
  uint32_t size() const { return tag_ >= Tag::string ? size_ : 0; }
  // Only for a string.
  std::string_view text() const { return {text_, size_}; }
  // Empty unless this is an array (set, object). Sets and objects are sorted in Rego's order.
  std::span<const Value> items() const;
  std::span<const Value> elements() const;
  std::span<const Entry> entries() const;
  // The member (item, element) with this key; undefined when there is none or this has no members.
  Value find(const Value& key) const;
  Value find(std::string_view key) const;
  Value operator[](std::string_view key) const { return find(key); }

  std::string_view string_or(std::string_view otherwise) const { return is_string() ? text() : otherwise; }
  bool bool_or(bool otherwise) const { return is_boolean() ? integer_ != 0 : otherwise; }
  int64_t int_or(int64_t otherwise) const { return tag_ == Tag::integer ? integer_ : otherwise; }
  double number_or(double otherwise) const;

  // JSON text: sets become arrays, keys that are no strings become their Rego text, numbers keep their digits.
  std::string to_json() const;
  // Rego text, as print and sprintf("%v") show it: {"a": {1, 2}}.
  std::string to_rego() const;

  // Rego's total order, numbers by value (1 = 1.0). Deep; equal sub-trees that are shared cost nothing.
  friend std::strong_ordering operator<=>(const Value& a, const Value& b) { return compare(a, b); }
  friend bool operator==(const Value& a, const Value& b) { return equal(a, b); }
  static std::strong_ordering compare(const Value& a, const Value& b);
  static bool equal(const Value& a, const Value& b);
  // Equal values have equal hashes. Cached in arrays, objects and sets.
  uint64_t hash() const;
  // The same bits: a cheap test that says yes only for the same thing.
  friend bool same(const Value& a, const Value& b) { return a.tag_ == b.tag_ && a.size_ == b.size_ && a.integer_ == b.integer_; }
  uint64_t bits() const { return static_cast<uint64_t>(integer_) ^ (static_cast<uint64_t>(tag_) << 56) ^ size_; }

  // For the engine.
  enum class Tag : uint8_t { undefined, null, boolean, number, string, array, object, set, integer, data };
  Tag tag() const { return tag_; }
  int64_t integer() const { return integer_; }
  const NumberRep* number() const { return number_; }
  const ArrayRep* array() const { return array_; }
  const ObjectRep* object() const { return object_; }
  const SetRep* set() const { return set_; }
  const DataRep* data() const { return data_; }
  explicit Value(const NumberRep* rep) : tag_(Tag::number), number_(rep) {}
  Value(const ArrayRep* rep, uint32_t size) : tag_(Tag::array), size_(size), array_(rep) {}
  Value(const ObjectRep* rep, uint32_t size) : tag_(Tag::object), size_(size), object_(rep) {}
  Value(const SetRep* rep, uint32_t size) : tag_(Tag::set), size_(size), set_(rep) {}
  explicit Value(const DataRep* rep) : tag_(Tag::data), data_(rep) {}

 private:
  explicit Value(Tag tag) : tag_(tag) {}
  Tag tag_ = Tag::undefined;
  uint32_t size_ = 0;
  union {
    int64_t integer_ = 0;
    const char* text_;
    const NumberRep* number_;
    const ArrayRep* array_;
    const ObjectRep* object_;
    const SetRep* set_;
    const DataRep* data_;
  };
};
static_assert(sizeof(Value) == 16);

struct Entry {
  Value key, value;
};

// A number that is no 64-bit integer, or that was written in another way ("1.0"): its text.
struct NumberRep {
  const char* text;
  uint32_t size;
  bool integral;      // a whole number (perhaps beyond 64 bits, perhaps written 1e3)
  long double value;  // 64 bits of mantissa, as OPA's big.Float has
};
struct ArrayRep {
  mutable uint64_t hash;
  Value items[1];
};
// Sorted by key; `index` is an open-addressing table of places + 1 when there are many.
struct ObjectRep {
  mutable uint64_t hash;
  const uint32_t* index;
  uint32_t mask;
  Entry entries[1];
};
struct SetRep {
  mutable uint64_t hash;
  const uint32_t* index;
  uint32_t mask;
  Value items[1];
};

inline std::span<const Value> Value::items() const { return is_array() ? std::span<const Value>(array_->items, size_) : std::span<const Value>(); }
inline std::span<const Value> Value::elements() const { return is_set() ? std::span<const Value>(set_->items, size_) : std::span<const Value>(); }
inline std::span<const Entry> Value::entries() const { return is_object() ? std::span<const Entry>(object_->entries, size_) : std::span<const Entry>(); }

// Where values are made. Not thread-safe for making; what was made may be read by many threads.
class Heap {
 public:
  Value string(std::string_view text) { return Value::view(arena_.copy(text)); }
  // Any JSON or Rego number text. The text is kept ("1.0" stays "1.0").
  Value number(std::string_view text);
  Value array(std::span<const Value> items);
  // Sorted and made unique here. For an object the later of two equal keys wins.
  Value set(std::vector<Value>& elements);
  Value set(std::span<const Value> elements);
  Value object(std::vector<Entry>& entries);
  Value object(std::span<const Entry> entries);
  // The same for what is sorted and unique already.
  Value sorted_set(std::span<const Value> elements);
  Value sorted_object(std::span<const Entry> entries);
  // A deep copy of a value of another heap.
  Value copy(const Value& value);

  Arena& arena() { return arena_; }
  size_t bytes() const { return arena_.bytes(); }
  void reset() { arena_ = Arena(kBlockBytes); }

 private:
  static constexpr size_t kBlockBytes = size_t{256} << 10;
  Arena arena_{kBlockBytes};
};

}  // namespace waybill::rego
