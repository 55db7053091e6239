// Bytes as text and back: hexadecimal, base64 (RFC 4648), UTF-8 checks.
//
// Called by everybody. Never allocates more than its result.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"

namespace waybill {

using Bytes = std::span<const uint8_t>;

inline Bytes as_bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Lower case.
std::string to_hex(Bytes bytes);
// Either case in; even length only; nullopt on any other character.
std::optional<std::string> parse_hex(std::string_view text);

enum class Base64 {
  standard,  // + / with padding, RFC 4648 §4
  url,       // - _ without padding, RFC 4648 §5
};
std::string to_base64(Bytes bytes, Base64 alphabet = Base64::standard);
// Strict: no white space, no garbage, the padding exactly as the alphabet asks, unused bits zero.
Result<std::string> parse_base64(std::string_view text, Base64 alphabet = Base64::standard);
// What DSSE envelopes in the wild carry: either alphabet, padded or not. Still no white space, no garbage.
Result<std::string> parse_base64_lenient(std::string_view text);

// Byte offset of the first byte that is no UTF-8 (Unicode 15, table 3-7), or nullopt when all of it is.
std::optional<size_t> find_invalid_utf8(std::string_view text);

// ASCII only, locale never.
char to_lower(char c);
std::string to_lower(std::string_view text);
bool equals_ignore_case(std::string_view a, std::string_view b);
std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace waybill
