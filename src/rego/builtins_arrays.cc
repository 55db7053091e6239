// array.*
#include <algorithm>

#include "waybill/rego/builtins.h"

namespace waybill::rego {
namespace {

Value concat_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_array(c, o, 0) || !want_array(c, o, 1)) return {};
  std::vector<Value> out(o[0].items().begin(), o[0].items().end());
  out.insert(out.end(), o[1].items().begin(), o[1].items().end());
  return c.heap.array(out);
}

Value reverse_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_array(c, o, 0)) return {};
  std::vector<Value> out(o[0].items().rbegin(), o[0].items().rend());
  return c.heap.array(out);
}

Value slice_(BuiltinCall& c, std::span<const Value> o) {
  int64_t from = 0, to = 0;
  if (!want_array(c, o, 0) || !want_integer(c, o, 1, from) || !want_integer(c, o, 2, to)) return {};
  const auto n = static_cast<int64_t>(o[0].size());
  from = std::clamp<int64_t>(from, 0, n);
  to = std::clamp<int64_t>(to, 0, n);
  if (to < from) to = from;
  return c.heap.array(o[0].items().subspan(static_cast<size_t>(from), static_cast<size_t>(to - from)));
}

Value flatten_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_array(c, o, 0)) return {};
  std::vector<Value> out;
  for (const Value& v : o[0].items()) {
    if (v.is_array())
      out.insert(out.end(), v.items().begin(), v.items().end());
    else
      out.push_back(v);
  }
  return c.heap.array(out);
}

constexpr Builtin kTable[] = {
    {"array.concat", 2, concat_},
    {"array.reverse", 1, reverse_},
    {"array.slice", 3, slice_},
    {"array.flatten", 1, flatten_},
};

}  // namespace

std::span<const Builtin> arrays_builtins() { return kTable; }

}  // namespace waybill::rego
