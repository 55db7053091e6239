// Set operators and their many-handed forms.
#include "waybill/rego/builtins.h"

namespace waybill::rego {
namespace {

Value intersect(Heap& heap, const Value& a, const Value& b) {
  const Value& small = a.size() <= b.size() ? a : b;
  const Value& big = a.size() <= b.size() ? b : a;
  std::vector<Value> out;
  for (const Value& v : small.elements()) {
    if (big.find(v)) out.push_back(v);
  }
  return heap.sorted_set(out);
}

Value unite(Heap& heap, const Value& a, const Value& b) {
  if (a.size() == 0) return b;
  if (b.size() == 0) return a;
  std::vector<Value> out;
  out.reserve(a.size() + b.size());
  const auto x = a.elements(), y = b.elements();
  size_t i = 0, j = 0;
  while (i < x.size() && j < y.size()) {
    const auto order = Value::compare(x[i], y[j]);
    if (order <= 0) {
      out.push_back(x[i++]);
      if (order == 0) ++j;
    } else {
      out.push_back(y[j++]);
    }
  }
  out.insert(out.end(), x.begin() + static_cast<std::ptrdiff_t>(i), x.end());
  out.insert(out.end(), y.begin() + static_cast<std::ptrdiff_t>(j), y.end());
  return heap.sorted_set(out);
}

Value and_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_set(c, o, 0) || !want_set(c, o, 1)) return {};
  return intersect(c.heap, o[0], o[1]);
}
Value or_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_set(c, o, 0) || !want_set(c, o, 1)) return {};
  return unite(c.heap, o[0], o[1]);
}

bool want_sets(BuiltinCall& c, std::span<const Value> o) {
  if (!want_set(c, o, 0)) return false;
  for (const Value& v : o[0].elements()) {
    if (!v.is_set()) {
      c.fail_type("operand 1 must be set of sets but got set containing " + std::string(to_string(v.kind())));
      return false;
    }
  }
  return true;
}

Value intersection_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_sets(c, o)) return {};
  if (o[0].size() == 0) return c.heap.sorted_set({});
  Value out = o[0].elements()[0];
  for (const Value& v : o[0].elements()) out = intersect(c.heap, out, v);
  return out;
}

Value union_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_sets(c, o)) return {};
  std::vector<Value> all;
  for (const Value& v : o[0].elements()) all.insert(all.end(), v.elements().begin(), v.elements().end());
  return c.heap.set(all);
}

constexpr Builtin kTable[] = {
    {"and", 2, and_},
    {"or", 2, or_},
    {"intersection", 1, intersection_},
    {"union", 1, union_},
};

}  // namespace

std::span<const Builtin> sets_builtins() { return kTable; }

}  // namespace waybill::rego
