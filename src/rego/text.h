// Text forms that Rego takes from Go: quoted strings, the shortest decimal of a 64-bit mantissa, UTF-8 by code points.
//
// Called by the values and the built-ins of this room only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/rego/value.h"

namespace waybill::rego {

// Go's strconv.Quote.
void append_go_quoted(std::string& out, std::string_view text);
std::string go_quoted(std::string_view text);
// A number's own text.
void append_number_text(std::string& out, const Value& number);
// Go's big.Float.Text('g' or 'f' for whole numbers, -1) at 64 bits of mantissa.
std::string float_text(long double value);

// Decodes the code point at `at` and moves on; an invalid byte is U+FFFD and one byte.
uint32_t next_rune(std::string_view text, size_t& at);
void append_rune(std::string& out, uint32_t rune);
size_t count_runes(std::string_view text);
// Valid UTF-8: each invalid byte becomes U+FFFD.
std::string to_valid_utf8(std::string_view text);
// Simple case mapping over the Basic Multilingual Plane's common scripts, as Go's unicode package has it.
uint32_t rune_to_lower(uint32_t rune);
uint32_t rune_to_upper(uint32_t rune);
bool is_space_rune(uint32_t rune);

}  // namespace waybill::rego
