// base64, base64url, hex, urlquery.
#include <map>

#include "waybill/base/bytes.h"
#include "waybill/rego/builtins.h"
#include "waybill/rego/text.h"

namespace waybill::rego {
namespace {

// Go's base64 decoders skip \r and \n.
std::optional<std::string> decode64(std::string_view text, bool url, bool padded, size_t& bad) {
  std::string out;
  uint32_t bits = 0;
  int have = 0;
  size_t digits = 0, padding = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char ch = text[i];
    if (ch == '\r' || ch == '\n') continue;
    if (ch == '=') {
      bad = i;
      if (!padded || digits % 4 < 2 || ++padding > 4 - digits % 4) return std::nullopt;
      continue;
    }
    int value = -1;
    if (ch >= 'A' && ch <= 'Z')
      value = ch - 'A';
    else if (ch >= 'a' && ch <= 'z')
      value = ch - 'a' + 26;
    else if (ch >= '0' && ch <= '9')
      value = ch - '0' + 52;
    else if (ch == (url ? '-' : '+'))
      value = 62;
    else if (ch == (url ? '_' : '/'))
      value = 63;
    bad = i;
    if (value < 0 || padding > 0) return std::nullopt;
    ++digits;
    bits = bits << 6 | static_cast<uint32_t>(value);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out += static_cast<char>(bits >> have & 0xFF);
    }
  }
  bad = text.size();
  if (digits % 4 == 1 || (padded && (digits + padding) % 4 != 0)) return std::nullopt;
  return out;
}

std::string encode64(std::string_view text, bool url, bool padded) {
  std::string out = to_base64(as_bytes(text), Base64::standard);
  if (url) {
    for (char& ch : out) ch = ch == '+' ? '-' : ch == '/' ? '_' : ch;
  }
  if (!padded) {
    while (out.ends_with('=')) out.pop_back();
  }
  return out;
}

Value base64_encode_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  return c.string(encode64(o[0].text(), false, true));
}
Value base64_decode_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  size_t bad = 0;
  const auto out = decode64(o[0].text(), false, true, bad);
  if (!out) return c.fail("illegal base64 data at input byte " + std::to_string(bad));
  return c.string(*out);
}
Value base64_is_valid_(BuiltinCall&, std::span<const Value> o) {
  size_t bad = 0;
  return Value::of(o[0].is_string() && decode64(o[0].text(), false, true, bad).has_value());
}
Value base64url_encode_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  return c.string(encode64(o[0].text(), true, true));
}
Value base64url_encode_no_pad_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  return c.string(encode64(o[0].text(), true, false));
}
Value base64url_decode_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  size_t bad = 0;
  auto out = decode64(o[0].text(), true, true, bad);
  if (!out && o[0].text().find('=') == std::string_view::npos) out = decode64(o[0].text(), true, false, bad);
  if (!out) return c.fail("illegal base64 data at input byte " + std::to_string(bad));
  return c.string(*out);
}

Value hex_encode_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  return c.string(to_hex(as_bytes(o[0].text())));
}
Value hex_decode_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  const auto out = parse_hex(o[0].text());
  if (!out) return c.fail(o[0].size() % 2 != 0 ? "encoding/hex: odd length hex string" : "encoding/hex: invalid byte");
  return c.string(*out);
}

std::string query_escape(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (char ch : text) {
    if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_' || ch == '.' || ch == '~') {
      out += ch;
    } else if (ch == ' ') {
      out += '+';
    } else {
      out += '%';
      out += digits[static_cast<uint8_t>(ch) >> 4];
      out += digits[static_cast<uint8_t>(ch) & 15];
    }
  }
  return out;
}

std::optional<std::string> query_unescape(std::string_view text, std::string& problem) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%') {
      const auto byte = i + 2 < text.size() + 0 ? parse_hex(text.substr(i + 1, 2)) : std::nullopt;
      if (!byte || byte->size() != 1) {
        problem = "invalid URL escape " + go_quoted(text.substr(i, 3));
        return std::nullopt;
      }
      out += *byte;
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Value query_encode_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  return c.string(query_escape(o[0].text()));
}
Value query_decode_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  std::string problem;
  const auto out = query_unescape(o[0].text(), problem);
  if (!out) return c.fail(problem);
  return c.string(*out);
}

Value query_encode_object_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_object(c, o, 0)) return {};
  std::string out;
  const auto pair = [&](std::string_view key, std::string_view value) {
    if (!out.empty()) out += '&';
    out += query_escape(key) + "=" + query_escape(value);
  };
  for (const Entry& e : o[0].entries()) {
    if (!e.key.is_string()) return c.fail_type("operand 1 keys must be string but got " + std::string(to_string(e.key.kind())));
    if (e.value.is_string()) {
      pair(e.key.text(), e.value.text());
      continue;
    }
    if (!e.value.is_array() && !e.value.is_set())
      return c.fail_type("operand 1 values must be one of {string, array, set} but got " + std::string(to_string(e.value.kind())));
    for (const Value& v : e.value.is_array() ? e.value.items() : e.value.elements()) {
      if (!v.is_string()) return c.fail_type("operand 1 values must be strings but got " + std::string(to_string(v.kind())));
      pair(e.key.text(), v.text());
    }
  }
  return c.string(out);
}

Value query_decode_object_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  std::map<std::string, std::vector<Value>> found;
  std::string_view text = o[0].text();
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (part.empty()) continue;
    if (part.find(';') != std::string_view::npos) return c.fail("invalid semicolon separator in query");
    const auto equals = part.find('=');
    std::string problem;
    const auto key = query_unescape(part.substr(0, equals), problem);
    const auto value = query_unescape(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1), problem);
    if (!key || !value) return c.fail(problem);
    found[*key].push_back(c.string(*value));
  }
  std::vector<Entry> entries;
  for (const auto& [key, values] : found) entries.push_back({c.string(key), c.heap.array(values)});
  return c.heap.object(entries);
}

constexpr Builtin kTable[] = {
    {"base64.encode", 1, base64_encode_},
    {"base64.decode", 1, base64_decode_},
    {"base64.is_valid", 1, base64_is_valid_},
    {"base64url.encode", 1, base64url_encode_},
    {"base64url.encode_no_pad", 1, base64url_encode_no_pad_},
    {"base64url.decode", 1, base64url_decode_},
    {"hex.encode", 1, hex_encode_},
    {"hex.decode", 1, hex_decode_},
    {"urlquery.encode", 1, query_encode_},
    {"urlquery.decode", 1, query_decode_},
    {"urlquery.encode_object", 1, query_encode_object_},
    {"urlquery.decode_object", 1, query_decode_object_},
};

}  // namespace

std::span<const Builtin> encoding_builtins() { return kTable; }

}  // namespace waybill::rego
