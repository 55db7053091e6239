// JSON out: an append-only writer, and the canonical form of RFC 8785 (JCS).
//
// Called wherever JSON leaves a room. It writes what it is told and checks nesting only in debug builds. It never
// reads JSON (json_in.h does).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"

namespace waybill {

// Appends to one string. Commas and colons set themselves.
//
//   JsonWriter w;
//   w.begin_object().field("id", "d_1").key("at").value(3).end_object();
//   std::move(w).take();   // {"id":"d_1","at":3}
class JsonWriter {
 public:
  JsonWriter() = default;
  explicit JsonWriter(std::string buffer) : out_(std::move(buffer)) {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(bool yes);
  JsonWriter& value(int number) { return value(static_cast<int64_t>(number)); }
  JsonWriter& value(unsigned number) { return value(static_cast<uint64_t>(number)); }
  JsonWriter& value(int64_t number);
  JsonWriter& value(uint64_t number);
  JsonWriter& value(long long number) { return value(static_cast<int64_t>(number)); }
  JsonWriter& value(unsigned long long number) { return value(static_cast<uint64_t>(number)); }
  // The shortest text that reads back as the same double (ECMAScript's, as RFC 8785 asks). NaN and infinities: null.
  JsonWriter& value(double number);
  JsonWriter& null();
  // Text that is JSON already.
  JsonWriter& raw(std::string_view json);

  template <class T>
  JsonWriter& field(std::string_view name, const T& what) {
    return key(name).value(what);
  }
  JsonWriter& field_raw(std::string_view name, std::string_view json) { return key(name).raw(json); }

  const std::string& text() const { return out_; }
  std::string take() && { return std::move(out_); }

 private:
  void separate();
  std::string out_;
  bool need_comma_ = false;
};

// Appends `text` as a JSON string with its quotation marks; only what must be escaped is (RFC 8785 §3.2.2.2).
void append_json_string(std::string& out, std::string_view text);
std::string to_json_string(std::string_view text);
// ECMAScript's Number.prototype.toString (RFC 8785 §3.2.2.3).
std::string to_json_number(double number);

// The canonical form (RFC 8785): no white space, members sorted by UTF-16 code units, numbers as doubles. Refuses what
// is no JSON, duplicate keys, and nesting beyond 1,000.
Result<std::string> canonical_json(std::string_view json);

}  // namespace waybill
