// JSON in: one strict reader for everybody, over simdjson, which no other room needs to know.
//
// For documents that fit in memory and are walked as a tree: requests, configuration, small evidence. Big documents are
// streamed by formats/, which may use simdjson directly, as may rego/. It never writes JSON.
//
// Strict: RFC 8259, valid UTF-8, no duplicate keys, depth and size limited. A value is 16 bytes, valid as long as its
// JsonDocument; a value that is not there ("missing") answers every question with the default, so that paths chain:
//
//   TRY(auto document, JsonDocument::parse(bytes));
//   auto name = document.root()["metadata"]["name"].string_or("");
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "waybill/base/result.h"

namespace waybill {

enum class JsonKind : uint8_t { object, array, string, integer, number, boolean, null };
std::string_view to_string(JsonKind kind);

class JsonMembers;
class JsonItems;

class JsonValue {
 public:
  JsonValue() = default;  // missing

  bool exists() const { return document_ != nullptr; }
  explicit operator bool() const { return exists(); }
  JsonKind kind() const;  // null for a missing value
  bool is_object() const { return exists() && kind() == JsonKind::object; }
  bool is_array() const { return exists() && kind() == JsonKind::array; }
  bool is_string() const { return exists() && kind() == JsonKind::string; }
  bool is_null() const { return exists() && kind() == JsonKind::null; }

  // Missing when this is no object or has no such member. Linear in the number of members.
  JsonValue operator[](std::string_view name) const;
  JsonValue operator[](const char* name) const { return (*this)[std::string_view(name)]; }
  // Missing when this is no array or is shorter. Linear in the index.
  JsonValue at(size_t index) const;
  size_t size() const;  // members or items; 0 for everything else

  // The default when missing or of another kind.
  std::string_view string_or(std::string_view otherwise) const;
  int64_t int_or(int64_t otherwise) const;   // integers that fit; 3.0 does not
  double number_or(double otherwise) const;  // integers too
  bool bool_or(bool otherwise) const;

  // The same where the kind matters: an error names what was expected and found. `name` is the JSON pointer to say.
  Result<std::string_view> as_string(std::string_view name) const;
  Result<int64_t> as_int(std::string_view name) const;

  JsonMembers members() const;  // empty when no object
  JsonItems items() const;      // empty when no array

  // The digits of an integer, also of one between 2^63 and 2^64. Only when kind() is integer.
  std::string integer_text() const;
  // The value as compact JSON text: members in the order of the document, doubles in their shortest form.
  std::string to_json() const;

 private:
  friend class JsonDocument;
  friend class JsonMembers;
  friend class JsonItems;
  JsonValue(const void* document, size_t index) : document_(document), index_(index) {}
  const void* document_ = nullptr;  // simdjson's dom::document
  size_t index_ = 0;                // place on its tape
};

class JsonMembers {
 public:
  struct Member {
    std::string_view name;
    JsonValue value;
  };
  class Iterator {
   public:
    using value_type = Member;
    using difference_type = std::ptrdiff_t;
    Member operator*() const;
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    friend class JsonMembers;
    const void* document_ = nullptr;
    size_t index_ = 0;
  };
  Iterator begin() const;
  Iterator end() const;

 private:
  friend class JsonValue;
  JsonValue object_;
};

class JsonItems {
 public:
  class Iterator {
   public:
    using value_type = JsonValue;
    using difference_type = std::ptrdiff_t;
    JsonValue operator*() const { return {document_, index_}; }
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    friend class JsonItems;
    const void* document_ = nullptr;
    size_t index_ = 0;
  };
  Iterator begin() const;
  Iterator end() const;

 private:
  friend class JsonValue;
  JsonValue array_;
};

struct JsonLimits {
  size_t bytes = size_t{256} << 20;
  size_t depth = 1000;
};

// Owns the tree. Movable; values stay valid when it moves.
class JsonDocument {
 public:
  // Errors: invalid, with line, column and byte, what was found and what was expected; exhausted for a limit.
  static Result<JsonDocument> parse(std::string_view json, const JsonLimits& limits = {});

  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

  JsonValue root() const;

 private:
  struct State;
  explicit JsonDocument(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// "line 3, column 7 (byte 41)" of a byte in a text: for error messages.
std::string place_in_text(std::string_view text, size_t byte);

// A cheap, allocation-free scan of a whole JSON text that finds where and why it is broken, for messages when simdjson
// has already said no: "line 3, column 7 (byte 41): expected ',' or '}' after a member, found ']'".
Error explain_json(std::string_view json, const JsonLimits& limits = {});

}  // namespace waybill
