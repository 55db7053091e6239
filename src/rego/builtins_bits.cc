// bits.*, over whole numbers of any size.
#include "waybill/rego/big_number.h"
#include "waybill/rego/builtins.h"

namespace waybill::rego {
namespace {

bool want_whole(BuiltinCall& c, std::span<const Value> o, size_t at) {
  if (!want_number(c, o, at)) return false;
  if (is_whole(o[at])) return true;
  c.fail_type("operand " + std::to_string(at + 1) + " must be integer number but got floating-point number");
  return false;
}

template <Whole op>
Value both(BuiltinCall& c, std::span<const Value> o) {
  if (!want_whole(c, o, 0) || !want_whole(c, o, 1)) return {};
  return whole_arithmetic(c.heap, op, o[0], o[1]);
}
template <Whole op>
Value shift(BuiltinCall& c, std::span<const Value> o) {
  if (!want_whole(c, o, 0) || !want_whole(c, o, 1)) return {};
  if (to_float(o[1]) < 0) return c.fail_type("operand 2 must be an unsigned integer number but got a negative integer");
  const Value v = whole_arithmetic(c.heap, op, o[0], o[1]);
  return v ? v : c.fail("the shift is too wide");
}
Value negate_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_whole(c, o, 0)) return {};
  return whole_arithmetic(c.heap, Whole::bit_not, o[0], o[0]);
}

constexpr Builtin kTable[] = {
    {"bits.and", 2, both<Whole::bit_and>}, {"bits.or", 2, both<Whole::bit_or>},       {"bits.xor", 2, both<Whole::bit_xor>},
    {"bits.negate", 1, negate_},           {"bits.lsh", 2, shift<Whole::shift_left>}, {"bits.rsh", 2, shift<Whole::shift_right>},
};

}  // namespace

std::span<const Builtin> bits_builtins() { return kTable; }

}  // namespace waybill::rego
