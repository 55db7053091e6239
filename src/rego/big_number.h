// Exact arithmetic where 64 bits are not enough: whole numbers through GMP, everything else with a mantissa of 64 bits
// as OPA has it. The only place that knows GMP.
//
// Called by the number and bit built-ins.
#pragma once

#include <string_view>

#include "waybill/rego/value.h"

namespace waybill::rego {

enum class Whole : uint8_t { add, subtract, multiply, divide, remainder, bit_and, bit_or, bit_xor, bit_not, shift_left, shift_right };

// Is this a whole number that is written (or can be taken) exactly?
bool is_whole(const Value& v);
// Both whole; `divide` must divide without rest (else undefined). Undefined when a shift is absurd or divisor is zero.
Value whole_arithmetic(Heap& heap, Whole op, const Value& a, const Value& b);
// The value at 64 bits of mantissa.
long double to_float(const Value& v);
Value from_float(Heap& heap, long double v);
// The digits of a whole number in a base (2, 8, 10, 16), lower case.
std::string to_base(const Value& v, int base);

}  // namespace waybill::rego
