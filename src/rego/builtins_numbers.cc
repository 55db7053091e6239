// Arithmetic, rounding, ranges.
#include <cmath>

#include "waybill/rego/big_number.h"
#include "waybill/rego/builtins.h"
#include "waybill/rego/limits.h"

namespace waybill::rego {

Value add(BuiltinCall& call, const Value& a, const Value& b) {
  const Value o[] = {a, b};
  if (!want_number(call, o, 0) || !want_number(call, o, 1)) return {};
  if (is_whole(a) && is_whole(b)) return whole_arithmetic(call.heap, Whole::add, a, b);
  return from_float(call.heap, to_float(a) + to_float(b));
}

Value subtract(BuiltinCall& call, const Value& a, const Value& b) {
  const Value o[] = {a, b};
  if (a.is_set() && b.is_set()) {
    std::vector<Value> out;
    for (const Value& v : a.elements()) {
      if (!b.find(v)) out.push_back(v);
    }
    return call.heap.sorted_set(out);
  }
  if (!a.is_number() && !a.is_set()) return call.wrong_type(0, "one of {number, set}", a);
  if (a.is_set()) return want_set(call, o, 1), Value();
  if (!want_number(call, o, 1)) return {};
  if (is_whole(a) && is_whole(b)) return whole_arithmetic(call.heap, Whole::subtract, a, b);
  return from_float(call.heap, to_float(a) - to_float(b));
}

Value multiply(BuiltinCall& call, const Value& a, const Value& b) {
  const Value o[] = {a, b};
  if (!want_number(call, o, 0) || !want_number(call, o, 1)) return {};
  if (is_whole(a) && is_whole(b)) return whole_arithmetic(call.heap, Whole::multiply, a, b);
  return from_float(call.heap, to_float(a) * to_float(b));
}

namespace {

Value plus_(BuiltinCall& c, std::span<const Value> o) { return add(c, o[0], o[1]); }
Value minus_(BuiltinCall& c, std::span<const Value> o) { return subtract(c, o[0], o[1]); }
Value mul_(BuiltinCall& c, std::span<const Value> o) { return multiply(c, o[0], o[1]); }

Value div_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_number(c, o, 0) || !want_number(c, o, 1)) return {};
  if (to_float(o[1]) == 0) return c.fail("divide by zero");
  if (is_whole(o[0]) && is_whole(o[1])) {
    if (const Value v = whole_arithmetic(c.heap, Whole::divide, o[0], o[1])) return v;
  }
  return from_float(c.heap, to_float(o[0]) / to_float(o[1]));
}

Value rem_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_number(c, o, 0) || !want_number(c, o, 1)) return {};
  if (!is_whole(o[0]) || !is_whole(o[1])) return c.fail("modulo on floating-point number");
  if (to_float(o[1]) == 0) return c.fail("modulo by zero");
  return whole_arithmetic(c.heap, Whole::remainder, o[0], o[1]);
}

Value abs_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_number(c, o, 0)) return {};
  if (o[0].tag() == Value::Tag::integer && o[0].integer() != INT64_MIN) return Value::of(o[0].integer() < 0 ? -o[0].integer() : o[0].integer());
  if (to_float(o[0]) >= 0) return o[0];
  if (o[0].tag() == Value::Tag::number) return c.heap.number(std::string_view(o[0].number()->text, o[0].number()->size).substr(1));
  return multiply(c, o[0], Value::of(int64_t{-1}));
}

Value rounded(BuiltinCall& c, std::span<const Value> o, long double (*f)(long double)) {
  if (!want_number(c, o, 0)) return {};
  if (o[0].tag() == Value::Tag::integer) return o[0];
  if (is_whole(o[0])) return whole_arithmetic(c.heap, Whole::add, o[0], Value::of(int64_t{0}));
  return from_float(c.heap, f(to_float(o[0])));
}
Value round_(BuiltinCall& c, std::span<const Value> o) {
  return rounded(c, o, [](long double v) { return std::round(v); });
}
Value ceil_(BuiltinCall& c, std::span<const Value> o) {
  return rounded(c, o, [](long double v) { return std::ceil(v); });
}
Value floor_(BuiltinCall& c, std::span<const Value> o) {
  return rounded(c, o, [](long double v) { return std::floor(v); });
}

Value range_of(BuiltinCall& c, std::span<const Value> o, int64_t step) {
  if (!is_whole(o[0]) || !is_whole(o[1])) return {};
  std::vector<Value> out;
  int64_t from = 0, to = 0;
  if (!whole_number(o[0]) || !whole_number(o[1])) {
    // Beyond 64 bits: one by one.
    Value at = o[0];
    const bool up = Value::compare(o[0], o[1]) <= 0;
    while (up ? Value::compare(at, o[1]) <= 0 : Value::compare(at, o[1]) >= 0) {
      out.push_back(at);
      if (out.size() > kMaxRangeItems) return c.fail("the range is too long");
      at = whole_arithmetic(c.heap, up ? Whole::add : Whole::subtract, at, Value::of(step));
    }
    return c.heap.array(out);
  }
  from = *whole_number(o[0]);
  to = *whole_number(o[1]);
  const auto distance = static_cast<uint64_t>(from <= to ? to - from : from - to);
  if (distance / static_cast<uint64_t>(step) > kMaxRangeItems) return c.fail("the range is too long");
  if (from <= to) {
    for (int64_t i = from; i <= to; i += step) out.push_back(Value::of(i));
  } else {
    for (int64_t i = from; i >= to; i -= step) out.push_back(Value::of(i));
  }
  return c.heap.array(out);
}

bool want_whole(BuiltinCall& c, std::span<const Value> o, size_t at) {
  if (!want_number(c, o, at)) return false;
  if (is_whole(o[at])) return true;
  c.fail_type("operand " + std::to_string(at + 1) + " must be integer number but got floating-point number");
  return false;
}

Value range_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_whole(c, o, 0) || !want_whole(c, o, 1)) return {};
  return range_of(c, o, 1);
}
Value range_step_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_whole(c, o, 0) || !want_whole(c, o, 1) || !want_whole(c, o, 2)) return {};
  const auto step = whole_number(o[2]);
  if (!step && is_whole(o[2]) && to_float(o[2]) > 0) {
    const Value first = whole_arithmetic(c.heap, Whole::add, o[0], Value::of(int64_t{0}));
    return c.heap.array(std::span<const Value>(&first, 1));
  }
  if (!step || *step <= 0) return c.fail("step must be a positive integer");
  return range_of(c, o, *step);
}

constexpr Builtin kTable[] = {
    {"plus", 2, plus_},
    {"minus", 2, minus_},
    {"mul", 2, mul_},
    {"div", 2, div_},
    {"rem", 2, rem_},
    {"abs", 1, abs_},
    {"round", 1, round_},
    {"ceil", 1, ceil_},
    {"floor", 1, floor_},
    {"numbers.range", 2, range_},
    {"numbers.range_step", 3, range_step_},
};

}  // namespace

std::span<const Builtin> numbers_builtins() { return kTable; }

}  // namespace waybill::rego
