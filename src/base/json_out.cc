#include "waybill/base/json_out.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "waybill/base/json_in.h"

namespace waybill {

void JsonWriter::separate() {
  if (need_comma_) out_.push_back(',');
  need_comma_ = true;
}
JsonWriter& JsonWriter::begin_object() {
  separate();
  out_.push_back('{');
  need_comma_ = false;
  return *this;
}
JsonWriter& JsonWriter::end_object() {
  out_.push_back('}');
  need_comma_ = true;
  return *this;
}
JsonWriter& JsonWriter::begin_array() {
  separate();
  out_.push_back('[');
  need_comma_ = false;
  return *this;
}
JsonWriter& JsonWriter::end_array() {
  out_.push_back(']');
  need_comma_ = true;
  return *this;
}
JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_.push_back(':');
  need_comma_ = false;
  return *this;
}
JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}
JsonWriter& JsonWriter::value(bool yes) {
  separate();
  out_ += yes ? "true" : "false";
  return *this;
}
JsonWriter& JsonWriter::value(int64_t number) {
  separate();
  char digits[24];
  out_.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  return *this;
}
JsonWriter& JsonWriter::value(uint64_t number) {
  separate();
  char digits[24];
  out_.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  return *this;
}
JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  out_ += to_json_number(number);
  return *this;
}
JsonWriter& JsonWriter::null() {
  separate();
  out_ += "null";
  return *this;
}
JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

namespace {

// Has one of these eight bytes to be escaped?
bool needs_escape(uint64_t eight) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;
  const uint64_t quote = eight ^ kOnes * '"', backslash = eight ^ kOnes * '\\';
  return (((eight - kOnes * 0x20) & ~eight) | ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash)) & kHigh;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  size_t from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    for (uint64_t eight = 0; i + 8 <= text.size(); i += 8) {
      std::memcpy(&eight, text.data() + i, 8);
      if (needs_escape(eight)) break;
    }
    if (i == text.size()) break;
    const auto c = static_cast<uint8_t>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, from, i - from);
    from = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: {
        constexpr char kHex[] = "0123456789abcdef";
        out += "\\u00";
        out.push_back(kHex[c >> 4]);
        out.push_back(kHex[c & 15]);
      }
    }
  }
  out.append(text, from, text.size() - from);
  out.push_back('"');
}
std::string to_json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string to_json_number(double number) {
  if (number == 0) return "0";
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(number), std::chars_format::scientific).ptr;
  // d.ddde±xx → digits and the place of the decimal point
  std::string digits;
  const char* at = buffer;
  for (; at < end && *at != 'e'; ++at)
    if (*at != '.') digits.push_back(*at);
  int exponent = 0;
  ++at;
  if (*at == '+') ++at;
  std::from_chars(at, end, exponent);
  const int size = static_cast<int>(digits.size()), point = exponent + 1;
  std::string out = number < 0 ? "-" : "";
  if (size <= point && point <= 21) {
    out += digits + std::string(static_cast<size_t>(point - size), '0');
  } else if (0 < point && point <= 21) {
    out += digits.substr(0, static_cast<size_t>(point)) + "." + digits.substr(static_cast<size_t>(point));
  } else if (-6 < point && point <= 0) {
    out += "0." + std::string(static_cast<size_t>(-point), '0') + digits;
  } else {
    out += digits.substr(0, 1);
    if (size > 1) out += "." + digits.substr(1);
    out += point - 1 < 0 ? "e-" : "e+";
    out += std::to_string(std::abs(point - 1));
  }
  return out;
}

namespace {

// Order of UTF-16 code units: as bytes, but for characters beyond the BMP, which sort below U+E000..U+FFFF.
bool less_utf16(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    auto x = static_cast<uint8_t>(a[i]), y = static_cast<uint8_t>(b[i]);
    if (x == y) continue;
    const bool x_high = x >= 0xf0, y_high = y >= 0xf0;  // four-byte sequences: surrogates, D800..DFFF
    if (x_high != y_high && x >= 0xee && y >= 0xee) return x_high;
    return x < y;
  }
  return a.size() < b.size();
}

Result<void> append_canonical(std::string& out, const JsonValue& value) {
  switch (value.kind()) {
    case JsonKind::object: {
      std::vector<std::pair<std::string_view, JsonValue>> members;
      for (const auto& [name, member] : value.members()) members.emplace_back(name, member);
      std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return less_utf16(a.first, b.first); });
      out.push_back('{');
      for (size_t i = 0; i < members.size(); ++i) {
        if (i > 0) out.push_back(',');
        append_json_string(out, members[i].first);
        out.push_back(':');
        TRY_DO(append_canonical(out, members[i].second));
      }
      out.push_back('}');
      return {};
    }
    case JsonKind::array: {
      out.push_back('[');
      bool first = true;
      for (const JsonValue& item : value.items()) {
        if (!first) out.push_back(',');
        first = false;
        TRY_DO(append_canonical(out, item));
      }
      out.push_back(']');
      return {};
    }
    case JsonKind::string: append_json_string(out, value.string_or("")); return {};
    case JsonKind::integer:
    case JsonKind::number: {
      const double number = value.number_or(0);
      if (!std::isfinite(number)) return fail(Code::invalid, "a number is beyond the range of a double");
      out += to_json_number(number);
      return {};
    }
    case JsonKind::boolean: out += value.bool_or(false) ? "true" : "false"; return {};
    case JsonKind::null: out += "null"; return {};
  }
  return fail(Code::internal, "unknown kind of JSON value");
}

}  // namespace

Result<std::string> canonical_json(std::string_view json) {
  TRY(auto document, JsonDocument::parse(json));
  std::string out;
  out.reserve(json.size());
  TRY_DO(append_canonical(out, document.root()));
  return out;
}

}  // namespace waybill
