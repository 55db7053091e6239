#include "waybill/base/bytes.h"

#include <array>
#include <cstring>

namespace waybill {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr char kStandard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kUrl[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<int8_t, 256> reverse(const char* alphabet) {
  std::array<int8_t, 256> table{};
  for (auto& value : table) value = -1;
  for (int i = 0; i < 64; ++i) table[static_cast<uint8_t>(alphabet[i])] = static_cast<int8_t>(i);
  return table;
}
constexpr auto kStandardReverse = reverse(kStandard);
constexpr auto kUrlReverse = reverse(kUrl);

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// `text` without padding.
Result<std::string> decode_base64(std::string_view text, const std::array<int8_t, 256>& table) {
  if (text.size() % 4 == 1) return fail(Code::invalid, "base64 ends in the middle of a byte");
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  int have = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const int value = table[static_cast<uint8_t>(text[i])];
    if (value < 0) return fail(Error(Code::invalid, "not a base64 character").at("byte " + std::to_string(i)));
    bits = bits << 6 | static_cast<uint32_t>(value);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out.push_back(static_cast<char>(bits >> have & 0xff));
    }
  }
  if (have > 0 && (bits & ((1u << have) - 1)) != 0) return fail(Code::invalid, "base64 has bits left over that are not zero");
  return out;
}

}  // namespace

std::string to_hex(Bytes bytes) {
  std::string out(bytes.size() * 2, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    out[2 * i] = kHex[bytes[i] >> 4];
    out[2 * i + 1] = kHex[bytes[i] & 15];
  }
  return out;
}

std::optional<std::string> parse_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out(text.size() / 2, '\0');
  for (size_t i = 0; i < out.size(); ++i) {
    const int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out[i] = static_cast<char>(high << 4 | low);
  }
  return out;
}

std::string to_base64(Bytes bytes, Base64 alphabet) {
  const char* table = alphabet == Base64::standard ? kStandard : kUrl;
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  size_t i = 0;
  for (; i + 2 < bytes.size(); i += 3) {
    const uint32_t bits = static_cast<uint32_t>(bytes[i]) << 16 | static_cast<uint32_t>(bytes[i + 1]) << 8 | bytes[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) out.push_back(table[bits >> shift & 63]);
  }
  const size_t rest = bytes.size() - i;
  if (rest > 0) {
    const uint32_t bits = static_cast<uint32_t>(bytes[i]) << 16 | (rest > 1 ? static_cast<uint32_t>(bytes[i + 1]) << 8 : 0);
    out.push_back(table[bits >> 18 & 63]);
    out.push_back(table[bits >> 12 & 63]);
    if (rest > 1) out.push_back(table[bits >> 6 & 63]);
    if (alphabet == Base64::standard) out.append(3 - rest, '=');
  }
  return out;
}

Result<std::string> parse_base64(std::string_view text, Base64 alphabet) {
  if (alphabet == Base64::url) return decode_base64(text, kUrlReverse);
  if (text.size() % 4 != 0) return fail(Code::invalid, "base64 is not padded to a multiple of 4 characters");
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  return decode_base64(text.substr(0, text.size() - padding), kStandardReverse);
}

Result<std::string> parse_base64_lenient(std::string_view text) {
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  if (padding > 0 && text.size() % 4 != 0) return fail(Code::invalid, "base64 has padding but not a multiple of 4 characters");
  const auto body = text.substr(0, text.size() - padding);
  const bool url = body.find_first_of("-_") != std::string_view::npos;
  return decode_base64(body, url ? kUrlReverse : kStandardReverse);
}

std::optional<size_t> find_invalid_utf8(std::string_view text) {
  const auto* data = reinterpret_cast<const uint8_t*>(text.data());
  const size_t size = text.size();
  size_t i = 0;
  while (i < size) {
    // Most text is ASCII: sixteen bytes at a time.
    for (uint64_t words[2]; i + sizeof words <= size; i += sizeof words) {
      std::memcpy(words, data + i, sizeof words);
      if (((words[0] | words[1]) & 0x8080808080808080) != 0) break;
    }
    if (i == size) break;
    const uint8_t lead = data[i];
    if (lead < 0x80) {
      ++i;
      continue;
    }
    size_t need = 0;
    uint8_t low = 0x80, high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
      need = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      need = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      need = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return i;
    }
    if (i + need >= size) return i;
    if (data[i + 1] < low || data[i + 1] > high) return i;
    for (size_t k = 2; k <= need; ++k)
      if ((data[i + k] & 0xc0) != 0x80) return i;
    i += need + 1;
  }
  return std::nullopt;
}

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = to_lower(c);
  return out;
}
bool equals_ignore_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  return true;
}
std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  size_t from = 0;
  while (true) {
    const auto to = text.find(separator, from);
    parts.push_back(text.substr(from, to == std::string_view::npos ? to : to - from));
    if (to == std::string_view::npos) return parts;
    from = to + 1;
  }
}

}  // namespace waybill
