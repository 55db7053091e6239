// Comparison, equality and membership as functions (the machine has instructions for most uses).
#include "waybill/rego/builtins.h"

namespace waybill::rego {
namespace {

Value equal_(BuiltinCall&, std::span<const Value> o) { return Value::of(Value::equal(o[0], o[1])); }
Value neq_(BuiltinCall&, std::span<const Value> o) { return Value::of(!Value::equal(o[0], o[1])); }
Value lt_(BuiltinCall&, std::span<const Value> o) { return Value::of(Value::compare(o[0], o[1]) < 0); }
Value lte_(BuiltinCall&, std::span<const Value> o) { return Value::of(Value::compare(o[0], o[1]) <= 0); }
Value gt_(BuiltinCall&, std::span<const Value> o) { return Value::of(Value::compare(o[0], o[1]) > 0); }
Value gte_(BuiltinCall&, std::span<const Value> o) { return Value::of(Value::compare(o[0], o[1]) >= 0); }

Value member_2(BuiltinCall&, std::span<const Value> o) {
  if (o[1].is_set()) return Value::of(o[1].find(o[0]).defined());
  for (const Value& v : o[1].items()) {
    if (Value::equal(v, o[0])) return Value::of(true);
  }
  for (const Entry& e : o[1].entries()) {
    if (Value::equal(e.value, o[0])) return Value::of(true);
  }
  return Value::of(false);
}

Value member_3(BuiltinCall&, std::span<const Value> o) {
  const Value found = o[2].find(o[0]);
  return Value::of(found.defined() && Value::equal(found, o[1]));
}

constexpr Builtin kTable[] = {
    {"equal", 2, equal_},
    {"eq", 2, equal_},
    {"neq", 2, neq_},
    {"lt", 2, lt_},
    {"lte", 2, lte_},
    {"gt", 2, gt_},
    {"gte", 2, gte_},
    {"internal.member_2", 2, member_2},
    {"internal.member_3", 3, member_3},
};

}  // namespace

std::span<const Builtin> comparison_builtins() { return kTable; }

}  // namespace waybill::rego
