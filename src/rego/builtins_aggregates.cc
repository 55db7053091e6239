// count, sum, product, max, min, sort, all, any.
#include <algorithm>

#include "waybill/rego/builtins.h"
#include "waybill/rego/merge_sort.h"
#include "waybill/rego/text.h"

namespace waybill::rego {
namespace {

Value count_(BuiltinCall& c, std::span<const Value> o) {
  if (o[0].is_string()) return Value::of(static_cast<int64_t>(count_runes(o[0].text())));
  if (o[0].is_array() || o[0].is_object() || o[0].is_set()) return Value::of(static_cast<int64_t>(o[0].size()));
  return c.wrong_type(0, "one of {array, object, set, string}", o[0]);
}

Value fold(BuiltinCall& c, std::span<const Value> o, Value start, Value (*f)(BuiltinCall&, const Value&, const Value&)) {
  std::span<const Value> items;
  if (!want_collection(c, o, 0, items)) return {};
  Value total = start;
  for (const Value& v : items) {
    if (!v.is_number())
      return c.fail_type("operand 1 must be " + std::string(o[0].is_set() ? "set" : "array") + " of numbers but got " + std::string(to_string(o[0].kind())) +
                         " containing " + std::string(to_string(v.kind())));
    total = f(c, total, v);
  }
  return total;
}
Value sum_(BuiltinCall& c, std::span<const Value> o) { return fold(c, o, Value::of(int64_t{0}), add); }
Value product_(BuiltinCall& c, std::span<const Value> o) { return fold(c, o, Value::of(int64_t{1}), multiply); }

Value best(BuiltinCall& c, std::span<const Value> o, bool largest) {
  std::span<const Value> items;
  if (!want_collection(c, o, 0, items) || items.empty()) return {};
  Value found = items[0];
  for (const Value& v : items) {
    const auto order = Value::compare(v, found);
    if (largest ? order > 0 : order < 0) found = v;
  }
  return found;
}
Value max_(BuiltinCall& c, std::span<const Value> o) { return best(c, o, true); }
Value min_(BuiltinCall& c, std::span<const Value> o) { return best(c, o, false); }

Value sort_(BuiltinCall& c, std::span<const Value> o) {
  std::span<const Value> items;
  if (!want_collection(c, o, 0, items)) return {};
  std::vector<Value> sorted(items.begin(), items.end());
  merge_sort(sorted, [](const Value& a, const Value& b) { return Value::compare(a, b) < 0; });
  return c.heap.array(sorted);
}

constexpr Builtin kTable[] = {
    {"count", 1, count_}, {"sum", 1, sum_}, {"product", 1, product_}, {"max", 1, max_}, {"min", 1, min_}, {"sort", 1, sort_},
};

}  // namespace

std::span<const Builtin> aggregates_builtins() { return kTable; }

}  // namespace waybill::rego
