#include "waybill/rego/text.h"

#include <cmath>
#include <cstdio>
#include <cwctype>

namespace waybill::rego {

uint32_t next_rune(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t b = byte(at);
  const auto tail = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  if (b < 0x80) return ++at, b;
  if (b >= 0xC2 && b <= 0xDF && tail(at + 1)) {
    const uint32_t r = (b & 0x1Fu) << 6 | (byte(at + 1) & 0x3Fu);
    return at += 2, r;
  }
  if (b >= 0xE0 && b <= 0xEF && tail(at + 1) && tail(at + 2)) {
    const uint32_t r = (b & 0x0Fu) << 12 | (byte(at + 1) & 0x3Fu) << 6 | (byte(at + 2) & 0x3Fu);
    if (r >= 0x800 && (r < 0xD800 || r > 0xDFFF)) return at += 3, r;
  }
  if (b >= 0xF0 && b <= 0xF4 && tail(at + 1) && tail(at + 2) && tail(at + 3)) {
    const uint32_t r = (b & 0x07u) << 18 | (byte(at + 1) & 0x3Fu) << 12 | (byte(at + 2) & 0x3Fu) << 6 | (byte(at + 3) & 0x3Fu);
    if (r >= 0x10000 && r <= 0x10FFFF) return at += 4, r;
  }
  return ++at, 0xFFFD;
}

void append_rune(std::string& out, uint32_t r) {
  if (r > 0x10FFFF || (r >= 0xD800 && r <= 0xDFFF)) r = 0xFFFD;
  const auto put = [&](uint32_t b) { out += static_cast<char>(b); };
  if (r < 0x80) return put(r);
  if (r < 0x800) return put(0xC0 | r >> 6), put(0x80 | (r & 0x3F));
  if (r < 0x10000) return put(0xE0 | r >> 12), put(0x80 | (r >> 6 & 0x3F)), put(0x80 | (r & 0x3F));
  put(0xF0 | r >> 18), put(0x80 | (r >> 12 & 0x3F)), put(0x80 | (r >> 6 & 0x3F)), put(0x80 | (r & 0x3F));
}

size_t count_runes(std::string_view text) {
  size_t n = 0;
  for (size_t at = 0; at < text.size(); ++n) next_rune(text, at);
  return n;
}

std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) append_rune(out, next_rune(text, at));
  return out;
}

void append_go_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (size_t at = 0; at < text.size();) {
    const size_t start = at;
    const uint32_t r = next_rune(text, at);
    char buffer[16];
    switch (r) {
      case '"': out += "\\\""; continue;
      case '\\': out += "\\\\"; continue;
      case '\a': out += "\\a"; continue;
      case '\b': out += "\\b"; continue;
      case '\f': out += "\\f"; continue;
      case '\n': out += "\\n"; continue;
      case '\r': out += "\\r"; continue;
      case '\t': out += "\\t"; continue;
      case '\v': out += "\\v"; continue;
      default: break;
    }
    if (r == 0xFFFD && at == start + 1) {
      std::snprintf(buffer, sizeof buffer, "\\x%02x", static_cast<unsigned>(static_cast<uint8_t>(text[start])));
      out += buffer;
    } else if (r < 0x20 || r == 0x7F) {
      std::snprintf(buffer, sizeof buffer, "\\x%02x", static_cast<unsigned>(r));
      out += buffer;
    } else if ((r >= 0x80 && r < 0xA0) || r == 0xAD || (r >= 0x2000 && r <= 0x200F) || (r >= 0x2028 && r <= 0x202F) || r == 0xFEFF || r == 0xA0 ||
               r == 0x3000) {
      std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(r));
      out += buffer;
    } else {
      out.append(text.substr(start, at - start));
    }
  }
  out += '"';
}

std::string go_quoted(std::string_view text) {
  std::string out;
  append_go_quoted(out, text);
  return out;
}

void append_number_text(std::string& out, const Value& number) {
  if (number.tag() == Value::Tag::integer) {
    char buffer[24];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number.integer()).ptr;
    out.append(buffer, end);
  } else if (number.tag() == Value::Tag::number) {
    out.append(number.number()->text, number.number()->size);
  }
}

std::string float_text(long double value) {
  if (value == 0) return std::signbit(value) ? "-0" : "0";
  // The fewest digits that read back as the same 64-bit mantissa.
  char buffer[64];
  int digits = 1;
  for (digits = 15; digits <= 21; ++digits) {
    std::snprintf(buffer, sizeof buffer, "%.*Le", digits - 1, value);
    if (std::strtold(buffer, nullptr) == value) break;
  }
  while (digits <= 15 && digits > 1) {  // fewer may do
    char shorter[64];
    std::snprintf(shorter, sizeof shorter, "%.*Le", digits - 2, value);
    if (std::strtold(shorter, nullptr) != value) break;
    std::memcpy(buffer, shorter, sizeof buffer);
    --digits;
  }
  std::string_view text = buffer;
  std::string out;
  if (text.starts_with('-')) out += '-', text.remove_prefix(1);
  const auto e = text.find('e');
  std::string mantissa;
  for (char c : text.substr(0, e)) {
    if (c != '.') mantissa += c;
  }
  const int exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
  while (mantissa.size() > 1 && mantissa.back() == '0') mantissa.pop_back();
  const int count = static_cast<int>(mantissa.size());
  if (std::floor(value) == value) {  // 'f'
    if (exponent + 1 > 21) {         // beyond the mantissa's own digits Go prints the exact value
      char whole[5200];
      std::snprintf(whole, sizeof whole, "%.0Lf", std::fabs(value));
      return out + whole;
    }
    out += mantissa.substr(0, static_cast<size_t>(exponent + 1));
    out.append(exponent + 1 > count ? static_cast<size_t>(exponent + 1 - count) : 0, '0');
    return out;
  }
  if (exponent < -4 || exponent >= 6) {
    out += mantissa[0];
    if (count > 1) out += '.', out += mantissa.substr(1);
    std::snprintf(buffer, sizeof buffer, "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
    return out + buffer;
  }
  if (exponent < 0) {
    out += "0.";
    out.append(static_cast<size_t>(-exponent - 1), '0');
    return out + mantissa;
  }
  out += mantissa.substr(0, static_cast<size_t>(exponent + 1));
  out += '.';
  return out + mantissa.substr(static_cast<size_t>(exponent + 1));
}

bool is_space_rune(uint32_t r) {
  return (r >= 9 && r <= 13) || r == ' ' || r == 0x85 || r == 0xA0 || r == 0x1680 || (r >= 0x2000 && r <= 0x200A) || r == 0x2028 || r == 0x2029 ||
         r == 0x202F || r == 0x205F || r == 0x3000;
}

uint32_t rune_to_lower(uint32_t r) {
  if (r < 0x80) return r >= 'A' && r <= 'Z' ? r + 32 : r;
  if ((r >= 0xC0 && r <= 0xDE && r != 0xD7) || (r >= 0x391 && r <= 0x3A9) || (r >= 0x410 && r <= 0x42F)) return r + 32;
  if (r >= 0x400 && r <= 0x40F) return r + 80;
  if (r == 0x130) return 'i';
  if (r == 0x178) return 0xFF;
  if ((r >= 0x100 && r <= 0x137) || (r >= 0x14A && r <= 0x177) || (r >= 0x460 && r <= 0x481) || (r >= 0x48A && r <= 0x4BF) || (r >= 0x4D0 && r <= 0x52F) ||
      (r >= 0x1E00 && r <= 0x1E95) || (r >= 0x1EA0 && r <= 0x1EFF) || (r >= 0x1DE && r <= 0x1EF) || (r >= 0x1F8 && r <= 0x21F)) {
    return r | 1;
  }
  if ((r >= 0x139 && r <= 0x148) || (r >= 0x179 && r <= 0x17E) || (r >= 0x1CD && r <= 0x1DC)) return r % 2 == 1 ? r + 1 : r;
  if (r >= 0x531 && r <= 0x556) return r + 48;
  if (r >= 0x10A0 && r <= 0x10C5) return r + 7264;
  if (r == 0x1E9E) return 0xDF;
  if (r >= 0x24B6 && r <= 0x24CF) return r + 26;
  if (r >= 0xFF21 && r <= 0xFF3A) return r + 32;
  if (r >= 0x386 && r <= 0x38F) return r == 0x386 ? 0x3AC : r >= 0x388 && r <= 0x38A ? r + 37 : r == 0x38C ? 0x3CC : r >= 0x38E ? r + 63 : r;
  return r;
}

uint32_t rune_to_upper(uint32_t r) {
  if (r < 0x80) return r >= 'a' && r <= 'z' ? r - 32 : r;
  if (r == 0xB5) return 0x39C;
  if (r == 0xFF) return 0x178;
  if (r == 0x131) return 'I';
  if (r == 0x17F) return 'S';
  if (r == 0x3C2) return 0x3A3;
  if ((r >= 0xE0 && r <= 0xFE && r != 0xF7) || (r >= 0x3B1 && r <= 0x3C9) || (r >= 0x430 && r <= 0x44F)) return r - 32;
  if (r >= 0x450 && r <= 0x45F) return r - 80;
  if ((r >= 0x100 && r <= 0x137) || (r >= 0x14A && r <= 0x177) || (r >= 0x460 && r <= 0x481) || (r >= 0x48A && r <= 0x4BF) || (r >= 0x4D0 && r <= 0x52F) ||
      (r >= 0x1E00 && r <= 0x1E95) || (r >= 0x1EA0 && r <= 0x1EFF) || (r >= 0x1DE && r <= 0x1EF) || (r >= 0x1F8 && r <= 0x21F)) {
    return r & ~1u;
  }
  if ((r >= 0x139 && r <= 0x148) || (r >= 0x179 && r <= 0x17E) || (r >= 0x1CD && r <= 0x1DC)) return r % 2 == 0 ? r - 1 : r;
  if (r >= 0x561 && r <= 0x586) return r - 48;
  if (r >= 0x24D0 && r <= 0x24E9) return r - 26;
  if (r >= 0xFF41 && r <= 0xFF5A) return r - 32;
  if (r == 0x3AC) return 0x386;
  if (r >= 0x3AD && r <= 0x3AF) return r - 37;
  if (r == 0x3CC) return 0x38C;
  if (r == 0x3CD || r == 0x3CE) return r - 63;
  return r;
}

}  // namespace waybill::rego
