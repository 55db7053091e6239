// One JSON object whose members may be put in any order and come out sorted, as RFC 8785 wants them. Names are ASCII.
//
// Used by input.cc and its parts, where readable order of code and canonical order of keys differ.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waybill/base/json_out.h"
#include "waybill/base/time.h"

namespace waybill::policy {

class JsonObject {
 public:
  JsonObject& raw(std::string_view key, std::string json) {
    members_.emplace_back(key, std::move(json));
    return *this;
  }
  JsonObject& text(std::string_view key, std::string_view value) { return raw(key, to_json_string(value)); }
  JsonObject& number(std::string_view key, int64_t value) { return raw(key, std::to_string(value)); }
  JsonObject& real(std::string_view key, double value) { return raw(key, to_json_number(value)); }
  JsonObject& yes(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  JsonObject& time(std::string_view key, Time value) { return text(key, to_rfc3339(value)); }
  template <class Texts>
  JsonObject& texts(std::string_view key, const Texts& values) {
    JsonWriter w;
    w.begin_array();
    for (const auto& value : values) w.value(std::string_view(value));
    w.end_array();
    return raw(key, std::move(w).take());
  }
  JsonObject& object(std::string_view key, JsonObject&& value) { return raw(key, std::move(value).take()); }
  // Sorted, unique.
  JsonObject& entries(std::vector<uint64_t> indices) {
    std::sort(indices.begin(), indices.end());
    indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
    JsonWriter w;
    w.begin_array();
    for (const auto index : indices) w.value(index);
    w.end_array();
    return raw("entries", std::move(w).take());
  }
  // The value when it is there, else its name goes to the list of what is not known.
  JsonObject& text_or_unknown(std::string_view key, std::string_view value) { return value.empty() ? unknown(key) : text(key, value); }
  JsonObject& time_or_unknown(std::string_view key, Time value) { return value.is_set() ? time(key, value) : unknown(key); }
  JsonObject& unknown(std::string_view name) {
    unknown_.emplace_back(name);
    return *this;
  }

  std::string take() && {
    if (!unknown_.empty()) {
      std::sort(unknown_.begin(), unknown_.end());
      texts("unknown", unknown_);
    }
    std::sort(members_.begin(), members_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::string out;
    size_t bytes = 2;
    for (const auto& [key, json] : members_) bytes += key.size() + json.size() + 4;
    out.reserve(bytes);
    out = "{";
    for (const auto& [key, json] : members_) {
      if (out.size() > 1) out += ',';
      append_json_string(out, key);
      out += ':';
      out += json;
    }
    out += '}';
    return out;
  }

 private:
  std::vector<std::pair<std::string, std::string>> members_;
  std::vector<std::string> unknown_;
};

// ["a","b"] of what is JSON already.
inline std::string to_json_array(const std::vector<std::string>& items) {
  std::string out;
  size_t bytes = 2;
  for (const auto& item : items) bytes += item.size() + 1;
  out.reserve(bytes);
  out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ',';
    out += item;
  }
  out += ']';
  return out;
}

}  // namespace waybill::policy
